"""Is the address an exit of the Tor network?"""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from huntkit.core.errors import BadReply
from huntkit.enrich.ti.http_provider import HttpTIProvider
from huntkit.enrich.ti.provider import Facts, Lookup
from huntkit.enrich.ti.replies import members, needed, record, said
from huntkit.entities.indicators import normal_form
from huntkit.runtime.http_reply import Reply
from huntkit.runtime.limits import Limits

_FIELDS = "nickname,fingerprint,or_addresses,exit_addresses,first_seen,last_seen,flags,running"


@dataclass(frozen=True, kw_only=True)
class TorSettings:
    """Where the list is; a mirror may stand in."""

    base_url: str = ""


class Tor(HttpTIProvider):
    """Exits of the Tor network; the whole list is fetched, no address is told to anybody."""

    name = "Tor"
    takes: ClassVar = {"ipv4": ("",), "ipv6": ("",)}
    settings = TorSettings
    keyless = True
    base_url = "https://onionoo.torproject.org"
    endpoints: ClassVar = {}
    limits = Limits(concurrency=1)
    batch = 100_000
    kept_s = 3600.0
    home = "https://metrics.torproject.org/onionoo.html"
    terms = "public data of the Tor Project; the list is fetched once an hour at most"

    def __init__(self, chosen: Any, session: Any) -> None:
        super().__init__(chosen, session)
        self._lock = threading.Lock()
        self._exits: dict[str, dict[str, Any]] = {}
        self._at: float | None = None

    def ask(self, lookup: Lookup) -> Facts:  # type: ignore[override]  # plain: it seldom waits
        """Whether one address is in the list."""
        return self.ask_many([lookup])[lookup]

    def ask_many(self, lookups: Sequence[Lookup]) -> Mapping[Lookup, Facts]:
        """Whether many are."""
        exits = self._known()
        return {
            each: _facts(exits[each.value]) if each.value in exits else Facts.unknown()
            for each in lookups
        }

    def read(self, lookup: Lookup, reply: Reply) -> Facts:
        """What a fetched list says about one address."""
        relay = _exits(reply).get(lookup.value)
        return Facts.unknown() if relay is None else _facts(relay)

    def _known(self) -> dict[str, dict[str, Any]]:
        with self._lock:
            now = self.session.network.clock.now().timestamp()
            if self._at is None or now - self._at > self.kept_s:
                params = {"type": "relay", "flag": "Exit", "fields": _FIELDS}
                self._exits = _exits(self.http.get("/details", params=params))
                self._at = now
            return self._exits


def _exits(reply: Reply) -> dict[str, dict[str, Any]]:
    body = record(reply)
    needed(body, "relays")
    found: dict[str, dict[str, Any]] = {}
    for relay in members(body, "relays"):
        for text in [*(relay.get("or_addresses") or ()), *(relay.get("exit_addresses") or ())]:
            address = _address(str(text))
            if address:
                found[address] = relay
    if not found:  # there are always a thousand: an empty list would read as "no exit"
        raise BadReply("the list of Tor's exits is empty", service="Tor")
    return found


def _address(text: str) -> str | None:
    """The address of ``203.0.113.7:9001``, ``[2001:db8::1]:9001`` or an address alone."""
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    return normal_form("ipv6" if ":" in text else "ipv4", text)


def _facts(relay: Mapping[str, Any]) -> Facts:
    return Facts(
        severity="warning",
        reason="an exit of the Tor network: anybody may stand behind it",
        details=said(relay, "nickname", "first_seen", "last_seen", "flags", "running"),
        raw=dict(relay),
    )
