import asyncio
import gzip
import os
import socket
import threading
import time
import zlib
from pathlib import Path

import pytest

from huntkit.core.errors import (
    AccessDenied,
    BadReply,
    HuntkitError,
    Offline,
    RateLimited,
    RequestFailed,
    ServiceDown,
    SettingsError,
    TimedOut,
    UsageError,
)
from huntkit.runtime import Basic, HttpSettings, Limits, Secret
from servers import Answer, in_turn

KEY = "k3y-that-must-not-show-0123456789"
TARRED = gzip.compress(b"x" * 5_000_000)


@pytest.fixture
def free_port(loopback: None) -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return taken.getsockname()[1]


def test_a_request_arrives_as_it_was_meant(http_server, client) -> None:
    server = http_server(Answer(json={"ok": 1}, headers={"X-Left": "9"}))
    asking = client(server.url + "/api/", headers={"key": Secret.held(KEY)}, params={"v": 3})
    reply = asking.get("/ip/{ip}", fill={"ip": "../a b?c#d/é"}, params={"x": [1, True, None]})
    (asked,) = server.asked
    assert asked.target == "/api/ip/..%2Fa%20b%3Fc%23d%2F%C3%A9?v=3&x=1&x=true"
    assert asked.headers["key"] == KEY
    assert asked.headers["user-agent"].startswith("huntkit/")
    assert (reply.status_code, reply.json(), reply.headers["x-left"]) == (200, {"ok": 1}, "9")
    assert reply.attempts == 1


def test_bodies_are_sent_as_json_form_or_as_they_are(http_server, client) -> None:
    server = http_server(Answer(json={}))
    asking = client(server.url, auth=Basic("me", Secret.held("pass word")))
    asking.post("/a", json={"q": "x", "deep": [{"key": Secret.held(KEY)}]})
    asking.post("/b", form={"q": "a b&c", "none": None, "key": Secret.held(KEY)})
    asking.post("/c", content="plain", headers={"Content-Type": "application/kql"})
    asking.post("/d", content=b"\x00\x01")
    one, two, three, four = server.asked
    assert one.json() == {"q": "x", "deep": [{"key": KEY}]}
    assert one.headers["content-type"] == "application/json"
    assert two.body == f"q=a+b%26c&key={KEY}".encode()
    assert (three.body, three.headers["content-type"]) == (b"plain", "application/kql")
    assert (four.body, four.headers.get("content-type")) == (b"\x00\x01", None)
    assert one.headers["authorization"] == "Basic bWU6cGFzcyB3b3Jk"


def test_an_awaited_call_works_in_a_loop_that_runs_already(http_server, client) -> None:
    server = http_server(Answer(json=[1]))
    asking = client(server.url)

    async def in_a_notebook() -> list[object]:
        awaited, other = await asyncio.gather(asking.aget("/a"), asking.apost("/b", json={}))
        blocking = asking.get("/c")  # what a cell does, whose loop runs around it
        return [awaited.json(), other.json(), blocking.json()]

    assert asyncio.run(in_a_notebook()) == [[1], [1], [1]]


# Replies that are errors


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (300, RequestFailed),
        (400, RequestFailed),
        (401, AccessDenied),
        (403, AccessDenied),
        (404, RequestFailed),
    ],
)
def test_a_refusal_is_an_error_and_is_not_tried_again(
    status: int, error: type[RequestFailed], http_server, client
) -> None:
    server = http_server(Answer(status=status, json={"error": "no such key"}))
    with pytest.raises(error, match=f"QuietNet answered {status} .*no such key") as caught:
        client(server.url).get("/")
    assert type(caught.value) is error
    assert caught.value.status == status
    assert len(server.asked) == 1


def test_a_status_that_is_an_answer_is_one(http_server, client) -> None:
    server = http_server(Answer(status=404, json={"known": False}))
    assert client(server.url, answers={404}).get("/").json() == {"known": False}
    assert client(server.url).get("/", answers=(404,)).status_code == 404
    with pytest.raises(RequestFailed):
        client(server.url, answers={410}).get("/")


@pytest.mark.parametrize("status", [408, 425, 500, 502, 503, 504])
def test_a_passing_failure_is_tried_again(status: int, http_server, client, clock) -> None:
    server = http_server(in_turn(Answer(status=status), Answer(status=status), Answer(json=1)))
    reply = client(server.url).get("/")
    assert (reply.json(), reply.attempts, clock.slept) == (1, 3, [0.5, 1.0])


