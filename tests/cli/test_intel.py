"""`huntkit ti` and `huntkit providers`."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from huntkit.cli.app import app


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, settings that enable nobody, a cache of its own."""
    settings = tmp_path / "huntkit.yaml"
    settings.write_text("huntkit:\n  frame: polars\n")
    monkeypatch.setenv("HUNTKITCONFIG", str(settings))
    monkeypatch.setenv("HUNTKIT_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bad.csv").write_text("indicator,severity\n9.9.9.9,high\nevil.example.com,low\n")
    return tmp_path


def ask(*arguments: object, given: str | None = None):
    return CliRunner().invoke(app, ["ti", *map(str, arguments)], input=given)


def rows(done) -> list[dict]:
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_values_and_stdin_are_looked_up_and_each_has_a_row() -> None:
    done = ask(
        "9[.]9[.]9[.]9", "-", "--feeds", "bad.csv", given="evil.example.com\n\n8.8.8.8\nx!\n"
    )
    assert done.exit_code == 0, done.stderr
    assert [(r["SafeIoc"], r["Status"], r["Severity"]) for r in rows(done)] == [
        ("9.9.9.9", "ok", "high"),
        ("evil.example.com", "ok", "information"),
        ("8.8.8.8", "not found", "unknown"),
        ("", "bad input", "unknown"),
    ]


@pytest.mark.filterwarnings("always:not everything")
def test_a_failure_ends_with_three_and_its_row_says_why() -> None:
    done = ask("9.9.9.9", "--feeds", "no-such.csv", "-p", "LocalFeeds")
    assert done.exit_code == 3
    told = "not everything was answered: LocalFeeds: 1 failed (there is no feed 'no-such.csv')"
    assert told in done.stderr
    assert "no feed" in rows(done)[0]["Details"]


@pytest.mark.filterwarnings("ignore:not everything")
def test_a_feed_without_indicators_ends_with_three(place: Path) -> None:
    (place / "empty.csv").write_bytes(b"")
    done = ask("9.9.9.9", "--feeds", "empty.csv")
    assert (done.exit_code, rows(done)[0]["Status"]) == (3, "failed")


def test_files_of_indicators_stand_with_commas_between(place: Path) -> None:
    (place / "more.txt").write_text("8.8.8.8\n")
    (place / "a,b.txt").write_text("1.1.1.1\n")
    done = ask("9.9.9.9", "8.8.8.8", "1.1.1.1", "--feeds", "bad.csv,more.txt",
               "--feeds", "a,b.txt")  # fmt: skip
    assert done.exit_code == 0, done.stderr
    assert [row["Status"] for row in rows(done)] == ["ok"] * 3


def test_nobody_is_asked_who_was_not_named() -> None:
    done = ask("9.9.9.9")
    assert done.exit_code == 2
    assert "no provider is enabled" in done.stderr


def test_a_dry_run_says_what_would_be_asked_of_whom() -> None:
    done = ask("9.9.9.9", "8.8.8.8", "10.0.0.1", "x!", "--providers", "InternetDB,VirusTotal",
               "--dry-run", "--budget", "1")  # fmt: skip
    assert done.exit_code == 0, done.stderr
    assert "nobody was asked; 1 request would go to 1 provider" in done.stderr
    assert [(r["Plan"], r["Values"]) for r in rows(done) if r["Provider"] == "InternetDB"] == [
        ("ask", ["9.9.9.9"]),
        ("refused", ["10.0.0.1"]),
        ("bad input", ["x!"]),
        ("over budget", ["8.8.8.8"]),
    ]
    [lame] = [r for r in rows(done) if r["Plan"] == "cannot be asked"]
    assert (lame["Why"], lame["PerDay"]) == ("VirusTotal needs AuthKey", 500)


def test_a_dry_run_is_readable_and_its_values_cannot_be_clicked(place: Path) -> None:
    done = ask("9.9.9.9", "--providers", "UrlScan", "--dry-run", "-o", "plan.md")
    assert done.exit_code == 0, done.stderr
    text = (place / "plan.md").read_text()
    assert "9.9.9.9" not in text
    assert "60 a minute, 500 a day, 500 left today" in text


def test_values_come_from_files_without_their_remarks(place: Path) -> None:
    (place / "values.txt").write_text("# seen on monday\n9[.]9[.]9[.]9\n\nevil.example.com\n")
    done = ask("@values.txt", "--feeds", "bad.csv")
    assert [row["SafeIoc"] for row in rows(done)] == ["9.9.9.9", "evil.example.com"]
    assert "2 ok" in done.stderr


