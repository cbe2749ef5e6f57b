from pathlib import Path

import pytest

from huntkit.cli.asking import values_of
from huntkit.cli.options import Asking
from huntkit.core.errors import UsageError


def values(*given: str) -> list[str]:
    return values_of(
        given, command="ti", example="203.0.113.7", what="indicator", doubtful=str.isalpha
    )


def test_values_come_from_files_too_each_once_and_without_remarks(tmp_path: Path) -> None:
    path = tmp_path / "values.txt"
    path.write_text("# seen on Monday\n9.9.9.9\n\n  8.8.8.8 \n  # no more\n", encoding="utf-16")
    assert values("8.8.8.8", f"@{path}", "8.8.8.8") == ["8.8.8.8", "9.9.9.9"]


def test_a_value_may_be_called_as_a_file_unless_it_looks_like_no_value(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("hosts").touch()
    Path("9.9.9.9").touch()
    assert values("9.9.9.9", "nofile", "x" * 5000) == ["9.9.9.9", "nofile", "x" * 5000]
    with pytest.raises(UsageError, match="'hosts' is a file, and no indicator") as refused:
        values("hosts")
    assert refused.value.hint == "huntkit ti @hosts reads its lines"


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (["-", "-"], "only once"),
        (["", " "], "no value"),
        (["@nowhere.txt"], "can't read"),
        (["@~nobody-here/x"], "can't read"),
        (["@a\0b"], "can't read"),
    ],
)
def test_what_can_not_be_read_is_said(given: list[str], told: str) -> None:
    with pytest.raises(UsageError, match=told):
        values(*given)


def test_providers_stand_with_commas_between_or_one_by_one() -> None:
    assert Asking(providers=["Tor, OTX", "VirusTotal,"]).names == ["Tor", "OTX", "VirusTotal"]
    assert Asking().names == []
