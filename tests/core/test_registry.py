import importlib.metadata
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from huntkit.core.errors import HuntkitError, MissingExtra, UnknownPlugin
from huntkit.core.registry import GROUP, Registry, class_of, module_itself


class Chart:
    """A contract for the tests."""


GOOD = """
from test_registry_contract import Chart
class Good(Chart):
    pass
"""


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    folder = tmp_path / "plugins_for_test"
    folder.mkdir()
    files = {
        "__init__": "",
        "_base": "raise AssertionError('never loaded')",
        "good": GOOD,
        "other": GOOD.replace("Good", "Other"),
        "broken": "1 / 0",
        "empty": "",
        "needs_more": "import huntkit.core.extras as e\ne.require('nothing_here', extra='ml')",
    }
    for name, text in files.items():
        (folder / f"{name}.py").write_text(text, encoding="utf-8")
    contract = type(sys)("test_registry_contract")
    contract.Chart = Chart  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "test_registry_contract", contract)
    monkeypatch.syspath_prepend(tmp_path)
    yield "plugins_for_test"
    for name in [name for name in sys.modules if name.startswith("plugins_for_test")]:
        del sys.modules[name]


def outside(monkeypatch: pytest.MonkeyPatch, *entries: tuple[str, str]) -> None:
    points = [importlib.metadata.EntryPoint(name, value, GROUP) for name, value in entries]
    monkeypatch.setattr(
        importlib.metadata, "entry_points", lambda *, group: [p for p in points if p.group == group]
    )


def charts(package: str, **more: list[str]) -> Registry[type[Chart]]:
    return Registry("chart", package, pick=class_of(Chart), **more)


def test_plugins_are_listed_without_being_imported(package: str) -> None:
    found = charts(package)
    assert found.names() == ["broken", "empty", "good", "needs_more", "other"]
    assert list(found) == found.names()
    assert len(found) == 5
    assert "good" in found
    assert not [name for name in sys.modules if name.startswith(package + ".")]


def test_a_plugin_is_loaded_once(package: str) -> None:
    found = charts(package)
    assert found.load("good").__name__ == "Good"
    assert found.load("good") is found.load("good")
    assert f"{package}.other" not in sys.modules


def test_an_unknown_plugin_is_refused_with_a_suggestion(package: str) -> None:
    with pytest.raises(UnknownPlugin, match=r"there is no chart 'goood'.*did you mean 'good'"):
        charts(package).load("goood")


def test_a_plugin_that_is_switched_off_is_not_there(package: str) -> None:
    found = charts(package, disabled=["good"])
    assert "good" not in found
    with pytest.raises(UnknownPlugin):
        found.load("good")


def test_a_broken_plugin_fails_alone_and_says_why(package: str) -> None:
    found = charts(package)
    with pytest.raises(HuntkitError, match="ZeroDivisionError"):
        found.load("broken")
    with pytest.raises(HuntkitError, match="must define one Chart, and defines 0"):
        found.load("empty")
    with pytest.raises(MissingExtra):
        found.load("needs_more")
    assert list(found.load_all()) == ["good", "other"]
    assert sorted(found.problems) == ["broken", "empty", "needs_more"]


def test_outside_packages_add_plugins_of_their_kind(
    package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    outside(
        monkeypatch,
        ("chart.mine", f"{package}.good"),
        ("chart.gone", "no_such_package_at_all"),
        ("driver.mine", f"{package}.other"),
        ("chart.other", f"{package}.good"),
    )
    found = charts(package)
    assert [name for name in found if name in ("mine", "gone")] == ["gone", "mine"]
    assert found.load("mine").__name__ == "Good"
    with pytest.raises(HuntkitError, match=r"'gone' .no_such_package_at_all. can't be loaded"):
        found.load("gone")
    assert found.load("other").__name__ == "Other"  # the built-in one keeps its name
    assert "is ignored" in found.problems["other"]
    assert charts(package, disabled=["mine"]).names() == [n for n in found.names() if n != "mine"]


def test_plugins_may_be_modules(package: str) -> None:
    modules = Registry("codec", "encodings", pick=module_itself)
    assert modules.load("utf_8").__name__ == "encodings.utf_8"


def test_a_package_that_is_none_is_an_error() -> None:
    with pytest.raises(HuntkitError, match="is no package"):
        Registry("chart", "json.decoder", pick=module_itself).names()


def test_packages_of_higher_floors_may_add_plugins() -> None:
    plugins = Registry(
        "codec", "json", pick=module_itself, also=["encodings", "no_such.package", "no_such"]
    )
    assert {"decoder", "utf_8"} <= set(plugins)
    assert plugins.load("utf_8").__name__ == "encodings.utf_8"
