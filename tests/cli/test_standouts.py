"""`huntkit rare`, `beacons` and `series` on evidence."""

import inspect
import json
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from huntkit.cli import analysis_commands
from huntkit.cli.app import app
from huntkit.cli.standout_columns import score_first, telling

ATTACKER = "203.0.113.45"


def run(*arguments: object):
    return CliRunner().invoke(app, [*map(str, arguments)])


def answer(*arguments: object) -> list[dict]:
    done = run(*arguments)
    assert done.exit_code == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_the_beacons_of_the_demo_are_on_top(demo_folder: Path) -> None:
    rows = answer("beacons", demo_folder, "--lowest", 0.8)
    assert {row["Target"] for row in rows} == {ATTACKER}
    assert rows[0]["interval_s"] == pytest.approx(60, abs=2)
    assert rows[0]["reason"].startswith("every 60.3 s within 4 %")
    assert rows[0]["score"] == max(row["score"] for row in rows)
    # The host's log and the sensor's tell of the same connections.
    assert [(row["Source"], row["Connections"]) for row in rows] == [
        ("10.20.30.41", 113), ("10.20.30.42", 73),
    ]  # fmt: skip


def test_a_table_and_its_columns_may_be_named(demo_folder: Path) -> None:
    rows = answer("beacons", demo_folder, "-t", "zeek_conn", "--by", "id_resp_p", "--limit", 1)
    assert (rows[0]["Target"], rows[0]["id_resp_p"]) == (ATTACKER, 443)
    rows = answer(
        "beacons", demo_folder, "-t", "Zeek_conn", "--source", "id_resp_h", "--target", "id_orig_h",
        "--limit", 1,
    )  # fmt: skip
    assert rows[0]["Source"] == ATTACKER


def test_unusual_process_starts_are_what_is_rare_by_default(demo_folder: Path) -> None:
    rows = answer("rare", demo_folder, "--at-most", 1)
    assert {row["Count"] for row in rows} == {1}
    first = rows[0]
    assert (first["Parent"], first["Child"]) == ("winword.exe", "powershell.exe")
    assert "an office or mail program starts a shell: 1 of 510 starts" in first["reason"]


@pytest.mark.parametrize(
    ("table", "told", "columns"),
    [
        ("AWSCloudTrail", "9 values of EventName, UserIdentityUserName, in 132 rows", "EventName"),
        (
            "DeviceLogonEvents",
            "14 values of AccountName, LogonType, RemoteIP, ActionType, in 193 rows",
            "AccountName",
        ),
        ("Zeek_dns", "19 values of query, id_orig_h, in 466 rows", "query"),
        ("Syslog", "7 patterns of SyslogMessage, in 179 rows", "pattern"),
        ("SecurityEvent", "14 values of Activity, SubjectUserName, in 654 rows", "Activity"),
    ],
)
def test_without_columns_those_that_tell_are_chosen_and_said(
    table: str, told: str, columns: str, demo_folder: Path
) -> None:
    done = run("rare", demo_folder, "-t", table)
    assert done.exit_code == 0, done.stderr
    assert f"huntkit: {told} of {table}" in done.stderr
    assert "--by COLUMN counts other columns" in done.stderr
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert rows[0][columns]
    assert rows[0]["score"] == max(row["score"] for row in rows)


def test_columns_that_are_empty_or_the_same_everywhere_are_never_chosen() -> None:
    columns = {
        "Activity": (0, 0, 14),
        "EventID": (1, 14, 14),
        "EventData": (0, 0, 14),
        "TargetUserName": (3, 14, 14),
        "AccountName": (0, 0, 14),
        "LogonType": (3, 14, 14),
        "IpAddress": (1, 1, 14),
    }
    schema = dict.fromkeys(columns, "string")
    assert telling(schema, columns.__getitem__) == ["TargetUserName", "LogonType", "IpAddress"]
    columns["LogonType"] = (3, 4, 14)  # a table of many kinds of events, with a few logons
    assert "LogonType" not in telling(schema, columns.__getitem__)
    nothing = dict.fromkeys(columns, (1, 14, 14))
    assert telling(schema, nothing.__getitem__) == []


def test_evidence_without_process_starts_says_what_it_looks_at(tmp_path: Path) -> None:
    lines = [
        json.dumps({"TimeGenerated": "2026-03-01T10:00:00Z", "Operation": each, "UserId": user})
        for each, user in [("Get", "al"), ("Get", "bo")] * 10 + [("New-Rule", "bo")]
    ]
    (tmp_path / "a.ndjson").write_text("\n".join(lines))
    done = run("rare", tmp_path)
    assert done.exit_code == 0, done.stderr
    assert "no process starts in this evidence; looking at" in done.stderr
    assert json.loads(done.stdout.splitlines()[0])["Operation"] == "New-Rule"


