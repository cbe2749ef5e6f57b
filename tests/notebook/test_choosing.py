"""What is chosen in a page of look-up results, without a page."""

import json
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from huntkit import charts
from huntkit.core.errors import UsageError
from huntkit.enrich.ti import TILookup
from huntkit.notebook import live
from huntkit.notebook.choosing import LiveResults
from huntkit.tables import as_kind, kind_of

FOUND = pl.DataFrame(
    {
        "Ioc": ["9[.]9[.]9[.]9", "evil.example.com", "9[.]9[.]9[.]9", "8.8.8.8"],
        "SafeIoc": ["9.9.9.9", "evil.example.com", "9.9.9.9", "8.8.8.8"],
        "IocType": ["ipv4", "dns", "ipv4", "ipv4"],
        "Provider": ["OTX", "OTX", "Tor", "OTX"],
        "Severity": ["unknown", "high", "warning", "information"],
        "Status": ["not found", "ok", "ok", "ok"],
    }
)


def shown(found: Any = FOUND) -> LiveResults:
    return live(TILookup.browse_results(found))


def say(widget: LiveResults, **said: Any) -> None:
    """What the front end sends when the page has said something."""
    widget.set_state({"_state": json.dumps(said)})


def test_ticks_in_the_page_are_rows_in_python() -> None:
    widget, seen = shown(), []
    widget.observe(lambda change: seen.append(change["new"]), names="selected")
    assert widget.value.height == 0
    assert widget.value.columns == FOUND.columns
    say(widget, rows=[0])
    assert widget.value["Provider"].to_list() == ["OTX", "Tor"]
    say(widget, rows=[2, 1])
    assert widget.value["SafeIoc"].to_list() == ["evil.example.com", "8.8.8.8"]
    assert seen == [["9.9.9.9"], ["8.8.8.8", "evil.example.com"]]
    assert widget._wanted == {}, "what the page said itself must not go back to it"


def test_python_chooses_by_any_spelling_of_an_indicator() -> None:
    widget = shown()
    widget.selected = ["8[.]8[.]8[.]8", "9[.]9[.]9[.]9"]
    assert widget.selected == ["8.8.8.8", "9.9.9.9"]
    assert widget._wanted == {"turn": 1, "rows": [2, 0]}
    assert widget.value["Provider"].to_list() == ["OTX", "Tor", "OTX"]
    widget.selected = []
    assert (widget.value.height, widget._wanted["rows"]) == (0, [])
    with pytest.raises(UsageError, match=r"nothing about '9\.9\.9\.8'"):
        widget.selected = ["9.9.9.8"]
    assert widget.selected == []
    widget.selected = "evil.example.com"
    assert widget.selected == ["evil.example.com"]


@pytest.mark.parametrize("kind", ["pandas", "polars", "arrow"])
def test_the_value_is_of_the_kind_that_was_shown(kind: str) -> None:
    widget = shown(as_kind(FOUND, kind))
    widget.selected = ["9.9.9.9"]
    assert kind_of(widget.value) == kind
    assert len(widget.value) == 2


def test_objects_and_the_index_of_pandas_stay() -> None:
    found = FOUND.to_pandas().set_index([[3, 5, 7, 9]])
    found["Details"] = [{"a": n} for n in range(4)]
    widget = shown(found)
    say(widget, rows=[0])
    assert list(widget.value.index) == [3, 7]
    assert widget.value["Details"][7] == {"a": 2}


def test_the_same_text_as_two_types_is_two_rows_of_the_page() -> None:
    twice = FOUND.with_columns(SafeIoc=pl.lit("a.example.com"))
    widget = shown(twice)
    say(widget, rows=[1])
    assert widget.value.height == 1
    widget.selected = []
    widget.selected = ["a.example.com"]
    assert widget.value.height == 4


def test_a_page_that_is_shown_once_more_is_told_what_was_chosen() -> None:
    widget = shown()
    widget.selected = ["8.8.8.8"]
    say(widget, rows=[], hello=0.5)
    assert widget.selected == ["8.8.8.8"]
    assert widget._wanted == {"turn": 2, "rows": [2]}


@given(
    st.one_of(
        st.text(),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
            lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        ).map(lambda value: json.dumps({"rows": value})),
        st.recursive(st.integers() | st.none(), st.lists).map(json.dumps),
    )
)
def test_whatever_a_page_says_harms_nothing(said: str) -> None:
    widget = WIDGET
    widget.set_state({"_state": said})
    assert set(widget.selected) <= set(FOUND["SafeIoc"])
    assert widget.value.height <= FOUND.height


WIDGET = shown()


def test_other_things_are_refused_and_charts_stay_charts() -> None:
    with pytest.raises(UsageError, match="browse_results"):
        live(FOUND)  # type: ignore[call-overload]
    table = pl.DataFrame({"time": ["2026-03-01T10:00:00Z"], "host": ["a"]})
    assert type(live(charts.timeline(table))).__name__ == "LiveChart"


def test_what_stays_is_the_page_without_ticks() -> None:
    page = TILookup.browse_results(FOUND)
    assert "checkbox" not in page.to_html()
    assert "postMessage" not in page.to_html()
    assert "checkbox" in page.to_html(linked=True)
