"""What a look-up would do, said before anybody is asked."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import polars as pl

from huntkit.enrich.ti.asking import Plan
from huntkit.enrich.ti.results import Finding
from huntkit.runtime.limits import Limits
from huntkit.runtime.session import Session

COLUMNS: Final[Mapping[str, Any]] = {
    "Provider": pl.String, "Plan": pl.String, "Indicators": pl.Int64, "Questions": pl.Int64,
    "Requests": pl.Int64, "Why": pl.String, "Values": pl.List(pl.String), "Budget": pl.Int64,
    "PerSecond": pl.Float64, "PerMinute": pl.Float64, "PerHour": pl.Float64, "PerDay": pl.Int64,
    "LeftToday": pl.Int64, "MinSeconds": pl.Float64,
}  # fmt: skip


def forecast(plans: Sequence[Plan], session: Session) -> pl.DataFrame:
    """A row for what each provider would be asked, and one for each reason not to ask it.

    Returns:
        ``Provider Plan Indicators Questions Requests Why Values Budget PerSecond PerMinute
        PerHour PerDay LeftToday MinSeconds``. ``Plan`` is ``ask`` (once for each provider, also
        where nothing would be asked), ``cannot be asked``, ``cached``, ``over budget``,
        ``refused``, ``bad input`` or ``not supported``; ``Values`` are the indicators as they were
        given. The limits stand in the first row of each provider; ``MinSeconds`` is the least
        time that they allow.
    """
    rows = [row for plan in plans for row in _rows(plan, session)]
    return pl.DataFrame(rows, schema=dict(COLUMNS), orient="row")


def _rows(plan: Plan, session: Session) -> Iterable[dict[str, Any]]:
    lacking = plan.provider.lacking()
    limits = plan.provider.limits
    left = _left_today(plan, session)
    why = lacking
    if not why and left is not None and left < plan.requests:
        why = f"the day allows only {left:,} more"
    yield {
        "Provider": plan.name,
        "Plan": "cannot be asked" if lacking else "ask",
        "Indicators": sum(map(len, plan.waiting.values())),
        "Questions": len(plan.waiting),
        "Requests": plan.requests,
        "Why": why,
        "Values": [item.given for items in plan.waiting.values() for item in items],
        "Budget": plan.budget,
        "PerSecond": limits.per_second,
        "PerMinute": limits.per_minute,
        "PerHour": limits.per_hour,
        "PerDay": limits.per_day,
        "LeftToday": left,
        "MinSeconds": _least_time(plan.requests, limits),
    }
    others: dict[tuple[str, str], list[str]] = {}
    for item, finding in plan.known.items():
        others.setdefault((_word(finding), finding.reason), []).append(item.given)
    for (word, reason), given in others.items():
        yield {
            "Provider": plan.name,
            "Plan": word,
            "Indicators": len(given),
            "Questions": 0,
            "Requests": 0,
            "Why": reason,
            "Values": given,
        }


def _word(finding: Finding) -> str:
    if finding.cached:
        return "cached"
    return "over budget" if finding.status == "failed" else finding.status


def _left_today(plan: Plan, session: Session) -> int | None:
    limit = plan.provider.limits.per_day
    if limit is None:
        return None
    day = session.network.clock.now().date().isoformat()
    return session.store.left(plan.provider.name, limit, day)


def _least_time(requests: int, limits: Limits) -> float:
    """How long the limits make it last at least; answers take their own time.

    Examples:
        >>> _least_time(5, Limits(per_minute=4)), _least_time(4, Limits(per_minute=4))
        (60.0, 0.0)
    """
    return max(((requests - 1) // n * s for n, s in limits.windows() if requests), default=0.0)
