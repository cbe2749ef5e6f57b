"""Where URLs start and end in running text."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from huntkit.entities.indicators import MAX_URL
from huntkit.extract.url_spans import url_spans


def urls(text: str) -> list[str]:
    return [text[start:end] for start, end in url_spans(text)]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("see:http://a.example/b,", ["http://a.example/b"]),
        ("(see http://a.example/b(c).html), then", ["http://a.example/b(c).html"]),
        ("http://a.example/b?x=1#y!", ["http://a.example/b?x=1#y"]),
        ("http://a.example,http://b.example;c", ["http://a.example", "http://b.example"]),
        ("http://a.example/?u=http://b.example/", ["http://a.example/?u=http://b.example/"]),
        (
            "git+https://a.example/x\\,xhttp://b.example",
            ["https://a.example/x", "http://b.example"],
        ),
        ("http://u:p@a.example:8080/x", ["http://u:p@a.example:8080/x"]),
        ("http://[2001:db8::1]:80/x", ["http://[2001:db8::1]:80/x"]),
        ("http://a.example\\share", ["http://a.example"]),
        ("http://a.example_TAG_B/c", ["http://a.example_TAG_B/c"]),
        ("http://a.org_TAG_B", ["http://a.org"]),
    ],
)
def test_the_end_leaves_out_what_belongs_to_the_text_around(text, wanted):
    assert urls(text) == wanted


@pytest.mark.parametrize(
    "text",
    ["http://{0}/", "http://%s/x", "http://$host/", "http://+:80/", "LDAP://CN=a,DC=b", "http://",
     "nothing://a.example", "http:///path", "://a.example"],
)  # fmt: skip
def test_templates_names_of_directories_and_unknown_schemes_are_no_urls(text):
    assert urls(text) == []


def test_a_very_long_url_is_cut_and_the_next_one_still_found():
    text = "http://a.example/" + "b" * 2 * MAX_URL + " http://c.example/"
    first, last = urls(text)
    assert len(first) == MAX_URL
    assert last == "http://c.example/"


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.sampled_from(["http://", "a", ".b", "/", ",", "(", ")", "[", "]", " ", "_", ":"]))
)
def test_spans_are_in_order_apart_and_hold_one_scheme_each(pieces):
    text = "".join(pieces)
    floor = 0
    for start, end in url_spans(text):
        assert floor <= start < end <= len(text)
        assert text.startswith("http://", start)
        assert end > start + len("http://")
        floor = end
