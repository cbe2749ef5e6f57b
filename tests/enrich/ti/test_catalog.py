"""Every provider that there is: its declaration, its answers, its failures, hostile replies."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from huntkit.enrich.ti import TILookup
from huntkit.enrich.ti.catalog import available, modules, provider_class
from huntkit.runtime.limits import Limits
from huntkit.runtime.session import Session, Settings
from huntkit.testing import check_ti_provider
from servers import Answer

pytestmark = pytest.mark.filterwarnings("ignore:not everything was answered")

FOLDER = Path(__file__).parents[2] / "data/enrich/ti/providers"
WITH_REPLIES = sorted(path.parent.name for path in FOLDER.glob("*/replies.json"))
MODULES = sorted(modules().names())


@pytest.mark.parametrize("module", MODULES)
def test_every_provider_declares_what_the_contract_asks_for(module):
    (kind,) = [each for each in available().values() if each.__module__.endswith(f".{module}")]
    check_ti_provider(kind)
    assert kind.name.casefold() == module.casefold()
    assert kind.home.startswith("https://") or not hasattr(kind, "base_url")


def test_the_names_are_those_that_settings_files_know():
    wanted = {
        "VirusTotal", "OTX", "XForce", "GreyNoise", "AbuseIPDB", "CrowdSec", "Pulsedive",
        "IPQualityScore", "Shodan", "InternetDB", "Censys",
    }  # fmt: skip
    assert wanted <= set(available())
    assert {kind for kind in wanted if available()[kind].keyless} == {"GreyNoise", "InternetDB"}


@pytest.mark.parametrize("name", WITH_REPLIES)
def test_hits_and_misses_of_published_shape(stand_in, provider_of, session, name):
    stand = stand_in(provider_class(name).name)
    provider = provider_of(stand)
    kind = type(provider)
    check_ti_provider(
        kind, settings=provider.chosen, known=stand.known, unknown=stand.unknown, session=session
    )
    assert not stand.denied
    assert stand.asked


FAULTS = {
    "429": (Answer(429, json={}), "rate limited"),
    "429 until tomorrow": (Answer(429, headers={"Retry-After": "86400"}, json={}), "rate limited"),
    "401": (Answer(401, json={"error": "bad key"}), "failed"),
    "403": (Answer(403, json={"error": "not in your plan"}), "failed"),
    "500": (Answer(500, json={"error": "oops"}), "failed"),
    "HTML": (Answer(body="<html>log in</html>", headers={"Content-Type": "text/html"}), "failed"),
    "empty": (Answer(body=b""), "failed"),
    "cut": (Answer(body=b'{"data": {"a', length=500), "failed"),
    "list": (Answer(json=["data", "risk", "score"]), "failed"),
    "empty object": (Answer(json={}), "failed"),
    "null": (Answer(json=None, body="null"), "failed"),
    "other members": (Answer(json={"status": "maintenance"}), "failed"),
    "hang up": (Answer(hang_up=True), "failed"),
}


@pytest.mark.parametrize("name", WITH_REPLIES)
def test_no_failure_reads_as_an_answer(stand_in, provider_of, tmp_path, name):
    stand = stand_in(provider_class(name).name)
    usual = provider_of(stand)
    told = {}
    for fault, (answer, status) in FAULTS.items():
        stand.instead = lambda asked, answer=answer: answer
        with Session(Settings(cache_dir=tmp_path / "own", frame="polars")) as session:
            provider = type(usual)(usual.chosen, session)
            provider.limits = Limits(concurrency=4, attempts=1)
            lookup = TILookup(primary_providers=[provider], session=session)
            found = lookup.lookup_iocs(dict(stand.known))
        told[fault] = (set(found["Status"]), status)
        assert set(found["Severity"]) == {"unknown"}, fault
        assert not found["Result"].any(), fault
        assert all(json.loads(text)["reason"] for text in found["Details"]), fault
    assert {f: got for f, (got, want) in told.items() if got != {want}} == {}


HOSTILE = (
    "</script><img src=x onerror=\"alert(1)\">[x](javascript:alert(1))=cmd|' /C calc'!A0\u202e\x00"
)


def _poisoned(value: Any, kept: set[str]) -> Any:
    """Every text is hostile, but for those that decide where the reply belongs."""
    if isinstance(value, dict):
        return {key: _poisoned(each, kept) for key, each in value.items()}
    if isinstance(value, list):
        return [_poisoned(each, kept) for each in value]
    if isinstance(value, str) and value not in kept:
        return HOSTILE
    return value


@pytest.mark.parametrize("name", WITH_REPLIES)
def test_hostile_text_in_every_field_stays_text(stand_in, provider_of, session, name):
    stand = stand_in(provider_class(name).name)
    provider = provider_of(stand)
    stand.replies = {
        path: _poisoned(body, {*stand.known, HOSTILE}) for path, body in stand.replies.items()
    }
    lookup = TILookup(primary_providers=[provider], session=session)
    seen = 0
    for subtype in {each for its in provider.takes.values() for each in its}:
        asked = {v: k for v, k in stand.known.items() if subtype in provider.subtypes(k)}
        if not asked:
            continue
        found = lookup.lookup_iocs(asked, ioc_query_type=subtype)
        assert set(found["Status"]) <= {"ok", "not found", "failed"}
        for row in found.to_dicts():
            assert row["Severity"] in ("unknown", "information", "warning", "high")
            assert "<" not in row["Reference"]
            assert not row["Reference"] or row["Reference"].startswith("https://")
            assert isinstance(row["CheckedAt"], datetime)
            seen += HOSTILE in _texts(json.loads(row["Details"]))
            if row["Status"] == "ok":
                assert HOSTILE in _texts(json.loads(row["RawResult"]))
    assert seen, "no hostile text came through: nothing was tested"


def _texts(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for each in value.values() for text in _texts(each)]
    if isinstance(value, list):
        return [text for each in value for text in _texts(each)]
    return [value] if isinstance(value, str) else []
