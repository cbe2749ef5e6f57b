import pytest

from huntkit.core.errors import BadReply
from huntkit.runtime import Reply


def reply(content: bytes, kind: str = "application/json") -> Reply:
    return Reply(
        service="QuietNet",
        url="https://x/?key=****",
        status_code=200,
        headers={"content-type": kind} if kind else {},
        content=content,
        elapsed_s=0.1,
        hide=lambda text: text.replace("secret", "****"),
    )


@pytest.mark.parametrize(
    ("content", "kind", "text"),
    [
        ("äö".encode(), "", "äö"),
        ("äö".encode("latin-1"), "text/html; charset=ISO-8859-1", "äö"),
        ("äö".encode("utf-16"), 'text/plain; charset="utf-16"', "äö"),
        (b"\xef\xbb\xbfx", "text/plain", "x"),
        (b"a\xffb", "text/plain", "a\ufffdb"),
        (b"abc", "text/plain; charset=no-such-thing", "abc"),
        (b"abc", "text/plain; charset=hex", "abc"),
    ],
)
def test_text_is_read_by_its_charset(content: bytes, kind: str, text: str) -> None:
    assert reply(content, kind).text == text


def test_what_is_no_json_is_shown_short_visible_and_without_secrets() -> None:
    body = b"<html>\x1b[31m\n  secret " + b"x" * 5000
    with pytest.raises(BadReply) as caught:
        reply(body, "text/html; charset=utf-8").json()
    told = str(caught.value)
    assert "QuietNet answered with something that is no JSON" in told
    assert "text/html, 5,021 bytes, begins '<html>␛[31m **** xxx" in told
    assert len(told) < 500
    assert caught.value.status == 200
    with pytest.raises(BadReply, match="an empty body"):
        reply(b" \n").json()


def test_a_reply_shows_neither_body_nor_headers() -> None:
    assert repr(reply(b'{"a": 1}')) == (
        "Reply(service='QuietNet', url='https://x/?key=****', status_code=200, elapsed_s=0.1,"
        " attempts=1)"
    )
    assert reply(b'{"a": [1, null]}').json() == {"a": [1, None]}
