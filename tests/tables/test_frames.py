import copy
import datetime as dt
import decimal
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from huntkit.core.errors import UsageError
from huntkit.tables import as_kind, from_polars, kind_of, to_polars

KINDS = ["pandas", "polars", "lazy", "arrow", "record_batch", "duckdb"]
UTC_US = pl.Datetime("us", "UTC")

whole_frames = st.lists(
    st.tuples(
        st.none() | st.integers(-(2**63), 2**63 - 1),
        st.none() | st.floats(allow_nan=False),
        st.none() | st.text(st.characters(codec="utf-8"), max_size=20),
        st.none() | st.booleans(),
        st.none()
        | st.datetimes(dt.datetime(1700, 1, 1), dt.datetime(2260, 1, 1)).map(
            lambda moment: moment.replace(tzinfo=dt.UTC)
        ),
        st.none() | st.lists(st.none() | st.text(st.characters(codec="utf-8")), max_size=3),
        st.none() | st.timedeltas(dt.timedelta(-1000), dt.timedelta(1000)),
        st.none() | st.binary(max_size=9),
        st.none() | st.dates(dt.date(1700, 1, 1), dt.date(2260, 1, 1)),
    ),
    max_size=8,
).map(
    lambda rows: pl.DataFrame(
        rows,
        schema={
            "int": pl.Int64,
            "float": pl.Float64,
            "Text ü": pl.String,
            "bool": pl.Boolean,
            "when": UTC_US,
            "list": pl.List(pl.String),
            "long": pl.Duration("us"),
            "bytes": pl.Binary,
            "day": pl.Date,
        },
        orient="row",
    )
)


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=25, deadline=None)
@given(frame=whole_frames)
def test_a_frame_survives_the_way_through_every_kind(kind: str, frame: pl.DataFrame) -> None:
    there = as_kind(frame, kind)
    assert kind_of(there) == kind
    back = to_polars(there)
    if kind == "pandas":  # a pandas object column of nothing but None has no type of its own
        nothing = [c for c in ("list", "bytes", "day") if frame[c].null_count() == frame.height]
        nothing += ["list"] * (not any(v and any(v) for v in frame["list"].to_list()))
        frame, back = frame.drop(set(nothing)), back.drop(set(nothing))
    assert_frame_equal(back, frame)
    assert kind_of(from_polars(frame, like=there)) == kind


hostile_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.binary(max_size=4)
    | st.datetimes(timezones=st.none() | st.just(dt.UTC))
    | st.dates()
    | st.times()
    | st.timedeltas()
    | st.decimals()
    | st.uuids()
    | st.fractions()
    | st.complex_numbers()
    | st.just(pd.NaT)
    | st.just(pd.NA)
    | st.just(np.float32(1.5))
    | st.just(np.array([1, 2])),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.tuples(inner)
        | st.dictionaries(st.text(max_size=3) | st.integers(), inner, max_size=3)
    ),
    max_leaves=6,
)


@settings(max_examples=300, deadline=None)
@given(values=st.lists(hostile_values, max_size=6))
def test_any_python_values_make_a_column_that_goes_round(values: list[Any]) -> None:
    column = np.empty(len(values), dtype=object)
    column[:] = values or []
    for place, value in enumerate(values):
        column[place] = value
    frame = pd.DataFrame({"a": pd.Series(column, dtype=object)})
    inner = to_polars(frame)
    assert inner.height == len(values)
    assert inner["a"].dtype != pl.Object
    missing = sum(value is None or value is pd.NaT or value is pd.NA for value in values)
    assert inner["a"].null_count() >= missing
    for kind in KINDS:
        assert to_polars(as_kind(inner, kind)).height == len(values)


