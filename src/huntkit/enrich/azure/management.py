"""Azure's management API as the classes here ask it: paging to the end, errors with a reason.

Sources: "Azure Resource Manager: request limits and throttling", "Pagination" of the REST API
reference. Waiting and repeating is the HTTP client's.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

import orjson
import polars as pl

from huntkit.core.errors import BadReply, LimitReached, UsageError
from huntkit.core.text import visible
from huntkit.runtime.http_client import HttpClient, Service
from huntkit.runtime.http_reply import Reply
from huntkit.runtime.limits import Limits
from huntkit.runtime.session import Session
from huntkit.signin.azure import AzureIdentity, AzureTokens
from huntkit.tables import as_kind

_PAGES: Final = 10_000
_LIMITS: Final = Limits(concurrency=4, per_second=10, longest_wait_s=300)
_DEPTH: Final = 6
_STRANGE: Final = re.compile(r"^\.{0,2}$|[?#{}%\\]")  # what would lead elsewhere in a URL


class Management:
    """Asks Azure Resource Manager.

    Args:
        session: network and kinds of frames.
        identity: who asks.
        base_url: another address than the cloud's, for tests and gateways.
    """

    def __init__(
        self, session: Session, identity: AzureIdentity, *, base_url: str | None = None
    ) -> None:
        self.session = session
        hosts = identity.hosts
        self._client: HttpClient = session.http(
            Service(
                name="Azure",
                base_url=base_url or hosts.management,
                token=AzureTokens(identity, f"{hosts.management}/.default"),
                limits=_LIMITS,
            )
        )

    def ask(
        self,
        method: str,
        path: str,
        version: str,
        *,
        fill: Mapping[str, str] | None = None,
        params: Mapping[str, str | None] | None = None,
        body: Any = None,
        etag: str | None = None,
        repeatable: bool | None = None,
    ) -> Reply:
        """The reply to one request.

        Args:
            method: GET, PUT ...
            path: a path with ``{holes}``, or a resource's id.
            version: the api-version.
            fill: values of the holes.
            params: more parameters.
            body: sent as JSON.
            etag: change only what still is as it was read.
            repeatable: sending it twice does no harm.
        """
        headers = {"If-Match": etag} if etag else None
        asked = {"api-version": version, **(params or {})}
        call = self._client.call(
            method, path, fill=fill, params=asked, headers=headers, json=body,
            repeatable=repeatable,
        )  # fmt: skip
        return self._client.send(call)

    def one(self, path: str, version: str, **options: Any) -> dict[str, Any]:
        """One thing.

        Raises:
            BadReply: the answer is none.
        """
        return record(self.ask("GET", path, version, **options).json())

    def all(
        self, path: str, version: str, *, method: str = "GET", key: str = "value", **options: Any
    ) -> Iterator[dict[str, Any]]:
        """All things of a list, page by page, each page once.

        A list that is asked for by POST goes on with a token in the body, ``skipToken``.

        Raises:
            BadReply: the answer is no list, or a page names itself as the next one.
        """
        body = record(self.ask(method, path, version, **options).json())
        seen: set[str] = set()
        while True:
            listed = body.get(key)
            if not isinstance(listed, list):
                raise BadReply(f"Azure answered without a list {key!r}", service="Azure")
            yield from (record(each) for each in listed)
            after = body.get("nextLink")
            if not isinstance(after, str) or not after:
                return
            if after in seen:
                raise BadReply("Azure's list leads back to a page before", service="Azure")
            seen.add(after)
            if len(seen) > _PAGES:
                raise LimitReached(f"the list has more than {_PAGES:,} pages")
            if method == "GET":
                body = record(self._client.get(after).json())
            else:
                more = {**(options.get("body") or {}), "skipToken": _skip_token(after)}
                body = record(self.ask(method, path, version, **{**options, "body": more}).json())

    def frame(self, things: Sequence[Mapping[str, Any]]) -> Any:
        """Things as a frame: a column for each nested name, as in ``properties.title``."""
        return as_kind(flat(things), self.session.frame)


def record(body: Any) -> dict[str, Any]:
    """An answer that is a record, and no error that came with status 200.

    Raises:
        BadReply: it is none.
    """
    if not isinstance(body, dict):
        raise BadReply("Azure answered with something that is no record", service="Azure")
    problem = body.get("error")
    if isinstance(problem, dict) and len(body) == 1:  # a failure that came with status 200
        said = f"{problem.get('code', '')}: {problem.get('message', '')}"
        raise BadReply(f"Azure answered with an error: {visible(said, limit=300)}", service="Azure")
    return body


def _skip_token(link: str) -> str:
    """The token in the address of the next page."""
    for name, value in parse_qsl(urlsplit(link).query):
        if name.casefold() == "$skiptoken":
            return value
    raise BadReply("Azure's list does not say how it goes on", service="Azure")


def flat(things: Sequence[Mapping[str, Any]], *, deep: bool = True) -> pl.DataFrame:
    """A row for each thing; nested names are joined by dots, lists are JSON text.

    Args:
        things: records.
        deep: else nested records are JSON text, too.

    Examples:
        >>> flat([{"name": "a", "properties": {"title": "x", "tags": [1]}}]).rows(named=True)
        [{'name': 'a', 'properties.title': 'x', 'properties.tags': '[1]'}]
    """
    rows = [_row(thing, _DEPTH if deep else 0) for thing in things]
    names = list(dict.fromkeys(name for row in rows for name in row)) or ["id", "name"]
    return pl.DataFrame({name: _column(name, [row.get(name) for row in rows]) for name in names})


def _row(thing: Mapping[str, Any], depth: int) -> dict[str, Any]:
    row: dict[str, Any] = {}
    for name, value in _flat(thing, "", depth):
        while name in row:  # "a.b" beside "a" that holds "b"
            name += "_"  # noqa: PLW2901  until it is free
        row[name] = value
    return row


def _flat(thing: Mapping[str, Any], before: str, depth: int) -> Iterator[tuple[str, Any]]:
    for name, value in thing.items():
        if isinstance(value, dict) and value and depth:
            yield from _flat(value, f"{before}{name}.", depth - 1)
        elif isinstance(value, dict | list):
            yield f"{before}{name}", orjson.dumps(value).decode()
        else:
            yield f"{before}{name}", value


def _column(name: str, values: list[Any]) -> pl.Series:
    """A column of the values' one type; of text where they have several."""
    types = {type(value) for value in values if value is not None}
    dtypes: dict[type, Any] = {
        str: pl.String, bool: pl.Boolean, int: pl.Int64, float: pl.Float64,
        datetime: pl.Datetime("us", "UTC"),
    }  # fmt: skip
    kind = types.pop() if len(types) == 1 else str
    fits = kind is not int or all(v is None or abs(v) < 1 << 63 for v in values)
    if kind in dtypes and fits and not types:
        try:
            return pl.Series(name, values, dtype=dtypes[kind])
        except (TypeError, pl.exceptions.PolarsError):
            pass  # several types after all
    texts = [None if value is None else _text(value) for value in values]
    return pl.Series(name, texts, dtype=pl.String)


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def iso_utc(moment: datetime) -> str:
    """A time as the API wants it; one without a zone is in UTC.

    Examples:
        >>> iso_utc(datetime(2026, 5, 1, 12))
        '2026-05-01T12:00:00.000000Z'
    """
    aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    return aware.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def resource_parts(resource_id: str) -> dict[str, str]:
    """The parts of a resource's id: ``subscription_id``, ``resource_group``, ``name`` ...

    Raises:
        UsageError: it is none.

    Examples:
        >>> resource_parts("/subscriptions/1/resourceGroups/rg/providers/Microsoft.Compute/"
        ...                "virtualMachines/vm1")["name"]
        'vm1'
    """
    words = resource_id.strip().strip("/").split("/")
    plain = [word.casefold() for word in words]
    sound = len(words) >= 2 and len(words) % 2 == 0 and plain[0] == "subscriptions"
    if not sound or not resource_id.isprintable() or any(map(_STRANGE.search, words)):
        raise UsageError(
            f"{resource_id!r:.200} is no resource id",
            hint="/subscriptions/.../resourceGroups/.../providers/...",
        )
    found = dict(zip(plain[::2], words[1::2], strict=True))
    return {
        "subscription_id": found["subscriptions"],
        "resource_group": found.get("resourcegroups", ""),
        "provider": found.get("providers", ""),
        "name": words[-1],
    }
