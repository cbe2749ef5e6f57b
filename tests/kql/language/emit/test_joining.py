import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from huntkit.kql import query
from huntkit.kql.language.errors import KqlUnsupported

KINDS = ("inner", "leftouter", "rightouter", "fullouter")
KINDS += ("leftsemi", "leftanti", "rightsemi", "rightanti")
Row = tuple[int | None, int]
SIDE = st.lists(st.tuples(st.sampled_from([None, 1, 2, 3]), st.integers(0, 2)), max_size=5)


def joined(kind: str, left: list[Row], right: list[Row]) -> list[tuple[int | None, ...]]:
    """By a walk through all pairs: a null key finds no partner."""
    pairs = [(a, b) for a in left for b in right if a[0] is not None and a[0] == b[0]]
    alone = [a for a in left if a not in [one for one, _ in pairs]]
    alone_right = [b for b in right if b not in [two for _, two in pairs]]
    both = [(*a, *b) for a, b in pairs]
    missing = [(*a, None, None) for a in alone]
    missing_right = [(None, None, *b) for b in alone_right]
    return {
        "inner": both,
        "leftouter": both + missing,
        "rightouter": both + missing_right,
        "fullouter": both + missing + missing_right,
        "leftsemi": [a for a in left if a not in alone],
        "leftanti": alone,
        "rightsemi": [b for b in right if b not in alone_right],
        "rightanti": alone_right,
    }[kind]


@settings(max_examples=30)
@given(kind=st.sampled_from(KINDS), left=SIDE, right=SIDE)
def test_joins_are_those_of_a_walk_through_all_pairs(
    kind: str, left: list[Row], right: list[Row]
) -> None:
    tables = {
        name: pl.DataFrame(rows, schema={"k": pl.Int64, "v": pl.Int64}, orient="row")
        for name, rows in (("L", left), ("R", right))
    }
    found = query(f"L | join kind={kind} R on k", tables=tables, frame="polars").rows()
    assert sorted(found, key=str) == sorted(joined(kind, left, right), key=str)


def test_a_table_is_not_joined_with_the_rows_of_a_part() -> None:
    rows = pl.DataFrame({"k": [1, 1, 2], "v": [1, 2, 3]})
    text = "T | partition by k (join kind={} (T) on v)"
    assert query(text.format("inner"), T=rows, frame="polars").height == 3
    with pytest.raises(KqlUnsupported, match="fullouter"):
        query(text.format("fullouter"), T=rows, frame="polars")
