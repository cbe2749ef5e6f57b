import html
import re

import polars as pl
import pytest

from huntkit.charts import process_tree, timeline
from huntkit.charts.chart import Chart
from huntkit.charts.page import Page
from huntkit.core.errors import UsageError

NONCE = "dGhpcyBpcyBhIG5vbmNl"


def events() -> Chart:
    return timeline(pl.DataFrame({"TimeGenerated": ["2026-03-01T10:00:00Z"]}))


def processes() -> Chart:
    return process_tree(pl.DataFrame({"proc_key": ["a"], "parent_key": ["b"]}))


def test_many_charts_share_one_copy_of_the_library() -> None:
    page = Page(nonce=NONCE)
    body = [page.add(events()), page.add(processes()), page.add(events())]
    tail = page.tail()
    assert tail.count('id="hk-library-echarts"') == 1
    assert re.findall(r'<figure class="hk-chart" id="([^"]+)"', "".join(body)) == [
        "hk-1",
        "hk-2",
        "hk-3",
    ]
    assert tail.count(f'<script nonce="{NONCE}">') == 4  # page, two kinds, the start


def test_a_page_without_a_chart_that_needs_the_library_does_not_carry_it() -> None:
    page = Page(nonce=NONCE)
    page.add(processes())
    assert 'id="hk-library' not in page.tail()


def test_a_page_without_charts_has_no_scripts() -> None:
    assert Page(nonce=NONCE).tail() == ""


def test_the_policy_lets_only_the_nonce_run() -> None:
    assert Page(nonce=NONCE).csp() == (
        f"default-src 'none'; script-src 'nonce-{NONCE}'; style-src 'nonce-{NONCE}'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )
    assert html.escape(Page(nonce=NONCE).csp()) in Page(nonce=NONCE).head()


@pytest.mark.parametrize(
    "nonce", ["", "short", "'; script-src *; x='aaaaaaaaaaaa", "a" * 20 + "\n"]
)
def test_a_nonce_that_could_change_the_policy_is_refused(nonce: str) -> None:
    with pytest.raises(UsageError):
        Page(nonce=nonce)


def test_same_charts_give_the_same_page_and_other_charts_another_nonce() -> None:
    assert events().to_html() == events().to_html()
    one, other = Page(), Page()
    one.add(events())
    other.add(processes())
    assert one.nonce != other.nonce


def test_a_nonce_read_too_early_is_an_error_not_a_broken_page() -> None:
    page = Page()
    page.head()
    with pytest.raises(UsageError, match="before the last add"):
        page.add(events())
