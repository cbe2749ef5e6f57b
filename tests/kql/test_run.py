import json
import math
from datetime import UTC, datetime, timedelta

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import huntkit.kql as kql
from huntkit.core.errors import UsageError

ROWS = pl.DataFrame(
    {
        "TimeGenerated": [datetime(2024, 1, 1, tzinfo=UTC), datetime(2024, 1, 3, tzinfo=UTC)],
        "Computer": ["WS1", None],
        "computer": [1, 2],
        "Data": ['{"a": {"b": "x"}}', "no JSON"],
    }
)
SCHEMAS = {"T": {"Data": "dynamic"}}


def ask(text, **options):
    return kql.query(text, T=ROWS, schemas=SCHEMAS, frame="polars", **options)


def test_columns_that_differ_only_in_case_stay_apart():
    assert ask("T | project computer, Computer").rows() == [(1, "WS1"), (2, "")]


def test_times_are_utc_microseconds_and_spans_durations():
    found = ask("T | take 1 | project TimeGenerated, d = TimeGenerated - datetime(2023-12-31)")
    assert found.schema == {
        "TimeGenerated": pl.Datetime("us", "UTC"),
        "d": pl.Duration("us"),
    }


def test_dynamic_values_are_json_text():
    found = ask("T | project b = Data.a.b, t = tostring(Data.a.b), Data")
    assert found.rows()[0] == ('"x"', "x", '{"a":{"b":"x"}}')
    assert found.rows()[1] == (None, "", '"no JSON"')


def test_now_is_the_callers():
    assert ask("T | where TimeGenerated > ago(1d) | count", now="2024-01-03T12:00:00Z").item() == 1
    assert ask("T | where TimeGenerated > ago(1d) | count", now="2030-01-01").item() == 0


def test_parameters_are_constants_never_text_of_the_query():
    text = "declare query_parameters(name: string); T | where Computer == name | count"
    assert ask(text, parameters={"name": "WS1"}).item() == 1
    assert ask(text, parameters={"name": "' or true //"}).item() == 0


@pytest.mark.parametrize(
    ("frame", "kind"), [("pandas", pd.DataFrame), ("polars", pl.DataFrame), ("arrow", pa.Table)]
)
def test_the_answer_is_the_kind_asked_for(frame, kind):
    assert isinstance(kql.query("print x = 1", frame=frame), kind)


def test_any_kind_of_frame_is_a_table():
    for frame in (ROWS, ROWS.lazy(), ROWS.to_arrow(), ROWS.to_pandas()):
        assert kql.query("T | count", tables={"T": frame}, frame="polars").item() == 2


def test_a_table_that_only_a_schema_names_is_empty():
    found = kql.query("U | project a", schemas={"U": {"a": "long"}}, frame="polars")
    assert found.schema == {"a": pl.Int64}
    assert found.is_empty()


def test_bags_are_unpacked_into_columns_that_the_data_tells():
    bags = pl.DataFrame({"k": ["x", "y"], "d": ['{"b": 1, "a": "s"}', '{"b": 2.5}']})
    found = kql.query(
        "B | evaluate bag_unpack(d) | where b > 1",
        B=bags,
        schemas={"B": {"d": "dynamic"}},
        frame="polars",
    )
    assert found.columns == ["k", "a", "b"]
    assert found.rows() == [("y", "", 2.5)]


def test_pivot_makes_a_column_for_each_value():
    found = ask("T | project computer, Computer | evaluate pivot(Computer, sum(computer))")
    assert found.columns[-1] == "WS1"
    assert found["WS1"].to_list() == [1]


def test_external_data_comes_only_from_mapped_files(tmp_path):
    file = tmp_path / "list.csv"
    file.write_text('ip,n\n"10.0.0.1",5\n10.0.0.2,x\n', encoding="utf-8")
    text = (
        "externaldata(ip: string, n: long)['https://example.com/list.csv']"
        " with (format='csv', ignoreFirstRecord=true)"
    )
    found = kql.query(text, externals={"https://example.com/list.csv": file}, frame="polars")
    assert found.rows() == [("10.0.0.1", 5), ("10.0.0.2", None)]
    with pytest.raises(kql.KqlUnsupported, match=r"https://example\.com"):
        kql.query(text)


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("T | were x", kql.KqlSyntaxError),
        ("T | where nothing == 1", kql.KqlNameError),
        ("Nowhere | count", kql.KqlNameError),
        ("T | where computer has 5 + 'a'", kql.KqlTypeError),
        ("T | make-graph a --> b", kql.KqlUnsupported),
    ],
)
def test_what_is_wrong_is_said_with_the_place(text, error):
    with pytest.raises(error) as caught:
        ask(text)
    assert caught.value.line == 1


def test_a_query_that_fails_while_running_is_a_kql_error():
    with pytest.raises(kql.KqlError):
        ask("T | extend x = range(1, 10000000, 1)")


