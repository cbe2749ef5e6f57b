import datetime as dt

import duckdb
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


def test_a_relation_that_fails_says_so_in_our_words() -> None:
    with duckdb.connect() as connection:
        broken = connection.sql("SELECT CAST(a AS INTEGER) AS a FROM (VALUES ('x')) AS t(a)")
        with pytest.raises(UsageError, match="relation can't be read: Conversion Error"):
            to_polars(broken)
