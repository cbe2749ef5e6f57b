"""Nothing that a record says is lost: what no column holds is in ``_extra``."""

import json
from collections.abc import Iterator
from datetime import datetime, time
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from huntkit.formats.batch import Batch
from huntkit.sources.local.mapping import Mapper, exports, records, rules
from huntkit.sources.local.mapping.rules import Family
from huntkit.sources.local.mapping.times import Clock

FAMILIES = [each for each in rules.families() if any(rule.rest for rule in each.always)]


def family(name: str) -> Family:
    return next(each for each in FAMILIES if each.name == name)


def row_of(name: str, record: dict[str, Any]) -> dict[str, Any]:
    [(_, frame)] = records.frames(family(name), [record], [1])
    return frame.row(0, named=True)


def extra(row: dict[str, Any]) -> dict[str, Any]:
    return dict(json.loads(row.get("_extra") or "{}"))


@pytest.mark.parametrize(
    ("name", "record", "kept"),
    [
        # does not fit the type
        ("s3access", {"Key": "a", "HttpStatus": "4O4"}, {"HttpStatus": "4O4"}),
        ("s3access", {"Key": "a", "BytesSent": 10**30}, {"BytesSent": 10**30}),
        ("access", {"Url": "/", "Time": "yesterday"}, {"Time": "yesterday"}),
        ("iis", {"s-ip": "192.0.2.1", "s-port": "99999999999"}, {"s-port": "99999999999"}),
        ("cloudtrail", {"eventID": "1", "readOnly": "perhaps"}, {"readOnly": "perhaps"}),
        ("okta", {"uuid": "1", "published": [1, 2]}, {"published": [1, 2]}),
        # another field came first
        (
            "cloudtrail",
            {"eventTime": "2024-05-01T10:00:00Z", "@timestamp": "2024-05-01T10:07:00Z"},
            {"@timestamp": "2024-05-01T10:07:00Z"},
        ),
        ("office", {"ClientIP": "192.0.2.1", "ActorIpAddress": "192.0.2.9"},
         {"ActorIpAddress": "192.0.2.9"}),
        ("journald", {"_PID": "12", "SYSLOG_PID": "13"}, {"SYSLOG_PID": "13"}),
        ("journald", {"_PID": "x12", "SYSLOG_PID": "13"}, {"_PID": "x12", "SYSLOG_PID": "13"}),
        # only a part is taken
        (
            "defender_created",
            {"CreatedProcessFilePath": r"C:\a\b.exe", "CreatedProcessName": r"D:\c\b.exe"},
            {"CreatedProcessName": r"D:\c\b.exe"},
        ),
        # only a condition looks at it
        ("entra_signin", {"id": "1", "signInEventTypes": ["interactiveUser"]},
         {"signInEventTypes": ["interactiveUser"]}),
    ],
)  # fmt: skip
def test_what_no_column_holds_is_kept(
    name: str, record: dict[str, Any], kept: dict[str, Any]
) -> None:
    assert extra(row_of(name, record)) == kept


@pytest.mark.parametrize(
    ("name", "record"),
    [
        ("s3access", {"Key": "a", "HttpStatus": "404", "BytesSent": "-", "ObjectSize": ""}),
        ("office", {"ClientIP": "192.0.2.1", "ActorIpAddress": "192.0.2.1"}),
        ("office", {"ActorIpAddress": "192.0.2.1"}),
        ("journald", {"SYSLOG_PID": "13", "PRIORITY": "3"}),
        (
            "defender_created",
            {"CreatedProcessFilePath": r"C:\a\b.exe", "CreatedProcessName": "b.exe"},
        ),
    ],
)
def test_what_a_column_holds_is_not_kept_twice(name: str, record: dict[str, Any]) -> None:
    assert "_extra" not in row_of(name, record)


