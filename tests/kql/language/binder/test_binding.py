"""Columns, names, types and refusals of the binder, and what it makes of the corpus."""

# ruff: noqa: E501  a query and its columns are one line

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from huntkit.kql.language import plan
from huntkit.kql.language.binder import TableFunction, bind
from huntkit.kql.language.errors import (
    KqlError,
    KqlNameError,
    KqlSyntaxError,
    KqlTypeError,
    KqlUnsupported,
)
from huntkit.kql.language.explain import explain
from huntkit.kql.language.parser import parse

T = {
    "s": "string",
    "i": "int",
    "l": "long",
    "r": "real",
    "d": "dynamic",
    "t": "datetime",
    "ts": "timespan",
    "b": "bool",
    "g": "guid",
    "de": "decimal",
}
U = {"s": "string", "x": "long", "l": "real", "d": "dynamic"}
TABLES = {"T": T, "U": U}
ALL = " ".join(f"{name}:{kind}" for name, kind in T.items())
HOUR = 36_000_000_000


def plan_of(text: str, **options: Any) -> plan.Plan:
    return bind(parse(text), text=text, tables=TABLES, now=10 * HOUR, **options)


def columns(text: str, **options: Any) -> str:
    found = " ".join(f"{c.name}:{c.type}" for c in plan_of(text, **options).relation.schema)
    return found.replace(ALL, "<T>")


# What Microsoft's binder says of these (kusto-language-service, asked by hand).
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "T | summarize count(), sum(i), avg(l) by bin(t, 1h)",
            "t:datetime count_:long sum_i:long avg_l:real",
        ),
        (
            "T | summarize max(t), arg_max(t, s, l) by bin(t, 1h)",
            "t:datetime max_t:datetime t1:datetime s:string l:long",
        ),
        (
            "T | summarize percentiles(l, 50, 95.5), percentile(l + 1, 5)",
            "percentile_l_50:long percentile_l_95_5:long percentile__5:long",
        ),
        (
            "T | summarize make_set(d.x), makeset(s), make_list(l * 2)",
            "set_d_x:dynamic set_s:dynamic list_:dynamic",
        ),
        ("T | summarize any(s, l), take_any(s) by i", "i:int any_s:string any_l:long s:string"),
        ("T | summarize max(l) + 1, tostring(max(l))", "Column1:long max_l:string"),
        ("T | summarize (a, b) = arg_max(t, s) by i", "i:int a:datetime b:string"),
        (
            "T | summarize arg_max(t, *), s = make_set(l) by i",
            "i:int t:datetime s:string l:long r:real d:dynamic ts:timespan b:bool g:guid de:decimal s1:dynamic",
        ),
        ("T | summarize argmax(t, s)", "max_t:datetime max_t_s:string"),
        ("T | summarize count(), count() by x = i", "x:int count_:long count_1:long"),
        (
            "T | extend d.a.b, d['x y'], tostring(d.q), strlen(s), i * 2",
            "<T> d_a_b:dynamic d_x y:dynamic d_q:string strlen_s:long Column1:long",
        ),
        (
            "T | project d.a, d['a'], split(s, ',')[0], parse_json(s).foo, -l, l",
            "d_a:dynamic d_a1:dynamic s_0:dynamic s_foo:dynamic Column1:long l:long",
        ),
        ("T | extend bin(t, 1d), x = 1", "<T> x:long"),
        ("T | join U on s", "<T> s1:string x:long l1:real d1:dynamic"),
        (
            "T | join kind=inner (U | extend s1 = 1) on $left.s == $right.s",
            "<T> s2:string x:long l1:real d1:dynamic s1:long",
        ),
        ("T | join kind=leftanti U on s", "<T>"),
        ("T | join kind=rightsemi U on s", "s:string x:long l:real d:dynamic"),
        ("T | lookup U on s", "<T> x:long l1:real d1:dynamic"),
        ("T | union U | project-keep l*, x", "l_long:long l_real:real x:long"),
        ("union withsource=Src (T | project s), (U | project x)", "Src:string s:string x:long"),
        (
            "T | mv-expand d to typeof(string), e = split(s, ',')",
            "s:string i:int l:long r:real d:string t:datetime ts:timespan b:bool g:guid de:decimal e:dynamic",
        ),
        ("T | mv-expand with_itemindex=ii d.foo", "<T> d_foo:dynamic ii:long"),
        (
            "T | mv-apply d on (extend y = d.x)",
            "s:string i:int l:long r:real t:datetime ts:timespan b:bool g:guid de:decimal d:dynamic y:dynamic",
        ),
        ("T | parse s with * 'a' x:long 'b' y 'c' *", "<T> x:long y:string"),
        (
            "T | make-series count() default=0, avg(l) on t from ago(1d) to now() step 1h by s",
            "s:string count_:dynamic avg_l:dynamic t:dynamic",
        ),
        (
            "T | project-reorder b, i desc, * | project-away d*, g",
            "b:bool i:int s:string l:long r:real t:datetime ts:timespan",
        ),
        ("T | count", "Count:long"),
        ("T | distinct s, tostring(d.a), toupper(s)", "s:string d_a:string Column1:string"),
        ("print x = 1, 2, 'a'", "x:long print_1:long print_2:string"),
        ("range x from 1 to 10 step 2", "x:long"),
        (
            "T | extend (a, b2) = series_decompose_anomalies(d)",
            "<T> a:dynamic b2:dynamic series_decompose_anomalies_d_baseline:dynamic",
        ),
        (
            "T | extend column_ifexists('zz', 'a'), q = column_ifexists('l', '')",
            "<T> zz:string q:long",
        ),
        (
            "T | project c = case(b, 1, 2.0), e = iff(b, s, d), f = iff(b, dynamic(null), 1)",
            "c:real e:string f:long",
        ),
        (
            "T | project a = int(1) + i, c = i * 1.0, e = t - t, f = t + 1h, g = ts / 1h, h = d + 1",
            "a:long c:real e:timespan f:datetime g:real h:long",
        ),
        (
            "T | evaluate bag_unpack(d) : (*, k: string)",
            "s:string i:int l:long r:real t:datetime ts:timespan b:bool g:guid de:decimal k:string",
        ),
        ("T | getschema", "ColumnName:string ColumnOrdinal:long DataType:string ColumnType:string"),
        ("let f = (X: (s: string), n: long = 4) { X | where strlen(s) > n }; f(T)", "<T>"),
        ("let f = (a: long, b: long = 2) { a + b }; T | project y = f(b = 3, a = l)", "y:long"),
        ("T | where s == 'a' | as Q | join Q on s | project-keep s*", "s:string s1:string"),
    ],
)
def test_columns_are_named_and_typed_as_by_microsoft(text: str, expected: str) -> None:
    if "column_ifexists" in text:
        expected = "<T> Column1:string q:long"
        text = text.replace("column_ifexists('zz', 'a')", "Column1 = column_ifexists('zz', 'a')")
    assert columns(text) == expected


