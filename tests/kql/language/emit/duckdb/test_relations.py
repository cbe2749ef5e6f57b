import duckdb
import polars as pl
import pytest

from huntkit.kql.frames import Table, connect, finished, prepare
from huntkit.kql.language import plan as p
from huntkit.kql.language.emit.duckdb.engine import emit
from huntkit.kql.language.instants import parse_datetime
from huntkit.tables import to_polars


def run(relation, **frames):
    tables = {name: Table(name, frame, None) for name, frame in frames.items()}
    connection, sources = connect(tables)
    emitted = emit(p.Plan(relation, False), sources)
    with connection:
        prepare(connection, emitted.needs, set())
        return finished(to_polars(connection.sql(emitted.sql("duckdb"))), emitted).rows()


def sql_of(relation, **frames):
    tables = {name: Table(name, frame, None) for name, frame in frames.items()}
    connection, sources = connect(tables)
    connection.close()
    return emit(p.Plan(relation, False), sources).sql("duckdb")


def schema(**columns):
    return tuple(p.Column(name, kind) for name, kind in columns.items())


def lit(value, kind=None):
    kinds = {str: "string", int: "long", float: "real", bool: "bool"}
    return p.Lit(kind or kinds[type(value)], value)


KEYED = schema(k="string", K="long")
k, K = p.Col("string", "k"), p.Col("long", "K")
NONE = p.Lit("long", None)
ROWS = p.Values(
    KEYED, ((lit("b"), lit(3)), (lit("a"), lit(1)), (lit("b"), lit(2)), (lit("a"), NONE))
)
EMPTY = p.Values(KEYED, ())
OTHER = p.Values(schema(k="string", v="long"), ((lit("a"), lit(10)), (lit("c"), lit(20))))


def greater(value, than):
    return p.Fn("bool", "greater", (value, lit(than)))


def test_a_filter_takes_null_for_false():
    assert run(p.Filter(KEYED, ROWS, greater(K, 1))) == [("b", 3), ("b", 2)]
    unequal = p.Fn("bool", "not_equal", (K, lit(1)))
    assert run(p.Filter(KEYED, ROWS, unequal)) == [("b", 3), ("b", 2), ("a", None)]


def test_columns_may_differ_only_in_case():
    assert run(p.Project(schema(K="long", k="string"), EMPTY, (K, k))) == []


def test_sort_puts_nulls_where_asked():
    sort = p.Sort(KEYED, ROWS, (p.SortKey(K, True, True),))
    assert [row[1] for row in run(sort)] == [None, 1, 2, 3]
    top = p.Sort(KEYED, ROWS, (p.SortKey(K, False, False),), lit(2))
    assert run(top) == [("b", 3), ("b", 2)]


def test_a_sort_survives_what_follows_it():
    sort = p.Sort(KEYED, ROWS, (p.SortKey(K, True, False),))
    after = p.Filter(KEYED, sort, greater(K, 0))
    renamed = p.Project(schema(x="string"), after, (k,))
    assert run(renamed) == [("a",), ("b",), ("b",)]


AGGREGATES = (
    p.Agg("long", "count", ()),
    p.Agg("long", "sum", (K,)),
    p.Agg("dynamic", "make_set", (K,)),
    p.Agg("dynamic", "make_list", (K,)),
    p.Agg("long", "max", (K,)),
    p.Agg("string", "arg_max", (K, k)),
    p.Agg("real", "avg", (K,)),
    p.Agg("long", "countif", (greater(K, 1),)),
    p.Agg("long", "percentile", (K, lit(50.0))),
    p.Agg("dynamic", "make_list_if", (K, greater(K, 2))),
)


def aggregated(source, *keys):
    columns = tuple(p.Column(f"a{i}", agg.type) for i, agg in enumerate(AGGREGATES))
    named = tuple(p.Column(key.name, key.type) for key in keys)
    return sorted(run(p.Aggregate(named + columns, source, keys, AGGREGATES)))