@settings(max_examples=100, deadline=None)
@given(
    values=st.lists(
        st.none()
        | st.text(max_size=4)
        | st.integers(-(2**70), 2**70)
        | st.dictionaries(st.text(max_size=2), st.integers(), max_size=2),
        min_size=1,
        max_size=6,
    )
)
def test_mixed_values_become_text_and_none_is_dropped(values: list[Any]) -> None:
    column = to_polars(pd.DataFrame({"a": pd.Series(values, dtype=object)}))["a"]
    assert column.is_null().to_list() == [value is None for value in values]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([1, "x", None, float("nan")], ["1", "x", None, None]),
        ([True, 0], ["True", "0"]),
        ([1, 2.5, None], [1.0, 2.5, None]),
        ([2**60 + 1, 0.5], [str(2**60 + 1), "0.5"]),
        ([2**80, 1], [str(2**80), "1"]),
        (["\ud800x", None], ["\\ud800x", None]),
        ([b"\xffa", "a"], ["\\xffa", "a"]),
        ([{"a": 1}, {"a": 2}, None], [{"a": 1}, {"a": 2}, None]),
        ([{"a": 1}, {"b": 2}], ['{"a": 1}', '{"b": 2}']),
        ([{"a": [1, "x"]}, {"a": []}], ['{"a": [1, "x"]}', '{"a": []}']),
        ([["a"], None, ["b", None]], [["a"], None, ["b", None]]),
        ([["a"], "a"], ['["a"]', "a"]),
        ([{1: 2}], ['{"1": 2}']),
        ([{"a"}], ['["a"]']),
        ([decimal.Decimal("1.50"), None], [decimal.Decimal("1.50"), None]),
        ([dt.date(2020, 1, 1), dt.datetime(2020, 1, 1)], ["2020-01-01", "2020-01-01T00:00:00"]),
        ([dt.date(2020, 1, 1), None], [dt.date(2020, 1, 1), None]),
    ],
)
def test_object_columns_keep_their_values_or_become_text(
    values: list[Any], expected: list[Any]
) -> None:
    before = copy.deepcopy(values)
    frame = pd.DataFrame({"a": pd.Series(values, dtype=object)})
    assert to_polars(frame)["a"].to_list() == expected
    assert repr(frame["a"].tolist()) == repr(pd.Series(before, dtype=object).tolist())


def test_a_thousand_different_keys_do_not_make_a_thousand_columns() -> None:
    rows = [{f"k{n}": n} for n in range(1000)]
    inner = to_polars(pd.DataFrame({"a": pd.Series(rows, dtype=object)}))
    assert inner.schema == {"a": pl.String}


def test_deep_nesting_is_text_and_does_not_overflow() -> None:
    value: Any = "x"
    for _ in range(3000):
        value = [value]
    inner = to_polars(pd.DataFrame({"a": pd.Series([value], dtype=object)}))
    assert inner["a"].dtype == pl.String


WHEN = dt.datetime(2024, 5, 1, 10, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    "column",
    [
        pd.Series(["2024-05-01 10:00", None], dtype="datetime64[ns]"),
        pd.Series(["2024-05-01 10:00", None], dtype="datetime64[s]"),
        pd.Series(["2024-05-01 12:00", None], dtype="datetime64[ns]")
        .dt.tz_localize("Europe/Berlin"),
        pd.Series([pd.Timestamp(WHEN), pd.NaT], dtype=object),
        pd.Series([WHEN, None], dtype=pd.ArrowDtype(pa.timestamp("ns", "UTC"))),
        pd.Series([WHEN, None], dtype="category"),
    ],
)  # fmt: skip
def test_every_time_becomes_utc_microseconds(column: "pd.Series[Any]") -> None:
    inner = to_polars(pd.DataFrame({"t": column}))
    assert inner.schema == {"t": UTC_US}
    assert inner["t"].to_list() == [WHEN, None]


