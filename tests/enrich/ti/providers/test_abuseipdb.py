"""AbuseIPDB: confidence and reports, as published. The live service was not asked."""

import pytest

from huntkit.core.errors import UsageError
from huntkit.enrich.ti.providers.abuseipdb import AbuseIPDB, AbuseIPDBSettings
from huntkit.runtime.session import Session
from servers import Answer

pytestmark = pytest.mark.filterwarnings("ignore:not everything was answered")


def test_confidence_decides(stand_in, ask):
    stand = stand_in("AbuseIPDB")
    bad = ask(stand, "8.8.8.8")
    assert bad["Severity"] == "high"
    assert bad["Details"]["reason"] == "100 % confidence, 17 reports in 90 days"
    body = stand.replies["/api/v2/check?ipAddress=8.8.8.8&maxAgeInDays=90"]["data"]
    for score, severity in ((75, "high"), (74, "warning"), (25, "warning"), (24, "information")):
        body["abuseConfidenceScore"] = score
        assert ask(stand, "8.8.8.8")["Severity"] == severity
    body["abuseConfidenceScore"] = None
    assert ask(stand, "8.8.8.8")["Status"] == "failed"


def test_no_reports_are_not_clean(stand_in, ask):
    row = ask(stand_in("AbuseIPDB"), "9.9.9.9")
    assert (row["Status"], row["Severity"], row["Result"]) == ("not found", "unknown", False)
    assert row["Details"]["reason"] == "no reports in 90 days"


def test_listed_as_harmless(stand_in, ask):
    row = ask(stand_in("AbuseIPDB"), "1.1.1.1")
    assert row["Severity"] == "information"
    assert "lists it as harmless" in row["Details"]["reason"]


def test_networks_and_reports(stand_in, ask):
    stand = stand_in("AbuseIPDB")
    net = ask(stand, "8.8.8.0/24")
    assert (net["Severity"], net["Details"]["numPossibleHosts"]) == ("warning", 254)
    assert "the worst with 31 % confidence" in net["Details"]["reason"]
    reports = ask(stand, "8.8.8.8", "reports")["Details"]["reports"]
    assert reports[0]["comment"] == "ssh brute force"
    assert "verbose" in stand.asked[-1].params


def test_the_age_of_reports_is_a_setting(stand_in, ask):
    stand = stand_in("AbuseIPDB")
    ask(stand, "8.8.8.8", max_age_days=30)
    assert stand.asked[0].params["maxAgeInDays"] == "30"
    with pytest.raises(UsageError, match="1 to 365"):
        AbuseIPDBSettings(max_age_days=0)
    session = Session()
    week = AbuseIPDB(AbuseIPDBSettings(max_age_days=7), session)
    assert week.identity != AbuseIPDB(AbuseIPDBSettings(), session).identity
    assert week.limits.per_day == 1000


def test_errors_are_no_answers(stand_in, ask):
    stand = stand_in("AbuseIPDB")
    error = {"errors": [{"detail": "Daily rate limit of 1000 requests exceeded", "status": 429}]}
    stand.instead = lambda asked: Answer(429, headers={"Retry-After": "29241"}, json=error)
    assert ask(stand, "8.8.8.8")["Status"] == "rate limited"


def test_a_missing_page_is_an_error_since_it_answers_for_all(stand_in, ask):
    stand = stand_in("AbuseIPDB")
    stand.instead = lambda asked: Answer(404, json={})
    assert ask(stand, "8.8.8.8")["Status"] == "failed"
