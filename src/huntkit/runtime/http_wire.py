"""One attempt to get a reply: the only place where secrets stand in the open.

Nothing leaves it that could show them: what goes wrong comes out as a :class:`Failure`, in words
that were searched for secrets, never as an exception whose frames would hold the request.
"""

import asyncio
import ssl
import time
from dataclasses import dataclass
from typing import Final, Protocol
from urllib.parse import urljoin, urlsplit

import httpcore2
import httpx2

from huntkit.core.errors import BadReply, RequestFailed, SettingsError, TimedOut
from huntkit.core.text import visible
from huntkit.runtime.http_call import Basic, Call
from huntkit.runtime.http_inflate import ACCEPTED, Inflater, NotInflatable
from huntkit.runtime.http_lanes import Lanes
from huntkit.runtime.http_reply import Reply
from huntkit.runtime.http_settings import HttpSettings
from huntkit.runtime.limits import Limits
from huntkit.runtime.redaction import Redactor, hide_from_logs

_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_MOST_REDIRECTS: Final = 5
_PORTS: Final = {"http": 80, "https": 443}


class Sink(Protocol):
    """Takes the body of a good reply piece by piece, instead of holding it in memory."""

    def start(self) -> None:
        """An attempt begins: forget what an earlier one gave."""

    def write(self, piece: bytes, /) -> object:
        """The next piece."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Failure:
    """Why an attempt gave no reply.

    Attributes:
        what: what happened, in words, without secrets.
        error: the type of error that the caller gets in the end.
        sent: whether the service may have acted on the request.
        passing: whether another attempt may help.
        away: whether it says that the host can't be reached.
        hint: what to do about it.
    """

    what: str
    error: type[RequestFailed] | type[SettingsError] = RequestFailed
    sent: bool = True
    passing: bool = True
    away: bool = False
    hint: str = ""


class Wire:
    """The connections of a session, by service and host.

    What the environment says about proxies is read once for each host.
    """

    def __init__(self, settings: HttpSettings) -> None:
        self._settings = settings
        self._lanes: dict[tuple[str, str], Lanes] = {}
        self._trusted: ssl.SSLContext | None = None

    async def exchange(
        self,
        call: Call,
        limits: Limits,
        redactor: Redactor,
        *,
        service: str,
        elsewhere: bool = False,
        sink: Sink | None = None,
    ) -> Reply | Failure:
        """Send the request once, and give the whole reply, or why there is none.

        Args:
            call: what is asked.
            limits: how long it may take and how large it may be.
            redactor: knows the secrets of the request.
            service: the name of the service, for the reply.
            elsewhere: follow redirects to other hosts, too, without any credentials.
            sink: takes the body of a good reply piece by piece; the reply then has none.
        """
        hide_from_logs(redactor)
        started = time.perf_counter()
        try:
            async with asyncio.timeout(limits.total_timeout_s):
                outcome = await self._follow(service, call, limits, redactor, elsewhere, sink)
        except TimeoutError:
            what = f"no whole reply within {limits.total_timeout_s:g} s"
            return Failure(what=what, error=TimedOut, away=True)
        except Exception as problem:  # noqa: BLE001  its frames hold the request with its secrets
            return _failure_of(problem, limits, redactor)
        if isinstance(outcome, Failure):
            return outcome
        return Reply(
            service=service,
            url=redactor.text(outcome.url),
            status_code=outcome.status,
            headers={name: redactor.text(value) for name, value in outcome.headers.items()},
            content=redactor.echo(outcome.content),
            elapsed_s=time.perf_counter() - started,
            hide=redactor.text,
        )

    async def close(self) -> None:
        """Close all connections."""
        lanes, self._lanes = list(self._lanes.values()), {}
        for each in lanes:
            await each.close()

    async def _follow(
        self,
        service: str,
        call: Call,
        limits: Limits,
        redactor: Redactor,
        elsewhere: bool,
        sink: Sink | None,
    ) -> "_Raw | Failure":
        url, headers, (body, kind) = call.sent_url(), call.sent_headers(), call.sent_body()
        method = call.method
        if kind and not any(name.lower() == "content-type" for name, _ in headers):
            headers.append(("Content-Type", kind))
        for _ in range(_MOST_REDIRECTS + 1):
            raw = await self._once(service, method, url, headers, body, limits, sink)
            place = raw.headers.get("location", "")
            if raw.status not in _REDIRECTS or not place:
                return raw
            target = urljoin(url, place)
            if refused := _why_not(url, target, method, raw.status, elsewhere, redactor):
                return refused
            if _origin(url) != _origin(target):
                headers = []
            url = target
        return Failure(what="it redirected too often", error=BadReply, passing=False)

    async def _once(
        self,
        service: str,
        method: str,
        url: str,
        headers: list[tuple[str, str]],
        body: bytes | None,
        limits: Limits,
        sink: Sink | None,
    ) -> "_Raw":
        own = [("User-Agent", self._settings.user_agent), ("Accept-Encoding", ACCEPTED)]
        named = {name.lower() for name, _ in headers}
        request = httpx2.Request(
            method,
            url,
            headers=[*(each for each in own if each[0].lower() not in named), *headers],
            content=body,
            extensions={"timeout": _timeouts(limits)},
        )
        async with self._lanes_to(service, url).one() as lane:
            reply = await lane.handle_async_request(request)
            try:
                wanted = sink if 200 <= reply.status_code < 300 else None
                content = b"" if method == "HEAD" else await _body(reply, limits, wanted)
            finally:
                await reply.aclose()
        return _Raw(url, reply.status_code, dict(reply.headers), content)

    def _lanes_to(self, service: str, url: str) -> Lanes:
        key = (service, url[: url.find("/", 8)])  # with scheme and host
        lanes = self._lanes.get(key)
        if lanes is None:
            if self._trusted is None:
                self._trusted = _trusted(self._settings)
            proxy = self._settings.proxy_of(url)
            lanes = Lanes(self._trusted, None if proxy is None else self._proxy(proxy))
            self._lanes[key] = lanes
        return lanes

    def _proxy(self, url: str) -> httpx2.Proxy:
        mine, headers = self._settings, {}
        if mine.proxy and mine.proxy_user:  # for the proxy of the settings, no other
            auth = Basic(mine.proxy_user, mine.proxy_password or "")
            headers["Proxy-Authorization"] = auth.header()
        return httpx2.Proxy(url, headers=headers)


@dataclass(frozen=True, slots=True)
class _Raw:
    url: str
    status: int
    headers: dict[str, str]
    content: bytes


class _TooLarge(Exception):
    pass


async def _body(reply: httpx2.Response, limits: Limits, sink: Sink | None) -> bytes:
    coding = reply.headers.get("content-encoding", "identity")
    inflater = None if coding.strip().lower() in ("", "identity") else Inflater(coding)
    if sink is not None:
        sink.start()
    pieces: list[bytes] = []
    size = 0
    stream = reply.stream
    if not isinstance(stream, httpx2.AsyncByteStream):
        raise TypeError("the transport gave no stream")
    async for data in stream:
        for piece in (data,) if inflater is None else inflater.feed(data):
            size += len(piece)
            if size > limits.max_reply_bytes:
                raise _TooLarge
            if sink is None:
                pieces.append(piece)
            else:
                sink.write(piece)
    if inflater is not None:
        inflater.finish()
    return b"".join(pieces)


def _timeouts(limits: Limits) -> dict[str, float | None]:
    return {
        "connect": limits.connect_timeout_s,
        "read": limits.read_timeout_s,
        "write": limits.read_timeout_s,
        "pool": None,
    }


def _trusted(settings: HttpSettings) -> ssl.SSLContext:
    context = httpx2.create_ssl_context()
    if settings.ca_bundle is not None:
        try:
            context.load_verify_locations(settings.ca_bundle.expanduser())
        except OSError as problem:  # an SSLError is one, too
            raise SettingsError(
                f"the certificates in {str(settings.ca_bundle)!r} can't be read: {problem}",
                hint="ca_bundle must be a file of certificates in PEM",
            ) from None
    return context


def _origin(url: str) -> tuple[str, str, int | None]:
    parts = urlsplit(url)
    return parts.scheme, (parts.hostname or "").lower(), parts.port or _PORTS.get(parts.scheme)


def _why_not(
    url: str, target: str, method: str, status: int, elsewhere: bool, redactor: Redactor
) -> Failure | None:
    """Why a redirect is not followed; None if it is."""
    shown = visible(redactor.text(target), limit=200)
    why = ""
    if method not in ("GET", "HEAD") and status not in (307, 308):
        why = "which would lose what was posted"
    elif urlsplit(target).scheme not in ("http", "https"):
        why = "which is no web address"
    elif _origin(url) != _origin(target):
        if not elsewhere:
            why = "which is another host, where keys don't belong"
        elif redactor.text(target) != target:
            why = "which would carry a key to another host"
        elif urlsplit(url).scheme == "https" and urlsplit(target).scheme == "http":
            why = "which is not encrypted"
        elif method not in ("GET", "HEAD"):
            why = "which would post to another host"
    if not why:
        return None
    return Failure(
        what=f"it redirected to {shown!r}, {why}",
        error=BadReply,
        passing=False,
        hint="if that is right, set the service's address to it",
    )


def _failure_of(problem: Exception, limits: Limits, redactor: Redactor) -> Failure:
    why = visible(redactor.text(_reason(problem)), limit=300)
    match problem:
        case SettingsError():
            return Failure(
                what=visible(redactor.text(problem.message)),
                error=SettingsError,
                sent=False,
                passing=False,
                hint=problem.hint,
            )
        case _TooLarge():
            return Failure(
                what=f"its reply is larger than {limits.max_reply_bytes:,} bytes, and was not read "
                "further",
                error=BadReply,
                passing=False,
                hint="ask for less at a time",
            )
        case NotInflatable():
            return Failure(what=f"its reply can't be read: {why}", error=BadReply)
        case httpx2.ConnectTimeout() | httpcore2.ConnectTimeout():
            what = f"no connection within {limits.connect_timeout_s:g} s"
            return Failure(what=what, error=TimedOut, sent=False, away=True)
        case httpx2.TimeoutException() | httpcore2.TimeoutException():
            what = f"nothing came for {limits.read_timeout_s:g} s"
            return Failure(what=what, error=TimedOut, away=True)
        case httpx2.ConnectError() | httpcore2.ConnectError() if (
            _of_type(problem, ssl.SSLError) or "SSL" in why
        ):
            return Failure(
                what=f"its certificate is not trusted, or TLS failed: {why}",
                sent=False,
                passing=False,
                away=True,
                hint="name your own authority's certificate in Http: ca_bundle",
            )
        case httpx2.ProxyError() | httpcore2.ProxyError():
            return Failure(what=f"the proxy refused: {why}", sent=False, passing=False, away=True)
        case httpx2.ConnectError() | httpcore2.ConnectError():
            return Failure(what=f"no connection: {why}", sent=False, away=True)
        case (
            httpx2.RemoteProtocolError()
            | httpcore2.RemoteProtocolError()
            | httpx2.ReadError()
            | httpcore2.ReadError()
            | httpx2.WriteError()
            | httpcore2.WriteError()
        ):
            return Failure(what=f"the connection was cut: {why}", error=BadReply)
        case (
            httpx2.InvalidURL()
            | httpx2.UnsupportedProtocol()
            | httpcore2.UnsupportedProtocol()
            | UnicodeError()
        ):
            what = f"its address can't be used: {why}"
            return Failure(what=what, sent=False, passing=False)
        case _:
            what = f"the request failed: {type(problem).__name__}: {why}"
            return Failure(what=what, passing=False)


def _reason(problem: BaseException) -> str:
    """The most telling text of the errors that lie behind one another."""
    texts: list[str] = []
    each: BaseException | None = problem
    while each is not None and len(texts) < 6:
        texts.append(str(each))
        each = each.__cause__ or each.__context__
    return max(texts, key=len) or type(problem).__name__


def _of_type(problem: BaseException, kind: type[BaseException]) -> bool:
    each: BaseException | None = problem
    while each is not None:
        if isinstance(each, kind):
            return True
        each = each.__cause__ or each.__context__
    return False
