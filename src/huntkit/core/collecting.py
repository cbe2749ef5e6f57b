"""A pause for Python's search for cyclic garbage."""

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

_lock: Final = threading.Lock()
_pausing: Final[list[bool]] = []  # one for each that pauses: whether collecting went on before


@contextmanager
def no_collecting() -> Iterator[None]:
    """Keep the collector still meanwhile, in all threads; the last one out sets it going again.

    For reading large JSON: half a million rows are as many lists, and for every few hundred new
    ones Python looks through the others for cycles, which JSON has none of. That takes half of the
    time. Keep it short: cycles that other threads drop stay in memory meanwhile.

    Examples:
        >>> with no_collecting():
        ...     gc.isenabled()
        False
        >>> gc.isenabled()
        True
    """
    with _lock:
        _pausing.append(any(_pausing) or gc.isenabled())
        gc.disable()
    try:
        yield
    finally:
        with _lock:
            if _pausing.pop() and not _pausing:
                gc.enable()
