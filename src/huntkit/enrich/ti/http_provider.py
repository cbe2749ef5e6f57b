"""Providers that are asked by HTTP: their endpoints are data."""

import hashlib
from abc import abstractmethod
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, ClassVar, Literal

from huntkit.core.errors import SettingsError
from huntkit.enrich.ti.provider import Facts, Lookup, LookupProvider, TIProvider
from huntkit.runtime.http_call import Basic
from huntkit.runtime.http_client import HttpClient, Service
from huntkit.runtime.http_reply import Reply
from huntkit.runtime.limits import Limits
from huntkit.runtime.secrets import Secret
from huntkit.runtime.session import Session

_RATES = ("per_second", "per_minute", "per_hour", "per_day")


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One request. ``{observable}`` stands for the indicator, other holes for what `fill` gives.

    Attributes:
        path: below the provider's address; values are escaped and can't leave their place.
        method: GET or POST.
        params: what stands after the question mark.
        json: the body of a POST, as JSON.
        form: the body of a POST, as a form.
    """

    path: str
    method: Literal["GET", "POST"] = "GET"
    params: Mapping[str, Any] = field(default_factory=dict)
    json: Any = None
    form: Mapping[str, Any] | None = None


class HttpLookupProvider(LookupProvider):
    """A provider whose sub-queries are endpoints; a subclass says which, and reads the reply.

    Settings named ``per_second``, ``per_minute``, ``per_hour`` or ``per_day`` replace the declared
    limits, for plans that allow more; 0 means that there is no such limit.

    Attributes:
        base_url: its address; the setting `base_url` replaces it where there is one.
        endpoints: (type of indicator, sub-query) -> endpoint; a type may be ``*``.
        not_found: statuses that mean "I know nothing about it".
        answers: other statuses of 400 and above that are answers; `read` sees them.
        needs: settings without which it can't be asked.
    """

    base_url: ClassVar[str]
    endpoints: ClassVar[Mapping[tuple[str, str], Endpoint]]
    not_found: ClassVar[Collection[int]] = (404,)
    answers: ClassVar[Collection[int]] = ()
    needs: ClassVar[Collection[str]] = ()

    def __init__(self, chosen: Any, session: Session) -> None:
        super().__init__(chosen, session)
        self.limits = _chosen_limits(self.limits, chosen)

    @abstractmethod
    def read(self, lookup: Lookup, reply: Reply) -> Facts:
        """The facts in a reply."""

    def headers(self) -> Mapping[str, Any]:
        """Sent with every request; secrets as they are in the settings."""
        return {}

    def params(self) -> Mapping[str, Any]:
        """Sent with every request after the question mark."""
        return {}

    def fill(self) -> Mapping[str, Any]:
        """What stands in the holes of paths beside the indicator; secrets are allowed."""
        return {}

    def auth(self) -> Basic | None:
        """A name and a password."""
        return None

    @cached_property
    def http(self) -> HttpClient:
        """The client; made on first use.

        Raises:
            SettingsError: a setting that it needs is missing.
        """
        if self._missing:
            raise SettingsError(
                self._missing,
                hint=f"put it into the settings file under {self.section}: {self.name}: Args:",
            )
        return self.session.http(
            Service(
                name=self.name,
                base_url=self._address,
                headers=dict(self.headers()),
                params=dict(self.params()),
                auth=self.auth(),
                limits=self.limits,
                answers={*self.not_found, *self.answers},
            )
        )

    @property
    def _missing(self) -> str:
        missing = [name for name in self.needs if not getattr(self.chosen, name, None)]
        return f"{self.name} needs {' and '.join(map(_as_written, missing))}" if missing else ""

    @property
    def _address(self) -> str:
        return str(getattr(self.chosen, "base_url", "") or self.base_url).rstrip("/")

    def lacking(self) -> str:
        """Which settings or secrets are missing, or that the session is offline."""
        if self._missing:
            return self._missing
        secrets = {each: getattr(self.chosen, each) for each in self.needs}
        empty = [_as_written(n) for n, s in secrets.items() if isinstance(s, Secret) and s.missing]
        if empty:
            return f"{self.name}: {' and '.join(empty)} is empty where the settings say it is"
        return "this session is offline" if self.session.offline else ""

    @property
    def identity(self) -> str:
        """Another address is another service: its answers are others."""
        usual = self._address == self.base_url.rstrip("/")
        digest = hashlib.sha256(self._address.encode()).hexdigest()[:12]
        return self.name if usual else f"{self.name} {digest}"

    async def ask(self, lookup: Lookup) -> Facts:
        """The facts of the endpoint for this type and sub-query."""
        found = self.endpoints.get((lookup.ioc_type, lookup.subtype))
        endpoint = found or self.endpoints[("*", lookup.subtype)]
        sent = self.observable(lookup)
        fill = {**self.fill(), "observable": sent}
        params = {k: sent if v == "{observable}" else v for k, v in endpoint.params.items()}
        if endpoint.method == "GET":
            reply = await self.http.aget(endpoint.path, fill=fill, params=params)
        else:
            reply = await self.http.apost(
                endpoint.path,
                fill=fill,
                params=params,
                json=_filled(endpoint.json, sent),
                form=_filled(endpoint.form, sent),
                repeatable=True,
            )
        if reply.status_code in self.not_found:
            return Facts.unknown(_raw(reply), reference=self.reference(lookup))
        return self.read(lookup, reply)

    def observable(self, lookup: Lookup) -> str:
        """What is sent for an indicator; some services want another form of it."""
        return lookup.value

    def reference(self, lookup: Lookup) -> str:
        """A page about the indicator for people; empty where there is none."""
        del lookup
        return ""


class HttpTIProvider(HttpLookupProvider, TIProvider):
    """A provider of threat intelligence whose sub-queries are endpoints."""


def _chosen_limits(declared: Limits, chosen: Any) -> Limits:
    own = {name: getattr(chosen, name, None) for name in _RATES}
    other: dict[str, Any] = {name: rate or None for name, rate in own.items() if rate is not None}
    return replace(declared, **other)


def _as_written(name: str) -> str:
    return "".join(part.title() for part in name.split("_"))


def _filled(value: Any, sent: str) -> Any:
    """A body with the indicator in; whole values only, so it stays one value."""
    if isinstance(value, Mapping):
        return {key: _filled(each, sent) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_filled(each, sent) for each in value]
    return sent if value == "{observable}" else value


def _raw(reply: Reply) -> Any:
    if "json" not in reply.headers.get("content-type", ""):
        return None
    try:
        return reply.json()
    except ValueError:
        return None
