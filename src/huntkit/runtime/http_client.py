"""One service, as a plugin asks it: what it declares is kept, what fails has a name.

The plugin says what to ask; waiting, repeating, limits and secrecy are done here.
"""

import os
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import IO, Any, Final, Protocol, Self
from urllib.parse import SplitResult, urlsplit

import anyio.to_thread

from huntkit.core.errors import (
    AccessDenied,
    HuntkitError,
    RateLimited,
    RequestFailed,
    SettingsError,
    UsageError,
)
from huntkit.runtime.http_call import Basic, Call, Part, Parts
from huntkit.runtime.http_reply import Reply, status_text
from huntkit.runtime.http_retry import AWAY, BUSY, asked_wait_s, may_help, own_wait_s
from huntkit.runtime.http_wire import Failure, Sink
from huntkit.runtime.limits import Limits
from huntkit.runtime.network import Network
from huntkit.runtime.pace import Breaker, Pace
from huntkit.runtime.redaction import Redactor
from huntkit.runtime.secrets import Secret

Params = Mapping[str, Parts | Sequence[Part] | None]

_GOOD: Final = range(200, 300)
_UNAUTHORIZED: Final = 401
_DENIED: Final = frozenset({401, 403, 407})
_HARMLESS: Final = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})
_PORTS: Final = {"http": 80, "https": 443}
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})


