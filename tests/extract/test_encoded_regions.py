"""Escapes: what they say, and what only looks like them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from huntkit.extract.encoded_regions import regions


def said(text: str) -> list[tuple[str, str]]:
    return [(region.encoding, region.text) for region in regions(text)]


@pytest.mark.parametrize(
    ("text", "encoding", "plain"),
    [
        ("%68%74%74%70%3A%2F%2Fevil", "percent", "http://evil"),
        ("GET /?x=%24%7Bjndi%3Aldap%7D HTTP/1.1", "percent", "/?x=${jndi:ldap}"),
        ("a=http%3A%2F%2Fevil.example", "percent", "a=http://evil.example"),
        ("%D0%BF%D1%80%D0%B8", "percent", "при"),
        ("&#60;&#115;&#99;", "html", "<sc"),
        ("x=&#x3c;&#x73;&#x63;&#114;ipt>", "html", "x=<script>"),
        ("&lt;script&gt;alert(1)&lt;/script&gt;", "html", "<script>alert(1)</script>"),
        (r"\u0069\u0065\u0078\u0020", "unicode codes", "iex "),
        ("%u0069%u0065%u0078%u0028", "unicode codes", "iex("),
    ],
)
def test_escapes_are_undone(text, encoding, plain):
    assert said(text) == [(encoding, plain)]


@pytest.mark.parametrize(
    "text",
    [
        "C:/My%20Files 100% of %TEMP%\\%AD%\\x",
        "TokenElevationType: %%1936 %%1937 %%1938",
        "($I+1)%256;$H=($H+$S[$I])%256;$S[$H]%256",
        "strftime %Y-%m-%d %H:%M:%S, printf %20s%30d",
        "Tom &amp; Jerry &lt; 3 &gt; 2",
        "a &lt b &gt c; d & e;",
        "%zz%yy%xx",
        "%01%02%03%04",
        r"C:\users\u1234\update",
    ],
)
def test_what_only_looks_like_it_is_left_alone(text):
    assert said(text) == []


def test_places_are_those_of_the_escaped_part():
    text = "say %68%69%21 and &#72;&#105;&#33; too"
    assert [text[r.start : r.end] for r in regions(text)] == ["%68%69%21", "&#72;&#105;&#33;"]
    assert [region.hidden for region in regions("%68%69%6a %3A%2F%2F")] == [True, False]


@given(st.text(alphabet="%&#;xu\\25aAlgt<>41 'é", max_size=200))
def test_regions_are_apart_and_in_order(text):
    end = 0
    for region in regions(text):
        assert end <= region.start < region.end <= len(text)
        assert region.text
        end = region.end