def test_a_failure_that_stays_is_told_with_its_attempts(http_server, client, clock) -> None:
    server = http_server(Answer(status=500, body="<html><b>Oops</b>", headers={}))
    with pytest.raises(RequestFailed, match=r"500 .*\(tried 3 times\).*Oops") as caught:
        client(server.url, limits=Limits(attempts=3)).get("/x")
    assert len(server.asked) == 3
    assert caught.value.context["attempts"] == 3
    assert caught.value.context["url"] == f"{server.url}/x"


def test_what_may_have_been_acted_on_is_not_repeated(http_server, client, clock) -> None:
    server = http_server(Answer(status=500))
    with pytest.raises(RequestFailed):
        client(server.url).post("/", json={})
    assert len(server.asked) == 1
    with pytest.raises(RequestFailed):
        client(server.url).post("/", json={}, repeatable=True)
    assert len(server.asked) == 5
    busy = http_server(in_turn(Answer(status=429), Answer(json=1)))
    assert client(busy.url).post("/", json={}).attempts == 2


# Too often


@pytest.mark.parametrize(
    ("headers", "waits"),
    [
        ({"Retry-After": "7"}, [7.0]),
        ({"Retry-After": "Fri, 01 May 2026 12:00:09 GMT"}, [9.0]),
        (
            {
                "Retry-After": "Fri, 01 May 2026 09:00:04 GMT",
                "Date": "Fri, 01 May 2026 09:00:00 GMT",
            },
            [4.0],
        ),
        ({"x-ms-user-quota-resets-after": "00:00:05"}, [5.0]),
        ({}, [0.5]),
        ({"Retry-After": "-5"}, [0.5]),
        ({"Retry-After": "garbage"}, [0.5]),
    ],
)
def test_it_waits_as_long_as_the_service_says(headers, waits, http_server, client, clock) -> None:
    server = http_server(in_turn(Answer(status=429, headers=headers), Answer(json=1)))
    assert client(server.url).get("/").attempts == 2
    assert clock.slept == waits


def test_a_wait_that_is_too_long_is_not_waited_and_holds_for_all(
    http_server, client, clock
) -> None:
    server = http_server(Answer(status=429, headers={"Retry-After": "3600"}))
    asking = client(server.url)
    with pytest.raises(RateLimited) as caught:
        asking.get("/")
    assert caught.value.retry_after == 3600
    with pytest.raises(RateLimited, match="QuietNet was not asked") as caught:
        asking.get("/other")
    assert caught.value.retry_after == 3600
    assert (len(server.asked), clock.slept) == (1, [])
    server.handler = in_turn(Answer(json=1))
    clock.time += 3601
    assert asking.get("/").json() == 1


def test_limits_without_an_end_end(http_server, client, clock) -> None:
    server = http_server(Answer(status=429))
    with pytest.raises(RateLimited, match="429 Too Many Requests") as caught:
        client(server.url).get("/")
    assert caught.value.retry_after is None
    assert clock.slept == [0.5, 1.0, 2.0]


def test_a_minute_holds_no_more_than_was_declared(http_server, client, clock) -> None:
    server = http_server(Answer(json=1))
    asking = client(server.url, limits=Limits(per_minute=4))
    for _ in range(6):
        asking.get("/")
    assert clock.slept == [pytest.approx(60.05, abs=0.01)]


def test_no_more_are_under_way_than_was_declared(http_server, client) -> None:
    server = http_server(Answer(json=1, wait_s=0.05))
    asking = client(server.url, limits=Limits(concurrency=3))

    async def many() -> None:
        await asyncio.gather(*(asking.aget(f"/{n}") for n in range(12)))

    asyncio.run(many())
    assert server.most_under_way == 3
    assert server.connections == 3


# What breaks


def test_a_refused_connection_is_named_and_tried_again(free_port, client, clock) -> None:
    with pytest.raises(RequestFailed, match=r"no connection: .*\(tried 4 times\)") as caught:
        client(f"http://127.0.0.1:{free_port}").get("/")
    assert isinstance(caught.value, ConnectionError)
    assert clock.slept == [0.5, 1.0, 2.0]


def test_a_connection_that_is_refused_once_is_no_failure(http_server, client, clock) -> None:
    server = http_server(in_turn(Answer(hang_up=True), Answer(json=1)))
    assert client(server.url).get("/").attempts == 2


