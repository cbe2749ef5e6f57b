"""Sockets of the event loop, as the HTTP library wants them.

The library's own go through another layer, whose scopes and checkpoints on every read and write
cost more than the reading and writing; here a wait is one future and one timer.
"""

import asyncio
from collections.abc import Iterable
from ssl import SSLContext
from typing import Any, Final

import anyio.lowlevel
import httpcore2

_ENOUGH: Final = 256 * 1024  # unread bytes; the sender waits meanwhile
_NEXT_ADDRESS_S: Final = 0.25  # a host's next address is tried so long after the one before

_SocketOption = (
    tuple[int, int, int] | tuple[int, int, bytes | bytearray] | tuple[int, int, None, int]
)


class Stream(asyncio.Protocol, httpcore2.AsyncNetworkStream):
    """One connection, for one reader and one writer at a time."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._transport: Any = None
        self._arrived = bytearray()
        self._ended = False
        self._problem: Exception | None = None
        self._reading: asyncio.Future[None] | None = None
        self._writing: asyncio.Future[None] | None = None
        self._full = False  # what was written waits for the other side
        self._held = False  # the other side waits for us

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109  the library's
        """What came, at least a byte; nothing at the end."""
        if not self._arrived and not self._ended:
            self._reading = self._loop.create_future()
            try:
                await self._within(self._reading, timeout, httpcore2.ReadTimeout)
            finally:
                self._reading = None
        if not self._arrived:
            if self._problem is not None:
                raise httpcore2.ReadError(str(self._problem)) from self._problem
            return b""
        found = bytes(self._arrived[:max_bytes])
        del self._arrived[:max_bytes]
        if self._held and not self._ended:
            self._held = False
            self._transport.resume_reading()
        return found

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109  the library's
        """Send; returns as soon as more may be given."""
        if not buffer:
            return
        self._check_open()
        self._transport.write(buffer)
        if self._full:
            self._writing = self._loop.create_future()
            try:
                await self._within(self._writing, timeout, httpcore2.WriteTimeout)
            finally:
                self._writing = None
            self._check_open()

    async def aclose(self) -> None:
        """End it; what was not sent by then is not sent any more."""
        self._transport.abort()
        await anyio.lowlevel.cancel_shielded_checkpoint()  # the loop closes the socket in its turn

    async def start_tls(
        self,
        ssl_context: SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109  the library's
    ) -> httpcore2.AsyncNetworkStream:
        """The same connection, encrypted from now on."""
        before = self._transport
        try:
            async with asyncio.timeout(timeout):
                self._transport = await self._loop.start_tls(
                    before,
                    self,
                    ssl_context,
                    server_hostname=server_hostname,
                    ssl_handshake_timeout=timeout,
                )
        except BaseException as problem:
            before.abort()
            if isinstance(problem, TimeoutError):
                raise httpcore2.ConnectTimeout from problem
            if isinstance(problem, OSError):  # all that TLS complains of are among these
                raise httpcore2.ConnectError(str(problem)) from problem
            raise
        return self

    def get_extra_info(self, info: str) -> Any:
        """What the library asks for: whether something came unasked, and with what it speaks."""
        if info == "is_readable":
            return self._ended or bool(self._arrived) or self._transport.is_closing()
        if info == "ssl_object":
            return self._transport.get_extra_info("ssl_object")
        return None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It is open."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Some bytes came."""
        self._arrived += data
        if len(self._arrived) > _ENOUGH and not self._held:
            self._held = True
            self._transport.pause_reading()
        _wake(self._reading)

    def eof_received(self) -> None:
        """The other side says no more; the loop closes it then."""
        self._ended = True
        _wake(self._reading)

    def connection_lost(self, exc: Exception | None) -> None:
        """It is over."""
        self._ended = True
        self._problem = exc
        _wake(self._reading)
        _wake(self._writing)

    def pause_writing(self) -> None:
        """Enough was written for now."""
        self._full = True

    def resume_writing(self) -> None:
        """There is room again."""
        self._full = False
        _wake(self._writing)

    def _check_open(self) -> None:
        if self._ended or self._transport.is_closing():
            raise httpcore2.WriteError(str(self._problem or "it was closed")) from self._problem

    async def _within(
        self, waiter: "asyncio.Future[None]", most_s: float | None, error: type[Exception]
    ) -> None:
        if most_s is None:
            await waiter
            return
        timer = self._loop.call_later(most_s, _expire, waiter, error)
        try:
            await waiter
        finally:
            timer.cancel()


class Backend(httpcore2.AsyncNetworkBackend):
    """Opens such connections; at the addresses of a host one after another, the quickest wins."""

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109  the library's
        local_address: str | None = None,
        socket_options: Iterable[_SocketOption] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        """A connection to that host.

        Raises:
            ConnectTimeout: it took too long.
            ConnectError: it was refused, or there is no such host.
        """
        del local_address, socket_options  # nobody of ours asks for them
        try:
            async with asyncio.timeout(timeout):
                _, stream = await asyncio.get_running_loop().create_connection(
                    Stream, host, port, happy_eyeballs_delay=_NEXT_ADDRESS_S
                )
        except TimeoutError as problem:
            raise httpcore2.ConnectTimeout from problem
        except OSError as problem:
            raise httpcore2.ConnectError(str(problem)) from problem
        return stream

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)


def _wake(waiter: "asyncio.Future[None] | None") -> None:
    if waiter is not None and not waiter.done():
        waiter.set_result(None)


def _expire(waiter: "asyncio.Future[None]", error: type[Exception]) -> None:
    if not waiter.done():
        waiter.set_exception(error())
