"""Flow logs of Amazon VPC, with their header or in the default format of version 2.

Fields: https://docs.aws.amazon.com/vpc/latest/userguide/flow-log-records.html. A record has the
fields by AWS's names, as text; ``-`` is empty. Where CloudWatch put its own time in front of a line
without a header it is left out: the record has the flow's.
"""

import re
from collections.abc import Iterator
from typing import Any, BinaryIO

from huntkit.formats.batch import Batch, Ledger
from huntkit.formats.format import Head, ReadOptions
from huntkit.formats.limits import Limits
from huntkit.formats.lines import line_records

name = "vpcflow"
suffixes = frozenset({"log", "txt"})

NOT_FLOW = "not a flow record"
DEFAULT = (
    "version", "account-id", "interface-id", "srcaddr", "dstaddr", "srcport", "dstport",
    "protocol", "packets", "bytes", "start", "end", "action", "log-status",
)  # fmt: skip
_KNOWN = frozenset(DEFAULT) | {
    "vpc-id", "subnet-id", "instance-id", "tcp-flags", "type", "pkt-srcaddr", "pkt-dstaddr",
    "region", "az-id", "sublocation-type", "sublocation-id", "pkt-src-aws-service",
    "pkt-dst-aws-service", "flow-direction", "traffic-path", "reject-reason", "resource-id",
    "ecs-cluster-arn", "ecs-cluster-name", "ecs-container-instance-arn",
    "ecs-container-instance-id", "ecs-container-id", "ecs-second-container-id",
    "ecs-service-name", "ecs-task-definition-arn", "ecs-task-arn", "ecs-task-id",
}  # fmt: skip
_FEWEST = 4
_PLAIN = re.compile(
    r"(?:\d{4}-\d\d-\d\dT[\d:.]{8,16}Z )?"
    r"(2 (?:\d{12}|unknown) [a-z]{1,8}-[0-9a-zA-Z]{1,64}(?: \S{1,64}){9}"
    r" (?:ACCEPT|REJECT|-) (?:OK|NODATA|SKIPDATA))$"
)


def sniff(head: Head) -> int:
    """A header of known names, or lines of the default format."""
    lines = head.lines[:50]
    if not lines:
        return 0
    if _header(lines[0]):
        return 93
    return 93 if sum(1 for line in lines if _PLAIN.match(line)) >= 0.8 * len(lines) else 0


def _header(line: str) -> list[str]:
    """The names in a header line; nothing if it is none.

    Examples:
        >>> _header("srcaddr dstaddr action start"), _header("start of the day")
        (['srcaddr', 'dstaddr', 'action', 'start'], [])
    """
    names = line[:4_096].strip().split(" ")
    known = len(names) >= _FEWEST and _KNOWN.issuperset(names) and len(set(names)) == len(names)
    return names if known else []


def read(stream: BinaryIO, *, name: str, limits: Limits, options: ReadOptions) -> Iterator[Batch]:
    """One record per flow."""
    del name
    ledger = Ledger("vpcflow")
    header: list[str] = []

    def parse(text: str) -> dict[str, Any] | None:
        if names := _header(text):
            header[:] = names  # files that were put together have several
            return {}
        return _record(text, header)

    yield from ledger.settle(
        line_records(
            stream, ledger, parse, reason=NOT_FLOW, limits=limits, encoding=options.encoding
        )
    )


def _record(text: str, header: list[str]) -> dict[str, Any] | None:
    values = text.strip().split(" ")
    names: list[str] | tuple[str, ...] = header
    if not header:
        found = _PLAIN.match(text.strip())
        if found is None:
            return None
        values, names = found[1].split(" "), DEFAULT
    if len(values) != len(names):
        return None
    pairs = zip(names, values, strict=True)
    return {field: "" if value == "-" else value for field, value in pairs}