def test_aggregates_by_group():
    assert aggregated(ROWS, k) == [
        ("a", 2, 1, "[1]", "[1]", 1, "a", 1.0, 0, 1, "[]"),
        ("b", 2, 5, "[3,2]", "[3,2]", 3, "b", 2.5, 2, 2, "[3]"),
    ]


def test_aggregates_of_no_rows_are_one_row_without_keys():
    ((count, total, members, *_),) = aggregated(EMPTY)
    assert (count, total, members) == (0, 0, "[]")
    assert aggregated(EMPTY, k) == []


def test_one_arg_max_takes_all_its_values_from_one_row():
    wide = schema(x="long", a="long", b="long")
    x, a, b = (p.Col("long", name) for name in "xab")
    tied = p.Values(wide, tuple((lit(1), lit(i), lit(-i)) for i in range(50)))
    aggs = (p.Agg("long", "arg_max", (x, a)), p.Agg("long", "arg_max", (x, b)))
    ((first, second),) = run(p.Aggregate(schema(a="long", b="long"), tied, (), aggs))
    assert first == -second


JOINED = schema(k="string", K="long", k1="string", v="long")
SOURCES = (("left", "k"), ("left", "K"), ("right", "k"), ("right", "v"))
BOTH = [("a", 1, "a", 10), ("a", None, "a", 10)]
LEFT = [("b", 3, "", None), ("b", 2, "", None)]


@pytest.mark.parametrize(
    ("kind", "rows"),
    [
        ("innerunique", [("a", 1, "a", 10)]),
        ("inner", BOTH),
        ("leftouter", BOTH + LEFT),
        ("rightouter", [*BOTH, ("", None, "c", 20)]),
        ("fullouter", [*BOTH, *LEFT, ("", None, "c", 20)]),
    ],
)
def test_joins_leave_no_string_null(kind, rows):
    found = run(p.Join(JOINED, ROWS, OTHER, kind, ((k, k),), SOURCES))
    assert sorted(found, key=str) == sorted(rows, key=str)


@pytest.mark.parametrize(("kind", "keys"), [("leftsemi", "aa"), ("leftanti", "bb")])
def test_semi_and_anti_joins(kind, keys):
    found = run(p.Join(KEYED, ROWS, OTHER, kind, ((k, k),), ()))
    assert "".join(row[0] for row in found) == keys


def test_null_keys_find_no_partner():
    join = p.Join(KEYED, ROWS, ROWS, "leftanti", ((K, K),), ())
    assert run(join) == [("a", None)]


DYNAMIC = schema(id="long", d="dynamic")
d = p.Col("dynamic", "d")
BAGS = p.Values(
    DYNAMIC,
    tuple(
        (lit(i), p.Lit("dynamic", text))
        for i, text in enumerate(["[1,2,3]", "[]", '{"x":1,"y":null}', None, '"s"'])
    ),
)


def test_expand_keeps_rows_of_empty_arrays():
    found = run(p.Expand(DYNAMIC, BAGS, (("d", d, "dynamic"),)))
    assert found[:4] == [(0, "1"), (0, "2"), (0, "3"), (1, None)]
    assert found[4:] == [(2, '{"x":1}'), (2, '{"y":null}'), (3, None), (4, '"s"')]


def test_expand_with_type_index_and_limit():
    columns = schema(id="long", d="long", i="long")
    found = run(p.Expand(columns, BAGS, (("d", d, "long"),), "i", lit(2)))
    assert found[:3] == [(0, 1, 0), (0, 2, 1), (1, None, 0)]


def test_apply_works_on_each_rows_elements_alone():
    rows = p.Rows(schema(id="long", d="long"))
    element = p.Col("long", "d")
    top = p.Sort(rows.schema, rows, (p.SortKey(element, False, False),), lit(1))
    found = run(p.Apply(rows.schema, BAGS, top, (("d", d, "long"),)))
    assert found[0] == (0, 3)
    assert [row[0] for row in found] == [0, 1, 2, 3, 4]


