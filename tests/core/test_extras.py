import sys
from pathlib import Path

import pytest

from huntkit.core.errors import HuntkitError, MissingExtra
from huntkit.core.extras import require


def test_a_package_that_is_there_is_given() -> None:
    assert require("json.decoder", extra="ml").__name__ == "json.decoder"


def test_a_missing_package_names_the_line_that_installs_it() -> None:
    with pytest.raises(MissingExtra, match=r'pip install "huntkit\[ml\]"') as caught:
        require("no_such_package.part", extra="ml")
    assert isinstance(caught.value, ImportError)
    assert caught.value.context == {"package": "no_such_package", "extra": "ml"}


@pytest.mark.parametrize("text", ["import no_such_package_either", "from json import nothing"])
def test_a_broken_package_is_not_called_missing(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "half_installed.py").write_text(text, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(HuntkitError, match="installed but can't be loaded") as caught:
        require("half_installed", extra="ml")
    assert not isinstance(caught.value, MissingExtra)
    sys.modules.pop("half_installed", None)
