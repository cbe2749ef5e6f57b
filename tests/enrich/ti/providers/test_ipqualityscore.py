"""IPQualityScore: the key is in the path, errors in bodies. The live service was not asked."""

import pytest

from huntkit.enrich.ti import TILookup
from servers import Answer

pytestmark = pytest.mark.filterwarnings("ignore:not everything was answered")

KEY = "canary-key-0123456789abcdef"


def test_scores_decide(stand_in, ask):
    stand = stand_in("IPQualityScore")
    bad = ask(stand, "8.8.8.8")
    assert (bad["Severity"], bad["Details"]["reason"]) == ("high", "score 88 of 100")
    assert (bad["Details"]["region"], bad["Details"]["city"]) == ("Illinois", "Springfield")
    for score, severity in ((85, "high"), (84, "warning"), (75, "warning"), (74, "information")):
        stand.replies["/api/json/ip/KEY/8.8.8.8"]["fraud_score"] = score
        assert ask(stand, "8.8.8.8")["Severity"] == severity
    url = ask(stand, "http://evil.example.com/a")
    assert (url["Severity"], url["Details"]["reason"]) == ("high", "phishing, score 80 of 100")
    assert ask(stand, "someone@example.com")["Severity"] == "information"


@pytest.mark.parametrize(
    ("message", "status"),
    [
        ("Invalid or unauthorized key. Please check the API key and try again.", "failed"),
        ("You have insufficient credits to make this query.", "rate limited"),
        ("You have exceeded your request quota of 5000 per month.", "rate limited"),
        ("Invalid IPv4 address, IPv6 address or hostname.", "failed"),
    ],
)
def test_success_false_is_no_answer(stand_in, ask, message, status):
    stand = stand_in("IPQualityScore")
    body = {"success": False, "message": message, "fraud_score": 0}
    stand.instead = lambda asked: Answer(json=body)
    row = ask(stand, "8.8.8.8")
    assert (row["Status"], row["Severity"], row["Result"]) == (status, "unknown", False)


def test_the_key_in_the_path_is_nowhere_to_be_seen(stand_in, provider_of, session, caplog):
    caplog.set_level(0)
    stand = stand_in("IPQualityScore")
    provider = provider_of(stand)
    lookup = TILookup(primary_providers=[provider], session=session)
    shown = [str(lookup.lookup_ioc("8.8.8.8").to_dicts())]
    assert f"/api/json/ip/{KEY}/8.8.8.8" in stand.asked[0].target
    for answer in (
        Answer(json={"success": False, "message": f"Invalid key {KEY}"}),
        Answer(500, json={"message": f"{stand.asked[0].target}"}),
        Answer(body=f"<html>/api/json/ip/{KEY}/8.8.8.8</html>"),
        Answer(301, headers={"Location": f"https://elsewhere.example/{KEY}"}),
        Answer(hang_up=True),
    ):
        stand.instead = lambda asked, answer=answer: answer
        found = lookup.lookup_ioc("8.8.8.8", refresh=True)
        assert found["Status"].to_list() == ["failed"]
        shown.append(str(found.to_dicts()))
    shown += [repr(provider), provider.identity, repr(provider.chosen), caplog.text]
    shown += [str(lookup.provider_status), lookup.provider_usage()]
    assert [text for text in shown if "canary" in text] == []
