"""Facts of a range of time: who heeds it, and who says that it does not."""

import json
from datetime import UTC, datetime
from typing import Any

import polars as pl
import pytest

import huntkit.kql
from huntkit.enrich.ti import TILookup
from huntkit.enrich.ti.catalog import available
from huntkit.enrich.ti.providers.azsti import AzSTI, AzSTISettings
from huntkit.enrich.ti.providers.localfeeds import LocalFeeds, LocalFeedsSettings
from huntkit.enrich.ti.providers.taxii import TAXII, TAXIISettings
from huntkit.enrich.ti.providers.urlscan import UrlScan, UrlScanSettings
from servers import Answer

pytestmark = pytest.mark.filterwarnings("ignore:not everything was answered")

HEED = {
    "AzSTI": {""}, "Censys": {"passivedns"}, "LocalFeeds": {""}, "MISP": {""}, "OpenCTI": {""},
    "OTX": {"malware", "passivedns", "urls"}, "Shodan": {"passivedns"}, "TAXII": {""},
    "UrlScan": {""}, "VirusTotal": {"passivedns", "votes"},
    "XForce": {"malware", "passivedns", "rep"},
}  # fmt: skip


def one(lookup: TILookup, value: str, **options: Any) -> dict[str, Any]:
    row = lookup.lookup_ioc(value, **options).to_dicts()[0]
    row["Details"] = json.loads(row["Details"])
    return row


def test_it_is_declared_who_heeds_a_range(session):
    told: dict[str, set[str]] = {}
    for name, kind in available().items():
        made = kind(kind.settings(), session)
        for ioc_type, subtypes in kind.takes.items():
            told.setdefault(name, set()).update(
                each for each in subtypes if made.heeds_times(ioc_type, each)
            )
    assert {name: its for name, its in told.items() if its} == HEED


def test_who_knows_no_times_says_so_also_out_of_the_cache(stand_in, provider_of, session):
    stand = stand_in("InternetDB")
    lookup = TILookup(primary_providers=[provider_of(stand)], session=session)
    known, unknown = next(iter(stand.known)), next(iter(stand.unknown))
    for cached in (False, True):
        for value in (known, unknown):
            row = one(lookup, value, start="2024-05-01", end="2024-05-02")
            assert row["Details"]["times"] == (
                "InternetDB knows no times here: start and end were not heeded"
            )
            assert row["Cached"] is cached
    assert "times" not in one(lookup, known)["Details"]


@pytest.mark.parametrize(
    ("name", "value", "subtype", "inside", "outside"),
    [
        ("OTX", "8.8.8.8", "passivedns", "2024-02-01", "2024-06-01"),
        ("OTX", "8.8.8.8", "malware", "2024-04-01", "2024-05-01"),
        ("XForce", "8.8.8.8", "passivedns", "2023-06-01", "2024-06-01"),
        ("XForce", "8.8.8.8", "malware", "2024-02-01", "2023-02-01"),
        ("XForce", "8.8.8.8", "rep", "2024-05-01", "2024-06-01"),
        ("Shodan", "example.com", "passivedns", "2024-04-01", "2024-06-01"),
    ],
)
def test_lists_hold_what_is_of_the_range(
    stand_in, provider_of, session, name, value, subtype, inside, outside
):
    stand = stand_in(name)
    if value not in stand.known:
        value = next(each for each, kind in stand.known.items() if kind == "dns")
    for reply in stand.replies.values():
        if isinstance(reply, dict):
            reply.pop("more", None)
    lookup = TILookup(primary_providers=[provider_of(stand)], session=session)
    day = {"ioc_query_type": subtype}
    whole = one(lookup, value, **day)
    ours = one(lookup, value, start=inside, end=f"{inside}T23:59:59Z", **day)
    assert (whole["Status"], ours["Status"]) == ("ok", "ok")
    key = "history" if subtype == "rep" else subtype
    assert ours["Details"][key] == whole["Details"][key]
    other = one(lookup, value, start=outside, end=f"{outside}T23:59:59Z", **day)
    assert (other["Status"], other["Cached"]) == ("not found", False)
    assert other["Details"]["from_other_times"] == len(whole["Details"][key])
    again = one(lookup, value, start=inside, end=f"{inside}T23:59:59Z", **day)
    assert (again["Status"], again["Cached"]) == ("ok", True)


@pytest.mark.parametrize("name", ["Censys", "VirusTotal"])
def test_a_list_that_is_cut_is_no_answer_about_another_time(stand_in, provider_of, session, name):
    stand = stand_in(name)
    lookup = TILookup(primary_providers=[provider_of(stand)], session=session)
    for path, reply in stand.replies.items():
        if "resolutions" in path and name == "VirusTotal":
            reply["meta"] = {"count": 900, "cursor": "more"}
    row = one(lookup, "8.8.8.8", ioc_query_type="passivedns", start="2025-05-01", end="2025-05-02")
    assert row["Status"] == "failed"
    assert "says nothing" in row["Details"]["reason"]


