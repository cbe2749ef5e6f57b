"""Times of logs: formats, zones and what is assumed."""

from datetime import UTC, datetime, timedelta, timezone

import polars as pl
import pytest

from huntkit.sources.local.mapping import times

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
