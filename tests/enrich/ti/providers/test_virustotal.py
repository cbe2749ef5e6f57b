"""VirusTotal: the stand-in is read by vt-py first, then by us. The live service was not asked."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest

from huntkit.enrich.ti.providers.virustotal import VirusTotal, VirusTotalSettings, object_id
from huntkit.runtime.session import Session
from servers import Answer

pytestmark = pytest.mark.filterwarnings("ignore:not everything was answered")

KEY = "canary-key-0123456789abcdef"
URL = "http://evil.example.com/a"
MD5 = "44d88612fea8a8f36de82e1278abb02f"


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_virustotals_own_client_reads_the_stand_in(stand_in):
    vt = pytest.importorskip("vt")
    stand = stand_in("VirusTotal")

    async def theirs():
        async with vt.Client(KEY, host=stand.url) as client:
            address = await client.get_object_async("/ip_addresses/8.8.8.8")
            url = await client.get_object_async(f"/urls/{vt.url_id(URL)}")
            names = client.iterator("/ip_addresses/8.8.8.8/resolutions", limit=2)
            hosts = [each.host_name async for each in names]
            seen = await client.get_json_async(f"/files/{MD5}/behaviour_summary")
            with pytest.raises(vt.APIError) as missing:
                await client.get_object_async("/domains/none.example.com")
            return address, url, hosts, seen, missing.value.code

    with ThreadPoolExecutor(1) as alone:  # this thread may have a loop already
        address, url, hosts, seen, code = alone.submit(asyncio.run, theirs()).result()
    assert (address.id, address.last_analysis_stats["malicious"]) == ("8.8.8.8", 12)
    assert (url.type, url.url, object_id(URL)) == ("url", URL, vt.url_id(URL))
    assert hosts == ["a.example.com", "b.example.com"]
    assert seen["data"]["files_written"] == ["C:\\Temp\\x.dll"]
    assert code == "NotFoundError"
    assert not stand.denied


def test_engines_decide_and_the_reason_says_how_many(stand_in, ask):
    stand = stand_in("VirusTotal")
    address = ask(stand, "8.8.8.8")
    assert (address["Severity"], address["Status"]) == ("high", "ok")
    assert address["Details"]["reason"] == "12 of 90 engines say malicious"
    assert address["Details"]["as_owner"] == "Example Networks"
    assert address["Reference"] == "https://www.virustotal.com/gui/ip-address/8.8.8.8"
    assert ask(stand, "evil.example.com")["Severity"] == "warning"
    suspicious = ask(stand, URL)
    assert suspicious["Severity"] == "warning"
    assert suspicious["Details"]["reason"] == "2 of 92 engines say suspicious, none malicious"
    clean = ask(stand, MD5)
    assert clean["Severity"] == "information"
    assert clean["Details"]["scans"] == 64  # those that failed or can't read it are not counted
    assert clean["Details"]["threat_label"] == "virus.eicar/test"
    missing = ask(stand, "9.9.9.9")
    assert (missing["Status"], missing["Severity"]) == ("not found", "unknown")


def test_an_object_that_no_engine_has_judged_has_no_verdict(stand_in, ask):
    stand = stand_in("VirusTotal")
    empty = {"malicious": 0, "suspicious": 0, "harmless": 0, "undetected": 0, "timeout": 70}
    body = {"data": {"type": "file", "id": MD5, "attributes": {"last_analysis_stats": empty}}}
    stand.replies[f"/api/v3/files/{MD5}"] = body
    row = ask(stand, MD5)
    assert (row["Status"], row["Severity"]) == ("ok", "unknown")
    body["data"]["attributes"]["last_analysis_stats"] = {"malicious": ["many"]}
    assert ask(stand, MD5)["Status"] == "failed"


def test_sub_queries(stand_in, ask):
    stand = stand_in("VirusTotal")
    dns = ask(stand, "8.8.8.8", "passivedns")
    assert [each["host_name"] for each in dns["Details"]["passivedns"]] == [
        "a.example.com", "b.example.com",
    ]  # fmt: skip
    assert dns["Details"]["passivedns"][0]["date"] == "2023-11-14T22:13:20+00:00"
    assert dns["Details"]["more"] == "the first 2 of 120; VTLookup gives all"
    assert dns["Severity"] == "unknown"
    files = ask(stand, "evil.example.com", "communicating_files")["Details"]
    assert files["communicating_files"][0]["detections"] == 55
    assert "more" not in files
    assert ask(stand, MD5, "behaviour")["Details"]["files_written"] == ["C:\\Temp\\x.dll"]
    assert ask(stand, "8.8.8.8", "whois")["Details"]["whois"].startswith("NetRange")
    assert ask(stand, "8.8.8.8", "votes")["Details"]["votes"][0]["verdict"] == "malicious"
    assert ask(stand, MD5, "whois")["Status"] == "not supported"


def test_no_related_objects_is_nothing_known(stand_in, ask):
    stand = stand_in("VirusTotal")
    stand.replies["/api/v3/ip_addresses/8.8.8.8/resolutions"] = {"data": [], "meta": {"count": 0}}
    assert ask(stand, "8.8.8.8", "passivedns")["Status"] == "not found"


def test_what_only_paying_users_may_see_is_an_error(stand_in, ask):
    stand = stand_in("VirusTotal")
    error = {"error": {"code": "ForbiddenError", "message": "not for your plan"}}
    stand.instead = lambda asked: Answer(403, json=error)
    row = ask(stand, "8.8.8.8", "downloaded_files")
    assert (row["Status"], row["Severity"]) == ("failed", "unknown")
    assert "403" in row["Details"]["reason"]


def test_the_public_limits_hold_unless_a_plan_says_otherwise():
    session = Session()
    public, paid = VirusTotalSettings(), VirusTotalSettings(per_minute=1000, per_day=0)
    assert VirusTotal(public, session).limits.per_minute == 4
    assert VirusTotal(public, session).limits.per_day == 500
    assert VirusTotal(paid, session).limits.per_day is None
