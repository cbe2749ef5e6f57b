"""URLhaus, ThreatFox and MalwareBazaar over sockets; shapes as published, never checked live."""

import json
from urllib.parse import parse_qsl

import pytest

from huntkit.enrich.ti import TILookup
from huntkit.enrich.ti.abuse_ch import AbuseChSettings
from huntkit.enrich.ti.providers.malwarebazaar import MalwareBazaar
from huntkit.enrich.ti.providers.threatfox import ThreatFox
from huntkit.enrich.ti.providers.urlhaus import URLhaus
from huntkit.runtime.secrets import Secret
from huntkit.runtime.session import Session, Settings
from huntkit.testing import check_ti_provider
from servers import Answer

pytestmark = pytest.mark.filterwarnings("ignore:not everything was answered")
KEY = "canary-abuse-key"
SHA256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
SHA1 = "da39a3ee5e6b4b0d3255bfef95601890afd80709"
MD5 = "d41d8cd98f00b204e9800998ecf8427e"
BAD_URL = "http://evil.example.com/a.exe"
SAMPLE = {"sha256_hash": SHA256, "sha1_hash": SHA1, "md5_hash": MD5, "signature": "Emotet",
          "file_type": "exe", "file_size": 1024, "tags": ["exe"]}  # fmt: skip


def urlhaus(asked):
    form = dict(parse_qsl(asked.body.decode()))
    kind = asked.path.split("/")[2]
    value = next(iter(form.values()))
    if value not in (BAD_URL, "evil.example.com", "9.9.9.9", SHA256, MD5):
        return Answer(json={"query_status": "no_results"})
    assert {"url": "url", "host": "host", "payload": f"{_hash_name(value)}"}[kind] in form
    reference = "https://urlhaus.abuse.ch/url/1/"
    if kind == "url":
        return Answer(json={"query_status": "ok", "urlhaus_reference": reference, "url": value,
                            "url_status": "online", "threat": "malware_download",
                            "tags": ["emotet"], "payloads": None})  # fmt: skip
    if kind == "host":
        urls = [{"url": BAD_URL, "url_status": "offline", "threat": "malware_download"}]
        return Answer(json={"query_status": "ok", "urlhaus_reference": reference, "host": value,
                            "url_count": "1", "urls": urls})  # fmt: skip
    return Answer(json={"query_status": "ok", **SAMPLE, "url_count": "3", "urls": []})


def _hash_name(value):
    return "md5_hash" if len(value) == 32 else "sha256_hash"


def threatfox(asked):
    body = asked.json()
    value = body.get("search_term") or body.get("hash")
    row = {"id": "41", "threat_type": "botnet_cc", "malware_printable": "Cobalt Strike",
           "confidence_level": 75, "first_seen": "2026-11-20 10:00:00 UTC"}  # fmt: skip
    known = {
        "9.9.9.9": ["9.9.9.9:443", "http://9.9.9.9/x", "19.9.9.9:80"],
        "evil.example.com": ["evil.example.com", "notevil.example.com"],
        BAD_URL: [BAD_URL],
        SHA256: ["9.9.9.9:443"],
        MD5: ["9.9.9.9:443"],
        "vil.example.com": ["evil.example.com"],
    }
    if value not in known:
        return Answer(json={"query_status": "no_result", "data": "Your search did not yield"})
    return Answer(json={"query_status": "ok", "data": [{**row, "ioc": i} for i in known[value]]})


def bazaar(asked):
    form = dict(parse_qsl(asked.body.decode()))
    assert form["query"] == "get_info"
    if form["hash"] not in (SHA256, SHA1, MD5):
        return Answer(json={"query_status": "hash_not_found"})
    return Answer(json={"query_status": "ok", "data": [SAMPLE]})


def guarded(handler):
    def handle(asked):
        if asked.headers.get("auth-key") != KEY:
            return Answer(json={"query_status": "unknown_auth_key"})
        return handler(asked)

    return handle


