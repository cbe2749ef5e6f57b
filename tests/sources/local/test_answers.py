import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from huntkit.sources.local import answers as answers_module
from huntkit.sources.local.answers import Answers, code
from huntkit.sources.local.intake import Intake
from huntkit.sources.local.opening import take_in


@pytest.fixture(scope="module")
def intake(tmp_path_factory: pytest.TempPathFactory) -> Intake:
    folder = tmp_path_factory.mktemp("answers")
    (folder / "a.log").write_text("Jan  2 03:04:05 host1 sshd[1]: hello\n")
    return take_in(folder / "a.log", cache_dir=folder / "cache")


@pytest.fixture
def answers(intake: Intake) -> Answers:
    for each in intake.cache.folder.glob("answer-*/*"):
        each.unlink()
    return Answers(intake)


def _file(intake: Intake) -> Path:
    (path,) = intake.cache.folder.glob("answer-*/*")
    return path


def test_an_answer_is_given_to_its_own_question_only(answers: Answers) -> None:
    answers.keep(b"page", "report", "Case 17")
    assert answers.load("report", "Case 17") == b"page"
    assert answers.load("report", "Case 18") is None
    assert answers.load("reportCase 17") is None
    assert answers.load("report", "Case", " 17") is None


def test_the_last_answer_stands(answers: Answers) -> None:
    answers.keep(b"one", "report")
    answers.keep(b"two", "report")
    assert answers.load("report") == b"two"


@given(content=st.binary(max_size=300), place=st.integers(0), bit=st.integers(0, 7))
def test_a_damaged_answer_is_none_at_all(
    intake: Intake, content: bytes, place: int, bit: int
) -> None:
    answers = Answers(intake)
    answers.keep(content, "property")
    assert answers.load("property") == content
    path = answers._place(str(answers._name("property"))) / "answer"
    whole = bytearray(path.read_bytes())
    whole[place % len(whole)] ^= 1 << bit
    path.write_bytes(whole)
    assert answers.load("property") is None
    path.write_bytes(whole[: place % len(whole)])
    assert answers.load("property") is None


def test_an_answer_in_another_ones_place_is_not_taken(answers: Answers, intake: Intake) -> None:
    answers.keep(b"one", "a")
    path = _file(intake)
    answers.keep(b"two", "b")
    other = next(each for each in intake.cache.folder.glob("answer-*/*") if each != path)
    path.write_bytes(other.read_bytes())
    assert answers.load("a") is None


@pytest.mark.skipif(os.name == "nt", reason="POSIX permissions")
def test_an_answer_is_for_its_owner_and_from_its_owner(answers: Answers, intake: Intake) -> None:
    answers.keep(b"page", "a")
    path = _file(intake)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    path.chmod(0o666)
    assert answers.load("a") is None


def test_what_can_not_be_kept_is_no_error(
    answers: Answers, intake: Intake, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(type(intake.cache), "work_folder", full)
    answers.keep(b"page", "a")
    assert answers.load("a") is None
    monkeypatch.undo()
    monkeypatch.setattr(answers_module, "MOST_BYTES", 3)
    answers.keep(b"page", "a")
    assert list(intake.cache.folder.glob("answer-*/*")) == []
    assert list(intake.cache.folder.glob("work-*")) == []


def test_of_evidence_that_does_not_stay_no_answer_stays(tmp_path: Path) -> None:
    (tmp_path / "a.log").write_text("Jan  2 03:04:05 host1 sshd[1]: hello\n")
    passing = take_in(tmp_path / "a.log", cache=False)
    answers = Answers(passing)
    answers.keep(b"page", "a")
    assert answers.load("a") is None
    passing.close()


def test_other_code_or_another_version_of_a_library_asks_anew(
    intake: Intake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "huntkit" / "__pycache__").mkdir(parents=True)
    (tmp_path / "site" / "polars-1.0.dist-info").mkdir(parents=True)
    script = tmp_path / "huntkit" / "page.js"
    script.write_text("one")
    monkeypatch.setattr(answers_module.resources, "files", lambda _: tmp_path / "huntkit")
    monkeypatch.syspath_prepend(tmp_path / "site")
    seen = []
    for change in (
        lambda: None,
        lambda: script.write_text("two"),
        lambda: script.rename(script.with_name("other.js")),
        lambda: (tmp_path / "site" / "polars-1.0.dist-info").rename(
            tmp_path / "site" / "polars-1.1.dist-info"
        ),
    ):
        change()
        code.cache_clear()
        seen.append(code())
    (tmp_path / "huntkit" / "__pycache__" / "page.pyc").write_text("no code of its own")
    code.cache_clear()
    assert code() == seen[-1]
    assert len(set(seen)) == 4
    code.cache_clear()
