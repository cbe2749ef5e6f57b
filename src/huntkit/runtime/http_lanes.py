"""Connections to one host, each for one request at a time.

A pool would look at all its connections whenever a request begins or ends; here the number of
requests at once is bounded elsewhere, so the connection that was free last is simply taken.
"""

import ssl
import time
from collections import deque
from collections.abc import AsyncIterator
from types import TracebackType
from typing import Any, Final

import httpcore2
import httpx2

from huntkit.runtime.http_stream import Backend

_KEPT_S: Final = 15.0
_BACKEND: Final = Backend()

Lane = httpx2.AsyncBaseTransport


class Lanes:
    """The connections to one host, for use in one event loop.

    Args:
        trusted: which certificates are trusted.
        proxy: by way of whom; None for nobody.
    """

    def __init__(self, trusted: ssl.SSLContext, proxy: httpx2.Proxy | None = None) -> None:
        self._trusted = trusted
        self._proxy = proxy
        self._free: deque[tuple[float, Lane]] = deque()  # with the time when it became free

    def one(self) -> "_Borrowed":
        """A connection for one request: ``async with lanes.one() as lane``."""
        return _Borrowed(self)

    def take(self) -> Lane:
        """The connection that was free last, or a new one."""
        if self._free:
            return self._free.pop()[1]
        if self._proxy is None:
            return _Direct(self._trusted)
        limits = httpx2.Limits(
            max_connections=1, max_keepalive_connections=1, keepalive_expiry=_KEPT_S
        )
        return httpx2.AsyncHTTPTransport(
            verify=self._trusted, trust_env=False, limits=limits, proxy=self._proxy
        )

    async def give_back(self, lane: Lane) -> None:
        """It is free again; those that were free for long are closed."""
        now = time.monotonic()
        self._free.append((now, lane))
        while now - self._free[0][0] > _KEPT_S:
            await self._free.popleft()[1].aclose()

    async def close(self) -> None:
        """Close those that are free."""
        while self._free:
            await self._free.pop()[1].aclose()


class _Direct(httpx2.AsyncBaseTransport):
    """A connection to one host by nobody's way; made anew when it has ended."""

    def __init__(self, trusted: ssl.SSLContext) -> None:
        self._trusted = trusted
        self._connection: httpcore2.AsyncHTTPConnection | None = None

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        asked = httpcore2.Request(
            request.method,
            httpcore2.URL(
                scheme=request.url.raw_scheme,
                host=request.url.raw_host,
                port=request.url.port,
                target=request.url.raw_path,
            ),
            headers=request.headers.raw,
            content=request.stream,
            extensions=request.extensions,
        )
        connection = self._connection
        if connection is None or not connection.is_available() or connection.has_expired():
            await self.aclose()
            connection = httpcore2.AsyncHTTPConnection(
                asked.url.origin,
                ssl_context=self._trusted,
                keepalive_expiry=_KEPT_S,
                network_backend=_BACKEND,
            )
            self._connection = connection
        reply = await connection.handle_async_request(asked)
        return httpx2.Response(reply.status, headers=reply.headers, stream=_Body(reply.stream))

    async def aclose(self) -> None:
        if self._connection is not None:
            await self._connection.aclose()


class _Body(httpx2.AsyncByteStream):
    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def __aiter__(self) -> AsyncIterator[bytes]:
        found: AsyncIterator[bytes] = aiter(self._stream)
        return found

    async def aclose(self) -> None:
        await self._stream.aclose()


class _Borrowed:
    def __init__(self, lanes: Lanes) -> None:
        self._lanes = lanes

    async def __aenter__(self) -> Lane:
        self._lane = self._lanes.take()
        return self._lane

    async def __aexit__(
        self, kind: type[BaseException] | None, _: object, __: TracebackType | None
    ) -> None:
        await self._lanes.give_back(self._lane)
