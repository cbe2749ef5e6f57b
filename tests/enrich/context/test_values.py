"""Values of one's own world: what they may hold, and what they are taken for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from huntkit.core.errors import UsageError
from huntkit.enrich.context.values import CONTEXT_TYPES, context_item, context_items

RESOURCE = "/subscriptions/S1/resourceGroups/RG/providers/Microsoft.Compute/virtualMachines/VM1"
TAKEN_FOR = {
    "10.0.0.1": ("ipv4", "10.0.0.1"),
    "10[.]0[.]0[.]1": ("ipv4", "10.0.0.1"),
    "fe80::1%eth0": ("ipv6", "fe80::1"),
    "2001:DB8:0::1": ("ipv6", "2001:db8::1"),
    "WEB01": ("hostname", "web01"),
    "WEB01$": ("hostname", "web01"),
    r"CORP\WEB01$": ("hostname", "web01"),
    "web_01.corp.example.": ("hostname", "web_01.corp.example"),
    "münchen.corp.example": ("hostname", "münchen.corp.example"),
    "J.Doe@Corp.Example": ("email", "j.doe@corp.example"),
    "jdoe@corp": ("email", "jdoe@corp"),
    r"CORP\jdoe": ("user", r"corp\jdoe"),
    "0123456789ABCDEF0123456789abcdef": ("sys_id", "0123456789abcdef0123456789abcdef"),
    RESOURCE: ("resource_id", RESOURCE.lower()),
}


@pytest.mark.parametrize("text", TAKEN_FOR)
def test_a_text_is_taken_for_what_it_looks_like(text):
    item = context_item(text)
    assert (item.ioc_type, item.value) == TAKEN_FOR[text]
    assert item.problem == "refused"  # to whoever is outside
    assert item.internal


WRONG = [
    ("10.0.0.256", "ipv4"), ("web01", "ipv4"), ("web 01", "hostname"), ("-web", "hostname"),
    ("web..corp", "hostname"), ("a" * 64, "hostname"), ("10.0.0.1", "hostname"), ("", "user"),
    ("a" * 300, "user"), ("a\\b\\c", "user"), ("CORP\\", "user"), ("x\ny", "user"),
    ("jdoe", "email"), ("@corp", "email"), ("a@b@c^", "email"), ("jdoe\t", "sys_id"),
    ("x=y", "serial_number"), ("/subscriptions/s/..", "resource_id"), ("https://x/y", None),
    ("/etc/passwd", None), (None, None), (7, None), ("\u202ejdoe", "user"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "kind"), WRONG)
def test_what_can_be_no_value_says_so(text, kind):
    item = context_item(text, kind)
    assert item.problem == "bad input"
    assert item.reason
    assert item.value == ""


@given(st.text(max_size=60), st.sampled_from([None, *CONTEXT_TYPES]))
def test_no_value_holds_what_would_end_a_condition_or_a_literal(text: str, kind: str | None):
    value = context_item(text, kind).value
    assert not set(value) & set("^=,'\"\n\r\t\x00\u2028`")
    assert value == value.strip()


@given(st.text(max_size=60), st.sampled_from(CONTEXT_TYPES))
def test_a_value_is_its_own_normal_form(text: str, kind: str):
    value = context_item(text, kind).value
    if value:
        assert context_item(value, kind).value == value


def test_each_value_is_there_once_with_its_strictest_level():
    found = context_items(["web01", "web01", "WEB01", "10.0.0.1"])
    assert [item.given for item in found] == ["web01", "WEB01", "10.0.0.1"]
    assert [item.ioc_type for item in context_items({"jdoe": "account"})] == ["user"]
    assert context_items("web01", tlp="amber")[0].tlp == 2
    with pytest.raises(UsageError, match="no level of TLP"):
        context_items("web01", tlp="purple")
    with pytest.raises(UsageError, match="no type of value 'hots'"):
        context_items("web01", value_type="hots")
