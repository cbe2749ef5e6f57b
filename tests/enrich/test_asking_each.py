"""Many values asked at once: each once, kept answers first, failures apart."""

from typing import Any, Self

import pytest

from huntkit.core.errors import Cancelled, Offline, RequestFailed
from huntkit.enrich.asking_each import Told, ask_each
from huntkit.runtime import Session


class Asker:
    """Answers with the length of a value; fails for those that begin with ``bad``."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def __call__(self, value: str) -> Any:
        self.asked.append(value)
        if value.startswith("off"):
            raise Offline("switched off")
        if value.startswith("bad"):
            raise RequestFailed(f"{value} is not answered")
        if value.startswith("odd"):
            raise KeyError("no HuntkitError")
        return len(value)


def ask(values: list[str], asker: Asker, session: Session, **more: Any) -> dict[str, Told]:
    return ask_each(values, asker, session=session, who="them", kind="test", **more)


def test_each_value_is_asked_once_and_kept(session: Session) -> None:
    asker = Asker()
    found = ask(["a", "bbb", "a"], asker, session)
    assert {value: told.value for value, told in found.items()} == {"a": 1, "bbb": 3}
    assert sorted(asker.asked) == ["a", "bbb"]
    again = ask(["bbb", "cc"], asker, session)
    assert [again["bbb"].value, again["cc"].value] == [3, 2]
    assert sorted(asker.asked) == ["a", "bbb", "cc"]
    ask(["bbb"], asker, session, refresh=True)
    ask(["bbb"], asker, session, kept_s=0)
    assert asker.asked.count("bbb") == 3
    assert ask([], asker, session) == {}


@pytest.mark.parametrize("bad", ["bad", "off", "odd"])
def test_a_failure_among_answers_is_told_and_not_kept(session: Session, bad: str) -> None:
    asker = Asker()
    for _ in range(2):
        with pytest.warns(UserWarning, match="them did not answer for 1 of 2 values"):
            found = ask([bad, "a"], asker, session)
        assert (found[bad].value, found["a"].value) == (None, 1)
        assert found[bad].problem
    assert (asker.asked.count(bad), asker.asked.count("a")) == (2, 1)


def test_nothing_but_failures_is_an_error_unless_told_otherwise(session: Session) -> None:
    with pytest.raises(RequestFailed, match="is not answered"):
        ask(["bad1", "bad2"], Asker(), session)
    with pytest.warns(UserWarning, match="2 of 2"):
        found = ask(["bad1", "bad2"], Asker(), session, tolerant=True)
    assert all(told.problem for told in found.values())
    with pytest.raises(Offline):  # nobody could be asked at all
        ask(["off1", "off2"], Asker(), session, tolerant=True)


def test_what_had_arrived_before_it_was_stopped_is_kept(session: Session) -> None:
    class Stop:
        """Progress that stops the work at the first answer."""

        def task(self, *given: Any, **more: Any) -> Self:
            return self

        def __enter__(self) -> Self:
            return self

        def __exit__(self, *failed: object) -> None:
            pass

        def advance(self, *given: Any) -> None:
            pass

        def check_cancelled(self) -> None:
            raise Cancelled("stopped")

    asker = Asker()
    with Session(session.settings, progress=Stop()) as stopped, pytest.raises(Cancelled):
        ask(["a", "bb", "ccc"], asker, stopped, workers=1)
    before = set(asker.asked)
    found = ask(["a", "bb", "ccc"], asker, session, workers=1)
    assert [found[value].value for value in ("a", "bb", "ccc")] == [1, 2, 3]
    assert asker.asked.count("a") == 1
    assert before
