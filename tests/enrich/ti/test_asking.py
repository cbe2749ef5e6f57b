"""What is kept for next time, and answers whose form is wrong."""

from typing import Any, ClassVar

import pytest

from huntkit.enrich.ti import Facts, Lookup, TILookup, TIProvider
from huntkit.runtime.limits import Limits

pytestmark = pytest.mark.filterwarnings("ignore:not everything was answered")

VALUES = [f"8.8.8.{n}" for n in range(1, 11)]


class Telling(TIProvider):
    """Tells what the test says, one after another."""

    name = "Telling"
    takes: ClassVar = {"ipv4": ("",)}
    limits = Limits(concurrency=1)
    told: ClassVar[dict[str, Any]] = {}

    async def ask(self, lookup: Lookup) -> Facts:
        return self.told.get(lookup.value, Facts(severity="warning", details={"v": lookup.value}))


class Second(Telling):
    """The same, never wrong."""

    name = "Second"
    told: ClassVar = {}


def lookup_of(session: Any, *kinds: type[TIProvider]) -> TILookup:
    return TILookup(primary_providers=[kind(None, session) for kind in kinds], session=session)


class Stopping:
    """A progress whose user has had enough after three."""

    def task(self, *_: Any, **__: Any) -> Any:
        return self

    def __enter__(self) -> Any:
        self.count = 0
        return self

    def __exit__(self, *_: object) -> None: ...

    def advance(self, _: float = 1) -> None:
        self.count += 1

    def check_cancelled(self) -> None:
        if self.count == 3:
            raise KeyboardInterrupt


def test_what_had_arrived_before_a_stop_is_kept(session, monkeypatch) -> None:
    monkeypatch.setattr(session, "progress", Stopping())
    stopped = lookup_of(session, Telling).lookup_iocs(VALUES)
    assert stopped["Status"].to_list() == ["ok"] * 3 + ["failed"] * 7
    monkeypatch.undo()
    again = lookup_of(session, Telling).lookup_iocs(VALUES)
    assert again["Cached"].to_list() == [True] * 3 + [False] * 7
    assert set(again["Status"]) == {"ok"}


def test_an_answer_that_can_not_be_kept_costs_no_other_its_place(session, monkeypatch) -> None:
    ring: list[Any] = []
    ring.append(ring)
    monkeypatch.setitem(Telling.told, VALUES[1], Facts(raw=ring))
    monkeypatch.setitem(Telling.told, VALUES[2], Facts(details={"half": "\ud800"}))
    monkeypatch.setitem(Telling.told, VALUES[3], Facts(raw={1, 2}))
    first = lookup_of(session, Telling).lookup_iocs(VALUES)
    assert set(first["Status"]) == {"ok"}
    again = lookup_of(session, Telling).lookup_iocs(VALUES)
    assert again["Cached"].to_list() == [True] + [False] * 3 + [True] * 6
    assert again.drop("CheckedAt", "Cached").equals(first.drop("CheckedAt", "Cached"))


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (Facts(severity="awful"), "the severity 'awful'"),
        (Facts(severity=None), "the severity None"),
        (Facts(details=None), "no mapping, but NoneType"),
        (Facts(details=["a"]), "no mapping, but list"),
        (Facts(reason=7), "no text, but int"),
        ("just a text", "left it out"),
        (None, "left it out"),
    ],
)
@pytest.mark.parametrize("frame", ["pandas", "polars"])
def test_an_answer_of_a_wrong_form_is_a_failure_of_its_own(
    session, monkeypatch, wrong, words, frame
) -> None:
    monkeypatch.setitem(Telling.told, VALUES[0], wrong)
    found = lookup_of(session, Telling, Second).lookup_iocs(VALUES, frame=frame)
    assert len(found) == 2 * len(VALUES)
    assert list(found["Status"]) == ["failed"] + ["ok"] * 19
    assert found["Severity"][0] == "unknown"
    assert words in str(found["Details"][0])
    again = lookup_of(session, Telling).lookup_iocs(VALUES)
    assert again["Cached"].to_list() == [False] + [True] * 9
