"""CrowdSec: reputation, one by one and many at once. The live service was not asked."""

import pytest

from huntkit.enrich.ti import TILookup
from huntkit.enrich.ti.providers.crowdsec import CrowdSec, CrowdSecSettings
from huntkit.runtime.secrets import Secret
from huntkit.runtime.session import Session
from servers import Answer

pytestmark = pytest.mark.filterwarnings("ignore:not everything was answered")


def test_reputation_decides(stand_in, ask):
    stand = stand_in("CrowdSec")
    bad = ask(stand, "8.8.8.8")
    assert (bad["Severity"], bad["Details"]["reason"]) == ("high", "reputation malicious")
    assert bad["Details"]["behaviors"] == ["ssh:bruteforce"]
    assert ask(stand, "2001:4860:4860::8888")["Severity"] == "warning"
    harmless = ask(stand, "1.1.1.1")
    assert harmless["Severity"] == "information"
    assert "Cloudflare CDN" in harmless["Details"]["reason"]
    assert ask(stand, "9.9.9.9")["Status"] == "not found"
    stand.replies["/v2/smoke/8.8.8.8"]["reputation"] = "unknown"
    assert ask(stand, "8.8.8.8")["Severity"] == "unknown"


def batched(session: Session, url: str) -> TILookup:
    settings = CrowdSecSettings(auth_key=Secret.held("k" * 20), batch=True, base_url=url, per_day=0)
    return TILookup(primary_providers=[CrowdSec(settings, session)], session=session)


def test_plans_that_allow_it_ask_many_at_once(http_server, session, stand_in):
    one = stand_in("CrowdSec").replies["/v2/smoke/8.8.8.8"]
    server = http_server(Answer(json={"total": 1, "not_found": 1, "items": [one]}))
    found = batched(session, server.url).lookup_iocs(["8.8.8.8", "9.9.9.9"])
    assert found["Status"].to_list() == ["ok", "not found"]
    assert server.asked[0].params == {"ips": "8.8.8.8,9.9.9.9"}
    assert len(server.asked) == 1


def test_addresses_that_a_batch_does_not_account_for_failed(http_server, session, stand_in):
    one = stand_in("CrowdSec").replies["/v2/smoke/8.8.8.8"]
    server = http_server(Answer(json={"total": 1, "not_found": 0, "items": [one]}))
    found = batched(session, server.url).lookup_iocs(["8.8.8.8", "9.9.9.9"])
    assert found["Status"].to_list() == ["ok", "failed"]


def test_the_free_plan_is_one_by_one_and_fifty_a_day():
    free = CrowdSec(CrowdSecSettings(), Session())
    assert (free.batch, free.limits.per_day) == (1, 50)


def test_a_limit_is_a_limit(stand_in, ask):
    stand = stand_in("CrowdSec")
    stand.instead = lambda asked: Answer(
        429, headers={"Retry-After": "900"}, json={"message": "Limit Exceeded"}
    )
    assert ask(stand, "8.8.8.8")["Status"] == "rate limited"
