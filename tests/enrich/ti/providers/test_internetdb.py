"""InternetDB: facts without a key, as published. The live service was not asked."""

import pytest

from servers import Answer

pytestmark = pytest.mark.filterwarnings("ignore:not everything was answered")


def test_facts_are_no_verdict_but_tags_are(stand_in, ask):
    stand = stand_in("InternetDB")
    plain = ask(stand, "8.8.8.8")
    assert (plain["Status"], plain["Severity"]) == ("ok", "unknown")
    assert plain["Details"]["vulns"] == ["CVE-2021-44228"]
    assert ask(stand, "1.1.1.1")["Severity"] == "high"
    assert ask(stand, "9.9.9.9")["Status"] == "not found"
    assert all("key" not in asked.target for asked in stand.asked)


def test_a_reply_about_another_address_is_an_error(stand_in, ask):
    stand = stand_in("InternetDB")
    stand.replies["/8.8.8.8"] = stand.replies["/1.1.1.1"]
    assert ask(stand, "8.8.8.8")["Status"] == "failed"


def test_a_limit_is_a_limit(stand_in, ask):
    stand = stand_in("InternetDB")
    stand.instead = lambda asked: Answer(429, headers={"Retry-After": "900"}, json={})
    assert ask(stand, "8.8.8.8")["Status"] == "rate limited"


def test_v6_is_not_asked(stand_in, ask):
    stand = stand_in("InternetDB")
    assert ask(stand, "2001:4860:4860::8888")["Status"] == "not supported"
    assert not stand.asked
