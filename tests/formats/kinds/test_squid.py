import pytest
from hypothesis import given
from hypothesis import strategies as st

from huntkit.formats.kinds.squid import parse_line

MISS = (
    "1709547153.521    502 10.1.2.3 TCP_MISS/200 216 GET http://corp.example/a ana "
    "HIER_DIRECT/203.0.113.7 text/html"
)
DENIED = (
    "1709547154.521     10 10.1.2.4 TCP_DENIED/403 3900 CONNECT bad.example:443 - HIER_NONE/- "
    "text/html"
)


def test_the_fields_of_squids_own_format(read) -> None:
    out = read(f"{MISS}\n{DENIED} [Host: x]\n{MISS}\n{MISS}\nbroken\n".encode())
    assert out.format == "squid"
    assert out.records[0] == {
        "Time": "1709547153.521", "Duration": 502, "Client": "10.1.2.3", "ResultCode": "TCP_MISS",
        "Status": 200, "Bytes": 216, "Method": "GET", "Url": "http://corp.example/a",
        "User": "ana", "PeerStatus": "HIER_DIRECT", "PeerHost": "203.0.113.7",
        "ContentType": "text/html",
    }  # fmt: skip
    second = out.records[1]
    assert (second["User"], second["PeerHost"], second["_extra"]) == ("", "", "[Host: x]")
    assert out.skipped == {"not a record of Squid": 1}


@pytest.mark.parametrize(
    "line",
    [
        "1709547153.521 502 10.1.2.3 fetched 216 GET http://corp.example/a",
        "1709547153 502 10.1.2.3 TCP_MISS/200 216 GET http://corp.example/a ana HIER_DIRECT/- x",
        "1709547153.521 C1 10.0.0.1 50000 10.0.0.2 443 tcp ssl 1.0 1 2 SF",
    ],
)
def test_other_lines_are_none(line: str, read) -> None:
    assert parse_line(line) is None
    assert read(f"{line}\n".encode()).format != "squid"


@given(st.sampled_from([MISS[:60], MISS, ""]), st.text(max_size=80))
def test_no_text_crashes_it(head: str, tail: str) -> None:
    found = parse_line(head + tail)
    assert found is None or isinstance(found["Status"], int)
