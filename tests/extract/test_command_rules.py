"""Rules about command lines: their files, their checks, and how they are matched."""

from pathlib import Path

import polars as pl
import pytest
import yaml

from huntkit.core.errors import SettingsError
from huntkit.extract import command_rules
from huntkit.extract.command_rules import (
    PLATFORMS,
    built_in_rules,
    checked,
    matches,
    read_rules,
)

RULES = Path(command_rules.__file__).parent / "risk_rules"
GOOD = {
    "id": "x",
    "title": "X runs",
    "why": "It is an example.",
    "level": "low",
    "technique": "T1059.001",
    "tactic": "execution",
    "program": ["x"],
}


@pytest.mark.parametrize("platform", PLATFORMS)
def test_the_built_in_files_are_without_fault(platform):
    name = f"{platform}.yaml"
    found = yaml.safe_load((RULES / name).read_text(encoding="utf-8"))
    assert len(checked(found, name, [platform])) == len(found)


def test_the_built_in_rules_are_many_and_each_has_its_own_id():
    rules = built_in_rules()
    assert len(rules) >= 130
    assert len({rule.id for rule in rules}) == len(rules)
    assert len({rule.technique for rule in rules}) >= 60
    for platform in PLATFORMS:
        assert sum(platform in rule.platforms for rule in rules) >= 15


def test_words_of_rules_are_in_lower_case_and_long_enough_to_tell_something():
    for rule in built_in_rules():
        assert all(word == word.lower() for word in rule.words), rule.id
        if not rule.is_raw:
            assert all(len(word) >= 2 for word in rule.words), rule.id
            # Quotes are taken out of the line before it is matched.
            assert not any({'"', "'"} & set(word) for word in rule.words), rule.id


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"id": ""}, "id must be a text"),
        ({"why": None}, "why must be a text"),
        ({"level": "severe"}, "level must be one of"),
        ({"tactic": "magic"}, "tactic must be one of"),
        ({"technique": "1059"}, "technique must be of the form"),
        ({"program": "x"}, "program must be a list"),
        ({"program": [True]}, "program must be a list"),
        ({"program": []}, "program or words"),
        ({"program": [], "words": ["x"]}, "all or any"),
        ({"all": ["(?=x)"]}, "look-around"),
        ({"all": [r"(a)\1"]}, "backreference"),
        ({"all": ["a{100000}{100000}"]}, "can't be used"),
        ({"all": ["("]}, "can't be used"),
        ({"raw": "yes"}, "raw must be"),
        ({"platforms": ["amiga"]}, "amiga"),
        ({"tittle": "x"}, "did you mean 'title'"),
    ],
)
def test_faults_of_rules_are_told(change, fault):
    with pytest.raises(SettingsError, match=rf"(?s)mine: rule 1 .*{fault}"):
        checked([{**GOOD, **change}], "mine", ["linux"])


@pytest.mark.parametrize("found", [None, {}, "x", 3])
def test_a_file_without_rules_is_refused(found):
    with pytest.raises(SettingsError, match="list of rules"):
        checked(found, "mine", ["linux"])


def test_every_fault_is_told_at_once():
    with pytest.raises(SettingsError) as caught:
        checked([7, {**GOOD, "level": "x"}, GOOD, GOOD], "mine", ["linux"])
    assert len(caught.value.context["faults"]) == 4  # two of them: an id that was there before


def test_rules_of_a_file(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump([GOOD]))
    (rule,) = read_rules(path)
    assert rule.platforms == frozenset(PLATFORMS)
    named = tmp_path / "linux.yaml"
    named.write_text(yaml.safe_dump([GOOD]))
    assert read_rules(str(named))[0].platforms == {"linux"}


@pytest.mark.parametrize("text", ["[", "a: &a [*a]\nb: *c", "!!python/object:os.system x", "\x00"])
def test_broken_files_are_refused(tmp_path, text):
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    with pytest.raises(SettingsError, match=r"mine\.yaml"):
        read_rules(path)


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(SettingsError, match=r"nothing\.yaml"):
        read_rules(tmp_path / "nothing.yaml")


def lines(*texts: str, platform: str = "") -> pl.DataFrame:
    return pl.DataFrame(
        {"written": list(texts), "normal": list(texts), "platform": [platform] * len(texts)},
        schema={"written": pl.String, "normal": pl.String, "platform": pl.String},
    )


def found_by(rule: dict, *texts: str, platform: str = "") -> list[int]:
    rules = checked([{**GOOD, **rule}], "mine", ["linux"])
    return matches(lines(*texts, platform=platform), rules)["line"].to_list()


def test_a_program_is_a_word_with_or_without_a_folder_and_exe():
    texts = ("x", "/bin/x -a", 'c:\\x.exe"', "a|x", "ax", "x.y", "x-y", "x.exe.bak", "$(x)", "y x")
    assert found_by({}, *texts) == [0, 1, 2, 3, 8, 9]


def test_all_any_and_none():
    texts = ("x a", "x a b", "x a c", "x b c", "x a b d")
    assert found_by({"all": ["a"], "any": ["b", "c"], "none": ["d$"]}, *texts) == [1, 2]


def test_quotes_are_looked_through_unless_the_rule_is_about_the_writing():
    texts = ("x 'a'b", "x ab")
    assert found_by({"all": ["ab"]}, *texts) == [0, 1]
    assert found_by({"all": ["ab"], "raw": True}, *texts) == [1]


def test_rules_of_another_platform_do_not_apply():
    assert found_by({}, "x", platform="posix") == [0]
    assert found_by({}, "x", platform="windows") == []
    assert found_by({"platforms": ["windows"]}, "x", platform="posix") == []


def test_what_matched_is_shown():
    rules = checked([{**GOOD, "all": ["-a+"]}], "mine", ["linux"])
    assert matches(lines("x -aaa b"), rules)["Matched"].to_list() == ["-aaa"]


def test_no_lines_and_no_rules():
    assert matches(lines(), built_in_rules()).height == 0
    assert matches(lines("x"), ()).height == 0
