"""`huntkit whois`, `huntkit dns` and `huntkit screenshot`, against servers on loopback."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from huntkit.cli import lookups
from huntkit.cli.app import app
from huntkit.cli.progress import Interrupt
from huntkit.enrich.whois_lookup import Registries
from name_server import NameServer
from servers import Answer, Asked

RECORDS = Path(__file__).parents[1] / "data" / "enrich" / "rdap"
NETWORK, DOMAIN, AUTNUM = (
    json.loads((RECORDS / f"{name}.json").read_text()) for name in ("network", "domain", "autnum")
)


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder and a cache of its own."""
    monkeypatch.setenv("HUNTKIT_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def registry(http_server: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> Any:
    """IANA's lists and one registry; addresses under 9.1 break it."""

    def handler(asked: Asked) -> Answer:
        lists = {"/ipv4.json": "9.0.0.0/8", "/dns.json": "com", "/asn.json": "1-64000"}
        if asked.path in lists:
            where = f"http://{asked.headers['host']}/reg/"
            return Answer(json={"services": [[[lists[asked.path]], [where]]]})
        if "/ip/9.1." in asked.path:
            return Answer(body="<html>")
        kind = asked.path.split("/")[2]
        return Answer(json={"ip": NETWORK, "domain": DOMAIN, "autnum": AUTNUM}[kind])

    server = http_server(handler)
    monkeypatch.setattr(lookups, "Registries", lambda: Registries(iana=server.url, whois=None))
    return server


@pytest.fixture
def server(loopback: None) -> Iterator[NameServer]:
    made = NameServer()
    yield made
    made.close()


class Stopped(Interrupt):
    """Somebody presses Ctrl-C when the first kind of value is done."""

    def __init__(self) -> None:
        super().__init__()
        self.looks = 0

    @property
    def asked(self) -> bool:
        self.looks += 1
        return self.looks > 2

    @asked.setter
    def asked(self, value: bool) -> None:
        pass


def ask(*arguments: object, given: str | None = None) -> Any:
    return CliRunner().invoke(app, [*map(str, arguments)], input=given)


def rows(done: Any) -> list[dict[str, Any]]:
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_each_value_has_a_row_in_its_place(registry: Any) -> None:
    done = ask(
        "whois", "hxxps://www[.]example[.]com/a", "-", "9[.]9[.]9[.]9",
        given="AS13335\n\n10.0.0.1\r\n  http://9.9.9.9:8080/x \nhost.local\n",
    )  # fmt: skip
    assert done.exit_code == 0, done.stderr
    assert [(r["query"], r["kind"], r["status"]) for r in rows(done)] == [
        ("hxxps://www[.]example[.]com/a", "name", "ok"),
        ("AS13335", "asn", "ok"),
        ("10.0.0.1", "address", "not asked"),
        ("http://9.9.9.9:8080/x", "address", "ok"),
        ("host.local", "name", "not asked"),
        ("9[.]9[.]9[.]9", "address", "ok"),
    ]
    assert [r["name"] for r in rows(done)] == [
        None, "CLOUD-EXAMPLE", None, "QUAD-EXAMPLE", None, "QUAD-EXAMPLE",
    ]  # fmt: skip
    assert "raw" not in rows(done)[0]
    assert sum(asked.path.startswith("/reg/") for asked in registry.asked) == 3


def test_what_the_registry_said_can_be_had(registry: Any, place: Path) -> None:
    (place / "list.txt").write_text("# ours\n9.9.9.9\n", encoding="utf-8-sig")
    [row] = rows(ask("whois", "@list.txt", "--records"))
    assert json.loads(row["raw"])["name"] == "QUAD-EXAMPLE"
    (place / "wide.txt").write_text("9.9.9.9\n", encoding="utf-16")
    assert rows(ask("whois", "@wide.txt"))[0]["name"] == "QUAD-EXAMPLE"
    done = ask("whois", "@nowhere.txt")  # wrong use, as with every other command
    assert (done.exit_code, "can't read 'nowhere.txt'" in done.stderr) == (2, True)


@pytest.mark.filterwarnings("always:registries did not answer")
def test_a_failure_among_answers_ends_with_three(registry: Any) -> None:
    done = ask("whois", "9.1.0.1", "9.9.9.9", "AS13335")
    assert done.exit_code == 3
    assert [r["status"] for r in rows(done)] == ["failed", "ok", "ok"]
    assert "1 question of 3 failed" in done.stderr
    # nothing about addresses could be had, and something about names
    done = ask("whois", "9.1.0.2", "www.example.com")
    assert done.exit_code == 3
    assert [r["status"] for r in rows(done)] == ["failed", "ok"]


@pytest.mark.filterwarnings("always:registries did not answer")
def test_nothing_but_failures_ends_with_one(registry: Any) -> None:
    done = ask("whois", "9.1.0.1", "10.0.0.1")
    assert done.exit_code == 1
    assert [r["status"] for r in rows(done)] == ["failed", "not asked"]
    assert "JSON" in rows(done)[0]["problem"]


def test_ctrl_c_gives_what_was_answered(registry: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lookups, "Interrupt", Stopped)
    done = ask("whois", "9.9.9.9", "www.example.com")
    assert done.exit_code == 130
    assert [(r["status"], r["problem"]) for r in rows(done)] == [
        ("ok", None), ("failed", "interrupted"),
    ]  # fmt: skip
    assert "interrupted: what was not answered" in done.stderr


def test_names_lead_to_addresses_and_back(server: NameServer) -> None:
    done = ask(
        "dns", "https://www[.]example[.]com/x", "198.51.100.7", "none.example.com",
        "--server", f"127.0.0.1:{server.port}",
    )  # fmt: skip
    assert done.exit_code == 0, done.stderr
    assert [(r["query"], r["rdtype"], r["status"]) for r in rows(done)] == [
        ("https://www[.]example[.]com/x", "A", "ok"),
        ("https://www[.]example[.]com/x", "AAAA", "no data"),
        ("198.51.100.7", "PTR", "ok"),
        ("none.example.com", "A", "not found"),
        ("none.example.com", "AAAA", "not found"),
    ]
    assert rows(done)[0]["rrset"] == ["198.51.100.7", "198.51.100.8"]


def test_what_is_internal_is_asked_about_only_if_that_was_said(server: NameServer) -> None:
    inside = ["10.11.12.13", "fileserver", "lark-dc01.corp", "localhost", "::1",
              "13.12.11.10.in-addr.arpa", "https://fileserver/x"]  # fmt: skip
    place = ["--server", f"127.0.0.1:{server.port}", "--type", "A"]
    done = ask("dns", *inside, "www.example.com", *place)
    assert done.exit_code == 0, done.stderr
    assert [r["query"] for r in rows(done)] == [*inside, "www.example.com"]
    assert [r["status"] for r in rows(done)] == ["not asked"] * len(inside) + ["ok"]
    assert server.asked == [("www.example.com.", "A")]
    assert "7 internal values not asked about; --internal asks" in done.stderr
    assert ask("dns", *inside, *place, "--internal").exit_code == 0
    assert ("fileserver.", "A") in server.asked
    assert ("13.12.11.10.in-addr.arpa.", "PTR") in server.asked


def test_who_answered_is_said_of_every_answer(server: NameServer) -> None:
    done = ask("dns", "www.example.com", "none.example.com", "--server",
               f"127.0.0.1:{server.port}")  # fmt: skip
    assert {r["nameserver"] for r in rows(done)} == {"127.0.0.1"}


@pytest.mark.filterwarnings("always:DNS did not answer")
def test_types_may_be_listed_and_a_failure_ends_with_three(server: NameServer) -> None:
    place = f"127.0.0.1:{server.port}"
    done = ask("dns", "example.com", "refused.example.com", "--type", "MX,txt", "--server", place)
    assert done.exit_code == 3
    assert [(r["rdtype"], r["status"]) for r in rows(done)] == [
        ("MX", "ok"), ("TXT", "no data"), ("MX", "failed"), ("TXT", "failed"),
    ]  # fmt: skip
    assert ask("dns", "refused.example.com", "--server", place).exit_code == 1


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (["dns", "a.example", "--server", "ns.example"], "no address of a name server"),
        (["dns", "a.example", "--server", "192.0.2.1:5", "--server", "192.0.2.1"], "one port"),
        (["dns", "a.example", "--type", "AAA"], "did you mean 'AAAA'"),
        (["dns", "-", "-"], "only once"),
        (["whois", " "], "nothing to look up"),
        (["whois", "10.0.0.1", "-o", "x.doc"], "the ending does not say"),
        (["screenshot", "file:///etc/passwd"], "no http or https URL"),
        (["screenshot", "http://a.example", "--size", "huge"], "no size of a picture"),
        (["screenshot", "http://a.example", "-o", "x.jpg"], "pictures are PNG"),
        (["screenshot", "http://a.example", "http://b.example", "-o", "x.png"], "no folder"),
    ],
)
def test_wrong_use_is_said(arguments: list[str], what: str) -> None:
    done = ask(*arguments)
    assert done.exit_code == 2
    assert what in done.stderr


