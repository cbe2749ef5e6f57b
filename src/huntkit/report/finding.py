"""One thing that stands out: what, how far, why, and where its rows are."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import polars as pl

MOST_PLACES = 3  # of the rows behind a finding; how many there are is said


@dataclass(frozen=True, slots=True)
class Strip:
    """A small picture: amounts side by side, or moments on a line.

    Attributes:
        told: what it shows.
        values: the heights of bars; empty for moments.
        moments: places on the line, from 0 to 1; empty for bars.
        marked: which bars are the finding.
    """

    told: str
    values: tuple[float, ...] = ()
    moments: tuple[float, ...] = ()
    marked: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that stands out.

    Attributes:
        kind: what kind of thing it is.
        what: the thing itself.
        code: its command line or the like; empty for none.
        score: how unusual, in the unit of its kind.
        unit: that unit.
        weight: the score beside those of other kinds; from 1 on it is most unusual.
        reason: the value, its count, and the base rate.
        factor: how much the score counts, where it counts less or more than others of its kind.
        factor_reason: why.
        host: where; empty for nowhere in particular.
        first: when it began.
        last: when it ended.
        rows: how many rows are behind it.
        places: file and record of the first of these.
        strip: a small picture.
    """

    kind: str
    what: str
    score: float
    unit: str
    weight: float
    reason: str
    factor: float = 1.0
    factor_reason: str = ""
    code: str = ""
    host: str = ""
    first: datetime | None = None
    last: datetime | None = None
    rows: int = 0
    places: tuple[tuple[str, int], ...] = ()
    strip: Strip | None = None


@dataclass(frozen=True, slots=True)
class Look:
    """What one look at the evidence gave.

    Attributes:
        findings: what it found.
        told: what was looked at, and how much of it.
        note: why it could not look, or not at everything; empty where it could.
    """

    findings: list[Finding] = field(default_factory=list)
    told: str = ""
    note: str = ""


def places(rows: pl.DataFrame) -> tuple[tuple[str, int], ...]:
    """Files and records of the first rows."""
    if "_file" not in rows.columns or "_record" not in rows.columns:
        return ()
    first = rows.select(pl.col("_file").fill_null(""), pl.col("_record").fill_null(0))
    return tuple((str(file), int(record)) for file, record in first.head(MOST_PLACES).iter_rows())


def on_line(moments: Sequence[Any], told: str) -> Strip | None:
    """Moments in the order of time, on a line from the first to the last; None for no length."""
    if len(moments) < 2 or moments[-1] <= moments[0]:
        return None
    whole = (moments[-1] - moments[0]).total_seconds()
    return Strip(
        told, moments=tuple((each - moments[0]).total_seconds() / whole for each in moments)
    )
