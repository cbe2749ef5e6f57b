"""Connections to one host, each for one request at a time.

A pool would look at all its connections whenever a request begins or ends; here the number of
requests at once is bounded elsewhere, so the connection that was free last is simply taken.
"""

import ssl
import time
from collections import deque
from types import TracebackType
from typing import Final

import httpx2

_KEPT_S: Final = 15.0

Lane = httpx2.AsyncHTTPTransport


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
