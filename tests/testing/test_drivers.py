"""The check finds drivers that break a promise; one broken promise each."""

from dataclasses import dataclass
from typing import Any, ClassVar

import pyarrow as pa
import pytest

from huntkit.core.errors import HuntkitError
from huntkit.runtime.secrets import Secret
from huntkit.sources.driver import Answer, Driver, Gap, Limits, Request
from huntkit.sources.errors import QueryRefused
from huntkit.testing import check_driver


@dataclass(frozen=True, kw_only=True)
class Settings:
    token: Secret


class Good(Driver):
    """A place that knows three queries."""

    environments: ClassVar[Any] = {"Good": ()}
    language = "kql"
    settings: ClassVar[Any] = Settings
    limits = Limits(max_parallel=4)

    def run(self, request: Request) -> Answer:
        request.cancel.check()
        if request.text == "refused":
            raise QueryRefused("there is no such table here")
        rows = {"rows": [1, 2], "empty": []}[request.text]
        return Answer(table=pa.table({"x": pa.array(rows, pa.int64())}))

    def schema(self) -> dict[str, dict[str, str]]:
        return {"T": {"x": "long"}}


def check(driver: type[Driver], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOOD_TOKEN", "canary-7781")
    settings = {"token": "env:GOOD_TOKEN"}
    check_driver(driver, settings=settings, query="rows", empty="empty", refused="refused")


def test_a_good_one_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    check(Good, monkeypatch)


def test_one_with_async_methods_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    class Async(Good):
        """The same, asynchronously."""

        async def connect(self) -> None: ...
        async def close(self) -> None: ...
        async def run(self, request: Request) -> Answer:  # type: ignore[override]
            return Good.run(self, request)

        async def schema(self) -> dict[str, dict[str, str]]:  # type: ignore[override]
            return {}

    check(Async, monkeypatch)


class TellsSecret(Good):
    """A driver."""

    @property
    def identity(self) -> str:
        return f"https://x.example?key={self.chosen.token.reveal()}"


class IgnoresCancel(Good):
    """A driver."""

    def run(self, request: Request) -> Answer:
        return Good.run(self, Request(text=request.text))


class NeverRefuses(Good):
    """A driver."""

    def run(self, request: Request) -> Answer:
        return Good.run(
            self, Request(text=request.text.replace("refused", "empty"), cancel=request.cancel)
        )


class Unstable(Good):
    """A driver."""

    calls: ClassVar[list[int]] = []

    def run(self, request: Request) -> Answer:
        answer = Good.run(self, request)
        self.calls.append(1)
        rows = [len(self.calls)] if answer.table.num_rows else []
        return Answer(table=pa.table({"x": pa.array(rows, pa.int64())}))


class NaiveTimes(Good):
    """A driver."""

    def run(self, request: Request) -> Answer:
        rows = Good.run(self, request).table.num_rows
        return Answer(table=pa.table({"t": pa.array([0] * rows, pa.timestamp("ns"))}))


class SilentGap(Good):
    """A driver."""

    def run(self, request: Request) -> Answer:
        return Answer(table=Good.run(self, request).table, gaps=[Gap(" ")])


class PlainSecret(Good):
    """A driver."""

    @dataclass(frozen=True)
    class Plain:
        api_token: str = ""

    settings: ClassVar[Any] = Plain


class Terse(Good):
    """A driver."""

    def run(self, request: Request) -> Answer:
        try:
            return Good.run(self, request)
        except QueryRefused:
            raise HuntkitError("400") from None


class NoName(Good):
    """A driver."""

    environments: ClassVar[Any] = {}


class NoLanguage(Good):
    """A driver."""

    language: ClassVar[Any] = "cobol"


@pytest.mark.parametrize(
    ("driver", "found"),
    [
        (TellsSecret, "a secret is shown"),
        (IgnoresCancel, "a cancelled query ran"),
        (NeverRefuses, "should be refused was not"),
        (Unstable, "other rows"),
        (NaiveTimes, "not us, UTC"),
        (SilentGap, "no reason"),
        (PlainSecret, "looks like a secret"),
        (Terse, "does not say what is wrong"),
        (NoName, "names none"),
        (NoLanguage, "cobol"),
    ],
)
def test_a_broken_promise_is_found(
    driver: type[Driver], found: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(AssertionError, match=found):
        check(driver, monkeypatch)
