"""Domain names under public suffixes, without network."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from huntkit.entities import domain_name, split_domain
from huntkit.entities.domains import _private_rules, is_top_level, private_suffix, to_ascii


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("a.b.example.co.uk", ("a.b", "example", "co.uk")),
        ("example.com", ("", "example", "com")),
        ("a.foo.ck", ("", "a", "foo.ck")),
        ("www.ck", ("", "www", "ck")),
        ("a.www.ck", ("a", "www", "ck")),
        ("city.kawasaki.jp", ("", "city", "kawasaki.jp")),
        ("пример.рф", ("", "пример", "рф")),
        ("xn--e1afmkfd.xn--p1ai", ("", "xn--e1afmkfd", "xn--p1ai")),
        ("evil。com", ("", "evil", "com")),
        ("_sip._tcp.example.com", ("_sip._tcp", "example", "com")),
        ("co.uk", None), ("com", None), ("foo.ck", None), ("x.local", None), ("a b.com", None),
        ("a/b.com", None), ("exa_mple.com", None), (".com", None), ("", None),
        ("a" * 64 + ".com", None),
    ],
)  # fmt: skip
def test_names_are_cut_at_their_public_suffix(text, wanted):
    assert split_domain(text) == wanted


def test_top_levels_in_both_scripts():
    assert is_top_level("COM")
    assert is_top_level("рф")
    assert is_top_level("xn--p1ai")
    assert not is_top_level("exe")


def test_ascii_form():
    assert to_ascii("BÜCHER.example") == "xn--bcher-kva.example"
    assert to_ascii("a" * 300) is None


def test_the_suffix_list_is_read_without_leaving_files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert domain_name("example.com") == "example.com"
    assert list(Path(tmp_path).iterdir()) == []


@settings(deadline=None)
@given(st.text(max_size=80))
def test_any_text_is_a_name_or_none(text):
    name = domain_name(text)
    assert name is None or domain_name(name) == name


def test_private_suffixes_are_those_of_the_list():
    """tldextract's own reading of the list is the second opinion."""
    tldextract = pytest.importorskip("tldextract")
    theirs = tldextract.TLDExtract(
        suffix_list_urls=(), cache_dir=None, include_psl_private_domains=True
    )
    rules = sorted(_private_rules())
    assert len(rules) > 1000
    for rule in rules[::7]:
        base = rule.removeprefix("!").replace("*", "any")
        for name in (base, f"a.{base}", f"a.b.{base}", f"a.example.com.{base}"):
            found = theirs(name)
            wanted = found.suffix if found.is_private and found.domain else None
            assert private_suffix(name) == wanted, name


@pytest.mark.parametrize(
    ("name", "suffix"),
    [
        ("Evil.GitHub.io.", "github.io"), ("github.io", None), ("www.example.com", None),
        ("evil\u3002github.io", "github.io"), ("", None), ("..", None), ("a..github.io", None),
        ("x" * 300 + ".github.io", None), ("localhost", None),
    ],
)  # fmt: skip
def test_private_suffixes(name, suffix):
    assert private_suffix(name) == suffix
