import json
import math
from pathlib import Path

import pytest

from huntkit.kql.frames import connect, finished, prepare
from huntkit.kql.language import plan, primitives
from huntkit.kql.language.emit.duckdb.engine import emit
from huntkit.kql.language.errors import KqlUnsupported
from huntkit.tables import to_polars

CASES = json.loads(
    (Path(__file__).parents[4] / "data/kql/language/emit/primitives.json").read_text("utf-8")
)
ONE = plan.Values((), ((),))


def scalar(node):
    if isinstance(node, dict):
        return plan.Fn(node["type"], node["fn"], tuple(map(scalar, node["args"])))
    return plan.Lit(*node)


def compute(*values):
    columns = tuple(plan.Column(f"x{i}", each.type) for i, each in enumerate(values))
    emitted = emit(plan.Plan(plan.Project(columns, ONE, values), False), {})
    connection, _ = connect({})
    with connection:
        prepare(connection, emitted.needs, set())
        return finished(to_polars(connection.sql(emitted.sql("duckdb"))), emitted).row(0)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['fn']}-{case['args'][-1]}"[:60])
def test_a_primitive_on_constants(case):
    (got,) = compute(scalar(case))
    wanted = math.inf if case["gives"] == "Infinity" else case["gives"]
    assert got == wanted
    assert type(got) is type(wanted)


def test_the_cases_name_only_what_the_vocabulary_has():
    assert {case["fn"] for case in CASES} <= set(primitives.scalars())


def test_constants_never_become_sql():
    hostile = "'; DROP TABLE x; -- \" \\ \n"
    assert compute(plan.Lit("string", hostile)) == (hostile,)
    needle = plan.Fn(
        "bool", "has", (plan.Lit("string", f"a {hostile}"), plan.Lit("string", hostile))
    )
    assert compute(needle) == (True,)


def test_what_is_not_known_is_refused_by_name():
    with pytest.raises(KqlUnsupported, match="new_fangled"):
        compute(plan.Fn("long", "new_fangled", (plan.Lit("long", 1),)))
