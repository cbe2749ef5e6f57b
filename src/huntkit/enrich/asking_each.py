"""Many values asked at once: each different one once, kept answers first, failures apart."""

import warnings
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from huntkit.core.callers import caller_level
from huntkit.core.errors import HuntkitError, Offline
from huntkit.runtime.fanout import Share, spread
from huntkit.runtime.session import Session

DAY_S: Final = 24 * 3600.0


@dataclass(frozen=True, slots=True)
class Told:
    """What came of one question.

    Attributes:
        value: the answer, as JSON holds it; None where there is none.
        at: when it was given, in seconds since 1970.
        problem: why there is none; empty where there is one.
    """

    value: Any
    at: float
    problem: str = ""


def texts_of(given: object) -> list[str]:
    """One value or several as texts; what is missing (None, NaN) is empty, so nobody is asked.

    Examples:
        >>> texts_of("a"), texts_of(["a", None, float("nan"), 7])
        (['a'], ['a', '', '', '7'])
    """
    if isinstance(given, str | int):
        return [str(given)]
    values = given if isinstance(given, Iterable) else [given]
    return ["" if each is None or each != each else str(each) for each in values]


def ask_each(
    values: Sequence[str],
    ask: Callable[[str], Awaitable[Any]],
    *,
    session: Session,
    who: str,
    kind: str,
    kept_s: float = DAY_S,
    workers: int = 8,
    refresh: bool = False,
    tolerant: bool = False,
) -> dict[str, Told]:
    """What came of each different value.

    Args:
        values: what is asked about.
        ask: asks about one; what it gives must be something that JSON can hold.
        session: progress, clock, and where answers are kept.
        who: who is asked, for progress and warnings.
        kind: under which name answers are kept; it says everything that they depend on.
        kept_s: how long an answer is good; failures are never kept.
        workers: how many are asked at once.
        refresh: ask anew, whatever is kept.
        tolerant: whether nothing but failures is an answer, too, unless it is for being offline.

    Raises:
        Exception: every question failed; the first failure. Where some failed, a warning says
            how many, and the reason is in `Told.problem`.
    """
    distinct = list(dict.fromkeys(values))
    told = {} if refresh else _kept(distinct, session, kind, kept_s)
    missing = [value for value in distinct if value not in told]
    if not missing:
        return told
    problems: list[Exception] = []
    now = session.network.clock.now().timestamp()
    new: dict[str, Told] = {}
    share: Share[str, Any] = Share(name=who, items=missing, ask=ask, workers=workers)
    try:
        with session.progress.task(f"asking {who}", total=len(missing)) as task:
            for outcome in spread(share):
                if outcome.error is None:
                    new[outcome.item] = Told(outcome.answer, now)
                else:
                    problems.append(outcome.error)
                    new[outcome.item] = Told(None, now, problem=_text(outcome.error))
                task.advance()
                task.check_cancelled()
    finally:  # what had arrived before somebody stopped it is kept
        found = [(value, each.value) for value, each in new.items() if not each.problem]
        session.store.put_many(kind, found)
    if problems and len(problems) == len(distinct):
        refused = isinstance(problems[0], Offline)
        if refused or not tolerant:
            raise problems[0]
    if problems:
        warnings.warn(
            f"{who} did not answer for {len(problems):,} of {len(distinct):,} values: "
            f"{_text(problems[0])}",
            stacklevel=caller_level(),
        )
    return {**told, **new}


def _kept(values: list[str], session: Session, kind: str, kept_s: float) -> dict[str, Told]:
    if not values or kept_s <= 0:
        return {}
    found = session.store.get_many(kind, values, max_age_s=kept_s)
    pairs = zip(values, found, strict=True)
    return {value: Told(old.value, old.at) for value, old in pairs if old is not None}


def _text(problem: Exception) -> str:
    if isinstance(problem, HuntkitError):
        return str(problem)
    return f"{type(problem).__name__}: {problem}"[:300]