def test_dates_of_both_orders_in_one_slice_are_settled_though_the_first_is_no_such_date() -> None:
    times = ["2024-05-01T10:00:00Z", "25/12/2024 10:00:00", "05/06/2024 10:00:00"]
    [(_, frame)] = records.frames(family("access"), [{"Time": each} for each in times], [1, 2, 3])
    assert [each.isoformat()[:10] for each in frame["TimeGenerated"]] == [
        "2024-05-01", "2024-12-25", "2024-06-05",
    ]  # fmt: skip


# Each value is found again by its own text.
_TEXT = st.integers(10_000, 99_999).map("token{}".format)
_NUMBER = st.integers(100_000, 999_999)
_VALUE = st.one_of(
    _TEXT,
    _NUMBER,
    _NUMBER.map(str),
    _NUMBER.map(lambda number: number * 10**20),
    _NUMBER.map(lambda number: f"{number}?"),
    st.lists(_TEXT, min_size=1, max_size=2),
    _TEXT.map(lambda text: {"inner": text}),
    _TEXT.map(lambda text: f"C:\\folder{text}\\{text}.exe"),
    st.datetimes(allow_imaginary=False).map(lambda when: when.replace(year=2020).isoformat()),
    st.sampled_from([None, "", "-"]),
)


def _placed(record: dict[str, Any], path: str, value: Any) -> None:
    *parents, last = path.split(".")
    for parent in parents:
        inner = record.setdefault(parent, {})
        if not isinstance(inner, dict):
            return
        record = inner
    record[last] = value


@st.composite
def _records(draw: st.DrawFn) -> tuple[Family, list[dict[str, Any]]]:
    chosen = draw(st.sampled_from(FAMILIES))
    names = sorted({name for rule in chosen.always for name in rule.needs})
    found: list[dict[str, Any]] = []
    for _ in range(draw(st.integers(1, 3))):
        record: dict[str, Any] = {}
        for name in [*draw(st.lists(st.sampled_from(names), unique=True)), "foreign"]:
            _placed(record, name, draw(_VALUE))
        found.append(record)
    return chosen, found


