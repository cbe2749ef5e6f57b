import pytest
from hypothesis import given
from hypothesis import strategies as st

from huntkit.formats.kinds.weberror import parse_line

APACHE = (
    "[Mon Mar 04 10:12:33.123456 2024] [core:error] [pid 357:tid 432] [client 203.0.113.7:51234] "
    "AH00035: access to /x denied, referer: http://corp.example/"
)
OLD = "[Mon Mar  4 10:12:34 2024] [error] [client 203.0.113.8] File does not exist: /var/www/x"
NGINX = (
    '2024/03/04 10:12:33 [error] 12#56: *90 open() "/x" failed (2: No such file), client: '
    '203.0.113.9, server: corp.example, request: "GET /x?y=1 HTTP/1.1", upstream: '
    '"http://127.0.0.1:8080/x", host: "corp.example", referrer: "https://corp.example/a, b"'
)


def test_errors_of_apache() -> None:
    assert parse_line(APACHE) == {
        "Product": "Apache", "timestamp": "2024-03-04T10:12:33.123456", "year_missing": False,
        "zone_missing": True, "Level": "error", "Pid": "357", "Tid": "432",
        "Message": "AH00035: access to /x denied, referer: http://corp.example/",
        "Client": "203.0.113.7", "ClientPort": "51234", "Referrer": "http://corp.example/",
        "Module": "core",
    }  # fmt: skip
    old = parse_line(OLD)
    assert old is not None
    assert (old["timestamp"], old["Client"], old["ClientPort"], old["Level"]) == (
        "2024-03-04T10:12:34", "203.0.113.8", "", "error",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("line", "client", "port"),
    [
        (APACHE.replace("203.0.113.7:51234", "2001:db8::7:51234"), "2001:db8::7", "51234"),
        (OLD.replace("203.0.113.8", "2001:db8::7"), "2001:db8::7", ""),
        (NGINX.replace("203.0.113.9", "2001:db8::7"), "2001:db8::7", ""),
        (NGINX.replace("203.0.113.9", "unix:"), "unix:", ""),
        (APACHE.replace(" [client 203.0.113.7:51234]", ""), "", ""),
    ],
)
def test_addresses_of_clients(line: str, client: str, port: str) -> None:
    found = parse_line(line)
    assert found is not None
    assert (found["Client"], found["ClientPort"]) == (client, port)


def test_errors_of_nginx() -> None:
    found = parse_line(NGINX)
    assert found is not None
    expected = {
        "Product": "nginx", "timestamp": "2024-03-04T10:12:33", "Level": "error", "Pid": "12",
        "Tid": "56", "Connection": "90", "Client": "203.0.113.9", "Method": "GET",
        "Url": "/x?y=1", "Version": "HTTP/1.1", "Server": "corp.example", "Host": "corp.example",
        "Upstream": "http://127.0.0.1:8080/x", "Referrer": "https://corp.example/a, b",
    }  # fmt: skip
    assert {key: found[key] for key in expected} == expected


@pytest.mark.parametrize(
    "forged", ["/, client: 198.51.100.1, server: x", '/" , client: 198.51.100.1, server: x']
)
def test_a_client_that_a_client_wrote_is_not_believed(forged: str) -> None:
    for line in (NGINX.replace('"/x"', f'"{forged}"'), NGINX.replace("/x?y=1", forged)):
        found = parse_line(line)
        assert found is not None
        assert "198.51.100.1" in found["Message"]
        assert "198.51.100.1" not in (found.get("Client"), found.get("Server"))


def test_lines_without_a_header_stay_rows(read) -> None:
    out = read(f"{APACHE}\nPHP Warning:  x\n{NGINX}\nmore\n".encode())
    assert out.format == "weberror"
    assert out.records[1] == {"Product": "Apache", "Message": "PHP Warning:  x"}
    assert out.records[3] == {"Product": "nginx", "Message": "more"}
    assert out.rows == 4


@pytest.mark.parametrize(
    "data",
    [b"[Mon Mar 04 10:12:33 2024] something\n", b"2024/03/04 10:12:33 [error] something\n",
     b"[Mon Mar 04 10:12:33 2024] [loud] x\n", b"hello\n" + OLD.encode()],
)  # fmt: skip
def test_other_logs_are_none(data: bytes, read) -> None:
    assert read(data).format != "weberror"


def test_a_day_that_is_none_has_no_time() -> None:
    found = parse_line(OLD.replace("Mar  4", "Mar 44"))
    assert found is not None
    assert found["timestamp"] == ""


@given(st.sampled_from([APACHE[:60], OLD[:40], NGINX[:45], NGINX, ""]), st.text(max_size=80))
def test_no_text_crashes_it(head: str, tail: str) -> None:
    found = parse_line(head + tail)
    assert found is None or found["Product"] in ("Apache", "nginx")
