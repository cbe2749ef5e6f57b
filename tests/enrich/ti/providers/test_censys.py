"""Censys: read by its own client first, then by us. The live service was not asked."""

import pytest

from servers import Answer

pytestmark = pytest.mark.filterwarnings("ignore:not everything was answered")

KEY = "canary-key-0123456789abcdef"


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")
def test_censys_own_client_reads_the_stand_in(stand_in):
    platform = pytest.importorskip("censys_platform")
    stand = stand_in("Censys")
    with platform.SDK(personal_access_token=KEY, server_url=stand.url) as sdk:
        data = sdk.global_data
        host = data.get_host(host_id="8.8.8.8").result.result.resource
        assert (host.ip, host.service_count) == ("8.8.8.8", 2)
        assert host.services[0].threats[0].name == "Cobalt Strike"
        assert host.reputation.score_level == "malicious"
        web = data.get_web_property(webproperty_id="evil.example.com:443")
        assert web.result.result.resource.port == 443
        names = data.list_dns_ip_resolution_ranges(request={"ip": "8.8.8.8"}).result.result
        assert (names.total_records, names.records[0].domain) == (9, "evil.example.com")
        found = data.list_dns_name_resolution_ranges(
            request={"name": "evil.example.com"}
        ).result.result
        assert found.records[0].ip == "93.184.216.34"
    theirs = {asked.path for asked in stand.asked}
    assert theirs <= set(stand.replies)


def test_threats_and_reputation_decide(stand_in, ask):
    stand = stand_in("Censys")
    bad = ask(stand, "8.8.8.8")
    assert bad["Severity"] == "high"
    assert bad["Details"]["reason"] == "Censys sees a threat: Cobalt Strike"
    benign = ask(stand, "1.1.1.1")
    assert (benign["Severity"], benign["Details"]["reason"]) == (
        "information", "reputation benign",
    )  # fmt: skip
    assert ask(stand, "9.9.9.9")["Status"] == "not found"  # a host without any service
    web = ask(stand, "evil.example.com")
    assert (web["Status"], web["Severity"]) == ("ok", "unknown")
    assert stand.asked[-1].path.endswith("/evil.example.com:443")
    assert not stand.denied


def test_passive_dns_says_when_there_is_more(stand_in, ask):
    stand = stand_in("Censys")
    dns = ask(stand, "8.8.8.8", "passivedns")
    assert dns["Details"]["more"] == "the first 1 of 9"
    assert "more" not in ask(stand, "evil.example.com", "passivedns")["Details"]


def test_the_organisation_is_sent_where_there_is_one(stand_in, ask):
    stand = stand_in("Censys")
    ask(stand, "1.1.1.1")
    assert "organization_id" not in stand.asked[-1].params
    ask(stand, "1.1.1.1", api_id="11111111-2222-3333-4444-555555555555")
    assert stand.asked[-1].params["organization_id"].startswith("11111111")


def test_free_plans_have_no_passive_dns(stand_in, ask):
    stand = stand_in("Censys")
    stand.instead = lambda asked: Answer(403, json={"title": "Forbidden", "status": 403})
    assert ask(stand, "8.8.8.8", "passivedns")["Status"] == "failed"
