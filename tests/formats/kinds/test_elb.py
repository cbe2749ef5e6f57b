import pytest
from hypothesis import given
from hypothesis import strategies as st

from huntkit.formats.kinds.elb import FIELDS, parse_line

ALB = (
    "https 2024-03-04T10:12:33.186641Z app/web/50dc6c495c0c9188 203.0.113.7:2817 10.0.0.66:9010 "
    '0.086 0.048 0.037 200 200 0 57 "GET https://corp.example:443/a?b=c HTTP/1.1" "curl a"b" '
    'ECDHE-RSA-AES128-GCM-SHA256 TLSv1.2 arn:aws:tg/1 "Root=1-5" "corp.example" "arn:aws:acm" '
    '1 2024-03-04T10:12:33.086000Z "forward" "-" "-" "10.0.0.66:9010" "200" "-" "-" TID_1'
)
REFUSED = (
    "http 2024-03-04T10:12:34.186641Z app/web/1 [2001:db8::1]:2818 - -1 -1 -1 400 - 34 272 "
    '"- http://web:80- -" "-" - -'
)
CLASSIC = (
    "2024-03-04T10:12:33.945958Z web 203.0.113.7:2817 10.0.0.1:80 0.000073 0.001048 0.000057 "
    '200 200 0 29 "GET http://corp.example:80/ HTTP/1.1" "curl/7.38.0" - -'
)


def test_the_application_load_balancers_fields() -> None:
    found = parse_line(ALB)
    assert found is not None
    expected = {
        "Type": "https", "Time": "2024-03-04T10:12:33.186641Z", "ClientIp": "203.0.113.7",
        "ClientPort": 2817, "TargetIp": "10.0.0.66", "TargetPort": 9010, "ElbStatusCode": 200,
        "TargetStatusCode": "200", "SentBytes": 57, "UserAgent": 'curl a"b',
        "Request": "GET https://corp.example:443/a?b=c HTTP/1.1", "SslProtocol": "TLSv1.2",
        "DomainName": "corp.example", "RedirectUrl": "", "ConnTraceId": "TID_1",
    }  # fmt: skip
    assert {key: found[key] for key in expected} == expected
    assert parse_line(f"{ALB} new")["_extra"] == ["new"]


def test_requests_that_reached_no_target() -> None:
    found = parse_line(REFUSED)
    assert found is not None
    assert (found["ClientIp"], found["TargetIp"], found["TargetPort"]) == ("2001:db8::1", "", None)
    assert (found["ElbStatusCode"], found["TargetStatusCode"]) == (400, "")


def test_both_kinds_of_balancers_are_told_by_content(read) -> None:
    out = read(f"{ALB}\n{CLASSIC}\n{REFUSED}\n{ALB}\nbroken\n".encode())
    assert out.format == "elb"
    assert [record["Type"] for record in out.records] == ["https", "", "http", "https"]
    assert out.records[1]["Elb"] == "web"
    assert out.skipped == {"not a load balancer's record": 1}


@pytest.mark.parametrize(
    "line",
    [
        "2024-03-04T10:12:33.945958Z web sshd[5]: session opened",
        '2024-03-04T10:12:33.945958Z web 203.0.113.7:2817 10.0.0.1:80 fast slow 1 200 200 0 2 "x"',
        "http 2024-03-04T10:12:33Z a b c d e f",
    ],
)  # fmt: skip
def test_other_lines_are_none(line: str, read) -> None:
    assert parse_line(line) is None
    assert read(f"{line}\n".encode()).format != "elb"


@given(st.sampled_from([ALB[:120], ALB, CLASSIC, ""]), st.text(max_size=80))
def test_no_text_crashes_it(head: str, tail: str) -> None:
    known = {*FIELDS, "ClientIp", "ClientPort", "TargetIp", "TargetPort", "_extra"}
    assert (parse_line(head + tail) or {}).keys() <= known
