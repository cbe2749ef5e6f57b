"""Pulsedive: risks, links, properties, errors in bodies. The live service was not asked."""

import pytest

from servers import Answer

pytestmark = pytest.mark.filterwarnings("ignore:not everything was answered")


def test_risk_decides(stand_in, ask):
    stand = stand_in("Pulsedive")
    bad = ask(stand, "8.8.8.8")
    assert bad["Severity"] == "high"
    assert bad["Details"]["reason"] == "risk high: found in threat feeds and 1 more"
    assert bad["Details"]["threats"] == ["Mirai"]
    body = stand.replies["/api/info.php?indicator=8.8.8.8"]
    for risk, severity in (
        ("critical", "high"), ("medium", "warning"), ("low", "information"),
        ("none", "information"), ("unknown", "unknown"), ("novel", "unknown"),
    ):  # fmt: skip
        body["risk"] = risk
        assert ask(stand, "8.8.8.8")["Severity"] == severity
    retired = ask(stand, "1.1.1.1")
    assert retired["Severity"] == "unknown"
    assert "retired: No recent activity" in retired["Details"]["reason"]
    assert ask(stand, "9.9.9.9")["Status"] == "not found"


def test_links_and_properties_take_a_second_request(stand_in, ask):
    stand = stand_in("Pulsedive")
    links = ask(stand, "8.8.8.8", "links")
    assert links["Details"]["Active DNS"][0]["indicator"] == "evil.example.com"
    assert len(stand.asked) == 2
    assert ask(stand, "8.8.8.8", "properties")["Details"]["geo"]["country"] == "United States"
    assert ask(stand, "9.9.9.9", "links")["Status"] == "not found"


@pytest.mark.parametrize("code", [200, 400])
@pytest.mark.parametrize(
    ("message", "status"),
    [
        ("Indicator not found.", "not found"),
        ("Invalid API key.", "failed"),
        ("You have exceeded the rate limit.", "rate limited"),
        ("Something broke.", "failed"),
    ],
)
def test_errors_in_bodies_are_told_apart(stand_in, ask, code, message, status):
    stand = stand_in("Pulsedive")
    stand.instead = lambda asked: Answer(code, json={"error": message})
    assert ask(stand, "8.8.8.8")["Status"] == status
