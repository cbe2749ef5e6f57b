"""Access logs of the proxy Squid in its own format (``logformat squid``).

Format: https://wiki.squid-cache.org/Features/LogFormat. Text is never None, ``-`` means not there.
What was configured to follow the content's type is in ``_extra``.
"""

import re
from collections.abc import Iterator
from typing import Any, BinaryIO

from huntkit.formats.batch import Batch, Ledger
from huntkit.formats.format import Head, ReadOptions
from huntkit.formats.limits import Limits
from huntkit.formats.lines import line_records

name = "squid"
suffixes = frozenset({"log"})

NOT_SQUID = "not a record of Squid"
_LINE = re.compile(
    r"\s{0,9}(?P<Time>\d{9,10}\.\d{3}) +(?P<Duration>-?\d{1,12}) (?P<Client>\S{1,255})"
    r" (?P<ResultCode>[A-Z][A-Z_]{2,60})/(?P<Status>\d{3}) (?P<Bytes>\d{1,18})"
    r" (?P<Method>[A-Za-z_\-:]{1,32}|-) (?P<Url>\S+) (?P<User>\S{1,1024})"
    r" (?P<PeerStatus>[A-Z][A-Z_0-9]{2,60}|-)/(?P<PeerHost>\S{1,255}) (?P<ContentType>\S{1,255})"
    r"(?: (?P<_extra>.*))?$",
    re.DOTALL,
)
_NUMBERS = ("Duration", "Status", "Bytes")


def sniff(head: Head) -> int:
    """Seconds with decimals, a result such as ``TCP_MISS/200``, and a peer make most lines."""
    return 92 if head.share(_LINE.match) >= 0.8 else 0


def read(stream: BinaryIO, *, name: str, limits: Limits, options: ReadOptions) -> Iterator[Batch]:
    """One record per request."""
    del name
    ledger = Ledger("squid")
    yield from ledger.settle(
        line_records(
            stream, ledger, parse_line, reason=NOT_SQUID, limits=limits, encoding=options.encoding
        )
    )


def parse_line(text: str) -> dict[str, Any] | None:
    """One request by field name, or None if the line is no record of Squid.

    Examples:
        >>> line = ("1709547153.521    502 10.1.2.3 TCP_MISS/200 216 GET http://corp.example/a ana "
        ...         "HIER_DIRECT/203.0.113.7 text/html")
        >>> found = parse_line(line)
        >>> found["Client"], found["Status"], found["User"], found["PeerHost"]
        ('10.1.2.3', 200, 'ana', '203.0.113.7')
    """
    found = _LINE.match(text)
    if found is None:
        return None
    record: dict[str, Any] = {
        field: "" if value == "-" else value
        for field, value in found.groupdict().items()
        if value is not None
    }
    for field in _NUMBERS:
        record[field] = int(record[field])
    return record
