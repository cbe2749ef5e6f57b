"""One secret in every place where secrets can stand, and everything that can be seen afterwards."""

import base64
import gc
import io
import json
import logging
import traceback
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest

from huntkit.core.errors import HuntkitError
from huntkit.runtime import Basic, HttpSettings, Limits, Secret, Session, Settings, Share, spread
from servers import Answer, Asked

CANARY = "cAnAry/k3y+w1th sp€cial&chars=0123456789"  # needs escaping wherever it stands
PLAIN = "cAnAryk3y0123456789abcdef"  # may stand in headers


def spellings(secret: str) -> set[str]:
    return {
        secret,
        quote(secret, safe=""),
        quote(secret),
        quote_plus(secret),
        json.dumps(secret)[1:-1],
        base64.b64encode(secret.encode()).decode(),
        base64.b64encode(f"user:{secret}".encode()).decode(),
    }


FORBIDDEN = spellings(CANARY) | spellings(PLAIN)


def leaks(text: str) -> list[str]:
    return [each for each in FORBIDDEN if each in text]


@pytest.fixture
def seen() -> Iterator[io.StringIO]:
    """Everything that any logger says at its most talkative."""
    text = io.StringIO()
    handler = logging.StreamHandler(text)
    handler.setFormatter(logging.Formatter("%(name)s %(message)s %(args)s"))
    root = logging.getLogger()
    before = root.level
    root.addHandler(handler)
    root.setLevel(1)
    yield text
    root.removeHandler(handler)
    root.setLevel(before)


def echo(asked: Asked) -> Answer:
    """A service that repeats all that it was told, in headers, body and redirects."""
    told = asked.target + json.dumps(asked.headers) + asked.body.decode("utf-8", "replace")
    status = int(asked.params.get("status", 200))
    headers = {
        "X-Echo": asked.headers.get("key", ""),
        "Set-Cookie": f"session={asked.headers.get('key', '')}",
        "Content-Type": "text/html",
    }
    if status in (301, 302):
        headers["Location"] = f"http://127.0.0.1:9/?key={quote(PLAIN)}&t={quote(CANARY, safe='')}"
    return Answer(status=status, headers=headers, body=told + quote_plus(CANARY) + CANARY)


WAYS = [
    {"url": "/ok"},
    {"url": "/denied", "params": {"status": 401}},
    {"url": "/missing", "params": {"status": 404}},
    {"url": "/busy", "params": {"status": 429}},
    {"url": "/broken", "params": {"status": 500}},
    {"url": "/moved", "params": {"status": 302}},
    {"url": "/{key}/in/path", "fill": {"key": Secret.held(CANARY)}},
    {"url": "/param", "params": {"key": Secret.held(CANARY), "status": 403}},
    {"url": "/joined", "headers": {"Authorization": ("Bearer ", Secret.held(PLAIN))}},
    {"url": "/smuggled", "headers": {"key": Secret.held(PLAIN + "\r\nX: y")}},
]


def frames_of(error: BaseException) -> str:
    """A traceback of the whole chain with the values of all variables, this test's own left out."""
    shown = []
    each: BaseException | None = error
    while each is not None:
        told = traceback.TracebackException.from_exception(each, capture_locals=True)
        told.stack[:] = [frame for frame in told.stack if frame.filename != __file__]
        shown += told.format()
        shown += [repr(each), str(each), repr(each.__dict__), repr(each.args)]
        each = each.__cause__ or each.__context__
    return "\n".join(shown)


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way["url"])
@pytest.mark.parametrize("method", ["get", "post"])
def test_no_request_shows_its_secrets(way, method, http_server, client, clock, seen) -> None:
    server = http_server(echo)
    asking = client(
        server.url,
        headers={"key": Secret.held(PLAIN)},
        params={"k": Secret.held(CANARY)},
        auth=Basic("user", Secret.held(CANARY)),
        limits=Limits(attempts=2),
    )
    body = {"json": {"deep": [Secret.held(CANARY)]}} if method == "post" else {}
    if "smuggled" not in way["url"]:
        assert leaks_nothing_before(asking, way)
    try:
        reply = getattr(asking, method)(**way, **body)
    except HuntkitError as error:
        shown = frames_of(error)
    else:
        shown = repr(reply) + reply.url + reply.text + repr(reply.headers) + reply.snippet()
    shown += repr(asking) + repr(asking.service) + repr(asking._network) + repr(asking._redactor)
    assert leaks(shown) == []
    assert leaks(seen.getvalue()) == []
    assert "receive_response_headers" in seen.getvalue() or "smuggled" in way["url"]
    if "smuggled" not in way["url"]:
        assert server.asked[0].headers["authorization"].startswith("Basic ")
        assert CANARY in server.asked[0].params["k"]


def leaks_nothing_before(asking, way) -> bool:
    call = asking.call("GET", way["url"], fill=way.get("fill"), params=way.get("params"))
    return leaks(repr(call) + call.shown_url + repr(list(call.secrets()))) == []


@pytest.mark.parametrize(
    "fault",
    [
        Answer(hang_up=True),
        Answer(raw=f"HTTP/1.1 {PLAIN} {PLAIN}\r\n\r\n".encode()),
        Answer(raw=b"HTTP/1.1 200 OK\r\n" + PLAIN.encode() + b"\r\n\r\n"),
        Answer(headers={"Content-Encoding": PLAIN}, body=b"x"),
        Answer(headers={"Content-Encoding": "gzip"}, body=PLAIN.encode()),
        Answer(status=302, headers={"Location": f"gopher://{PLAIN}/"}),
        Answer(status=302, headers={"Location": f"http://[{PLAIN}/"}),
        Answer(status=500, body=PLAIN.encode("utf-16"), headers={"Content-Type": f"a; {PLAIN}"}),
        Answer(body=b"x" * 100, reset_after=3),
    ],
)
def test_no_fault_shows_the_secrets(fault, http_server, client, clock, seen) -> None:
    server = http_server(fault)
    asking = client(server.url, headers={"key": Secret.held(PLAIN)}, limits=Limits(attempts=1))
    with pytest.raises(HuntkitError) as caught:
        asking.get("/x")
    assert leaks(frames_of(caught.value)) == []
    assert leaks(seen.getvalue()) == []


