"""VirusTotal in depth: objects, what they are connected with, what files did, as tables."""

import warnings
from collections.abc import Awaitable, Callable, Generator, Mapping, Sequence
from functools import cached_property
from typing import Any, Final, cast

import polars as pl

from huntkit.core.errors import BadReply, Cancelled, RequestFailed, UsageError
from huntkit.enrich.ti.asking import Plan, Wanted, planned
from huntkit.enrich.ti.awaited import awaited
from huntkit.enrich.ti.catalog import TI_PROVIDERS
from huntkit.enrich.ti.inputs import Item, items_of
from huntkit.enrich.ti.provider import Lookup
from huntkit.enrich.ti.providers.virustotal import VirusTotal, VirusTotalSettings
from huntkit.enrich.ti.results import failed
from huntkit.enrich.ti.vt_service import Pages, VTService
from huntkit.enrich.ti.vt_tables import (
    EDGE_COLUMNS,
    KINDS,
    OBJECT_COLUMNS,
    PROPERTY_COLUMNS,
    attribute_rows,
    behaviour_rows,
    edge_row,
    object_row,
    table_of,
)
from huntkit.runtime.fanout import Outcome, Share, spread
from huntkit.runtime.secrets import Secret
from huntkit.runtime.session import Session, default_session
from huntkit.tables import as_kind, kind_of, to_polars
from huntkit.tables.stand_ins import exactly

# Columns of our own tables: what one look-up found is what the next one asks about.
_COLUMNS: Final = (("target", "target_type"), ("observable", "type"), ("id", "type"))


