"""Fixtures for everything that waits: a clock that only pretends to."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from huntkit.runtime import HttpClient, Service, Session, Settings
from huntkit.runtime.clock import Clock


class FakeClock(Clock):
    """Sleeps take no time; `slept` says how long they would have been."""

    def __init__(self) -> None:
        self.time = 1000.0
        self.slept: list[float] = []

    def ticks(self) -> float:
        return self.time

    def now(self) -> datetime:
        return datetime(2026, 5, 1, 12, tzinfo=UTC) + timedelta(seconds=self.time - 1000)

    def jitter(self) -> float:
        return 0.5

    async def sleep(self, seconds: float) -> None:
        self.slept.append(round(seconds, 3))
        self.time += seconds
        await anyio.lowlevel.checkpoint()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def session(clock: FakeClock) -> Iterator[Session]:
    with Session() as session:
        session.network.clock = clock
        yield session


@pytest.fixture
def client(session: Session) -> Callable[..., HttpClient]:
    """Makes a client: `client(url, limits=..., ...)`; or of another session."""

    def make(url: str, *, of: Session | None = None, **declared: Any) -> HttpClient:
        return (of or session).http(Service(**{"name": "QuietNet", "base_url": url, **declared}))

    return make


@pytest.fixture
def session_with() -> Iterator[Callable[..., Session]]:
    """Makes sessions with other settings, closed at the end."""
    made = []

    def make(**settings: Any) -> Session:
        made.append(Session(Settings(**settings)))
        return made[-1]

    yield make
    for each in made:
        each.close()