@pytest.mark.parametrize(
    "cut",
    [
        Answer(body=b"x" * 1000, reset_after=10),
        Answer(body=b"x" * 10, length=1000),
        Answer(raw=b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc"),
        Answer(body=TARRED[:100], headers={"Content-Encoding": "gzip"}),
        Answer(body=b"no gzip", headers={"Content-Encoding": "gzip"}),
        Answer(body=b"x", headers={"Content-Encoding": "br"}),
        Answer(raw=b"nonsense\r\n\r\n"),
        Answer(raw=b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 50_000 + b"\r\n"),
        Answer(hang_up=True),
    ],
)
def test_a_cut_or_broken_reply_is_never_an_answer(cut: Answer, http_server, client, clock) -> None:
    server = http_server(cut)
    with pytest.raises(BadReply, match="QuietNet"):
        client(server.url, limits=Limits(attempts=2)).get("/")
    assert len(server.asked) == 2
    server.handler = in_turn(cut, Answer(json=1))
    assert client(server.url).get("/").json() == 1


def test_a_slow_start_and_a_slow_body_time_out(http_server, client, clock) -> None:
    silent = http_server(Answer(json=1, wait_s=5))
    with pytest.raises(TimedOut, match=r"nothing came for 0\.1 s") as caught:
        client(silent.url, limits=Limits(read_timeout_s=0.1, attempts=1)).get("/")
    assert isinstance(caught.value, TimeoutError)
    dripping = http_server(Answer(pieces=[b"x"] * 100, pause_s=0.05))
    started = time.monotonic()
    with pytest.raises(TimedOut, match=r"no whole reply within 0\.3 s"):
        client(dripping.url, limits=Limits(total_timeout_s=0.3, attempts=1)).get("/")
    assert time.monotonic() - started < 2


def test_a_connection_that_nobody_takes_times_out(loopback, client, clock) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=1) as full:
        port = full.getsockname()[1]
        waiting = [socket.socket() for _ in range(4)]
        try:
            for each in waiting:  # the queue of the system is full after these
                each.setblocking(False)
                each.connect_ex(("127.0.0.1", port))
            limits = Limits(connect_timeout_s=0.2, attempts=1)
            with pytest.raises(TimedOut, match=r"no connection within 0\.2 s"):
                client(f"http://127.0.0.1:{port}", limits=limits).get("/")
        finally:
            for each in waiting:
                each.close()


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_a_bomb_stops_at_the_limit(coding: str, http_server, client) -> None:
    plain = b"\0" * 50_000_000
    bomb = gzip.compress(plain) if coding == "gzip" else zlib.compress(plain)
    server = http_server(Answer(body=bomb, headers={"Content-Encoding": coding}))
    with pytest.raises(BadReply, match="larger than 1,000,000 bytes"):
        client(server.url, limits=Limits(max_reply_bytes=1_000_000)).get("/")
    assert len(server.asked) == 1


def test_a_huge_body_is_not_read_further_than_the_limit(http_server, client) -> None:
    sent = 0

    def endless():
        nonlocal sent
        while True:
            sent += 100_000
            yield b"x" * 100_000

    server = http_server(Answer(pieces=endless()))
    with pytest.raises(BadReply, match="larger than 1,000,000 bytes"):
        client(server.url, limits=Limits(max_reply_bytes=1_000_000)).get("/")
    assert sent < 20_000_000


def test_compressed_replies_are_read(http_server, client) -> None:
    raw = zlib.compressobj(wbits=-15)
    bodies = {
        "gzip": gzip.compress(b"abc" * 100_000) + gzip.compress(b"def"),
        "deflate": zlib.compress(b"abc" * 100_000 + b"def"),
        "DEFLATE": raw.compress(b"abc" * 100_000 + b"def") + raw.flush(),
        "identity": b"abc" * 100_000 + b"def",
    }
    for coding, body in bodies.items():
        server = http_server(Answer(body=body, headers={"Content-Encoding": coding}))
        assert client(server.url).get("/").content == b"abc" * 100_000 + b"def", coding


@pytest.mark.parametrize("body", [b"<html>sign in</html>", b"", b'{"a":', b"[" * 5000, b"\xff\xfe"])
def test_what_is_no_json_is_told_with_its_beginning(body: bytes, http_server, client) -> None:
    server = http_server(Answer(body=body, headers={"Content-Type": "text/html"}))
    reply = client(server.url).get("/")
    with pytest.raises(
        BadReply, match="QuietNet answered with something that is no JSON"
    ) as caught:
        reply.json()
    assert ("sign in" in str(caught.value)) == (b"sign in" in body)
    assert caught.value.__context__ is None


def test_a_host_that_is_away_is_left_alone_for_a_while(free_port, client, clock) -> None:
    asking = client(f"http://127.0.0.1:{free_port}", limits=Limits(attempts=1))
    for _ in range(5):
        with pytest.raises(RequestFailed, match="no connection"):
            asking.get("/")
    with pytest.raises(ServiceDown, match="failed 5 times in a row, lastly: no connection"):
        asking.get("/")
    clock.time += 31
    with pytest.raises(RequestFailed, match="no connection"):
        asking.get("/")
    with pytest.raises(ServiceDown):
        asking.get("/")


def test_values_that_a_service_stumbles_over_do_not_cost_the_others(http_server, client) -> None:
    bad = Answer(status=500)
    server = http_server(lambda asked: bad if asked.path == "/bad" else Answer(json=1))
    asking = client(server.url, limits=Limits(attempts=1))
    for _ in range(20):
        with pytest.raises(RequestFailed, match="500"):
            asking.get("/bad")
    assert asking.get("/good").json() == 1


# Where it may go


def test_offline_nothing_is_sent(http_server, client, session_with) -> None:
    server = http_server(Answer(json=1))
    asking = client(server.url, of=session_with(offline=True))
    with pytest.raises(Offline, match="this session is offline") as caught:
        asking.get("/")
    assert isinstance(caught.value, ConnectionError)
    with pytest.raises(Offline):
        asyncio.run(asking.aget("/"))
    with pytest.raises(Offline):
        asking.download("/", Path("never"), max_bytes=1)
    assert server.connections == 0


def test_redirects_on_the_same_host_are_followed(http_server, client) -> None:
    def handler(asked):
        if asked.path == "/old":
            return Answer(status=302, headers={"Location": "/new?x=1"})
        return Answer(json=asked.headers.get("key"))

    server = http_server(handler)
    reply = client(server.url, headers={"key": Secret.held(KEY)}).get("/old")
    assert server.asked[1].headers["key"] == KEY
    assert reply.url == f"{server.url}/new?x=1"


def test_keys_are_never_taken_to_another_host(http_server, client) -> None:
    far = http_server(Answer(json=1))
    server = http_server(Answer(status=302, headers={"Location": far.url + "/x"}))
    keyed = {"headers": {"key": Secret.held(KEY)}, "params": {"k": Secret.held(KEY)}}
    with pytest.raises(BadReply, match=r"redirected .* another host"):
        client(server.url, **keyed).get("/")
    assert far.asked == []
    assert client(server.url, **keyed, elsewhere=True).get("/").json() == 1
    assert "key" not in far.asked[0].headers
    assert KEY not in far.asked[0].target
    leaking = http_server(Answer(status=302, headers={"Location": f"{far.url}/?k={KEY}"}))
    with pytest.raises(BadReply, match="would carry a key") as caught:
        client(leaking.url, **keyed, elsewhere=True).get("/")
    assert KEY not in str(caught.value)
    assert len(far.asked) == 1


@pytest.mark.parametrize(
    "place", ["file:///etc/passwd", "ftp://x.example/", "javascript:alert(1)", "http://[::1", "//"]
)
def test_redirects_to_nowhere_are_refused(place: str, http_server, client) -> None:
    server = http_server(Answer(status=301, headers={"Location": place}))
    with pytest.raises(RequestFailed, match="QuietNet"):
        client(server.url, elsewhere=True).get("/")
    assert len(server.asked) <= 6


def test_redirects_that_never_end_do(http_server, client) -> None:
    server = http_server(Answer(status=302, headers={"Location": "/again"}))
    with pytest.raises(BadReply, match="redirected too often"):
        client(server.url).get("/")
    assert len(server.asked) == 6


def test_a_redirected_post_is_not_turned_into_a_get(http_server, client) -> None:
    server = http_server(Answer(status=302, headers={"Location": "/new"}))
    with pytest.raises(BadReply, match="would lose what was posted"):
        client(server.url).post("/", json={})
    server.handler = in_turn(Answer(status=307, headers={"Location": "/new"}), Answer(json=1))
    assert client(server.url).post("/", json={"a": 1}).json() == 1
    assert server.asked[-1].json() == {"a": 1}