class VTLookup:
    """Deep look-ups at VirusTotal, API v3.

    The key is that of the provider ``VirusTotal`` in the settings file, unless one is given; its
    limits hold here, too. As in `TILookup`, private and internal values never leave, and whatever
    could not be answered is a row that says so.

    Args:
        vt_key: the key, or a reference to it such as ``env:VT_KEY``.
        internal_suffixes: names under these are internal.
        session: settings, secrets, progress; a default one.

    Examples:
        >>> vt = VTLookup("env:VT_KEY")
        >>> refused = vt.lookup_iocs(["10.0.0.1"], frame="polars")
        >>> refused.select("observable", "detections", "status", "reason").rows()
        [('10.0.0.1', None, 'refused', 'a private address stays here')]
    """

    def __init__(
        self,
        vt_key: str | Secret | None = None,
        *,
        internal_suffixes: Sequence[str] = (),
        session: Session | None = None,
        provider: VirusTotal | None = None,
    ) -> None:
        self.session = session or default_session()
        self._suffixes = tuple(internal_suffixes)
        self._given = vt_key
        self._made = provider

    def __repr__(self) -> str:
        return "<VTLookup>"

    def lookup_ioc(
        self,
        observable: str,
        vt_type: str | None = None,
        all_props: bool = False,
        *,
        frame: str | None = None,
    ) -> Any:
        """What VirusTotal knows about one value; see `lookup_iocs`."""
        given = {observable: vt_type} if vt_type else [observable]
        return self.lookup_iocs(given, all_props=all_props, frame=frame)

    def lookup_iocs(
        self,
        observables: Any,
        observable_column: str | None = None,
        observable_type_column: str | None = None,
        all_props: bool = False,
        *,
        tlp: str | None = None,
        frame: str | None = None,
    ) -> Any:
        """What VirusTotal knows about values: one row each, always.

        Args:
            observables: a frame, a dict of value to type, an iterable of values, or one text.
            observable_column: the frame's column of values; by itself ``Observable`` and the like,
                and ``target`` of our own tables.
            observable_type_column: the column of types: ``file``, ``url``, ``domain``,
                ``ip_address``, or those of `TILookup`.
            all_props: add all attributes as JSON in the column ``attributes``.
            tlp: the TLP level of the values; above green nothing is asked.
            frame: the kind of frame.

        Returns:
            ``id type detections scans observable severity``, properties, ``status reason``.
            Unless ``status`` is ``ok``, all but ``observable`` and the reason are null.
        """
        plan = self._plan(observables, observable_column, observable_type_column, tlp)

        async def one(lookup: Lookup) -> list[dict[str, Any]]:
            return [object_row(await self._service.thing(lookup))]

        rows = self._rows(plan, one, "observable")
        return self._framed(table_of(rows, OBJECT_COLUMNS, all_props=all_props), frame)

    def lookup_ioc_relationships(
        self,
        observable: str,
        vt_type: str | None = None,
        relationship: str = "resolutions",
        limit: int | None = 40,
        *,
        frame: str | None = None,
    ) -> Any:
        """What one value is connected with; see `lookup_iocs_relationships`."""
        given = {observable: vt_type} if vt_type else [observable]
        return self.lookup_iocs_relationships(given, relationship, limit=limit, frame=frame)

    def lookup_iocs_relationships(
        self,
        observables: Any,
        relationship: str | Sequence[str],
        observable_column: str | None = None,
        observable_type_column: str | None = None,
        limit: int | None = 40,
        *,
        tlp: str | None = None,
        frame: str | None = None,
    ) -> Any:
        """What values are connected with: a row for each edge.

        Args:
            observables: as in `lookup_iocs`.
            relationship: one or several of VirusTotal's names, such as ``communicating_files``.
            observable_column: as in `lookup_iocs`.
            observable_type_column: as in `lookup_iocs`.
            limit: the most edges of each value and relationship; None is 10,000. A page of 40 costs
                one request. It warns where there are more.
            tlp: as in `lookup_iocs`.
            frame: the kind of frame.

        Returns:
            ``id type detections scans source target relationship_type source_type target_type
            status reason``. A value without an answer, or without edges, is one row whose
            ``target`` is null and whose ``status`` says why.
        """
        rows = self._edges(
            observables, relationship, (observable_column, observable_type_column), limit, tlp
        )
        return self._framed(table_of(rows, EDGE_COLUMNS), frame)

    def lookup_ioc_related(
        self,
        observable: str,
        vt_type: str | None = None,
        relationship: str = "communicating_files",
        limit: int | None = 40,
        all_props: bool = False,
        *,
        frame: str | None = None,
    ) -> Any:
        """The objects that one value is connected with; see `lookup_iocs_related`."""
        given = {observable: vt_type} if vt_type else [observable]
        return self.lookup_iocs_related(
            given, relationship, limit=limit, all_props=all_props, frame=frame
        )

    def lookup_iocs_related(
        self,
        observables: Any,
        relationship: str | Sequence[str],
        observable_column: str | None = None,
        observable_type_column: str | None = None,
        limit: int | None = 40,
        all_props: bool = False,
        *,
        tlp: str | None = None,
        frame: str | None = None,
    ) -> Any:
        """As `lookup_iocs_relationships`, with the properties of the related objects."""
        rows = self._edges(
            observables, relationship, (observable_column, observable_type_column), limit, tlp
        )
        columns = {**EDGE_COLUMNS, **PROPERTY_COLUMNS}
        return self._framed(table_of(rows, columns, all_props=all_props), frame)

    def get_object(
        self, vt_id: str, vt_type: str | None = None, *, frame: str | None = None
    ) -> Any:
        """All attributes of one object, a row each: ``attribute value``.

        Raises:
            UsageError: the value is none that may be asked about.
            RequestFailed: there is no answer; with status 404, VirusTotal does not know it.
        """
        lookup = self._one({vt_id: vt_type} if vt_type else [vt_id])

        rows = attribute_rows(self._answer(lookup, self._service.thing))
        schema = {"attribute": pl.String, "value": pl.String}
        return self._framed(pl.DataFrame(rows, schema=schema, orient="row"), frame)

    def get_file_behavior(
        self, file_id: str, sandbox: str | None = None, *, frame: str | None = None
    ) -> Any:
        """What a file did in sandboxes: ``id sandbox category value``, a row for each thing.

        Args:
            file_id: the file's hash; SHA-256 where a sandbox is named.
            sandbox: one sandbox by VirusTotal's name of it; the summary of all by default.
            frame: the kind of frame.

        Raises:
            UsageError: it is no hash.
            RequestFailed: there is no answer; with status 404, no sandbox ran it.
        """
        lookup = self._one({file_id: "file"})
        if KINDS[lookup.ioc_type] != "file":
            raise UsageError(f"{file_id[:80]!r} is no hash of a file")

        async def behaviour(lookup: Lookup) -> Mapping[str, Any]:
            return await self._service.behaviour(lookup.value, sandbox)

        rows = behaviour_rows(lookup.value, sandbox, self._answer(lookup, behaviour))
        columns = ("id", "sandbox", "category", "value")
        schema = dict.fromkeys(columns, pl.String)
        return self._framed(pl.DataFrame(rows, schema=schema, orient="row"), frame)

    def search(
        self,
        query: str,
        limit: int | None = 200,
        all_props: bool = False,
        *,
        frame: str | None = None,
    ) -> Any:
        """The objects that VirusTotal's search finds; it needs a plan that allows it.

        The query is sent as it is: no value in it is held back.

        Returns:
            As `lookup_iocs`, without ``observable``.

        Raises:
            RequestFailed: there is no answer; `AccessDenied` if the plan does not allow it.
        """
        asked = Lookup(query, "search")

        async def pages(_: Lookup) -> Pages:
            return await self._service.search(query, limit)

        found = self._answer(asked, pages)
        rows = [{**object_row(each), "status": "ok"} for each in found.things]
        _warn_of_more([(query, found)])
        columns = {n: kind for n, kind in OBJECT_COLUMNS.items() if n != "observable"}
        return self._framed(table_of(rows, columns, all_props=all_props), frame)

    lookup_ioc_async = awaited(lookup_ioc)
    lookup_iocs_async = awaited(lookup_iocs)
    lookup_ioc_relationships_async = awaited(lookup_ioc_relationships)
    lookup_iocs_relationships_async = awaited(lookup_iocs_relationships)
    lookup_ioc_related_async = awaited(lookup_ioc_related)
    lookup_iocs_related_async = awaited(lookup_iocs_related)
    get_object_async = awaited(get_object)
    get_file_behavior_async = awaited(get_file_behavior)
    search_async = awaited(search)

    def _edges(
        self,
        observables: Any,
        relationship: str | Sequence[str],
        columns: tuple[str | None, str | None],
        limit: int | None,
        tlp: str | None,
    ) -> list[dict[str, Any]]:
        names = [relationship] if isinstance(relationship, str) else list(relationship)
        rows: list[dict[str, Any]] = []
        cut: list[tuple[str, Pages]] = []
        for name in names:
            plan = self._plan(observables, *columns, tlp)

            async def one(lookup: Lookup, name: str = name) -> list[dict[str, Any]]:
                found = await self._service.related(lookup, name, limit)
                cut.append((f"{lookup.value} {name}", found))
                return [edge_row(lookup, name, each) for each in found.things]

            rows += self._rows(plan, one, "source", relationship_type=name)
        _warn_of_more(cut)
        return rows

    @property
    def _provider(self) -> VirusTotal:
        """The provider of the settings file, or one with the given key; made on first use."""
        if self._made is None:
            on = TI_PROVIDERS.chosen(self.session.settings.disabled_plugins, ())
            on.provider_class(VirusTotal.name)  # says so where it is switched off
            found = self.session.settings_for("TIProviders", VirusTotal.name, VirusTotalSettings)
            chosen = found.args if found is not None else VirusTotalSettings()
            if self._given is not None:
                key = self._given if isinstance(self._given, Secret) else _secret(self._given)
                chosen = VirusTotalSettings(
                    auth_key=key,
                    per_minute=chosen.per_minute,
                    per_day=chosen.per_day,
                    base_url=chosen.base_url,
                )
            self._made = VirusTotal(chosen, self.session)
        return self._made

    @cached_property
    def _service(self) -> VTService:
        return VTService(self._provider)

    def _plan(
        self, data: Any, column: str | None, type_column: str | None, tlp: str | None
    ) -> Plan:
        if column is None and _is_frame(data):
            names = to_polars(data).columns
            own = next((pair for pair in _COLUMNS if pair[0] in names), (None, None))
            if own[0] is not None:
                column = own[0]
                type_column = type_column or (own[1] if own[1] in names else None)
                data = to_polars(data).filter(exactly(column).is_not_null())
        items = items_of(data, column, type_column, tlp=tlp, internal_suffixes=self._suffixes)
        provider = self._provider
        wanted = Wanted(refresh=True)  # the store keeps answers of `TILookup`, which say less
        (plan,) = planned(items, {provider.name: provider}, wanted, self.session)
        return plan

    def _one(self, data: Any) -> Lookup:
        """The only value, which must be one that may be asked about."""
        plan = self._plan(data, None, None, None)
        for finding in plan.known.values():
            raise UsageError(f"{finding.item.given[:80]!r} is not asked about: {finding.reason}")
        return next(iter(plan.waiting))

    def _rows(
        self,
        plan: Plan,
        ask: Callable[[Lookup], Awaitable[list[dict[str, Any]]]],
        asked_column: str,
        **constant: Any,
    ) -> list[dict[str, Any]]:
        """The rows of every value, in their order; one row with its reason where there is none."""
        found, errors = self._asked(plan, ask)
        lookups = {item: lookup for lookup, items in plan.waiting.items() for item in items}
        rows: list[dict[str, Any]] = []
        missing: dict[str, int] = {}
        for item in plan.items:
            lookup = lookups.get(item)
            edges = asked_column == "source"
            if edges and lookup is not None and plan.waiting[lookup][0] is not item:
                continue  # the same value in another spelling: its edges are there
            named = {asked_column: item.value if edges else item.given, **constant}
            if edges:
                named |= {
                    "source": item.value or item.given,
                    "source_type": KINDS.get(item.ioc_type),
                }
            told = found.get(lookup) if lookup is not None else None
            if told:
                rows += [{**row, **({} if edges else named), "status": "ok"} for row in told]
                continue
            status, reason = _why(item, plan, lookup, told, errors)
            rows.append({**named, "status": status, "reason": reason})
            if status in ("failed", "rate limited"):
                missing[status] = missing.get(status, 0) + 1
        if missing:
            counts = ", ".join(f"{count:,} {status}" for status, count in missing.items())
            warnings.warn(f"not everything was answered: VirusTotal: {counts}", stacklevel=4)
        return rows

    def _asked(
        self, plan: Plan, ask: Callable[[Lookup], Awaitable[list[dict[str, Any]]]]
    ) -> tuple[dict[Lookup, list[dict[str, Any]]], dict[Lookup, BaseException]]:
        """What arrived, and what went wrong; stopping keeps what arrived."""
        found: dict[Lookup, list[dict[str, Any]]] = {}
        errors: dict[Lookup, BaseException] = {}
        share: Share[Lookup, list[dict[str, Any]]] = Share(
            name="VirusTotal",
            items=list(plan.waiting),
            ask=ask,
            workers=self._provider.limits.concurrency,
        )
        outcomes = cast(
            "Generator[Outcome[Lookup, list[dict[str, Any]]], None, None]", spread(share)
        )
        with self.session.progress.task("asking VirusTotal", total=len(plan.waiting)) as task:
            try:
                for outcome in outcomes:
                    if outcome.error is not None:
                        errors[outcome.item] = outcome.error
                    else:
                        found[outcome.item] = outcome.answer or []
                    task.advance()
                    task.check_cancelled()
            except (Cancelled, KeyboardInterrupt):
                stopped = Cancelled("stopped before it was answered")
                errors |= {each: stopped for each in plan.waiting if each not in found | errors}
            finally:
                outcomes.close()
        return found, errors

    def _answer(self, lookup: Lookup, ask: Callable[[Lookup], Awaitable[Any]]) -> Any:
        """The answer to one question.

        Raises:
            RequestFailed: there is none.
        """
        (outcome,) = spread(Share(name="VirusTotal", items=[lookup], ask=ask, workers=1))
        if outcome.error is not None:
            raise outcome.error
        return outcome.answer

    def _framed(self, table: pl.DataFrame, kind: str | None) -> Any:
        return as_kind(table, kind or self.session.frame)