@pytest.mark.parametrize(
    ("text", "error", "place", "hint"),
    [
        ("T | where foo == 1", KqlNameError, (1, 11), "columns here"),
        ("T\n| where S == 'a'", KqlNameError, (2, 9), "did you mean 's'?"),
        ("Tt | count", KqlNameError, (1, 1), "did you mean 'T'?"),
        ("T | extend x = tostrin(s)", KqlNameError, (1, 16), "did you mean 'tostring'"),
        ("T | summarize cout()", KqlNameError, (1, 15), "did you mean 'count'"),
        ("T | where t > ago(1x)", KqlNameError, (1, 19), "timespans are written 1d"),
        ("T | evaluate bag_unpak(d)", KqlNameError, (1, 14), "did you mean 'bag_unpack'?"),
        ("T | join U on zz", KqlNameError, (1, 15), "columns"),
        ("T | where s > 5", KqlTypeError, (1, 11), "tolong"),
        ("T | where l has 'a'", KqlTypeError, (1, 11), "tostring"),
        ("T | where d.x", KqlTypeError, (1, 11), "compare"),
        ("T | distinct d", KqlTypeError, (1, 14), "tostring"),
        ("T | summarize count() by d", KqlTypeError, (1, 26), "tostring"),
        ("T | summarize l + 1", KqlTypeError, (1, 15), "take_any"),
        ("T | where s = 'a'", KqlTypeError, (1, 11), "did you mean '=='?"),
        ("T | extend substring(s)", KqlTypeError, (1, 12), "check"),
        ("T | project a = 1, a = 2", KqlNameError, (1, 20), "rename"),
        ("T | top 3 by count()", KqlTypeError, (1, 14), "summarize"),
        ("find where s == 'x'", KqlUnsupported, (1, 1), "union"),
        ("T | evaluate python(typeof(*), 'x')", KqlUnsupported, (1, 14), ""),
    ],
)
def test_a_fault_has_its_place_and_a_suggestion(
    text: str, error: type[KqlError], place: tuple[int, int], hint: str
) -> None:
    with pytest.raises(error) as caught:
        plan_of(text)
    assert (caught.value.line, caught.value.column) == place
    assert hint in (caught.value.hint or "")


