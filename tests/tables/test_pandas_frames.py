import datetime as dt
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from huntkit.tables import as_kind, step, to_polars

KINDS = ["pandas", "polars", "lazy", "arrow", "record_batch", "duckdb"]
UTC_US = pl.Datetime("us", "UTC")


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


def test_a_table_of_many_columns_goes_through_without_a_warning() -> None:
    @step(split="row")
    def as_it_is(table: pl.DataFrame) -> pl.DataFrame:
        return table

    wide = pd.DataFrame({f"c{n}": pd.Series([n, "x"], dtype=object) for n in range(300)})
    pd.testing.assert_frame_equal(as_it_is(wide), wide)