@pytest.mark.parametrize(
    ("column", "dtype", "values"),
    [
        (pd.Series([1, None], dtype="Int64"), pl.Int64, [1, None]),
        (pd.Series([1, None], dtype="UInt8"), pl.UInt8, [1, None]),
        (pd.Series([1.5, None], dtype="Float64"), pl.Float64, [1.5, None]),
        (pd.Series([1.5, None]), pl.Float64, [1.5, None]),
        (pd.Series([1.5, None], dtype="float16"), pl.Float32, [1.5, None]),
        (pd.Series(np.array([1, 2], dtype=">i4")), pl.Int32, [1, 2]),
        (pd.Series([True, None], dtype="boolean"), pl.Boolean, [True, None]),
        (pd.Series(["a", None], dtype="string[python]"), pl.String, ["a", None]),
        (pd.Series(["a", None], dtype="str"), pl.String, ["a", None]),
        (pd.Series(["a", None], dtype=pd.ArrowDtype(pa.string())), pl.String, ["a", None]),
        (pd.Series(["a", None, "a"], dtype="category"), pl.String, ["a", None, "a"]),
        (pd.Series([1, None], dtype="category"), pl.Int64, [1, None]),
        (pd.Series([0, 0, 3], dtype="Sparse[int]"), pl.Int64, [0, 0, 3]),
        (pd.Series(pd.period_range("2024-01", periods=1, freq="M")), pl.String, ["2024-01"]),
        (pd.Series([1 + 2j]), pl.String, ["(1+2j)"]),
        (pd.Series([None, None], dtype=object), pl.String, [None, None]),
        (pd.Series([], dtype=object), pl.String, []),
        (pd.Series([pd.Timedelta(1, "s"), None]), pl.Duration("us"), [dt.timedelta(0, 1), None]),
    ],
)  # fmt: skip
def test_pandas_types_become_their_polars_types(
    column: "pd.Series[Any]", dtype: pl.DataType, values: list[Any]
) -> None:
    inner = to_polars(pd.DataFrame({"a": column}))
    assert inner.schema == {"a": dtype}
    assert inner["a"].to_list() == values


def test_pandas_gets_types_that_hold_its_values() -> None:
    frame = as_kind(
        pl.DataFrame(
            {
                "i": [1, None],
                "j": [1, 2],
                "b": [True, None],
                "c": [True, False],
                "t": [WHEN, None],
                "s": ["a", None],
                "f": [1.5, None],
            }
        ),
        "pandas",
    )
    assert {name: str(dtype) for name, dtype in frame.dtypes.items() if name != "s"} == {
        "i": "Int64",
        "j": "int64",
        "b": "boolean",
        "c": "bool",
        "t": "datetime64[us, UTC]",
        "f": "float64",
    }
    assert frame["s"].dtype == pd.Series(["a", None]).dtype
    frame.loc[0, "j"] = 7  # what comes back may be written to
    assert frame["j"].tolist() == [7, 2]


def test_lists_and_dicts_come_to_pandas_as_lists_and_dicts() -> None:
    frame = as_kind(pl.DataFrame({"l": [["a"], None], "d": [{"x": 1}, None]}), "pandas")
    assert frame["l"].tolist() == [["a"], None]
    assert frame["d"].tolist() == [{"x": 1}, None]


def test_what_comes_back_shares_no_memory_with_what_was_given() -> None:
    numbers = np.array([1.0, 2.0])
    frame = pd.DataFrame({"f": numbers, "i": [1, 2]}, copy=False)
    frame["n"] = pd.array([1, 2], dtype="Int64")
    inner = to_polars(frame)
    numbers[0] = 99.0
    frame.iloc[0, 1] = 99
    frame.iloc[0, 2] = 99
    assert inner.row(0) == (1.0, 1, 1)


def test_labels_that_are_no_text_get_names() -> None:
    frame = pd.DataFrame(
        [[1, 2, 3, 4, 5]], columns=pd.Index([1, "1", None, ("a", "b"), 2.5], dtype=object)
    )
    assert to_polars(frame).row(0) == (1, 2, 3, 4, 5)
    assert to_polars(frame).columns == ["1_2", "1", "None", "('a', 'b')", "2.5"]