def test_a_next_page_may_name_the_usual_port(client) -> None:
    asked = client("https://management.azure.com")
    again = asked.call("GET", "https://Management.azure.com:443/more?$skiptoken=1")
    assert again.url == "https://Management.azure.com:443/more?$skiptoken=1"
    for other in (":444", ":x", ":443.elsewhere.example", "@elsewhere.example", ":443@x"):
        with pytest.raises(UsageError):
            asked.call("GET", f"https://management.azure.com{other}/more")
    with pytest.raises(UsageError):
        asked.call("GET", "http://management.azure.com:443/more")


def test_the_next_page_must_lie_on_the_same_host(http_server, client) -> None:
    server = http_server(Answer(json=1))
    asking = client(server.url + "/api")
    assert asking.get(server.url + "/api/next?skip=1").json() == 1
    for url in ("http://evil.example/x", f"http://me:pw@127.0.0.1:{server.port}/", "gopher://x/"):
        with pytest.raises(UsageError):
            asking.get(url)
    with pytest.raises(UsageError, match=r"can't stand for \{ip\}"):
        asking.get("/{ip}/x", fill={"ip": ".."})
    with pytest.raises(UsageError, match=r"did you mean 'ip'"):
        asking.get("/{ipp}", fill={"ip": "x"})
    assert len(server.asked) == 1


def test_certificates_are_verified(http_server, client, session_with, clock) -> None:
    server = http_server(Answer(json=1), tls=True)
    with pytest.raises(RequestFailed, match=r"certificate is not trusted.*ca_bundle"):
        client(server.url).get("/")
    assert server.asked == []
    trusting = session_with(http=HttpSettings(ca_bundle=server.ca))
    assert client(server.url, of=trusting).get("/").json() == 1
    other = http_server(Answer(json=1), tls=True, names=["other.example"])
    wrong_name = session_with(http=HttpSettings(ca_bundle=other.ca))
    with pytest.raises(RequestFailed, match=r"certificate .*localhost"):
        client(other.url, of=wrong_name).get("/")
    assert other.asked == []


def test_a_broken_bundle_of_certificates_is_a_settings_error(
    http_server, client, session_with, tmp_path
) -> None:
    (tmp_path / "empty.pem").write_text("no certificate")
    server = http_server(Answer(json=1), tls=True)
    for name in ("empty.pem", "missing.pem"):
        session = session_with(http=HttpSettings(ca_bundle=tmp_path / name))
        with pytest.raises(SettingsError, match=f"{name}.*can't be read"):
            client(server.url, of=session).get("/")


def test_a_key_is_not_sent_without_encryption(client) -> None:
    for keyed in ({"headers": {"key": Secret.held(KEY)}}, {"auth": Basic("me", Secret.held(KEY))}):
        with pytest.raises(SettingsError, match="is not encrypted"):
            client("http://api.quietnet.example", **keyed).get("/")


def test_a_body_with_a_key_is_not_sent_without_encryption(client) -> None:
    with pytest.raises(SettingsError, match="is not encrypted"):
        client("http://api.quietnet.example").post("/", json={"key": Secret.held(KEY)})


def test_a_proxy_is_used_for_http_and_https(http_server, client, session_with) -> None:
    target = http_server(Answer(json="target"), tls=True)
    proxy = http_server(
        lambda asked: Answer(tunnel=True) if asked.method == "CONNECT" else Answer(json="proxy")
    )
    settings = HttpSettings(
        proxy=proxy.url,
        proxy_user="me",
        proxy_password=Secret.held(KEY),
        ca_bundle=target.ca,
        no_proxy=("*.lan",),
    )
    session = session_with(http=settings)
    assert client("http://site.example", of=session).get("/x").json() == "proxy"
    assert proxy.asked[0].target == "http://site.example/x"
    assert proxy.asked[0].headers["proxy-authorization"].startswith("Basic ")
    assert client(target.url, of=session, headers={"key": "k"}).get("/").json() == "target"
    assert proxy.asked[1].target == f"localhost:{target.port}"
    assert "key" not in proxy.asked[1].headers
    assert target.asked[0].headers.get("proxy-authorization") is None


def test_the_password_of_the_proxy_is_for_the_proxy_of_the_settings_only(
    http_server, client, session_with, monkeypatch
) -> None:
    proxy = http_server(Answer(json="proxy"))
    monkeypatch.setenv("HTTP_PROXY", proxy.url)
    monkeypatch.setenv("http_proxy", proxy.url)
    keyed = HttpSettings(proxy_user="me", proxy_password=Secret.held(KEY))
    assert client("http://site.example", of=session_with(http=keyed)).get("/").json() == "proxy"
    assert "proxy-authorization" not in proxy.asked[0].headers


