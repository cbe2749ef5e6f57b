"""Foreign replies: what is of another shape is an error, whatever it holds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from huntkit.core.errors import BadReply
from huntkit.enrich.ti.replies import member, members, needed, number, said, values

JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=6,
)


@given(JSON)
def test_readers_give_what_they_say_or_refuse(value):
    for read, kind in ((member, dict), (members, list), (values, list), (number, float | int)):
        try:
            got = read({"x": value}, "x")
        except BadReply:
            assert value is not None
        else:
            assert isinstance(got, kind) or (got is None and value in (None, ""))
    assert set(said({"x": value}, "x", "y")) <= {"x"}


def test_booleans_are_no_numbers_and_missing_members_are_errors():
    with pytest.raises(BadReply, match="'score' is no number but bool"):
        number({"score": True}, "score")
    with pytest.raises(BadReply, match="no 'data'"):
        needed({"error": "x"}, "data")
    needed({"b": None}, "a", "b")
