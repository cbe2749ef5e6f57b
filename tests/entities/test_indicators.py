"""What a valid indicator is, refanging and defanging."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from huntkit.core.errors import UsageError
from huntkit.entities import DEFAULT_IOC_TYPES, IOC_TYPES, defang, flaw, normal_form, refang
from huntkit.entities.indicators import chosen_types, indicator_scope


@pytest.mark.parametrize(
    ("ioc_type", "text", "wanted"),
    [
        ("ipv4", "192.0.2.1", "192.0.2.1"),
        ("ipv4", "999.1.2.3", None),
        ("ipv4", "192.0.2.01", None),
        ("ipv4", "1.2.3", None),
        ("ipv4", "::1", None),
        ("ipv6", "2001:DB8::0:1", "2001:db8::1"),
        ("ipv6", "fe80::1%eth0", "fe80::1%eth0"),
        ("ipv6", "::ffff:1.2.3.4", "::ffff:1.2.3.4"),
        ("ipv6", "10:20:30", None),
        ("ipv6", "00:1a:2b:3c:4d:5e", None),
        ("dns", "Evil.COM.", "evil.com"),
        ("dns", "setup.exe", None),
        ("dns", "co.uk", None),
        ("dns", "a..com", None),
        ("dns", "-a.com", None),
        ("dns", "a_b.com", None),
        ("dns", "x." * 130 + "com", None),
        ("url", "http://[2001:db8::1]:8080/", "http://[2001:db8::1]:8080/"),
        ("url", "HTTP://Bob@Evil.com:80/A", "http://Bob@evil.com:80/A"),
        ("url", "http://evil.com:99999/", None),
        ("url", "http://{0}/", None),
        ("url", "http://999.1.2.3/", None),
        ("url", "nothing://evil.com/", None),
        ("url", "http://" + "a" * 9000, None),
        ("email", "Bob@Example.com", "bob@example.com"),
        ("email", "bob@corp.local", None),
        ("email", "a..b@example.com", None),
        ("email", "@example.com", None),
        ("md5_hash", "9F3F0F1D5C3A4B5C6D7E8F901234ABCD", "9f3f0f1d5c3a4b5c6d7e8f901234abcd"),
        ("md5_hash", "0" * 32, None),
        ("md5_hash", "12345678901234567890123456789012", None),
        ("sha1_hash", "z" * 40, None),
        ("sha256_hash", "9f3f0f1d5c3a4b5c6d7e8f901234abcd", None),
    ],
)
def test_normal_forms(ioc_type, text, wanted):
    assert normal_form(ioc_type, text) == wanted


@pytest.mark.parametrize(
    "text",
    [
        "hxxp://evil[.]example[.]com/a",
        "hXXp://evil(.)example(.)com/a",
        "h**p://evil{.}example{.}com/a",
        "hxxp[://]evil[dot]example(dot)com/a",
        "http[:]//evil[DOT]example[ . ]com/a",
        "meow://evil.example.com[/]a",
        "hxxp[:]//evil [.] example [dot] com/a",
    ],
)
def test_all_usual_forms_are_refanged(text):
    assert refang(text) == "http://evil.example.com/a"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("http://evil7[.com/x", "http://evil7.com/x"),
        ("evil.]example[.com", "evil.example.com"),
        ("192.0.2[.7", "192.0.2.7"),
        ("see evil[.com, then", "see evil.com, then"),
    ],
)
def test_half_a_bracket_is_taken_out_as_a_whole_one(text, wanted):
    assert refang(text) == wanted


@pytest.mark.parametrize(
    "text", ["jq .a[.name]", "x[.name|1]", "re [a-z.]com", "see[.", ".]a", "f(.net run)"]
)
def test_half_a_bracket_of_program_code_stays(text):
    assert refang(text) == text


def test_many_half_brackets_take_no_quadratic_time(hang_guard):
    for unit in ("a[.", "a.]", "[a.]", "a[.a[", "[.a-"):
        with hang_guard():
            refang(unit * 100_000)


def test_other_schemes_and_mail_are_refanged():
    assert refang("hxxps://a.com") == "https://a.com"
    assert refang("fxp://a[.]com") == "ftp://a.com"
    assert refang("bob[at]a[.]com") == refang("bob(@)a.com") == "bob@a.com"


@pytest.mark.parametrize("text", ["array[0] (at home) [x.y]", "C:\\hxxp\\a", "[2001:db8::1]:80"])
def test_brackets_with_another_meaning_stay(text):
    assert refang(text) == text.replace("(at home)", "(at home)")


@pytest.mark.parametrize(
    "value",
    ["http://evil.com/a.b?c=d@e", "ftp://a.com/", "bob@a.com", "evil.com", "192.0.2.1", "fe80::1"],
)
def test_defanged_values_are_refanged_to_themselves(value):
    changed = defang(value)
    assert changed != value
    assert refang(changed) == value


def test_one_separator_of_an_ipv6_address_is_defanged():
    assert defang("2001:db8::1") == "2001[:]db8::1"
    assert defang("::1") == "[:]:1"
    assert (
        refang("seen at 2001[:]db8::1 and 2001[:]db8[:][:]1")
        == "seen at 2001:db8::1 and 2001:db8::1"
    )


@pytest.mark.parametrize("text", ["f" * 16 + "0" * 16, "ab" * 20, "abcd" * 16])
def test_masks_and_patterns_are_no_digests(text):
    assert all(normal_form(name, text) is None for name in ("md5_hash", "sha1_hash", "sha256_hash"))


def test_an_unknown_type_is_named_with_the_nearest():
    with pytest.raises(UsageError, match="did you mean 'md5_hash'"):
        normal_form("md5hash", "x")


def test_names_of_types_and_groups():
    assert chosen_types(None) == frozenset(DEFAULT_IOC_TYPES)
    assert chosen_types(None, ["own"]) == {*DEFAULT_IOC_TYPES, "own"}
    assert chosen_types("ip") == {"ipv4", "ipv6"}
    assert chosen_types(["ip"], ["ip"]) == {"ip"}
    assert chosen_types("all", ["own"]) == {*IOC_TYPES, "own"}
    assert chosen_types(["own", "ipv4"], ["own"]) == {"own", "ipv4"}
    assert "sha512_hash" in chosen_types("file_hash")
    with pytest.raises(UsageError, match="did you mean 'wallet'"):
        chosen_types("walet")


@pytest.mark.parametrize(
    ("ioc_type", "text", "reason"),
    [
        ("ipv4", "999.1.2.3", "a number above 255 or with a zero in front"),
        ("ipv4", "x", "not a valid ipv4"),
        ("btc_wallet", "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb", "its checksum is wrong"),
        ("attack_technique", "T9999", "no technique has such a number"),
        ("mac_address", "00:00:00:00:00:00", "all zeros: nobody's address"),
        ("dns", "evil.com", ""),
    ],
)
def test_why_a_text_is_no_indicator(ioc_type, text, reason):
    assert flaw(ioc_type, text) == reason


@pytest.mark.parametrize(
    ("ioc_type", "value", "scope"),
    [
        ("url", "http://10.0.0.1:80/a", "private"), ("url", "http://[fe80::1%25a]/", "link_local"),
        ("url", "http://evil.com/", ""), ("cidr", "192.0.2.0/24", "documentation"),
        ("asn", "AS64512", "private"), ("mac_address", "33:33:00:00:00:fb", "multicast"),
        ("ipv4", "8.8.8.8", "public"), ("cve", "CVE-2021-44228", ""),
    ],
)  # fmt: skip
def test_scope(ioc_type, value, scope):
    assert indicator_scope(ioc_type, value) == scope


@settings(deadline=None)
@given(st.sampled_from(IOC_TYPES), st.text(max_size=100))
def test_normal_forms_are_stable_for_any_text(ioc_type, text):
    value = normal_form(ioc_type, text)
    assert value is None or normal_form(ioc_type, value) == value


@settings(deadline=None)
@given(st.text(max_size=200))
def test_refanging_twice_is_refanging_once_for_plain_words(text):
    plain = "".join(c for c in text if c.isalnum() or c in " .,")
    assert refang(plain) == plain


def test_a_group_is_suggested_where_a_group_may_stand() -> None:
    with pytest.raises(UsageError) as caught:
        chosen_types("ipp")
    assert "'ip'" in (caught.value.hint or "")
