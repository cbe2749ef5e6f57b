"""Who holds an address, a name or an autonomous system, by RDAP: registries over https.

Sources: RFC 9082 and 9083 (queries, answers), RFC 9224 (which registry, by IANA's lists), RFC 7095
(contacts). "Not found" is an answer. Redirects from one registry to another are followed.
"""

import ipaddress
from collections.abc import Iterable, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from huntkit.core.errors import BadReply
from huntkit.runtime.http_client import Service
from huntkit.runtime.limits import Limits
from huntkit.runtime.session import Session

IANA: Final = "https://data.iana.org/rdap"
_LIST_KEPT_S: Final = 7 * 24 * 3600.0
_LIMITS: Final = Limits(
    concurrency=4, per_second=4, attempts=3, read_timeout_s=20, total_timeout_s=60,
    max_reply_bytes=4 << 20,
)  # fmt: skip
_ACCEPT: Final = {"Accept": "application/rdap+json, application/json"}
_LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")
_NOT_FOUND: Final = 404

Record = dict[str, Any]
Services = list[tuple[list[str], list[str]]]


class Rdap:
    """Asks registries; one object for many questions, since lists are read once.

    Args:
        session: network, and where IANA's lists are kept for a week.
        iana: where those lists are.
    """

    def __init__(self, session: Session, *, iana: str = IANA) -> None:
        self._session = session
        self._iana = iana
        self._lists: dict[str, Services] = {}

    def prepare(self, kind: str) -> None:
        """Read IANA's list of registries for ``ipv4``, ``ipv6``, ``dns`` or ``asn``."""
        if kind in self._lists:
            return
        key = (self._iana, kind)
        kept = self._session.store.get("rdap lists", key, max_age_s=_LIST_KEPT_S)
        body = kept.value if kept is not None else None
        if body is None:
            client = self._session.http(Service(name="IANA", base_url=self._iana, limits=_LIMITS))
            body = client.get("/{kind}.json", fill={"kind": kind}).json()
        services = _services(body)
        if not services:
            raise BadReply("IANA's list of registries is empty or unreadable", service="IANA")
        if kept is None:
            self._session.store.put("rdap lists", key, body)
        self._lists[kind] = services

    async def ask(self, kind: str, value: str) -> Record | None:
        """What the registry knows about an address, a name or a number; None: nothing.

        `prepare` comes first.

        Raises:
            LookupError: no registry is listed for it.
            RequestFailed: the registry could not be asked.
        """
        base = self._registry(kind, value)
        path = {"dns": "domain", "asn": "autnum"}.get(kind, "ip")
        service = Service(
            name=f"RDAP of {urlsplit(base).hostname}",
            base_url=base,
            headers=_ACCEPT,
            limits=_LIMITS,
            answers={_NOT_FOUND},
            elsewhere=True,
        )
        client = self._session.http(service)
        reply = await client.aget(f"/{path}/{{value}}", fill={"value": value})
        if reply.status_code == _NOT_FOUND:
            return None
        body = reply.json()
        if not isinstance(body, dict) or "objectClassName" not in body:
            raise BadReply(f"{service.name} answered with no RDAP record", service=service.name)
        return {**body, "_asked": base}

    def _registry(self, kind: str, value: str) -> str:
        holds = {"dns": _holds_name, "asn": _holds_number}.get(kind, _holds_address)
        found = [
            (size, urls)
            for entries, urls in self._lists[kind]
            for entry in entries
            if (size := holds(entry, value)) is not None
        ]
        for _, urls in sorted(found, key=lambda pair: -pair[0]):
            url = next(filter(_safe, urls), None)
            if url is not None:
                return url
        raise LookupError(f"no RDAP registry is listed for {value!r}")


def _safe(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)


def _services(body: Any) -> Services:
    listed = body.get("services") if isinstance(body, dict) else None
    return [
        ([str(entry) for entry in each[0]], [str(url) for url in each[1]])
        for each in (listed if isinstance(listed, list) else ())
        if isinstance(each, list) and len(each) == 2 and all(isinstance(e, list) for e in each)
    ]


def _holds_address(entry: str, value: str) -> int | None:
    try:
        network, address = ipaddress.ip_network(entry), ipaddress.ip_address(value)
    except ValueError:
        return None
    return network.prefixlen if address in network else None


def _holds_name(entry: str, value: str) -> int | None:
    entry, value = entry.lower().strip("."), value.lower().strip(".")
    return len(entry) if f".{value}".endswith(f".{entry}") else None


def _holds_number(entry: str, value: str) -> int | None:
    first, _, last = entry.partition("-")
    try:
        return 0 if int(first) <= int(value) <= int(last or first) else None
    except ValueError:
        return None


def event(record: Mapping[str, Any], action: str) -> str | None:
    """The time of an event of a record, as the registry wrote it.

    Examples:
        >>> event({"events": [{"eventAction": "registration", "eventDate": "2014-03-28"}]},
        ...       "registration")
        '2014-03-28'
    """
    for each in _dicts(record.get("events")):
        if each.get("eventAction") == action and isinstance(each.get("eventDate"), str):
            return str(each["eventDate"])
    return None


def contact(record: Mapping[str, Any], roles: Iterable[str], field: str) -> str | None:
    """A field (``fn``, ``email``) of the first contact with one of these roles, in their order.

    Contacts lie inside contacts: the abuse desk stands below the organisation.
    """
    entities = list(_entities(record, depth=4))
    for role in roles:
        for entity in entities:
            told = entity.get("roles")
            if isinstance(told, list) and role in told and (text := _card(entity, field)):
                return text
    return None


def _entities(record: Mapping[str, Any], depth: int) -> Iterable[dict[str, Any]]:
    for each in _dicts(record.get("entities")):
        yield each
        if depth:
            yield from _entities(each, depth - 1)


def _card(entity: Mapping[str, Any], field: str) -> str | None:
    """A text of a jCard: ``["vcard", [[name, parameters, type, value], ...]]``."""
    card = entity.get("vcardArray")
    lines = card[1] if isinstance(card, list) and len(card) > 1 else None
    for line in lines if isinstance(lines, list) else ():
        if isinstance(line, list) and len(line) > 3 and line[0] == field:
            value = line[3]
            if isinstance(value, str) and value.strip():
                return value.strip()
    return None


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []
