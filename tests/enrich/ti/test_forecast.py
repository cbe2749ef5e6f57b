"""What a dry run says, and that it asks nobody."""

from datetime import UTC, datetime
from typing import Any

import pytest

from huntkit.core.errors import UsageError
from huntkit.enrich.ti import TILookup
from huntkit.enrich.ti.providers.internetdb import InternetDB, InternetDBSettings
from huntkit.enrich.ti.providers.localfeeds import LocalFeeds, LocalFeedsSettings
from huntkit.enrich.ti.providers.otx import OTX, OtxSettings
from huntkit.enrich.ti.providers.urlscan import UrlScan, UrlScanSettings
from huntkit.runtime.secrets import Secret
from huntkit.runtime.session import Session, Settings
from servers import Answer


def told(lookup: TILookup, values: Any, **options: Any) -> list[dict[str, Any]]:
    return lookup.lookup_iocs(values, dry_run=True, **options).to_dicts()


def test_each_reason_not_to_ask_has_a_row_with_its_values(session):
    lookup = TILookup(primary_providers=["InternetDB"], internal_suffixes=["corp.com"],
                      session=session)  # fmt: skip
    values = ["8.8.8.8", "8[.]8[.]8[.]8", "10.0.0.1", "192.168.0.9", "a.corp.com", "?", "x.com"]
    first, *others = told(lookup, values)
    assert (first["Plan"], first["Questions"], first["Requests"]) == ("ask", 1, 1)
    assert first["Values"] == ["8.8.8.8", "8[.]8[.]8[.]8"]
    assert [(row["Plan"], row["Why"], row["Values"]) for row in others] == [
        ("refused", "a private address stays here", ["10.0.0.1", "192.168.0.9"]),
        ("refused", "names under corp.com are internal", ["a.corp.com"]),
        ("bad input", "it is no indicator of a known type", ["?"]),
        ("not supported", "InternetDB knows nothing about dns; it knows: ipv4", ["x.com"]),
    ]
    assert sum(row["Indicators"] for row in [first, *others]) == len(values)


def test_limits_quota_and_time_are_said(session):
    day = datetime.now(UTC).date().isoformat()
    for _ in range(3):
        session.store.take("UrlScan", 500, day)
    lookup = TILookup(primary_providers=[UrlScan(UrlScanSettings(), session)], session=session)
    values = [f"8.8.{n // 250}.{n % 250 + 1}" for n in range(498)]
    (row,) = told(lookup, values)
    assert (row["PerMinute"], row["PerDay"], row["LeftToday"]) == (60, 500, 497)
    assert row["Why"] == "the day allows only 497 more"
    assert row["MinSeconds"] == 480.0  # 498 questions, 60 a minute: the last after 8 minutes


def test_tlp_and_what_is_kept_are_said(http_server, session):
    server = http_server(Answer(json={"ip": "8.8.8.8", "ports": [], "tags": [], "hostnames": []}))
    provider = InternetDB(InternetDBSettings(base_url=server.url), session)
    lookup = TILookup(primary_providers=[provider], session=session)
    lookup.lookup_iocs(["8.8.8.8"])
    plans = [(row["Plan"], row["Values"]) for row in told(lookup, ["8.8.8.8", "8.8.4.4"])]
    assert plans == [("ask", ["8.8.4.4"]), ("cached", ["8.8.8.8"])]
    red = told(lookup, ["8.8.8.8"], tlp="red")
    assert red[1]["Why"] == "TLP red; InternetDB is told nothing above green"
    assert len(server.asked) == 1


def test_a_provider_that_cannot_be_asked_says_why(tmp_path):
    with Session(Settings(cache_dir=tmp_path, frame="polars", offline=True)) as session:
        files = LocalFeedsSettings(files=(tmp_path / "none.csv",))
        lookup = TILookup(primary_providers=[LocalFeeds(files, session)], session=session)
        found = told(lookup, ["8.8.8.8"])
        names = ["OTX", "TAXII", "AzSTI", "InternetDB"]
        found += told(lookup, ["8.8.8.8"], providers=names)
    assert {row["Plan"] for row in found} == {"cannot be asked"}
    assert [row["Why"] for row in found] == [
        f"there is no feed {str(tmp_path / 'none.csv')!r}",
        "OTX needs AuthKey",
        "TAXII needs BaseUrl (the API root) and Collections",
        "AzSTI needs a connected query provider",
        "this session is offline",
    ]


def test_a_key_that_is_not_there_is_said_before_anybody_is_asked(session, monkeypatch):
    monkeypatch.delenv("NO_SUCH_KEY", raising=False)
    otx = OTX(OtxSettings(auth_key=Secret("env:NO_SUCH_KEY")), session)
    lookup = TILookup(primary_providers=[otx], session=session)
    (row,) = told(lookup, ["8.8.8.8"])
    assert row["Why"] == "OTX: AuthKey is empty where the settings say it is"
    monkeypatch.setenv("NO_SUCH_KEY", "canary-key")
    (row,) = told(lookup, ["8.8.8.8"])
    assert (row["Plan"], row["Why"]) == ("ask", "")


def test_nobody_to_ask_and_nothing_to_ask_keep_the_columns(session):
    none = TILookup(providers=[], session=session).lookup_iocs(["8.8.8.8"], dry_run=True)
    assert none.columns[:7] == [
        "Provider", "Plan", "Indicators", "Questions", "Requests", "Why", "Values",
    ]  # fmt: skip
    assert none.is_empty()
    (row,) = told(TILookup(primary_providers=["Tor"], session=session), [])
    assert (row["Plan"], row["Values"], row["MinSeconds"]) == ("ask", [], 0.0)


def test_a_sub_query_of_nobody_is_refused_before_anything_is_sent(session):
    lookup = TILookup(primary_providers=["VirusTotal", "Tor"], session=session)
    with pytest.raises(UsageError, match=r"'whos'.*Tor has none.*did you mean 'whois'"):
        lookup.lookup_iocs(["8.8.8.8"], ioc_query_type="whos")
