"""Which providers there are: switched off by settings, dropped into folders, read anew."""

import os
import warnings
from pathlib import Path
from typing import Any

import pytest

from huntkit.core.errors import SettingsError, UnknownPlugin, UsageError
from huntkit.enrich.ti import TILookup, VTLookup
from huntkit.runtime.session import Session, Settings

PROVIDER = '''
from huntkit.enrich.ti import Facts, TIProvider

class QuietNet(TIProvider):
    """Knows whom to leave alone."""
    name = "QuietNet"
    takes = {"ipv4": ("", "noise")}

    def ask(self, lookup):
        return Facts(severity="information", reason="quiet")
'''


def settings(folder: Path, text: str) -> Path:
    path = folder / "huntkit.yaml"
    path.write_text(f"huntkit:\n  frame: polars\n  cache_dir: {folder}\n{text}")
    return path


@pytest.fixture
def drop(tmp_path: Path) -> Any:
    folder = tmp_path / "mine"
    folder.mkdir()

    def put(name: str, text: str) -> Path:
        (folder / name).write_text(text)
        return folder

    return put


def test_settings_switch_providers_off_and_say_so(tmp_path):
    path = settings(tmp_path, "  disabled_plugins: [ti_provider.Tor, driver.splunk]\n"
                              "TIProviders:\n  Tor: {Enabled: true}\n")  # fmt: skip
    with Session(settings_file=path) as session:
        lookup = TILookup(session=session)
        assert "Tor" not in lookup.available_providers
        assert "Tor" not in lookup.list_available_providers(as_list=True)
        assert lookup.loaded_providers == {}
        assert lookup.provider_status == [
            "tor - not loaded: switched off by disabled_plugins: ti_provider.tor"
        ]
        with pytest.raises(UsageError, match=r"'tor' is switched off .*disabled_plugins"):
            lookup.lookup_ioc("8.8.8.8", providers=["tor"])
        with pytest.raises(UsageError, match="is switched off"):
            lookup.enable_provider("Tor")
        with pytest.raises(UnknownPlugin, match="InternetDB"):
            lookup.lookup_ioc("8.8.8.8", providers=["InternetBD"])
    with Session(Settings(cache_dir=tmp_path)) as other:  # another session does not notice
        assert "Tor" in TILookup(providers=[], session=other).available_providers


def test_virustotal_that_is_switched_off_is_not_asked_in_depth_either(tmp_path):
    off = Settings(disabled_plugins=("ti_provider.virustotal",))
    with Session(off) as session, pytest.raises(UsageError, match="switched off"):
        VTLookup("env:VT_KEY", session=session).lookup_iocs(["8.8.8.8"])


def test_a_name_that_switches_nothing_off_is_a_warning(tmp_path):
    off = Settings(disabled_plugins=("ti_provider.virustotl",))
    with Session(off) as session, pytest.warns(UserWarning, match="did you mean 'virustotal'"):
        TILookup(providers=[], session=session)


def test_a_module_in_a_folder_is_a_provider(drop, session):
    folder = drop("quietnet.py", PROVIDER)
    lookup = TILookup(providers=["quietnet"], provider_folders=[folder], session=session)
    assert lookup.lookup_ioc("8.8.8.8", ioc_query_type="noise")["Severity"].to_list() == [
        "information"
    ]
    assert "QuietNet" in lookup.available_providers
    assert "QuietNet" not in TILookup(providers=[], session=session).available_providers


def test_the_environment_names_folders_and_settings_switch_their_modules_off(
    drop, tmp_path, monkeypatch
):
    folder = drop("quietnet.py", PROVIDER)
    monkeypatch.setenv("HUNTKIT_PROVIDER_FOLDERS", f"{os.pathsep}{folder}")
    with Session(Settings(cache_dir=tmp_path, frame="polars")) as session:
        assert "QuietNet" in TILookup(providers=[], session=session).available_providers
    off = Settings(cache_dir=tmp_path, disabled_plugins=("ti_provider.quietnet",))
    with Session(off) as session:
        assert "QuietNet" not in TILookup(providers=[], session=session).available_providers


def test_a_broken_module_hides_no_other_and_is_told(drop, session):
    drop("quietnet.py", PROVIDER)
    drop("broken.py", "raise RuntimeError('not today')\n")
    drop("nothing.py", "x = 1\n")
    drop("_private.py", "raise RuntimeError\n")
    folder = drop("again.py", PROVIDER.replace('"QuietNet"', '"OTX"'))
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        lookup = TILookup(providers=[], provider_folders=[folder, folder / "no"], session=session)
    said = " ".join(str(each.message) for each in told)
    for words in ("not today", "must define one TIProvider", "there is a OTX already", "no such"):
        assert words in said
    assert len(lookup.provider_status) == 4
    assert "QuietNet" in lookup.available_providers


def test_settings_are_read_anew_in_the_same_session(tmp_path):
    path = settings(tmp_path, "TIProviders:\n  Tor: {Enabled: true}\n")
    with Session(settings_file=path) as session:
        lookup = TILookup(session=session)
        network, store = session.network, session.store
        assert list(lookup.loaded_providers) == ["Tor"]
        settings(tmp_path, "  disabled_plugins: [ti_provider.tor]\n"
                           "TIProviders:\n  InternetDB: {Enabled: true}\n")  # fmt: skip
        lookup.reload_provider_settings()
        assert lookup.session is session
        assert list(lookup.loaded_providers) == ["InternetDB"]
        assert "Tor" not in lookup.available_providers
        assert (session.network, session.store, session.cache_dir) == (network, store, tmp_path)
        path.write_text("huntkit:\n  offlin: true\n")
        with pytest.raises(SettingsError, match="offlin"):
            lookup.reload_provider_settings()
        assert list(lookup.loaded_providers) == ["InternetDB"]
        assert session.frame == "polars"


def test_what_was_set_in_python_outlives_the_settings_file(tmp_path):
    path = settings(tmp_path, "TIProviders:\n  Tor: {Enabled: true}\n")
    with Session(Settings(offline=True, cache_dir=tmp_path), settings_file=path) as session:
        lookup = TILookup(session=session)
        lookup.reload_provider_settings()
        assert session.offline
        assert list(lookup.loaded_providers) == ["Tor"]
