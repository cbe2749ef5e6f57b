from hypothesis import given, settings
from hypothesis import strategies as st

from huntkit.formats.cef import find_event, parse_cef, parse_leef


def test_an_event_is_found_behind_a_header():
    assert find_event("x CEF:0|a") == ("cef", 2)
    assert find_event("LEEF:1.0|a") == ("leef", 0)
    assert find_event("CEFALOPOD") is None


def test_values_end_where_the_next_name_begins():
    event = parse_cef(r"CEF:0|v|p|1|7|n|5|msg=a b=c request=http://x.example/?a\=1&b\=2 cs1Label=L")
    assert event["Extensions"] == {
        "msg": "a", "b": "c", "request": "http://x.example/?a=1&b=2", "cs1Label": "L",
    }  # fmt: skip


def test_escapes_in_header_and_values():
    event = parse_cef(r"CEF:0|v\|w|p\\|1|7|n|5|msg=one\ntwo\\n path=C:\\x\y")
    assert (event["DeviceVendor"], event["DeviceProduct"]) == ("v|w", "p\\")
    assert event["Extensions"] == {"msg": "one\ntwo\\n", "path": "C:\\x\\y"}


def test_a_short_header_is_none():
    assert parse_cef("CEF:0|a|b") is None
    assert parse_leef("LEEF:1.0|a") is None


def test_leef_delimiters():
    assert parse_leef("LEEF:2.0|v|p|1|e|x5E|a=1^b=2")["Extensions"] == {"a": "1", "b": "2"}
    assert parse_leef("LEEF:1.0|v|p|1|e|a=1 x\tb=2")["Extensions"] == {"a": "1 x", "b": "2"}


@given(
    st.lists(st.sampled_from(["|", "\\", "=", " ", "a", "CEF:0|", "x=", "\t", "\n"]), max_size=60)
)
@settings(max_examples=200, deadline=None)
def test_no_text_crashes_it(parts):
    text = "".join(parts)
    for parse, prefix in ((parse_cef, "CEF:0|"), (parse_leef, "LEEF:2.0|")):
        parse(prefix + text)
        parse(text)


def test_a_megabyte_of_backslashes_and_bars_is_quick():
    parse_cef("CEF:0|" + "\\" * 1_000_000 + "|||||||" + " a" * 500_000)
