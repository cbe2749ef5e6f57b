import subprocess
import sys
from enum import Enum
from pathlib import Path
from typing import Annotated, Any

import pytest
import typer

from huntkit.cli.frame import Command
from huntkit.cli.plain_values import NOT_PLAIN, plain, spare_conversion


class Side(Enum):
    LEFT = "left"


app = typer.Typer()


@app.command(cls=Command)
def _command(
    many: list[str],
    text: str = "",
    one: str | None = None,
    number: int = 7,
    atleast: Annotated[int, typer.Option(min=3)] = 5,
    flag: Annotated[bool, typer.Option("--flag")] = False,
    path: Path | None = None,
    there: Annotated[Path | None, typer.Option(exists=True)] = None,
    side: Side = Side.LEFT,
    upper: Annotated[str, typer.Option(parser=str.upper)] = "",
    several: list[str] | None = None,
) -> None:
    pass


def parameters() -> dict[str, Any]:
    command = typer.main.get_command(app)
    return {each.name: each for each in command.params}


VALUES: list[Any] = [
    None, "", "a", "é\udc80", "12", "-", "left", 0, 4, True, [], ["a"], ("a", "b"), ["a", 1], "/",
    "/no/such/thing", "../x", Path("a"),
]  # fmt: skip


def converted(param: Any, value: Any) -> Any:
    context = typer.Context(typer.main.get_command(app))
    try:
        return param.process_value(context, value)
    except Exception as problem:  # noqa: BLE001  typer has many; each must be the same
        return type(problem).__name__, str(problem)


@pytest.mark.parametrize("name", list(parameters()))
def test_what_is_not_converted_is_what_typer_makes_of_it(name: str) -> None:
    usual, spared = parameters()[name], spare_conversion([parameters()[name]])[0]
    for value in VALUES:
        expected, got = converted(usual, value), converted(spared, value)
        assert (type(got), got) == (type(expected), expected), value


def test_only_plain_values_are_spared() -> None:
    known = parameters()

    def of(name: str, value: Any) -> Any:
        return plain(value, known[name].type_descriptor.annotation, known[name])

    assert of("many", ("a", "b")) == ["a", "b"]
    assert of("path", "x/y") == Path("x/y")
    assert of("one", None) is None
    assert of("number", 7) == 7
    for name, value in [
        ("number", "7"), ("atleast", 4), ("there", "x"), ("side", "left"), ("upper", "a"),
        ("many", None), ("many", []), ("several", None), ("text", 3),
    ]:  # fmt: skip
        assert of(name, value) is NOT_PLAIN, name


def test_opening_evidence_loads_no_converter() -> None:
    code = (
        "import sys; from huntkit.cli import main\n"
        "try: main(['open', '/no/such/evidence', '-o', '/no/such/page.html'])\n"
        "except SystemExit as left: print(left.code, 'pydantic' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout == "2 False\n"