@pytest.mark.parametrize(
    ("arguments", "who"),
    [
        (["whois", "9.9.9.9"], "IANA"),
        (["dns", "www.example.com"], "DNS"),
        (["screenshot", "http://a.example"], "the browser"),
    ],
)
def test_offline_refuses_and_says_so(
    run: Callable[..., Any], arguments: list[str], who: str
) -> None:
    done = run(*arguments, "--offline")  # in a process of its own, which stays offline
    assert done.returncode == 1
    assert done.stdout == b""
    assert f"{who} was not asked: this session is offline".encode() in done.stderr


def fake_browser(folder: Path) -> Path:
    """Pictures for all pages but those of bad.example."""
    path = folder / "browser"
    path.write_text(
        "#!/bin/sh\nfor each; do case $each in --screenshot=*) file=${each#*=};;"
        " http://bad*) exit 1;; esac; done\nprintf '\\211PNG\\r\\n\\032\\n' > \"$file\"\n"
    )
    path.chmod(0o755)
    return path


def test_pictures_are_named_after_their_hosts(place: Path) -> None:
    (place / "to").mkdir()
    done = ask(
        "screenshot", "-", "--browser", fake_browser(place), "--unprotected", "-o", "to",
        given="hxxp://www[.]example[.]com/a\nhttp://www.example.com/b\nhttp://[2001:db8::1]/\n"
        "http://bad.example/\n",
    )  # fmt: skip
    assert done.exit_code == 3, done.stderr
    names = ["www.example.com.png", "www.example.com-2.png", "2001-db8-1.png"]
    assert sorted(each.name for each in (place / "to").iterdir()) == sorted(names)
    found = rows(done)
    assert [Path(r["File"]).name if r["File"] else None for r in found] == [*names, None]
    assert "no picture" in found[3]["Problem"]
    assert "http://www.example.com" not in done.stderr  # nothing to click
    again = ask("screenshot", "http://www.example.com/", "--browser", place / "browser",
                "--unprotected", "-o", "to")  # fmt: skip
    assert (again.exit_code, "exists" in again.stderr) == (2, True)


def test_no_browser_is_said(place: Path) -> None:
    done = ask("screenshot", "http://a.example", "--browser", "nowhere", "-o", "page.png")
    assert done.exit_code == 1
    assert "there is no browser to take a picture with: nowhere" in done.stderr
    assert "install Chromium" in done.stderr
