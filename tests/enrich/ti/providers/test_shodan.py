"""Shodan: read by its own client first, then by us. The live service was not asked."""

import pytest

from servers import Answer

pytestmark = pytest.mark.filterwarnings("ignore:not everything was answered")

KEY = "canary-key-0123456789abcdef"


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning:shodan")
def test_shodans_own_client_reads_the_stand_in(stand_in):
    shodan = pytest.importorskip("shodan")
    stand = stand_in("Shodan")
    client = shodan.Shodan(KEY)
    client.base_url = stand.url
    client.api_rate_limit = 0
    host = client.host("8.8.8.8")
    assert (host["ports"], host["data"][0]["product"]) == ([53, 443], "nginx")
    assert client.dns.domain_info("evil.example.com")["subdomains"] == ["www"]
    with pytest.raises(shodan.APIError, match="No information available"):
        client.host("9.9.9.9")
    bad = shodan.Shodan("wrong")
    bad.base_url, bad.api_rate_limit = stand.url, 0
    with pytest.raises(shodan.APIError):
        bad.host("8.8.8.8")
    client._session.close()
    bad._session.close()


def test_facts_are_no_verdict_but_tags_are(stand_in, ask):
    stand = stand_in("Shodan")
    tagged = ask(stand, "8.8.8.8")
    assert (tagged["Severity"], tagged["Details"]["reason"]) == ("high", "tagged c2")
    assert tagged["Details"]["services"][0]["product"] == "nginx"
    stand.replies["/shodan/host/8.8.8.8"]["tags"] = ["cloud"]
    plain = ask(stand, "8.8.8.8")
    assert (plain["Status"], plain["Severity"]) == ("ok", "unknown")
    assert plain["Details"]["reason"] == "no verdict: 2 open ports, 1 known weaknesses"
    assert ask(stand, "9.9.9.9")["Status"] == "not found"


def test_names_history_and_more(stand_in, ask):
    stand = stand_in("Shodan")
    dns = ask(stand, "evil.example.com", "passivedns")
    assert dns["Details"]["passivedns"][0]["value"] == "93.184.216.34"
    assert dns["Details"]["more"] == "the first 1 records; Shodan knows more"
    assert stand.asked[-1].params["history"] == "true"
    ask(stand, "8.8.8.8", "history")
    assert stand.asked[-1].params["history"] == "true"


def test_errors_in_good_replies(stand_in, ask):
    stand = stand_in("Shodan")
    stand.instead = lambda asked: Answer(json={"error": "No information available for that IP."})
    assert ask(stand, "8.8.8.8")["Status"] == "not found"
    stand.instead = lambda asked: Answer(json={"error": f"key {KEY} has no credits"})
    assert ask(stand, "8.8.8.8")["Status"] == "failed"
