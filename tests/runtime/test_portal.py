import asyncio
import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from huntkit.core.errors import UsageError
from huntkit.runtime.portal import portal


async def thread_name() -> str:
    return threading.current_thread().name


async def fail() -> None:
    raise KeyError("as it was")


def test_there_is_one_loop_in_one_daemon_thread() -> None:
    assert portal() is portal()
    assert portal().run(thread_name) == "huntkit network"
    (thread,) = [each for each in threading.enumerate() if each.name == "huntkit network"]
    assert thread.daemon


def test_errors_come_out_as_they_were() -> None:
    with pytest.raises(KeyError, match="as it was"):
        portal().run(fail)

    async def awaiting() -> None:
        await portal().awaited(fail)

    with pytest.raises(KeyError, match="as it was"):
        asyncio.run(awaiting())


def test_a_timeout_of_the_work_is_not_taken_for_one_of_the_wait() -> None:
    async def late() -> None:
        raise TimeoutError("of the work")

    with pytest.raises(TimeoutError, match="of the work"):
        portal().run(late)


def test_a_loop_of_the_caller_is_no_hindrance() -> None:
    async def cell() -> tuple[str, str]:
        return portal().run(thread_name), await portal().awaited(thread_name)

    assert asyncio.run(cell()) == ("huntkit network", "huntkit network")


def test_a_blocking_call_from_inside_is_refused_rather_than_waiting_for_ever() -> None:
    async def inside() -> tuple[bool, str]:
        with pytest.raises(UsageError, match="await the call"):
            portal().run(thread_name)
        return portal().inside, await portal().awaited(thread_name)

    assert portal().run(inside) == (True, "huntkit network")
    assert not portal().inside


def test_cancelling_the_wait_cancels_the_work() -> None:
    cancelled = threading.Event()

    async def long() -> None:
        try:
            await asyncio.sleep(30)
        except asyncio.CancelledError:
            cancelled.set()
            raise

    async def impatient() -> None:
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(portal().awaited(long), 0.05)

    asyncio.run(impatient())
    assert cancelled.wait(5)


def test_leaving_work_waits_for_nothing() -> None:
    """A finalizer may run while its thread holds a lock that the loop wants."""
    lock, began, done = threading.Lock(), threading.Event(), threading.Event()

    async def wants_the_lock() -> None:
        began.set()
        with lock:
            pass

    async def later() -> None:
        done.set()

    with lock:
        waiting = portal().start(wants_the_lock)
        assert began.wait(5)
        portal().leave(later)  # `start` would wait for ever here
    assert done.wait(5)
    waiting.result(5)


SCRIPT = """
import asyncio, signal, sys
from huntkit.runtime.portal import portal
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore it
async def long():
    try:
        await asyncio.sleep(60)
    except asyncio.CancelledError:
        print("cancelled", flush=True)
        raise
try:
    async def ready():
        print("ready", flush=True)
    portal().run(ready)
    portal().run(long)
except KeyboardInterrupt:
    portal().run(ready)
    print("interrupted", flush=True)
"""


def test_an_interrupt_cancels_the_work_and_the_process_ends() -> None:
    process = subprocess.Popen(
        [sys.executable, "-W", "error", "-c", SCRIPT], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    try:
        out, _ = process.communicate(timeout=20)
    finally:
        process.kill()
    assert sorted(out.split()) == ["cancelled", "interrupted", "ready"]
    assert process.returncode == 0


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_forked_child_gets_a_loop_of_its_own() -> None:
    script = (
        "import os; from huntkit.runtime.portal import portal\n"
        "async def answer(): return 42\n"
        "portal().run(answer)\n"
        "if os.fork() == 0:\n"
        "    os._exit(portal().run(answer))\n"
        "print(os.waitstatus_to_exitcode(os.wait()[1]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=20, check=True
    )
    assert done.stdout.strip() == "42"