def test_urlscan_searches_the_range(http_server, session):
    scan = {"_id": "0198", "task": {"time": "2024-05-01T10:00:00Z"}, "page": {}}
    server = http_server(Answer(json={"results": [scan], "total": 1, "has_more": False}))
    lookup = TILookup(
        primary_providers=[UrlScan(UrlScanSettings(base_url=server.url), session)], session=session
    )
    row = one(lookup, "evil.example.com", start="2024-05-01", end="2024-05-02T00:00:00+02:00")
    assert row["Status"] == "ok"
    assert server.asked[0].params["q"] == (
        'page.domain:"evil.example.com" AND '
        'date:["2024-05-01T00:00:00.000000Z" TO "2024-05-01T22:00:00.000000Z"]'
    )
    other = one(lookup, "evil.example.com", start="2024-06-01", end="2024-06-02")
    assert other["Status"] == "not found"  # whatever the service makes of the range


def indicator(number: int, value: str, **more: Any) -> dict[str, Any]:
    return {"type": "indicator", "id": f"indicator--{number}", "pattern_type": "stix",
            "pattern": f"[ipv4-addr:value = '{value}']", "valid_from": "2024-01-01T00:00:00Z",
            "indicator_types": ["malicious-activity"], **more}  # fmt: skip


STIX = [indicator(1, "9.9.9.9"), indicator(2, "8.8.8.8", valid_until="2024-06-01T00:00:00Z")]


def checked(lookup: TILookup) -> None:
    def of(start: str, end: str) -> list[tuple[str, str]]:
        found = lookup.lookup_iocs(["9.9.9.9", "8.8.8.8"], start=start, end=end)
        return found.select("Status", "Severity").rows()

    known, over, nothing = ("ok", "high"), ("ok", "information"), ("not found", "unknown")
    assert of("2024-05-01", "2024-05-02") == [known, known]  # valid by then, whatever it is now
    assert of("2024-07-01", "2024-07-02") == [known, nothing]  # the first has no end
    assert of("2023-01-01", "2023-02-01") == [nothing, nothing]
    now = lookup.lookup_iocs(["9.9.9.9", "8.8.8.8"])
    assert now.select("Status", "Severity").rows() == [known, over]


def test_indicators_of_taxii_count_while_they_are_valid(http_server, session):
    server = http_server(Answer(json={"objects": STIX}))
    chosen = TAXIISettings(base_url=server.url, collections=("c1",))
    checked(TILookup(primary_providers=[TAXII(chosen, session)], session=session))
    assert all("added_after" not in asked.params for asked in server.asked)


def test_indicators_of_feeds_count_while_they_are_valid(tmp_path, session):
    bundle = tmp_path / "bundle.json"
    bundle.write_text(json.dumps({"type": "bundle", "objects": STIX}))
    feeds = LocalFeeds(LocalFeedsSettings(files=(bundle,)), session)
    checked(TILookup(primary_providers=[feeds], session=session))


def test_entries_of_a_csv_count_from_their_first_day(tmp_path, session):
    feed = tmp_path / "bad.csv"
    feed.write_text("ioc,first_seen,last_seen\n9.9.9.9,2024-05-01,\n8.8.8.8,2024-05-01,2024-06-01\n"
                    "1.1.1.1,,\n")  # fmt: skip
    feeds = LocalFeeds(LocalFeedsSettings(files=(feed,)), session)
    lookup = TILookup(primary_providers=[feeds], session=session)

    def of(start: str, end: str) -> list[str]:
        values = ["9.9.9.9", "8.8.8.8", "1.1.1.1"]
        return lookup.lookup_iocs(values, start=start, end=end)["Status"].to_list()

    assert of("2024-05-10", "2024-05-11") == ["ok", "ok", "ok"]
    assert of("2024-04-01", "2024-04-30") == ["not found", "not found", "ok"]
    assert of("2024-07-01", "2024-07-30") == ["ok", "not found", "ok"]


def test_sentinel_is_asked_about_the_range(session):
    def row(number: int, value: str, day: int, until: datetime | None) -> dict[str, Any]:
        return {"TimeGenerated": datetime(2024, 5, day, tzinfo=UTC), "Id": f"i{number}",
                "ObservableKey": "ipv4-addr:value", "ObservableValue": value, "Pattern": "",
                "Confidence": 80, "Tags": "", "Revoked": False, "IsDeleted": False,
                "ValidFrom": datetime(2024, 1, 1, tzinfo=UTC), "ValidUntil": until,
                "SourceSystem": "x", "Data": "{}"}  # fmt: skip

    over = datetime(2024, 5, 20, tzinfo=UTC)
    table = pl.DataFrame([row(1, "9.9.9.9", 10, over), row(2, "8.8.8.8", 25, None)])

    class Frames:
        def exec_query(self, query: str, /, **options: Any) -> Any:
            tables = {"ThreatIntelIndicators": table}
            return huntkit.kql.query(query, frame="polars", tables=tables, **options)

    provider = AzSTI(AzSTISettings(query_provider=Frames()), session)
    lookup = TILookup(primary_providers=[provider], session=session)

    def of(start: str, end: str) -> list[str]:
        found = lookup.lookup_iocs(["9.9.9.9", "8.8.8.8"], start=start, end=end)
        return found["Status"].to_list()

    assert of("2024-05-05", "2024-06-01") == ["ok", "ok"]  # valid in a part of it
    assert of("2024-05-05", "2024-05-15") == ["ok", "not found"]
    assert of("2024-05-21", "2024-06-01") == ["not found", "ok"]
