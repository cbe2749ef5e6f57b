"""A settings file to begin with: whole, without faults, and with nobody enabled."""

import re
import warnings
from pathlib import Path

import pytest

from huntkit.core.errors import UsageError
from huntkit.enrich.context import ContextLookup
from huntkit.enrich.ti import TILookup, write_starter_settings
from huntkit.runtime.session import Session


def loaded(path: Path) -> tuple[TILookup, ContextLookup]:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with Session(settings_file=path) as session:
            return TILookup(session=session), ContextLookup(session=session)


def test_everybody_stands_in_it_and_nobody_is_enabled(tmp_path):
    path = write_starter_settings(tmp_path / "huntkit.yaml")
    for lookup in loaded(path):
        assert lookup.configured_providers == lookup.available_providers
        assert lookup.loaded_providers == {}
    with pytest.raises(UsageError, match="there already"):
        write_starter_settings(path)


def test_what_is_switched_on_is_read_without_a_fault(tmp_path, monkeypatch):
    path = write_starter_settings(tmp_path / "huntkit.yaml")
    text = path.read_text().replace("Enabled: false", "Enabled: true")
    text = re.sub(r"# (Args:|\w+: env:)", r"\1", text)  # keys are wanted, the rest is as usual
    path.write_text(text)
    for lookup in loaded(path):
        assert list(lookup.loaded_providers) == lookup.available_providers
    servicenow = loaded(path)[1].provider("ServiceNow").chosen
    monkeypatch.setenv("SERVICENOW_API_KEY", "canary-key")
    assert servicenow.api_key.reveal() == "canary-key"
    assert "credential" not in text.casefold()