def test_rare_values_of_columns(demo_folder: Path) -> None:
    both = answer("rare", demo_folder, "-t", "DeviceLogonEvents", "--by", "AccountName,RemoteIP")
    apart = answer(
        "rare", demo_folder, "-t", "DeviceLogonEvents", "--by", "AccountName", "--by", "RemoteIP"
    )
    assert both == apart
    scores = [row["score"] for row in both]
    assert scores == sorted(scores, reverse=True)


def test_a_burst_is_a_peak(tmp_path: Path) -> None:
    lines = [
        json.dumps({"ts": 1_700_000_000 + 3600 * hour + n, "host": "a"})
        for hour in range(24 * 5)
        for n in range(1 + hour % 24 if hour != 77 else 900)
    ]
    evidence = tmp_path / "evidence"
    evidence.mkdir()
    (evidence / "events.ndjson").write_text("\n".join(lines))
    [table] = {row["name"] for row in answer("tables", evidence)}
    rows = answer("series", evidence, "-t", table)
    assert rows[0]["Amount"] > 800
    assert rows[0]["anomalies"] == 1
    assert "above" in rows[0]["reason"]
    every = answer("series", evidence, "-t", table, "--all")
    assert len(every) > 24 * 5 - 2
    out = tmp_path / "x.parquet"
    assert run("series", evidence, "-t", table, "-o", out).exit_code == 0
    assert pl.read_parquet(out)["Amount"][0] == rows[0]["Amount"]


def _each_second(folder: Path, seconds: list[int], **more: str) -> Path:
    folder.mkdir()
    lines = [json.dumps({"ts": 1_700_006_400 + second, "host": "a", **more}) for second in seconds]
    (folder / "events.ndjson").write_text("\n".join(lines))
    return folder


def test_an_end_that_the_data_fill_in_part_is_no_dip_but_may_be_a_peak(tmp_path: Path) -> None:
    # 1,700,006,400 is a full hour; ten events each hour, six minutes apart.
    steady = [360 * n for n in range(10 * 40)]
    part = _each_second(tmp_path / "part", [s for s in steady if s < 39 * 3600 + 800])
    done = run("series", part, "--every", "1h")
    assert done.stdout == ""
    assert "1 point at the ends of the data not judged" in done.stderr
    [last] = [json.loads(line) for line in run(
        "series", part, "--every", "1h", "--all").stdout.splitlines()][-1:]  # fmt: skip
    assert (last["Amount"], last["score"], last["anomalies"]) == (3.0, None, 0)
    whole = run("series", _each_second(tmp_path / "whole", steady), "--every", "1h")
    assert "not judged" not in whole.stderr
    burst = [s for s in steady if s < 39 * 3600] + [39 * 3600 + n for n in range(90)]
    [peak] = answer("series", _each_second(tmp_path / "burst", burst), "--every", "1h")
    assert (peak["Amount"], peak["anomalies"]) == (90.0, 1)


def test_counting_finer_than_events_come_is_said_and_finds_no_peaks(demo_folder: Path) -> None:
    for every in ("1s", "5s"):
        done = run("series", demo_folder, "-t", "DeviceLogonEvents", "--every", every)
        assert done.exit_code == 0, done.stderr
        assert done.stdout == ""
        assert f"of {every} are empty or 0; a longer --every tells more" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["rare", "--by", "X"], "--by needs --table"),
        (["rare", "-t", "DeviceLogonEvents", "--by", "AccountNam"], "did you mean 'AccountName'"),
        (["beacons", "--by", "X"], "columns of one table"),
        (["beacons", "--min-beats", 2], "--min-beats"),
        (["beacons", "--lowest", 7], "--lowest"),
        (["beacons", "--lowest", -1], "--lowest"),
        (["rare", "--at-most", 0], "--at-most"),
        (["series", "-t", "Zeek_conn", "--threshold", 0], "--threshold"),
        (["series", "-t", "Zeek_conn", "--period", 0], "--period"),
        (["series", "-t", "Zeek_conn", "--every", "1h", "--period", 24], "say --period for"),
        (["beacons", "-t", "Zeek_con"], "did you mean"),
        (["series"], "series needs --table: which of the tables?"),
        (["series"], "tables: AWSCloudTrail"),
        (["series", "-t", "Zeek_conn", "--every", "soon"], "no stretch of time"),
        (["series", "-t", "Zeek_conn", "--value", "id_orig_h"], "not numbers"),
    ],
)
def test_wrong_use_has_code_2_and_a_way_out(
    arguments: list[object], message: str, demo_folder: Path, run_main
) -> None:
    code, told = run_main(arguments[0], demo_folder, *arguments[1:])
    assert code == 2
    assert message in told.err
    assert told.out == ""