@pytest.mark.parametrize(
    ("first", "last", "step", "expected"),
    [
        ("1", "6", "2", [1, 3, 5]),
        ("5", "1", "-2", [5, 3, 1]),
        ("1", "0", "1", []),
        ("1", "5", "0", []),
        ("long(null)", "3", "1", []),
        ("0.0", "0.3", "0.1", [0.0, 0.1, 0.2, pytest.approx(0.3)]),
        ("1", "2", "0.5", [1.0, 1.5, 2.0]),
        ("1h", "2h", "30m", [timedelta(hours=1), timedelta(hours=1.5), timedelta(hours=2)]),
        (
            "datetime(2024-01-01)",
            "datetime(2024-01-02 12:00)",
            "1d",
            [datetime(2024, 1, 1, tzinfo=UTC), datetime(2024, 1, 2, tzinfo=UTC)],
        ),
    ],
)
def test_a_range_is_the_same_whether_its_end_is_a_constant_or_found(first, last, step, expected):
    known = ask(f"range x from {first} to {last} step {step}")
    assert known["x"].to_list() == expected
    found = ask(f"range x from {first} to toscalar(print {last}) step {step}")
    assert found.schema == known.schema
    assert found.equals(known)


@pytest.mark.parametrize("regex", ["(", "a{5000}", "[z-a]"])
def test_a_regex_that_can_not_be_read_is_told_before_anything_runs(regex):
    with pytest.raises(kql.KqlTypeError, match=r"the regex .* can't be read"):
        ask(f"T | where Computer matches regex '{regex}'")


@pytest.mark.parametrize(
    ("text", "column"),
    [
        ("T | where Computer matches regex '('", 34),
        ("T | where not(Computer matches regex '(?=a)')", 38),
        ("T | extend x = extract('(', 1, Computer)", 24),
        ("T | extend x = extract_all(@'[z-a]', Computer)", 28),
        ("T | extend x = replace_regex(Computer, 'a)', '')", 40),
        ("T | extend x = replace('a)', '', Computer)", 24),
        ("T | extend x = indexof_regex(Computer, '(?<!a)')", 40),
        ("T | extend x = trim('(', Computer)", 21),
        ("T | parse kind=regex Computer with 'a' x '(b' y", 42),
        ("T | parse kind=regex Computer with '(' x 'b' y", 36),
        ("T | parse-where kind=regex Computer with 'a' x '(b' *", 48),
        ("T | extend x = countof(Computer, 'a)', 'regex')", 34),
        ("T | parse-kv Computer as (a: string) with (regex='(')", 5),
        ("let bad = '('; T | where Computer matches regex bad", 49),
    ],
)
def test_a_fault_in_a_regex_is_told_with_its_place(text, column):
    with pytest.raises(kql.KqlError, match=f"line 2, column {column}: .*regex") as fault:
        ask("\n" + text)
    assert (fault.value.line, fault.value.column) == (2, column)


def test_a_text_of_parse_may_open_what_another_closes():
    found = ask("T | take 1 | parse kind=regex 'key=value' with '(?:' k '=)' v | project k, v")
    assert found.rows() == [("key", "value")]


def test_a_query_is_text():
    with pytest.raises(UsageError):
        kql.query(None)


def test_search_finds_a_term_in_any_column_and_never_across_two():
    rows = pl.DataFrame(
        {
            "A": ["mimi", "x", "end of", "katz"],
            "B": ["katz", "mimikatz", "life", "a\x1fb"],
            "N": [1, 2, 3, 77],
        }
    )
    found = [
        kql.query(f"T | search {text} | project N", T=rows, frame="polars")["N"].to_list()
        for text in ("'katz'", "'mimikatz'", "'of life'", "'END'", "'77'", "'katz' and 'mimi'")
    ]
    assert found == [[1, 77], [2], [], [3], [77], [1]]
    assert (
        kql.query("T | search kind=case_sensitive 'END' | count", T=rows, frame="polars").item()
        == 0
    )
    with pytest.raises(kql.KqlUnsupported, match="separator"):
        kql.query("T | search 'a\\u001fb'", T=rows)


@pytest.mark.parametrize(
    ("condition", "wanted"),
    [
        ("* has 'katz'", [1, 77]),
        ("* has 'of life'", []),
        ("* contains 'KATZ'", [1, 2, 77]),
        ("* contains_cs 'KATZ'", []),
        ("* contains 'filife'", []),
        ("* has '77'", [77]),
        ("* contains 'a\\u001fb'", [77]),
        ("* !has 'katz'", [1, 2, 3, 77]),
        ("* contains strcat('ka', 'tz')", [1, 2, 77]),
    ],
)
def test_any_column_is_asked_as_one_text_and_never_across_two(condition, wanted):
    rows = pl.DataFrame(
        {
            "A": ["mimi", "x", "end of", "katz"],
            "B": ["katz", "mimikatz", "life", "a\x1fb"],
            "N": [1, 2, 3, 77],
        }
    )
    found = kql.query(f"T | where {condition} | project N", T=rows, frame="polars")
    assert found["N"].to_list() == wanted


