"""What a report says in short, as plain values: needs no data library, and goes through JSON."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import orjson

Row = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """Hosts or users: how many, the busiest with their records, and rows of the first."""

    total: int
    busiest: list[tuple[str, int]]
    rows: list[Row]


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What `huntkit open` says. Times are ISO text in UTC.

    Attributes:
        partial: something failed or is missing.
        failed: sections of the report that failed.
        problems: what failed, was skipped or was left out, and why.
        time_notes: what was assumed of times.
        first: the first time of any table; empty for none.
        last: the last.
        kept: source records that were kept.
        skipped: source records that were not.
        files: what was read, one row a file.
        tables: name rows first last hosts.
        hosts: who.
        users: who.
        alarming: notable events that alarm, and command lines that rules find high or critical.
        notable: how many notable events of each kind, with their tone; the alarming first.
        indicators: how many of each type.
        encoded: different encoded commands.
        risky: how many different command lines of each severity, the most severe first.
        riskiest: severity, title and hosts of the worst of them.
        failed_logons: how many.
        processes: how many.
        branches: title and host of the foremost process branches.
        standouts: how many findings stand out.
        outstanding: kind, what and host of the most unusual of them.
        not_judged: what nothing could be said of, as the page's tiles call it, and why.
        unjudged: what could not be judged of what stands out, in words.
        notes: what counts twice, and which hosts were taken for one.
    """

    partial: bool
    failed: list[str]
    problems: list[str]
    time_notes: list[str]
    first: str
    last: str
    kept: int
    skipped: int
    files: list[Row]
    tables: list[Row]
    hosts: Names
    users: Names
    alarming: int
    notable: dict[str, tuple[int, str]]
    indicators: dict[str, int]
    encoded: int
    risky: dict[str, int]
    riskiest: list[tuple[str, str, str]]
    failed_logons: int
    processes: int
    branches: list[tuple[str, str]]
    standouts: int
    outstanding: list[tuple[str, str, str]]
    not_judged: dict[str, str]
    unjudged: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def to_json(self) -> bytes:
        """The summary as bytes."""
        return orjson.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: bytes) -> "Summary":
        """The summary that gave these bytes."""
        plain = orjson.loads(text)
        return cls(
            **{
                **plain,
                "hosts": _names(plain["hosts"]),
                "users": _names(plain["users"]),
                "notable": {kind: tuple(told) for kind, told in plain["notable"].items()},
                "riskiest": [tuple(each) for each in plain["riskiest"]],
                "branches": [tuple(each) for each in plain["branches"]],
                "outstanding": [tuple(each) for each in plain["outstanding"]],
            }
        )


def _names(plain: Mapping[str, Any]) -> Names:
    return Names(**{**plain, "busiest": [tuple(each) for each in plain["busiest"]]})