def test_a_range_of_time_is_asked_about(place: Path) -> None:
    (place / "seen.csv").write_text("ioc,first_seen,last_seen\n9.9.9.9,2024-05-01,2024-05-31\n")
    inside = ask("9.9.9.9", "--feeds", "seen.csv", "--since", "2024-05-05", "--until", "2024-05-06")
    assert [row["Status"] for row in rows(inside)] == ["ok"]
    after = ask("9.9.9.9", "--feeds", "seen.csv", "--since", "2024-06-05", "--show-python")
    assert [row["Status"] for row in rows(after)] == ["not found"]
    assert "start='2024-06-05'" in after.stderr
    assert ask("9.9.9.9", "--feeds", "seen.csv", "--since", "someday").exit_code == 2
    backwards = ask("9.9.9.9", "-p", "Tor", "--since", "2024-06-05", "--until", "2024-06-01")
    assert backwards.exit_code == 2


def test_the_python_shown_says_everything_that_was_said() -> None:
    done = ask("evil.example.com", "--feeds", "bad.csv", "--type", "domain", "--tlp", "green",
               "--show-python", "--refresh")  # fmt: skip
    assert "lookup_iocs({'evil.example.com': 'dns'}, tlp='green', refresh=True)" in done.stderr
    assert "files=('bad.csv',)" in done.stderr


def test_a_tlp_level_keeps_values_here() -> None:
    done = ask("9.9.9.9", "--providers", "InternetDB", "--tlp", "amber")
    assert done.exit_code == 0
    assert [row["Status"] for row in rows(done)] == ["refused"]


def test_offline_asks_nobody_and_says_so(run, place: Path) -> None:
    done = run("ti", "9.9.9.9", "-p", "InternetDB", "--offline",
               HUNTKITCONFIG=str(place / "huntkit.yaml"))  # fmt: skip
    assert done.returncode == 3, done.stderr
    [row] = [json.loads(line) for line in done.stdout.splitlines()]
    assert row["Status"] == "failed"
    assert "offline" in row["Details"]


def test_pages_and_files_are_written(place: Path) -> None:
    done = ask("9.9.9.9", "--feeds", "bad.csv", "-o", "known.html", "--show-python")
    assert done.exit_code == 0, done.stderr
    assert "9[.]9[.]9[.]9" in (place / "known.html").read_text()
    assert "lookup_iocs(['9.9.9.9'])" in done.stderr
    assert ask("9.9.9.9", "--feeds", "bad.csv", "-o", "known.csv").exit_code == 0
    assert "9.9.9.9" in (place / "known.csv").read_text()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["9.9.9.9", "--type", "ipv5"], "indicator type"),
        (["-", "-"], "only once"),
        (["9.9.9.9", "--providers", "Virustotl"], "VirusTotal"),
        (["9.9.9.9", "-p", "Tor", "--tlp", "blue"], "TLP"),
        (["9.9.9.9", "-p", "OTX", "--subtype", "passivdns"], "did you mean 'passivedns'?"),
        (["9.9.9.9", "-p", "Tor", "--subtype", "whois"], "Tor has none"),
        (["9.9.9.9", "-p", "Tor", "--type", "domain"], "Tor takes ipv4, ipv6"),
        (["-", "-p", "Tor"], "no value"),
        (["9.9.9.9", "-p", "all"], "huntkit providers lists all"),
        (["@nothere.txt", "-p", "Tor"], "nothere.txt"),
        (["bad.csv", "-p", "Tor"], "@bad.csv reads its lines"),
    ],
)
def test_wrong_use_is_said(arguments: list[str], words: str) -> None:
    done = ask(*arguments, given="")
    assert done.exit_code == 2
    assert words in done.stderr


def test_providers_are_listed_with_what_they_take() -> None:
    done = CliRunner().invoke(app, ["providers"])
    assert done.exit_code == 0, done.stderr
    told = {row["Provider"]: row for row in rows(done)}
    assert {"OTX", "LocalFeeds", "URLhaus", "AzSTI"} <= set(told)
    assert told["Tor"]["Keyless"]
    more = CliRunner().invoke(app, ["providers", "--types"])
    assert {"Provider", "IocType", "QuerySubtype"} <= set(rows(more)[0])
