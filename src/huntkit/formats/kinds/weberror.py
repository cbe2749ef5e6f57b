"""Error logs of Apache and nginx.

Formats: https://httpd.apache.org/docs/2.4/logs.html#errorlog and
https://nginx.org/en/docs/ngx_core_module.html#error_log. A record's ``Product`` is ``Apache`` or
``nginx``; ``timestamp`` is ISO text without a zone, as the servers write it. A line without a
header, such as a script's own words, is a record of its ``Message`` alone.
"""

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any, BinaryIO

from huntkit.formats.batch import Batch, Ledger
from huntkit.formats.format import Head, ReadOptions
from huntkit.formats.limits import Limits
from huntkit.formats.lines import line_records

name = "weberror"
suffixes = frozenset({"log"})

_LEVELS = "emerg|alert|crit|error|warn|notice|info|debug|trace[1-8]"
_APACHE = re.compile(
    r"\[(?P<time>[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d)(?P<part>\.\d{1,6})?"
    r" (?P<year>\d{4})\]"
    rf" \[(?:(?P<module>[\w.\-]{{0,40}}):)?(?P<level>{_LEVELS})\]"
    r"(?: \[pid (?P<pid>\d{1,10})(?::tid (?P<tid>\d{1,20}))?\])?"
    r"(?: (?P<source>[\w.]{1,64}\(\d{1,6}\):))?"
    r"(?: \[(?:client|remote) (?P<client>[^\]\s]{1,128})\])? ?(?P<message>.*)$",
    re.DOTALL,
)
_NGINX = re.compile(
    rf"(?P<time>\d{{4}}/\d\d/\d\d \d\d:\d\d:\d\d) \[(?P<level>{_LEVELS})\]"
    r" (?P<pid>\d{1,10})#(?P<tid>\d{1,10}): (?:\*(?P<connection>\d{1,20}) )?(?P<message>.*)$",
    re.DOTALL,
)
# nginx ends a message with what it knows of the request. It does not escape what clients sent.
_KNOWN = re.compile(
    r", (client|server|request|subrequest|upstream|host|referrer): "
    r'("(?:[^"\\]|\\.)*"|[^,"]{0,1024})'
)
_CLIENTS = re.compile(r", client: ([^,\s]{1,128})")
_REQUEST = re.compile(r"([A-Za-z_\-]{1,32}) (\S+)(?: (HTTP/\d(?:\.\d)?))?\Z")
_ADDRESS = re.compile(r"\[?(?P<ip>[^\]]*?)\]?:(?P<port>\d{1,5})\Z")


def sniff(head: Head) -> int:
    """Most lines begin with a time, a level and a process as one of the servers writes them."""
    return 91 if head.share(_headed) >= 0.5 and _headed(head.lines[0]) else 0


def _headed(line: str) -> bool:
    return (_APACHE.match(line) or _NGINX.match(line)) is not None


def read(stream: BinaryIO, *, name: str, limits: Limits, options: ReadOptions) -> Iterator[Batch]:
    """One record per line."""
    del name
    ledger = Ledger("weberror")
    last = ""

    def parse(text: str) -> dict[str, Any]:
        nonlocal last
        record = parse_line(text)
        if record is None:
            return {"Product": last, "Message": text}
        last = record["Product"]
        return record

    yield from ledger.settle(
        line_records(stream, ledger, parse, reason="", limits=limits, encoding=options.encoding)
    )


def parse_line(text: str) -> dict[str, Any] | None:
    """One message by field name, or None if the line has no header.

    Examples:
        >>> line = ('2024/03/04 10:12:33 [error] 7#8: *9 open() "/x" failed, client: 203.0.113.7, '
        ...         'server: corp.example, request: "GET /x HTTP/1.1", host: "corp.example"')
        >>> found = parse_line(line)
        >>> found["Product"], found["Client"], found["Method"], found["Url"], found["Level"]
        ('nginx', '203.0.113.7', 'GET', '/x', 'error')
    """
    found = _NGINX.match(text)
    if found is not None:
        return _of_nginx(found)
    found = _APACHE.match(text)
    return None if found is None else _of_apache(found)


def _of_nginx(found: re.Match[str]) -> dict[str, Any]:
    message = found["message"]
    record = _record("nginx", found, found["time"].replace("/", "-").replace(" ", "T"))
    if found["connection"]:
        record["Connection"] = found["connection"]
    if len(set(_CLIENTS.findall(message))) > 1:  # one of them is a client's own words
        return record
    known = {key: value.strip('"') for key, value in _KNOWN.findall(message)}
    record |= _client(known.pop("client", "")) | _request(known)
    record["Referrer"] = known.pop("referrer", "")
    return record | {key.capitalize(): value for key, value in known.items()}


def _of_apache(found: re.Match[str]) -> dict[str, Any]:
    try:
        when = datetime.strptime(f"{found['time']} {found['year']}", "%a %b %d %H:%M:%S %Y")  # noqa: DTZ007  local
        time = when.isoformat() + (found["part"] or "")
    except ValueError:
        time = ""
    client = _client(found["client"] or "", has_port=found["pid"] is not None)
    record = _record("Apache", found, time) | client
    head, comma, referrer = found["message"].rpartition(", referer: ")
    record["Referrer"] = referrer if comma and head else ""
    if found["module"]:
        record["Module"] = found["module"]
    if found["source"]:
        record["Source"] = found["source"].rstrip(":")
    return record


def _record(product: str, found: re.Match[str], time: str) -> dict[str, Any]:
    return {
        "Product": product,
        "timestamp": time,
        "year_missing": False,
        "zone_missing": True,
        "Level": found["level"],
        "Pid": found["pid"],
        "Tid": found["tid"],
        "Message": found["message"],
    }


def _client(text: str, *, has_port: bool = False) -> dict[str, str]:
    """Address and port; an IPv6 address without brackets has a port only where that is known."""
    found = _ADDRESS.match(text) if has_port or text.count(":") == 1 else None
    if found is None:
        return {"Client": text, "ClientPort": ""}
    return {"Client": found["ip"], "ClientPort": found["port"]}


def _request(known: dict[str, str]) -> dict[str, str]:
    found = _REQUEST.match(known.get("request", ""))
    if found is None:
        return {}
    del known["request"]
    return {"Method": found[1], "Url": found[2], "Version": found[3] or ""}
