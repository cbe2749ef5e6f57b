"""What became of things that were sent one by one, or many at once: nobody has to guess."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

import polars as pl

from huntkit.core.errors import (
    AccessDenied,
    HuntkitError,
    Offline,
    RateLimited,
    RequestFailed,
    ServiceDown,
)
from huntkit.core.progress import Progress

Outcome = Literal["went", "failed", "unknown", "not sent"]

_REFUSES_ALL: Final = (401, 403, 404)
_SERVER: Final = 500
_SCHEMA: Final = {
    "row": pl.Int64, "name": pl.String, "outcome": pl.String, "status": pl.Int64,
    "error": pl.String,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Sent:
    """One thing, and what became of it.

    Attributes:
        row: where it stood in the caller's table, from 0.
        name: what the service calls it; empty where nobody knows.
        outcome: ``went``, ``failed``, ``unknown`` (it may have arrived) or ``not sent``.
        status: the HTTP status, where there was one.
        error: why it did not go.
    """

    row: int
    name: str | None = None
    outcome: Outcome = "not sent"
    status: int | None = None
    error: str | None = None


def outcome_of(problem: HuntkitError) -> tuple[Outcome, int | None]:
    """What an error says about the thing that was sent, and its HTTP status.

    What was refused did not arrive; after all else that goes wrong on the way it may have.

    Examples:
        >>> outcome_of(RequestFailed("no", status=400)), outcome_of(RequestFailed("cut off"))
        (('failed', 400), ('unknown', None))
    """
    status = problem.status if isinstance(problem, RequestFailed) else None
    never = isinstance(problem, AccessDenied | RateLimited | ServiceDown | Offline)
    refused = status is not None and status < _SERVER
    known = never or refused or not isinstance(problem, RequestFailed)
    return ("failed" if known else "unknown"), status


def ends(problem: HuntkitError) -> bool:
    """Whether what comes after it would only fail the same way."""
    if not isinstance(problem, RequestFailed):
        return True
    whole = isinstance(problem, RateLimited | ServiceDown | Offline)
    return whole or problem.status in _REFUSES_ALL


def send_each(
    items: Sequence[Any],
    send: Callable[[Any], str],
    into: list[Sent],
    *,
    progress: Progress,
    title: str,
) -> HuntkitError | None:
    """Send what `into` says was not sent, in its order; gives the first error.

    Args:
        items: what is sent, by row.
        send: sends one and gives its name.
        into: changed as things go, so that it is right after an interrupt, too. What already has
            an error is left out.
        progress: where it reports.
        title: what it reports.
    """
    first: HuntkitError | None = None
    with progress.task(title, total=len(into)) as task:
        for place, each in enumerate(into):
            task.check_cancelled()
            if each.error is None:
                into[place] = replace(each, outcome="unknown", error="interrupted")
                try:
                    name = send(items[each.row])
                except HuntkitError as problem:
                    first = first or problem
                    outcome, status = outcome_of(problem)
                    into[place] = replace(
                        each, outcome=outcome, status=status, error=str(problem)[:500]
                    )
                    if ends(problem):
                        break
                else:
                    into[place] = replace(each, outcome="went", name=name)
            task.advance()
    return first


def told(outcomes: Iterable[tuple[str, int]]) -> str:
    """How many did not go, in words; empty if all went.

    Examples:
        >>> told([("went", 3), ("failed", 2), ("unknown", 0)])
        '2 failed of 5'
    """
    counts = dict.fromkeys(("failed", "unknown", "not sent", "went"), 0)
    for outcome, many in outcomes:
        counts[outcome] += many
    rest = [f"{many:,} {what}" for what, many in counts.items() if many and what != "went"]
    return f"{', '.join(rest)} of {sum(counts.values()):,}" if rest else ""


def table_of(sent: Sequence[Sent]) -> pl.DataFrame:
    """A row for each thing: ``row name outcome status error``."""
    rows = [(each.row, each.name, each.outcome, each.status, each.error) for each in sent]
    return pl.DataFrame(rows, schema=_SCHEMA, orient="row")
