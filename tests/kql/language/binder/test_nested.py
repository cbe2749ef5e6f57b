"""``top-nested``: rows and columns as its documentation says."""

# ruff: noqa: E501  a query and its rows are one line

import pytest

from huntkit import kql

SALES = """
let sales = datatable(region: string, source: string, n: long)[
    "K", "a", 5, "K", "a", 4, "K", "b", 3, "K", "c", 1,
    "T", "a", 2, "T", "b", 9,
    "O", "a", 1,
    "P", "d", 2];
sales
"""


def answer(text):
    found = kql.query(SALES + text, frame="polars")
    return found.columns, sorted(found.rows(), key=str)


def test_a_level_keeps_its_top_values():
    columns, rows = answer("| top-nested 2 of region by sum(n)")
    assert columns == ["region", "aggregated_region"]
    assert rows == [("K", 13), ("T", 11)]
    assert answer("| top-nested 1 of region by sum(n) asc")[1] == [("O", 1)]
    assert len(answer("| top-nested of region by sum(n)")[1]) == 4


def test_a_level_is_worked_out_within_the_values_of_the_levels_before():
    columns, rows = answer(
        "| top-nested 2 of region by sum(n), top-nested 1 of source by sum(n), top-nested 1 of n by max(n)"
    )
    assert columns == ["region", "aggregated_region", "source", "aggregated_source", "n", "aggregated_n"]  # fmt: skip
    assert rows == [("K", 13, "a", 9, 5, 5), ("T", 11, "b", 9, 9, 9)]


def test_all_values_of_a_level_carry_a_column_along():
    text = "| top-nested of region by Ignore0=max(1), top-nested 1 of n by Ignore1=max(n), top-nested of source by Ignore2=max(1) | project-away Ignore*"
    assert answer(text) == (
        ["region", "n", "source"],
        [("K", 5, "a"), ("O", 1, "a"), ("P", 2, "d"), ("T", 9, "b")],
    )


def test_others_are_one_row_over_all_that_fell_out():
    _, rows = answer('| top-nested 2 of region with others="the rest" by sum(n)')
    assert rows == [("K", 13), ("T", 11), ("the rest", 3)]
    _, rows = answer('| top-nested 9 of region with others="the rest" by sum(n)')
    assert "the rest" not in dict(rows)


def test_others_of_a_later_level_count_what_fell_out_before():
    """As the documentation's example of three levels, of which the second says no others."""
    _, rows = answer(
        '| top-nested 2 of region with others="All regions" by sum(n),'
        " top-nested 1 of source by sum(n),"
        " top-nested 1 of n with others=-1 by Sum=sum(n)"
    )
    assert rows == [
        ("All regions", 3, "", None, -1, 3),
        ("K", 13, "", None, -1, 4),
        ("K", 13, "a", 9, -1, 4),
        ("K", 13, "a", 9, 5, 5),
        ("T", 11, "", None, -1, 2),
        ("T", 11, "b", 9, 9, 9),
    ]


def test_others_of_the_first_level_leave_later_ones_empty():
    _, rows = answer(
        '| top-nested 1 of region with others="rest" by sum(n), top-nested 1 of n by max(n)'
    )
    assert rows == [("K", 13, 5, 5), ("rest", 14, None, None)]


def test_aggregates_may_be_combined_and_columns_named():
    columns, rows = answer("| top-nested 1 of r=tolower(region) by x=sum(n) * 10 + dcount(source)")
    assert (columns, rows) == (["r", "x"], [("k", 133)])
    columns, _ = answer("| top-nested 1 of n % 2 by avg(n) / count()")
    assert columns == ["Column1", "aggregated_Column1"]


def test_null_is_a_value_of_a_level():
    _, rows = answer(
        "| extend z=iff(n > 3, n, long(null))"
        '| top-nested 2 of z with others=-5 by count(), top-nested 1 of source with others="o" by max(n)'
    )
    assert rows == [(-5, 2, "o", 9), (4, 1, "a", 4), (None, 5, "b", 3), (None, 5, "o", 2)]


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("n == 5", "bool"),
        ("datetime(2026-01-01) + n * 1d", "datetime"),
        ("n * 1h", "timespan"),
        ("todouble(n)", "real"),
        ("todecimal(n)", "decimal"),
        ("toint(n)", "int"),
        ('toguid(strcat("00000000-0000-0000-0000-00000000000", n))', "guid"),
    ],
)
def test_levels_are_of_every_type_that_can_be_grouped(value, kind):
    text = f"| extend z=iff(n < 3, {kind}(null), {value}) | top-nested of z by count(), top-nested 1 of source by sum(n), top-nested 1 of n with others=0 by max(n) | where isnull(z)"
    _, rows = answer(text)
    assert [row[1:] for row in rows] == [(4, "", None, 0, 2), (4, "a", 3, 0, 1), (4, "a", 3, 2, 2)]


def test_no_rows_give_no_rows():
    text = '| where n > 99 | top-nested 2 of region with others="rest" by sum(n), top-nested of n by count()'
    columns, rows = answer(text)
    assert columns == ["region", "aggregated_region", "n", "aggregated_n"]
    assert rows == []


def test_ties_go_by_the_value():
    text = "| top-nested 2 of region by max(1), top-nested 1 of n by count()"
    assert {answer(text)[1][0][::2] for _ in range(3)} == {("K", 1)}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("top-nested 1 of region by n", "column 29: an aggregate is expected here"),
        ("top-nested 1 of region by sum(n) + n", "column 29: top-nested goes by an aggregate"),
        ("top-nested 1 of region by make_set(n)", "column 29: top-nested goes by one"),
        ("top-nested 1 of region by arg_max(n, source)", "column 29: top-nested goes by one"),
        ("top-nested 1 of todynamic(region) by count()", "column 19: rows can't be grouped"),
        ("top-nested 'x' of region by count()", "column 14: a count must be long, not string"),
        ("top-nested n of region by count()", "column 14: unknown name 'n'"),
        ("top-nested 1 of n with others='x' by count()", "column 33: others is string"),
        ("top-nested 1 of x=region by x=count()", "column 31: the column 'x' stands there twice"),
    ],
)
def test_what_can_not_be_is_said_with_its_place(text, message):
    with pytest.raises(kql.KqlError, match=message.replace("(", r"\(")):
        answer(f"| {text}")


def test_one_level_stands_in_a_partition_and_several_are_refused():
    _, rows = answer(
        "| partition by region (top-nested 1 of source with others='o' by sum(n))",
    )
    assert rows == [("a", 1), ("a", 9), ("b", 9), ("d", 2), ("o", 2), ("o", 4)]
    with pytest.raises(kql.KqlUnsupported, match="top-nested inside another"):
        answer(
            "| partition by region (top-nested 1 of source by sum(n), top-nested 1 of n by count())"
        )
