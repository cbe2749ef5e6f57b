"""Whose line a warning is about."""

import sys
from types import FrameType
from typing import Final

_NOBODY: Final = ("huntkit", "functools", "contextlib")  # their lines tell a caller nothing


def caller_level() -> int:
    """The `stacklevel` by which a warning shows the line that called huntkit.

    For ``warnings.warn(..., stacklevel=caller_level())``, from any depth; 2 where nobody outside
    called, as in a thread of our own.

    Examples:
        >>> caller_level() >= 1
        True
    """
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001
    level = 1
    while frame is not None:
        name = str(frame.f_globals.get("__name__", ""))
        if name.partition(".")[0] not in _NOBODY:
            return level
        frame, level = frame.f_back, level + 1
    return 2
