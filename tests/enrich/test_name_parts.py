"""Names and URLs, as honest and as hostile people write them."""

from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from huntkit.enrich import dns_components, domain_parts, look_alike, url_components
from huntkit.tables.data_files import data_file

URLS: list[tuple[str, dict[str, Any]]] = [
    (
        "https://user:pw@www.example.com:8443/a/b?q=1&r=2#top",
        {"scheme": "https", "auth": "user:pw", "host": "www.example.com", "port": 8443,
         "path": "/a/b", "query": "q=1&r=2", "fragment": "top"},
    ),
    ("hxxp://EVIL[.]example/x", {"scheme": "http", "host": "evil.example", "port": None}),
    ("http://[2001:db8::1]:80/", {"host": "2001:db8::1", "port": 80}),
    ("https://good.example@evil.example/", {"auth": "good.example", "host": "evil.example"}),
    ("http://a@b@c.example/", {"auth": "a@b", "host": "c.example"}),
    ("http://c.example:99999/", {"host": None, "scheme": None}),
    ("http://[::1/", {"host": None}),
    ("no url", {"host": None, "path": None}),
    ("", {"host": None}),
    ("http://", {"host": None, "scheme": None}),
]  # fmt: skip


@pytest.mark.parametrize(("url", "wanted"), URLS)
def test_urls(url: str, wanted: dict[str, Any]) -> None:
    found = url_components(url)
    assert list(found) == ["scheme", "auth", "host", "port", "path", "query", "fragment", "url"]
    assert found["url"] == url
    assert {name: found[name] for name in wanted} == wanted


@pytest.mark.parametrize(
    ("name", "subdomain", "domain", "suffix"),
    [
        ("www.example.com", "www", "example", "com"),
        ("a.b.example.co.uk", "a.b", "example", "co.uk"),
        ("example.com.", None, "example", "com"),
        ("https://x.example[.]com:8/p", "x", "example", "com"),
        ("ws01.corp.local", "ws01.corp", "local", None),
        ("localhost", None, "localhost", None),
        ("203.0.113.9", None, "203.0.113.9", None),
        ("http://[2001:db8::1]/", None, "2001:db8::1", None),
        ("www.example.com:8443", "www", "example", "com"),
        ("WWW[.]example.com/a:b?c", "www", "example", "com"),
        ("203.0.113.9:443", None, "203.0.113.9", None),
        ("[2001:db8::1]:443", None, "2001:db8::1", None),
    ],
)
def test_names(name: str, subdomain: str | None, domain: str, suffix: str | None) -> None:
    parts = dns_components(name)
    assert (parts["subdomain"], parts["domain"], parts["suffix"]) == (subdomain, domain, suffix)
    assert parts["is_idn"] is False
    assert parts["mixed_scripts"] is False
    assert parts["looks_like"] is None


def test_names_that_strangers_may_have_are_marked() -> None:
    parts = dns_components("https://login.evil[.]github.io/x")
    assert (parts["is_private"], parts["private_suffix"]) == (True, "github.io")
    assert parts["private_registrable"] == "evil.github.io"
    assert (parts["registrable"], parts["registry_suffix"]) == ("github.io", "io")
    for name in ("www.example.co.uk", "github.io", "198.51.100.7", "localhost", ""):
        parts = dns_components(name)
        assert (parts["is_private"], parts["private_suffix"]) == (False, None)
        assert parts["registry_suffix"] == parts["suffix"]


def test_international_names_say_what_they_are() -> None:
    honest = dns_components("xn--bcher-kva.de")
    assert (honest["unicode"], honest["looks_like"]) == ("bücher.de", "bucher.de")
    assert (honest["is_idn"], honest["mixed_scripts"], honest["scripts"]) == (
        True,
        False,
        ["LATIN"],
    )
    fake = dns_components("www.\u0440\u0430ypal.com")  # Cyrillic er and a
    assert fake["ascii"] == "www.xn--ypal-43d9g.com"
    assert fake["looks_like"] == "www.paypal.com"
    assert fake["mixed_scripts"] is True
    assert fake["scripts"] == ["CYRILLIC", "LATIN"]
    japanese = dns_components("\u65e5\u672c\u3054.jp")
    assert japanese["looks_like"] is None
    assert japanese["mixed_scripts"] is False


@pytest.mark.parametrize(
    ("name", "imitated"),
    [
        ("paypa1.com", "paypal.com"),
        ("login.paypaI.com", "paypal.com"),
        ("p\u0430ypal.com", "paypal.com"),
        ("xn--pypal-4ve.com", "paypal.com"),
        ("rnicrosoft.com", "microsoft.com"),
        ("paypal.com", None),
        ("www.paypal.com", None),
        ("paypal.org", None),
        ("paypals.com", None),
        ("example.com", None),
    ],
)
def test_imitations(name: str, imitated: str | None) -> None:
    assert look_alike(name, ["paypal.com", "https://www.microsoft.com/"]) == (
        "https://www.microsoft.com/" if imitated == "microsoft.com" else imitated
    )


def test_each_look_alike_is_read_as_its_letter() -> None:
    letters = data_file("huntkit.enrich", "data/look_alikes.yaml")
    assert len(letters) > 80
    for letter, latin in letters.items():
        assert len(letter) == 1
        assert not letter.isascii()
        assert len(latin) == 1
        assert look_alike(f"e{letter}ample.com", [f"e{latin}ample.com"]) == f"e{latin}ample.com"


def test_the_step_keeps_rows_and_columns() -> None:
    table = pl.DataFrame(
        {"u": ["http://a.example.com/", None, "x y", "http://a.example.com/"], "u_Host": range(4)}
    )
    found = domain_parts(table, "u", known=["examp1e.com"])
    assert found.select(table.columns).equals(table)
    assert found["u_Host_name"].to_list() == ["a.example.com", None, "x y", "a.example.com"]
    assert found["u_Registrable"].to_list() == ["example.com", None, None, "example.com"]
    assert found["u_Imitates"].to_list() == ["examp1e.com", None, None, "examp1e.com"]
    assert domain_parts(table.clear(), "u").width == 10


@given(st.one_of(st.text(), st.text("xn-.ab0:/@[]%\u0430\u200d"), st.from_regex(r"https?://\S*")))
def test_any_text_is_a_normal_value(text: str) -> None:
    assert url_components(text)["url"] == text
    parts = dns_components(text)
    assert parts["looks_like"] is None or parts["is_idn"]
    look_alike(text, ["example.com"])