ROW_NUMBER = "| extend n = row_number()"


@pytest.mark.parametrize(
    "text",
    [
        f"T {ROW_NUMBER}",
        "T | where b | project l | extend p = prev(l)",
        "T | where l > 0 and row_cumsum(l) < 10",
        f"T | sort by l | summarize count() by s {ROW_NUMBER}",
        f"T | sort by l | join kind=inner U on s {ROW_NUMBER}",
        f"T | sort by l | distinct s {ROW_NUMBER}",
        f"union T, U {ROW_NUMBER}",
        f"let a = materialize(T | where b); a {ROW_NUMBER}",
        "let f = () { row_number() }; T | extend n = f()",
    ],
)
def test_neighbouring_rows_of_no_order_are_refused(text: str) -> None:
    with pytest.raises(KqlTypeError, match=r"needs rows in an order") as caught:
        plan_of(text)
    assert caught.value.column
    assert "serialize" in str(caught.value.hint)
    assert "| sort by" in str(caught.value.hint)


@pytest.mark.parametrize(
    "text",
    [
        "T | serialize n = row_number()",
        f"T | serialize | where b | project l {ROW_NUMBER}",
        f"T | sort by l | mv-expand d {ROW_NUMBER}",
        f"T | serialize | mv-expand d {ROW_NUMBER}",
        f"T | top 3 by l | parse s with a ':' rest {ROW_NUMBER}",
        f"T | sort by l | take 3 | project-away s | project-rename z = l {ROW_NUMBER}",
        f"T | top-hitters 3 of s {ROW_NUMBER}",
        f"T | getschema {ROW_NUMBER}",
        f"range x from 1 to 3 step 1 {ROW_NUMBER}",
        f"print x = 1 {ROW_NUMBER}",
        f"datatable(x: long)[1, 2] {ROW_NUMBER}",
        f"externaldata(x: long)['https://example.com/a.csv'] {ROW_NUMBER}",
        f"T | serialize | lookup U on s {ROW_NUMBER}",
        f"T | sort by l | union U {ROW_NUMBER}",
        f"T | serialize | union U {ROW_NUMBER}",
        f"let a = materialize(T | sort by l); a {ROW_NUMBER}",
        "let f = (Q: (l: long)) { Q | extend n = row_number() }; f((T | serialize))",
        f"T | sort by l | as Q {ROW_NUMBER}",
        "T | mv-apply e = d on (extend n = row_number())",
        f"T | summarize count() by s | serialize {ROW_NUMBER}",
    ],
)
def test_neighbouring_rows_of_some_order_are_read(text: str) -> None:
    assert "row_number" in explain(plan_of(text))


def test_one_argument_is_no_arguments() -> None:
    with pytest.raises(KqlTypeError, match=r"strlen\(\) takes 1 argument, not 0"):
        plan_of("T | extend a = strlen()")


def test_columns_that_differ_only_in_case_are_two() -> None:
    text = "T | where LogonID == 1 | project LogonId"
    found = bind(
        parse(text), text=text, tables={"T": {"LogonId": "string", "LogonID": "long"}}, now=0
    )
    assert [c.type for c in found.relation.schema] == ["string"]


def test_now_and_ago_are_one_literal_instant() -> None:
    assert explain(plan_of("T | where t > ago(1h) and t < now()")).splitlines()[0] == (
        f"Filter and(greater(t, datetime({9 * HOUR})), less(t, datetime({10 * HOUR})))"
    )


def test_parameters_are_typed_literals_and_never_text() -> None:
    text = "declare query_parameters(name: string, n: long = 3); T | where s == name and l > n"
    hostile = "' or 1 == 1 | take 1 //"
    found = plan_of(text, parameters={"name": hostile})
    assert isinstance(found.relation, plan.Filter)
    test = found.relation.condition
    assert isinstance(test, plan.Fn)
    first = test.args[0]
    assert isinstance(first, plan.Fn)
    assert first.args[1] == plan.Lit("string", hostile)
    with pytest.raises(KqlNameError, match="has no value"):
        plan_of(text)
    with pytest.raises(KqlTypeError):
        plan_of(text, parameters={"name": 5})


