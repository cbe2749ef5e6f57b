"""The analyst's own findings in the report."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import polars as pl

from huntkit.analyze import Observations
from huntkit.charts import network
from huntkit.report import report

Make = Callable[..., Any]
RUN = "</script><script>window.hostile=1</script>"
ROWS = pl.DataFrame(
    {"host": [f"ws{n}" for n in range(30)], "what": [{"a": RUN}] * 30, "n": [[RUN]] * 30}
)


def test_findings_stand_first_with_their_rows(evidence: Make) -> None:
    found = Observations()
    found.add_observation(
        caption="Odd logon",
        data=ROWS.to_pandas(),
        description="al was away\nsays his chief",
        score=3,
        tags=["people"],
        timestamp=datetime(2026, 3, 1, tzinfo=UTC),
        ticket="T1",
    )
    made = report(evidence({}), observations=found)
    found.add_observation(caption="later", data="x")
    page = made.to_html()
    first, _, others = page.partition('<section id="standouts"')
    assert "Odd logon" in first
    for text in ("al was away", "says his chief", "Score: 3", "Tags: people", "ticket: T1", "ws19"):
        assert text in page
    assert "Time: 2026-03-01 00:00:00.000" in page
    assert "20 of 30" in page
    assert "ws20" not in page
    assert "later" not in first
    assert "Odd logon" not in others


def test_without_findings_there_is_no_section(evidence: Make) -> None:
    page = report(evidence({})).to_html()
    assert 'id="observations"' not in page
    assert report(evidence({}), observations=Observations()).to_html() == page


def test_whatever_they_hold_is_text(evidence: Make) -> None:
    found = Observations()
    wide = pl.DataFrame({f"{RUN}{n}": [RUN] for n in range(25)})
    chart = network(pl.DataFrame({"a": [RUN], "b": ["x"]}), source_column="a", target_column="b")
    for number, data in enumerate((ROWS, wide, chart, RUN, None, {"a": RUN}, ROWS.clear())):
        found.add_observation(
            caption=f"{RUN}{number}", data=data, description=f"\x1b[2J{RUN}", tags=RUN
        )
    page = report(evidence({}), observations=found).to_html()
    assert RUN not in page
    assert "\x1b" not in page
    assert "12 of 25 columns shown." in page
    assert "hk-chart" in page
    assert "It has no rows." in page
