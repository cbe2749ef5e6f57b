"""Sockets as the HTTP library wants them: much at once, nothing at all, and abrupt ends."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from typing import Any

import httpcore2
import pytest

from huntkit.runtime import HttpSettings, Limits
from huntkit.runtime.http_stream import Backend
from servers import Answer, _reset

pytestmark = pytest.mark.usefixtures("loopback")

MUCH = bytes(range(256)) * 16_384  # 4 MiB
Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def with_server(handler: Handler, act: Callable[[Any], Awaitable[Any]]) -> Any:
    """What `act` gives for a connection to a server with that handler."""

    async def run() -> Any:
        server = await asyncio.start_server(handler, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        stream = await Backend().connect_tcp("127.0.0.1", port, timeout=10)
        try:
            return await act(stream)
        finally:
            await stream.aclose()
            server.close()
            await asyncio.sleep(0.05)  # so that the server's side ends, too

    return asyncio.run(run())


async def all_of(stream: Any) -> bytes:
    found = b""
    while piece := await stream.read(65536, timeout=10):
        assert len(piece) <= 65536
        found += piece
    return found


def test_what_is_sent_faster_than_it_is_read_waits_and_is_whole() -> None:
    sent = []

    async def pour(_: Any, writer: asyncio.StreamWriter) -> None:
        for start in range(0, len(MUCH), 65536):
            writer.write(MUCH[start : start + 65536])
            await writer.drain()
            sent.append(start)
        writer.close()

    async def act(stream: Any) -> bytes:
        first = await stream.read(10, timeout=10)
        await asyncio.sleep(0.2)
        held = len(stream._arrived)
        assert held < 2 * 1024**2, "the sender has to wait for a slow reader"
        return first + await all_of(stream)

    assert with_server(pour, act) == MUCH
    assert len(sent) == len(MUCH) // 65536


def test_what_is_written_faster_than_it_is_taken_waits_and_is_whole() -> None:
    taken = bytearray()

    async def sip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while piece := await reader.read(65536):
            taken.extend(piece)
            if len(taken) == len(MUCH):
                writer.write(b"thanks")
                writer.close()
                return

    async def act(stream: Any) -> bytes:
        await stream.write(b"")
        await stream.write(MUCH, timeout=10)
        return await all_of(stream)

    assert with_server(sip, act) == b"thanks"
    assert bytes(taken) == MUCH


def test_nobody_who_reads_or_writes_waits_for_ever() -> None:
    gone = asyncio.Event()

    async def silence(_: Any, writer: asyncio.StreamWriter) -> None:
        await gone.wait()
        writer.transport.abort()

    async def act(stream: Any) -> None:
        with pytest.raises(httpcore2.ReadTimeout):
            await stream.read(1, timeout=0.05)
        assert not stream.get_extra_info("is_readable")
        with pytest.raises(httpcore2.WriteTimeout):
            await stream.write(MUCH * 8, timeout=0.05)
        gone.set()

    with_server(silence, act)


def test_an_end_is_seen_also_by_one_who_does_not_read() -> None:
    async def end(_: Any, writer: asyncio.StreamWriter) -> None:
        writer.write(b"bye")
        writer.close()

    async def act(stream: Any) -> None:
        await asyncio.sleep(0.2)
        assert stream.get_extra_info("is_readable")
        assert await all_of(stream) == b"bye"
        with pytest.raises(httpcore2.WriteError):
            await stream.write(b"more")
        assert await stream.read(1) == b""

    with_server(end, act)


def test_a_reset_is_an_error_and_what_came_before_is_not_lost() -> None:
    async def reset(_: Any, writer: asyncio.StreamWriter) -> None:
        writer.write(b"half")
        await writer.drain()
        await asyncio.sleep(0.2)
        _reset(writer)

    async def act(stream: Any) -> None:
        assert await stream.read(100, timeout=10) == b"half"
        with pytest.raises(httpcore2.ReadError):
            await stream.read(100, timeout=10)

    with_server(reset, act)


def test_a_cancelled_reader_leaves_a_sound_connection() -> None:
    async def late(_: Any, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.2)
        writer.write(b"late")
        writer.close()

    async def act(stream: Any) -> bytes:
        reading = asyncio.create_task(stream.read(10, timeout=10))
        await asyncio.sleep(0.05)
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
        return await all_of(stream)

    assert with_server(late, act) == b"late"


def test_hosts_that_refuse_are_errors() -> None:
    with pytest.raises(httpcore2.ConnectError):
        asyncio.run(Backend().connect_tcp("127.0.0.1", 1, timeout=10))


def test_much_goes_both_ways_over_tls(http_server, client, session_with) -> None:
    server = http_server(lambda asked: Answer(body=asked.body + MUCH), tls=True)
    mine = session_with(http=HttpSettings(ca_bundle=server.ca))
    asked = client(server.url, of=mine, limits=Limits(attempts=1))
    for _ in range(2):
        assert asked.post("/", content=MUCH).content == MUCH + MUCH
    assert server.connections == 1


def test_what_does_not_speak_tls_is_no_connection() -> None:
    async def plain(_: Any, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.0 400 Bad Request\r\n\r\n")
        writer.close()

    async def act(stream: Any) -> None:
        with pytest.raises(httpcore2.ConnectError):
            await stream.start_tls(ssl.create_default_context(), "localhost", timeout=10)

    with_server(plain, act)


def test_who_says_nothing_to_tls_is_not_waited_for() -> None:
    async def silence(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async def act(stream: Any) -> None:
        with pytest.raises(httpcore2.ConnectTimeout):
            await stream.start_tls(ssl.create_default_context(), "localhost", timeout=0.1)

    with_server(silence, act)
