"""Which driver a name means."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from huntkit.core.errors import UnknownPlugin
from huntkit.core.registry import Registry, class_of
from huntkit.runtime.session import Session, Settings
from huntkit.sources import catalog
from huntkit.sources.driver import Driver
from huntkit.sources.drivers.local import Local
from huntkit.sources.provider import QueryProvider

PLUGIN = """
from huntkit.sources.driver import Answer, Driver

class Lake(Driver):
    '''A lake.'''
    environments = {"Lake": ("Puddle",), "Splunk": ()}
    language = "kql"
    def run(self, request): ...
    def schema(self): return {}
"""


@pytest.fixture
def plugins(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Registry[type[Driver]]]:
    folder = tmp_path / "lakes"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "lake.py").write_text(PLUGIN)
    (folder / "broken.py").write_text("import no_such_vendor\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield Registry("driver", "lakes", pick=class_of(Driver))
    for name in [name for name in sys.modules if name.partition(".")[0] == "lakes"]:
        del sys.modules[name]


@pytest.mark.parametrize("name", ["Local", "local", "LOCALDATA", "LocalData"])
def test_local_evidence_is_found_by_all_its_names(name: str) -> None:
    found = catalog.place(name)
    assert (found.driver, found.environment, found.plugin) == (Local, "Local", "local")


def test_asking_for_local_loads_no_other_driver() -> None:
    loaded: list[str] = []

    class Watched(Registry[type[Driver]]):
        def load(self, name: str) -> type[Driver]:
            loaded.append(name)
            return super().load(name)

    catalog.place("LocalData", Watched("driver", "huntkit.sources.drivers", pick=class_of(Driver)))
    assert loaded == ["local"]


def test_an_outside_driver_is_found_by_its_own_and_by_known_names(
    plugins: Registry[type[Driver]],
) -> None:
    assert catalog.place("puddle", plugins).environment == "Lake"
    assert catalog.place("SPLUNK", plugins).environment == "Splunk"
    assert list(catalog.places(plugins)) == ["Lake", "Splunk"]


def test_a_known_name_that_nothing_can_ask_says_what_there_is(
    plugins: Registry[type[Driver]],
) -> None:
    with pytest.raises(UnknownPlugin, match="nothing here can ask MSSentinel yet") as caught:
        catalog.place("AzureSentinel", plugins)
    assert "there are: Lake, Splunk" in caught.value.hint
    assert "'broken' can't be loaded" in caught.value.hint


def test_a_misspelt_name_gets_the_nearest(plugins: Registry[type[Driver]]) -> None:
    with pytest.raises(UnknownPlugin, match="did you mean 'Splunk'"):
        catalog.place("Splnk", plugins)


def test_a_driver_that_is_switched_off_is_not_there_and_says_so() -> None:
    session = Session(Settings(disabled_plugins=("driver.Splunk", "driver.kusto", "chart.x")))
    with pytest.raises(UnknownPlugin, match="'splunk' is switched off") as caught:
        QueryProvider("Splunk", session=session)
    assert "disabled_plugins" in str(caught.value.hint)
    with pytest.raises(UnknownPlugin, match=r"driver\.kusto"):
        QueryProvider("ADX", session=session)
    assert QueryProvider("Local", session=session).environment == "Local"
    every = catalog.places(catalog.drivers(("driver.splunk",)))
    assert "Splunk" in catalog.places()
    assert "Splunk" not in every
