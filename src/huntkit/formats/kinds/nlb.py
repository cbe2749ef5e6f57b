"""Access logs of Amazon's Network Load Balancer, which writes them for its TLS listeners.

Fields and order: AWS's "Access logs for your Network Load Balancer" and, for the last one, Athena's
"Querying Network Load Balancer logs". All values are texts, as in Sentinel's AWSNLBAccessLogs;
``-`` means not there. Fields that AWS adds after those known here are in ``_extra``.
"""

import re
from collections.abc import Iterator
from typing import Any, BinaryIO

from huntkit.formats.batch import Batch, Ledger
from huntkit.formats.format import Head, ReadOptions
from huntkit.formats.limits import Limits
from huntkit.formats.lines import line_records

name = "nlb"
suffixes = frozenset({"log", "txt"})

NOT_NLB = "not a network load balancer's record"
FIELDS = (
    "Type",
    "Version",
    "Time",
    "Nlb",
    "Listener",
    "Client",
    "Target",
    "ConnectionTime",
    "TlsHandshakeTime",
    "ReceivedBytes",
    "SentBytes",
    "IncomingTlsAlert",
    "ChosenCertArn",
    "ChosenCertSerial",
    "TlsCipher",
    "TlsProtocolVersion",
    "TlsNamedGroup",
    "DomainName",
    "AlpnFeProtocol",
    "AlpnBeProtocol",
    "AlpnClientPreferenceList",
    "TlsConnectionCreationTime",
)
_FEWEST = FIELDS.index("SentBytes") + 1
_PEER = r"(?:-|\S{1,64}:\d{1,5})"
_COUNT = r"(?:-|-1|\d{1,18})"
_LINE = re.compile(
    r"tls \d{1,3}\.\d{1,3} \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z? \S{1,256} \S{1,64}"
    rf" {_PEER} {_PEER}(?: {_COUNT}){{4}}(?: |$)"
)


def sniff(head: Head) -> int:
    """Their type, version and time begin a line."""
    return 92 if head.share(_LINE.match) >= 0.8 else 0


def read(stream: BinaryIO, *, name: str, limits: Limits, options: ReadOptions) -> Iterator[Batch]:
    """One record per connection."""
    del name
    ledger = Ledger("nlb")
    yield from ledger.settle(
        line_records(
            stream, ledger, parse_line, reason=NOT_NLB, limits=limits, encoding=options.encoding
        )
    )


def parse_line(text: str) -> dict[str, Any] | None:
    """One connection by field name, or None if the line is no access record.

    Examples:
        >>> line = "tls 2.0 2024-03-04T10:12:33 net/w/1 l 203.0.113.7:2817 - 5 2 98 246"
        >>> found = parse_line(line)
        >>> found["Client"], found["Target"], found["SentBytes"]
        ('203.0.113.7:2817', '', '246')
    """
    text = text.rstrip()
    if _LINE.match(text) is None:
        return None
    values = text.split(" ")
    if len(values) < _FEWEST:
        return None
    record: dict[str, Any] = {
        field: "" if value == "-" else value for field, value in zip(FIELDS, values, strict=False)
    }
    if len(values) > len(FIELDS):
        record["_extra"] = values[len(FIELDS) :]
    return record
