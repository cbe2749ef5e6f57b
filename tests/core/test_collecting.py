"""Collecting stops for a while, and goes on as it did before."""

import gc
import threading
from collections.abc import Iterator
from contextlib import suppress

import pytest

from huntkit.core.collecting import no_collecting


@pytest.fixture(autouse=True)
def _collecting() -> Iterator[None]:
    assert gc.isenabled()
    yield
    gc.enable()


def test_it_goes_on_after_an_error_too() -> None:
    with suppress(ValueError), no_collecting():
        assert not gc.isenabled()
        raise ValueError("no")
    assert gc.isenabled()


def test_it_stays_off_where_somebody_turned_it_off() -> None:
    gc.disable()
    with no_collecting(), no_collecting():
        assert not gc.isenabled()
    assert not gc.isenabled()


def test_the_last_of_several_threads_sets_it_going() -> None:
    inside, go, first_out = threading.Barrier(3), threading.Event(), threading.Event()

    def pause(until: threading.Event, then: threading.Event) -> None:
        with no_collecting():
            inside.wait(10)
            until.wait(10)
        then.set()

    never = threading.Event()
    early = threading.Thread(target=pause, args=(go, first_out))
    late = threading.Thread(target=pause, args=(never, threading.Event()))
    early.start()
    late.start()
    inside.wait(10)
    go.set()
    assert first_out.wait(10)
    assert not gc.isenabled()
    never.set()
    early.join(10)
    late.join(10)
    assert gc.isenabled()
