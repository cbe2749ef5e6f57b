"""What audit and syslog records look like before the mapping files see them."""

from calendar import isleap
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from huntkit.formats.audit_lines import parse_line
from huntkit.formats.audit_names import syscall_name
from huntkit.sources.local.mapping import times
from huntkit.sources.local.mapping.layouts import xml_event
from huntkit.sources.local.mapping.values import to_text

Row = dict[str, Any]
_MONTHS = {
    "Jan": 1, "Feb": 2, "Mar": 3, "Apr": 4, "May": 5, "Jun": 6,
    "Jul": 7, "Aug": 8, "Sep": 9, "Oct": 10, "Nov": 11, "Dec": 12,
}  # fmt: skip
_Parts = tuple[int, int, int, int, int, int]
_EXECVE = frozenset({"EXECVE", "AUOMS_EXECVE"})
_EXECUTING = frozenset({"execve", "execveat"})
_NO_YEAR = "year unknown"
_NAMED = {"UTC": UTC, "GMT": UTC}


def audit_row(event: Row) -> Row:
    """One audit event as a flat record: the fields of all its lines, the first of a name.

    ``cmdline`` is the arguments of EXECVE in one text, else the process's title or what sudo was
    given; ``paths`` the names of its PATH lines.
    ``SYSCALL`` is the name of the system call, where it is known. ``_command`` is the command line,
    or else the program.
    """
    given = event.get("records")
    lines = [line for line in given if isinstance(line, dict)] if isinstance(given, list) else []
    types = [to_text(line.get("type")) or "" for line in lines]
    row: Row = {}
    paths = []
    for kind, line in zip(reversed(types), reversed(lines), strict=True):
        if kind == "PATH":
            paths.append(line.get("name"))
        if kind in _EXECVE:
            row.update({n: value for n, value in line.items() if not _is_argument(n)})
        else:
            row.update(line)
    row.pop("type", None)
    argv = row.pop("argv", None)
    if isinstance(argv, list) and argv:
        row["cmdline"] = " ".join(to_text(each) or "" for each in argv)
    elif told := row.get("proctitle") or row.get("cmd"):  # the latter is sudo's (USER_CMD)
        row.setdefault("cmdline", told)
    if "SYSCALL" not in row and isinstance(number := row.get("syscall"), str):
        row["SYSCALL"] = _syscall(row.get("arch"), number) or number
    for resolved, user, uid in (("UID", "user", "uid"), ("AUID", "audit_user", "auid")):
        if row.get(uid) == "0" and resolved not in row and user not in row:
            row[resolved] = "root"  # on every system; other names only the log can tell
    kinds = list(dict.fromkeys(types))
    row["_types"] = kinds
    row["_type"] = (
        "SYSCALL_EXECVE" if {"SYSCALL", "EXECVE"} <= set(kinds) else next(iter(kinds), "")
    )
    row["_started"] = "yes" if _ran(kinds, row) else "no"
    row["_logon"] = "yes" if "USER_LOGIN" in kinds else "no"
    names = (row.get("acct"), row.get("ID"), "root" if row.get("id") == "0" else row.get("id"))
    row["_account"] = next((each for each in names if each), None)
    told = (row.get(name) for name in ("cmdline", "exe", "comm"))
    row["_command"] = next((each for each in told if each and each != "(null)"), None)
    row["_time"] = to_text(event.get("time_text") or event.get("time"))
    row["_serial"] = event.get("serial")
    row["_id"] = f"{row['_time']}:{event.get('serial')}"
    row["_node"] = to_text(event.get("node")) or to_text(row.get("node")) or ""
    row["_paths"] = paths[::-1] or None
    row["_lines"] = lines
    return row


def _ran(kinds: Sequence[str], row: Row) -> bool:
    """Whether a program was started; not every shipper keeps the line with its arguments."""
    called = "SYSCALL" in kinds and row.get("SYSCALL") in _EXECUTING
    return (called or not _EXECVE.isdisjoint(kinds)) and row.get("success") != "no"


def _is_argument(name: str) -> bool:
    return name[:1] == "a" and name[1:].partition("[")[0].isdigit()


@lru_cache(maxsize=4_096)
def _syscall(arch: object, number: str) -> str:
    return syscall_name(arch if isinstance(arch, str) else "", number)