@pytest.fixture
def run_main(capsys: pytest.CaptureFixture[str]):
    from huntkit.cli import main

    def start(*arguments: object):
        with pytest.raises(SystemExit) as left:
            main([*map(str, arguments)])
        return left.value.code, capsys.readouterr()

    return start


def test_the_first_example_of_series_finds_the_spray(demo_folder: Path) -> None:
    done = run("series", demo_folder, "-t", "SecurityEvent")
    assert done.exit_code == 0
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert rows[0]["TimeGenerated"].startswith("2026-03-03T09:44")
    assert "2 of 152 points of 2m are peaks or dips, against no season" in done.stderr


EXAMPLES = [
    text for text in inspect.getsource(analysis_commands).split('"') if text.startswith("huntkit ")
]


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_example_of_the_help_runs_on_the_demo(
    example: str, demo_folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    words = [str(demo_folder) if word == "evidence/" else word for word in example.split()[1:]]
    done = run(*words)
    assert done.exit_code == 0, done.stderr
    assert done.stdout or "Written to" in done.stderr


def test_there_are_two_examples_of_each() -> None:
    assert len(EXAMPLES) == 6


def test_pictures(demo_folder: Path, tmp_path: Path) -> None:
    for name, words, told in (
        ("a", ["beacons", "--lowest", 0.8], "10.20.30.41 → 203.0.113.45, 0.94"),
        ("b", ["beacons", "-t", "Zeek_conn", "--lowest", 0.8], "10.20.30.41 → 203.0.113.45, 0.94"),
        ("c", ["series", "-t", "SecurityEvent"], "SecurityEvent, per 2m"),
        ("d", ["series", "-t", "SecurityEvent", "--by", "Computer"], "lark-dc01"),
    ):
        path = tmp_path / f"{name}.html"
        done = run(words[0], demo_folder, *words[1:], "-o", path)
        assert done.exit_code == 0, done.stderr
        assert "Written to" in done.stderr
        page = path.read_text()
        assert page.startswith("<!DOCTYPE html>")
        assert told in page
    none = run("beacons", demo_folder, "--lowest", 1, "-o", tmp_path / "none.html")
    assert none.exit_code == 0
    assert "no pair to draw; nothing was written" in none.stderr
    assert not (tmp_path / "none.html").exists()


@pytest.mark.parametrize("more", [[], ["-t", "flows"]])
def test_rows_that_name_no_connection_are_counted(more: list[str], tmp_path: Path) -> None:
    ends = [("192.0.2.7", "203.0.113.9")] * 3 + [("", "203.0.113.9"), ("192.0.2.7", "")]
    lines = [
        json.dumps({"TimeGenerated": f"2026-03-01T10:00:0{n}Z", "src_ip": source,
                    "dst_ip": target})
        for n, (source, target) in enumerate(ends)
    ]  # fmt: skip
    (tmp_path / "flows.ndjson").write_text("\n".join(lines))
    done = run("beacons", tmp_path, *more)
    assert done.exit_code == 0
    assert "2 of 5 rows have no time, source or target: left out" in done.stderr


def test_tables_that_hold_no_connections_are_no_loss(tmp_path: Path) -> None:
    """Windows' log: a connection and an open port (5156, 5158) are rows of another table too."""

    def event(number: int, record: int, **more: str) -> str:
        return json.dumps(
            {"Channel": "Security", "EventID": number, "Hostname": "ws05.example",
             "SourceName": "Microsoft-Windows-Security-Auditing", "RecordNumber": record,
             "@timestamp": f"2026-03-01T10:00:{record:02}Z", **more}
        )  # fmt: skip

    call = {"Direction": "%%14593", "SourceAddress": "192.0.2.7", "SourcePort": "50000",
            "DestAddress": "203.0.113.9", "DestPort": "443", "Protocol": "6"}  # fmt: skip
    port = {"SourceAddress": "0.0.0.0", "SourcePort": "50000", "Protocol": "6"}
    logon = {"TargetUserName": "al", "IpAddress": "192.0.2.9", "LogonType": "3"}
    lines = [event(5156, 1, **call), event(5156, 2, **call), event(5158, 3, **port),
             event(4624, 4, **logon)]  # fmt: skip
    (tmp_path / "security.json").write_text("\n".join(lines))
    done = run("beacons", tmp_path)
    assert done.exit_code == 0, done.stderr
    assert "warning" not in done.stderr
    assert "2 connections of DeviceNetworkEvents" in done.stderr
    assert "DeviceNetworkEvents: 1 of 3 rows tell of ports that were opened" in done.stderr
    assert (
        "SecurityEvent is not used: none of its 4 rows names a time, a source and a target;"
        " 3 of them are in DeviceNetworkEvents too"
    ) in done.stderr


def test_each_table_whose_rows_are_left_out_is_named(tmp_path: Path) -> None:
    def write(name: str, ends: list[tuple[str, str]], start: int) -> None:
        lines = [
            json.dumps({"TimeGenerated": f"2026-03-01T{start + n:02}:00:00Z", "src_ip": source,
                        "dst_ip": target})
            for n, (source, target) in enumerate(ends)
        ]  # fmt: skip
        (tmp_path / f"{name}.ndjson").write_text("\n".join(lines))

    pair = ("192.0.2.7", "203.0.113.9")
    write("whole", [pair] * 4, 0)
    write("broken", [pair] * 3 + [("", "")] * 2, 0)
    done = run("beacons", tmp_path)
    assert done.exit_code == 0
    assert "warning: broken: 2 of 5 rows have no time, source or target" in done.stderr
    assert "whole:" not in done.stderr
    assert "3 rows of broken tell of the same connections as another table" in done.stderr


def test_people_see_few_digits_and_data_keep_all(tmp_path: Path) -> None:
    rows = pl.DataFrame({"score": [-0.0867578, 4.9999999, None], "Amount": [10102.512345, 0.0, 7]})
    shown = score_first(rows)
    assert shown.rows() == [(-0.0868, 10102.51), (5.0, 0.0), (None, 7.0)]
    lines = [
        json.dumps({"ts": 1_700_000_000 + 60 * n, "sent": 1.23456789 + (n == 30) * 1e5})
        for n in range(60)
    ]
    (tmp_path / "flows.ndjson").write_text("\n".join(lines))
    [peak] = answer("series", tmp_path, "--value", "sent", "--every", "1m")
    assert peak["Amount"] == 100001.23456789


def test_starts_without_a_program_and_values_without_a_number_are_counted(tmp_path: Path) -> None:
    lines = [
        json.dumps({"ts": 1_700_000_000 + 60 * n, "Image": name, "CommandLine": "x", "sent": sent,
                    "ParentImage": "C:\\a\\p.exe"})
        for n, (name, sent) in enumerate([("C:\\a\\b.exe", 5)] * 19 + [("", None)])
    ]  # fmt: skip
    (tmp_path / "starts.ndjson").write_text("\n".join(lines))
    done = run("rare", tmp_path)
    assert done.exit_code == 0
    assert "1 of 20 rows left out: they name no program" in done.stderr
    done = run("series", tmp_path, "-t", "starts", "--value", "sent", "--every", "1m")
    assert "1 of 20 rows have no number in 'sent': they add nothing" in done.stderr


def test_evidence_without_connections_says_so(tmp_path: Path) -> None:
    (tmp_path / "a.ndjson").write_text('{"ts": 1700000000, "host": "a"}\n')
    done = run("beacons", tmp_path)
    assert done.exit_code == 0
    assert done.stdout == ""
    assert "no table of connections" in done.stderr


def test_the_python_that_does_the_same_is_shown(demo_folder: Path) -> None:
    done = run("beacons", demo_folder, "-t", "Zeek_conn", "--min-beats", 9, "--show-python")
    assert "huntkit.analyze.beacons(evidence.table('Zeek_conn'), min_beats=9)" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "told", "hint"),
    [
        (["beacons", "-t", "Syslog"], "hold the address that it went to\n", "--target COLUMN; the"),
        (["timeline", "--group-by", "nope"], "no column 'nope'\n", "columns: TimeGenerated"),
    ],
)
def test_what_is_missing_is_told_in_words_of_the_command_line(
    arguments: list[str], told: str, hint: str, demo_folder: Path
) -> None:
    done = run(arguments[0], demo_folder, *arguments[1:])
    assert done.exit_code == 2
    assert told in done.stderr
    assert hint in done.stderr
    assert "the role" not in done.stderr


def test_a_query_that_nobody_has_is_refused_in_words_of_the_command_line() -> None:
    done = run("queries", "show", "zzzz")
    assert done.exit_code == 2
    assert "hint: huntkit queries lists those there are" in done.stderr
