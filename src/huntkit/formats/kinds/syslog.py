"""Syslog files in the forms of RFC 3164, RFC 5424 and rsyslog, with events of firewalls in them.

A record is ``{"timestamp", "host", "app", "pid", "msgid", "facility", "severity", "priority",
"structured", "message", "year_missing", "zone_missing"}``. Text is never null; `priority` is None,
and `facility` and `severity` empty, where the file does not have it. `structured` maps the id of
each RFC 5424 element to its parameters. ``year_missing`` and ``zone_missing`` say what the
timestamp does not: it is left as it stands in the file.

A message that is a CEF (LEEF) event comes in a batch of kind ``cef`` (``leef``): the header's
fields, ``Extensions``, and the syslog fields around it in ``Syslog`` (None without syslog). So do
the lines of firewalls that `huntkit.formats.firewalls` knows.
"""

import re
from collections.abc import Iterator
from typing import Any, BinaryIO

from huntkit.core.errors import FormatError
from huntkit.formats import cef, firewalls
from huntkit.formats.batch import Batch, Ledger
from huntkit.formats.format import Head, ReadOptions
from huntkit.formats.limits import Limits
from huntkit.formats.lines import text_lines

name = "syslog"
suffixes = frozenset({"log", "syslog", "cef", "leef"})

NOT_SYSLOG = "not a syslog line"
BAD_CEF = "broken CEF or LEEF header"

_FACILITIES = [
    "kern",
    "user",
    "mail",
    "daemon",
    "auth",
    "syslog",
    "lpr",
    "news",
    "uucp",
    "cron",
    "authpriv",
    "ftp",
    "ntp",
    "audit",
    "alert",
    "clock",
    "local0",
    "local1",
    "local2",
    "local3",
    "local4",
    "local5",
    "local6",
    "local7",
]
_SEVERITIES = ["emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"]

_ISO = r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?P<zone{0}>\s?(?:Z|[+-]\d\d:?\d\d))?"
_PRIORITY = r"(?:<(?P<priority>\d{1,3})>)?"
_RFC5424 = re.compile(
    _PRIORITY
    + r"1 (?P<timestamp>-|" + _ISO.replace("{0}", "") + r") (?P<host>\S{1,255}) (?P<app>\S{1,255})"
    + r" (?P<pid>\S{1,128}) (?P<msgid>\S{1,128}) (?P<rest>(?:-|\[).*)$",
    re.DOTALL,
)  # fmt: skip
# Cisco counts its messages, may name itself before the time, and marks a clock that is not set.
_CISCO = r"(?:\d{1,10}: (?:(?P<device>[A-Za-z][\w.\-]{0,254}): )?)?[:*.]?"
_RFC3164 = re.compile(
    _PRIORITY + _CISCO
    + r"(?P<timestamp>(?P<month>[A-Z][a-z]{2}) [ \d]?\d(?P<year> \d{4})? "
    + r"\d\d:\d\d:\d\d(?:\.\d{1,9})?"
    + r"(?P<year2> \d{4})?(?: (?P<zone>(?:UTC|GMT|CES?T|[A-Z][SD]T)(?=[ :]))?)?|"
    + _ISO.replace("{0}", "2") + r")"
    + r":? +(?P<rest>.*)$",
    re.DOTALL,
)  # fmt: skip
_HOST = re.compile(r"(?P<host>[\w.:\-@]{1,255}) +")
_TAG = re.compile(
    r"(?P<app>[^\s\[\]:(){}\"']{1,128})(?:\([^)]{0,64}\))?"
    r"(?:\[(?P<pid>[^\]]{0,64})\])?: ?"
)
_ELEMENT = re.compile(
    r'\[([^\s=\]"]{1,64})((?: [^\s=\]"]{1,64}="(?:[^"\\\]]|\\.)*")*) ?\]', re.DOTALL
)
_PARAMETER = re.compile(r' ([^\s=\]"]{1,64})="((?:[^"\\\]]|\\.)*)"', re.DOTALL)
_MONTHS = frozenset(
    {"Jan", "Feb", "Mar", "Apr", "May", "Jun"} | {"Jul", "Aug", "Sep", "Oct", "Nov", "Dec"}
)