def inner_events(
    rows: Sequence[Row], numbers: Sequence[int], field: str
) -> tuple[list[tuple[Row, int]], list[tuple[Row, int]]]:
    """Events that travel inside syslog messages: Windows-like XML (Sysmon), and audit records.

    Audit records of one node, time and serial are one event, with the number of the first.
    """
    events: list[tuple[Row, int]] = []
    audits: dict[tuple[str, str, int], tuple[Row, int]] = {}
    for row, number in zip(rows, numbers, strict=True):
        message = row.get(field)
        if not isinstance(message, str):
            continue
        if "<Event>" in message[:200]:
            start = message.index("<Event>")
            event = xml_event(message[start:].rstrip())
            if event is not None:
                events.append((event, number))
        elif "audit(" in message[:400] and (line := parse_line(message)) is not None:
            host = row.get("Computer") or row.get("HostName") or row.get("host")
            node = line.node or to_text(host) or ""
            made = {"time_text": line.time, "serial": line.serial, "node": node, "records": []}
            event, _ = audits.setdefault((node, line.time, line.serial), (made, number))
            event["records"].append(line.record)
    return events, list(audits.values())


class SyslogClock:
    """Times of syslog lines, which may lack the year and the zone."""

    def __init__(self, clock: times.Clock) -> None:
        zone = clock.assume_timezone
        self._zone = ZoneInfo(zone) if isinstance(zone, str) else zone
        self._year = clock.assume_year
        self._latest = _latest(clock, self._zone)
        self._last = (0, 0)  # month and day

    def stamp(self, row: Row) -> None:
        """Add ``_when`` (ISO text in UTC, or None) and ``_note`` to a record."""
        text = to_text(row.get("timestamp")) or ""
        row["_note"] = ""
        if not row.get("year_missing") and not row.get("zone_missing"):
            row["_when"] = text.replace(",", ".").replace(" ", "T", 1).replace(" ", "")
            if text[:3] in _MONTHS:
                row["_when"] = self._classic(text, row)
            return
        if text[:3] in _MONTHS:
            row["_when"] = self._classic(text, row)
            return
        row["_note"] = times.ASSUMED
        try:
            bare = datetime.fromisoformat(text.replace(",", ".")[:26])
        except ValueError:
            row["_when"] = None
            return
        row["_when"] = _iso(bare, self._zone)

    def _classic(self, text: str, row: Row) -> str | None:
        words = text.split()
        notes = []
        try:
            month, day = _MONTHS[words[0]], int(words[1])
            years = [int(word) for word in words[2:] if len(word) == 4 and word.isdigit()]
            clock = next(word for word in words[2:] if ":" in word)
            zones = [_NAMED[word] for word in words[2:] if word in _NAMED]
            hour, minute, second = clock.split(":")[:3]
            whole, _, part = second.partition(".")
            micro = int(part[:6].ljust(6, "0")) if part else 0
            parts = (month, day, int(hour), int(minute), int(whole), micro)
            year = years[0] if years else self._year_of(parts)
            if year is None:
                row["_note"] = _NO_YEAR
                return None
            bare = datetime(year, *parts)  # noqa: DTZ001  its zone is not known yet
        except (ValueError, IndexError, StopIteration):
            row["_note"] = _NO_YEAR if words[:2] == ["Feb", "29"] else ""
            return None
        if not years:
            notes.append(times.YEAR_ASSUMED)
        if not zones:
            notes.append(times.ASSUMED)
        row["_note"] = ", ".join(notes)
        return _iso(bare, zones[0] if zones else self._zone)

    def _year_of(self, parts: _Parts) -> int | None:
        """The assumed year, and the next ones after each turn of the year within the file.

        Without one, the last year in which the time is not after the file was written.
        """
        if self._year is None:
            return None if self._latest is None else _last_year(parts, self._latest)
        if (1, 1) <= self._last <= (1, 3) and parts[:2] >= (12, 29):
            return self._year - 1  # a line of the old year, written late
        if self._last[0] - parts[0] > 6:
            self._year += 1
        self._last = parts[:2]
        return self._year


def _latest(clock: times.Clock, zone: Any) -> datetime | None:
    """When the file was written, by the clock of its lines; a day more, for zones and drift."""
    written = clock.file_time
    if written is None:
        return None
    try:
        aware = written if written.tzinfo else written.replace(tzinfo=UTC)
        return aware.astimezone(zone or UTC).replace(tzinfo=None) + timedelta(days=1)
    except (ValueError, OverflowError):
        return None


def _last_year(parts: _Parts, latest: datetime) -> int:
    """The year that a time is in, if it is within the year before ``latest``."""
    here = (latest.month, latest.day, latest.hour, latest.minute, latest.second, latest.microsecond)
    year = latest.year if parts <= here else latest.year - 1
    if parts[:2] == (2, 29):
        while not isleap(year):
            year -= 1
    return year


def _iso(bare: datetime, zone: Any) -> str | None:
    try:
        aware = bare if bare.tzinfo else bare.replace(tzinfo=zone or timezone(timedelta(0)))
        return aware.astimezone(UTC).isoformat()
    except (ValueError, OverflowError):
        return None