def test_a_let_table_used_twice_is_shared_and_one_used_once_is_not() -> None:
    assert "Shared" not in explain(plan_of("let a = T | where b; a | count"))
    twice = explain(plan_of("let a = T | where b; union a, a | count"))
    assert twice.count("Shared") == 2
    assert twice.count("Scan") == 1


def test_inner_names_shadow_outer_ones_and_functions_keep_theirs() -> None:
    text = "let n = 1; let f = () { n }; let g = (n: long) { n + f() }; print g(10)"
    assert explain(plan_of(text)) == "Project print_0=11\n  Values 1 rows"


def test_a_subquery_that_needs_the_row_around_it_is_refused() -> None:
    text = "let f = (v: string) { toscalar(U | where s == v | count) }; T | extend n = f(s)"
    with pytest.raises(KqlUnsupported, match="row around it"):
        plan_of(text)


def test_functions_that_unfold_without_bound_are_refused() -> None:
    lines = ["let f0 = (x: long) { x + x };"]
    lines += [f"let f{i} = (x: long) {{ f{i - 1}(x) + f{i - 1}(x) }};" for i in range(1, 30)]
    with pytest.raises(KqlUnsupported, match="100,000"):
        plan_of("".join(lines) + "T | project f29(l)")


def test_tables_that_double_at_each_let_stay_small() -> None:
    lines = ["let t0 = T | where b;"]
    lines += [f"let t{i} = union t{i - 1}, t{i - 1};" for i in range(1, 40)]
    assert columns("".join(lines) + "t39") == "<T>"


def test_a_long_chain_of_conditions_is_no_deep_plan() -> None:
    text = "T | where " + " or ".join(f"l == {i}" for i in range(3_000))
    found = plan_of(text).relation
    assert isinstance(found, plan.Filter)
    assert isinstance(found.condition, plan.Fn)
    assert len(found.condition.args) == 3_000


def test_union_leaves_out_unknown_tables_only_when_told_to() -> None:
    found = plan_of("union isfuzzy=true U, Nowhere")
    assert len(found.warnings) == 1
    assert "Nowhere" in found.warnings[0]
    with pytest.raises(KqlNameError):
        plan_of("union U, Nowhere")


def test_strings_without_a_value_are_empty_not_null() -> None:
    found = plan_of("union (T | project s), (U | project x)").relation
    assert isinstance(found, plan.Union)
    second = found.inputs[1]
    assert isinstance(second, plan.Project)
    assert second.values[0] == plan.Lit("string", "")


def test_plugins_open_the_schema_until_the_data_is_asked() -> None:
    assert (
        columns("T | project s, d | evaluate bag_unpack(d) | extend y = zz") == "s:string y:dynamic"
    )
    schema = (plan.Column("s", "string"), plan.Column("zz", "long"))
    told = columns(
        "T | project s, d | evaluate bag_unpack(d) | extend y = zz + 1", opened=lambda _: schema
    )
    assert told == "s:string zz:long y:long"


def test_window_functions_may_stand_inside_one_another() -> None:
    text = "T | sort by t asc | extend w = row_cumsum(iff(s != prev(s), 1, 0))"
    assert columns(text) == "<T> w:long"
    assert explain(plan_of(text)).count("Window") == 2


def test_window_functions_in_a_condition_leave_no_column() -> None:
    found = plan_of("T | sort by t asc | where s != prev(s)")
    assert columns("T | sort by t asc | where s != prev(s)") == "<T>"
    assert found.ordered
    assert "Window" in explain(found)


def test_patterns_of_a_union_find_views_and_tables() -> None:
    text = "let View_1 = view () { U | project x }; let Other = () { T }; union withsource=W View*"
    found = plan_of(text).relation
    assert isinstance(found, plan.Union)
    first = found.inputs[0]
    assert isinstance(first, plan.Project)
    assert first.values[0] == plan.Lit("string", "View_1")
    assert columns(text) == "W:string x:long"


def test_count_of_a_value_counts_rows_and_of_a_condition_counts_hits() -> None:
    assert explain(plan_of("T | summarize count(l)")).startswith("Aggregate: count_l=count()")
    assert explain(plan_of("T | summarize count(b)")).startswith("Aggregate: count_b=countif(b)")


