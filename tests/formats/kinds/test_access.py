import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from huntkit.formats.kinds.access import parse_line

HEAD = "203.0.113.7 - - [06/May/2024:07:08:09 +0200] "
COMBINED = (
    '203.0.113.7 - ana [06/May/2024:07:08:09 +0200] "GET /a.php?q=\\"x HTTP/1.1" 200 5316 '
    '"https://corp.example/" "Mozilla/5.0 (X11; Linux)"\n'
)


def test_combined_and_common_have_the_documented_fields(read):
    out = read((COMBINED + HEAD + '"POST /b HTTP/2.0" 404 -\n').encode(), "access.log")
    assert out.format == "access"
    first, second = out.records
    assert first == {
        "VirtualHost": "", "Client": "203.0.113.7", "Ident": "", "User": "ana",
        "Time": "06/May/2024:07:08:09 +0200", "Method": "GET", "Url": '/a.php?q=\\"x',
        "Version": "HTTP/1.1", "Status": 200, "Bytes": 5316, "Referrer": "https://corp.example/",
        "UserAgent": "Mozilla/5.0 (X11; Linux)",
    }  # fmt: skip
    assert (second["Method"], second["Status"], second["Bytes"], second["UserAgent"]) == (
        "POST", 404, None, "",
    )  # fmt: skip


def test_a_virtual_host_may_stand_in_front_and_fields_at_the_end():
    found = parse_line("www.corp.example:443 " + COMBINED.strip() + ' "10.0.0.9" 0.005')
    assert found is not None
    assert (found["VirtualHost"], found["Client"]) == ("www.corp.example:443", "203.0.113.7")
    assert found["_extra"] == '"10.0.0.9" 0.005'


def test_a_user_name_may_hold_blanks():
    found = parse_line('::1 - ana lima [06/May/2024:07:08:09 +0200] "GET / HTTP/1.1" 401 5')
    assert found is not None
    assert (found["Client"], found["User"], found["VirtualHost"]) == ("::1", "ana lima", "")


@pytest.mark.parametrize(
    ("request_text", "parts"),
    [
        ("\\x16\\x03\\x01", ("", "", "\\x16\\x03\\x01")),
        ("-", ("", "", "")),
        ("", ("", "", "")),
        ("GET /", ("GET", "/", None)),
        ("GET /a b HTTP/1.1", ("GET", "/a b", None)),
        ("PROPFIND /dav HTTP/1.1", ("PROPFIND", "/dav", None)),
    ],
)
def test_requests_that_are_none_keep_their_text(request_text, parts):
    found = parse_line(HEAD + f'"{request_text}" 400 226 "-" "-"')
    assert found is not None
    assert (found["Method"], found["Url"], found.get("Request")) == parts


@pytest.mark.parametrize(
    "line",
    ["203.0.113.7 [06/May/2024:07:08:09 +0200] x", HEAD + '"GET / HTTP/1.1" 200', HEAD + '"GET /'],
)
def test_other_lines_are_skipped(line, read):
    out = read((COMBINED * 9 + line + "\n").encode())
    assert (len(out.records), out.skipped) == (9, {"not an access record": 1})


def test_lines_of_quotes_and_backslashes_are_quick_and_no_record():
    for text in ('"' * 500_000, '\\"' * 500_000, "\\" * 500_001, " " * 500_000):
        assert parse_line(HEAD + '"' + text) is None
    assert parse_line("a " * 500_000) is None


@given(st.text(max_size=100), st.text(max_size=100))
@settings(max_examples=40, deadline=None)
def test_no_text_crashes_it(text, agent):
    parse_line(text)
    found = parse_line(HEAD + f'"{text}" 200 1 "-" "{agent}"')
    assert found is None or found["Client"] == "203.0.113.7"
