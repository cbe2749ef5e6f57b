"""Sentinel's indicators, asked on the local engine: the same KQL as in the cloud."""

import json
from datetime import UTC, datetime

import polars as pl
import pytest

import huntkit
import huntkit.kql
from huntkit.core.errors import UnknownTable
from huntkit.enrich.ti import TILookup
from huntkit.enrich.ti.providers.azsti import AzSTI, AzSTISettings
from huntkit.runtime.session import Session, Settings
from huntkit.testing import check_ti_provider

NOW = datetime(2026, 11, 22, tzinfo=UTC)
SHA256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def row(number, value, day="01", **more):
    key = "ipv4-addr:value" if value[:1].isdigit() else "domain-name:value"
    return {
        "TimeGenerated": f"2026-11-{day}T00:00:00Z", "Id": f"indicator--{number}",
        "ObservableKey": key, "ObservableValue": value, "Pattern": f"[{key} = '{value}']",
        "Confidence": 80, "IsActive": True, "IsDeleted": False, "Revoked": False,
        "ValidUntil": "2027-01-01T00:00:00Z", "SourceSystem": "TAXII", "Tags": "apt",
        "Data": '{"name": "C2"}', **more,
    }  # fmt: skip


ROWS = [
    row(1, "9.9.9.9"),
    row(2, "evil.example.com", Confidence=40),
    row(3, "8.8.8.8"),
    row(3, "8.8.8.8", "02", Revoked=True),
    row(4, "1.1.1.1", ValidUntil="2026-09-10T00:00:00Z"),
    row(5, "8.8.4.4", IsDeleted=True),
    row(6, "", ObservableKey="", ObservableValue="",
        Pattern=f"[ipv4-addr:value = '9.9.9.10' AND file:hashes.'SHA-256' = '{SHA256}']"),
    row(7, "1.0.0.1"),
    row(7, "changed.example.com", "03"),
]  # fmt: skip


@pytest.fixture
def session(tmp_path):
    with Session(Settings(cache_dir=tmp_path / "cache", frame="polars")) as made:
        yield made


def local(folder, rows, name="ThreatIntelIndicators"):
    folder.mkdir(exist_ok=True)
    path = folder / f"{name}.ndjson"
    path.write_text("".join(json.dumps({"Type": name, **each}) + "\n" for each in rows))
    provider = huntkit.QueryProvider("Local", data=str(path))
    provider.connect()
    return provider


class Frames:
    """The KQL engine on plain frames."""

    def __init__(self, **tables):
        self.tables, self.asked = tables, []

    def exec_query(self, query, /, **options):
        self.asked.append(query)
        if "ThreatIntelIndicators" in query and "ThreatIntelIndicators" not in self.tables:
            raise UnknownTable("ThreatIntelIndicators", [])
        return huntkit.kql.query(query, now=NOW, frame="polars", tables=self.tables, **options)


def typed(rows):

    frame = pl.DataFrame(rows)
    times = [n for n in ("TimeGenerated", "ValidUntil", "ExpirationDateTime") if n in frame.columns]
    frame = frame.with_columns(pl.col(times).str.to_datetime(time_zone="UTC", time_unit="us"))
    missing = {"ValidFrom": pl.Datetime("us", "UTC")}
    return frame.with_columns(pl.lit(None, dtype=t).alias(n) for n, t in missing.items())


def lookup(session, runner, **settings):
    provider = AzSTI(AzSTISettings(**settings), session)
    provider.use(runner)
    return TILookup(primary_providers=[provider], session=session)


VALUES = ["9.9.9.9", "evil.example.com", "8.8.8.8", "1.1.1.1", "8.8.4.4", "9.9.9.10", SHA256,
          "1.0.0.1", "4.4.4.4"]  # fmt: skip
WANTED = {
    "9.9.9.9": ("ok", "high"),
    "evil.example.com": ("ok", "warning"),
    "8.8.8.8": ("not found", "unknown"),  # revoked by a later version
    "1.1.1.1": ("not found", "unknown"),  # its time was over
    "8.8.4.4": ("not found", "unknown"),  # deleted
    "9.9.9.10": ("ok", "information"),  # a part of a pattern
    SHA256: ("ok", "information"),
    "1.0.0.1": ("not found", "unknown"),  # the newest version is about another value
    "4.4.4.4": ("not found", "unknown"),
}


def told(frame):
    return {r["SafeIoc"]: (r["Status"], r["Severity"]) for r in frame.to_dicts()}


def test_the_newest_valid_version_of_each_indicator_counts(session):
    runner = Frames(ThreatIntelIndicators=typed(ROWS))
    found = lookup(session, runner).lookup_iocs(VALUES, start="2026-10-01", end=NOW)
    assert told(found) == WANTED
    assert len(runner.asked) == 1
    details = json.loads(found["Details"][0])
    assert details["reason"] == "an indicator with confidence 80 of 100"
    assert json.loads(found["RawResult"][0])[0]["Data"] == {"name": "C2"}


def test_the_query_runs_through_the_local_query_provider(session, tmp_path):
    runner = local(tmp_path / "logs", ROWS)
    found = lookup(session, runner).lookup_iocs(VALUES, start="2026-10-01", end=NOW)
    assert told(found) == WANTED


def test_the_old_table_is_asked_where_there_is_no_new_one(session):
    old = {
        "TimeGenerated": "2025-06-01T00:00:00Z", "IndicatorId": "a", "NetworkIP": "9.9.9.9",
        "NetworkSourceIP": "", "NetworkDestinationIP": "", "DomainName": "", "Url": "",
        "FileHashValue": "", "EmailSenderAddress": "", "ConfidenceScore": 90.0,
        "ThreatType": "C2", "Description": "x", "Tags": "", "Active": True, "SourceSystem": "s",
        "ExpirationDateTime": "2027-01-01T00:00:00Z",
    }  # fmt: skip
    gone = {**old, "IndicatorId": "b", "NetworkIP": "8.8.8.8", "Active": False}
    runner = Frames(ThreatIntelligenceIndicator=typed([old, gone]))
    found = lookup(session, runner).lookup_iocs(["9.9.9.9", "8.8.8.8"], start="2025-01-01", end=NOW)
    assert told(found) == {"9.9.9.9": ("ok", "high"), "8.8.8.8": ("not found", "unknown")}


@pytest.mark.filterwarnings("ignore:not everything was answered")
def test_other_failures_stay_failures(session):
    class Broken:
        def exec_query(self, query, /, **options):
            raise UnknownTable("Other", [])

    found = lookup(session, Broken()).lookup_ioc("9.9.9.9")
    assert found["Status"].to_list() == ["failed"]
    bare = TILookup(primary_providers=[AzSTI(AzSTISettings(), session)], session=session)
    found = bare.lookup_ioc("9.9.9.9")
    assert "needs a connected query provider" in found["Details"][0]


def test_hostile_values_stay_values(session):
    runner = Frames(ThreatIntelIndicators=typed(ROWS))
    value = "http://a.example.com/'\"]) or true //"
    found = lookup(session, runner).lookup_iocs({value: "url"}, start="2026-10-01", end=NOW)
    assert found["Status"].to_list() == ["not found"]
    assert "a.example.com" not in runner.asked[0]


def test_it_keeps_the_contract():
    check_ti_provider(AzSTI)
