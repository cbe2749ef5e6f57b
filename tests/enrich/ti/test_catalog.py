"""Every provider that there is: its declaration, its answers, its failures, hostile replies."""

import json
from dataclasses import fields
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from huntkit.enrich.ti import TILookup
from huntkit.enrich.ti.catalog import available, modules, provider_class
from huntkit.runtime.limits import Limits
from huntkit.runtime.secrets import Secret
from huntkit.runtime.session import Session, Settings
from huntkit.testing import check_ti_provider
from servers import Answer

pytestmark = [
    pytest.mark.filterwarnings("ignore:not everything was answered"),
    pytest.mark.long,
]

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


@pytest.mark.parametrize("name", WITH_REPLIES)
def test_keys_that_services_repeat_in_errors_are_hidden(
    stand_in, provider_of, tmp_path, caplog, name
):
    caplog.set_level(0)
    stand = stand_in(provider_class(name).name)
    usual = provider_of(stand)
    if not any(isinstance(getattr(usual.chosen, f.name), Secret) for f in fields(usual.chosen)):
        pytest.skip("it has no key")
    key = usual.chosen.auth_key.reveal()

    def echo(status: int, *, as_json: bool) -> Any:
        def answer(asked: Any) -> Answer:
            text = f"wrong: {asked.target} {asked.headers} {key}"
            if as_json:
                return Answer(status, json={"error": text, "message": text})
            return Answer(status, body=text, headers={"Content-Type": "text/plain"})

        return answer

    for status, as_json in ((200, True), (200, False), (400, True), (403, True), (429, True),
                            (500, False)):  # fmt: skip
        stand.instead = echo(status, as_json=as_json)
        with Session(Settings(cache_dir=tmp_path / "own", frame="polars")) as session:
            provider = type(usual)(usual.chosen, session)
            provider.limits = Limits(concurrency=4, attempts=1)
            lookup = TILookup(primary_providers=[provider], session=session)
            found = lookup.lookup_iocs(dict(stand.known))
            shown = [*found["Details"], repr(provider), str(lookup.provider_status), caplog.text]
        assert "ok" not in set(found["Status"])
        assert [text for text in shown if "canary" in text] == [], (status, as_json)


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


TOLD = json.loads((FOLDER / "others.json").read_text())
OTHERS, DECIDING = TOLD["others"], {*TOLD["deciding"]}
# An envelope without objects is an empty one: TAXII 2.1, section 3.7.
NO_FAULTS = {("TAXII", "empty object"), ("TAXII", "other members")}


def _asked_once(http_server: Any, session: Session, name: str, answer: Answer) -> dict[str, Any]:
    kind = provider_class(name)
    known = {each.name for each in fields(kind.settings)}
    chosen = {"base_url": http_server(answer).url, "auth_key": Secret.held("k" * 24),
              "collections": ("c-1",)}  # fmt: skip
    provider = kind(kind.settings(**{n: v for n, v in chosen.items() if n in known}), session)
    provider.limits = Limits(concurrency=4, attempts=1)
    lookup = TILookup(primary_providers=[provider], session=session)
    return lookup.lookup_ioc(OTHERS[name]["asked"]).to_dicts()[0]


def test_every_provider_with_a_service_is_among_these():
    services = {n for n, kind in available().items() if hasattr(kind, "base_url")}
    replies = {provider_class(name).name for name in WITH_REPLIES}
    assert services - replies - set(OTHERS) == set()


@pytest.mark.parametrize("name", OTHERS)
def test_hostile_text_of_the_others_stays_text(http_server, session, name):
    body = _poisoned(OTHERS[name]["reply"], DECIDING)
    row = _asked_once(http_server, session, name, Answer(json=body))
    assert (row["Status"], row["Result"]) == ("ok", True)
    assert row["Severity"] in ("unknown", "information", "warning", "high")
    assert not row["Reference"] or row["Reference"].startswith(("https://", "http://127.0.0.1"))
    assert "<" not in row["Reference"]
    told = _texts(json.loads(row["Details"])) + _texts(json.loads(row["RawResult"] or "null"))
    assert any(HOSTILE in text for text in told)


def _faults_of_others() -> list[Any]:
    return [
        pytest.param(name, fault)
        for name in OTHERS
        for fault in FAULTS
        if (name, fault) not in NO_FAULTS
    ]


@pytest.mark.parametrize(("name", "fault"), _faults_of_others())
def test_no_failure_of_the_others_reads_as_an_answer(http_server, session, name, fault):
    answer, status = FAULTS[fault]
    row = _asked_once(http_server, session, name, answer)
    assert (row["Status"], row["Severity"], row["Result"]) == (status, "unknown", False)
    assert json.loads(row["Details"])["reason"]