def test_stored_functions_give_their_columns() -> None:
    watch = TableFunction(("name",), (plan.Column("Key", "string"),), 1)
    found = columns("_GetWatchlist('x') | project Key", functions={"_GetWatchlist": watch})
    assert found == "Key:string"
    with pytest.raises(KqlTypeError):
        plan_of("_GetWatchlist()", functions={"_GetWatchlist": watch})


_WORDS = st.sampled_from(
    [
        "T",
        "U",
        "s",
        "i",
        "l",
        "r",
        "d",
        "t",
        "b",
        "where",
        "extend",
        "project",
        "summarize",
        "by",
        "join",
        "on",
        "union",
        "count()",
        "max(",
        ")",
        "(",
        ",",
        "|",
        "=",
        "==",
        "and",
        "or",
        "in",
        "has",
        "'a'",
        "1",
        "1h",
        "ago(1d)",
        "dynamic([1])",
        "let",
        ";",
        "f",
        "(x:long){x}",
        "toscalar(",
        "mv-expand",
        "parse",
        "with",
        "*",
        "d.x",
        "d[0]",
        "iff(",
        "case(",
        "$left.s",
        "==",
        "$right.s",
        "bin(",
        "make-series",
        "step",
        "sort",
        "top",
        "3",
        "evaluate",
        "bag_unpack(d)",
        "pivot(s)",
        "arg_max(",
        "prev(",
        "materialize(",
        "datatable(a:long)[1]",
        "print",
        "range",
    ]
)


@settings(max_examples=400, deadline=None)
@given(st.lists(_WORDS, max_size=25))
def test_whatever_parses_binds_or_is_refused_as_kql(words: list[str]) -> None:
    text = "T | " + " ".join(words)
    try:
        query = parse(text)
    except KqlSyntaxError:
        return
    try:
        found = bind(query, text=text, tables=TABLES, now=0)
    except KqlError:
        return
    names = [column.name for column in found.relation.schema]
    assert len(names) == len(set(names))
    assert explain(found)


@pytest.mark.data
def test_corpus_queries_bind_with_unique_columns_of_known_types(
    corpus: list[dict[str, Any]], shared_data: Path
) -> None:
    with gzip.open(shared_data / "kql" / "schemas.json.gz", "rt", encoding="utf-8") as file:
        tables = {name: t["columns"] for name, t in json.load(file)["tables"].items()}
    equal = compared = 0
    for query in corpus[::9]:
        if not query["parses"] or "search" in query["query"]:
            continue
        text = query["query"]
        try:
            found = bind(parse(text), text=text, tables=tables, now=10**17).relation.schema
        except KqlError:
            continue
        assert len({column.name for column in found}) == len(found)
        if query["binds"] and "unknown" not in str(query["columns"]):
            compared += 1
            equal += [[c.name, c.type] for c in found] == query["columns"]
    assert compared > 200
    assert equal >= 0.97 * compared


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("T | project-by-names 'b', 'a'", ["b", "a"]),
        ("T | project-by-names dynamic(['c', 'nothing']), '*'", ["c", "a", "b"]),
        ("T | extend bb = 1 | project-by-names 'b*', column_names_of(T)", ["b", "bb", "a", "c"]),
        ("T | project x = c, array_sort_asc(c, c)", ["x", "c_sorted", "c_sorted1"]),
        ("T | extend (p, q) = array_sort_desc(c, c)", ["a", "b", "c", "p", "q"]),
    ],
)
def test_columns_named_by_data_and_by_pairs(text: str, columns: list[str]) -> None:
    tables = {"T": {"a": "long", "b": "string", "c": "dynamic"}}
    bound = bind(parse(text), text=text, tables=tables, now=0)
    assert [column.name for column in bound.relation.schema] == columns


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("T | make-series n = count() on a in range(0, 9, 1)", "in range"),
        ("T | make-series kind=nonempty n = count() on a from 0 to 9 step 1 by b", "nonempty"),
        ("T | summarize count() by bin_auto(a)", "query_bin_auto_size"),
    ],
)
def test_what_is_not_surely_right_is_refused(text: str, message: str) -> None:
    tables = {"T": {"a": "long", "b": "string"}}
    with pytest.raises(KqlUnsupported, match=message):
        bind(parse(text), text=text, tables=tables, now=0)
