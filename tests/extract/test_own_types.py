"""Types that a caller describes by an expression."""

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from huntkit.core.errors import UsageError
from huntkit.extract import OwnType, iocs


def values(own: OwnType, *texts: str | None) -> list[list[str] | None]:
    return own.found_in(pl.Series(texts, dtype=pl.String)).to_list()


def test_case_and_blanks_of_the_expression_do_not_matter():
    own = OwnType("x", r"abc [ ] \ ?def  # two words")
    assert values(own, "ABC def", "abcdef", None) == [["ABC def"], [], None]


def test_a_group_by_name_or_number_gives_its_text_where_the_whole_expression_fits():
    text = "id=12 id=34 xid=56"
    assert values(OwnType("x", r"\bid=(?P<n>\d+)", group="n"), text) == [["12", "34"]]
    assert values(OwnType("x", r"\bid=(\d+)", group=1), text) == [["12", "34"]]
    # The text around a match decides, not the match alone.
    assert values(OwnType("x", r"\Bid=(\d+)", group=1), text) == [["56"]]


def test_a_group_that_took_no_part_gives_nothing():
    assert values(OwnType("x", r"a(?P<n>b)?c", group="n"), "ac abc") == [["b"]]


def test_a_match_of_nothing_is_no_row():
    own = OwnType("x", "z*")
    assert values(own, "aaa bbb", "a zz z", None) == [[], ["zz", "z"], None]
    assert iocs("aaa bbb", own_types=[own]).empty
    assert iocs("a zz", own_types=[own], spans=True)["start"].to_list() == [2]


@pytest.mark.parametrize(
    ("name", "regex", "group", "message"),
    [
        ("", "a", None, "needs a name"),
        ("x", " ", None, "needs a name"),
        ("ipv4", "a", None, "built-in"),
        ("all", "a", None, "built-in"),
        ("x", "(a", None, "can't be used"),
        ("x", "(?<=a)b", None, "look-around"),
        ("x", r"(a)\1", None, "can't be used"),
        ("x", "(?P<n>a)", "m", "has no group 'm'"),
        ("x", "(a)", 2, "has no group 2"),
        ("x", "(a)", "}", "no name of a group"),
    ],
)
def test_what_can_not_be_used_is_refused_at_once(name, regex, group, message):
    with pytest.raises(UsageError, match=message):
        OwnType(name, regex, group=group)


def test_own_types_run_beside_the_built_in_ones_and_by_name_alone():
    own = OwnType("ticket", r"INC\d{5}")
    frame = pl.DataFrame({"t": ["INC12345 on evil.com", "inc00001", None]})
    both = iocs(frame, own_types=[own])
    assert set(both["IoCType"]) == {"ticket", "dns"}
    alone = iocs(frame, own_types=[own], ioc_types="ticket")
    assert alone.select("SourceIndex", "Observable").rows() == [(0, "INC12345"), (1, "inc00001")]
    with pytest.raises(UsageError, match="no indicator type 'ticket'"):
        iocs(frame, ioc_types="ticket")


def test_an_expression_that_backtracking_engines_choke_on_is_quick():
    own = OwnType("x", r"(a+)+$")
    assert values(own, "a" * 50_000 + "b") == [[]]


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=60))
def test_any_text_is_searched_and_what_is_found_stands_in_it(text):
    own = OwnType("x", r"(\w+)[ ](\w+)", group=2)
    [found] = values(own, text)
    assert all(each in text for each in found or [])
