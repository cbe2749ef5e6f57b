"""Whether a request is sent once more, and after how long."""

import email.utils
import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from huntkit.runtime.http_reply import Reply
from huntkit.runtime.http_wire import Failure

BUSY: Final = 429
AWAY: Final = frozenset({502, 503, 504})

_PASSING: Final = frozenset({408, 425, 429, 500, 502, 503, 504})
_UNAVAILABLE: Final = 503
_FIRST_WAIT_S: Final = 0.5
_LONGEST_OWN_WAIT_S: Final = 15.0
_CLOCK_TIME: Final = re.compile(r"(\d{1,2}):(\d{2}):(\d{2})(?:\.\d+)?")


def may_help(outcome: Reply | Failure, *, repeatable: bool) -> bool:
    """Whether another attempt may give a better outcome and can do no harm.

    What may have been acted on is repeated only if that does no harm; a service that says that
    it is busy has not acted.
    """
    if isinstance(outcome, Failure):
        return outcome.passing and (repeatable or not outcome.sent)
    if outcome.status_code not in _PASSING:
        return False
    unheard = outcome.status_code == BUSY or (
        outcome.status_code == _UNAVAILABLE and "retry-after" in outcome.headers
    )
    return repeatable or unheard


def own_wait_s(attempt: int, jitter: float) -> float:
    """How long to wait after that many attempts where the service does not say.

    Examples:
        >>> [own_wait_s(attempt, 0.5) for attempt in (1, 2, 3, 9)]
        [0.5, 1.0, 2.0, 15.0]
    """
    doubled = _FIRST_WAIT_S * 2.0 ** min(attempt - 1, 16)
    return min(doubled, _LONGEST_OWN_WAIT_S) * (0.75 + jitter / 2)


def asked_wait_s(headers: Mapping[str, str], now: datetime) -> float | None:
    """How many seconds the service wants to be left alone; None where it does not say.

    A date is compared with the reply's own date where it has one: clocks differ.

    Examples:
        >>> now = datetime(2026, 5, 1, 12, tzinfo=UTC)
        >>> asked_wait_s({"retry-after": "120"}, now)
        120.0
        >>> asked_wait_s({"retry-after": "Fri, 01 May 2026 12:00:30 GMT"}, now)
        30.0
        >>> asked_wait_s({"x-ms-user-quota-resets-after": "00:00:05"}, now)
        5.0
        >>> asked_wait_s({"retry-after": "soon"}, now) is None
        True
    """
    asked = headers.get("retry-after", "").strip()
    if (seconds := _number(asked)) is not None:
        return seconds
    if (until := _date(asked)) is not None:
        return max((until - (_date(headers.get("date", "")) or now)).total_seconds(), 0.0)
    for name in ("retry-after-ms", "x-ms-retry-after-ms"):
        if (milliseconds := _number(headers.get(name, ""))) is not None:
            return milliseconds / 1000
    if (seconds := _number(headers.get("x-rate-limit-reset-after", ""))) is not None:
        return seconds
    if after := _CLOCK_TIME.fullmatch(headers.get("x-ms-user-quota-resets-after", "").strip()):
        hours, minutes, whole = map(int, after.groups())
        return float(hours * 3600 + minutes * 60 + whole)
    return None


def _number(text: str) -> float | None:
    if not re.fullmatch(r"\d{1,12}(\.\d{1,9})?", text.strip(), re.ASCII):
        return None
    value = float(text)
    return value if math.isfinite(value) else None


def _date(text: str) -> datetime | None:
    try:
        found = email.utils.parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found