def _leaves(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for each in value.values():
            yield from _leaves(each)
    elif isinstance(value, list):
        for each in value:
            yield from _leaves(each)
    elif value not in (None, "", "-"):
        yield str(value)


@settings(deadline=None, max_examples=60)
@given(_records())
def test_every_value_of_a_record_is_found_in_its_row(
    drawn: tuple[Family, list[dict[str, Any]]],
) -> None:
    chosen, given_records = drawn
    frames = records.frames(
        chosen, [dict(each) for each in given_records], range(3)[: len(given_records)]
    )
    rows = {row["_record"]: row for _, frame in frames for row in frame.iter_rows(named=True)}
    assert len(rows) == len(given_records)
    for number, record in enumerate(given_records):
        cells = [str(v) for name, v in rows[number].items() if name != "_extra" and v is not None]
        cells += [cell.replace(" ", "T") for cell in cells]
        moments = [v for v in rows[number].values() if isinstance(v, datetime)]
        cells += [str(int(moment.timestamp())) for moment in moments]
        cells += [cell.replace("\\\\", "\\") for cell in cells]
        cells += list(_leaves(extra(rows[number])))
        said = "\n".join(cells)
        for leaf in _leaves(record):
            assert leaf in said, (chosen.name, leaf, rows[number])


def kept(frame: pl.DataFrame) -> list[Any]:
    extras = frame.get_column("_extra", default=pl.Series([""] * frame.height))
    return [json.loads(text) if text else {} for text in extras]


def mapped(*rows: dict[str, Any], name: str = "log.json") -> pl.DataFrame:
    mapper = Mapper(name=name)
    found = mapper.map(Batch("json", range(1, len(rows) + 1), records=list(rows)))
    [(_, frame)] = [*found, *mapper.finish()]
    return frame.sort("_record")


def test_an_export_keeps_what_its_known_columns_cannot_hold() -> None:
    given = {"EventID": ["4688", "12 apples", 2**40], "TimeGenerated": ["soon", "", "2024-05-01"]}
    frame = exports.frame_of("SecurityEvent", given, [1, 2, 3], Clock())
    assert frame["EventID"].to_list() == [4688, None, None]
    assert kept(frame) == [
        {"TimeGenerated": "soon"}, {"EventID": "12 apples"}, {"EventID": str(2**40)},
    ]  # fmt: skip


def test_whole_numbers_that_lose_digits_as_reals_are_kept() -> None:
    given = {"CounterValue": ["9007199254740993", "1e400", "0.25", "7", None]}
    frame = exports.frame_of("Perf", given, range(5), Clock())
    assert frame["CounterValue"].to_list() == [9007199254740992.0, float("inf"), 0.25, 7.0, None]
    assert kept(frame) == [
        {"CounterValue": "9007199254740993"}, {"CounterValue": "1e400"}, {}, {}, {},
    ]  # fmt: skip
    assert "_extra" not in exports.frame_of("Perf", {"CounterValue": [1e300]}, [1], Clock()).columns


FAR = 1 << 62


@pytest.mark.parametrize(
    ("column", "said"),
    [
        (pl.Series([5, FAR], dtype=pl.Datetime("ms")), f"{FAR} ms since 1970"),
        (pl.Series([5, FAR], dtype=pl.Datetime("us", "UTC")), f"{FAR} us since 1970"),
        (pl.Series([5, 2**31 - 1], dtype=pl.Int32).cast(pl.Date), f"{2**31 - 1} days since 1970"),
        (pl.Series([5, FAR], dtype=pl.Duration("ms")), f"{FAR} ms"),
    ],
)
@pytest.mark.parametrize("table", ["records", "AppRequests"])
def test_times_of_a_columnar_file_beyond_all_calendars_are_kept_as_their_counts(
    column: pl.Series, said: str, table: str
) -> None:
    if table == "AppRequests" and isinstance(column.dtype, pl.Duration):
        column = column.cast(pl.Int64).cast(pl.Datetime("ms"))
        said += " since 1970"
    frame = exports.frame_of(table, {"TimeGenerated": column}, [1, 2], Clock())
    assert frame["TimeGenerated"].is_null().to_list() == [False, True]
    assert kept(frame) == [{}, {"TimeGenerated": said}]


def test_clocks_and_decimals_of_a_columnar_file_are_plain_text() -> None:
    given = {"at": pl.Series([time(10, 0, 1)]), "sum": pl.Series([Decimal("1.50")])}
    frame = exports.frame_of("records", given, [1], Clock())
    assert frame.select("at", "sum").rows() == [("10:00:01", "1.50")]


def test_a_result_of_osquery_whose_time_is_none_keeps_it() -> None:
    row = {"name": "p", "hostIdentifier": "h", "action": "added", "columns": {"pid": "1"}}
    frame = mapped(row | {"unixTime": "soon"}, row | {"unixTime": 1412123850})
    assert frame["TimeGenerated"].is_null().to_list() == [True, False]
    assert "soon" in frame["_about"][0]
    other = mapped(row | {"unixTime": "soon", "calendarTime": "Wed Oct  1 00:37:30 2014 UTC"})
    assert other["TimeGenerated"][0].timestamp() == 1412123850
    assert kept(mapped(row | {"calendarTime": "later"})) == [{"TimeGenerated": "later"}]


def test_a_record_of_zeek_with_another_time_keeps_it() -> None:
    row = {"ts": 1700000000.5, "uid": "C1", "_path": "weird", "TimeGenerated": "2020-01-01T00:00Z"}
    frame = mapped(row)
    assert frame["TimeGenerated"][0].timestamp() == 1700000000.5
    assert "2020-01-01" in kept(frame)[0]["TimeGenerated"]


def test_a_diagnostic_field_that_only_looks_like_a_time_is_kept() -> None:
    row = {
        "time": "2024-05-01T10:00:00Z", "category": "Odd", "resourceId": "/SUBSCRIPTIONS/1",
        "operationName": "x", "properties": {"due": "2024-13-45T99:00:00Z"},
    }  # fmt: skip
    frame = mapped(row)
    assert "2024-13-45T99:00:00Z" in str(frame.row(0))