def _why(
    item: Item,
    plan: Plan,
    lookup: Lookup | None,
    told: list[dict[str, Any]] | None,
    errors: Mapping[Lookup, BaseException],
) -> tuple[str, str]:
    """The status and reason of a value that has no rows."""
    if lookup is None:
        finding = plan.known[item]
        return finding.status, finding.reason
    if told is not None:
        return "not found", "there are none"
    error = errors.get(lookup) or BadReply("VirusTotal never answered")
    if isinstance(error, RequestFailed) and error.status in VirusTotal.not_found:
        return "not found", "VirusTotal does not know it"
    finding = failed(item, plan.name, "", error, 0)
    return finding.status, finding.reason


def _warn_of_more(cut: Sequence[tuple[str, Pages]]) -> None:
    """A list that is not whole always says so."""
    told = [
        f"{name}: {len(its.things):,} of {its.total or 'more'}" for name, its in cut if its.more
    ]
    if told:
        rest = f" and {len(told) - 3:,} more" if len(told) > 3 else ""
        warnings.warn(
            f"there is more than limit= allows: {'; '.join(told[:3])}{rest}", stacklevel=4
        )


def _is_frame(data: Any) -> bool:
    try:
        kind_of(data)
    except (TypeError, ValueError):
        return False
    return True


def _secret(text: str) -> Secret:
    """A reference such as ``env:VT_KEY``, or the key itself."""
    return Secret(text) if ":" in text else Secret.held(text)
