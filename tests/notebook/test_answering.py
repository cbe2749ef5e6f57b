import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from huntkit import charts
from huntkit.charts import bundle
from huntkit.core.errors import UsageError
from huntkit.notebook import live
from huntkit.notebook.answering import LiveChart

START = datetime(2026, 3, 1, 10, tzinfo=UTC)
TABLE = pl.DataFrame(
    {"time": [START + timedelta(hours=i) for i in range(4)], "host": ["a", "b", "b", "b"]}
)


@pytest.fixture
def answering() -> LiveChart:
    return live(charts.timeline(TABLE, group_by="host"))


def say(widget: LiveChart, **said: Any) -> None:
    """What the front end sends when the page has said something."""
    widget.set_state({"_state": json.dumps(said)})


def ms(moment: datetime) -> float:
    return moment.timestamp() * 1000


def test_what_is_chosen_in_the_page_is_told_and_can_be_observed(answering: LiveChart) -> None:
    seen: list[Any] = []
    answering.observe(lambda change: seen.append(change["new"]), names="mark")
    say(answering, mark=2, told=[["host", "b"], ["empty", ""]], range=[ms(START), ms(START) + 1])
    assert seen == [2]
    assert answering.value == {"host": "b"}
    assert answering.selection["time"].to_list() == [START + timedelta(hours=2)]
    assert answering.time_range == (START, START + timedelta(milliseconds=1))
    assert answering._wanted == {}, "what the page said itself must not go back to it"


def test_without_a_choice_the_selection_is_what_is_in_view(answering: LiveChart) -> None:
    assert answering.selection.height == 4
    say(answering, mark=-1, told=[], range=[ms(START) + 1, ms(START + timedelta(hours=2))])
    assert answering.mark is None
    assert answering.selection.height == 2


def test_what_a_brush_keeps_is_the_selection() -> None:
    table = pl.DataFrame({"a": [1, 1, 2], "b": ["x", "x", "y"]})
    widget = live(charts.parallel(table))
    say(widget, mark=-1, told=[], kept=[1])
    assert widget.selection.to_dicts() == [{"a": 2.0, "b": "y", "rows": 1}]
    say(widget, mark=-1, told=[], kept=None)
    assert widget.selection.height == 2


def test_python_can_choose_and_move(answering: LiveChart) -> None:
    answering.mark = 3
    assert answering._wanted == {"turn": 1, "mark": 3}
    answering.mark = None
    assert answering._wanted == {"turn": 2, "mark": -1}
    plus_one = timezone(timedelta(hours=1))
    answering.time_range = (START.astimezone(plus_one), datetime(2026, 3, 1, 12))
    assert answering._wanted == {
        "turn": 3,
        "range": [ms(START), ms(START + timedelta(hours=2))],
    }


@pytest.mark.parametrize(
    "wrong", [(START,), (START, START), (START, "later"), "text", (START + timedelta(1), START)]
)
def test_what_is_no_stretch_of_time_is_refused(answering: LiveChart, wrong: Any) -> None:
    with pytest.raises(UsageError):
        answering.time_range = wrong
    assert answering.time_range is None


def test_a_chart_without_times_has_no_range() -> None:
    widget = live(charts.matrix(TABLE, x="host", y="host"))
    say(widget, mark=-1, told=[], range=[0, 1])
    assert widget.time_range is None
    with pytest.raises(UsageError, match="no times"):
        widget.time_range = (START, START + timedelta(1))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=6,
)


@given(JSON | st.fixed_dictionaries({"mark": JSON, "told": JSON, "kept": JSON, "range": JSON}))
def test_no_message_of_the_page_does_harm(said: Any) -> None:
    widget = live(charts.timeline(TABLE))
    widget.set_state({"_state": json.dumps(said)})
    assert widget.selection.height <= 4
    assert all(isinstance(text, str) for text in widget.value.values())


def test_marks_that_are_not_there_have_no_rows(answering: LiveChart) -> None:
    say(answering, mark=10**9, told=[])
    assert answering.selection.height == 0


def test_a_library_is_sent_only_when_it_is_asked_for(
    answering: LiveChart, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[Any] = []
    monkeypatch.setattr(answering, "send", lambda content, buffers=None: sent.append(content))
    assert bundle.library("echarts")[:200] not in answering._page
    for wanted in ({"library": "echarts"}, {"library": "../../etc/passwd"}, {}, "text", None):
        answering._handle_custom_msg(wanted, [])
    assert sent == [{"library": "echarts", "text": bundle.library("echarts")}]


def test_a_notebook_without_the_extra_is_told_how_to_get_it() -> None:
    code = (
        "import sys; sys.modules['anywidget'] = None\n"
        "import polars as pl, huntkit.charts, huntkit.notebook\n"
        "huntkit.notebook.live(huntkit.charts.timeline(pl.DataFrame({'time': []})))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert 'pip install "huntkit[notebook]"' in done.stderr
