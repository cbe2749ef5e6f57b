import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from huntkit.core.errors import UnknownColumn, UsageError
from huntkit.tables import as_kind, step, to_polars
from huntkit.tables.frames import Guest
from huntkit.tables.stand_ins import StandIns, exactly, is_pattern
from huntkit.tables.times import parse_times, pick_time_column, unread

PATTERNS = ["^a$", "^.*$", "*", "^$", "^($", "^\n$", "^a$ b$"]
KINDS = ["pandas", "polars", "lazy", "arrow", "record_batch", "duckdb"]


@step(split="row", columns=("column",))
def shouted(table: pl.DataFrame, column: str) -> pl.DataFrame:
    """What steps do with a column: expressions, methods of a Series, names of their own."""
    return table.with_columns(
        pl.col(column).str.to_uppercase().alias(f"{column}_up"),
        table[column].fill_null("").alias(f"filled_{column}"),
        pl.lit(f"from {column}").alias("told"),
        pl.Series("from", [[column, "x"]] * table.height),
    )


@step(split="whole", may_name=("by", "roles"))
def named(
    table: pl.DataFrame, by: object = None, roles: dict[str, str] | None = None
) -> pl.DataFrame:
    told = [by] if isinstance(by, str) else list(by or [])  # type: ignore[call-overload]
    return table.select([*told, *(roles or {}).values()])


@step(split="whole")
def refusing(table: pl.DataFrame) -> pl.DataFrame:
    name = table.columns[0]
    raise UsageError(f"no {name}", hint=f"see {name}", context={"a": [name], "n": 1})


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", PATTERNS)
def test_a_step_reads_the_named_column_and_gives_every_name_back(name: str, kind: str) -> None:
    given = pl.DataFrame({"a": ["p", "q"], name: ["x", None], "b": [1, 2]})
    table = as_kind(given, kind)
    result = shouted(table, name)
    found = as_kind(result, "polars")
    assert found.columns == ["a", name, "b", f"{name}_up", f"filled_{name}", "told", "from"]
    assert found.rows() == [
        ("p", "x", 1, "X", "x", f"from {name}", [name, "x"]),
        ("q", None, 2, None, "", f"from {name}", [name, "x"]),
    ]
    if kind != "lazy":
        assert as_kind(table, "polars").equals(given)  # the caller's is as it was


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["", "^a$", "*", "a\nb", "q\"'`", "[a](b){c}", "x" * 1000])
def test_names_survive_the_border(name: str, kind: str) -> None:
    given = pl.DataFrame({name: ["x"], "b": ["y"]})
    if kind == "duckdb" and not name:
        pytest.skip("DuckDB has no columns without a name")
    table = as_kind(given, kind)
    assert to_polars(table).columns == [name, "b"]
    assert as_kind(table, "arrow").column_names == [name, "b"]


def test_parameters_that_may_name_columns_are_passed_on_as_they_are_otherwise() -> None:
    table = pl.DataFrame({"^a$": [1], "a": [2], "b": [3]})
    assert named(table, "^a$").rows() == [(1,)]
    assert named(table, ["^a$", "b"]).rows() == [(1, 3)]
    assert named(table, roles={"host": "^a$", "user": "b"}).rows() == [(1, 3)]


def test_a_result_that_clashes_with_a_column_is_seen_by_the_step() -> None:
    table = pl.DataFrame({"^a$": ["x"], "^a$_up": ["mine"]})
    assert shouted(table, "^a$").columns == ["^a$", "^a$_up", "filled_^a$", "told", "from"]
    assert shouted(table, "^a$")["^a$_up"].to_list() == ["X"]


def test_errors_name_the_column_as_the_caller_does() -> None:
    table = pl.DataFrame({"^a$": ["x"]})
    with pytest.raises(UsageError) as refused:
        refusing(table)
    assert str(refused.value) == "no ^a$ (see ^a$)"
    assert refused.value.context == {"a": ["^a$"], "n": 1}
    with pytest.raises(UnknownColumn, match=r"there is no column '\^b\$'"):
        shouted(table, "^b$")


def test_a_table_without_such_names_is_passed_on_as_it_is() -> None:
    table = pl.DataFrame({"^a": ["x"], "": ["y"]})
    guest = Guest.receive(table)
    assert guest.inner is table
    assert guest.plain is table


def test_a_text_that_looks_like_a_stand_in_stays() -> None:
    table = pl.DataFrame({"*": ["*\uf8ff0123456789abcdef"]})
    assert shouted(table, "*")["filled_*"].to_list() == ["*\uf8ff0123456789abcdef"]


@given(st.lists(st.text("^$*a.\n_", max_size=5), unique=True, max_size=6))
@settings(max_examples=60)
def test_stand_ins_are_no_patterns_and_can_be_taken_back(names: list[str]) -> None:
    stand_ins = StandIns.of(names)
    inner = [stand_ins.inner(name) for name in names]
    assert not any(map(is_pattern, inner))
    assert [stand_ins.restored(name) for name in inner] == names
    table = pl.DataFrame({name: [place] for place, name in enumerate(names)})
    for place, name in enumerate(names):
        assert table.select(exactly(name)).rows() == [(place,)]


@pytest.mark.parametrize("name", PATTERNS)
def test_times_are_read_under_any_name(name: str) -> None:
    texts = pl.Series(name, ["2024-05-01T10:00:00Z", "1714557600", None, "soon"])
    read = parse_times(texts)
    assert read.name == name
    assert read.null_count() == 2
    assert unread(texts, read) == 1
    column = texts.head(3)
    table = pl.DataFrame({"a": ["x", "y", "z"], name: column})
    assert pick_time_column(table) == name
