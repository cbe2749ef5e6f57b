"""`huntkit context`."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from huntkit.cli.app import app
from servers import Answer, Asked

pytestmark = pytest.mark.filterwarnings("ignore:not everything")

KEY = "canary-key-0123456789abcdef"


def service(asked: Asked) -> Answer:
    """Two computers and a user, whatever columns are asked for."""
    if asked.headers.get("x-sn-apikey") != KEY:
        return Answer(401, json={"error": {"message": "User Not Authenticated"}})
    row = {"sys_id": f"{1:032x}", "name": "web01", "ip_address": "10.1.0.4", "user_name": "jdoe",
           "assigned_to": {"value": f"{9:032x}", "display_value": "Jane Doe"}}  # fmt: skip
    query = asked.params["sysparm_query"]
    rows = [row] if any(each in query for each in ("10.1.0.4", "web01", "jdoe")) else []
    return Answer(json={"result": rows}, headers={"X-Total-Count": str(len(rows))})


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, http_server: Any) -> Any:
    """Settings that enable a provider at a stand-in, in an empty folder; the stand-in."""
    server = http_server(service)
    settings = tmp_path / "huntkit.yaml"
    settings.write_text(
        "huntkit:\n  frame: polars\nContextProviders:\n  ServiceNow:\n    Args:\n"
        f"      BaseUrl: {server.url}\n      ApiKey: env:SNOW_KEY\n"
    )
    monkeypatch.setenv("SNOW_KEY", KEY)
    monkeypatch.setenv("HUNTKITCONFIG", str(settings))
    monkeypatch.setenv("HUNTKIT_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    return server


def ask(*arguments: object, given: str | None = None) -> Any:
    done = CliRunner().invoke(app, ["context", *map(str, arguments)], input=given)
    assert "canary" not in done.stdout + done.stderr
    return done


def rows(done: Any) -> list[dict[str, Any]]:
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_values_and_stdin_are_looked_up_and_each_has_a_row(place) -> None:
    done = ask("10.1.0.4", "-", given="# hosts\nWEB01\n\n10.1.0.5\nx^y\n")
    assert done.exit_code == 0, done.stderr
    assert [(r["SafeObservable"], r["ObservableType"], r["Status"]) for r in rows(done)] == [
        ("10.1.0.4", "ipv4", "ok"),
        ("web01", "hostname", "ok"),
        ("10.1.0.5", "ipv4", "not found"),
        ("", "unknown", "bad input"),
    ]
    assert "2 ok" in done.stderr


def test_types_are_what_the_caller_says(place) -> None:
    [row] = rows(ask("jdoe", "--type", "account"))
    assert (row["ObservableType"], row["Status"]) == ("user", "ok")
    assert ask("jdoe", "--type", "usr").exit_code == 2
    assert "sys_user" in place.asked[-1].path


def test_a_table_is_for_eyes(place) -> None:
    assert ask("10.1.0.4", "10.9.9.9", "-o", "known.md").exit_code == 0
    text = Path("known.md").read_text()
    assert "Jane Doe" in text
    assert "ip" in text
    assert "x-sn" not in text


def test_a_dry_run_and_offline_ask_nobody(place, run) -> None:
    done = ask("10.1.0.4", "web01", "x^y", "--dry-run", "--budget", "1", "--show-python")
    assert done.exit_code == 0, done.stderr
    assert [(r["Plan"], r["Values"]) for r in rows(done)] == [
        ("ask", ["10.1.0.4"]), ("bad input", ["x^y"]), ("over budget", ["web01"]),
    ]  # fmt: skip
    assert "lookup.lookup_observables(['10.1.0.4', 'web01', 'x^y'], budget=1, dry_run=True)" in (
        done.stderr
    )
    offline = run("context", "10.1.0.4", "--offline")  # a process of its own: it is for good
    assert offline.returncode == 3, offline.stderr
    assert "offline" in json.loads(offline.stdout)["Details"]
    assert not place.asked


def test_nobody_is_asked_who_was_not_named(place, tmp_path) -> None:
    (tmp_path / "huntkit.yaml").write_text("huntkit:\n  frame: polars\n")
    done = ask("10.1.0.4")
    assert done.exit_code == 2
    assert "no provider of context is enabled" in done.stderr
    assert "AzureResources,ServiceNow" in done.stderr
    done = ask("10.1.0.4", "--providers", "ServiceNow")
    assert done.exit_code == 3
    assert "ServiceNow needs Instance" in rows(done)[0]["Details"]


def test_a_wrong_key_ends_with_three(place, monkeypatch) -> None:
    monkeypatch.setenv("SNOW_KEY", "wrong-canary-key-123456")
    done = ask("10.1.0.4")
    assert done.exit_code == 3
    assert "401" in rows(done)[0]["Details"]


def test_faults_in_the_settings_have_their_line(place, tmp_path) -> None:
    (tmp_path / "huntkit.yaml").write_text(
        "huntkit:\n  frame: polars\nContextProviders:\n  ServiceNow:\n    Args:\n"
        "      Instance: [a, b]\n      PerHour: many\n"
    )
    done = ask("10.1.0.4", "--providers", "ServiceNow")
    assert done.exit_code == 1
    told = " ".join(done.stderr.split())
    assert "line 6" in told
    assert "line 7" in told
    assert "PerHour must be a whole number" in told
    assert not place.asked


def test_its_providers_are_listed(place) -> None:
    done = CliRunner().invoke(app, ["providers", "--context"])
    assert [(row["Provider"], row["State"]) for row in rows(done)] == [
        ("AzureResources", "available"), ("ServiceNow", "loaded"),
    ]  # fmt: skip
    more = CliRunner().invoke(app, ["providers", "--context", "--types"])
    assert {"ServiceNow", "serial_number"} <= {text for row in rows(more) for text in row.values()
                                               if isinstance(text, str)}  # fmt: skip


def test_a_page_is_written(place) -> None:
    done = ask("10.1.0.4", "10.9.9.9", "-o", "known.html")
    assert done.exit_code == 0, done.stderr
    text = Path("known.html").read_text()
    assert "2 values, 1 provider; 1 known" in text
    assert "Jane Doe" in text
    assert ask("10.1.0.4", "-o", "known.html").exit_code != 0  # nothing is overwritten
