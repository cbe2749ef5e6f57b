"""X-Force: scores and sub-queries, as published. The live service was not asked."""

import pytest

from servers import Answer

pytestmark = pytest.mark.filterwarnings("ignore:not everything was answered")

MD5 = "44d88612fea8a8f36de82e1278abb02f"


def test_scores_decide(stand_in, ask):
    stand = stand_in("XForce")
    address = ask(stand, "8.8.8.8")
    assert address["Severity"] == "high"
    assert address["Details"]["reason"] == "score 7.1 of 10 (Spam, Scanning IPs)"
    url = ask(stand, "http://evil.example.com/a")
    assert (url["Severity"], url["Details"]["score"]) == ("warning", 4.2)
    stand.replies["/ipr/8.8.8.8"]["score"] = 1
    assert ask(stand, "8.8.8.8")["Severity"] == "information"
    stand.replies["/ipr/8.8.8.8"]["score"] = None
    assert ask(stand, "8.8.8.8")["Severity"] == "unknown"
    assert ask(stand, "9.9.9.9")["Status"] == "not found"
    assert not stand.denied


def test_files_and_vulnerabilities(stand_in, ask):
    stand = stand_in("XForce")
    sample = ask(stand, MD5)
    assert (sample["Severity"], sample["Details"]["family"]) == ("high", ["eicar"])
    assert sample["Details"]["detectionCoverage"] == 94
    hole = ask(stand, "CVE-2021-44228")
    assert (hole["Severity"], hole["Details"]["risk_level"]) == ("unknown", 10)
    stand.replies["/vulnerabilities/search/CVE-2021-44228"] = []
    assert ask(stand, "CVE-2021-44228")["Status"] == "not found"


def test_sub_queries(stand_in, ask):
    stand = stand_in("XForce")
    dns = ask(stand, "8.8.8.8", "passivedns")["Details"]
    assert dns["passivedns"][0]["value"] == "evil.example.com"
    assert dns["RDNS"] == ["dns.example.com"]
    assert ask(stand, "evil.example.com", "whois")["Details"]["registrarName"]
    assert ask(stand, "8.8.8.8", "malware")["Details"]["malware"][0]["family"] == ["Mirai"]
    assert ask(stand, "8.8.8.8", "rep")["Details"]["history"][0]["score"] == 7.1


def test_a_url_never_leaves_its_place_in_the_path(stand_in, ask):
    stand = stand_in("XForce")
    ask(stand, "http://evil.example.com/../ipr/8.8.8.8?x=1#y")
    assert len(stand.asked) == 1
    assert stand.asked[0].target.count("/") == 2
    assert "?" not in stand.asked[0].target


def test_used_up_look_ups_of_the_month_are_a_limit(stand_in, ask):
    stand = stand_in("XForce")
    stand.instead = lambda asked: Answer(402, json={"error": "Payment required"})
    row = ask(stand, "8.8.8.8")
    assert (row["Status"], row["Severity"]) == ("rate limited", "unknown")
