"""The same file gives the same rows, wherever its reader cut the batches."""

import copy
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from huntkit.formats.batch import Batch
from huntkit.sources.local.mapping import Mapper, collect, dates, mapper

AT = datetime(2024, 3, 1, 10, tzinfo=UTC)
SITES = {"berlin": 1, "delhi": 5.5, "denver": -7}  # hours ahead of UTC
Row = dict[str, Any]


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Frames of few events, so that a short file has several."""
    monkeypatch.setattr(collect, "ROWS", 16)
    monkeypatch.setattr(mapper, "_SLICE", 8)


def event(at: int, host: str, *, sysmon: bool, received: bool = False) -> Row:
    """An event in NXLog's layout, with the local clock of the host's site."""
    when = AT + timedelta(minutes=at)
    local = when + timedelta(hours=SITES.get(host.partition("-")[0], 0))
    row: Row = {
        "EventID": 1 if sysmon else 4634, "Hostname": host,
        "Channel": "Microsoft-Windows-Sysmon/Operational" if sysmon else "Security",
        "EventTime": f"{local:%Y-%m-%d %H:%M:%S}",
    }  # fmt: skip
    if sysmon:
        row["UtcTime"] = f"{when:%Y-%m-%d %H:%M:%S}.000"
    if received:
        row["@timestamp"] = f"{when + timedelta(seconds=3):%Y-%m-%dT%H:%M:%S}.000Z"
    return row


def rows_of(events: list[Row], cuts: list[int]) -> list[tuple[Any, ...]]:
    """Record, time and mark of every event, of a file that was cut so."""
    made = Mapper(name="x.json")
    found: list[pl.DataFrame] = []
    borders = sorted({0, len(events), *(cut % (len(events) + 1) for cut in cuts)})
    for start, end in pairwise(borders):
        some = copy.deepcopy(events[start:end])
        found += [
            frame
            for table, frame in made.map(Batch("json", range(start + 1, end + 1), records=some))
            if table == "WindowsEvent"
        ]
    found += [frame for table, frame in made.finish() if table == "WindowsEvent"]
    frame = pl.concat(found, how="diagonal_relaxed").sort("_record")
    return frame.select("_record", "TimeGenerated", "_time_note").rows()


EVENTS = st.lists(
    st.builds(
        lambda host, sysmon, received: (host, sysmon, received),
        st.sampled_from(["berlin-1", "berlin-2", "delhi-1", "denver-1"]),
        st.booleans(),
        st.booleans(),
    ),
    min_size=40,
    max_size=90,
)
CUTS = st.lists(st.integers(0, 90), max_size=12)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(EVENTS, CUTS)
def test_the_cuts_of_the_batches_change_no_time(
    small: None, shapes: list[tuple[str, bool, bool]], cuts: list[int]
) -> None:
    events = [event(at, host, sysmon=s, received=r) for at, (host, s, r) in enumerate(shapes)]
    assert rows_of(events, cuts) == rows_of(events, [])


def test_each_site_has_its_own_clock(small: None) -> None:
    hosts = ["berlin-1", "delhi-1", "denver-1"]
    events = [event(at, hosts[at % 3], sysmon=at % 2 == 0) for at in range(60)]
    for at, (_, when, _) in enumerate(rows_of(events, [7, 20, 41])):
        assert when == AT + timedelta(minutes=at), at


def test_a_host_that_tells_nothing_has_the_zone_of_the_others_only_if_they_agree() -> None:
    silent = event(2, "berlin-3", sysmon=False)
    agreed = [event(0, "berlin-1", sysmon=True), event(1, "berlin-2", sysmon=True), silent]
    assert rows_of(agreed, [])[2][1:] == (AT + timedelta(minutes=2), "zone inferred")
    mixed = [event(0, "berlin-1", sysmon=True), event(1, "delhi-1", sysmon=True), silent]
    bare = AT + timedelta(minutes=2, hours=1)
    assert rows_of(mixed, [])[2][1:] == (bare, "zone assumed")


def test_receiving_times_tell_the_zone_of_a_host_if_there_are_enough() -> None:
    events = [
        event(at, ("berlin-1", "delhi-1")[at % 2], sysmon=False, received=True) for at in range(40)
    ]
    for at, (_, when, note) in enumerate(rows_of(events, [3])):
        assert (when, note) == (AT + timedelta(minutes=at), "zone inferred")


def hayabusa(at: int, day: int) -> Row:
    """A row of Hayabusa's timeline with ``--european-time``."""
    return {
        "Timestamp": f"{day:02d}-03-2024 10:00:00.000 +00:00", "RuleTitle": "x", "Level": "high",
        "Computer": "ws1", "Channel": "Sec", "EventID": 4624, "RecordID": at,
    }  # fmt: skip


@pytest.mark.parametrize("cuts", [[], [1], [4, 5]])
def test_a_later_date_tells_how_a_detections_date_is_read(small: None, cuts: list[int]) -> None:
    days = [5, 6, 7, 8, 9, 25]
    made = Mapper(name="hayabusa.json")
    found: dict[str, list[tuple[Any, ...]]] = {}
    frames = []
    for start, end in pairwise([0, *cuts, len(days)]):
        some = [hayabusa(at, days[at]) for at in range(start, end)]
        frames += made.map(Batch("json", range(start + 1, end + 1), records=some))
    for table, frame in frames + made.finish():
        found.setdefault(table, []).extend(frame.select("_record", "TimeGenerated").rows())
    expected = [(at, datetime(2024, 3, day, 10, tzinfo=UTC)) for at, day in enumerate(days, 1)]
    assert sorted(found["Hayabusa"]) == expected
    assert sorted(found["WindowsEvent"]) == expected


@pytest.mark.parametrize("cuts", [[], [1], [2, 3, 4, 5]])
def test_a_later_date_tells_how_a_programs_dates_are_read(cuts: list[int]) -> None:
    days = [5, 6, 7, 8, 9, 25]
    made = Mapper(name="app.json")
    frames = []
    for start, end in pairwise([0, *cuts, len(days)]):
        some = [{"when": f"{day:02d}/03/2024 10:00:00", "n": day} for day in days[start:end]]
        frames += made.map(Batch("json", range(start + 1, end + 1), records=some))
    frames += made.finish()
    rows = [row for _, frame in frames for row in frame.select("n", "when").rows()]
    assert rows == [(day, datetime(2024, 3, day, 10, tzinfo=UTC)) for day in days]
    assert not any("order" in "".join(f["_time_note"]) for _, f in frames if "_time_note" in f)


def test_records_do_not_wait_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dates, "PATIENCE_BYTES", 2_000)
    made = Mapper(name="app.json")
    some = [
        made.map(Batch("json", [at], records=[{"when": "05/03/2024 10:00:00", "text": "x" * 100}]))
        for at in range(1, 200)
    ]
    assert any(some)
