"""The demo is invented, repeats itself, and tells the story that its README promises."""

import ipaddress
import json
import random
import re
from pathlib import Path

import pytest

from huntkit.sources.demo import make_demo
from huntkit.sources.demo.intrusion import LAUNCHER, encoded

DOCUMENTATION = [
    ipaddress.ip_network(n) for n in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24")
]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("demo")
    return {p.name: p.read_text(encoding="utf-8") for p in make_demo(folder)}


def events(text: str) -> list[dict]:
    return [json.loads(line) for line in text.splitlines()]


def test_same_seed_gives_same_bytes_and_leaves_global_chance_alone(tmp_path: Path) -> None:
    random.seed(5)
    expected = random.random()
    random.seed(5)
    first = {p.name: p.read_bytes() for p in make_demo(tmp_path / "a", seed=3)}
    assert random.random() == expected
    second = {p.name: p.read_bytes() for p in make_demo(tmp_path / "b", seed=3)}
    other = {p.name: p.read_bytes() for p in make_demo(tmp_path / "c", seed=4)}
    assert first == second
    assert first != other


def test_readme_beside_the_evidence_says_synthetic(tmp_path: Path) -> None:
    paths = make_demo(tmp_path)
    assert "SYNTHETIC" in (tmp_path / "README.md").read_text()
    assert {p.is_relative_to(tmp_path / "evidence") for p in paths} == {True}
    assert paths == sorted(paths)


def test_every_address_is_private_or_documentation(files: dict[str, str]) -> None:
    found = set(
        re.findall(r"(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?![\d.])", "\n".join(files.values()))
    )
    addresses = {ipaddress.ip_address(a) for a in found if a != "10.0.19041.1"}
    assert ipaddress.ip_address("203.0.113.45") in addresses
    strays = {a for a in addresses if not any(a in n for n in DOCUMENTATION) and not a.is_private}
    assert strays == set()


def test_every_looked_up_name_is_an_example(files: dict[str, str]) -> None:
    names = set(re.findall(r'"QueryName": "([^"]+)"', "\n".join(files.values())))
    assert "cdn.updates-portal.example.net" in names
    assert {n for n in names if not re.search(r"\bexample(\.(com|net|org))?$", n)} == set()


def test_about_three_thousand_events(files: dict[str, str]) -> None:
    windows = sum(len(events(files[n])) for n in files if n.endswith(".ndjson"))
    zeek = sum(
        sum(not line.startswith("#") for line in files[n].splitlines())
        for n in ("conn.log", "dns.log")
    )
    audit = len(set(re.findall(r"audit\([\d.]+:(\d+)\)", files["audit.log"])))
    total = windows + zeek + audit + len(files["syslog"].splitlines())
    assert 2_500 < total < 4_500


def test_the_encoded_launcher_is_a_child_of_the_document(files: dict[str, str]) -> None:
    starts = [
        e["winlog"]["event_data"]
        for e in events(files["lark-ws01.winlogbeat.ndjson"])
        if e["winlog"]["event_id"] == "1"
    ]
    hit = [s for s in starts if encoded(LAUNCHER) in s["CommandLine"]]
    assert [s["ParentImage"].rsplit("\\", 1)[1] for s in hit] == ["WINWORD.EXE"]


def test_all_promised_windows_events_are_there_in_order(files: dict[str, str]) -> None:
    seen: set[int] = set()
    for name in files:
        if not name.endswith(".ndjson"):
            continue
        rows = events(files[name])
        times = [r["@timestamp"] for r in rows]
        assert times == sorted(times)
        seen |= {int(r.get("EventID") or r["winlog"]["event_id"]) for r in rows}
    assert seen >= {1, 3, 10, 11, 13, 22, 4104, 4624, 4625, 4688, 4689, 4697, 4698, 4720, 4728}
    assert seen >= {1102, 7045}


def test_each_process_start_is_logged_twice_under_one_pid(files: dict[str, str]) -> None:
    rows = [e["winlog"] for e in events(files["lark-dc01.winlogbeat.ndjson"])]
    security = {int(r["event_data"]["NewProcessId"], 16) for r in rows if r["event_id"] == "4688"}
    sysmon = {int(r["event_data"]["ProcessId"]) for r in rows if r["event_id"] == "1"}
    assert security == sysmon
    assert len(security) > 20


def test_zeek_rows_have_as_many_values_as_fields(files: dict[str, str]) -> None:
    for name in ("conn.log", "dns.log"):
        lines = files[name].splitlines()
        fields = next(line for line in lines if line.startswith("#fields")).split("\t")[1:]
        widths = {len(line.split("\t")) for line in lines if not line.startswith("#")}
        assert widths == {len(fields)}


def test_auditd_hex_fields_read_back(files: dict[str, str]) -> None:
    titles = re.findall(r"type=PROCTITLE .*proctitle=([0-9A-F]+)", files["audit.log"])
    texts = {bytes.fromhex(t).replace(b"\0", b" ").decode() for t in titles}
    assert "chmod +x /tmp/.x" in texts
    assert any("crontab -" in t for t in texts)


def test_cloudtrail_tells_who_used_the_stolen_key(files: dict[str, str]) -> None:
    records = json.loads(files["cloudtrail.json"])["Records"]
    stolen = [r for r in records if r["sourceIPAddress"] == "198.51.100.23"]
    assert sum(r["eventName"] == "GetObject" for r in stolen) == 24
    assert {r["userIdentity"]["userName"] for r in stolen} == {"svc-backup"}
