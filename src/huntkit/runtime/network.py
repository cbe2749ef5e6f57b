"""What all clients of one session share: connections, paces, breakers, and whether there is any."""

import weakref
from typing import Protocol
from urllib.parse import unquote, urlsplit

from huntkit.core.errors import Offline
from huntkit.runtime.clock import Clock
from huntkit.runtime.http_call import Basic
from huntkit.runtime.http_settings import HttpSettings
from huntkit.runtime.http_wire import Wire
from huntkit.runtime.limits import Limits
from huntkit.runtime.pace import Breaker, Pace
from huntkit.runtime.portal import Portal, portal
from huntkit.runtime.secrets import Secret


class Quota(Protocol):
    """Counts what was asked of a service on one day, for longer than a process lives."""

    def take(self, service: str, limit: int, day: str) -> bool:
        """Count one more request; False, and nothing counted, if the day is used up."""

    def left(self, service: str, limit: int, day: str) -> int:
        """How many requests the day still has."""


class Network:
    """The network as one session sees it; nothing of it is made before the first request."""

    def __init__(
        self,
        settings: HttpSettings,
        *,
        offline: bool,
        quota: Quota | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.offline = offline
        self.quota = quota
        self.clock = clock or Clock()
        self._settings = settings
        self._portal: Portal | None = None
        self._wire = Wire(settings)
        self._paces: dict[tuple[str, Limits], Pace] = {}
        self._breakers: dict[str, Breaker] = {}
        self._proxies: dict[str, Basic | None] = {}

    def portal(self) -> Portal:
        """The background loop; in a forked child everything begins anew."""
        here = portal()
        if self._portal is not here:
            self._portal = here
            self._wire = Wire(self._settings)
            self._paces, self._breakers = {}, {}
            weakref.finalize(self, _close, here, self._wire).atexit = False
        return here

    @property
    def wire(self) -> Wire:
        """The connections."""
        return self._wire

    def proxy_auth(self, url: str) -> Basic | None:
        """What the proxy of that URL is told, if it wants to know who asks."""
        host = url[: url.find("/", 8)]  # with the scheme
        if host not in self._proxies:
            proxy, mine = self._settings.proxy_of(url), self._settings
            parts = urlsplit(proxy or "")
            auth = None
            if proxy and proxy == mine.proxy and mine.proxy_user:
                auth = Basic(mine.proxy_user, mine.proxy_password or "")
            elif parts.password:  # of the environment, where it stands in the open
                auth = Basic(unquote(parts.username or ""), Secret.held(unquote(parts.password)))
            self._proxies[host] = auth
        return self._proxies[host]

    def check_online(self, service: str) -> None:
        """Nothing, if the network may be used.

        Raises:
            Offline: it may not.
        """
        if self.offline:
            raise Offline(
                f"{service} was not asked: this session is offline",
                service=service,
                hint="use a session with offline=False",
            )

    def pace(self, service: str, limits: Limits) -> Pace:
        """The one that keeps that service's limits; call it inside the loop."""
        key = (service, limits)
        if key not in self._paces:
            self._paces[key] = Pace(service, limits, self.clock)
        return self._paces[key]

    def breaker(self, host: str) -> Breaker:
        """The breaker of that host."""
        if host not in self._breakers:
            self._breakers[host] = Breaker(host, self.clock)
        return self._breakers[host]

    def close(self) -> None:
        """Close all connections; the next request opens new ones."""
        if self._portal is not None and self._portal is portal():
            self._portal.run(self._wire.close)

    def __repr__(self) -> str:
        return f"<Network of {len(self._paces)} services{', offline' * self.offline}>"


def _close(here: Portal, wire: Wire) -> None:
    try:
        here.leave(wire.close)
    except RuntimeError:  # the loop has ended, and its sockets with it
        return
