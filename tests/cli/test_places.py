"""`huntkit geo`: addresses, lists, stdin and evidence; a row for each, whatever it is."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from huntkit.cli.app import app


def run(*arguments: object, given: str | None = None) -> Any:
    return CliRunner().invoke(app, ["geo", *map(str, arguments)], input=given)


def answer(*arguments: object, given: str | None = None) -> list[dict[str, Any]]:
    done = run(*arguments, given=given)
    assert done.exit_code == 0, (done.stderr, done.exception)
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_addresses_as_people_write_them() -> None:
    rows = answer("8.8.8.8:53", "10.0.0.1", "1[.]1[.]1[.]1", "8.8.8.8")
    assert [row["Address"] for row in rows] == ["8.8.8.8", "10.0.0.1", "1.1.1.1", "8.8.8.8"]
    assert [row["Asked"] for row in rows] == ["8.8.8.8:53", "10.0.0.1", "1[.]1[.]1[.]1", "8.8.8.8"]
    assert [row["Scope"] for row in rows] == ["public", "private", "public", "public"]
    assert [row["Asn"] for row in rows] == [15169, None, 13335, 15169]


def test_lists_keep_a_row_for_what_is_no_address(tmp_path: Path) -> None:
    (tmp_path / "seen.txt").write_text("8.8.8.8\n\nnot one\n")
    done = run("-", given="8.8.8.8\n\nnot one\n")
    assert done.stdout == run(f"@{tmp_path / 'seen.txt'}").stdout
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(row["Address"], row["Scope"]) for row in rows] == [
        ("8.8.8.8", "public"),
        ("not one", None),
    ]
    assert "1 value is no address, such as 'not one'" in done.stderr


def test_lists_may_be_utf16_and_hold_remarks(tmp_path: Path) -> None:
    (tmp_path / "seen.txt").write_text("# Monday\n8.8.8.8\n", encoding="utf-16")
    assert [row["Asked"] for row in answer(f"@{tmp_path / 'seen.txt'}")] == ["8.8.8.8"]


def test_one_bad_value_costs_no_other_its_row() -> None:
    done = run("203.0.113.45", "junk", "x" * 5000, "\0", "~nobody-here/x")
    assert done.exit_code == 0, done.stderr
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [row["Asked"] for row in rows] == [
        "203.0.113.45", "junk", "x" * 5000, "\0", "~nobody-here/x"
    ]  # fmt: skip
    assert [row["Scope"] for row in rows] == ["documentation", None, None, None, None]
    assert "4 values are no address" in done.stderr


def test_evidence_gives_every_address_once(demo_folder: Path) -> None:
    rows = answer(demo_folder, "--no-cache")
    addresses = [row["Address"] for row in rows]
    assert len(addresses) == len(set(addresses)) > 10
    assert "203.0.113.77" in addresses
    assert all(row["Mentions"] > 0 for row in rows)


@pytest.mark.data
@pytest.mark.filterwarnings("ignore:.* is old")  # it is, and says so
def test_a_database_of_cities(shared_data: Path) -> None:
    file = shared_data / "geo" / "GeoLite2-City-Test.mmdb"
    [row] = answer("81.2.69.142", "--geo", file)
    assert (row["City"], row["CountryCode"]) == ("London", "GB")


def test_networks_that_clouds_publish_are_named(tmp_path: Path, demo_folder: Path) -> None:
    tags = [{"name": "AzureDNS", "properties": {"addressPrefixes": ["203.0.113.0/24"]}}]
    (tmp_path / "tags.json").write_text(json.dumps({"values": tags}))
    (tmp_path / "office").write_text("10.0.0.0/8\n")
    files = ("--networks", tmp_path / "tags.json", "--networks", tmp_path / "office")
    rows = answer("203.0.113.7", "10.1.1.1", "8.8.8.8", *files)
    assert [(row["Network"], row["NetworkName"]) for row in rows] == [
        ("203.0.113.0/24", "Azure AzureDNS"), ("10.0.0.0/8", "office"), (None, None),
    ]  # fmt: skip
    found = answer(demo_folder, "--no-cache", *files)
    assert any(row["NetworkName"] == "Azure AzureDNS" for row in found)
    done = run("8.8.8.8", "--networks", tmp_path / "nowhere")
    assert (done.exit_code, "nowhere" in done.stderr) == (2, True)


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (["nowhere.txt"], "neither an address nor a file"),
        ([], "takes addresses"),
        (["8.8.8.8", "."], "is an address and '.' is evidence"),
        (["8.8.8.8", "*.evtx"], "is an address"),
        (["-"], "there is no value to look up"),
        (["-", "-"], "only once"),
        (["--update"], "licence key"),
        (["--update", "--geo", "x.mmdb", "8.8.8.8"], "your own files"),
    ],
)
def test_wrong_use_says_so(arguments: list[str], what: str) -> None:
    done = run(*arguments)
    assert done.exit_code != 0
    assert what in done.stderr