KNOWN = {
    URLhaus: (urlhaus, {BAD_URL: "url", "evil.example.com": "dns", "9.9.9.9": "ipv4",
                        SHA256: "sha256_hash", MD5: "md5_hash"}),
    ThreatFox: (threatfox, {BAD_URL: "url", "evil.example.com": "dns", "9.9.9.9": "ipv4",
                            SHA256: "sha256_hash", MD5: "md5_hash"}),
    MalwareBazaar: (bazaar, {SHA256: "sha256_hash", SHA1: "sha1_hash", MD5: "md5_hash"}),
}  # fmt: skip
UNKNOWN = {
    URLhaus: {"http://a.example.com/": "url", "8.8.8.8": "ipv4"},
    ThreatFox: {
        "vil.example.com": "dns",
        "8.8.8.8": "ipv4",
        "5d41402abc4b2a76b9719d911017c592": "md5_hash",
    },
    MalwareBazaar: {"5d41402abc4b2a76b9719d911017c592": "md5_hash"},
}


@pytest.fixture
def session(tmp_path):
    with Session(Settings(cache_dir=tmp_path, frame="polars")) as made:
        yield made


def settings(url, key=KEY):
    return AbuseChSettings(auth_key=Secret.held(key), base_url=url)


@pytest.mark.parametrize("kind", KNOWN)
def test_it_keeps_the_contract(kind, http_server, session):
    handler, known = KNOWN[kind]
    server = http_server(guarded(handler))
    check_ti_provider(kind, settings=settings(server.url), known=known, unknown=UNKNOWN[kind],
                      session=session)  # fmt: skip
    assert all(KEY not in asked.target for asked in server.asked)


def asked_of(session, kind, chosen, values):
    lookup = TILookup(primary_providers=[kind(chosen, session)], session=session)
    return lookup.lookup_iocs(values).to_dicts()


def test_only_entries_about_the_indicator_itself_count(http_server, session):
    server = http_server(guarded(threatfox))
    [row] = asked_of(session, ThreatFox, settings(server.url), ["9.9.9.9"])
    details = json.loads(row["Details"])
    assert details["iocs"] == ["9.9.9.9:443", "http://9.9.9.9/x"]
    assert (row["Severity"], details["reason"]) == (
        "high", "botnet_cc of Cobalt Strike, confidence 75",
    )  # fmt: skip
    assert row["Reference"] == "https://threatfox.abuse.ch/ioc/41/"


def test_offline_is_less_than_online(http_server, session):
    server = http_server(guarded(urlhaus))
    rows = asked_of(session, URLhaus, settings(server.url), [BAD_URL, "evil.example.com"])
    assert [row["Severity"] for row in rows] == ["high", "warning"]
    assert "1 URLs listed, 0 online" in rows[1]["Details"]


@pytest.mark.parametrize("kind", KNOWN)
@pytest.mark.parametrize(
    ("reply", "status", "words"),
    [
        (Answer(json={"query_status": "unknown_auth_key"}), "failed", "refused the key"),
        (Answer(json={"query_status": "invalid_url"}), "failed", "invalid_url"),
        (Answer(json={"query_status": "rate limit exceeded"}), "rate limited", "enough"),
        (Answer(json={"data": []}), "failed", "no query_status"),
        (Answer(json=[]), "failed", "shape"),
        (Answer(body="<html>", headers={"content-type": "text/html"}), "failed", ""),
        (Answer(403), "failed", ""),
        (Answer(404), "not found", ""),
    ],
)
def test_errors_in_good_statuses_are_no_answers(kind, reply, status, words, http_server, session):
    server = http_server(reply)
    [row] = asked_of(session, kind, settings(server.url), {MD5: "md5_hash"})
    assert (row["Status"], row["Result"], row["Severity"]) == (status, False, "unknown")
    assert words in row["Details"]
    assert KEY not in str(row)


def test_another_file_than_was_asked_for_is_no_answer(http_server, session):
    server = http_server(Answer(json={"query_status": "ok", "data": [{"md5_hash": "f" * 32}]}))
    [row] = asked_of(session, MalwareBazaar, settings(server.url), [MD5])
    assert row["Status"] == "failed"


def test_without_a_key_nobody_is_asked(http_server, session):
    server = http_server(guarded(bazaar))
    [row] = asked_of(session, MalwareBazaar, AbuseChSettings(base_url=server.url), [MD5])
    assert row["Status"] == "failed"
    assert "MalwareBazaar needs AuthKey" in row["Details"]
    assert not server.asked
