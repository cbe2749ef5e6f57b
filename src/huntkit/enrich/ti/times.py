"""Does a fact belong to the range of time that was asked about?"""

import re
from datetime import UTC, datetime
from typing import Final

from huntkit.core.errors import HuntkitError
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


def ranged(lookup: Lookup) -> bool:
    """Whether a range was asked about."""
    return lookup.start is not None or lookup.end is not None
