import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from huntkit.core.errors import UsageError
from huntkit.enrich.ti.inputs import item_of, items_of, tlp_level


@pytest.mark.parametrize(
    ("given", "kind", "value"),
    [
        ("hxxps[://]Evil[.]example[.]com/A", "url", "https://evil.example.com/A"),
        ("8[.]8[.]8[.]8", "ipv4", "8.8.8.8"),
        ("2001:4860:4860::8888", "ipv6", "2001:4860:4860::8888"),
        ("Evil.Example.COM.", "dns", "evil.example.com"),
        ("bob[at]example(dot)com", "email", "bob@example.com"),
        ("D41D8CD98F00B204E9800998ECF8427E", "md5_hash", "d41d8cd98f00b204e9800998ecf8427e"),
        ("CVE-2021-44228", "cve", "CVE-2021-44228"),
    ],
)
def test_what_people_write_becomes_an_indicator_of_its_type(given, kind, value):
    found = item_of(given)
    assert (found.ioc_type, found.value, found.problem) == (kind, value, "")
    assert found.given == given


@pytest.mark.parametrize(
    "given", ["10.0.0.1", "192.168.3.5", "127.0.0.1", "fe80::1", "203.0.113.7", "169.254.1.1",
              "http://10.0.0.1/x", "http://[::1]/x", "http://intranet/x", "100.64.0.1"],
)  # fmt: skip
def test_what_is_private_internal_or_of_a_document_is_refused(given):
    found = item_of(given)
    assert (found.problem, found.internal) == ("refused", True)
    assert found.reason


def test_names_under_internal_suffixes_are_refused():
    suffixes = ("corp.example.com",)
    for each in ("ws1.corp.example.com", "http://corp.example.com/", "ann@corp.example.com"):
        assert item_of(each, internal_suffixes=suffixes).problem == "refused", each
    assert item_of("notcorp.example.com", internal_suffixes=suffixes).problem == ""
    own = item_of("WS1.corp.lark", internal_suffixes=("corp.lark",))  # no public domain ends so
    assert (own.problem, own.value, own.ioc_type) == ("refused", "ws1.corp.lark", "dns")
    assert item_of("corp.lark", "dns", internal_suffixes=("corp.lark",)).problem == "refused"
    assert item_of("xcorp.lark", internal_suffixes=("corp.lark",)).problem == "bad input"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("srv1.local", "names under local"), ("http://srv1.local/a", "names under local"),
        ("dc01.corp.internal", "names under internal"), ("wpad.home.arpa", "names under home.arpa"),
        ("https://nas.lan:8443/", "names under lan"), ("1.0.168.192.in-addr.arpa", "a private"),
        ("168.192.in-addr.arpa", "a private"), ("1.0.0.127.in-addr.arpa", "a loopback"),
        (".".join("1" + "0" * 30 + "f")[:-1] + "d.f.ip6.arpa", "reverse name"),
        ("http://ann:secret@evil.example.com/a", "holds a password"),
        ("http://[::ffff:10.0.0.1]/", "a private"),
    ],
)  # fmt: skip
def test_what_tells_of_the_inside_stays_inside(given, words):
    found = item_of(given)
    assert (found.problem, found.internal) == ("refused", True), found
    assert words in found.reason
    assert "secret" not in found.reason


@pytest.mark.parametrize(
    "given", ["8.8.8.8.in-addr.arpa", "http://a@evil.example.com/", "http://evil.example.com/?a@b:c",
              "local.example.com", "http://evil.example.com/x:y@z"],
)  # fmt: skip
def test_what_only_looks_alike_may_be_asked_about(given):
    assert item_of(given).problem == ""


@pytest.mark.parametrize(
    ("given", "value"),
    [("9.9.9.9:443", "9.9.9.9"), ("evil[.]example[.]com:8080", "evil.example.com"),
     ("[2606:4700::1111]:53", "2606:4700::1111"), ("2606:4700::1111", "2606:4700::1111")],
)  # fmt: skip
def test_a_port_behind_an_address_or_a_name_is_left_out(given, value):
    assert item_of(given).value == value
    assert item_of("10.0.0.1:443").problem == "refused"


@pytest.mark.parametrize(
    ("given", "kind"),
    [("999.1.2.3", "ipv4"), ("0" * 32, "md5_hash"), ("x y", None), ("", None), (None, None),
     (7, None), ("evil.example.com", "md5")],
)  # fmt: skip
def test_what_is_no_indicator_is_bad_input_with_a_reason(given, kind):
    found = item_of(given, kind)
    assert (found.problem, bool(found.reason)) == ("bad input", True)


def test_types_have_the_short_names_that_people_use():
    assert item_of("8.8.8.8", "ip").ioc_type == "ipv4"
    assert item_of("2001:4860::1", "ip").ioc_type == "ipv6"
    assert item_of("evil.example.com", "hostname").ioc_type == "dns"
    assert item_of("D41D8CD98F00B204E9800998ECF8427E", "file_hash").ioc_type == "md5_hash"
    with pytest.raises(UsageError, match="indicator type"):
        item_of("x", "ipv5")


@pytest.mark.parametrize("make", [pl.DataFrame, pd.DataFrame])
def test_frames_give_each_value_once_with_its_type(make):
    data = make({"Observable": ["8.8.8.8", None, "8.8.8.8", "evil.example.com"],
                 "IoCType": ["ipv4", None, "ipv4", "dns"]})  # fmt: skip
    found = items_of(data)
    assert [(each.value, each.ioc_type) for each in found] == [
        ("8.8.8.8", "ipv4"), ("", "unknown"), ("evil.example.com", "dns"),
    ]  # fmt: skip
    assert [each.value for each in items_of(make({"only": ["8.8.4.4"]}))] == ["8.8.4.4"]
    with pytest.raises(UsageError, match="which column"):
        items_of(make({"a": ["x"], "b": ["y"]}))
    with pytest.raises(UsageError, match="no column 'c'"):
        items_of(make({"a": ["x"], "b": ["y"]}), "c")


def test_other_forms_of_input():
    assert items_of("8.8.8.8")[0].ioc_type == "ipv4"
    assert items_of({"8.8.8.8": None, "x.example.com": "dns"})[1].ioc_type == "dns"
    assert [each.value for each in items_of(["1.1.1.1", "1.1.1.1"])] == ["1.1.1.1"]
    assert [each.value for each in items_of(pd.Series(["1.1.1.1"]))] == ["1.1.1.1"]


def test_the_strictest_level_of_a_value_counts():
    data = pl.DataFrame({"ioc": ["8.8.8.8", "8.8.8.8"], "level": ["TLP:GREEN", "amber"]})
    (found,) = items_of(data, tlp_column="level")
    assert found.tlp == 2
    assert tlp_level("TLP:WHITE") == tlp_level(None) == 0
    with pytest.raises(UsageError, match="TLP"):
        tlp_level("purple")


@given(st.one_of(st.none(), st.integers(), st.text(), st.binary(), st.floats()))
def test_anything_becomes_an_item_and_nothing_invalid_may_leave(given):
    found = item_of(given)
    assert bool(found.value) or found.problem == "bad input"
