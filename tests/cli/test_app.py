"""All commands stand in the help, in an order that somebody chose."""

import shlex
from collections.abc import Iterator
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from huntkit.cli.app import JOINED, ORDER, app
from huntkit.cli.frame import help_text


def test_every_command_has_its_place_in_the_help() -> None:
    names = {each.name for each in app.registered_commands}
    names |= {each.name for each in app.registered_groups}
    assert sorted(name for name in names if name not in ORDER) == []
    assert all(module.__doc__ for module in JOINED)


def _commands(group: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    context = typer.Context(group)
    for name in group.list_commands(context):
        found = group.get_command(context, name)
        yield (*path, name), found
        if hasattr(found, "list_commands"):
            yield from _commands(found, (*path, name))


@pytest.mark.long
def test_examples_can_be_pasted_from_a_terminal_of_80_columns() -> None:
    runner = CliRunner()
    for path, found in _commands(typer.main.get_command(app)):
        shown = runner.invoke(app, [*path, "--help"], env={"COLUMNS": "80"}).stdout
        lines = {line.strip() for line in shown.splitlines()}
        examples = found.help.replace("\\[", "[").split("\n\n")[0].removeprefix("\b\n")
        missing = [line for line in examples.splitlines() if line.strip() not in lines]
        assert not missing, path


@pytest.mark.parametrize(
    "line",
    [
        "huntkit queries run A.b evidence/ --set host_name=ws01 --since -2h -o answer.csv -n 5",
        "huntkit chart x evidence/ -q 'A | where b == 1 | summarize count() by c, d' --y \"a  b\"",
        "cat " + "x" * 90 + " | huntkit iocs -",
    ],
)
def test_a_long_example_is_the_same_command_when_it_is_pasted(line: str) -> None:
    told = help_text(line, "huntkit tree", "Text.").split("\n\n")[0].removeprefix("\b\n")
    example, _, second = told.rpartition("\n")
    assert second.strip() == "huntkit tree"
    assert shlex.split(example.replace("\\\n", "")) == shlex.split(line)
    assert all(len(part) <= 80 or "x" * 90 in part for part in example.splitlines())
