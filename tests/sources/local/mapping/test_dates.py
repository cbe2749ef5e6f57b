"""Dates with slashes: which number is the day, and what is said where nothing tells."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

import orjson
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from huntkit.formats.batch import Batch
from huntkit.sources.local.mapping import Clock, Mapper, dates
from huntkit.sources.local.mapping.dates import DayOrder

ASSUMED = "day/month order assumed"


def batch(start: int = 2, **columns: list[str]) -> Batch:
    count = len(next(iter(columns.values())))
    return Batch("csv", range(start, start + count), columns=dict(columns), rows=count)


def mapped(*batches: Batch, clock: Clock | None = None) -> pl.DataFrame:
    """All rows of one file, in their order."""
    mapper = Mapper(name="export.csv", clock=clock)
    frames = [frame for each in batches for _, frame in mapper.map(each)]
    frames += [frame for _, frame in mapper.finish()]
    return pl.concat(frames, how="diagonal").sort("_record")


def notes(rows: pl.DataFrame) -> list[Any]:
    column = rows.get_column("_time_note", default=pl.Series([""] * rows.height))
    return column.fill_null("").to_list()


def at(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type,misc]


def test_a_day_above_twelve_tells_that_the_day_is_first() -> None:
    rows = mapped(batch(when=["05/12/2020 10:00:00", "25/12/2020 11:30:00"]))
    assert rows["when"].to_list() == [at(2020, 12, 5, 10), at(2020, 12, 25, 11, 30)]
    assert notes(rows) == ["zone assumed"] * 2
    assert "_extra" not in rows.columns


def test_a_second_number_above_twelve_tells_that_the_month_is_first() -> None:
    rows = mapped(batch(when=["05/12/2020 10:00:00", "12/25/2020 11:30:00"]))
    assert rows["when"].to_list() == [at(2020, 5, 12, 10), at(2020, 12, 25, 11, 30)]
    assert notes(rows) == ["zone assumed"] * 2


def test_where_nothing_tells_the_rows_say_it_and_keep_their_text() -> None:
    rows = mapped(batch(when=["05/12/2020 10:00", "06/06/2020 10:00", ""], x=["a", "b", "c"]))
    assert rows["when"].to_list() == [at(2020, 5, 12, 10), at(2020, 6, 6, 10), None]
    assert notes(rows) == [f"zone assumed, {ASSUMED}", "zone assumed", ""]
    assert rows["_extra"].to_list() == ['{"when":"05/12/2020 10:00"}', "", ""]


def test_a_later_batch_tells_how_the_first_is_read() -> None:
    first = batch(2, when=["05/12/2020 10:00:00"] * 3)
    last = batch(5, when=["25/12/2020 10:00:00"])
    rows = mapped(first, last)
    assert rows["when"].to_list() == [at(2020, 12, 5, 10)] * 3 + [at(2020, 12, 25, 10)]
    assert notes(rows) == ["zone assumed"] * 4


def test_a_file_too_long_to_wait_for_marks_what_it_read_before(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(dates, "PATIENCE_BYTES", 300)
    several = [batch(2 + n, when=["05/12/2020 10:00:00"]) for n in range(6)]
    mapper = Mapper(name="export.csv")
    found = [mapper.map(each) for each in [*several, batch(8, when=["25/12/2020 10:00:00"])]]
    assert [len(each) for each in found] == [0, 0, 0, 4, 1, 1, 1]
    rows = pl.concat([frame for each in found for _, frame in each], how="diagonal")
    assert [ASSUMED in note for note in notes(rows)] == [True] * 6 + [False]
    assert rows["when"].to_list()[-1] == at(2020, 12, 25, 10)
    assert mapper.finish() == []


def test_another_column_of_the_file_tells() -> None:
    rows = mapped(batch(when=["05/12/2020 10:00:00"], seen=["31/01/2021 10:00:00"]))
    assert rows["when"].to_list() == [at(2020, 12, 5, 10)]
    assert notes(rows) == ["zone assumed"]


def test_columns_that_contradict_each_other_tell_nothing_of_a_third() -> None:
    rows = mapped(
        batch(
            a=["05/12/2020 10:00:00"],
            b=["31/01/2021 10:00:00"],
            c=["01/31/2021 10:00:00"],
        )
    )
    assert rows["b"].to_list() == rows["c"].to_list() == [at(2021, 1, 31, 10)]
    assert orjson.loads(rows["_extra"][0]) == {"a": "05/12/2020 10:00:00"}


def test_one_column_in_both_orders_is_read_where_it_is_sure() -> None:
    rows = mapped(batch(a=["31/01/2021 10:00", "01/31/2021 10:00", "01/02/2021 10:00"]))
    assert rows["a"].to_list() == [at(2021, 1, 31, 10)] * 2 + [at(2021, 1, 2, 10)]
    assert [ASSUMED in note for note in notes(rows)] == [False, False, True]


@pytest.mark.parametrize(
    ("text", "moment", "sure"),
    [
        ("5/1/2024, 10:00:00.123 AM", (2024, 5, 1, 10, 0, 0, 123000), True),
        ("5/1/2024 10:00:00 PM", (2024, 5, 1, 22), True),
        ("1/05/2024 10:00:00 PM", (2024, 1, 5, 22), False),  # Australia
        ("1/5/2024, 10:00:00 pm", (2024, 1, 5, 22), False),  # Australia and India
    ],
)
def test_the_american_clock_tells(text: str, moment: tuple[int, ...], *, sure: bool) -> None:
    rows = mapped(batch(when=[text]))
    assert rows["when"].to_list() == [at(*moment)]
    assert (ASSUMED in notes(rows)[0]) is not sure


def test_a_day_above_twelve_beats_the_american_clock_of_an_earlier_batch() -> None:
    rows = mapped(batch(2, when=["1/5/2024 10:00:00 PM"]), batch(3, when=["13/5/2024 10:00:00 PM"]))
    assert rows["when"].to_list() == [at(2024, 5, 1, 22), at(2024, 5, 13, 22)]
    assert ASSUMED not in "".join(notes(rows))


def test_known_tables_are_read_and_marked_alike() -> None:
    known = {"TimeGenerated": ["05/12/2020 10:00", "25/12/2020 10:00"], "Type": ["Syslog"] * 2}
    rows = mapped(batch(**known, SyslogMessage=["a", "b"]))
    assert rows["TimeGenerated"].to_list() == [at(2020, 12, 5, 10), at(2020, 12, 25, 10)]
    assert "_extra" not in rows.columns
    rows = mapped(batch(TimeGenerated=["05/12/2020 10:00"], Type=["Syslog"], Wrong=["x"]))
    assert rows["TimeGenerated"].to_list() == [at(2020, 5, 12, 10)]
    assert notes(rows) == [ASSUMED]
    assert orjson.loads(rows["_extra"][0]) == {"TimeGenerated": "05/12/2020 10:00"}


def test_a_portal_in_another_language_is_read_and_marked_alike() -> None:
    name = "TimeGenerated [UTC]"
    rows = mapped(batch(**{name: ["05/12/2020, 10:00:00.123", "25/12/2020, 10:00:00.123"]}))
    assert rows["TimeGenerated"].to_list() == [
        at(2020, 12, 5, 10, 0, 0, 123000), at(2020, 12, 25, 10, 0, 0, 123000)
    ]  # fmt: skip
    assert notes(rows) == ["", ""]
    rows = mapped(batch(**{name: ["05/12/2020, 10:00:00"]}))
    assert notes(rows) == [ASSUMED]
    assert orjson.loads(rows["_extra"][0]) == {"TimeGenerated": "05/12/2020, 10:00:00"}


def windows_events(*texts: str) -> dict[str, list[str]]:
    count = len(texts)
    return {
        "TimeCreated": list(texts), "EventID": ["4624"] * count, "Channel": ["Security"] * count,
        "Computer": ["pc"] * count, "EventRecordID": [str(n) for n in range(count)],
        "SourceName": ["Microsoft-Windows-Security-Auditing"] * count,
        "Message": ["An account was successfully logged on."] * count,
    }  # fmt: skip


def test_windows_events_in_a_table_are_read_and_marked_alike() -> None:
    mapper = Mapper(name="events.csv")
    columns = windows_events("05/12/2020 10:00:00", "25/12/2020 10:00:00")
    found = dict(mapper.map(batch(**columns)) + mapper.finish())
    assert found["WindowsEvent"]["TimeGenerated"].to_list() == [
        at(2020, 12, 5, 10), at(2020, 12, 25, 10)
    ]  # fmt: skip
    mapper = Mapper(name="events.csv")
    columns = windows_events("05/12/2020 10:00:00")
    found = dict(mapper.map(batch(**columns)) + mapper.finish())
    for rows in found.values():
        assert rows["TimeGenerated"].to_list() == [at(2020, 5, 12, 10)]
        assert ASSUMED in rows["_time_note"][0]
        assert orjson.loads(rows["_extra"][0])["TimeCreated"] == "05/12/2020 10:00:00"


def test_records_are_marked_as_columns_are() -> None:
    mapper = Mapper(name="a.json")
    records = [{"when": "05/12/2020 10:00", "x": "a"}]
    ((_, rows),) = mapper.map(Batch("json", [1], records=records, rows=1)) + mapper.finish()
    assert rows["_extra"].to_list() == ['{"when":"05/12/2020 10:00"}']


def test_what_is_no_time_is_never_turned() -> None:
    said = ["25/12/2020 10:00", "05/12/2020 or so"]
    rows = mapped(batch(when=said, note=["25/12/2020 x", "1/2"]))
    assert rows["when"].to_list() == said
    assert rows["note"].to_list() == ["25/12/2020 x", "1/2"]


@pytest.mark.parametrize(
    "texts",
    [
        ["05-12-2020 10:00:00", "25-12-2020 10:00:00"], ["05/12/2020", "25/12/2020"],
        ["05/12/2020 10:00:00 +0000", "25/12/2020 10:00:00 +0000"],
        [" 05/12/2020 10:00 ", "25/12/2020 10:00"], ["5/12/2020 10:00:00,5", "25/12/2020 10:00"],
        ["12-05-2020 10:00:00", "12-25-2020 10:00:00"], ["05.12.2020 10:00", "06.12.2020 10:00"],
    ],
)  # fmt: skip
def test_hyphens_zones_blanks_and_missing_clocks_are_no_obstacle(texts: list[str]) -> None:
    rows = mapped(batch(when=texts))
    assert rows["when"].dt.strftime("%m-%d")[0] == "12-05"
    assert not any(ASSUMED in note for note in notes(rows))


@pytest.mark.parametrize("text", ["05-12-2020 10:00:00", "05/12/2020", "05/12/2020 10:00:00 +0000"])
def test_no_dress_of_a_doubtful_date_is_read_without_a_mark(text: str) -> None:
    rows = mapped(batch(when=[text], x=["a"]))
    assert rows["when"].dt.strftime("%m-%d")[0] == "05-12"
    assert ASSUMED in notes(rows)[0]
    assert orjson.loads(rows["_extra"][0]) == {"when": text}


@given(
    a=st.integers(1, 12), b=st.integers(1, 12), sep=st.sampled_from(["/", "-"]),
    gap=st.sampled_from(["", " ", "  "]),
    clock=st.sampled_from(
        ["", " 9:05", ", 09:05", " 09:05:01", "  9 : 05", " 09:05:01.1234567", " 09:05:01,5",
         " 09:05 pm", ", 9:05:01am", " 09:05:01Z", " 09:05 UTC", " 09:05:01 +0100", " 09: 05: 01",
         " 9:05:01.5 am +01:00", "T09:05:01", "T09:05:01Z"]
    ),
)  # fmt: skip
@settings(max_examples=40, deadline=None)
def test_what_can_be_read_both_ways_is_never_read_in_silence(
    a: int, b: int, sep: str, gap: str, clock: str
) -> None:
    text = f"{a}{sep}{gap}{b}{sep}2020{clock}"
    columns = {"TimeGenerated": [text], "Type": ["Syslog"], "x": ["y"]}
    rows = mapped(batch(**columns))
    if rows["TimeGenerated"][0] is not None and a != b:
        assert ASSUMED in notes(rows)[0]
        assert orjson.loads(rows["_extra"][0])["TimeGenerated"] == text


def test_counts_of_days_in_a_column_of_times_are_no_seconds_of_1970() -> None:
    said = ["44170.416666", "44170", "1607162400", "20201205"]
    rows = mapped(batch(TimeGenerated=said, Type=["Syslog"] * 4, x=["y"] * 4))
    assert rows["TimeGenerated"].to_list() == [None, None, at(2020, 12, 5, 10), at(2020, 12, 5)]
    assert rows["_extra"].to_list()[:2] == [
        '{"TimeGenerated":"44170.416666"}', '{"TimeGenerated":"44170"}'
    ]  # fmt: skip


def test_an_hour_that_the_clock_skipped_costs_only_itself() -> None:
    clock = Clock(assume_timezone="Europe/Berlin")
    said = ["2024-03-31 01:30:00", "2024-03-31 02:30:00", "2024-03-31 03:30:00", ""]
    rows = mapped(batch(when=said, x=list("abcd")), clock=clock)
    assert rows["when"].to_list() == [at(2024, 3, 31, 0, 30), None, at(2024, 3, 31, 1, 30), None]
    assert notes(rows) == ["zone assumed", "no such local time", "zone assumed", ""]
    assert rows["_extra"].to_list() == ["", '{"when":"2024-03-31 02:30:00"}', "", ""]


def test_an_hour_that_a_headers_zone_skipped_is_not_read_as_utc() -> None:
    said = ["2024-03-31 02:30:00", "2024-03-31 03:30:00"]
    rows = mapped(batch(**{"TimeGenerated [Europe/Berlin]": said}))
    assert rows["TimeGenerated"].to_list() == [None, at(2024, 3, 31, 1, 30)]
    assert notes(rows) == ["no such local time", ""]
    assert orjson.loads(rows["_extra"][0]) == {"TimeGenerated": "2024-03-31 02:30:00"}


def parted(rows: Sequence[str], cuts: Sequence[int]) -> list[list[str]]:
    edges = sorted({0, len(rows), *(cut % (len(rows) + 1) for cut in cuts)})
    return [list(rows[a:b]) for a, b in pairwise(edges)]


@given(
    days=st.lists(st.integers(0, 800), min_size=1, max_size=30),
    cuts=st.lists(st.integers(0, 30), max_size=4),
    day_first=st.booleans(),
)
@settings(max_examples=25, deadline=None)
def test_no_file_is_read_wrongly_without_a_mark(
    days: list[int],
    cuts: list[int],
    day_first: bool,
) -> None:
    truth = [date(2020, 1, 1) + timedelta(days=n) for n in days]
    texts = [d.strftime("%d/%m/%Y 10:00" if day_first else "%m/%d/%Y 10:00") for d in truth]
    pieces, number = [], 2
    for some in parted(texts, cuts):
        pieces.append(batch(number, when=some))
        number += len(some)
    rows = mapped(*pieces)
    for row, told, text in zip(rows.to_dicts(), truth, texts, strict=True):
        if ASSUMED in row["_time_note"]:
            assert orjson.loads(row["_extra"]) == {"when": text}
        else:
            assert row["when"] == at(told.year, told.month, told.day, 10)


NXLOG = {"EventID": 7036, "Channel": "System", "Hostname": "pc1", "SourceName": "SCM"}


def shipped_events(*events: dict[str, str]) -> pl.DataFrame:
    mapper = Mapper(name="events.json", clock=Clock(assume_timezone="Europe/Berlin"))
    rows: list[dict[str, Any]] = [{**NXLOG, **event} for event in events]
    found = mapper.map(Batch("json", range(1, len(rows) + 1), records=rows))
    return next(frame for table, frame in [*found, *mapper.finish()] if table == "WindowsEvent")


def test_an_event_whose_local_time_the_clock_skipped_says_so_and_keeps_it() -> None:
    skipped, usual = "2024-03-31 02:30:00", "2024-03-31 03:30:00"
    rows = shipped_events({"EventTime": skipped}, {"EventTime": usual})
    assert rows["TimeGenerated"].to_list() == [None, at(2024, 3, 31, 1, 30)]
    assert notes(rows) == ["no such local time", "zone assumed"]
    assert skipped in rows["_extra"][0]


def test_where_the_clock_skipped_the_local_time_that_of_the_receipt_counts() -> None:
    rows = shipped_events(
        {"EventTime": "2024-03-31 02:30:00", "@timestamp": "2024-05-05T01:00:00Z"},
        {"EventTime": "2024-03-31 12:30:00", "@timestamp": "2024-06-07T01:00:00Z"},
    )
    assert rows["TimeGenerated"].to_list() == [at(2024, 5, 5, 1), at(2024, 3, 31, 10, 30)]
    assert notes(rows) == ["receiving time", "zone assumed"]


def test_a_date_amid_a_slice_of_events_is_settled_as_well_and_its_text_stays() -> None:
    iso = {"EventTime": "2020-12-05T10:00:00"}
    rows = shipped_events(iso, {"EventTime": "25/12/2020 10:00:00"}, iso)
    assert rows["TimeGenerated"].to_list() == [
        at(2020, 12, 5, 9),
        at(2020, 12, 25, 9),
        at(2020, 12, 5, 9),
    ]
    assert "25/12/2020 10:00:00" in rows["_extra"][1]


def test_a_doubtful_date_amid_a_slice_of_events_is_marked() -> None:
    iso = {"EventTime": "2020-12-05 10:00:00"}
    rows = shipped_events(*[iso] * 5, {"EventTime": "05-12-2020 10:00:00"}, *[iso] * 5)
    assert notes(rows)[5] == f"zone assumed, {ASSUMED}"
    assert {*notes(rows)[:5], *notes(rows)[6:]} == {"zone assumed"}


SLASHED = ["20-12-2020", "05/12/2020"]
PLAIN = [
    "2020-12-05 10:00",
    "1999-12-05T10:00:00Z",
    "2019/12/05 1:00",
    "2020",
    "x\n202",
    "",
    "201\n",
]


@given(st.lists(st.sampled_from([*SLASHED, *PLAIN]) | st.none()))
def test_no_date_with_slashes_passes_the_quick_look(values: list[str | None]) -> None:
    if any(value in SLASHED for value in values):
        assert dates.may_be_slashed(values)


def test_hostile_numbers_of_columns_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huntkit.tables.dates._MOST_COLUMNS", 5)
    order = DayOrder()
    dates.look(order, {f"time{n}": ["05/12/2020 10:00"] for n in range(9)})
    assert len(order._told) == 5
