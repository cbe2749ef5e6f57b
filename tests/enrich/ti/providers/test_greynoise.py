"""GreyNoise: v3 is read by its own client first, then by us. The live service was not asked."""

import pytest

from huntkit.enrich.ti import TILookup
from huntkit.enrich.ti.providers.greynoise import GreyNoise, GreyNoiseSettings
from huntkit.runtime.secrets import Secret
from huntkit.runtime.session import Session
from servers import Answer

pytestmark = pytest.mark.filterwarnings("ignore:not everything was answered")

KEY = "canary-key-0123456789abcdef"
SCANNER = {
    "ip": "8.8.8.8",
    "business_service_intelligence": {"found": False, "trust_level": ""},
    "internet_scanner_intelligence": {
        "found": True, "classification": "malicious", "actor": "unknown",
        "last_seen": "2024-05-01", "first_seen": "2024-01-01", "spoofable": False, "vpn": False,
        "tags": [{"id": "t1", "name": "SSH Bruteforcer", "intention": "malicious"}],
        "cves": ["CVE-2021-44228"],
        "metadata": {"organization": "Example Networks", "asn": "AS64500", "source_country": "US"},
    },
}  # fmt: skip
SERVICE = {
    "ip": "1.1.1.1",
    "business_service_intelligence": {
        "found": True, "name": "Cloudflare Public DNS", "category": "public_dns",
        "trust_level": "1", "last_updated": "2024-05-01",
    },
    "internet_scanner_intelligence": {"found": False, "classification": ""},
}  # fmt: skip
KNOWN = {each["ip"]: each for each in (SCANNER, SERVICE)}


def v3(asked):
    if asked.headers.get("key") != KEY:
        return Answer(401, json={"message": "unauthorized"})
    if asked.method == "POST":
        ips = asked.json()["ips"]
        data = [KNOWN[ip] for ip in ips if ip in KNOWN]
        nothing = [ip for ip in ips if ip not in KNOWN]
        meta = {"restricted_fields": [], "message": "", "ips_not_found": nothing}
        return Answer(json={"data": data, "request_metadata": meta})
    found = KNOWN.get(asked.path.rpartition("/")[2])
    return Answer(json=found) if found else Answer(404, json={"message": "not found"})


def subscribed(session: Session, url: str) -> TILookup:
    settings = GreyNoiseSettings(auth_key=Secret.held(KEY), base_url=url)
    return TILookup(primary_providers=[GreyNoise(settings, session)], session=session)


def test_greynoises_own_client_reads_the_stand_in(http_server):
    api = pytest.importorskip("greynoise.api")
    server = http_server(v3)
    config = api.APIConfig(api_key=KEY, api_server=server.url, use_cache=False)
    client = api.GreyNoise(config)
    context = client.ip("8.8.8.8")["internet_scanner_intelligence"]
    assert context["classification"] == "malicious"
    many = client.ip_multi(["8.8.8.8", "1.1.1.1", "9.9.9.9"])
    assert [each["ip"] for each in many] == ["8.8.8.8", "1.1.1.1", "9.9.9.9"]
    assert many[2]["internet_scanner_intelligence"]["found"] is False
    assert client.quick(["1.1.1.1"])[0]["business_service_intelligence"]["found"] is True
    posts = [asked for asked in server.asked if asked.method == "POST"]
    assert [asked.target for asked in posts] == ["/v3/ip", "/v3/ip?quick=true"]
    client.session.close()


def test_many_addresses_are_one_request_with_a_subscription(http_server, session):
    server = http_server(v3)
    lookup = subscribed(session, server.url)
    found = lookup.lookup_iocs(["8.8.8.8", "1.1.1.1", "9.9.9.9"])
    assert found.select("Ioc", "Status", "Severity").rows() == [
        ("8.8.8.8", "ok", "high"),
        ("1.1.1.1", "ok", "information"),
        ("9.9.9.9", "not found", "unknown"),
    ]
    assert "SSH Bruteforcer" in found["Details"][0]
    assert "Cloudflare Public DNS" in found["Details"][1]
    assert [(asked.method, asked.target) for asked in server.asked] == [("POST", "/v3/ip")]
    lookup.lookup_iocs(["8.8.8.8"], ioc_query_type="quick")
    assert server.asked[-1].target == "/v3/ip?quick=true"
    assert KEY not in str(found.to_dicts())


def test_an_address_that_the_reply_leaves_out_failed(http_server, session):
    server = http_server(Answer(json={"data": [SCANNER], "request_metadata": {}}))
    found = subscribed(session, server.url).lookup_iocs(["8.8.8.8", "9.9.9.9"])
    assert found["Status"].to_list() == ["ok", "failed"]


@pytest.mark.parametrize(
    ("word", "severity"),
    [
        ("benign", "information"),
        ("suspicious", "warning"),
        ("unknown", "warning"),
        ("", "warning"),
        ("friendly", "unknown"),
    ],
)
def test_classifications(http_server, session, word, severity):
    body = {**SCANNER, "internet_scanner_intelligence": {"found": True, "classification": word}}
    server = http_server(Answer(json={"data": [body], "request_metadata": {}}))
    found = subscribed(session, server.url).lookup_iocs(["8.8.8.8"])
    assert found["Severity"].to_list() == [severity]


def test_without_a_key_the_community_is_asked(stand_in, ask):
    stand = stand_in("GreyNoise")
    assert ask(stand, "8.8.8.8")["Severity"] == "high"
    service = ask(stand, "1.1.1.1")
    assert service["Severity"] == "information"
    assert "Cloudflare Public DNS" in service["Details"]["reason"]
    assert ask(stand, "9.9.9.9")["Status"] == "not found"
    assert ask(stand, "8.8.8.8", "full")["Status"] == "not supported"
    assert all("key" not in asked.headers for asked in stand.asked)


def test_the_free_look_ups_are_counted_over_restarts():
    session = Session()
    assert GreyNoise(GreyNoiseSettings(), session).limits.per_day == 50
    paid = GreyNoise(GreyNoiseSettings(auth_key=Secret.held(KEY)), session)
    assert paid.limits.per_day is None
    assert paid.identity != GreyNoise(GreyNoiseSettings(), session).identity


def test_both_a_scanner_and_a_service_says_both(http_server, session):
    both = {
        **SCANNER, "business_service_intelligence": SERVICE["business_service_intelligence"],
    }  # fmt: skip
    server = http_server(Answer(json={"data": [both], "request_metadata": {}}))
    found = subscribed(session, server.url).lookup_iocs(["8.8.8.8"])
    assert found["Severity"].to_list() == ["high"]
    assert "well-known service" in found["Details"][0]


def test_a_wrong_key_fails_all_and_shows_nothing(http_server, session):
    server = http_server(Answer(401, json={"message": f"bad key {KEY}"}))
    found = subscribed(session, server.url).lookup_iocs(["8.8.8.8", "1.1.1.1"])
    assert found["Status"].to_list() == ["failed", "failed"]
    assert KEY not in str(found.to_dicts())
