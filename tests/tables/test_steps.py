import datetime as dt
from typing import Any

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from huntkit.core.errors import UnknownColumn, UsageError
from huntkit.tables import as_kind, kind_of, step

KINDS = ["pandas", "polars", "lazy", "arrow", "record_batch", "duckdb"]


@step(split="row", columns=("column",), gives={"length": pl.Int64})
def lengths(table: pl.DataFrame, column: str) -> pl.DataFrame:
    """Add how long a text is."""
    return table.with_columns(length=pl.col(column).str.len_chars().cast(pl.Int64))


@step(split="row", columns=("columns",), gives={"word": pl.String, "row": pl.Int64}, index="row")
def words(table: pl.DataFrame, columns: list[str] | str) -> pl.DataFrame:
    """One row per word."""
    names = [columns] if isinstance(columns, str) else columns
    text = pl.concat_str(names, separator=" ", ignore_nulls=True)
    return (
        table.select(word=text.str.split(" "), row=pl.int_range(pl.len(), dtype=pl.Int64))
        .explode("word")
        .filter(pl.col("word") != "")
    )


@step(split="whole")
def as_it_is(table: pl.DataFrame) -> pl.DataFrame:
    return table


@step(split="row")
def long_ones(table: pl.DataFrame, *, at_least: int) -> pl.DataFrame:
    return table.filter(pl.col("text").str.len_chars() >= at_least)


@step(split="group", group=("host",))
def first_of_host(table: pl.DataFrame) -> pl.DataFrame:
    return table.unique("host", keep="first", maintain_order=True)


@pytest.mark.parametrize("kind", KINDS)
def test_a_step_gives_the_kind_that_it_was_given(kind: str) -> None:
    table = as_kind(pl.DataFrame({"text": ["ab", None, ""]}), kind)
    result = lengths(table, "text")
    assert kind_of(result) == kind
    assert as_kind(result, "polars").to_dict(as_series=False) == {
        "text": ["ab", None, ""],
        "length": [2, None, 0],
    }


@pytest.mark.parametrize("kind", KINDS)
def test_an_empty_table_gives_an_empty_table_with_the_columns(kind: str) -> None:
    table = as_kind(pl.DataFrame(schema={"text": pl.Null}), kind)
    assert as_kind(words(table, "text"), "polars").schema == {"word": pl.String, "row": pl.Int64}


def test_the_declarations_can_be_read() -> None:
    assert (words.split, words.group, words.columns, words.index) == (
        "row",
        (),
        ("columns",),
        "row",
    )
    assert words.gives == {"word": pl.String, "row": pl.Int64}
    assert first_of_host.group == ("host",)
    assert words.__name__ == "words"
    assert words.__doc__ == "One row per word."
    assert words.on_polars(pl.DataFrame({"a": ["x"]}), "a").height == 1


def test_a_missing_column_is_named_with_the_nearest() -> None:
    with pytest.raises(UnknownColumn, match="did you mean 'CommandLine'"):
        lengths(pl.DataFrame({"CommandLine": ["a"]}), "CommandLin")
    with pytest.raises(UnknownColumn, match="'b'"):
        words(pl.DataFrame({"a": ["x"]}), columns=["a", "b"])


def test_a_column_named_by_default_must_be_there_too() -> None:
    @step(split="row", columns=("column", "other"))
    def lower(table: pl.DataFrame, column: str = "text", other: str | None = None) -> pl.DataFrame:
        return table.select(pl.col(column).str.to_lowercase())

    assert lower(pl.DataFrame({"text": ["A"]}))["text"].to_list() == ["a"]
    with pytest.raises(UnknownColumn, match="did you mean 'Text'"):
        lower(pl.DataFrame({"Text": ["A"]}))


@pytest.mark.parametrize("given", [3.5, {"a": 1}, b"a", [None], [["a"]]])
def test_what_is_no_column_name_is_refused(given: Any) -> None:
    with pytest.raises(UsageError):
        words(pl.DataFrame({"a": ["x"]}), columns=given)


def test_pandas_index_values_stand_where_positions_were() -> None:
    table = pd.DataFrame({"a": ["x y", "", "z"]}, index=["one", "two", "three"])
    assert words(table, "a")["row"].tolist() == ["one", "one", "three"]
    several = table.set_index(pd.MultiIndex.from_tuples([(1, "a"), (1, "b"), (2, "a")]))
    assert words(several, "a")["row"].tolist() == [(1, "a"), (1, "a"), (2, "a")]
    assert words(pl.DataFrame({"a": ["x y", "", "z"]}), "a")["row"].to_list() == [0, 0, 2]


def test_a_result_row_that_refers_to_no_row_has_no_index_value() -> None:
    @step(split="whole", index="row")
    def unknown(table: pl.DataFrame) -> pl.DataFrame:
        return pl.DataFrame({"row": [0, None]})

    rows = unknown(pd.DataFrame({"a": [1]}, index=["one"]))["row"]
    assert rows.tolist() == ["one", None]


def test_columns_may_have_names_that_are_no_text() -> None:
    table = pd.DataFrame({1: ["ab"], "1": ["c"], None: ["d"]})
    result = lengths(table, 1)  # type: ignore[arg-type]
    assert list(result.columns) == [1, "1", None, "length"]
    assert result["length"].tolist() == [2]
    assert lengths(table, "1")["length"].tolist() == [1]
    tuples = pd.DataFrame([["ab"]], columns=pd.MultiIndex.from_tuples([("a", "b")]))
    assert lengths(tuples, ("a", "b")).columns.tolist() == [("a", "b"), "length"]  # type: ignore[arg-type]


