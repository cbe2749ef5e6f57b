import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from huntkit.core.text import visible

ANY_TEXT = st.text(alphabet=st.characters(exclude_categories=()))


def test_ordinary_text_of_many_scripts_is_left_alone() -> None:
    text = "C:\\Users\\Ünal\\файл.exe 日本語 עברית 😀 {name|text} <b> =1+1"
    assert visible(text) == text


@pytest.mark.parametrize(
    ("hidden", "shown"),
    [
        ("\x00", "␀"),
        ("\x1b[2J", "␛[2J"),
        ("a\r\nb\tc", "a␍␊b␉c"),
        ("\x7f", "␡"),
        ("\x9b31m", "⟦009B⟧31m"),
        ("\u202egpj.exe", "⟦RLO⟧gpj.exe"),
        ("\u2066x\u2069", "⟦LRI⟧x⟦PDI⟧"),
        ("\u200b", "⟦ZWSP⟧"),
        ("\u2028", "⟦LS⟧"),
        ("\ud800", "⟦D800⟧"),
        ("\U000e0041", "⟦E0041⟧"),
    ],
)
def test_what_hides_is_marked(hidden: str, shown: str) -> None:
    assert visible(hidden) == shown


@given(ANY_TEXT)
def test_nothing_that_hides_or_moves_text_comes_out(text: str) -> None:
    shown = visible(text)
    shown.encode()
    assert not [c for c in shown if unicodedata.category(c) in {"Cc", "Cs", "Zl", "Zp"}]
    assert not [c for c in shown if unicodedata.bidirectional(c) in {"RLO", "LRO", "RLI", "FSI"}]


@given(ANY_TEXT)
def test_a_second_pass_changes_nothing(text: str) -> None:
    assert visible(visible(text)) == visible(text)


@given(ANY_TEXT, st.integers(0, 30))
def test_the_limit_holds_and_a_cut_is_marked(text: str, limit: int) -> None:
    shown = visible(text, limit=limit)
    assert len(shown) <= limit
    assert shown == visible(text) or limit == 0 or shown.endswith("…")


def test_a_megabyte_is_cut_without_being_walked() -> None:
    assert visible("\x00" * 1_000_000, limit=5) == "␀␀␀␀…"
