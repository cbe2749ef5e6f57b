"""Lists of literals, for languages that can't write an empty one."""

from collections.abc import Callable, Sequence

from huntkit.core.errors import UsageError


def some(values: Sequence[object], language: str, literal: Callable[[object], str]) -> str:
    """The literals with commas between.

    Raises:
        UsageError: there are none: ``in ()`` is no condition in these languages, and leaving it
            out would find everything.
    """
    if not values:
        raise UsageError(f"an empty list can't be written in {language}", hint="give some values")
    return ", ".join(literal(each) for each in values)
