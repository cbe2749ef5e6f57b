"""IPStack, a paid service that knows where addresses are; asked over https only.

Source: IPStack's published API documentation (api.ipstack.com). Faults come with status 200 and
``"success": false``. Never run against the live service by this project.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import polars as pl

from huntkit.core.errors import (
    AccessDenied,
    BadReply,
    RateLimited,
    RequestFailed,
    UsageError,
)
from huntkit.enrich.asking_each import Told, ask_each
from huntkit.enrich.geo_lookup import GeoIpLookup, Raw
from huntkit.enrich.place_columns import COLUMNS
from huntkit.entities.addresses import address_scope, address_text, parse_address
from huntkit.runtime.http_client import HttpClient, Service
from huntkit.runtime.limits import Limits
from huntkit.runtime.secrets import Secret
from huntkit.runtime.session import Session, default_session

_SERVICE: Final = "IPStack"
_LIMITS: Final = Limits(concurrency=8)
_KEPT_S: Final = 30 * 24 * 3600.0
# "API errors" in its documentation; 105 was also the answer of plans without https.
_REFUSED: Final = frozenset({101, 102, 103, 105})
_USED_UP: Final = 104
_NOTHING_KNOWN: Final = 106
_SCHEMA: Final = {**COLUMNS, "TimeGenerated": pl.Datetime("us", "UTC"), "GeoError": pl.String()}


@dataclass(frozen=True, kw_only=True)
class IPStackSettings:
    """What the settings file says under ``OtherProviders: IPStack: Args:``."""

    auth_key: Secret | None = None
    base_url: str = "https://api.ipstack.com"


class IPStackLookup(GeoIpLookup):
    """Where addresses are, by IPStack; every different public address is one request.

    Addresses that are not public never leave. Answers are kept for 30 days, failures never.
    What could not be asked is a row with its reason in ``GeoError``, and a warning.

    Args:
        api_key: IPStack's access key, better as a `Secret` such as ``Secret("env:IPSTACK_KEY")``;
            left out, ``OtherProviders: IPStack: Args: AuthKey`` of the settings file.
        bulk_lookup: accepted, without effect: addresses are asked one by one, at once.
        refresh: ask anew, whatever is kept.
        session: settings, network and kept answers.

    Examples:
        >>> IPStackLookup(Secret("env:IPSTACK_KEY")).lookup_ip("192.168.1.1")  # is not sent
        ([{}], [IpAddress(Address='192.168.1.1', Location=None)])
    """

    def __init__(
        self,
        api_key: str | Secret | None = None,
        *,
        bulk_lookup: bool = False,  # noqa: ARG002  notebooks pass it
        refresh: bool = False,
        session: Session | None = None,
    ) -> None:
        self._key = api_key
        self._refresh = refresh
        self._session = session

    @property
    def session(self) -> Session:
        """Settings, network and kept answers."""
        return self._session if self._session is not None else default_session()

    def facts(self, texts: Sequence[str]) -> pl.DataFrame:
        """What IPStack says of each text, with the reason in ``GeoError`` where it failed."""
        return self.told(texts)[1]

    def told(self, texts: Sequence[str]) -> tuple[Raw, pl.DataFrame]:
        """IPStack's answers as they are, ``{"error": ...}`` for failures; and the facts."""
        said = self._ask(texts)
        rows = [_facts(said[text]) if text in said else {} for text in texts]
        facts = pl.DataFrame(schema=_SCHEMA)
        if rows:
            facts = pl.DataFrame(rows, schema=_SCHEMA, orient="row")
        return [_raw(said[text]) if text in said else {} for text in texts], facts

    def _ask(self, texts: Sequence[str]) -> Mapping[str, Told]:
        wanted = {text: address for text in texts if (address := _public(text)) is not None}
        client: list[HttpClient] = []

        async def ask(address: str) -> dict[str, Any]:
            return _checked(await client[0].aget("/{ip}", fill={"ip": address}))

        if wanted:
            client.append(self._client())
        told = ask_each(
            list(wanted.values()),
            ask,
            session=self.session,
            who=_SERVICE,
            kind=_SERVICE,
            kept_s=_KEPT_S,
            workers=_LIMITS.concurrency,
            refresh=self._refresh,
        )
        return {text: told[address] for text, address in wanted.items()}

    def _client(self) -> HttpClient:
        found = self.session.settings_for("OtherProviders", _SERVICE, IPStackSettings)
        chosen = found.args if found is not None else IPStackSettings()
        key = self._key if self._key is not None else chosen.auth_key
        if key is None:
            raise UsageError(
                "IPStack needs a key",
                hint="IPStackLookup(Secret('env:IPSTACK_KEY')), or AuthKey under OtherProviders:"
                " IPStack: Args: in the settings file",
            )
        return self.session.http(
            Service(
                name=_SERVICE,
                base_url=chosen.base_url,
                params={"access_key": key if isinstance(key, Secret) else Secret(key)},
                limits=_LIMITS,
            )
        )

    def __repr__(self) -> str:
        return "<IPStackLookup>"


def _public(text: str) -> str | None:
    """The address as it is asked, or None if it is not to leave."""
    address = parse_address(text)
    if address is None or address_scope(address) != "public":
        return None
    return address_text(address).partition("%")[0]


def _raw(said: Told) -> dict[str, Any]:
    return {"error": said.problem} if said.problem else said.value


def _checked(reply: Any) -> dict[str, Any]:
    """The answer, or the error that hides behind a status of 200."""
    body = reply.json()
    if not isinstance(body, dict):
        raise BadReply("IPStack answered with something that is no record", service=_SERVICE)
    fault = body.get("error")
    if body.get("success") is False or isinstance(fault, dict):
        fault = fault if isinstance(fault, dict) else {}
        code, what = fault.get("code"), fault.get("type") or fault.get("info") or "no reason given"
        if code == _NOTHING_KNOWN:
            return {}
        text = f"IPStack refused: {reply.hide(str(what))[:200]}"
        if code in _REFUSED:
            raise AccessDenied(text, service=_SERVICE, hint="look at the key and at its plan")
        if code == _USED_UP:
            raise RateLimited(text, service=_SERVICE)
        raise RequestFailed(text, service=_SERVICE)
    return body


def _facts(said: Told) -> dict[str, Any]:
    at = datetime.fromtimestamp(said.at, UTC)
    if said.problem:
        return {"GeoError": said.problem, "TimeGenerated": at}
    record = said.value
    connection = record.get("connection")
    operator = connection if isinstance(connection, dict) else {}
    found = {
        "CountryCode": _text(record.get("country_code")),
        "CountryOrRegionName": _text(record.get("country_name")),
        "State": _text(record.get("region_name")),
        "City": _text(record.get("city")),
        "Latitude": _degrees(record.get("latitude"), 90),
        "Longitude": _degrees(record.get("longitude"), 180),
        "Asn": _number(operator.get("asn")),
        "AsnName": _text(operator.get("isp")),
    }
    if all(value is None for value in found.values()):
        return {}
    return {**found, "GeoSource": f"{_SERVICE} {at:%Y-%m-%d}", "TimeGenerated": at}


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _number(value: Any) -> int | None:
    good = isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 32
    return value if good else None


def _degrees(value: Any, limit: float) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if abs(value) <= limit else None