def test_a_proxy_that_refuses_is_named(http_server, client, session_with, clock) -> None:
    proxy = http_server(Answer(status=407))
    session = session_with(http=HttpSettings(proxy=proxy.url))
    with pytest.raises(RequestFailed, match="the proxy refused"):
        client("https://site.example", of=session).get("/")


def test_the_proxy_of_the_environment_is_used(http_server, client, monkeypatch) -> None:
    proxy = http_server(Answer(json="proxy"))
    monkeypatch.setenv("HTTP_PROXY", proxy.url)
    monkeypatch.setenv("http_proxy", proxy.url)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    direct = http_server(Answer(json="direct"))
    assert client("http://site.example").get("/").json() == "proxy"
    assert client(direct.url).get("/").json() == "direct"


# Tokens, quotas, files


class Tokens:
    def __init__(self) -> None:
        self.given: list[bool] = []

    def token(self, *, fresh: bool) -> Secret:
        self.given.append(fresh)
        return Secret.held("token-new" if fresh else "token-old")


def test_an_expired_token_is_made_anew_once(http_server, client) -> None:
    server = http_server(
        lambda asked: (
            Answer(json=1)
            if asked.headers["authorization"] == "Bearer token-new"
            else Answer(status=401)
        )
    )
    tokens = Tokens()
    assert client(server.url, token=tokens).get("/").json() == 1
    assert tokens.given == [False, True]
    server.handler = in_turn(Answer(status=401))
    with pytest.raises(AccessDenied):
        client(server.url, token=tokens).get("/")
    assert len(server.asked) == 4


def test_a_missing_secret_is_said_before_anything_is_sent(http_server, client) -> None:
    server = http_server(Answer(json=1))
    with pytest.raises(SettingsError, match="'NO_SUCH_KEY' is not set"):
        client(server.url, headers={"key": Secret("env:NO_SUCH_KEY")}).get("/")
    assert server.asked == []


@pytest.mark.parametrize("value", ["two\r\nlines: x", "with\0zero", "caf\u0142"])
def test_a_header_can_not_smuggle(value: str, http_server, client) -> None:
    server = http_server(Answer(json=1))
    with pytest.raises(SettingsError, match="header 'key'") as caught:
        client(server.url, headers={"key": Secret.held(value)}).get("/")
    assert value not in str(caught.value)
    assert server.asked == []


def test_a_download_appears_only_when_it_is_whole(http_server, client, tmp_path, clock) -> None:
    whole = os.urandom(3_000_000)
    server = http_server(in_turn(Answer(body=whole, reset_after=2_000_000), Answer(body=whole)))
    to = tmp_path / "city.mmdb"
    client(server.url).download("/db", to, max_bytes=10_000_000)
    assert to.read_bytes() == whole
    to.write_bytes(b"old")
    with pytest.raises(BadReply, match="larger than"):
        client(server.url).download("/db", to, max_bytes=1_000_000)
    server.handler = in_turn(Answer(status=404, body=b"not here"))
    with pytest.raises(RequestFailed, match=r"404.*not here"):
        client(server.url).download("/db", to, max_bytes=10_000_000)
    assert to.read_bytes() == b"old"
    assert [each.name for each in tmp_path.iterdir() if not each.is_dir()] == ["city.mmdb"]


def test_what_is_given_up_leaves_nothing_running(http_server, client) -> None:
    server = http_server(Answer(json=1, wait_s=30))
    asking = client(server.url, limits=Limits(concurrency=1))

    async def give_up() -> None:
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(asking.aget("/"), 0.2)

    asyncio.run(give_up())
    server.handler = in_turn(Answer(json=2))
    started = time.monotonic()
    assert asking.get("/").json() == 2  # the one slot is free again
    assert time.monotonic() - started < 10


def test_threads_share_one_client(http_server, client) -> None:
    server = http_server(lambda asked: Answer(json=asked.path))
    asking, found = client(server.url), {}

    def ask(n: int) -> None:
        found[n] = asking.get(f"/{n}").json()

    threads = [threading.Thread(target=ask, args=(n,)) for n in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {n: f"/{n}" for n in range(20)}


def test_every_error_is_ours(http_server, client, clock) -> None:
    for url in ("http://127.0.0.1:0/", "http://127.0.0.1:99999/", "http://-x-/", "http://a..b/"):
        with pytest.raises(HuntkitError):
            client(url, limits=Limits(attempts=1)).get("/")
