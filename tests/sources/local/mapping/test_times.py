"""Times of logs: formats, zones and what is assumed."""

from datetime import UTC, datetime, timedelta, timezone

import polars as pl
import pytest

from huntkit.sources.local.mapping import times
from huntkit.tables import times as any_times

AT = datetime(2024, 3, 1, 10, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "2024-03-01T10:00:00Z", "2024-03-01 10:00:00", "2024-03-01T10:00:00.0000000Z",
        "2024-03-01T12:00:00+02:00", "2024-03-01 05:00:00 -0500", "2024-03-01T10:00:00",
        "3/1/2024 10:00:00 AM", "3/1/2024 10:00", "01/Mar/2024:10:00:00 +0000", "1709287200",
        "1709287200.0", "1709287200000", "1709287200000000", "2024-03-01 10:00:00 UTC",
    ],
)  # fmt: skip
def test_usual_formats_are_read(text: str) -> None:
    assert times.parse_times(pl.Series([text])).to_list() == [AT]


@pytest.mark.parametrize(
    "text",
    [
        "01.03.2024 10:00:00", "1.3.2024 10:00", "01.03.2024, 10:00:00,000", "2024/03/01 10:00:00",
        "2024/3/1 10:00", "2024.03.01. 10:00:00", "1-Mar-2024 10:00:00", "20240301T100000Z",
        "Fri, 01 Mar 2024 10:00:00 GMT", "Fri Mar  1 10:00:00 2024", "Mar 1, 2024 @ 10:00:00.000",
        "2024-03-01T10:00Z", "2024-03-01T10:00:00,000", "3/1/2024, 10:00:00", "20240301100000",
        "20240301100000.0Z", "03/01/2024 11:00:00 +0100", "1709287200000000000",
        "133537608000000000", "638448840000000000", "13353760800000000",
    ],
)  # fmt: skip
def test_formats_of_other_countries_and_systems_are_read(text: str) -> None:
    assert times.parse_times(pl.Series([text])).to_list() == [AT]


@pytest.mark.parametrize(
    "text",
    [
        "03/01/24 10:00",
        "24-03-01",
        "24-03-01 10:00:00.1234",
        "1/3/24 10:00:00 AM",
        "25/12/2024 10:00",
    ],
)
def test_years_of_two_digits_and_days_in_front_are_not_guessed(text: str) -> None:
    assert times.parse_times(pl.Series([text])).to_list() == [None]


def test_a_year_before_a_thousand_is_one_if_it_says_so() -> None:
    text = pl.Series(["0001-01-01T00:00:00Z", "0020-01-01 10:00:00"])
    assert [when.year for when in times.parse_times(text)] == [1, 20]


def test_eight_digits_are_a_day_and_not_seconds() -> None:
    found, bare = times.parse_both(pl.Series(["20240301", "20249901", "1709287200"]))
    assert found.to_list() == [AT.replace(hour=0), datetime(1970, 8, 23, 8, 58, 21, tzinfo=UTC), AT]
    assert bare.to_list() == [True, False, False]


def test_rarer_formats_are_read_in_the_assumed_zone_unless_they_have_one() -> None:
    text = pl.Series(["01.03.2024 11:00:00", "Fri, 01 Mar 2024 10:00:00 GMT", "20240301110000"])
    found, bare = times.parse_both(text, "Europe/Berlin")
    assert found.to_list() == [AT] * 3
    assert bare.to_list() == [True, False, True]


def test_a_column_of_many_formats_is_read_row_by_row() -> None:
    texts = pl.Series(["2024-03-01T10:00:00Z", None, "", "no time", "3/1/2024 10:00", "1709287200"])
    assert times.parse_times(texts).to_list() == [AT, None, None, None, AT, AT]


def test_sub_microseconds_are_cut_not_rounded() -> None:
    found = times.parse_times(pl.Series(["2024-03-01T10:00:00.1234567Z"]))[0]
    assert found.microsecond == 123456


def test_bare_times_are_marked_and_read_in_the_assumed_zone() -> None:
    text = pl.Series(["2024-03-01 11:00:00", "2024-03-01T10:00:00Z"])
    found, bare = times.parse_both(text, "Europe/Berlin")
    assert found.to_list() == [AT, AT]
    assert bare.to_list() == [True, False]


def test_an_hour_that_the_clock_skipped_is_no_time() -> None:
    text = pl.Series(["2024-03-31 02:30:00"])
    assert times.parse_times(text, "Europe/Berlin").to_list() == [None]


def gap(minutes: float, rows: int = 5) -> tuple[pl.Series, pl.Series]:
    known = pl.Series([AT + timedelta(seconds=n) for n in range(rows)])
    return known + timedelta(minutes=minutes), known


@pytest.mark.parametrize(
    ("minutes", "hours"), [(-300, -5), (-298, -5), (330, 5.5), (0, 0), (-19 * 60, -19)]
)
def test_offset_is_the_nearest_quarter_of_an_hour(minutes: float, hours: float) -> None:
    assert times.offset_of(*gap(minutes)) == timedelta(hours=hours)


def test_offset_without_rows_or_agreement_is_unknown() -> None:
    assert times.offset_of(pl.Series([AT]).clear(), pl.Series([AT]).clear()) is None
    known = pl.Series([AT] * 5)
    far = known + pl.Series([timedelta(days=n * 3) for n in range(5)])
    assert times.offset_of(far, known) is None


@pytest.mark.parametrize(
    ("zone", "name"),
    [
        (None, None), ("Europe/Berlin", "Europe/Berlin"), (UTC, "UTC"),
        (timezone(timedelta(hours=-5)), "Etc/GMT+5"),
    ],
)  # fmt: skip
def test_zones_have_names(zone: object, name: str | None) -> None:
    assert times.Clock(assume_timezone=zone).zone_name() == name  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text", ["1575894000.123456", "1575894000", "157589400.5", "1575894000123", "89559434674681"]
)
def test_counts_are_read_alike_by_the_quick_way_and_beside_other_forms(text: str) -> None:
    [alone] = times.parse_times(pl.Series([text])).to_list()
    [exact] = any_times.parse_times(pl.Series([text])).to_list()
    beside = times.parse_times(pl.Series(["2020-01-01", text, "Feb 3, 2020 10:00:00"])).to_list()
    assert alone is not None
    assert alone == exact == beside[1]


@pytest.mark.parametrize("text", ["20201225", "20201225235959"])
def test_days_without_dashes_are_no_counts_behind_a_count(text: str) -> None:
    [count, day] = times.parse_times(pl.Series(["1575894000.5", text])).to_list()
    assert (count.year, day.year, day.month) == (2019, 2020, 12)
