import json
from collections.abc import Callable
from pathlib import Path

import pytest

import huntkit
from huntkit.core.errors import Cancelled, HuntkitError
from huntkit.report import facts
from huntkit.report.document import Report
from huntkit.report.kept import Ready, ready
from huntkit.report.summary import Summary
from huntkit.sources.demo import make_demo
from huntkit.sources.local.evidence import evidence_of
from huntkit.sources.local.opening import take_in


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("kept")
    make_demo(folder)
    return folder / "evidence"


@pytest.fixture
def ask(demo: Path, tmp_path: Path) -> Callable[..., tuple[Ready, int]]:
    """The report, and how often it had to be made for that."""

    def ask(
        *, title: str | None = None, page: bool = True, part: str = "zeek", **more: object
    ) -> tuple[Ready, int]:
        intake = take_in(demo / part, cache_dir=tmp_path / "cache")
        made: list[Report] = []

        def make() -> Report:
            with evidence_of(intake) as evidence:
                made.append(huntkit.report.report(evidence, title=title, **more))
            return made[0]

        return ready(intake, make, title=title, page=page), len(made)

    return ask


def test_a_report_is_made_once_and_is_the_same_to_the_byte(ask, demo: Path) -> None:
    first, made = ask()
    again, made_again = ask()
    assert (made, made_again) == (1, 0)
    assert again == first
    with huntkit.open(demo / "zeek", cache=False) as evidence:
        fresh = huntkit.report.report(evidence)
    assert again.page == fresh.to_html().encode("utf-8", "replace")


def test_each_title_has_its_own_page_and_all_share_the_summary(ask) -> None:
    plain, _ = ask()
    titled, made = ask(title="Case 17")
    assert made == 1
    assert titled.page != plain.page
    assert b"Case 17" in (titled.page or b"")
    assert titled.summary == plain.summary
    assert ask(title="Case 17") == (titled, 0)


def test_a_summary_alone_draws_no_page(ask, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(Report, "to_html", lambda _: 1 / 0)
        first, made = ask(page=False)
        again, made_again = ask(page=False)
    assert (first.page, made, made_again) == (None, 1, 0)
    assert again == first
    assert ask()[1] == 1


def test_a_report_with_a_failed_section_is_not_kept(ask, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise HuntkitError("no memory")

    with monkeypatch.context() as patched:
        patched.setattr(facts.notable, "notable", fail)
        broken, _ = ask()
    assert broken.summary.failed == ["notable"]
    assert broken.summary.partial
    whole, made = ask()
    assert made == 1
    assert whole.summary.failed == []


def test_a_report_that_was_stopped_is_not_kept(ask) -> None:
    class Stopper:
        def task(self, title, *, total=None):
            return self

        def __enter__(self):
            return self

        def __exit__(self, *_):
            return None

        def advance(self, n=1):
            pass

        def check_cancelled(self):
            raise Cancelled("stop")

    stopped, _ = ask(progress=Stopper())
    assert stopped.summary.partial
    whole, made = ask()
    assert made == 1
    assert not whole.summary.partial


def test_a_summary_goes_through_json_unchanged(ask) -> None:
    told = ask(page=False, part=".")[0].summary
    assert Summary.from_json(told.to_json()) == told
    assert json.loads(told.to_json())["kept"] == told.kept > 100
    assert told.hosts.total >= len(told.hosts.busiest) > 0
    assert told.notable
    assert told.branches
    assert told.standouts >= len(told.outstanding) > 0
