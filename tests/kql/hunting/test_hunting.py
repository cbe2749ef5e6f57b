"""Public hunting queries on recorded attacks, beside Polars expressions that say the same.

A case names a query of the corpus and gives what its rows are; its twin is the same query with
one literal changed, and must find nothing.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import huntkit

pytestmark = pytest.mark.data

Tables = Callable[[str], pl.DataFrame]
LATER = "2024-01-01"
MAY = "2020-05-03"
col = pl.col


@dataclass(frozen=True, slots=True)
class Case:
    """One query: its ``now``, its expected rows, and the literal that the twin changes."""

    query: str
    now: str
    expected: Callable[[Tables], pl.DataFrame]
    twin: tuple[str, str] = ("", "")


@pytest.fixture(scope="module")
def evidence(
    shared_data: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[huntkit.Evidence]:
    folder = tmp_path_factory.mktemp("hunting")
    opened = huntkit.open(shared_data / "security-datasets", frame="polars", cache_dir=folder)
    with opened as evidence:
        yield evidence


@pytest.fixture(scope="module")
def tables(evidence: huntkit.Evidence) -> Tables:
    known: dict[str, pl.DataFrame] = {}

    def table(name: str) -> pl.DataFrame:
        if name not in known:
            known[name] = evidence.table(name, frame="polars")
        return known[name]

    return table


@pytest.fixture(scope="module")
def texts(corpus: list[dict[str, Any]]) -> dict[str, str]:
    return {each["id"]: each["query"] for each in corpus}


def has(column: str, *terms: str) -> pl.Expr:
    """Whether one of the terms stands by itself."""
    found = [f"(?i)(?:^|[^0-9A-Za-z]){term}(?:$|[^0-9A-Za-z])" for term in terms]
    return pl.any_horizontal(col(column).str.contains(each) for each in found)


def contains(column: str, *parts: str) -> pl.Expr:
    """Whether one of the parts is inside, in any case."""
    lower = col(column).str.to_lowercase()
    return pl.any_horizontal(lower.str.contains(part.lower(), literal=True) for part in parts)


def since(now: str, **ago: float) -> pl.Expr:
    start = datetime.fromisoformat(f"{now}T00:00:00+00:00") - timedelta(**ago)
    return col("TimeGenerated") > start


def filtered(table: str, keep: pl.Expr, *columns: str) -> Callable[[Tables], pl.DataFrame]:
    """The rows of one table, and the columns to compare."""
    return lambda tables: tables(table).filter(keep).select(columns)


def logons(keep: pl.Expr, key: str) -> Callable[[Tables], pl.DataFrame]:
    return lambda tables: (
        tables("SecurityEvent")
        .filter(col("EventID") == 4624)
        .group_by(key)
        .agg(LogonCount=pl.len())
        .filter(keep)
    )


def counted(table: str, keep: pl.Expr, key: str, name: str) -> Callable[[Tables], pl.DataFrame]:
    return lambda tables: tables(table).filter(keep).group_by(key).agg(pl.len().alias(name))


def long_names(tables: Tables) -> pl.DataFrame:
    name = col("AdditionalFields").str.json_path_match("$.DnsQueryString")
    return (
        tables("DeviceEvents")
        .filter(since(MAY, days=30), col("ActionType") == "DnsQueryResponse")
        .filter(name.str.len_chars() > 40)
        .group_by("DeviceName")
        .agg(DNSQueriedHost=name.n_unique())
    )


def other_drives(tables: Tables) -> pl.DataFrame:
    drive = col("FolderPath").str.split(":").list.first().alias("DriveLetterOrShare")
    ending = col("FileName").str.extract(r"^.*(\..*)$").fill_null("")
    return (
        tables("DeviceFileEvents")
        .filter(col("ActionType") == "FileCreated", ~ending.is_in([".ps1", ".bat", ".cmd"]))
        .filter(drive != "C")
        .select(drive, "FolderPath", "FileName")
    )


def smb(tables: Tables) -> pl.DataFrame:
    return (
        tables("DeviceNetworkEvents")
        .filter(col("RemotePort") == 445, col("ActionType") == "ConnectionSuccess")
        .sort("TimeGenerated")
        .group_by("DeviceId", "RemoteIP")
        .last()
        .group_by("DeviceName")
        .agg(TotalConnections=col("RemoteIP").n_unique())
    )


def net_commands(tables: Tables) -> pl.DataFrame:
    words = has("ProcessCommandLine", "accounts", "group", "user", "localgroup")
    keep = since(MAY, hours=48) & col("FileName").is_in(["net.exe", "net1.exe"]) & words
    return tables("DeviceProcessEvents").filter(keep).select("ProcessCommandLine", "ProcessId")


def lsass_openers(tables: Tables) -> pl.DataFrame:
    opened = tables("DeviceEvents").filter(
        col("ActionType") == "OpenProcessApiCall",
        col("FileName") == "lsass.exe",
        since(MAY, days=30),
    )
    late = since(MAY, days=1)
    known = opened.filter(~late)["InitiatingProcessSHA256"].unique().to_list()
    access = col("AdditionalFields").str.json_path_match("$.DesiredAccess").fill_null("")
    shown = ["DeviceName", "InitiatingProcessAccountName", "InitiatingProcessCommandLine"]
    fresh = opened.filter(late, ~col("InitiatingProcessSHA256").is_in(known))
    return fresh.select(*shown, DesiredAccess=access).unique()


def server_side_smb(tables: Tables) -> pl.DataFrame:
    key = ["DeviceName", "InitiatingProcessFileName", "InitiatingProcessId"]
    time = "InitiatingProcessCreationTime"
    return (
        tables("DeviceNetworkEvents")
        .filter(since(MAY, days=7), col("LocalPort") == 445)
        .group_by(*key, time)
        .agg(RemoteIPCount=col("RemoteIP").n_unique())
        .drop(time)
    )


def quiet_hosts(tables: Tables) -> pl.DataFrame:
    now = datetime.fromisoformat("2020-10-23T00:00:00+00:00")
    last = tables("SecurityEvent").filter(since("2020-10-23", days=1))
    found = last.group_by("Computer").agg(col("TimeGenerated").max())
    whole = (pl.lit(now) - col("TimeGenerated").dt.truncate("1m")).dt.total_minutes()
    return found.select("Computer", whole.alias("Last Record Received")).filter(
        col("Last Record Received") >= 60
    )


def frequent_events(tables: Tables) -> pl.DataFrame:
    counts = tables("Event").group_by("EventID").agg(count_=pl.len())
    return counts.sort("count_", descending=True).head(10).select("count_")


def hidden_shells(tables: Tables) -> pl.DataFrame:
    line = "ProcessCommandLine"
    both = contains(line, "-nop") & has(line, "powershell.exe")
    found = tables("DeviceProcessEvents").filter(both & has(line, "-nop"))
    return found.group_by("DeviceName").agg(TotalCommands=col(line).n_unique())


def logon_kinds(tables: Tables) -> pl.DataFrame:
    keep = col("EventID").is_in([4624, 4625]) & (col("AccountType") == "User")
    found = tables("SecurityEvent").filter(keep).group_by("LogonTypeName")
    return found.agg(Amount=pl.len(), StartTimeUtc=col("TimeGenerated").min())


def credentials_added(tables: Tables) -> pl.DataFrame:
    actor = col("InitiatedBy").str.json_path_match("$.user.userPrincipalName").alias("Actor")
    target = col("TargetResources").str.json_path_match("$[0].displayName")
    keep = contains("OperationName", "Update application") & contains("OperationName", "secrets")
    found = tables("AuditLogs").filter(keep)
    return found.select(actor, target.alias("Target Application Name")).filter(col("Actor") != "")


def wdigest(tables: Tables) -> pl.DataFrame:
    keep = (
        (col("ActionType") == "RegistryValueSet")
        & col("RegistryKey").str.ends_with("\\Control\\SecurityProviders\\WDigest")
        & (col("RegistryValueData") == "1")
    )
    return tables("DeviceRegistryEvents").filter(keep).select("DeviceName", "RegistryKey")


def suspected(tables: Tables) -> pl.DataFrame:
    user = col("TargetResources").str.json_path_match("$[0].displayName").fill_null("")
    return (
        tables("AuditLogs")
        .filter(since("2021-08-03", days=90))
        .select("TimeGenerated", user.alias("SuspUser"))
    )


def new_operations(tables: Tables) -> pl.DataFrame:
    found = tables("AuditLogs").filter(since("2021-08-03", days=14))
    return found.group_by("OperationName", "LoggedByService").agg(
        TotalCount=pl.len(), FirstSeen=col("TimeGenerated").min()
    )


EVENT = ("TimeGenerated", "Computer", "EventID")
PROCESS = ("DeviceName", "FileName", "ProcessCommandLine")
event_id = col("EventID")
LSASS = "ProcessCommandLine"
LOLBINS = ("msdt", "installutil", "regsvcs", "regasm", "regsvr32", "msbuild", "ieexec", "mshta")
ENCODED = r"(?:\s+-(?:(?i)encod?e?d?c?o?m?m?a?n?d?|e|en|enc|ec)\s).*[A-Za-z0-9+/]{50,}"

CASES = [
    Case("3cbefc155121", LATER, credentials_added, ("Update application", "Delete application")),
    Case("3dd7346a7697", LATER, wdigest, ("RegistryValueData == 1", "RegistryValueData == 2")),
    Case("6538eeae9844", "2021-08-03", suspected, ("Timeframe = 90d", "Timeframe = 1s")),
    Case(
        "748f3abf3157",
        "2021-08-03",
        filtered("OfficeActivity", since("2021-08-03", days=14), "Operation", "OfficeWorkload"),
        ("ago(14d)", "ago(1s)"),
    ),
    Case("7e072a72f05f", "2021-08-03", new_operations, ("ago(14d)", "ago(1s)")),
    Case("01343fb9f496", LATER, other_drives, ('"FileCreated"', '"FileCreatedNot"')),
    Case("09253508588f", LATER, logons(col("LogonCount") > 10, "Computer"), ("4624", "46240")),
    Case("0d1a7d5466a7", MAY, long_names, ("= 40", "= 4000")),
    Case("1a7f32c74b1c", LATER, logons(pl.lit(value=True), "Account"), ("4624", "46240")),
    Case(
        "1a878325d7d9",
        LATER,
        filtered(
            "DeviceProcessEvents",
            (col("FileName").str.contains(r"(?i)\bprocdump(?:64)?\.exe\b") & has(LSASS, "lsass"))
            | (has(LSASS, "lsass.exe") & contains(LSASS, "-accepteula", "-ma")),
            *PROCESS,
        ),
        ("lsass", "lsassNot"),
    ),
    Case(
        "2051fb6db5fa",
        LATER,
        filtered("DeviceEvents", col("ActionType") == "SecurityLogCleared", "DeviceName"),
        ("SecurityLogCleared", "SecurityLogCleare"),
    ),
    Case("2636ec3d51f6", LATER, logons(col("LogonCount") < 5, "Account"), ("< 5", "< 0")),
    Case("26699fc9a945-0", MAY, lsass_openers, ('"lsass.exe"', '"LSASS"')),
    Case("29f17dc2c7f5", LATER, smb, ("445", "44500")),
    Case("2ca63e53261a", MAY, net_commands, ('"net.exe", "net1.exe"', '"network.exe"')),
    Case("317eddb9e3a3", "2020-10-23", quiet_hosts, ("60", "60000")),
    Case(
        "36dfddbd957a",
        LATER,
        filtered("SecurityEvent", event_id.is_in([517, 1102]), *EVENT),
        ('"1102"', '"110200"'),
    ),
    Case(
        "3b301500d54b",
        LATER,
        counted("DeviceLogonEvents", col("FailureReason") != "", "FailureReason", "count_"),
        ("isnotempty(FailureReason)", "FailureReason == 'no such reason'"),
    ),
    Case(
        "3ef79f809e85",
        LATER,
        filtered(
            "DeviceFileEvents",
            contains("FolderPath", "\\Start Menu\\Programs\\Startup\\")
            & col("FileName").str.ends_with(".hta"),
            "DeviceName",
            "FileName",
        ),
        (".hta", ".htanot"),
    ),
    Case(
        "3fef4aa3950d",
        LATER,
        filtered(
            "SecurityEvent",
            (event_id == 4688)
            & col("Process").str.contains(r"^.*\.\w*[A-Za-z]\w*\.\w*[A-Za-z]\w*$"),
            *EVENT,
        ),
        ("4688", "46880"),
    ),
    Case(
        "420b1080d10d",
        LATER,
        filtered(
            "SecurityEvent",
            (event_id == 4688) & contains("CommandLine", *(f"\\{name}.exe" for name in LOLBINS)),
            *EVENT,
        ),
        ('"4688"', '"46880"'),
    ),
    Case(
        "4648e1b9bf83",
        LATER,
        filtered("SecurityEvent", event_id.is_in([4776, 4624]), *EVENT),
        ("where (", "where EventID == 1 and ("),
    ),
    Case(
        "4ebe716314c9",
        LATER,
        filtered("SecurityEvent", event_id.is_in([4656, 4663]), *EVENT),
        ("where (", "where EventID == 1 and ("),
    ),
    Case(
        "5064866dfe21",
        LATER,
        filtered("DeviceProcessEvents", col(LSASS).str.contains(ENCODED), *PROCESS),
        (r"(\s+-(", r"(\s+-nosuch("),
    ),
    Case(
        "525c696ccd36",
        LATER,
        counted("SecurityEvent", event_id == 4688, "NewProcessName", "ExecutionCount"),
        ("4688", "46880"),
    ),
    Case(
        "56d34788d136",
        LATER,
        lambda tables: tables("Syslog").select(col("TimeGenerated").top_k(100)),
        ("top 100", "top 0"),
    ),
    Case("56dd84c1d900", LATER, hidden_shells, ('"-nop"', '"-nopnot"')),
    Case("5896ff672491", LATER, logon_kinds, ("'User'", "'Users'")),
    Case("6022dec0f97d", LATER, frequent_events, ("top 10 ", "top 0 ")),
    Case("60c2aa6bed23-1", MAY, server_side_smb, ("445", "44500")),
    Case(
        "6188f2940a72",
        LATER,
        filtered(
            "DeviceProcessEvents",
            (col("InitiatingProcessFileName").str.to_lowercase() == "mshta.exe")
            | (col("ProcessVersionInfoOriginalFileName").str.to_lowercase() == "mshta.exe"),
            "DeviceName",
            "ProcessCommandLine",
        ),
        ("=~ 'mshta.exe'", "=~ 'mshtanot.exe'"),
    ),
]
QUIET = [
    ("00bd04a803a1", "DeviceNetworkEvents", has("DeviceName", "ComputerName")),
    (
        "038d769cdbea-1",
        "SecurityEvent",
        (event_id == 4776) & contains("AuthenticationPackageName", "WDigest"),
    ),
    ("0791c015d589", "DeviceNetworkEvents", contains("ActionType", "ConnectionInspected")),
    ("20787756ffe7", "SecurityEvent", contains("CommandLine", "amsiInitFailed")),
    (
        "2e81f3bffa13",
        "SecurityEvent",
        (event_id == 4624) & (col("LogonType") == 9) & (col("LogonProcessName") == "seclogo"),
    ),
    ("2fd1679de13f", "SecurityEvent", contains("CommandLine", " -bxor")),
    ("2ff6e14777ce", "DeviceNetworkEvents", contains("RemoteUrl", "asushotfix.com")),
    ("2ff70231ccdb", "DeviceNetworkEvents", col("LocalIP") == "192.168.0.1"),
    ("31bab13f4028", "SecurityEvent", contains("CommandLine", "ps.exe -accepteula")),
    ("32b3cfa6b0fb", "SecurityEvent", contains("CommandLine", "TVqQAAMAAAAEAAA")),
    ("33151d273dbd", "SecurityEvent", event_id == 4794),
    (
        "3a1fcf85dfb0",
        "AuditLogs",
        col("OperationName") == "Update StsRefreshTokenValidFrom Timestamp",
    ),
    ("4a10cea950a4", "SecurityEvent", contains("CommandLine", "/INJECTRUNNING")),
    ("4a76d8f5f0ce", "DeviceNetworkEvents", contains("RemoteUrl", "craigslist.org")),
    (
        "52c3964b5813",
        "DeviceNetworkEvents",
        contains("InitiatingProcessFileName", "spoolsv.exe") & (col("RemotePort") == 3389),
    ),
    ("644dc456f882", "SecurityEvent", event_id == 4726),
    ("7c85597f62c6", "AuditLogs", col("OperationName") == "Change user password"),
]
FINDING = [case for case in CASES if case.twin[0]]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.query)
def test_a_public_query_finds_what_polars_finds(
    case: Case, evidence: huntkit.Evidence, tables: Tables, texts: dict[str, str]
) -> None:
    expected = case.expected(tables)
    found = evidence.kql(texts[case.query], now=case.now, frame="polars")
    assert found.height > 0
    assert _rows(found.select(expected.columns)) == _rows(expected)


@pytest.mark.parametrize(("query", "table", "keep"), QUIET, ids=[each[0] for each in QUIET])
def test_a_public_query_finds_nothing_where_there_is_nothing(
    query: str,
    table: str,
    keep: pl.Expr,
    evidence: huntkit.Evidence,
    tables: Tables,
    texts: dict[str, str],
) -> None:
    assert tables(table).height > 0
    assert tables(table).filter(keep).height == 0
    assert evidence.kql(texts[query], now=LATER, frame="polars").height == 0


@pytest.mark.parametrize("case", FINDING, ids=lambda case: case.query)
def test_its_twin_finds_nothing(
    case: Case, evidence: huntkit.Evidence, texts: dict[str, str]
) -> None:
    old, new = case.twin
    assert old in texts[case.query]
    twin = texts[case.query].replace(old, new)
    assert evidence.kql(twin, now=case.now, frame="polars").height == 0


def _rows(frame: pl.DataFrame) -> list[str]:
    """In no order; times and numbers by what they say."""
    return sorted(str(row) for row in frame.iter_rows())
