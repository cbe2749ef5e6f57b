import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from huntkit.formats.event_xml import BadEvent, parse_event


def test_unnamed_data_become_a_list():
    event = parse_event("<Event><EventData><Data>a</Data><Data>b</Data><Data/></EventData></Event>")
    assert event["Event"]["EventData"] == {"Data": {"#text": ["a", "b", ""]}}


def test_qualifiers_and_numbers():
    event = parse_event(
        "<Event><System><EventID Qualifiers='16384'>7045</EventID><Level> </Level></System></Event>"
    )
    assert event["Event"]["System"] == {
        "EventID": {"#attributes": {"Qualifiers": 16384}, "#text": 7045},
        "Level": None,
    }


def test_a_name_that_comes_twice_keeps_both_values():
    event = parse_event(
        "<Event><EventData><Data Name='a'>1</Data><Data Name='a'>2</Data></EventData></Event>"
    )
    assert event["Event"]["EventData"] == {"a": ["1", "2"]}


def test_prefixed_names_lose_their_prefix():
    event = parse_event(
        "<e:Event xmlns:e='u'><e:System><e:EventID>1</e:EventID></e:System></e:Event>"
    )
    assert event["Event"]["System"] == {"EventID": 1}


BOMB = '<!DOCTYPE x [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]><Event>&b;</Event>'
EXTERNAL = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><Event>&a;</Event>'


@pytest.mark.parametrize(
    "text", [BOMB, EXTERNAL, "<!DOCTYPE x SYSTEM 'http://203.0.113.1/x'><Event/>"]
)
def test_entities_and_document_types_are_refused(text):
    with pytest.raises(BadEvent, match="document type"):
        parse_event(text)


def test_deep_nesting_is_refused():
    with pytest.raises(BadEvent, match="too deep"):
        parse_event("<Event>" + "<a>" * 100_000)


@pytest.mark.parametrize(
    "text", ["", "<Event>", "<a/>", "x", "<Event>&x;</Event>", "<Event/><Event/>"]
)
def test_what_is_no_event_is_refused(text):
    with pytest.raises(BadEvent):
        parse_event(text)


def test_control_characters_are_shown_not_fatal():
    event = parse_event(
        "<Event><EventData><Data Name='a'>x\x00\x1b[2J\ud800</Data></EventData></Event>"
    )
    assert event["Event"]["EventData"]["a"] == "x\\x00\\x1b[2J\\xd800"


_parts = st.sampled_from(
    ["<Event>", "</Event>", "<System>", "</System>", "<Data Name='a'>", "</Data>", "<EventData>",
     "</EventData>", "x", "&amp;", "&x;", "<![CDATA[", "]]>", "<!--", "-->", "<", "\0"]
)  # fmt: skip


@given(st.lists(_parts, max_size=30))
@settings(max_examples=300, deadline=None)
def test_no_text_crashes_it(parts):
    with contextlib.suppress(BadEvent):
        parse_event("".join(parts))
