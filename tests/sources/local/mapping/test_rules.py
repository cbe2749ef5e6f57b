"""Mapping files are checked when they are read, with the line of each fault."""

from pathlib import Path

import pytest

from huntkit.core.errors import SettingsError
from huntkit.sources.local import schemas
from huntkit.sources.local.mapping import rules

OURS = (
    "GCPLogs",
    "Chainsaw",
    "Hayabusa",
    "Zeek_",
    "LinuxAudit",
    "NetworkSession",
    "Plaso",
    "SquidProxy",
)


def load(tmp_path: Path, text: str) -> rules.Family:
    path = tmp_path / "made.yaml"
    path.write_text(text, encoding="utf-8")
    return rules.load(path)


HEAD = "family: made\nwhen: {channel: [X]}\nrules:\n"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (
            HEAD + "  - table: T\n    columns:\n      A: {shout: B}\n",
            r"made.yaml:6: A: needs .*verb",
        ),
        (HEAD + "  - table: T\n    colums: {A: B}\n", r"made.yaml:4: 'colums' is unknown here"),
        (HEAD + "  - table: T\n    use: nothing\n", r"made.yaml:4: there is no block 'nothing'"),
        (HEAD + "  - columns: {A: B}\n", r"made.yaml:4: a rule needs a table"),
        (HEAD + "  - table: T\n    event: one\n", r"made.yaml:4: 'event' must be numbers"),
        (
            HEAD + "  - table: T\n    columns: {A: {map: B}}\n",
            r"made.yaml:5: A: 'map' needs values",
        ),
        (
            HEAD + "  - table: T\n    columns: {A: {hash: B}}\n",
            r"made.yaml:5: A: 'hash' needs kind",
        ),
        (
            HEAD + "  - table: T\n    columns: {A: {int: B, message: '('}}\n",
            r"made.yaml:5: A: the message pattern can't be read",
        ),
        (HEAD + "  - table: T\n    columns: {A: B, A: C}\n", r"made.yaml:5: written twice: A"),
        (f"like: nobody\n{HEAD}  - table: T\n", r"made.yaml:1: there is no nobody.yaml"),
        ("when: {file: '('}\nrules: []\n", r"made.yaml:1: 'file' can't be read"),
        (HEAD + "  - table: [T\n", r"made.yaml:\d+: "),
        ("family: made\n", r"made.yaml: needs 'family', 'when' and 'rules'"),
    ],
)
def test_a_fault_is_named_with_its_line(tmp_path: Path, text: str, fault: str) -> None:
    with pytest.raises(SettingsError, match=fault):
        load(tmp_path, text)


def test_all_faults_are_reported_at_once(tmp_path: Path) -> None:
    text = HEAD + "  - table: T\n    columns: {A: {x: B}}\n  - table: T\n    columns: {A: {y: B}}\n"
    with pytest.raises(SettingsError) as caught:
        load(tmp_path, text)
    assert len(caught.value.context["faults"]) == 2


@pytest.mark.parametrize("family", rules.families(), ids=lambda family: family.name)
def test_every_mapped_column_is_the_tables_own(family: rules.Family) -> None:
    every = [*family.always, *(rule for made in family.by_event.values() for rule in made)]
    assert every
    for rule in every:
        if rule.table.startswith(OURS):
            continue
        known = schemas.known(rule.table)
        assert known is not None, rule.table
        extra = {name for name in rule.columns if name not in known and not name.startswith("_")}
        assert extra <= {"AdditionalFields"}, (rule.table, extra)


def test_every_layout_can_be_read_and_says_where_the_time_is() -> None:
    from huntkit.sources.local.mapping.layouts import layouts

    assert len(layouts()) >= 8
    for layout in layouts():
        assert layout.time, layout.name
        assert {kind for _, kind in layout.time} <= {"own", "claimed", "local", "receiving"}
