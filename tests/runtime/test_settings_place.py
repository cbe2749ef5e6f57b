import os
from pathlib import Path

import pytest

from huntkit.runtime.settings_place import find


@pytest.fixture
def places(tmp_path: Path) -> tuple[Path, Path]:
    folder, home = tmp_path / "case", tmp_path / "home"
    for path in (folder, home / ".huntkit", home / ".msticpy"):
        path.mkdir(parents=True)
    return folder, home


def put(path: Path) -> Path:
    path.write_text("huntkit:\n")
    path.chmod(0o644)
    return path


def test_the_nearest_file_is_used_in_a_fixed_order(places, monkeypatch) -> None:
    folder, home = places
    assert find(folder=folder, home=home) == (None, "")
    order = [
        home / ".msticpy" / "msticpyconfig.yaml",
        home / "huntkit.yaml",
        home / ".huntkit" / "huntkit.yaml",
        folder / "msticpyconfig.yaml",
        folder / "huntkit.yaml",
    ]
    for path in order:
        put(path)
        assert find(folder=folder, home=home) == (path, "")
    monkeypatch.setenv("MSTICPYCONFIG", "/somewhere/old.yaml")
    assert find(folder=folder, home=home) == (Path("/somewhere/old.yaml"), "")
    monkeypatch.setenv("HUNTKITCONFIG", "~/mine.yaml")
    assert find(folder=folder, home=home) == (Path.home() / "mine.yaml", "")


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="rights of files are kept elsewhere")
def test_a_file_that_others_can_write_to_is_not_used(places) -> None:
    folder, home = places
    own = put(home / "huntkit.yaml")
    put(folder / "huntkit.yaml").chmod(0o666)
    path, why = find(folder=folder, home=home)
    assert path == own
    assert "others can write to it" in why
    assert "chmod o-w" in why
