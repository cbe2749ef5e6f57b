import time

import polars as pl
import pytest

from huntkit.kql import query
from huntkit.kql.language import plan
from huntkit.kql.language.binder import bind
from huntkit.kql.language.emit import base
from huntkit.kql.language.parser import parse
from huntkit.kql.language.pruning import pruned

TABLES = {
    "T": {"a": "long", "A": "string", "b": "string", "c": "dynamic", "d": "datetime"},
    "U": {"a": "long", "x": "string", "y": "real"},
}
T = pl.DataFrame(
    {
        "a": [1, 2, 2, None],
        "A": ["p", "q", None, "s"],
        "b": ["x y", "y", "", "x"],
        "c": ["[1,2]", '{"k":"v"}', "[]", None],
        "d": [None] * 4,
    },
    schema_overrides={"d": pl.Datetime("us", "UTC")},
)
U = pl.DataFrame({"a": [2, 2, 5], "x": ["m", "n", "o"], "y": [0.5, None, 2.0]})


def scans(relation):
    if isinstance(relation, plan.Scan):
        yield relation.table, [column.name for column in relation.schema]
    for name in ("input", "left", "right", "body"):
        inside = getattr(relation, name, None)
        if isinstance(inside, plan.Relation):
            yield from scans(inside)
    for inside in getattr(relation, "inputs", ()):
        yield from scans(inside)


def scanned(text):
    bound = bind(parse(text), text=text, tables=TABLES, now=0)
    return list(scans(pruned(bound.relation)))


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("T | where b has 'x' | project a", [("T", ["a", "b"])]),
        ("T | count", [("T", ["a"])]),
        ("T | extend e = strcat(A, b) | project-away e | summarize count() by a", [("T", ["a"])]),
        ("T | join (U) on a | project x", [("T", ["a"]), ("U", ["a", "x"])]),
        ("T | join kind=leftanti (U) on a | project b", [("T", ["a", "b"]), ("U", ["a"])]),
        ("union T, U | where a > 1 | project b", [("T", ["a", "b"]), ("U", ["a"])]),
        ("T | mv-expand c | project a", [("T", ["a", "c"])]),
        ("T | sort by b asc | extend n = row_number() | project n", [("T", ["b"])]),
        ("T | distinct A, b | count", [("T", ["A", "b"])]),
        ("T | top 1 by d | project a", [("T", ["a", "d"])]),
    ],
)
def test_a_table_gives_only_what_is_asked_for(text, columns):
    assert scanned(text) == columns


QUERIES = [
    "T | where b has 'x' | project a",
    "T | summarize n = count(), m = max(a) by A | project A, n",
    "T | summarize n = count(), m = max(a) | project m",
    "T | join kind=innerunique (U) on a | project x, A",
    "T | join kind=fullouter (U) on a | project A, x, a1",
    "T | join kind=rightsemi (U) on a | project y",
    "union withsource=s T, U | project s, a, x | count",
    "union T, (U | project a) | summarize count() by a",
    "let v = T | where a > 1; v | join (v | summarize n = count() by a) on a | project n, b",
    "let v = materialize(T | extend z = strcat(b, A)); union (v | project z), (v | project z = A)",
    "T | where a in ((U | where y > 0 | project a)) | project b",
    "T | extend m = toscalar(U | summarize max(a)) | where a < m | project A",
    "T | mv-apply e = c to typeof(long) on (summarize s = sum(e)) | project s, A",
    "T | mv-expand with_itemindex=i c to typeof(string) | project i, c, a",
    "T | partition by a (top 1 by b asc | project b, a) | project b",
    "T | sort by b asc, A asc | extend p = prev(A), n = row_number() | project p, n",
    "T | make-series n = count() on a from 0 to 4 step 1 | project n",
    "T | lookup (U) on a | project x",
    "T | evaluate pivot(b, count(), A) | project-away A",
    "T | where isnotempty(c.k) | evaluate bag_unpack(c) | project k, a",
    "T | distinct A, b | project b | count",
    "T | as V | union V | count",
]


@pytest.mark.parametrize("text", QUERIES)
def test_the_rows_are_those_of_the_whole_plan(text, monkeypatch):
    schemas = {"T": TABLES["T"]}
    one = query(text, T=T, U=U, schemas=schemas, frame="polars")
    monkeypatch.setattr(base, "pruned", lambda relation: relation)
    two = query(text, T=T, U=U, schemas=schemas, frame="polars")
    assert one.columns == two.columns
    assert sorted(map(repr, one.rows())) == sorted(map(repr, two.rows()))


def test_a_search_of_a_workspace_is_compiled_soon():
    tables = {
        f"T{number}": {f"c{number}_{place}": "string" for place in range(60)}
        for number in range(300)
    }
    text = "search * | summarize count() by $table"
    bound = bind(parse(text), text=text, tables=tables, now=0)
    started = time.perf_counter()
    made = pruned(bound.relation)
    assert time.perf_counter() - started < 5
    assert all(len(columns) == 1 for _, columns in scans(made))
