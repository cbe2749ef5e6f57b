"""urlscan.io over sockets; shapes as published, never checked against the live service."""

import pytest

from huntkit.enrich.ti import TILookup
from huntkit.enrich.ti.providers.urlscan import UrlScan, UrlScanSettings
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


SHA256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
SCAN = {
    "_id": "0198-ab", "task": {"time": "2026-11-20T10:00:00Z", "url": "http://evil.example.com/"},
    "page": {"url": "http://evil.example.com/", "domain": "evil.example.com", "country": "DE"},
}  # fmt: skip
KNOWN = {
    "http://evil.example.com/": "url", "evil.example.com": "dns", "9.9.9.9": "ipv4",
    "2606:4700::1111": "ipv6", SHA256: "sha256_hash", "AS13335": "asn",
}  # fmt: skip


def service(asked):
    assert asked.path == "/api/v1/search/"
    field, _, value = asked.params["q"].partition(':"')
    found = [SCAN] if value.removesuffix('"') in KNOWN and field else []
    return Answer(json={"results": found, "total": len(found), "took": 3, "has_more": False})


def test_it_keeps_the_contract_without_a_key(http_server, session):
    server = http_server(service)
    check_ti_provider(UrlScan, settings=UrlScanSettings(base_url=server.url), known=KNOWN,
                      unknown={"8.8.8.8": "ipv4"}, session=session)  # fmt: skip
    assert all("api-key" not in asked.headers for asked in server.asked)


@pytest.mark.parametrize(
    ("verdicts", "severity", "words"),
    [
        ({}, "unknown", "no verdict"),
        ({"malicious": True}, "high", "1 of the 2"),
        ({"overall": {"malicious": True}}, "high", "1 of the 2"),
    ],
)
def test_a_scan_is_no_verdict_but_a_malicious_one_is(
    verdicts, severity, words, http_server, session
):
    scans = [SCAN, {**SCAN, "verdicts": verdicts}]
    server = http_server(Answer(json={"results": scans, "total": 2}))
    chosen = UrlScanSettings(base_url=server.url, auth_key=Secret.held(KEY))
    [row] = rows(session, UrlScan(chosen, session), ["evil.example.com"])
    assert row["Severity"] == severity
    assert words in row["Details"]
    assert row["Reference"] == "https://urlscan.io/result/0198-ab/"
    assert server.asked[0].headers["api-key"] == KEY


def test_values_can_not_leave_their_quotes(http_server, session):
    server = http_server(service)
    value = 'http://a.example.com/"OR*:*\\'
    rows(session, UrlScan(UrlScanSettings(base_url=server.url), session), {value: "url"})
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    assert server.asked[0].params["q"] == f'page.url.keyword:"{escaped}"'


def test_a_reply_of_another_shape_is_no_answer(http_server, session):
    server = http_server(Answer(json={"message": "x"}))
    [row] = rows(session, UrlScan(UrlScanSettings(base_url=server.url), session), ["9.9.9.9"])
    assert row["Status"] == "failed"