def sniff(head: Head) -> int:
    """Most lines have a syslog header or are events of firewalls."""
    lines = [line for line in head.lines[:50] if not line.startswith((" ", "\t"))]
    if not lines:
        return 0
    hits = sum(1 for line in lines if _is_event(line) or parse_line(line) is not None)
    if hits < len(lines):
        bare = [line for line in lines if firewalls.is_line(line)]
        # With names in front, Palo Alto's lines are a table that somebody exported.
        headed = lines[0] not in bare and any(firewalls.is_palo_alto(line) for line in bare)
        hits += 0 if headed else sum(parse_line(line) is None for line in bare)
    return 80 if hits >= 0.8 * len(lines) else 0


def _is_event(line: str) -> bool:
    return line.startswith(("CEF:", "LEEF:"))


def read(stream: BinaryIO, *, name: str, limits: Limits, options: ReadOptions) -> Iterator[Batch]:
    """The messages; a line that begins with a blank continues the message before it."""
    del name
    ledger = Ledger("syslog")
    blocks = text_lines(stream, ledger, limits=limits, encoding=options.encoding)
    yield from ledger.settle(_batches(blocks, _Held(ledger, limits)))


def _batches(blocks: Iterator[list[tuple[int, str]]], held: "_Held") -> Iterator[Batch]:
    try:
        for lines in blocks:
            for number, text in lines:
                held.add(number, text)
            yield from held.batches()
    except FormatError:
        yield from held.batches(ended=True)
        raise
    yield from held.batches(ended=True)


def parse_line(text: str) -> dict[str, Any] | None:
    """One message, or None if the line has no syslog header.

    Examples:
        >>> record = parse_line("<34>Oct 11 22:14:15 web1 su[77]: 'su root' failed")
        >>> record["host"], record["app"], record["pid"], record["severity"], record["message"]
        ('web1', 'su', '77', 'crit', "'su root' failed")
        >>> record["timestamp"], record["year_missing"], record["zone_missing"]
        ('Oct 11 22:14:15', True, True)
    """
    found = _RFC5424.match(text)
    if found is not None:
        return _modern(found)
    found = _RFC3164.match(text)
    if found is not None and (found["month"] is None or found["month"] in _MONTHS):
        return _classic(found)
    return None


def _record(found: re.Match[str]) -> dict[str, Any]:
    priority = int(found["priority"]) if found["priority"] else None
    known = priority is not None and priority < 8 * len(_FACILITIES)
    return {
        "timestamp": found["timestamp"].strip(),
        "host": "",
        "app": "",
        "pid": "",
        "msgid": "",
        "facility": _FACILITIES[priority >> 3] if known and priority is not None else "",
        "severity": _SEVERITIES[priority & 7] if known and priority is not None else "",
        "priority": priority,
        "structured": {},
        "message": "",
        "year_missing": False,
        "zone_missing": False,
    }


def _modern(found: re.Match[str]) -> dict[str, Any]:
    record = _record(found)
    for part in ("timestamp", "host", "app", "pid", "msgid"):
        value = found[part]
        record[part] = "" if value == "-" else value
    record["zone_missing"] = bool(record["timestamp"]) and not found["zone"]
    record["structured"], message = _structured(found["rest"])
    record["message"] = message.removeprefix("\ufeff")
    return record


def _structured(text: str) -> tuple[dict[str, dict[str, str]], str]:
    """The structured data in front, and the message after it."""
    if text.startswith("-"):
        return {}, text[1:].removeprefix(" ")
    elements: dict[str, dict[str, str]] = {}
    at = 0
    while element := _ELEMENT.match(text, at):
        parameters = elements.setdefault(element[1], {})
        for key, value in _PARAMETER.findall(element[2]):
            plain = re.sub(r'\\(["\\\]])', r"\1", value)
            parameters[key] = f"{parameters[key]}, {plain}" if key in parameters else plain
        at = element.end()
    return elements, text[at:].removeprefix(" ")


