"""Where a map's pictures of the ground come from, if the caller wants any: a tile server."""

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from huntkit.core.errors import Offline, UsageError
from huntkit.core.text import visible
from huntkit.runtime.session import Session, default_session

_HOST: Final = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?(:[0-9]{1,5})?\Z", re.IGNORECASE)
_PLACE: Final = re.compile(r"\{[^{}]*\}")
_PATH: Final = re.compile(r"[A-Za-z0-9._~%/?&=@+-]*\Z")


@dataclass(frozen=True, kw_only=True, slots=True)
class Tiles:
    """A server of map tiles in the usual scheme (Web Mercator, 256 pixels).

    The page of a map with tiles asks that server, and no other, for the pictures of what is in
    view, whenever somebody opens it. The server sees where the reader looks.

    Attributes:
        url: where a tile is, with ``{z}``, ``{x}`` and ``{y}``.
        attribution: whose map it is; shown on it.
        deepest: the deepest zoom that the server has.

    Examples:
        >>> Tiles(url="https://tiles.example/{z}/{x}/{y}.png", attribution="© Example").origin
        'https://tiles.example'
    """

    url: str
    attribution: str
    deepest: int = 19

    def __post_init__(self) -> None:
        faults = []
        parts = urlsplit(self.url)
        if parts.scheme not in ("https", "http") or not _HOST.match(parts.netloc):
            faults.append("it has no scheme and host like https://tiles.example")
        if sorted(_PLACE.findall(self.url)) != ["{x}", "{y}", "{z}"]:
            faults.append("it must hold {z}, {x} and {y}, once each, and nothing else in braces")
        if not _PATH.match(_PLACE.sub("", self.url.partition("://")[2].partition("/")[2])):
            faults.append("its path holds characters that no path has")
        if faults:
            raise UsageError(f"{self.url!r} is no address of tiles: {'; '.join(faults)}")
        if not self.attribution.strip():
            raise UsageError("tiles have an owner", hint="say whose map it is by attribution=")
        if not 0 <= self.deepest <= 24:
            raise UsageError(f"deepest is {self.deepest}", hint="from 0 to 24")

    @property
    def origin(self) -> str:
        """The server, as the page's content security policy names it."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc.lower()}"

    def spec(self) -> dict[str, str | int]:
        """What the page must know."""
        owner = visible(self.attribution, limit=200)
        return {"url": self.url, "attribution": owner, "deepest": self.deepest}


def check_online(tiles: Tiles, session: Session | None) -> None:
    """Refuse tiles where the network is switched off.

    Raises:
        Offline: the session is offline.
    """
    if (session or default_session()).offline:
        raise Offline(
            f"the map would ask {tiles.origin}, but this session is offline",
            service=tiles.origin,
            hint="leave out tiles=: the countries are in the package",
        )
