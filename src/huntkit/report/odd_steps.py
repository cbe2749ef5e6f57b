"""Stretches of time in which unusually much or little was logged."""

from collections.abc import Sequence
from datetime import timedelta

import polars as pl

from huntkit.report.finding import Finding, Look, Strip
from huntkit.report.sheets import time_text

MOST = 5
_WHOLE = 20.0  # deviations of what is most unusual
_BARS = 60
_OF_ALL = 0.5  # of the weight: where data sets were put together, each is a peak of its own


def look(amounts: pl.DataFrame) -> Look:
    """Peaks and dips of the records per step, those that follow one another as one."""
    if not amounts.height:
        return Look(
            note="amounts over time: less than an hour, too few steps, or most of them without "
            "records: nothing to compare with"
        )
    runs = (
        amounts.with_row_index("step")
        .with_columns(pl.col("anomalies").rle_id().alias("run"))
        .filter(pl.col("anomalies") != 0)
        .group_by("run", maintain_order=True)
        .agg(pl.all())
    )
    width = amounts["TimeGenerated"][1] - amounts["TimeGenerated"][0]
    found = [_finding(amounts, row, width) for row in runs.iter_rows(named=True)]
    found.sort(key=lambda each: -each.score)
    kinds = "peak or dip" if len(found) == 1 else "peaks or dips"
    told = f"{amounts.height:,} steps of {span_text(width)}: {len(found):,} {kinds}"
    return Look(found[:MOST], told)


def _finding(amounts: pl.DataFrame, run: dict[str, list[float]], width: timedelta) -> Finding:
    scores = [abs(each) for each in run["score"]]
    top = scores.index(max(scores))
    rising = run["anomalies"][0] > 0
    first, last = run["TimeGenerated"][0], run["TimeGenerated"][-1]
    as_far = int((amounts["score"].abs() >= scores[top]).sum())
    # Small counts are never many deviations apart, however low: a dip weighs by its length, too.
    what = f"{'Peak' if rising else 'Dip'} at {time_text(first)[:19]}"  # type: ignore[arg-type]
    if len(scores) > 1:
        what += f", {len(scores):,} steps"
    return Finding(
        kind="Amount",
        what=what,
        score=scores[top],
        unit="deviations",
        weight=min(scores[top] / _WHOLE, 1.0) * _OF_ALL,
        factor=_OF_ALL,
        factor_reason="it names no host, account or address",
        reason=f"{run['records'][top]:,} records in {span_text(width)}, where "
        f"{run['baseline'][top]:,.4g} are usual; {as_far:,} of {amounts.height:,} steps are as far "
        "from it",
        first=first,  # type: ignore[arg-type]
        last=last,  # type: ignore[arg-type]
        rows=int(sum(run["records"])),
        strip=_strip(amounts, [int(each) for each in run["step"]]),
    )


def _strip(amounts: pl.DataFrame, steps: Sequence[int]) -> Strip:
    begin = max(0, min(steps) - _BARS // 2)
    shown = amounts.slice(begin, max(_BARS, len(steps)))
    return Strip(
        f"records per step from {time_text(shown['TimeGenerated'][0])[:16]}",
        values=tuple(float(each) for each in shown["records"]),
        marked=frozenset(each - begin for each in steps),
    )


def span_text(span: timedelta) -> str:
    """A length of time as people say it.

    Examples:
        >>> span_text(timedelta(minutes=2)), span_text(timedelta(hours=6)), span_text(timedelta(1))
        ('2 min', '6 h', '1 d')
    """
    seconds = span.total_seconds()
    units = ((86_400, "d"), (3_600, "h"), (60, "min"))
    size, name = next(((s, n) for s, n in units if seconds >= s and seconds % s == 0), (1, "s"))
    return f"{seconds / size:.0f} {name}"