def test_no_proxy_and_no_certificate_shows_the_secrets(
    http_server, client, session_with, clock, seen
) -> None:
    target = http_server(Answer(json=1), tls=True)
    proxy = http_server(Answer(status=407, body=PLAIN))
    secret = {"headers": {"key": Secret.held(PLAIN)}}
    settings = HttpSettings(proxy=proxy.url, proxy_user="user", proxy_password=Secret.held(CANARY))
    for asking in (
        client(target.url, of=session_with(http=settings), **secret),
        client(target.url, **secret),
        client("https://127.0.0.1:9", **secret, limits=Limits(attempts=1)),
    ):
        with pytest.raises(HuntkitError) as caught:
            asking.get("/", params={"k": Secret.held(CANARY)})
        assert leaks(frames_of(caught.value)) == []
    assert leaks(repr(settings) + repr(session_with(http=settings))) == []
    assert leaks(seen.getvalue()) == []


@pytest.mark.parametrize("where", ["settings", "environment"])
def test_a_proxy_that_repeats_its_password_shows_nothing(
    where, http_server, client, session_with, clock, seen, monkeypatch
) -> None:
    def repeat(asked: Asked) -> Answer:
        told = asked.headers["proxy-authorization"]
        clear = base64.b64decode(told.removeprefix("Basic ")).decode()
        return Answer(status=403, body=f"{told} {clear}", headers={"X-Echo": told})

    proxy = http_server(repeat)
    settings = HttpSettings(proxy=proxy.url, proxy_user="user", proxy_password=Secret.held(CANARY))
    if where == "environment":
        settings = HttpSettings()
        address = proxy.url.replace("://", f"://user:{quote(CANARY, safe='')}@")
        monkeypatch.setenv("http_proxy", address)
        monkeypatch.setenv("HTTP_PROXY", address)
    with pytest.raises(HuntkitError, match=r"\*{4}") as caught:
        client("http://site.example", of=session_with(http=settings)).get("/")
    assert len(proxy.asked) == 1
    assert leaks(frames_of(caught.value)) == []
    assert leaks(seen.getvalue()) == []


def test_many_at_once_show_nothing(http_server, client, clock, seen) -> None:
    server = http_server(echo)
    asking = client(server.url, headers={"key": Secret.held(PLAIN)}, limits=Limits(attempts=1))

    async def ask(status: int) -> object:
        return await asking.aget("/", params={"status": status, "k": Secret.held(CANARY)})

    outcomes = list(spread(Share(name="x", items=[200, 404, 500, 302], ask=ask)))
    assert sum(outcome.error is None for outcome in outcomes) == 1
    for outcome in outcomes:
        shown = repr(outcome) + (frames_of(outcome.error) if outcome.error else "")
        assert leaks(shown) == []
    assert leaks(seen.getvalue()) == []


@dataclass(frozen=True, kw_only=True)
class EchoSettings:
    auth_key: Secret
    password: Secret | None = None


def test_a_settings_file_with_a_secret_in_it_shows_nothing(
    tmp_path: Path, http_server, seen, monkeypatch
) -> None:
    path = tmp_path / "huntkit.yaml"
    path.write_text(
        f"TIProviders:\n  Echo:\n    Args:\n      AuthKey: {PLAIN}\n      Password: '{CANARY}'\n"
        f"  Wrong:\n    Primary: {PLAIN}\n    Args: {{AuthKey: [{PLAIN}]}}\n    {PLAIN}x: 1\n",
        encoding="utf-8",
    )
    shown = ""
    with Session(settings_file=path) as session, warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        echoing = session.settings_for("TIProviders", "Echo", EchoSettings)
        assert echoing is not None
        assert echoing.args.auth_key.reveal() == PLAIN
        with pytest.raises(HuntkitError) as caught:
            session.settings_for("TIProviders", "Wrong", EchoSettings)
        shown += frames_of(caught.value) + repr(echoing) + repr(session) + repr(session.file)
        shown += "".join(str(each.message) for each in told)
    # The name of a setting is shown, so that it can be found; its value never is.
    assert leaks(shown.replace(PLAIN + "x", "")) == []
    assert leaks(seen.getvalue()) == []


def test_nothing_that_is_kept_holds_a_secret(tmp_path: Path, http_server, clock) -> None:
    server = http_server(echo)
    cache = tmp_path / "cache"
    with Session(Settings(cache_dir=cache)) as session:
        from huntkit.runtime import Service

        service = Service(
            name="Echo",
            base_url=server.url,
            headers={"key": Secret.held(PLAIN)},
            params={"k": Secret.held(CANARY)},
            limits=Limits(per_day=10, attempts=1),
        )
        asking = session.http(service)
        reply = asking.get("/")
        session.store.put("echo", reply.url, {"text": reply.text, "headers": dict(reply.headers)})
        kept = session.store.get("echo", reply.url, max_age_s=60)
        assert kept is not None
        assert leaks(json.dumps(kept.value)) == []
        assert asking.quota_left() == 9
    gc.collect()
    files = [each for each in cache.rglob("*") if each.is_file()]
    assert files
    for each in files:
        assert leaks(each.read_bytes().decode("latin-1")) == []
