"""Hybrid Analysis over sockets; shapes as published, never checked against the live service."""

import json
from urllib.parse import parse_qsl

import pytest

from huntkit.enrich.ti import TILookup
from huntkit.enrich.ti.providers.hybridanalysis import HybridAnalysis, HybridAnalysisSettings
from huntkit.runtime.secrets import Secret
from huntkit.runtime.session import Session, Settings
from huntkit.testing import check_ti_provider
from servers import Answer

pytestmark = pytest.mark.filterwarnings("ignore:not everything was answered")
KEY = "canary-key-of-this-test"


@pytest.fixture
def session(tmp_path):
    with Session(Settings(cache_dir=tmp_path, frame="polars")) as made:
        yield made


def rows(session, provider, values):
    lookup = TILookup(primary_providers=[provider], session=session)
    return lookup.lookup_iocs(values).to_dicts()


MD5 = "d41d8cd98f00b204e9800998ecf8427e"
SHA1 = "da39a3ee5e6b4b0d3255bfef95601890afd80709"
SHA256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
CLEAN = "5d41402abc4b2a76b9719d911017c592"
KNOWN = {
    MD5: "md5_hash",
    SHA1: "sha1_hash",
    SHA256: "sha256_hash",
    "evil.example.com": "dns",
    "9.9.9.9": "ipv4",
    "http://evil.example.com/": "url",
}


def report(verdict):
    return {"verdict": verdict, "threat_score": 90, "vx_family": "Emotet", "sha256": SHA256}


def service(asked):
    if asked.headers.get("api-key") != KEY:
        return Answer(403, json={"message": "Failed to authenticate you"})
    assert asked.headers["user-agent"] == "Falcon Sandbox"
    [(name, value)] = parse_qsl(asked.body.decode())
    if asked.path.endswith("/search/hash"):
        assert name == "hash"
        found = (
            [report("no specific threat")]
            if value == CLEAN
            else ([report("no specific threat"), report("malicious")] if value in KNOWN else [])
        )
        return Answer(json=found)
    assert asked.path.endswith("/search/terms")
    assert name in ("domain", "host", "url")
    found = [report("malicious")] if value in KNOWN else []
    return Answer(json={"search_terms": [], "count": len(found), "result": found})


def provider(url, session, key=KEY):
    return HybridAnalysis(HybridAnalysisSettings(base_url=url, auth_key=Secret.held(key)), session)


def test_it_keeps_the_contract(http_server, session):
    server = http_server(service)
    chosen = HybridAnalysisSettings(base_url=server.url, auth_key=Secret.held(KEY))
    check_ti_provider(
        HybridAnalysis,
        settings=chosen,
        known=KNOWN,
        session=session,
        unknown={"8.8.8.8": "ipv4", "a.example.com": "dns"},
    )


def test_the_worst_report_on_a_file_counts_and_less_so_on_an_address(http_server, session):
    server = http_server(service)
    found = rows(session, provider(server.url, session), [SHA256, CLEAN, "9.9.9.9"])
    assert [each["Severity"] for each in found] == ["high", "information", "warning"]
    assert json.loads(found[0]["Details"])["reason"] == "1 of 2 reports say malicious"
    assert found[0]["Reference"] == f"https://hybrid-analysis.com/sample/{SHA256}"


def test_the_newer_shape_is_read_too(http_server, session):
    server = http_server(Answer(json={"sha256s": [SHA256], "reports": [report("suspicious")]}))
    [row] = rows(session, provider(server.url, session), [MD5])
    assert row["Severity"] == "warning"


@pytest.mark.parametrize("body", [{"message": "x"}, "text", [1]])
def test_other_shapes_are_no_answers(body, http_server, session):
    server = http_server(Answer(json=body))
    [row] = rows(session, provider(server.url, session), [MD5])
    assert (row["Status"], row["Severity"]) == ("failed", "unknown")


def test_a_wrong_key_is_said_and_not_shown(http_server, session):
    server = http_server(service)
    [row] = rows(session, provider(server.url, session, "wrong-secret-key"), [MD5])
    assert row["Status"] == "failed"
    assert "wrong-secret-key" not in str(row)
