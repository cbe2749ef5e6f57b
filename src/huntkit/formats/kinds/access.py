r"""Access logs of Apache, nginx and whatever else writes the common or the combined format.

Format: https://httpd.apache.org/docs/2.4/logs.html#accesslog. A name of the virtual host in front
and fields after the user agent (in ``_extra``) are read too. Numbers are integers or None, text is
never None, ``-`` means not there. What servers escape (``\"``, ``\x22``) stays as they wrote it.
A request that is no ``METHOD url HTTP/x`` has an empty method, and its text is in ``Request``.
"""

import re
from collections.abc import Iterator
from typing import Any, BinaryIO

from huntkit.formats.batch import Batch, Ledger
from huntkit.formats.format import Head, ReadOptions
from huntkit.formats.limits import Limits
from huntkit.formats.lines import line_records

name = "access"
suffixes = frozenset({"log"})

NOT_ACCESS = "not an access record"
_QUOTED = r'"((?:[^"\\]|\\.)*+)"'
_LINE = re.compile(
    r'([^\["]{5,1024}) \[(\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4})\] '
    + _QUOTED
    + r" (\d{3}|-) (\d{1,18}|-)(?= |$)"
    + rf"(?: {_QUOTED} {_QUOTED}(?= |$))?"
)
_REQUEST = re.compile(r"([A-Za-z_\-]{1,32}) (.*) (HTTP/\d(?:\.\d)?)\Z", re.DOTALL)
_OLD = re.compile(r"(GET|HEAD|POST) (/\S*)\Z")  # HTTP/0.9 knows no version
_VHOST = re.compile(r"[A-Za-z0-9.\-_\[\]:]{1,255}\Z")
_FEWEST, _NAMED = 3, 4  # host, ident and user; a virtual host before them


def sniff(head: Head) -> int:
    """Client, time in square brackets, quoted request, status and size make most lines."""
    return 90 if head.share(_LINE.match) >= 0.8 else 0


def read(stream: BinaryIO, *, name: str, limits: Limits, options: ReadOptions) -> Iterator[Batch]:
    """One record per request."""
    del name
    ledger = Ledger("access")
    yield from ledger.settle(
        line_records(
            stream, ledger, parse_line, reason=NOT_ACCESS, limits=limits, encoding=options.encoding
        )
    )


def parse_line(text: str) -> dict[str, Any] | None:
    """One request by field name, or None if the line is no access record.

    Examples:
        >>> line = '203.0.113.7 - ana [06/May/2024:07:08:09 +0200] "GET /a HTTP/1.1" 200 12'
        >>> found = parse_line(line)
        >>> found["Client"], found["User"], found["Method"], found["Url"], found["Status"]
        ('203.0.113.7', 'ana', 'GET', '/a', 200)
    """
    found = _LINE.match(text)
    if found is None:
        return None
    who, when, request, status, size, referrer, agent = found.groups()
    words = who.split(" ")
    if len(words) < _FEWEST:
        return None
    named = len(words) >= _NAMED and words[2] == "-" and _VHOST.match(words[0])
    vhost = words.pop(0) if named else ""
    made: dict[str, Any] = {
        "VirtualHost": vhost,
        "Client": _there(words[0]),
        "Ident": _there(words[1]),
        "User": _there(" ".join(words[2:])),
        "Time": when,
        **_request(request),
        "Status": _number(status),
        "Bytes": _number(size),
        "Referrer": _there(referrer or ""),
        "UserAgent": _there(agent or ""),
    }
    if rest := text[found.end() :].strip():
        made["_extra"] = rest
    return made


def _request(text: str) -> dict[str, str]:
    parts = _REQUEST.match(text) or _OLD.match(text)
    if parts is None:
        return {"Method": "", "Url": "", "Version": "", "Request": _there(text)}
    version = parts[3] if parts.re is _REQUEST else ""
    return {"Method": parts[1], "Url": parts[2], "Version": version}


def _there(value: str) -> str:
    return "" if value == "-" else value


def _number(value: str) -> int | None:
    return int(value) if value.isascii() and value.isdigit() else None
