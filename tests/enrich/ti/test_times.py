"""Times as services write them, and ranges that touch each other."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from huntkit.enrich.ti.provider import Lookup
from huntkit.enrich.ti.times import in_range, moment

MAY = datetime(2024, 5, 1, tzinfo=UTC)
JUNE = datetime(2024, 6, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    "written",
    ["2024-05-01", "20240501", "2024-05-01T00:00:00Z", "2024-05-01T02:00:00+02:00", "1714521600",
     "2024-05-01 00:00:00 UTC", "2024-05-01 00:00:00", 1714521600, 1714521600.0, 1714521600000,
     "2024-05-01T00:00:00.000000Z"],
)  # fmt: skip
def test_a_time_is_read_however_it_is_written(written):
    assert moment(written) == MAY


@pytest.mark.parametrize(
    "written", ["", None, "soon", "now", "-1d", 0, -5, True, "2024", "nan", "inf", "1e400", [], {},
                "2024-13-45", "99999999999999999999"],
)  # fmt: skip
def test_what_is_no_time_is_none(written):
    assert moment(written) is None


@given(st.one_of(st.text(), st.integers(), st.floats(), st.none(), st.lists(st.integers())))
def test_nothing_makes_it_stumble(written):
    assert moment(written) is None or moment(written).tzinfo is UTC


@given(
    first=st.integers(-60, 60), length=st.integers(0, 60), start=st.integers(-60, 60),
    wide=st.integers(1, 60),
)  # fmt: skip
def test_what_touches_the_range_is_in_it(first, length, start, wide):
    begun, since = MAY + timedelta(days=first), MAY + timedelta(days=start)
    ended, until = begun + timedelta(days=length), since + timedelta(days=wide)
    lookup = Lookup("8.8.8.8", "ipv4", "", since, until)
    days = {begun + timedelta(days=n) for n in range(length + 1)}
    assert in_range(lookup, begun.isoformat(), ended.isoformat()) == any(
        since <= day < until for day in days
    )


def test_one_end_stands_for_the_other_and_nothing_excludes_nothing():
    lookup = Lookup("8.8.8.8", "ipv4", "", MAY, JUNE)
    assert in_range(lookup, None, "2024-05-31T23:59:59Z")
    assert not in_range(lookup, None, "2024-06-01")
    assert in_range(lookup, None, None)
    assert in_range(Lookup("8.8.8.8", "ipv4"), "1999-01-01", "1999-01-02")
