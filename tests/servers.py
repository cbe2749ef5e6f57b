"""A small HTTP server on loopback for tests, which misbehaves on request.

Tests get it by the fixture `http_server` (see conftest.py)::

    def test_it(http_server):
        server = http_server(lambda asked: Answer(json={"ip": asked.path}))
        ...
        assert server.asked[0].headers["x-key"] == "..."

A handler gets an `Asked` and gives an `Answer`, a list of answers by turns is possible, too
(`in_turn`). TLS: `http_server(handler, tls=True)`; `server.ca` is the file of its authority.
"""

import asyncio
import contextlib
import datetime as dt
import ipaddress
import json
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit


@dataclass
class Asked:
    """One request as it arrived."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    at: float
    connection: int

    @property
    def path(self) -> str:
        return unquote(urlsplit(self.target).path)

    @property
    def params(self) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(self.target).query, keep_blank_values=True))

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Answer:
    """What the server does with a request.

    Attributes:
        status, headers, body, json: the reply; `json` is written as the body.
        wait_s: how long before anything is sent.
        pieces: sent after one another with `pause_s` between, chunked, instead of the body.
        length: a Content-Length that may lie.
        reset_after: so many bytes of the body are sent, then the connection is reset.
        hang_up: the connection is closed without a reply.
        raw: these bytes are sent instead of all that.
        tunnel: connect to the target and pass bytes on (for a proxy's CONNECT).
    """

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | str = b""
    json: Any = None
    wait_s: float = 0.0
    pieces: Iterable[bytes] | None = None
    pause_s: float = 0.0
    length: int | None = None
    reset_after: int | None = None
    hang_up: bool = False
    raw: bytes | None = None
    tunnel: bool = False


Handler = Callable[[Asked], Answer]


def in_turn(*answers: Answer) -> Handler:
    """The answers one after another; the last one for ever."""
    left = list(answers)
    lock = threading.Lock()

    def handler(asked: Asked) -> Answer:
        with lock:
            return left.pop(0) if len(left) > 1 else left[0]

    return handler


class Server:
    """The server: `url`, `port`, everything that was `asked`, how many `connections`."""

    def __init__(self, handler: Handler, *, tls: ssl.SSLContext | None = None) -> None:
        self.handler = handler
        self.asked: list[Asked] = []
        self.connections = 0
        self.open_now = 0
        self.most_open = 0
        self.under_way = 0
        self.most_under_way = 0
        self.ca: Path | None = None
        self._scheme = "https" if tls else "http"
        self._loop = asyncio.new_event_loop()
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        started = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(tls, started), daemon=True)
        self._thread.start()
        started.wait(10)

    @property
    def url(self) -> str:
        host = "localhost" if self._scheme == "https" else "127.0.0.1"
        return f"{self._scheme}://{host}:{self.port}"

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)

    def _run(self, tls: ssl.SSLContext | None, started: threading.Event) -> None:
        asyncio.set_event_loop(self._loop)
        self._stop = asyncio.Event()

        async def serve() -> None:
            server = await asyncio.start_server(self._connected, sock=self._socket, ssl=tls)
            started.set()
            await self._stop.wait()
            server.close()
            rest = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
            for task in rest:
                task.cancel()
            await asyncio.gather(*rest, return_exceptions=True)

        self._loop.run_until_complete(serve())
        self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        self._loop.close()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        number = self.connections
        self.open_now += 1
        self.most_open = max(self.most_open, self.open_now)
        try:
            while await self._one(reader, writer, number):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError, ssl.SSLError):
            pass
        finally:
            self.open_now -= 1
            writer.close()
            with contextlib.suppress(Exception):
                await writer.wait_closed()

    async def _one(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int
    ) -> bool:
        head = await reader.readuntil(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        method, target, _ = first.split(" ", 2)
        pairs = (line.split(":", 1) for line in lines if ":" in line)
        headers = {name.strip().lower(): value.strip() for name, value in pairs}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        asked = Asked(method, target, headers, body, self._loop.time(), number)
        self.asked.append(asked)
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        try:
            return await self._answer(self.handler(asked), asked, reader, writer)
        finally:
            self.under_way -= 1

    async def _answer(
        self,
        answer: Answer,
        asked: Asked,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> bool:
        if answer.wait_s:
            await asyncio.sleep(answer.wait_s)
        if answer.hang_up:
            return False
        if answer.raw is not None:
            writer.write(answer.raw)
            await writer.drain()
            return False
        if answer.tunnel:
            await _tunnel(asked.target, reader, writer)
            return False
        body = answer.body.encode() if isinstance(answer.body, str) else answer.body
        headers = dict(answer.headers)
        if answer.json is not None:
            body = json.dumps(answer.json).encode()
            headers.setdefault("Content-Type", "application/json")
        if answer.pieces is not None:
            headers["Transfer-Encoding"] = "chunked"
        else:
            headers["Content-Length"] = str(len(body) if answer.length is None else answer.length)
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        writer.write(f"HTTP/1.1 {answer.status} Said\r\n{lines}\r\n".encode("latin-1"))
        if answer.pieces is not None:
            for piece in answer.pieces:
                writer.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
                await writer.drain()
                await asyncio.sleep(answer.pause_s)
            writer.write(b"0\r\n\r\n")
        elif asked.method != "HEAD":
            if answer.reset_after is not None:
                writer.write(body[: answer.reset_after])
                await writer.drain()
                await asyncio.sleep(0.05)
                _reset(writer)
                return False
            writer.write(body)
        await writer.drain()
        return answer.length is None


def _reset(writer: asyncio.StreamWriter) -> None:
    """Close so that the other side sees a reset, not an end."""
    found = writer.get_extra_info("socket")
    found.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def _tunnel(target: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    host, _, port = target.rpartition(":")
    far_reader, far_writer = await asyncio.open_connection(host, int(port))
    writer.write(b"HTTP/1.1 200 Connected\r\n\r\n")

    async def pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await source.read(65536):
                sink.write(data)
                await sink.drain()
        sink.close()

    await asyncio.gather(pump(reader, far_writer), pump(far_reader, writer))


def certificates(folder: Path, *, names: Iterable[str] = ("localhost", "127.0.0.1")) -> Path:
    """Make an authority (`ca.pem`) and a server's certificate (`server.pem`) in the folder."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    def name(text: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])

    now = dt.datetime.now(dt.UTC)
    day = dt.timedelta(days=1)
    ca_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    ca = (
        x509.CertificateBuilder()
        .subject_name(name("tests"))
        .issuer_name(name("tests"))
        .public_key(ca_key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - day)
        .not_valid_after(now + day)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(ca_key, hashes.SHA256())
    )

    def alternative(text: str) -> x509.GeneralName:
        try:
            return x509.IPAddress(ipaddress.ip_address(text))
        except ValueError:
            return x509.DNSName(text)

    own = (
        x509.CertificateBuilder()
        .subject_name(name("server"))
        .issuer_name(name("tests"))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - day)
        .not_valid_after(now + day)
        .add_extension(x509.SubjectAlternativeName([alternative(n) for n in names]), critical=False)
        .sign(ca_key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "ca.pem").write_bytes(ca.public_bytes(pem))
    (folder / "server.pem").write_bytes(secret + own.public_bytes(pem))
    return folder / "ca.pem"


@contextlib.contextmanager
def servers(folder: Path) -> Iterator[Callable[..., Server]]:
    """A factory of servers that are closed at the end."""
    running: list[Server] = []

    def serve(
        handler: Handler | Answer, *, tls: bool = False, names: Iterable[str] = ("localhost",)
    ) -> Server:
        handling = handler if callable(handler) else in_turn(handler)
        context = None
        if tls:
            own = folder / f"tls{len(running)}"
            own.mkdir()
            ca = certificates(own, names=names)
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(own / "server.pem")
        server = Server(handling, tls=context)
        server.ca = ca if tls else None
        running.append(server)
        return server

    try:
        yield serve
    finally:
        for server in running:
            server.close()
