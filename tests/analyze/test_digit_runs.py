import re

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from huntkit.analyze import digit_runs
from huntkit.analyze.digit_runs import in_parts, without_digits

TEXTS = st.lists(
    st.none() | st.text(st.sampled_from("aZ09#é中 \x00😀") | st.characters(codec="utf-8"))
)


def in_plain_python(text):
    small = "".join(c.lower() if c.isascii() else c for c in text)
    return re.sub(r"[0-9]+", "#", small)


@given(TEXTS)
def test_it_is_what_plain_python_makes(texts):
    made = without_digits(pl.Series(texts, dtype=pl.String))
    assert made.to_list() == [None if t is None else in_plain_python(t) for t in texts]


@given(TEXTS, st.integers(0, 5))
def test_slices_give_their_own_rows(texts, start):
    column = pl.Series(texts, dtype=pl.String)
    assert without_digits(column[start:]).to_list() == without_digits(column).to_list()[start:]


def test_parts_side_by_side_keep_the_order(monkeypatch):
    monkeypatch.setattr(digit_runs, "ROWS", 7)
    column = pl.Series([f"a{'b' * n}{n}" for n in range(100)])
    made = in_parts(column, without_digits)
    assert made.to_list() == [f"a{'b' * n}#" for n in range(100)]
