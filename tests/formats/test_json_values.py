import pytest
from hypothesis import given
from hypothesis import strategies as st

from huntkit.formats.json_values import BadJSON, parse, parse_slowly


@given(st.binary(max_size=60))
def test_bytes_are_a_value_or_a_reason(data):
    reason = "not JSON"
    try:
        parse(data)
    except BadJSON as error:
        reason = str(error)
    assert reason in ("not JSON", "nested too deep")


def test_control_characters_inside_text_are_kept_and_said():
    assert parse(b'{"a":"x\x01y\tz"}') == ({"a": "x\x01y\tz"}, ["control character in text"])


def test_padding_is_no_repair():
    assert parse(b"\xef\xbb\xbf{}\0\0\r") == ({}, [])


def test_a_key_given_twice_keeps_the_last_value():
    assert parse(b'{"a":1,"a":2}')[0] == parse_slowly(b'{"a":1,"a":2}')[0] == {"a": 2}


@pytest.mark.parametrize("text", [b"", b"{", b'{"a"}', b"{'a':1}", b"\xff", b"nan", b'{"a":1}}'])
def test_what_is_no_json_has_a_constant_reason(text):
    with pytest.raises(BadJSON, match="not JSON"):
        parse(text)
