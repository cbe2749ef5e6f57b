"""Steps on Spark DataFrames, on a server without a JVM."""

import datetime as dt

import polars as pl
import pytest

from huntkit.core.errors import UnknownColumn, UsageError
from huntkit.extract import decode, iocs
from huntkit.tables import kind_of, step, to_polars
from huntkit.tables.frames import is_spark

pytestmark = pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas")

LOGONS = pl.DataFrame(
    {
        "text": ["Ann 1", None, "bob 2 two", "", "é😀 3"],
        "Computer": ["a", "b", "a", None, "b"],
        "when": [dt.datetime(2024, 1, 1, 5, 6, 7, 8, tzinfo=dt.UTC)] * 4 + [None],
        "sizes": [[1, 2], [], None, [3], [4, None]],
        "number": [1, None, 3, 4, 5],
    }
)


@pytest.fixture(scope="session")
def logons(spark):
    return spark.createDataFrame(LOGONS.to_arrow(compat_level=pl.CompatLevel.oldest()))


def here(frame):
    return pl.DataFrame(pl.from_arrow(frame.toArrow()))


@step(split="row", columns=("column",), index="place", gives={"word": pl.String, "n": pl.UInt32})
def words(table, *, column="text", keep=()):
    counted = table.with_row_index("place").select(
        "place", pl.col(column).str.split(" ").alias("word"), *keep
    )
    found = counted.explode("word").drop_nulls("word")
    return found.select("word", pl.col("word").str.len_chars().alias("n"), "place", *keep)


def test_a_step_of_rows_gives_the_same_rows_as_on_polars(logons):
    answer = words(logons, keep=["when", "sizes"])
    assert is_spark(answer)
    wanted = words(LOGONS, keep=["when", "sizes"])
    got = here(answer)
    assert got.drop("place", "n").sort("word").equals(wanted.drop("place", "n").sort("word"))
    assert got.sort("word")["n"].to_list() == wanted.sort("word")["n"].to_list()


def test_rows_of_spark_have_no_position(logons):
    assert here(words(logons))["place"].null_count() == here(words(logons)).height > 0


def test_no_row_in_gives_no_row_out_with_the_same_columns(logons):
    answer = words(logons.where("false"))
    assert here(answer).height == 0
    assert answer.columns == ["word", "n", "place"]


def test_a_misspelt_column_is_refused_before_anything_runs(logons):
    with pytest.raises(UnknownColumn, match="text"):
        words(logons, column="texd")


def test_a_broken_promise_is_noticed_before_anything_runs(logons):
    @step(split="row", gives={"missing": pl.String})
    def forgetful(table):
        return table

    with pytest.raises(TypeError, match="promised columns"):
        forgetful(logons)


def test_a_fault_in_a_worker_is_not_lost(logons):
    @step(split="row")
    def faulty(table):
        if table.height:
            raise ValueError("this row is bad")
        return table

    answer = faulty(logons)
    with pytest.raises(Exception, match="this row is bad"):
        answer.toArrow()


@step(split="group", group=("by",), columns=("by",), gives={"host": pl.String, "rows": pl.Int64})
def per_host(table, *, by="Computer"):
    name = pl.col(by).first().cast(pl.String)
    return table.select(name.alias("host"), pl.len().cast(pl.Int64).alias("rows")).head(1)


@step(split="group", group=("host",))
def by_role(table):
    return table.select("Computer", pl.col("number").sum().alias("total")).head(1)


def test_a_step_of_groups_gets_all_rows_of_each_group(logons):
    counts = {row["host"]: row["rows"] for row in here(per_host(logons)).to_dicts()}
    assert counts == {"a": 2, "b": 2, None: 1}


def test_a_group_may_be_named_by_a_parameter_or_a_role(logons):
    numbers = {row["host"]: row["rows"] for row in here(per_host(logons, by="number")).to_dicts()}
    assert numbers == {"1": 1, "3": 1, "4": 1, "5": 1, None: 1}
    totals = {row["Computer"]: row["total"] for row in here(by_role(logons)).to_dicts()}
    assert totals == {"a": 4, "b": 5, None: 4}


def test_a_step_of_groups_refuses_a_column_that_is_not_there(logons):
    with pytest.raises(UnknownColumn, match="Computer"):
        per_host(logons, by="Computre")


def test_a_step_that_needs_all_rows_refuses_with_a_hint(logons):
    @step(split="whole")
    def rarest(table):
        return table

    with pytest.raises(UsageError, match="rarest needs all rows at once") as caught:
        rarest(logons)
    assert "limit" in caught.value.hint


def test_nothing_collects_a_spark_frame_silently(logons):
    for take in (to_polars, kind_of):
        with pytest.raises(UsageError, match="larger than this machine"):
            take(logons)


def test_a_frame_of_another_library_is_not_taken_for_one_of_spark():
    class DataFrame:
        pass

    assert not is_spark(DataFrame())
    assert not is_spark(LOGONS)


TEXTS = pl.DataFrame(
    {
        "text": [
            "GET hxxp://evil[.]example.com/a from 192.0.2.7:80",
            None,
            "nothing here",
            "powershell -enc aAB0AHQAcAA6AC8ALwBiAGEAZAAuAGUAeABhAG0AcABsAGUALgBjAG8AbQAvAGEA",
            "cG93ZXJzaGVsbCAtZW5jIGh0dHA6Ly9iYWQuZXhhbXBsZS5jb20vYS5wczE=",
        ],
        "host": ["a", "b", None, "c", "a"],
    }
)


@pytest.fixture(scope="session")
def texts(spark):
    return spark.createDataFrame(TEXTS.to_arrow(compat_level=pl.CompatLevel.oldest()))


@pytest.mark.parametrize("found_by", [iocs, decode], ids=lambda each: each.__name__)
def test_spark_gives_the_rows_that_polars_gives(found_by, texts):
    wanted = found_by(TEXTS, "text", keep=["host"]).drop("SourceIndex")
    answer = pl.DataFrame(pl.from_arrow(found_by(texts, "text", keep=["host"]).toArrow()))
    assert wanted.height > 0
    assert answer["SourceIndex"].null_count() == answer.height
    got = answer.drop("SourceIndex")
    assert got.columns == wanted.columns
    assert sorted(got.rows(), key=repr) == sorted(wanted.rows(), key=repr)
