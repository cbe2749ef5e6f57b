"""The page of results: what it shows, and that nothing of what it shows runs."""

import re
from datetime import UTC, datetime

import polars as pl
import pytest

from huntkit.core.errors import EvidenceError, UnknownColumn
from huntkit.enrich.ti import TILookup
from huntkit.enrich.ti.inputs import item_of
from huntkit.enrich.ti.provider import Facts
from huntkit.enrich.ti.results import Finding, frame_of
from huntkit.enrich.ti.results_page import MOST_INDICATORS, ResultsPage

ATTACKS = [
    "<script>window.hostile=1</script>",
    "<img src=x onerror='window.hostile=1'>",
    "</script><script>window.hostile=1</script>",
    "</pre></details></table><svg onload=window.hostile=1>",
    "'\"><svg onload=window.hostile=1>",
    "javascript:window.hostile=1",
    'https://x/" onclick="window.hostile=1',
    "<meta http-equiv=refresh content='0;url=http://203.0.113.9/'>",
    "<link rel=stylesheet href=http://203.0.113.9/x.css>",
    "{{ 7*7 }}{% raw %}",
    "\u2028window.hostile=1//\u202e",
]  # fmt: skip


def finding(value, provider, status="ok", severity="high", **facts):
    told = None
    if status in ("ok", "not found"):
        told = Facts(found=status == "ok", severity=severity, reason="because", **facts)
    return Finding(item=item_of(value), provider=provider, subtype="", status=status, facts=told,
                   reason="it broke" if told is None else "", at=1_790_000_000.0)  # fmt: skip


FINDINGS = [
    finding("8.8.8.8", "OTX", "not found"),
    finding("8.8.8.8", "Tor", "failed"),
    finding("http://evil.example.com/", "OTX", raw={"a": [1]}, reference="https://otx.example/1"),
    finding("http://evil.example.com/", "Tor", severity="information",
            reference="http://plain.example/"),
]  # fmt: skip


@pytest.mark.parametrize("kind", ["pandas", "polars", "arrow"])
def test_the_worst_stands_first_and_a_failure_is_no_good_news(kind):
    page = TILookup.browse_results(frame_of(FINDINGS, kind)).to_html()
    assert page.index("hxxp://evil[.]example[.]com/") < page.index("8[.]8[.]8[.]8")
    assert "2 indicators, 2 providers; 1 high, 0 warning" in page
    assert "1 question was not answered" in page
    assert "it broke" in page
    assert re.findall(r'href="([^"]*)"', page) == ["https://otx.example/1"]
    assert page.count("2026-09-") == 4
    shown = TILookup.browse(frame_of(FINDINGS, kind), defanged=False).to_html()
    assert "http://evil.example.com/" in shown


def test_the_same_results_give_the_same_page_and_its_policy_allows_only_its_own_script():
    first, second = (ResultsPage(frame_of(FINDINGS, "polars")).to_html() for _ in range(2))
    assert first == second
    [nonce] = set(re.findall(r"nonce-([^']+)'", first))
    assert first.count(f'nonce="{nonce}"') == 2
    assert first.count("<script") == 1
    assert "default-src &#39;none&#39;" in first or "default-src 'none'" in first
    other = ResultsPage(frame_of(FINDINGS[:2], "polars")).to_html()
    assert nonce not in other


def test_long_replies_and_many_indicators_are_cut_and_it_is_said():
    many = [finding(f"8.{n >> 8 & 255}.{n & 255}.1", "OTX", "not found") for n in range(5100)]
    long = finding("9.9.9.9", "OTX", raw={"text": "x" * 100_000})
    page = ResultsPage(frame_of([*many, long], "polars")).to_html()
    assert f"5,101 indicators; the {MOST_INDICATORS:,} worst are shown" in page
    assert page.index("9[.]9[.]9[.]9") < page.index("8[.]0[.]0[.]1")
    assert "... cut: 100," in page
    assert len(page) < 10_000_000


def test_an_empty_result_is_a_page_and_another_frame_is_none():
    assert "0 indicators" in ResultsPage(frame_of([], "polars")).to_html()
    with pytest.raises(UnknownColumn, match="Ioc"):
        ResultsPage(pl.DataFrame({"a": [1]}))


