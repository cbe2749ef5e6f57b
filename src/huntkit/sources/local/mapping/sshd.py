"""Logons that sshd tells of in syslog, one for each try."""

import re
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import polars as pl

from huntkit.sources.local.mapping.values import ip_type

Row = dict[str, Any]
Told = tuple[Row, int]
Frames = list[tuple[str, pl.DataFrame]]

_MOST = 100  # tries of one line; sshd ends a connection after a few
_OPEN = 4_096  # connections of which is known what was told
_LONGEST = timedelta(minutes=15)  # of a connection before its logon; later a pid is another's
_NEEDED = ("ProcessName", "SyslogMessage", "_record")
_TAKEN = ("TimeGenerated", "Computer", "HostName", "ProcessID", "_time_note")

# The last " from" counts: the name is the visitor's, and may hold such words itself.
_FAILED = re.compile(
    r"Failed (?P<method>\S+) for (?P<invalid>(?:invalid|illegal) user )?(?P<user>.*) from "
    r"(?P<source>\S+) port (?P<port>\d{1,5})(?: (?P<protocol>ssh\d?))?(?:: (?P<key>.*))?$"
)
# Here the name is that of an account, and the key's own name may hold such words.
_ACCEPTED = re.compile(
    r"Accepted (?P<method>\S+) for (?P<user>.*?) from "
    r"(?P<source>\S+) port (?P<port>\d{1,5})(?: (?P<protocol>ssh\d?))?(?:: (?P<key>.*))?$"
)
# What tells of a try, too, but not alone and not once for each.
_SIGNS = (
    re.compile(
        r"(?P<invalid>Invalid|Illegal) user (?P<user>.*) from (?P<source>\S+?)"
        r"(?: port (?P<port>\d{1,5}))?$"
    ),
    re.compile(
        r"(?:Connection (?:closed|reset) by|Disconnected from|Disconnecting) "
        r"(?:authenticating|(?P<invalid>invalid)) user (?P<user>.*) (?P<source>\S+) "
        r"port (?P<port>\d{1,5})(?:: [^\[]*)?(?: \[preauth\])?$"
    ),
    re.compile(
        r"error: PAM: .{1,80}? for (?P<invalid>(?:invalid|illegal) user )?(?P<user>.*) from "
        r"(?P<source>\S+)(?: via \S+)?$"
    ),
    re.compile(
        r"(?:pam_\w+\([\w-]+:auth\): )?authentication failure; .*\brhost=(?P<source>\S+)"
        r"(?: +user=(?P<user>.*))?$"
    ),
)
_REPEATED = re.compile(r"message repeated (?P<times>\d{1,9}) times: \[ ?(?P<message>.*)$")
_AGAIN = re.compile(r"(?:--- )?last message repeated (?P<times>\d{1,9}) times?(?: ---)?$")
_TAG = re.compile(r"\[ID \d+ [\w.]+\] ")  # of Solaris, before the message
_OURS = (
    r"^(?:\[ID \d+ [\w.]+\] )?(?:Failed |Accepted |Invalid user |Illegal user |message repeated "
    r"|Connection (?:closed|reset) by (?:auth|inv)|Disconnect(?:ed from|ing) (?:auth|inv)"
    r"|error: PAM: |pam_\w+\([\w-]+:auth\): authentication failure;|authentication failure;)"
)
_LAST = r"^(?:--- )?last message repeated \d+ times?"


@dataclass(slots=True)
class _Connection:
    """What was told of a connection whose logon is not there yet.

    Attributes:
        at: when it was told first; None for unknown.
        sign: what will be its only failed logon if nothing better comes; None after that came.
    """

    at: datetime | None
    sign: Told | None


