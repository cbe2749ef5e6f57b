"""Access logs of Amazon's load balancers: Application Load Balancer, and the classic one.

Fields and order: AWS's "Access logs for your Application Load Balancer" and "Access logs for your
Classic Load Balancer". Ports, states and bytes are integers or None; text is never None; ``-``
means not there. Fields that AWS adds after those known here are in ``_extra``.
"""

import re
from collections.abc import Iterator
from itertools import islice
from typing import Any, BinaryIO

from huntkit.formats.batch import Batch, Ledger
from huntkit.formats.format import Head, ReadOptions
from huntkit.formats.limits import Limits
from huntkit.formats.lines import line_records

name = "elb"
suffixes = frozenset({"log", "txt"})

NOT_ELB = "not a load balancer's record"
_COMMON = (
    "Time",
    "Elb",
    "Client",
    "Target",
    "RequestProcessingTime",
    "TargetProcessingTime",
    "ResponseProcessingTime",
    "ElbStatusCode",
    "TargetStatusCode",
    "ReceivedBytes",
    "SentBytes",
    "Request",
    "UserAgent",
    "SslCipher",
    "SslProtocol",
)
FIELDS = (
    "Type",
    *_COMMON,
    "TargetGroupArn",
    "TraceId",
    "DomainName",
    "ChosenCertArn",
    "MatchedRulePriority",
    "RequestCreationTime",
    "ActionsExecuted",
    "RedirectUrl",
    "ErrorReason",
    "TargetPortList",
    "TargetStatusCodeList",
    "Classification",
    "ClassificationReason",
    "ConnTraceId",
)
_FEWEST = _COMMON.index("Request") + 1
_NUMBERS = frozenset({"ElbStatusCode", "ReceivedBytes", "SentBytes"})
_TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z"
_PEER = r"(?:-|\S{1,64}:\d{1,5})"
_SPENT = r"(?:-1|-|\d{1,9}(?:\.\d{1,9})?)"
_LINE = re.compile(
    rf"(?:(?P<type>http|https|h2|grpcs|ws|wss) )?{_TIME} \S{{1,256}} \S{{1,64}}:\d{{1,5}} {_PEER}"
    rf" {_SPENT} {_SPENT} {_SPENT} (?:\d{{3}}|-) (?:\d{{3}}|-) \d{{1,18}} \d{{1,18}} \""
)
_TOKEN = re.compile(r'"((?:[^"\\]|\\.|"(?=[^ ])){0,16384})"(?= |$)|(\S+)')
_MOST_TOKENS = 64


def sniff(head: Head) -> int:
    """A time, a name, two addresses with ports, three durations, states and sizes begin a line."""
    return 92 if head.share(_LINE.match) >= 0.8 else 0


def read(stream: BinaryIO, *, name: str, limits: Limits, options: ReadOptions) -> Iterator[Batch]:
    """One record per request."""
    del name
    ledger = Ledger("elb")
    yield from ledger.settle(
        line_records(
            stream, ledger, parse_line, reason=NOT_ELB, limits=limits, encoding=options.encoding
        )
    )


def parse_line(text: str) -> dict[str, Any] | None:
    """One request by field name, or None if the line is no access record.

    Examples:
        >>> line = ('https 2024-03-04T10:12:33.5Z app/web/1 203.0.113.7:2817 10.0.0.66:80 0.1 0.2 0'
        ...         ' 200 200 34 366 "GET https://corp.example:443/ HTTP/1.1" "curl/8.0" - -')
        >>> found = parse_line(line)
        >>> found["Type"], found["ClientIp"], found["ClientPort"], found["UserAgent"]
        ('https', '203.0.113.7', 2817, 'curl/8.0')
    """
    found = _LINE.match(text)
    if found is None:
        return None
    tokens = ["".join(t.groups("")) for t in islice(_TOKEN.finditer(text), _MOST_TOKENS)]
    names = FIELDS if found["type"] else _COMMON
    if len(tokens) < _FEWEST:
        return None
    record: dict[str, Any] = {"Type": ""}
    for field, value in zip(names, tokens, strict=False):
        if field in ("Client", "Target"):
            address, _, port = value.rpartition(":")
            record[f"{field}Ip"], record[f"{field}Port"] = address.strip("[]"), _number(port)
        else:
            record[field] = _number(value) if field in _NUMBERS else _there(value)
    if len(tokens) > len(names):
        record["_extra"] = tokens[len(names) :]
    return record


def _there(value: str) -> str:
    return "" if value == "-" else value


def _number(value: str) -> int | None:
    return int(value) if value.isascii() and value.isdigit() and len(value) < 19 else None
