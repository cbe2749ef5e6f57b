"""Does a fact belong to the range of time that was asked about?"""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from huntkit.core.errors import HuntkitError, RequestFailed
from huntkit.core.timespan import parse_time
from huntkit.enrich.ti.provider import Lookup

_LAST_EPOCH: Final = 253_402_300_799  # the year 9999, in seconds
_FIRST_EPOCH: Final = 100_000_000  # smaller numbers are no times: 1973 had no such services
_MILLI: Final = 100_000_000_000  # what is larger counts milliseconds
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def moment(value: object) -> datetime | None:
    """The time that a service wrote: ISO 8601, or seconds or milliseconds since 1970.

    Examples:
        >>> moment("1763000000"), moment("2025-11-13T02:13:20.000Z")
        (datetime.datetime(2025, 11, 13, 2, 13, 20, tzinfo=datetime.timezone.utc), ...)
        >>> moment(""), moment("soon"), moment(None), moment(0)
        (None, None, None, None)
    """
    text = str(value).strip() if isinstance(value, str | int | float) else ""
    if re.fullmatch(r"(?:19|20)\d{6}", text):
        text = f"{text[:4]}-{text[4:6]}-{text[6:]}"
    try:
        number = float(text)
    except ValueError:
        return _from_text(text)
    seconds = number / 1000 if number >= _MILLI else number
    if not _FIRST_EPOCH <= seconds <= _LAST_EPOCH:  # also what is no number
        return None
    return datetime.fromtimestamp(seconds, UTC)


def _from_text(text: str) -> datetime | None:
    if not text[:4].isdecimal():  # "now" and the like are words of ours, not of services
        return None
    try:
        return parse_time(text.removesuffix(" UTC"), now=_EPOCH)
    except HuntkitError:
        return None


def in_range(lookup: Lookup, first: object, last: object = None) -> bool:
    """Whether what held from `first` to `last` touches the range that was asked about.

    What has no time at all can't be excluded; where one end is missing, the other stands for it.

    Examples:
        >>> from datetime import UTC, datetime
        >>> may = Lookup("203.0.113.7", "ipv4", "", datetime(2024, 5, 1, tzinfo=UTC), None)
        >>> in_range(may, "2024-04-01", "2024-05-02"), in_range(may, "2024-04-01"), in_range(may, 0)
        (True, False, True)
    """
    begun, ended = moment(first), moment(last)
    begun, ended = begun or ended, ended or begun
    if begun is None or ended is None:
        return True
    before = lookup.end is not None and begun >= lookup.end
    return not before and not (lookup.start is not None and ended < lookup.start)


def valid_in_range(lookup: Lookup, since: object, until: object) -> bool:
    """Whether what is valid between two times touches the range; no time means no bound.

    Examples:
        >>> from datetime import UTC, datetime
        >>> may = Lookup("203.0.113.7", "ipv4", "", datetime(2024, 5, 1, tzinfo=UTC), None)
        >>> valid_in_range(may, "2020-01-01", None), valid_in_range(may, None, "2024-04-01")
        (True, False)
    """
    begun, ended = moment(since), moment(until)
    before = lookup.end is not None and begun is not None and begun >= lookup.end
    return not before and not (
        lookup.start is not None and ended is not None and ended < lookup.start
    )


def rows_in_range(
    lookup: Lookup, rows: Sequence[Mapping[str, Any]], first: str, last: str, *, more: bool
) -> tuple[list[Mapping[str, Any]], dict[str, Any]]:
    """The rows of the range, and what to say about the others.

    Args:
        lookup: what was asked.
        rows: what the service gave, with its own names.
        first: where the row says when it began; empty where it says only when it was last seen.
        last: where the row says when it ended.
        more: the service knows more rows than it gave.

    Raises:
        RequestFailed: none is from the range, but those that it did not give may be.
    """
    if not ranged(lookup):
        return list(rows), {}
    touches = in_range if first else valid_in_range
    ours = [each for each in rows if touches(lookup, each.get(first), each.get(last))]
    if rows and more and not ours:
        raise RequestFailed(
            f"the service gave {len(rows):,} entries, none from the time that was asked about; it"
            " knows more, so that says nothing"
        )
    left = len(rows) - len(ours)
    return ours, {"from_other_times": left} if left else {}


def ranged(lookup: Lookup) -> bool:
    """Whether a range was asked about."""
    return lookup.start is not None or lookup.end is not None
