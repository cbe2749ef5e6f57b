"""Work in foreign code that Ctrl-C can stop."""

import contextvars
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, wait
from typing import TypeVar

T = TypeVar("T")

# Where a lock can't be interrupted, Ctrl-C is noticed between two waits of this length.
_GLANCE_S = 0.25 if sys.platform == "win32" else 3600.0
_GRACE_S = 5.0
_AGAIN_S = 0.05


def stoppable(work: Callable[[], T], stop: Callable[[], object]) -> T:
    """What the work gives; an interrupt stops it and is raised.

    Python looks for Ctrl-C between its own instructions only, so that a thread which is inside of
    an engine for hours does not hear it. The work is done in a thread of its own, and the
    caller's waits where it does hear.

    Args:
        work: done once, in another thread; what it raises is raised.
        stop: called from the caller's thread when the wait is interrupted, and again until the
            work has ended: it may not have begun. After five seconds it is left alone.

    Examples:
        >>> stoppable(lambda: 6 * 7, stop=lambda: None)
        42
    """
    future: Future[T] = Future()
    context = contextvars.copy_context()

    def run() -> None:
        try:
            future.set_result(context.run(work))
        except BaseException as failure:  # noqa: BLE001  raised again where it is waited for
            future.set_exception(failure)

    thread = threading.Thread(target=run, name="huntkit query", daemon=True)
    try:
        thread.start()
        while not wait([future], timeout=_GLANCE_S).done:
            pass
        thread.join()  # else what it holds may outlive the interpreter
    except BaseException:
        last = time.monotonic() + _GRACE_S
        while not future.done() and time.monotonic() < last:
            stop()
            wait([future], timeout=_AGAIN_S)
        raise
    return future.result()
