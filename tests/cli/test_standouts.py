"""`huntkit rare`, `beacons` and `series` on evidence."""

import json
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from huntkit.cli.app import app

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
    assert {row["Table"] for row in rows} >= {"Zeek_conn"}


def test_a_table_and_its_columns_may_be_named(demo_folder: Path) -> None:
    rows = answer("beacons", demo_folder, "-t", "zeek_conn", "--by", "id_resp_p", "--limit", 1)
    assert (rows[0]["Target"], rows[0]["id_resp_p"]) == (ATTACKER, 443)
    rows = answer(
        "beacons", demo_folder, "-t", "Zeek_conn", "--source", "id_resp_h", "--target", "id_orig_h",
        "--limit", 1,
    )  # fmt: skip
    assert rows[0]["Source"] == ATTACKER


def test_programs_that_hardly_ever_start_one_another(demo_folder: Path) -> None:
    rows = answer("rare", demo_folder, "--at-most", 1)
    assert {row["Count"] for row in rows} == {1}
    assert ("outlook.exe", "winword.exe") in {(row["Parent"], row["Child"]) for row in rows}
    assert all(row["reason"] for row in rows)


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


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["rare", "--by", "X"], "--by needs --table"),
        (["rare", "-t", "DeviceLogonEvents", "--by", "AccountNam"], "did you mean 'AccountName'"),
        (["beacons", "--by", "X"], "columns of one table"),
        (["beacons", "--min-beats", 2], "min_beats is 2"),
        (["beacons", "-t", "Zeek_con"], "did you mean"),
        (["series"], "series needs --table"),
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


def test_evidence_without_connections_says_so(tmp_path: Path) -> None:
    (tmp_path / "a.ndjson").write_text('{"ts": 1700000000, "host": "a"}\n')
    done = run("beacons", tmp_path)
    assert done.exit_code == 0
    assert done.stdout == ""
    assert "no table of connections" in done.stderr


def test_the_python_that_does_the_same_is_shown(demo_folder: Path) -> None:
    done = run("beacons", demo_folder, "-t", "Zeek_conn", "--min-beats", 9, "--show-python")
    assert "huntkit.analyze.beacons(evidence.table('Zeek_conn'), min_beats=9)" in done.stderr
