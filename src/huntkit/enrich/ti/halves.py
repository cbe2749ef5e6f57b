"""A batch that one value spoils is asked again in halves, so that it costs no other its answer."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final

from huntkit.core.errors import BadReply, HuntkitError, RequestFailed
from huntkit.enrich.ti.provider import Facts, Lookup

_MOST: Final = 60  # more requests for one batch: enough to find a handful of bad values
_SPOILT: Final = (None, 400, 413, 414, 422, 500)
_SERVER: Final = 500

AskMany = Callable[[Sequence[Lookup]], Awaitable[Mapping[Lookup, Facts]]]


async def in_halves(ask_many: AskMany, batch: Sequence[Lookup]) -> dict[Lookup, Facts | Exception]:
    """The facts of a batch, and the errors of those values that alone are to blame.

    Raises:
        Exception: the whole batch failed, and smaller ones would fail, too.
    """
    try:
        return dict(await ask_many(batch))
    except Exception as problem:
        if len(batch) == 1 or not _may_be_one_value(problem):
            raise
        last: Exception = problem
    told: dict[Lookup, Facts | Exception] = {}
    waiting, asked, good = _halves(batch), 0, 0
    while waiting:
        part = waiting.pop(0)
        hopeless = good == 0 and asked > 1 and getattr(last, "status", None) == _SERVER
        if asked >= _MOST or hopeless:
            told |= dict.fromkeys(part, last)
            continue
        asked += 1
        try:
            told |= await ask_many(part)
            good += 1
        except Exception as problem:  # noqa: BLE001  one part of many: the others go on
            last = problem
            if len(part) > 1 and _may_be_one_value(problem):
                waiting[:0] = _halves(part)
            else:
                told |= dict.fromkeys(part, problem)
    return told


def _halves(batch: Sequence[Lookup]) -> list[Sequence[Lookup]]:
    middle = len(batch) // 2
    return [batch[:middle], batch[middle:]]


def _may_be_one_value(problem: Exception) -> bool:
    """Not where the key, the quota or the whole service is at fault."""
    if not isinstance(problem, HuntkitError):
        return True  # something in the reply could not be read
    return type(problem) in (RequestFailed, BadReply) and (
        getattr(problem, "status", None) in _SPOILT
    )
