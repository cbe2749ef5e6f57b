from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pytest

from huntkit.core.errors import SettingsError, UsageError
from huntkit.runtime.secrets import Secret
from huntkit.runtime.settings_nodes import parsed
from huntkit.runtime.settings_reading import Reader


@dataclass(frozen=True, kw_only=True)
class Inner:
    host: str
    port: int = 443


@dataclass(frozen=True, kw_only=True)
class Everything:
    auth_key: Secret
    name: str = "none"
    count: int = 1
    ratio: float = 1.0
    on: bool = True
    place: Path | None = None
    kind: Literal["full", "quick"] = "full"
    words: tuple[str, ...] = ()
    numbers: list[int] = field(default_factory=list)
    inner: Inner | None = None
    more: dict[str, Inner] = field(default_factory=dict)
    either: int | str | None = None
    anything: Any = None
    workspace: str = field(default="", metadata={"aliases": ("WorkspaceID",)})


def read(text: str, kind: Any = Everything, **given: Any) -> tuple[Any, Reader]:
    root, faults = parsed(text.encode())
    assert faults == []
    reader = Reader(**given)
    return reader.read(root, kind, "X.Args"), reader


def test_every_type_is_read() -> None:
    value, reader = read(
        """
        AuthKey: env:KEY
        NAME: 0123
        count: 1_000
        ratio: 3
        on: "yes"
        place: ~/x
        kind: quick
        words: [a, 1, true]
        numbers: 5
        inner: {Host: h}
        more: {one: {host: a, port: 1}}
        either: text
        anything: {a: [1, 2.5, yes, ~, x]}
        WorkspaceID: 12
        """
    )
    assert reader.faults == []
    assert reader.warnings == []
    assert value == Everything(
        auth_key=Secret("env:KEY"),
        name="0123",
        count=1000,
        ratio=3.0,
        on=True,
        place=Path.home() / "x",
        kind="quick",
        words=("a", "1", "true"),
        numbers=[5],
        inner=Inner(host="h"),
        more={"one": Inner(host="a", port=1)},
        either="text",
        anything={"a": [1, 2.5, True, None, "x"]},
        workspace="12",
    )
    assert read("AuthKey: env:KEY\neither: 7")[0].either == 7


def test_every_fault_is_told_at_once_with_its_line() -> None:
    value, reader = read(
        "name: [x]\ncount: many\nratio: {a: 1}\non: perhaps\nkind: quik\nwords: {a: 1}\n"
        "numbers: [1, x]\ninner: {prt: 1}\nmore: [1]\neither: [1]\nplace:\n"
    )
    assert value is None
    assert sorted(map(str, reader.faults)) == sorted(
        [
            "line 1: X.Args needs AuthKey",
            "line 1: X.Args.name must be a text, not a list or block",
            "line 2: X.Args.count must be a whole number",
            "line 3: X.Args.ratio must be a number, not a list or block",
            "line 4: X.Args.on must be true or false",
            "line 5: X.Args.kind is none of full, quick (did you mean 'quick'?)",
            "line 6: X.Args.words must be a list of a text",
            "line 7: X.Args.numbers[1] must be a whole number",
            "line 8: X.Args.inner needs Host",
            "line 9: X.Args.more must be a block of names and values",
            "line 10: X.Args.either must be a whole number or a text",
        ]
    )


@pytest.mark.parametrize(("unknown", "faults", "warnings"), [
    ("fault", 1, 0), ("warning", 0, 1), ("nothing", 0, 0),
])  # fmt: skip
def test_an_unknown_name_is_what_it_was_said_to_be(unknown, faults, warnings) -> None:
    _, reader = read("auth_key: env:K\ncuont: 3", unknown=unknown)
    assert (len(reader.faults), len(reader.warnings)) == (faults, warnings)
    for fault in reader.faults + reader.warnings:
        assert fault.line == 2
        assert "did you mean 'count'" in str(fault).lower()


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("env:KEY", "env:KEY"),
        ("keyring:huntkit/otx", "keyring:huntkit/otx"),
        ("keyvault:prod/otx", "keyvault:prod/otx"),
        ("keyvault:otx", "keyvault:main/otx"),
        ("{EnvironmentVar: KEY}", "env:KEY"),
        ("{environmentvar: KEY}", "env:KEY"),
        ("{KeyVault: otx}", "keyvault:main/otx"),
        ("{KeyVault: prod/otx}", "keyvault:prod/otx"),
        ("{KeyVault: }", "keyvault:main/X-Args-AuthKey"),
    ],
)
def test_every_form_of_a_reference_is_read(text: str, same: str) -> None:
    value, reader = read(f"AuthKey: {text}", vault="main")
    assert reader.faults == []
    assert value.auth_key == Secret(same)


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        "[a]",
        "{Environment: X}",
        "{EnvironmentVar: }",
        "{EnvironmentVar: A, KeyVault: B}",
        "{KeyVault: x}",
        "keyvault:x",
        "'env:'",
        "",
        "~",
    ],
)
def test_what_is_no_reference_is_a_fault(text: str) -> None:
    value, reader = read(f"AuthKey: {text}")
    assert value is None
    assert len(reader.faults) == 1


def test_a_plain_secret_works_is_told_and_not_shown() -> None:
    value, reader = read("name: x\nAuthKey: hunter2-in-plain-text")
    assert value.auth_key.reveal() == "hunter2-in-plain-text"
    (told,) = reader.warnings
    assert told.line == 2
    assert "hunter2" not in str(told) + repr(value) + repr(reader)


def test_what_a_dataclass_refuses_is_a_fault_of_its_place() -> None:
    @dataclass(frozen=True, kw_only=True)
    class Picky:
        days: int

        def __post_init__(self) -> None:
            if self.days > 7:
                raise UsageError("more than a week", hint="take less")

    assert read("days: 3", Picky)[0].days == 3
    value, reader = read("\n\ndays: 30", Picky)
    assert value is None
    assert str(reader.faults[0]) == "line 3: X.Args can't be used: more than a week (take less)"


def test_nothing_gives_the_defaults() -> None:
    @dataclass(frozen=True, kw_only=True)
    class Easy:
        days: int = 3
        names: Sequence[str] = ()

    assert Reader().read(None, Easy, "X") == Easy()
    assert read("days:\nnames:", Easy)[1].faults != []
    _, reader = read("AuthKye: env:K", Everything)
    assert str(reader.faults[0]) == "line 1: X.Args needs AuthKey (did you mean it by 'AuthKye'?)"
    reader = Reader()
    assert reader.read(None, Everything, "X", line=7) is None
    assert str(reader.faults[0]) == "line 7: X needs AuthKey"


def test_a_union_that_fits_late_leaves_no_faults() -> None:
    @dataclass(frozen=True, kw_only=True)
    class Union:
        value: Inner | str

    value, reader = read("value: text", Union)
    assert (value.value, reader.faults) == ("text", [])
    assert read("value: {host: a}", Union)[0].value == Inner(host="a")
    with pytest.raises(SettingsError):
        Secret("env:")