def _classic(found: re.Match[str]) -> dict[str, Any]:
    record = _record(found)
    is_iso = found["month"] is None
    record["year_missing"] = not is_iso and not (found["year"] or found["year2"])
    record["zone_missing"] = not (found["zone2"] if is_iso else found["zone"])
    rest = found["rest"]
    event = cef.find_event(rest)
    # A tag may stand where the host should be ("last message repeated" and some devices).
    host = _HOST.match(rest)
    is_tag = host is not None and host["host"].endswith(":")
    if host and not is_tag and not (event and event[1] < host.end()):
        record["host"] = host["host"]
        rest = rest[host.end() :].removeprefix(": ")
    elif found["device"]:
        record["host"] = found["device"]
    tag = None if _is_event(rest) else _TAG.match(rest)
    if tag:
        record["app"], record["pid"] = tag["app"], tag["pid"] or ""
        rest = rest[tag.end() :]
    record["message"] = rest
    return record


class _Held:
    """Messages on their way into batches, apart by kind."""

    def __init__(self, ledger: Ledger, limits: Limits) -> None:
        self._ledger = ledger
        self._limits = limits
        self._found: dict[str, tuple[list[int], list[dict[str, Any]]]] = {}
        self._last: dict[str, Any] | None = None  # the syslog record that a line may continue
        self._extra_rows = 0
        self._firewalls = firewalls.Firewalls()

    def add(self, number: int, text: str) -> None:
        """Take a line."""
        record = None if _is_event(text) else parse_line(text)
        fired = None if _is_event(text) else self._firewalls.event(record, text)
        if fired is not None:
            self._last = None
            self._keep("cef", number, fired)
            return
        if record is None and not _is_event(text):
            self._continue(number, text)
            return
        message = text if record is None else record["message"]
        event = cef.find_event(message)
        self._last = record
        parsed = None
        if event is not None and event[1] == 0:
            parse = cef.parse_cef if event[0] == "cef" else cef.parse_leef
            parsed = parse(message, max_fields=self._limits.max_fields)
        if event is not None and parsed is not None:
            parsed["Syslog"] = None if record is None else {**record, "message": ""}
            self._last = None
            self._keep(event[0], number, parsed)
        elif record is not None:
            self._keep("syslog", number, record)
        else:
            self._ledger.skip(number, BAD_CEF, text)

    def _keep(self, kind: str, number: int, record: dict[str, Any]) -> None:
        numbers, records = self._found.setdefault(kind, ([], []))
        numbers.append(number)
        records.append(record)

    def _continue(self, number: int, text: str) -> None:
        last = self._last
        room = last is not None and len(last["message"]) < self._limits.max_line_bytes
        if last is not None and room and text.startswith((" ", "\t")):
            last["message"] += "\n" + text
            self._extra_rows += 1
        else:
            self._ledger.skip(number, NOT_SYSLOG, text)

    def batches(self, *, ended: bool = False) -> Iterator[Batch]:
        """What was taken, one batch per kind; the last message waits, it may go on."""
        waiting = None
        if not ended and self._last is not None and "syslog" in self._found:
            numbers, records = self._found["syslog"]
            if records and records[-1] is self._last:
                waiting = numbers.pop(), records.pop()
        found, self._found = self._found, {}
        if waiting is not None:
            self._keep("syslog", *waiting)
        for kind, (numbers, records) in found.items():
            if records:
                extra = self._extra_rows if kind == "syslog" else 0
                self._extra_rows -= extra
                yield self._ledger.batch(
                    numbers, records=records, rows=len(numbers) + extra, kind=kind
                )