class TokenSource(Protocol):
    """Gives a token that expires, such as a sign-in of a cloud; it may block."""

    def token(self, *, fresh: bool) -> Secret:
        """The token; a new one if `fresh`, since the service refused the old one."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Service:
    """What a plugin declares about the service that it asks.

    Attributes:
        name: how messages call it.
        base_url: what paths are put behind; with it, other hosts are never asked.
        headers: sent with every request.
        params: sent with every request.
        auth: a name and a password.
        token: a source of bearer tokens.
        limits: how often, how long, how much.
        answers: HTTP statuses other than 2xx that are answers, such as 404 for "not known".
        plain_http: whether keys may be sent without encryption to hosts other than this one.
        elsewhere: whether redirects to other hosts are followed, without any credentials.
    """

    name: str
    base_url: str = ""
    headers: Mapping[str, Parts] = field(default_factory=dict)
    params: Params = field(default_factory=dict)
    auth: Basic | None = None
    token: TokenSource | None = None
    limits: Limits = field(default_factory=Limits)
    answers: Collection[int] = ()
    plain_http: bool = False
    elsewhere: bool = False


class HttpClient:
    """Asks one service; every method has an awaitable twin that begins with ``a``.

    Only 2xx are answers, and what the service or the call names in `answers`; all else is an error.

    Raises, in all methods:
        AccessDenied: 401 or 403.
        RateLimited: it was asked too often, even after waiting as long as it said.
        TimedOut, BadReply, ServiceDown, Offline, RequestFailed: see ``huntkit.core.errors``.
    """

    def __init__(self, network: Network, service: Service) -> None:
        self.service = service
        self._network = network
        self._redactor = Redactor()

    def get(
        self,
        url: str = "",
        *,
        fill: Mapping[str, Part] | None = None,
        params: Params | None = None,
        headers: Mapping[str, Parts] | None = None,
        answers: Collection[int] = (),
    ) -> Reply:
        """The reply to a GET.

        Args:
            url: a path behind the base URL, or an absolute URL; ``{holes}`` are filled.
            fill: values of the holes; whatever they hold, they stay one part of the path.
            params: what stands after the question mark; None is left out, a list is repeated.
            headers: more headers.
            answers: more statuses that are answers.
        """
        call = self.call("GET", url, fill=fill, params=params, headers=headers)
        return self.send(call, answers=answers)

    async def aget(
        self,
        url: str = "",
        *,
        fill: Mapping[str, Part] | None = None,
        params: Params | None = None,
        headers: Mapping[str, Parts] | None = None,
        answers: Collection[int] = (),
    ) -> Reply:
        """The reply to a GET, awaited; see `get`."""
        call = self.call("GET", url, fill=fill, params=params, headers=headers)
        return await self.asend(call, answers=answers)

    def post(
        self,
        url: str = "",
        *,
        fill: Mapping[str, Part] | None = None,
        params: Params | None = None,
        headers: Mapping[str, Parts] | None = None,
        json: Any = None,
        form: Mapping[str, Parts | None] | None = None,
        content: bytes | str | None = None,
        answers: Collection[int] = (),
        repeatable: bool = False,
    ) -> Reply:
        """The reply to a POST; see `get` and `call`."""
        call = self.call(
            "POST",
            url,
            fill=fill,
            params=params,
            headers=headers,
            json=json,
            form=form,
            content=content,
            repeatable=repeatable,
        )
        return self.send(call, answers=answers)

    async def apost(
        self,
        url: str = "",
        *,
        fill: Mapping[str, Part] | None = None,
        params: Params | None = None,
        headers: Mapping[str, Parts] | None = None,
        json: Any = None,
        form: Mapping[str, Parts | None] | None = None,
        content: bytes | str | None = None,
        answers: Collection[int] = (),
        repeatable: bool = False,
    ) -> Reply:
        """The reply to a POST, awaited; see `get` and `call`."""
        call = self.call(
            "POST",
            url,
            fill=fill,
            params=params,
            headers=headers,
            json=json,
            form=form,
            content=content,
            repeatable=repeatable,
        )
        return await self.asend(call, answers=answers)

    def download(
        self, url: str, to: Path, *, max_bytes: int, params: Params | None = None
    ) -> Reply:
        """A GET whose body goes to a file, which appears only when it is whole.

        Args:
            url: as in `get`.
            to: where the file is to be; what is there is replaced.
            max_bytes: the largest file.
            params: as in `get`.
        """
        call = self.call("GET", url, params=params)
        limits = replace(self.service.limits, max_reply_bytes=max_bytes)
        with _File(to) as sink:
            reply = self._run(call, (), limits, sink)
            sink.keep()
        return reply

    def call(
        self,
        method: str,
        url: str = "",
        *,
        fill: Mapping[str, Part] | None = None,
        params: Params | None = None,
        headers: Mapping[str, Parts] | None = None,
        json: Any = None,
        form: Mapping[str, Parts | None] | None = None,
        content: bytes | str | None = None,
        repeatable: bool | None = None,
    ) -> Call:
        """A request of any method, not sent yet: for `send` and `asend`.

        Args:
            method: GET, POST, PUT, PATCH, DELETE ...
            url: as in `get`.
            fill: as in `get`.
            params: as in `get`.
            headers: as in `get`.
            json: a body that is sent as JSON; secrets may stand in it.
            form: a body that is sent as a form.
            content: a body as it is.
            repeatable: sending it twice does no harm, as with queries and look-ups; else it is
                repeated only where the service can't have acted on it. By default that is so for
                GET, HEAD, OPTIONS, PUT and DELETE.

        Raises:
            UsageError: the URL can't be used, leads to another host, or a hole is not filled.
            SettingsError: a key would be sent without encryption.
        """
        service = self.service
        call = Call(
            method=method,
            url=_absolute(service, url),
            fill=dict(fill or {}),
            params={**service.params, **(params or {})},
            headers={**service.headers, **(headers or {})},
            auth=service.auth,
            json=json,
            form=form,
            content=content,
            repeatable=method in _HARMLESS if repeatable is None else repeatable,
        )
        _ = call.shown_url  # so that a hole that nothing fills is an error here
        self._check_encrypted(call)
        return call

    def send(self, call: Call, *, answers: Collection[int] = ()) -> Reply:
        """The reply to a request that `call` made."""
        return self._run(call, answers, self.service.limits, None)

    async def asend(self, call: Call, *, answers: Collection[int] = ()) -> Reply:
        """The reply to a request that `call` made, awaited."""
        self._network.check_online(self.service.name)
        limits = self.service.limits
        return await self._network.portal().awaited(self._exchange, call, answers, limits, None)

    def hidden(self, text: str) -> str:
        """The text without the secrets that this client sent."""
        return self._redactor.text(text)

    def quota_left(self) -> int | None:
        """How many requests are left today; None where no daily number is declared."""
        limit, quota = self.service.limits.per_day, self._network.quota
        if limit is None or quota is None:
            return limit
        return quota.left(self.service.name, limit, self._day())

    def __repr__(self) -> str:
        return f"<HttpClient of {self.service.name}>"

    def _run(
        self, call: Call, answers: Collection[int], limits: Limits, sink: Sink | None
    ) -> Reply:
        self._network.check_online(self.service.name)
        return self._network.portal().run(self._exchange, call, answers, limits, sink)

    async def _exchange(
        self, call: Call, answers: Collection[int], limits: Limits, sink: Sink | None
    ) -> Reply:
        pace = self._network.pace(self.service.name, self.service.limits)
        breaker = self._network.breaker(call.host)
        async with pace.slots:
            breaker.check(self.service.name)
            outcome, attempts = await self._attempts(call, limits, pace, sink)
        self._tell(breaker, outcome)
        if isinstance(outcome, Failure):
            raise self._failed(call, outcome, attempts)
        if outcome.status_code in _GOOD or outcome.status_code in {*answers, *self.service.answers}:
            return replace(outcome, attempts=attempts)
        raise self._refused(call, outcome, attempts)

    async def _attempts(
        self, call: Call, limits: Limits, pace: Pace, sink: Sink | None
    ) -> tuple[Reply | Failure, int]:
        clock = self._network.clock
        fresh, attempt = False, 0
        while True:
            signed = await self._signed(call, fresh=fresh)
            await pace.turn()
            self._take_quota()
            attempt += 1
            outcome = await self._network.wire.exchange(
                signed,
                limits,
                self._redactor,
                service=self.service.name,
                elsewhere=self.service.elsewhere,
                sink=sink,
            )
            if self._expired(outcome, fresh=fresh):
                fresh = True
                continue
            fresh = False
            asked = None
            if isinstance(outcome, Reply) and outcome.status_code in {BUSY, *AWAY}:
                asked = asked_wait_s(outcome.headers, clock.now())
                if asked is not None:
                    pace.pause(asked)
            last = attempt >= limits.attempts or (asked or 0) > limits.longest_wait_s
            if last or not may_help(outcome, repeatable=call.repeatable):
                return outcome, attempt
            if asked is None:
                await clock.sleep(own_wait_s(attempt, clock.jitter()))

    def _expired(self, outcome: Reply | Failure, *, fresh: bool) -> bool:
        return (
            self.service.token is not None
            and not fresh
            and isinstance(outcome, Reply)
            and outcome.status_code == _UNAUTHORIZED
        )

    async def _signed(self, call: Call, *, fresh: bool) -> Call:
        """The request with its token, and all its secrets known to the redactor."""
        source = self.service.token
        if source is not None:
            token = await anyio.to_thread.run_sync(lambda: source.token(fresh=fresh))
            call = replace(call, headers={**call.headers, "Authorization": ("Bearer ", token)})
        auths = [call.auth, self._network.proxy_auth(call.url)]
        for secret in (*call.secrets(), *(s for auth in auths if auth for s in auth.secrets())):
            if secret.at_hand:
                self._redactor.learn(secret.reveal())
            else:
                self._redactor.learn(await anyio.to_thread.run_sync(secret.reveal))
        for auth in filter(None, auths):
            self._redactor.learn(auth.header().removeprefix("Basic "))
        return call

    def _take_quota(self) -> None:
        limit, quota = self.service.limits.per_day, self._network.quota
        if limit is None or quota is None or quota.take(self.service.name, limit, self._day()):
            return
        now = self._network.clock.now()
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
        raise RateLimited(
            f"{self.service.name} was not asked: today's {limit:,} requests are used up",
            service=self.service.name,
            retry_after=(midnight - now).total_seconds(),
            hint="the next day begins at 00:00 UTC",
        )

    def _day(self) -> str:
        return self._network.clock.now().date().isoformat()

    def _check_encrypted(self, call: Call) -> None:
        parts = urlsplit(call.url)
        if parts.scheme == "https" or self.service.plain_http or parts.hostname in _LOOPBACK:
            return
        if self.service.token is not None or next(iter(call.secrets()), None) is not None:
            raise SettingsError(
                f"{self.service.name} has a key, and its address {call.host!r} is not encrypted",
                hint="use https:// in its address",
            )

    def _tell(self, breaker: Breaker, outcome: Reply | Failure) -> None:
        if isinstance(outcome, Failure):
            if outcome.away:
                breaker.failed(outcome.what)
        elif outcome.status_code in AWAY:
            breaker.failed(status_text(outcome.status_code))
        else:
            breaker.answered()

    def _failed(self, call: Call, failure: Failure, attempts: int) -> HuntkitError:
        if issubclass(failure.error, SettingsError):
            return SettingsError(failure.what, hint=failure.hint)
        return failure.error(
            f"{self.service.name}: {failure.what}{_times(attempts)}",
            service=self.service.name,
            hint=failure.hint,
            context={"url": self._shown(call), "attempts": attempts},
        )

    def _refused(self, call: Call, reply: Reply, attempts: int) -> RequestFailed:
        error, hint = RequestFailed, ""
        if reply.status_code == BUSY:
            error, hint = RateLimited, "ask again later, or ask for fewer values"
        elif reply.status_code in _DENIED:
            error, hint = AccessDenied, f"look at the key of {self.service.name} in the settings"
        return error(
            f"{self.service.name} answered {status_text(reply.status_code)}{_times(attempts)}: "
            f"{reply.snippet()}",
            service=self.service.name,
            status=reply.status_code,
            retry_after=asked_wait_s(reply.headers, self._network.clock.now()),
            hint=hint,
            context={"url": reply.url or self._shown(call), "attempts": attempts},
        )

    def _shown(self, call: Call) -> str:
        return self._redactor.text(call.shown_url)


def _times(attempts: int) -> str:
    return f" (tried {attempts} times)" if attempts > 1 else ""


def _absolute(service: Service, url: str) -> str:
    """The absolute URL; with a base, only what lies on its host."""
    base = service.base_url
    if "://" not in url.partition("?")[0]:
        if not base:
            raise UsageError(f"{url!r} is no absolute URL, and {service.name} has no address")
        if not url:
            return base
        return f"{base.rstrip('/')}/{url.lstrip('/')}"
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc:
        raise UsageError(f"{url!r} can't be asked: it must be http(s)://host/..., without a name")
    if base and _place(parts) != _place(urlsplit(base)):
        raise UsageError(
            f"{service.name} named {parts.netloc!r} as the place of more, which is not its own "
            f"host {urlsplit(base).netloc!r}",
            hint="keys are never sent to another host",
        )
    return url


def _place(parts: SplitResult) -> tuple[str, str | None, int | None]:
    """Scheme, host and port; Azure names its own port where nobody else does."""
    try:
        return parts.scheme, parts.hostname, parts.port or _PORTS.get(parts.scheme)
    except ValueError:  # a port that is none
        return parts.scheme, parts.netloc, -1


class _File:
    """A file that appears under its name only when it is kept."""

    def __init__(self, to: Path) -> None:
        self._to = to
        self._part = to.with_name(f".{to.name}.{os.getpid()}.part")
        self._file: IO[bytes] | None = None

    def __enter__(self) -> Self:
        self._file = self._part.open("wb")
        return self

    def start(self) -> None:
        if self._file is not None:
            self._file.seek(0)
            self._file.truncate()

    def write(self, piece: bytes, /) -> None:
        if self._file is not None:
            self._file.write(piece)

    def keep(self) -> None:
        if self._file is not None:
            self._file.close()
            self._part.replace(self._to)

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()
        with suppress(FileNotFoundError):
            self._part.unlink()