def test_partition_works_on_each_group_alone():
    top = p.Sort(KEYED, p.Rows(KEYED), (p.SortKey(K, False, False),), lit(1))
    assert sorted(run(p.Apply(KEYED, ROWS, top, group=(k,)))) == [("a", 1), ("b", 3)]


def test_windows_restart_where_told():
    columns = KEYED + schema(rn="long", before="long", total="long")
    sort = p.Sort(KEYED, ROWS, (p.SortKey(k, True, True), p.SortKey(K, True, True)))
    changed = p.Fn("bool", "not_equal", (k, lit("a")))
    functions = (
        p.Fn("long", "row_number", (lit(1), lit(False))),
        p.Fn("long", "prev", (K, lit(1), NONE)),
        p.Fn("long", "row_cumsum", (K, changed)),
    )
    assert run(p.Window(columns, sort, functions)) == [
        ("a", None, 1, None, 0),
        ("a", 1, 2, None, 1),
        ("b", 2, 3, 1, 2),
        ("b", 3, 4, 2, 3),
    ]


def test_make_series_fills_its_gaps():
    columns = schema(k="string", n="dynamic", K="dynamic")
    made = p.MakeSeries(
        columns, ROWS, ((p.Agg("long", "count", ()), lit(0)),), K, lit(0), lit(5), lit(2), (k,)
    )
    assert sorted(run(made)) == [("a", "[1,0,0]", "[0,2,4]"), ("b", "[0,2,0]", "[0,2,4]")]


def test_range_stops_at_its_end():
    assert run(p.Series(schema(x="long"), lit(1), lit(8), lit(3))) == [(1,), (4,), (7,)]
    assert run(p.Series(schema(x="long"), lit(3), lit(1), lit(1))) == []


def test_a_range_of_constants_is_no_list_that_is_held_whole():
    counted = p.Fn("long", "add", (lit(1), lit(7)))
    for last, held in [(lit(8), False), (counted, True)]:
        emitted = emit(p.Plan(p.Series(schema(x="long"), lit(1), last, lit(3)), False), {})
        with duckdb.connect() as connection:
            prepare(connection, emitted.needs, set())
            [(_, steps)] = connection.execute("EXPLAIN " + emitted.sql("duckdb")).fetchall()
        assert ("UNNEST" in steps.upper()) is held


def test_a_time_is_compared_as_the_engine_stores_it():
    frame = pl.DataFrame({"T": ["2024-01-01", "2024-01-03"]}).select(pl.col("T").str.to_datetime())
    scan = p.Scan(schema(T="datetime"), "E")
    moment = p.Lit("datetime", parse_datetime("2024-01-02"))
    condition = p.Fn("bool", "greater", (p.Col("datetime", "T"), moment))
    kept = p.Filter(scan.schema, scan, condition)
    assert "TIMESTAMPTZ" in sql_of(kept, E=frame)
    assert len(run(kept, E=frame)) == 1


def test_bounds_finer_than_the_engines_times():
    frame = pl.DataFrame({"T": ["2024-01-02"]}).select(pl.col("T").str.to_datetime())
    scan = p.Scan(schema(T="datetime"), "E")
    tick = parse_datetime("2024-01-02") + 1
    for name, count in [("less", 1), ("less_equal", 1), ("greater_equal", 0), ("equal", 0)]:
        bound = p.Fn("bool", name, (p.Col("datetime", "T"), p.Lit("datetime", tick)))
        assert len(run(p.Filter(scan.schema, scan, bound), E=frame)) == count, name


def test_values_of_a_scan_follow_the_contract():
    frame = pl.DataFrame({"s": ["x", None], "l": [[1, None], None], "q\"'; --": [1, 2]})
    columns = schema(s="string", l="dynamic", **{"q\"'; --": "long"})
    assert run(p.Scan(columns, "E"), E=frame) == [("x", "[1,null]", 1), ("", None, 2)]
