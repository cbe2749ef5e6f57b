"""The old whois (RFC 3912): a line to port 43, text back. Unencrypted; only where RDAP is not."""

import re
import socket
from typing import Final

import anyio
import anyio.abc

from huntkit.core.errors import BadReply, HuntkitError, RequestFailed, TimedOut
from huntkit.entities.addresses import address_scope, parse_address
from huntkit.runtime.session import Session

IANA: Final = ("whois.iana.org", 43)
_LARGEST: Final = 256 << 10
_PATIENCE_S: Final = 20.0
_REFERRALS: Final = 3
_FIELD: Final = re.compile(r"^\s*([A-Za-z][\w ./-]{0,40}?)\s*:\s*(\S.*?)\s*$", re.MULTILINE)
_HOST: Final = re.compile(r"(?i)(?!-)[a-z0-9.-]{1,253}(?::\d{1,5})?")
_PORTS: Final = (43, 4321)  # of whois and of rwhois; a referral leads nowhere else
_REFERS: Final = ("refer", "whois", "referralserver", "registrar whois server")

Place = tuple[str, int]


class Whois:
    """Asks whois servers, beginning at IANA's, which names the one that knows.

    Args:
        session: whether the network may be used.
        first: the server that is asked first.
        port: where referred servers listen.
    """

    def __init__(self, session: Session, *, first: Place = IANA, port: int = 43) -> None:
        self._session = session
        self._first = first
        self._port = port
        self._turn = anyio.CapacityLimiter(2)

    async def ask(self, value: str) -> dict[str, str]:
        """The fields of the last server that answered, with ``_asked`` and ``_text``.

        Raises:
            RequestFailed: no server could be asked.
        """
        place, seen = self._first, set[Place]()
        answer: dict[str, str] = {}
        while place not in seen and len(seen) <= _REFERRALS:
            seen.add(place)
            try:
                text = await self._text(place, value)
            except HuntkitError:
                if not answer:
                    raise
                break  # what the one before said still stands
            answer = {**fields(text), "_asked": place[0], "_text": text}
            referred = self._referred(answer)
            if referred is None:
                break
            place = referred
        return answer

    def _referred(self, answer: dict[str, str]) -> Place | None:
        for name in _REFERS:
            scheme, _, named = answer.get(name, "").rpartition("://")
            named = named.rstrip("/")
            if scheme in ("", "whois", "rwhois") and _HOST.fullmatch(named):
                host, _, port = named.lower().partition(":")
                if host != self._first[0] and (host == "localhost" or parse_address(host)):
                    return None  # a referral must not lead into somebody's own network
                place = host, int(port) if port else self._port
                return place if place[1] in (*_PORTS, self._port, self._first[1]) else None
        return None

    async def _target(self, place: Place, name: str) -> str:
        """The address to connect to; of a server that another one named only a public one."""
        host, port = place
        if place == self._first or host == self._first[0]:
            return host
        found = await anyio.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        addresses = [str(each[4][0]) for each in found]
        for address in addresses:
            if address_scope(address) == "public":
                return address
        raise RequestFailed(f"{name} is on no public address: {addresses}", service=name)

    async def _text(self, place: Place, value: str) -> str:
        host, port = place
        name = f"whois of {host}"
        self._session.network.check_online(name)
        if not value.isprintable() or not value.isascii() or " " in value:
            raise RequestFailed(f"{value!r:.80} can't be asked for by whois", service=name)
        try:
            async with self._turn:
                with anyio.fail_after(_PATIENCE_S):
                    target = await self._target(place, name)
                    stream = await anyio.connect_tcp(target, port)
                    async with stream:
                        await stream.send(value.encode("ascii") + b"\r\n")
                        content = await _all(stream, name)
        except TimeoutError:
            raise TimedOut(f"{name} did not answer in {_PATIENCE_S:.0f} s", service=name) from None
        except (OSError, anyio.BrokenResourceError) as problem:
            raise RequestFailed(f"{name} can't be reached: {problem}", service=name) from problem
        try:
            return content.decode("utf-8")
        except UnicodeDecodeError:  # whois has no word for its charset; ARIN's and RIPE's is this
            return content.decode("latin-1")


async def _all(stream: anyio.abc.ByteStream, name: str) -> bytes:
    content = bytearray()
    async for piece in stream:
        content += piece
        if len(content) > _LARGEST:
            raise BadReply(f"{name} sent more than {_LARGEST:,} bytes", service=name)
    return bytes(content)


def fields(text: str) -> dict[str, str]:
    r"""The fields of a whois answer by lower-case name, the first of each; comments left out.

    Examples:
        >>> fields("% remark: no\nNetName:  EXAMPLE\ncountry: NL\ncountry: DE")
        {'netname': 'EXAMPLE', 'country': 'NL'}
    """
    found: dict[str, str] = {}
    for name, value in _FIELD.findall(text):
        found.setdefault(name.lower(), value)
    return found