def test_an_integer_beyond_long_is_refused_and_never_null():
    rows = pl.DataFrame({"x": [2**64 - 1]}, schema={"x": pl.UInt64})
    with pytest.raises(UsageError, match="18446744073709551615"):
        kql.query("T", T=rows)
    assert kql.query("T", T=rows.select(pl.col("x") // 2), frame="polars").item() == 2**63 - 1


def test_watchlists_are_csv_files_that_the_caller_maps(tmp_path):
    file = tmp_path / "vip.csv"
    file.write_text("SearchKey,Team\nann,red\nzoe,blue\n", encoding="utf-8")
    rows = pl.DataFrame({"User": ["ann", "bob"]})
    text = "let vip = _GetWatchlist('vip'); T | where User in ((vip | project SearchKey))"
    lists = {"watchlist:vip": file}
    assert kql.query(text, T=rows, externals=lists, frame="polars").rows() == [("ann",)]
    with pytest.raises(kql.KqlNameError, match="there is no watchlist 'vips'"):
        kql.query("_GetWatchlist('vips')", externals=lists)
    with pytest.raises(kql.KqlNameError, match="did you mean 'Team'"):
        kql.query("_GetWatchlist('vip') | where Tam == 'red'", externals=lists)
    file.write_text("", encoding="utf-8")
    with pytest.raises(kql.KqlError, match="first line"):
        kql.query("_GetWatchlist('vip')", externals=lists)


def test_times_beyond_the_calendar_are_null():
    found = ask(
        "print a = datetime(9999-12-31) + 2d, b = datetime(0001-01-01) - 1d,"
        " c = datetime(0001-01-01)"
    )
    assert found.rows() == [(None, None, datetime(1, 1, 1, tzinfo=UTC))]
    assert ask("T | project x = endofweek(datetime(9999-12-31))").rows() == [(None,), (None,)]


@pytest.mark.parametrize(
    ("text", "gives"),
    [
        ("replace_regex(@'C:\\a', '^C:', @'\\\\srv\\c$')", "\\srv\\c$\\a"),
        ("replace_regex('ab', '(a)(b)', @'\\2\\1')", "ba"),
        ("strrep('ab', 2, '')", "abab"),
        ("strrep('a', 3, '--')", "a--a--a"),
        ("strrep('a', 0, '--')", ""),
        ("tohex(255, 4)", "00ff"),
        ("tostring(strlen(tohex(1, 9000000000)))", "1024"),
        ("tostring(series_stats_dynamic(dynamic([1, null, 3])))", ""),
        ("tostring(series_stats_dynamic(dynamic([1, null, 3]), true).avg)", "2.0"),
    ],
)
def test_odd_arguments_give_what_is_documented(text, gives):
    assert ask(f"print x = {text}").rows() == [(gives,)]


def test_bags_with_odd_names_are_unpacked():
    names = ["", "*", "a.b", "$", "[0]", "#1"]
    rows = pl.DataFrame({"d": [json.dumps(dict.fromkeys(names, 1))]})
    found = kql.query(
        "T | evaluate bag_unpack(d)", T=rows, schemas={"T": {"d": "dynamic"}}, frame="polars"
    )
    assert sorted(found.columns) == sorted(names)
    assert found.row(0) == (1,) * len(names)


def test_an_array_is_joined_by_what_a_column_says():
    text = (
        "datatable(d:string)['-', ''] | project x = strcat_array(dynamic(['a', 1, null]), d),"
        " y = strcat_array(dynamic([]), d)"
    )
    assert ask(text).rows() == [("a-1-", ""), ("a1", "")]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("print jaccard_index(dynamic([1]), dynamic([1]), dynamic([1]))", "3 arguments"),
        ("T | summarize binary_all_and(todouble(computer))", "of real values"),
        ("print strrep('ab', 9000000000)", "strrep\\(\\) of over"),
    ],
)
def test_what_can_not_be_computed_is_said_in_words_of_kql(text, said):
    with pytest.raises(kql.KqlError, match=said):
        ask(text)


def test_one_odd_row_costs_no_query():
    rows = pl.DataFrame(
        {
            "l": [1_700_000_000, 2**63 - 1, -(2**63), None],
            "r": [1.5, math.inf, math.nan, None],
            "d": ["[1.5]", "[1e400]", "[null]", "{"],
        }
    )
    text = (
        "T | project a = unixtime_seconds_todatetime(l), b = unixtime_milliseconds_todatetime(r),"
        " c = series_floor(d), e = range(r, 2.0, 1.0), f = substring('abc', l), g = tohex(l, l),"
        " h = bin_at(1h, r, 1h)"
    )
    found = kql.query(text, T=rows, schemas={"T": {"d": "dynamic"}}, frame="polars")
    assert found["a"].to_list() == [
        datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC),
        None,
        None,
        None,
    ]
    assert found["b"].to_list()[1:] == [None, None, None]
    assert found["c"].to_list()[0] == "[1.0]"
    assert found["e"].to_list() == ["[1.5]", None, None, None]
    assert found["f"].to_list() == ["", "", "abc", ""]
