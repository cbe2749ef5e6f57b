import subprocess
import sys
from types import ModuleType

import pytest

import huntkit
from huntkit.core.doors import doors


@pytest.fixture
def package(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    made = ModuleType("a_package")
    monkeypatch.setitem(sys.modules, "a_package", made)
    return made


def test_a_name_is_loaded_once_and_stays(package: ModuleType) -> None:
    load, _ = doors("a_package", {"VERSION": "huntkit.core.version"})
    assert load("VERSION") == huntkit.__version__
    assert vars(package)["VERSION"] == huntkit.__version__


@pytest.mark.usefixtures("package")
def test_a_name_may_be_another_there_or_the_module_itself() -> None:
    load, names = doors(
        "a_package", {"told": "huntkit.core.version:VERSION", "at": "huntkit.core:"}
    )
    assert load("told") == huntkit.__version__
    assert load("at") is sys.modules["huntkit.core"]
    assert [name for name in names() if not name.startswith("__")] == ["at", "told"]


def test_only_what_is_public_is_listed() -> None:
    public = {name for name in dir(huntkit) if not name.startswith("__")}
    assert public == set(huntkit.__all__)


@pytest.mark.parametrize("name", ["ioc", "iocss"])
def test_a_name_that_is_slightly_off_is_answered_with_the_right_one(name: str) -> None:
    code = f"import huntkit.extract; huntkit.extract.{name}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert f"module 'huntkit.extract' has no attribute '{name}'" in done.stderr
    assert "Did you mean: 'iocs'?" in done.stderr
    assert done.returncode == 1