class SshLogons:
    """Finds the logons in the ``Syslog`` rows of one file, in their order.

    Each line "Accepted ..." is one logon and each "Failed ..." one failed try, as often as the
    message is said to be repeated. sshd and PAM say the same in other lines; those count only where
    the connection (host and pid) has no such line, and then once.
    """

    def __init__(self) -> None:
        self._open: OrderedDict[tuple[str, ...], _Connection] = OrderedDict()
        self._before: Row | None = None  # the last row of the frame before

    def of(self, frames: Iterable[tuple[str, pl.DataFrame]]) -> tuple[list[Row], list[int]]:
        """The logons in these tables, as records for the mapping file, and their numbers."""
        found: list[Told] = []
        for table, frame in frames:
            if table == "Syslog" and all(name in frame.columns for name in _NEEDED):
                self._look(frame, found)
        return _apart(found)

    def rest(self) -> tuple[list[Row], list[int]]:
        """What waited until the end of the file."""
        waiting = [each.sign for each in self._open.values() if each.sign is not None]
        self._open.clear()
        return _apart(waiting)

    def _look(self, frame: pl.DataFrame, found: list[Told]) -> None:
        message = pl.col("SyslogMessage")
        names = [name for name in (*_NEEDED, *_TAKEN) if name in frame.columns]
        chosen = frame.lazy().select(names).with_row_index("at")
        ours = pl.col("ProcessName").str.contains("sshd", literal=True) & message.str.contains(
            _OURS
        )
        rows = chosen.filter(ours | message.str.contains(_LAST)).collect().to_dicts()
        for row in rows:
            again = _AGAIN.match(row["SyslogMessage"])
            if again is None:
                self._take(row, row["SyslogMessage"], 1, found)
                continue
            at = row["at"]
            before = frame[at - 1].select(names).to_dicts()[0] if at else self._before
            if before is not None and _host(before) == _host(row) and "sshd" in _program(before):
                same = {**before, **{name: row[name] for name in ("_record", "TimeGenerated")}}
                self._take(same, before["SyslogMessage"] or "", int(again["times"]), found)
        if frame.height:
            self._before = frame[-1].select(names).to_dicts()[0]

    def _take(self, row: Row, message: str, times: int, found: list[Told]) -> None:
        if not _is_sshd(_program(row)):
            return
        message = _TAG.sub("", message.partition("\n")[0].rstrip(), count=1)
        repeated = _REPEATED.match(message)
        if repeated is not None:
            message, times = repeated["message"].removesuffix("]"), int(repeated["times"])
        accepted = _ACCEPTED.match(message)
        told = accepted or _FAILED.match(message)
        if told is not None and told["method"] != "none":  # that asks only what is possible
            logon = _logon(row, told, "LogonSuccess" if accepted else "LogonFailed")
            if times > 1:
                logon["repeated"] = times
            if not accepted:
                self._failed(row, logon, found)
            found += [(logon, row["_record"])] * max(1, min(times, _MOST))
            return
        sign = told or next((hit for each in _SIGNS if (hit := each.match(message))), None)
        if sign is not None:
            self._sign(row, _logon(row, sign, "LogonFailed"), found)

    def _failed(self, row: Row, logon: Row, found: list[Told]) -> None:
        """A try of which a better line than a sign tells."""
        key = _key(row, logon)
        there = self._open.pop(key, None)
        if there is not None and there.sign is not None and not _same(there.at, row):
            found.append(there.sign)
        self._keep(key, _Connection(row.get("TimeGenerated"), None), found)

    def _sign(self, row: Row, logon: Row, found: list[Told]) -> None:
        key = _key(row, logon)
        if not key:
            return
        there = self._open.get(key)
        if there is not None and _same(there.at, row):
            if there.sign is not None and not there.sign[0]["user"] and logon["user"]:
                there.sign = (logon, row["_record"])
            return
        if there is not None and there.sign is not None:
            found.append(there.sign)
        self._open.pop(key, None)
        sign = (logon, row["_record"])
        self._keep(key, _Connection(row.get("TimeGenerated"), sign), found)

    def _keep(self, key: tuple[str, ...], told: _Connection, found: list[Told]) -> None:
        if key:
            self._open[key] = told
        if len(self._open) > _OPEN:
            _, oldest = self._open.popitem(last=False)
            found += [oldest.sign] if oldest.sign is not None else []


def _logon(row: Row, told: re.Match[str], action: str) -> Row:
    given = told.groupdict()
    source = given["source"]
    address = source if ip_type(source) else None
    when = row.get("TimeGenerated")
    words = told[0].split(" for ")[0] if given.get("method") else told[0].split(" ")[0]
    invalid = bool(given.get("invalid"))
    failure = "Invalid user" if invalid else words if given.get("method") else ""
    return {
        "when": when.isoformat() if isinstance(when, datetime) else None,
        "note": row.get("_time_note") or "",
        "host": _host(row),
        "action": action,
        "user": given.get("user") or "",
        "address": address,
        "name": source if address is None and source != "UNKNOWN" else None,
        "port": given.get("port"),
        "protocol": given.get("protocol") or None,
        "failure": failure if action == "LogonFailed" else None,
        "program": _program(row),
        "pid": row.get("ProcessID"),
        "method": given.get("method"),
        "key": given.get("key"),
        "message": None if given.get("method") else told[0],
    }


def _key(row: Row, logon: Row) -> tuple[str, ...]:
    """What tells connections apart; empty where nothing does."""
    host = _host(row).lower()
    if row.get("ProcessID"):
        return host, str(row["ProcessID"])
    if logon["port"]:
        return host, str(logon["address"] or logon["name"]), logon["port"]
    return ()


def _same(at: datetime | None, row: Row) -> bool:
    """Whether a line is near enough in time to be of the same connection."""
    now = row.get("TimeGenerated")
    if not isinstance(at, datetime) or not isinstance(now, datetime):
        return True
    return abs(now - at) <= _LONGEST


def _host(row: Row) -> str:
    return row.get("Computer") or row.get("HostName") or ""


def _program(row: Row) -> str:
    return row.get("ProcessName") or ""


def _is_sshd(program: str) -> bool:
    """Newer versions answer in a program of its own."""
    name = program.replace("\\", "/").rpartition("/")[2].partition("(")[0].lower()
    return name.removesuffix(".exe") in ("sshd", "sshd-session", "sshd-auth")


def _apart(found: Sequence[Told]) -> tuple[list[Row], list[int]]:
    return [row for row, _ in found], [number for _, number in found]
