"""OpenCTI over sockets; shapes as its schema has them, never checked against a platform."""

import json

import pytest

from huntkit.enrich.ti import TILookup
from huntkit.enrich.ti.providers.opencti import OpenCTI, OpenCTISettings
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
SHA512 = "cf83e1357eefb8bd" + "1" * 112
KNOWN = {
    "9.9.9.9": "ipv4", "2606:4700::1111": "ipv6", "evil.example.com": "dns",
    "http://evil.example.com/": "url", "bob@example.com": "email", MD5: "md5_hash",
    SHA1: "sha1_hash", SHA256: "sha256_hash", SHA512: "sha512_hash",
}  # fmt: skip


def edges(*nodes):
    return {"edges": [{"node": node} for node in nodes]}


def indicator(pattern, **more):
    return {"id": "1f", "name": "C2", "pattern": pattern, "pattern_type": "stix",
            "revoked": False, "x_opencti_score": 85, "objectLabel": [{"value": "apt"}],
            "objectMarking": [{"definition": "TLP:AMBER"}], **more}  # fmt: skip


def service(asked):
    if asked.headers.get("authorization") != f"Bearer {KEY}":
        message = {"message": "You must be logged in", "extensions": {"code": "AUTH_REQUIRED"}}
        return Answer(json={"errors": [message], "data": None})
    body = asked.json()
    value = body["variables"]["seen"]["filters"][0]["values"][0]
    assert value not in body["query"]
    seen = [{"id": "0b", "entity_type": "X", "observable_value": value, "x_opencti_score": 40,
             "objectLabel": []}] if value in KNOWN else []  # fmt: skip
    patterns = [f"[ipv4-addr:value = '{value}']"] if value == "9.9.9.9" else []
    said = [indicator(each) for each in patterns]
    if value == "1.1.1.1":
        said = [indicator(f"[ipv4-addr:value = '{value}']", revoked=True),
                indicator("[ipv4-addr:value = '11.1.1.1']")]  # fmt: skip
    return Answer(json={"data": {"stixCyberObservables": edges(*seen),
                                 "indicators": edges(*said)}})  # fmt: skip


def provider(url, session, key=KEY):
    return OpenCTI(OpenCTISettings(base_url=url, auth_key=Secret.held(key)), session)


def test_it_keeps_the_contract(http_server, session):
    server = http_server(service)
    chosen = OpenCTISettings(base_url=server.url, auth_key=Secret.held(KEY))
    check_ti_provider(OpenCTI, settings=chosen, known=KNOWN, session=session,
                      unknown={"8.8.8.8": "ipv4", "1.1.1.1": "ipv4"})  # fmt: skip


def test_indicators_count_before_observables(http_server, session):
    server = http_server(service)
    found = rows(session, provider(server.url, session), ["9.9.9.9", "evil.example.com"])
    assert [each["Severity"] for each in found] == ["high", "warning"]
    assert json.loads(found[0]["Details"])["markings"] == ["TLP:AMBER"]


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (Answer(json={"errors": [{"message": "x", "name": "FORBIDDEN_ACCESS"}]}), "the key"),
        (Answer(json={"errors": [{"message": "bad field"}], "data": {}}), "bad field"),
        (Answer(json={"data": {"indicators": "x"}}), "shape"),
        (Answer(json=[]), "shape"),
    ],
)
def test_errors_in_good_statuses_are_no_answers(reply, words, http_server, session):
    server = http_server(reply)
    [row] = rows(session, provider(server.url, session), ["9.9.9.9"])
    assert (row["Status"], row["Severity"]) == ("failed", "unknown")
    assert words in row["Details"]


def test_a_wrong_token_is_said(http_server, session):
    server = http_server(service)
    [row] = rows(session, provider(server.url, session, "wrong"), ["9.9.9.9"])
    assert row["Status"] == "failed"
    assert "refused the key" in row["Details"]
