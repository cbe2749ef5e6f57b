"""IPStack, a paid service that knows where addresses are; asked over https only.

Source: IPStack's published API documentation (api.ipstack.com). Faults come with status 200 and
``"success": false``. Never run against the live service by this project.
"""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import polars as pl

from huntkit.core.errors import (
    AccessDenied,
    BadReply,
    HuntkitError,
    RateLimited,
    RequestFailed,
    UsageError,
)
from huntkit.enrich.geo_lookup import GeoIpLookup, Raw
from huntkit.enrich.place_columns import COLUMNS
from huntkit.entities.addresses import address_scope, address_text, parse_address
from huntkit.runtime.fanout import Share, spread
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


@dataclass(frozen=True, slots=True)
class _Said:
    record: dict[str, Any]
    at: float
    error: str = ""

    def raw(self) -> dict[str, Any]:
        return {"error": self.error} if self.error else self.record


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
        return [said[text].raw() if text in said else {} for text in texts], facts

    def _ask(self, texts: Sequence[str]) -> Mapping[str, _Said]:
        wanted = {text: address for text in texts if (address := _public(text)) is not None}
        addresses = list(dict.fromkeys(wanted.values()))
        known = {} if self._refresh else self._kept(addresses)
        missing = [address for address in addresses if address not in known]
        if missing:
            known.update(self._asked(missing))
        return {text: known[address] for text, address in wanted.items()}

    def _kept(self, addresses: list[str]) -> dict[str, _Said]:
        if not addresses:
            return {}
        found = self.session.store.get_many(_SERVICE, addresses, max_age_s=_KEPT_S)
        pairs = zip(addresses, found, strict=True)
        return {address: _Said(old.value, old.at) for address, old in pairs if old is not None}

    def _asked(self, addresses: list[str]) -> dict[str, _Said]:
        client = self._client()

        async def ask(address: str) -> dict[str, Any]:
            return _checked(await client.aget("/{ip}", fill={"ip": address}))

        now = self.session.network.clock.now().timestamp()
        said: dict[str, _Said] = {}
        with self.session.progress.task("asking IPStack", total=len(addresses)) as task:
            share: Share[str, dict[str, Any]] = Share(
                name=_SERVICE, items=addresses, ask=ask, workers=_LIMITS.concurrency
            )
            problems: list[Exception] = []
            for outcome in spread(share):
                if outcome.error is None:
                    said[outcome.item] = _Said(outcome.answer or {}, now)
                else:
                    problems.append(outcome.error)
                    said[outcome.item] = _Said({}, now, error=_told(outcome.error))
                task.advance()
                task.check_cancelled()
        self.session.store.put_many(
            _SERVICE, [(address, each.record) for address, each in said.items() if not each.error]
        )
        if problems and len(problems) == len(addresses):
            raise problems[0]
        if problems:
            warnings.warn(
                f"IPStack did not answer for {len(problems):,} of {len(addresses):,} addresses;"
                " the reasons stand in GeoError",
                stacklevel=4,
            )
        return said

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


def _told(problem: Exception) -> str:
    return str(problem) if isinstance(problem, HuntkitError) else f"{type(problem).__name__}"


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


def _facts(said: _Said) -> dict[str, Any]:
    at = datetime.fromtimestamp(said.at, UTC)
    if said.error:
        return {"GeoError": said.error, "TimeGenerated": at}
    record = said.record
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
