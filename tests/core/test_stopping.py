"""Work in foreign code that Ctrl-C can stop."""

import threading
from contextvars import ContextVar

import duckdb
import pytest

from huntkit.core import stopping
from huntkit.core.stopping import stoppable


def test_what_the_work_raises_is_raised():
    with pytest.raises(ZeroDivisionError):
        stoppable(lambda: 1 / 0, stop=lambda: None)


def test_the_work_sees_the_callers_context():
    who = ContextVar("who", default="nobody")
    who.set("ana")
    assert stoppable(who.get, stop=lambda: None) == "ana"


def test_an_interrupt_stops_the_engine(interrupt):
    threads = []

    def work():
        threads.append(threading.current_thread())
        interrupt()
        return connection.sql("SELECT count(*) FROM range(100000000000), range(1000)").fetchall()

    with duckdb.connect() as connection, pytest.raises(KeyboardInterrupt):
        stoppable(work, connection.interrupt)
    threads[0].join(timeout=60)
    assert not threads[0].is_alive()


def test_work_that_does_not_stop_is_left_alone(monkeypatch, interrupt):
    monkeypatch.setattr(stopping, "_GRACE_S", 0.1)
    deaf = threading.Event()

    def work():
        interrupt()
        deaf.wait(60)

    with pytest.raises(KeyboardInterrupt):
        stoppable(work, stop=lambda: None)
    assert not deaf.is_set()
    deaf.set()
