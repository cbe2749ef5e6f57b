"""OTX: pulses and sections, as published. The live service was not asked."""

import pytest

pytestmark = pytest.mark.filterwarnings("ignore:not everything was answered")


def test_pulses_decide(stand_in, ask):
    stand = stand_in("OTX")
    two = ask(stand, "8.8.8.8")
    assert (two["Severity"], two["Details"]["pulse_count"]) == ("high", 2)
    assert two["Details"]["reason"] == "2 pulses name it"
    assert two["Details"]["pulses"] == ["Mirai nodes of May", "Scanners"]
    assert two["Details"]["malware_families"] == ["Mirai"]
    one = ask(stand, "http://evil.example.com/a")
    assert (one["Severity"], one["Details"]["reason"]) == ("warning", "1 pulse names it")
    none = ask(stand, "9.9.9.9")
    assert (none["Status"], none["Severity"], none["Result"]) == ("not found", "unknown", False)


def test_what_otx_lists_as_harmless_is_not_accused(stand_in, ask):
    stand = stand_in("OTX")
    listed = ask(stand, "listed.example.com")
    assert listed["Status"] == "not found"
    listed = ask(stand, "8.8.8.8")
    general = stand.replies["/api/v1/indicators/IPv4/8.8.8.8/general"]
    general["validation"] = [{"source": "akamai", "message": "Akamai rank: #12", "name": "Akamai"}]
    doubted = ask(stand, "8.8.8.8")
    assert doubted["Severity"] == "warning"
    assert "lists it as harmless: Akamai rank: #12" in doubted["Details"]["reason"]
    general["pulse_info"] = {"count": 0, "pulses": []}
    assert ask(stand, "8.8.8.8")["Severity"] == "information"


def test_names_are_asked_as_domains_or_as_hosts(stand_in, ask):
    stand = stand_in("OTX")
    ask(stand, "evil.example.com")
    ask(stand, "example.org")
    assert [asked.path for asked in stand.asked] == [
        "/api/v1/indicators/hostname/evil.example.com/general",
        "/api/v1/indicators/domain/example.org/general",
    ]


def test_sections(stand_in, ask):
    stand = stand_in("OTX")
    dns = ask(stand, "evil.example.com", "passivedns")
    assert dns["Details"]["passivedns"][0]["address"] == "93.184.216.34"
    assert dns["Severity"] == "unknown"
    assert ask(stand, "8.8.8.8", "geo")["Details"]["city"] == "Springfield"
    urls = ask(stand, "8.8.8.8", "urls")["Details"]
    assert (len(urls["urls"]), urls["more"]) == (1, "the first 1; OTX knows more")
    stand.replies["/api/v1/indicators/IPv4/8.8.8.8/passive_dns"] = {"passive_dns": [], "count": 0}
    assert ask(stand, "8.8.8.8", "passivedns")["Status"] == "not found"


def test_a_reply_of_another_section_is_an_error(stand_in, ask):
    stand = stand_in("OTX")
    stand.replies["/api/v1/indicators/IPv4/8.8.8.8/general"] = {"detail": "busy"}
    row = ask(stand, "8.8.8.8")
    assert (row["Status"], row["Severity"]) == ("failed", "unknown")
    assert "pulse_info" in row["Details"]["reason"]
