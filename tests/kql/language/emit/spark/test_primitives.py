"""Every case of the shared vocabulary on Spark; DuckDB runs the same ones."""

import json
import math
import re
from pathlib import Path

import pytest

from huntkit.kql.language import plan, primitives
from huntkit.kql.language.emit.spark.engine import emit, text_of
from huntkit.kql.language.emit.spark.registry import TEMPLATES, functions_of
from huntkit.kql.language.errors import KqlUnsupported
from huntkit.kql.spark import Session

CASES = json.loads(
    (Path(__file__).parents[4] / "data/kql/language/emit/primitives.json").read_text("utf-8")
)
ONE = plan.Values((), ((),))
pytestmark = pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas")


def scalar(node):
    if isinstance(node, dict):
        return plan.Fn(node["type"], node["fn"], tuple(map(scalar, node["args"])))
    return plan.Lit(*node)


def emitted(*values):
    columns = tuple(plan.Column(f"x{i}", each.type) for i, each in enumerate(values))
    return emit(plan.Plan(plan.Project(columns, ONE, values), False), {}, ticks=True)


def compute(session, *values):
    (row,) = Session(session).run(emitted(*values)).toArrow().to_pylist()
    return tuple(row.values())


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['fn']}-{case['args'][-1]}"[:60])
def test_a_primitive_on_constants(case, spark):
    (got,) = compute(spark, scalar(case))
    wanted = math.inf if case["gives"] == "Infinity" else case["gives"]
    assert got == wanted
    assert type(got) is type(wanted)


def test_what_is_not_known_is_refused_by_name():
    with pytest.raises(KqlUnsupported, match="new_fangled"):
        emitted(plan.Fn("long", "new_fangled", (plan.Lit("long", 1),)))


def test_a_primitive_that_lacks_a_building_block_is_refused_by_its_own_name():
    quoted = plan.Fn("string", "regex_quote", (plan.Lit("string", "a.b"),))
    with pytest.raises(KqlUnsupported, match=r"^regex_quote is not run on Spark"):
        emitted(plan.Fn("long", "strlen", (quoted,)))


def nested(depth, inner):
    for _ in range(depth):
        inner = plan.Fn("long", "bin", (inner, plan.Lit("long", 3)))
    return inner


def statement_on_numbers(depth):
    row = plan.Values((plan.Column("n", "long"),), ((plan.Lit("long", 7),),))
    value = nested(depth, plan.Col("long", "n"))
    made = plan.Project((plan.Column("x", "long"),), row, (value,))
    return emit(plan.Plan(made, False), {}, ticks=True)


def test_a_column_is_written_out_often_without_growing_without_end():
    assert len(text_of(statement_on_numbers(20))) < 5_000


def test_what_would_grow_without_end_or_nest_too_deep_is_refused():
    with pytest.raises(KqlUnsupported, match="this large"):
        emitted(nested(20, plan.Lit("long", 7)))
    with pytest.raises(KqlUnsupported, match=r"this (large|deep)"):
        text_of(statement_on_numbers(300))


def test_a_heavy_argument_is_computed_rightly(spark):
    answer = Session(spark).run(statement_on_numbers(3)).toArrow().to_pylist()
    assert answer == [{"c0": 6}]
    node = plan.Lit("real", 100.0)
    for _ in range(4):
        inner = plan.Fn("real", "add", (node, plan.Lit("real", 0.75)))
        node = plan.Fn("real", "bin", (inner, plan.Lit("real", 0.5)))
    assert compute(spark, node) == (102.0,)


def test_no_template_calls_what_is_not_there():
    known = set(TEMPLATES)
    for name, template in TEMPLATES.items():
        for kind, called in primitives_called(template.body):
            if kind == "kql":
                assert called in known, f"{name} calls {called}"
            else:
                assert functions_of([f"huntkit_{called}"]), f"{name} calls {called}"


def primitives_called(body):
    return re.findall(r"\b(kql|py)_(\w+)\(", body)


def test_the_cases_name_only_what_the_vocabulary_has():
    assert {case["fn"] for case in CASES} <= set(primitives.scalars())