def mixed_pandas() -> pd.DataFrame:
    frame = pd.DataFrame(
        {
            "text": ["ab", "c"],
            "mixed": pd.Series([1, "1"], dtype=object),
            "dicts": pd.Series([{"a": 1}, {"b": [2]}], dtype=object),
            "category": pd.Categorical(["x", "y"], ["y", "x"], ordered=True),
            "naive": pd.Series(["2024-05-01", None], dtype="datetime64[ns]"),
            "berlin": pd.Series(["2024-05-01", None], dtype="datetime64[s]").dt.tz_localize(
                "Europe/Berlin"
            ),
            "period": pd.period_range("2024-01", periods=2, freq="M"),
            "missing": [1.5, None],
        }
    )
    frame.index = pd.Index([7, 7], name="twice")
    return frame


def test_columns_that_pass_through_come_back_as_they_were() -> None:
    table, before = mixed_pandas(), mixed_pandas()
    result = lengths(table, "text")
    pd.testing.assert_frame_equal(result.drop(columns="length"), before)
    pd.testing.assert_frame_equal(table, before)
    assert result["mixed"].map(type).tolist() == [int, str]
    assert result["dicts"].tolist() == [{"a": 1}, {"b": [2]}]


def test_what_a_row_step_gives_may_be_written_to_without_touching_the_callers() -> None:
    table = mixed_pandas()
    result = lengths(table, "text")
    result.iloc[0, 0] = "changed"
    assert table["text"].tolist() == ["ab", "c"]


def test_a_filter_gives_text_for_mixed_columns_and_a_fresh_index() -> None:
    result = long_ones(mixed_pandas(), at_least=2)
    assert result.index.tolist() == [0]
    assert result["mixed"].tolist() == ["1"]
    assert str(result["naive"].dtype) == "datetime64[us, UTC]"


def test_polars_and_arrow_types_pass_through_as_they_were() -> None:
    table = pl.DataFrame(
        {"text": ["a"], "c": ["x"], "t": [dt.datetime(2024, 1, 1)], "n": [None]},
        schema_overrides={"c": pl.Categorical, "t": pl.Datetime("ns")},
    )
    assert lengths(table, "text").drop("length").schema == table.schema
    assert lengths(table.lazy(), "text").drop("length").collect_schema() == table.schema
    arrow = pa.table({"text": ["a"], "t": pa.array([dt.datetime(2024, 1, 1)], pa.timestamp("s"))})
    assert lengths(arrow, "text").drop(["length"]).schema == arrow.schema


def test_a_reordered_table_does_not_get_the_callers_columns_at_wrong_places() -> None:
    @step(split="whole")
    def backwards(table: pl.DataFrame) -> pl.DataFrame:
        return table.reverse()

    table = pd.DataFrame({"n": [1, 2], "mixed": pd.Series([5, "x"], dtype=object)})
    table.index = pd.Index(["a", "b"])
    result = backwards(table)
    assert result["mixed"].tolist() == ["x", "5"]
    assert result.index.tolist() == [0, 1]


def test_rows_that_multiplied_do_not_get_the_values_of_their_neighbours() -> None:
    @step(split="row", index="row")
    def first_twice(table: pl.DataFrame) -> pl.DataFrame:
        return table[[0, 0]].with_columns(row=pl.Series([0, 0]))

    table = pd.DataFrame(index=["a", "b"])
    table["mixed"] = pd.Series([1, "1"], index=["a", "b"], dtype=object)
    result = first_twice(table)
    assert result["mixed"].tolist() == ["1", "1"]
    assert result["row"].tolist() == ["a", "a"]
    assert result.index.tolist() == [0, 1]


def test_a_whole_step_that_keeps_everything_keeps_types_but_no_index() -> None:
    result = as_it_is(mixed_pandas())
    pd.testing.assert_frame_equal(result, mixed_pandas().reset_index(drop=True))


def test_a_broken_promise_is_the_steps_fault() -> None:
    @step(split="whole", gives={"a": pl.Int64})
    def nothing(table: pl.DataFrame) -> pl.DataFrame:
        return pl.DataFrame()

    @step(split="whole", gives={"a": pl.Int64})
    def text(table: pl.DataFrame) -> pl.DataFrame:
        return pl.DataFrame({"a": ["x"]})

    @step(split="whole", gives={"a": pl.Int64})
    def null(table: pl.DataFrame) -> pl.DataFrame:
        return pl.DataFrame({"a": [None]})

    with pytest.raises(TypeError, match="does not give"):
        nothing(pl.DataFrame())
    with pytest.raises(TypeError, match="other types"):
        text(pl.DataFrame())
    assert null(pl.DataFrame()).schema == {"a": pl.Int64}


@pytest.mark.parametrize(
    "declaration",
    [{"split": "cell"}, {"split": "group"}, {"split": "row", "group": ("a",)},
     {"split": "row", "columns": ("nothing",)}],
)  # fmt: skip
def test_a_declaration_that_makes_no_sense_is_refused(declaration: dict[str, Any]) -> None:
    with pytest.raises(TypeError):
        step(**declaration)(lambda table: table)


def test_a_table_of_the_wrong_type_is_our_error_not_polars() -> None:
    with pytest.raises(UsageError, match="lengths can't work on this table"):
        lengths(pl.DataFrame({"a": [1]}), "a")


def test_wrong_arguments_are_a_type_error_that_names_the_function() -> None:
    with pytest.raises(TypeError):
        lengths(pl.DataFrame({"a": ["x"]}))  # type: ignore[call-arg]


def test_a_relation_of_the_callers_connection_stays_usable() -> None:
    with duckdb.connect() as connection:
        relation = connection.sql("SELECT 'ab' AS text")
        assert lengths(relation, "text").fetchall() == [("ab", 2)]
        assert relation.fetchall() == [("ab",)]
