"""Server access logs of Amazon S3.

Fields and order: https://docs.aws.amazon.com/AmazonS3/latest/userguide/LogFormat.html. Numbers are
integers or None; text is never None; ``-`` means not there. Fields that AWS adds after those known
here are in ``_extra``.
"""

import re
from collections.abc import Iterator
from itertools import islice
from typing import Any, BinaryIO

from huntkit.formats.batch import Batch, Ledger
from huntkit.formats.format import Head, ReadOptions
from huntkit.formats.limits import Limits
from huntkit.formats.lines import line_records

name = "s3access"
suffixes = frozenset({"log", "txt"})

NOT_S3 = "not an S3 access record"

FIELDS = (
    "BucketOwner",
    "Bucket",
    "Time",
    "RemoteIp",
    "Requester",
    "RequestId",
    "Operation",
    "Key",
    "RequestUri",
    "HttpStatus",
    "ErrorCode",
    "BytesSent",
    "ObjectSize",
    "TotalTime",
    "TurnAroundTime",
    "Referer",
    "UserAgent",
    "VersionId",
    "HostId",
    "SignatureVersion",
    "CipherSuite",
    "AuthenticationType",
    "HostHeader",
    "TLSVersion",
    "AccessPointARN",
    "ACLRequired",
)
_NUMBERS = frozenset({"HttpStatus", "BytesSent", "ObjectSize", "TotalTime", "TurnAroundTime"})
_FEWEST = FIELDS.index("UserAgent") + 1
# S3 does not escape a quote inside a user agent, so a quote ends a field only before a blank.
_TOKEN = re.compile(r'\[([^\]]{0,64})\]|"((?:[^"]|"(?=[^ ])){0,16384})"(?= |$)|(\S+)')
_MOST_TOKENS = 64
_LINE = re.compile(r"\S{1,128} \S{1,64} \[\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}\] \S+ ")


def sniff(head: Head) -> int:
    """Owner, bucket and a time in square brackets begin most lines."""
    return 92 if head.share(_is_record) >= 0.8 else 0


def _is_record(line: str) -> bool:
    return _LINE.match(line) is not None and len(_tokens(line)) >= _FEWEST


def read(stream: BinaryIO, *, name: str, limits: Limits, options: ReadOptions) -> Iterator[Batch]:
    """One record per request."""
    del name
    ledger = Ledger("s3access")
    yield from ledger.settle(
        line_records(
            stream, ledger, parse_line, reason=NOT_S3, limits=limits, encoding=options.encoding
        )
    )


def parse_line(text: str) -> dict[str, Any] | None:
    """One request by field name, or None if the line is no access record."""
    tokens = _tokens(text)
    if len(tokens) < _FEWEST or not _LINE.match(text):
        return None
    record: dict[str, Any] = {
        field: _number(value) if field in _NUMBERS else _there(value)
        for field, value in zip(FIELDS, tokens, strict=False)
    }
    if len(tokens) > len(FIELDS):
        record["_extra"] = tokens[len(FIELDS) :]
    return record


def _tokens(text: str) -> list[str]:
    return ["".join(found.groups("")) for found in islice(_TOKEN.finditer(text), _MOST_TOKENS)]


def _there(value: str) -> str:
    return "" if value == "-" else value


def _number(value: str) -> int | None:
    return int(value) if value.isascii() and value.isdigit() and len(value) < 19 else None