@pytest.mark.parametrize(
    "frame",
    [
        pd.DataFrame([[1, 2]], columns=["a", "a"]),
        pd.DataFrame([[1, 2]], columns=[float("nan"), float("nan")]),
        pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["a", "a"]),
        pa.RecordBatch.from_arrays([pa.array([1]), pa.array([2])], names=["a", "a"]),
    ],
)
def test_two_columns_of_one_name_are_refused(frame: object) -> None:
    with pytest.raises(UsageError, match="two columns are named"):
        to_polars(frame)


def test_duckdb_columns_of_one_name_are_refused() -> None:
    with duckdb.connect() as connection, pytest.raises(UsageError, match="two columns"):
        to_polars(connection.sql("SELECT 1 AS a, 2 AS a"))


def test_names_that_differ_only_in_case_both_reach_sql() -> None:
    relation = as_kind(pl.DataFrame({"LogonId": [1], "LogonID": [2]}), "duckdb")
    assert relation.columns == ["LogonId", "LogonID_2"]


def test_every_duckdb_type_can_be_read() -> None:
    with duckdb.connect() as connection:
        frame = to_polars(
            connection.sql(
                "SELECT 1::HUGEINT AS h, uuid() AS u, {'a': 1} AS s, map {'a': 1} AS m, "
                "INTERVAL 1 DAY AS i, INTERVAL 2 MONTH AS im, TIME '10:00' AS c, "
                "TIMESTAMPTZ '2020-01-01 00:00:00+00' AS t, "
                "1.5::DECIMAL(10,2) AS d, [1, 2] AS l, 'a'::ENUM('a', 'b') AS e, "
                "union_value(num := 2) AS n, NULL AS z, TIMESTAMP_NS '2020-01-01' AS ns"
            )
        )
    assert frame.height == 1
    assert frame["t"].dtype == frame["ns"].dtype == UTC_US
    assert frame["e"].to_list() == ["a"]
    assert frame["i"].to_list() == [dt.timedelta(days=1)]
    assert frame["im"].to_list() == ["P2M0DT0S"]
    assert frame["h"].cast(pl.Int64).to_list() == [1]


def test_arrow_dictionaries_become_text() -> None:
    assert to_polars(pa.table({"a": pa.array(["x", None]).dictionary_encode()})).schema == {
        "a": pl.String
    }


@pytest.mark.parametrize("kind", KINDS)
def test_zero_rows_and_zero_columns_are_normal(kind: str) -> None:
    empty = to_polars(as_kind(pl.DataFrame(schema={"a": pl.Int64, "t": UTC_US}), kind))
    assert empty.schema == {"a": pl.Int64, "t": UTC_US}
    if kind != "duckdb":  # a relation has at least one column
        assert to_polars(as_kind(pl.DataFrame(), kind)).shape == (0, 0)


@pytest.mark.parametrize(
    "thing", [None, 5, "text", [1], {"a": [1]}, pd.Series([1]), pl.Series([1])]
)
def test_what_is_no_frame_is_refused(thing: object) -> None:
    with pytest.raises(UsageError, match="this is no table"):
        to_polars(thing)


def test_a_spark_frame_is_recognised_without_spark() -> None:
    spark = type("DataFrame", (), {"__module__": "pyspark.sql.classic.dataframe"})()
    with pytest.raises(UsageError, match="Spark"):
        to_polars(spark)


def test_an_unknown_kind_is_refused_with_a_suggestion() -> None:
    with pytest.raises(UsageError, match="did you mean 'pandas'"):
        as_kind(pl.DataFrame(), "panda")


def test_a_lazy_frame_that_fails_says_so_in_our_words() -> None:
    with pytest.raises(UsageError, match="can't be read"):
        to_polars(pl.LazyFrame({"a": [1]}).select("b"))
