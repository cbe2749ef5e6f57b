"""Samples are synthetic, in the form of AWS's "Access logs for your Network Load Balancer"."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from huntkit.formats.kinds.nlb import FIELDS, parse_line

ALPN = (
    "tls 2.0 2024-03-04T10:12:33 net/web/c6e77e28c25b2234 g3d4b5e8bb8464cd 203.0.113.7:51341 "
    "198.51.100.185:443 5 2 98 246 42 arn:aws:acm:eu-west-1:1:certificate/2a10 - "
    'ECDHE-RSA-AES128-SHA tlsv12 - corp.example h2 h2 "h2","http/1.1" 2024-03-04T10:12:28'
)
PLAIN = (
    "tls 2.0 2024-03-04T10:12:34 net/web/c6e7 g3d4 [2001:db8::1]:51342 - 5 - 98 246 - - - - - - "
    "- - - -"
)


def test_the_fields_are_all_there() -> None:
    found = parse_line(ALPN)
    assert found is not None
    assert set(FIELDS) == found.keys()
    expected = {
        "Time": "2024-03-04T10:12:33", "Nlb": "net/web/c6e77e28c25b2234",
        "Client": "203.0.113.7:51341",
        "Target": "198.51.100.185:443", "ReceivedBytes": "98", "IncomingTlsAlert": "42",
        "ChosenCertSerial": "", "TlsProtocolVersion": "tlsv12", "DomainName": "corp.example",
        "AlpnClientPreferenceList": '"h2","http/1.1"',
        "TlsConnectionCreationTime": "2024-03-04T10:12:28",
    }  # fmt: skip
    assert {key: found[key] for key in expected} == expected
    more = parse_line(f"{ALPN} new - field")
    assert more is not None
    assert more["_extra"] == ["new", "-", "field"]


def test_connections_without_a_handshake_and_older_lines() -> None:
    found = parse_line(PLAIN)
    assert found is not None
    assert (found["Client"], found["Target"], found["DomainName"]) == (
        "[2001:db8::1]:51342", "", "",
    )  # fmt: skip
    assert "TlsConnectionCreationTime" not in found


def test_they_are_told_by_content(read) -> None:
    out = read(f"{ALPN}\r\n{PLAIN}\n{ALPN}\n{PLAIN}\nbroken\n".encode())
    assert out.format == "nlb"
    assert out.numbers == [1, 2, 3, 4]
    assert out.records[0]["TlsConnectionCreationTime"] == "2024-03-04T10:12:28"
    assert out.skipped == {"not a network load balancer's record": 1}


@pytest.mark.parametrize(
    "line",
    [
        "tls 2.0 2024-03-04T10:12:33 net/web/1 handshake of 203.0.113.7:1 failed",
        "2024-03-04T10:12:33Z web tls 2.0",
        "tls: handshake failure",
    ],
)
def test_other_lines_are_none(line: str, read) -> None:
    assert parse_line(line) is None
    assert read(f"{line}\n".encode()).format != "nlb"


@given(st.sampled_from([ALPN[:120], ALPN, PLAIN, ""]), st.text(max_size=80))
def test_no_text_crashes_it(head: str, tail: str) -> None:
    known = {*FIELDS, "_extra"}
    assert (parse_line(head + tail) or {}).keys() <= known