def test_it_is_saved_and_nothing_is_replaced_unasked(tmp_path):
    page = ResultsPage(frame_of(FINDINGS, "polars"))
    path = page.save(tmp_path / "r.html")
    assert path.read_text() == page.to_html()
    with pytest.raises(EvidenceError, match="already"):
        page.save(path)
    page.save(path, force=True)
    with pytest.raises(EvidenceError, match="can't write"):
        page.save(tmp_path / "no" / "r.html")


def test_a_notebook_shows_it_in_a_frame_that_may_do_nothing_else():
    shown = ResultsPage(frame_of(FINDINGS, "pandas"), title=ATTACKS[4])._repr_mimebundle_()
    assert shown["text/html"].startswith('<iframe sandbox="allow-scripts"')
    assert "<svg" not in shown["text/html"]


def hostile(text):
    return {
        "Ioc": text, "SafeIoc": text, "IocType": text, "QuerySubtype": text, "Provider": text,
        "Severity": text, "Status": text, "Reference": text, "Details": f'{{"a": "{text}"}}',
        "RawResult": text, "CheckedAt": datetime(2026, 11, 22, tzinfo=UTC), "Cached": True,
    }  # fmt: skip


def frames():
    every = pl.DataFrame([hostile(each) for each in ATTACKS])
    answers = every.with_columns(Status=pl.lit("ok"), Severity=pl.lit("high"))
    nested = answers.to_pandas()
    nested["Details"] = [{each: [each, {each: each}]} for each in ATTACKS]
    nested["RawResult"] = [[each, None, {each: 1}] for each in ATTACKS]
    return [every, answers, nested]


def test_no_markup_of_answers_survives():
    for frame in frames():
        page = ResultsPage(frame, title=ATTACKS[0]).to_html()
        assert "<svg" not in page
        assert "<img" not in page
        assert "<link" not in page
        assert "javascript:" not in re.findall(r'href="([^"]*)"', page)
        assert "49{% raw" not in page
        assert page.count("<script") == 1
        assert "\u202e" not in page


@pytest.mark.browser
@pytest.mark.parametrize("number", range(3))
def test_nothing_of_answers_runs_in_a_browser(number, browser, tmp_path):
    path = ResultsPage(frames()[number], title=ATTACKS[2]).save(tmp_path / "r.html")
    page = browser.new_page()
    requests, complaints = [], []
    page.on("request", lambda asked: requests.append(asked.url))
    page.on("console", lambda said: complaints.append(said.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(path.as_uri())
    page.wait_for_selector("html[data-hk-ready]", state="attached")
    page.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true })")
    page.wait_for_timeout(200)
    assert page.evaluate("window.hostile") is None
    assert requests == [path.as_uri()]
    assert complaints == []
    page.close()


@pytest.mark.browser
def test_it_is_filtered_and_sorted_and_read_without_script(browser, tmp_path):
    path = ResultsPage(frame_of(FINDINGS, "polars")).save(tmp_path / "r.html")
    page = browser.new_page()
    page.goto(path.as_uri())
    page.wait_for_selector("html[data-hk-ready]", state="attached")
    names = "[...document.querySelectorAll('tbody:not([hidden]) th')].map(t => t.textContent)"
    assert page.evaluate(names) == ["hxxp://evil[.]example[.]com/", "8[.]8[.]8[.]8"]
    page.click("thead th:first-child button")
    assert page.evaluate(names) == ["8[.]8[.]8[.]8", "hxxp://evil[.]example[.]com/"]
    page.select_option("#least", "3")
    assert page.evaluate(names) == ["hxxp://evil[.]example[.]com/"]
    page.select_option("#least", "-2")
    page.fill("#filter", "8[.]8")
    assert page.evaluate(names) == ["8[.]8[.]8[.]8"]
    page.close()
    context = browser.new_context(java_script_enabled=False)
    bare = context.new_page()
    bare.goto(path.as_uri())
    assert bare.locator("tbody th").all_inner_texts() == [
        "hxxp://evil[.]example[.]com/", "8[.]8[.]8[.]8",
    ]  # fmt: skip
    bare.locator("tbody summary").first.click()
    assert bare.locator("section").first.is_visible()
    context.close()
