"""Look indicators up: several providers at once, one row for each indicator and provider."""

import warnings
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final, Literal

import anyio.to_thread
import polars as pl

from huntkit.core.errors import HuntkitError, UnknownPlugin, UsageError, did_you_mean
from huntkit.core.timespan import TimeSpan
from huntkit.enrich.ti.asking import Wanted, ask_all, planned
from huntkit.enrich.ti.catalog import available, provider_class
from huntkit.enrich.ti.forecast import forecast
from huntkit.enrich.ti.inputs import Item, items_of, tlp_level
from huntkit.enrich.ti.provider import TIProvider
from huntkit.enrich.ti.results import frame_of
from huntkit.enrich.ti.results_page import ResultsPage
from huntkit.enrich.ti.sub_queries import check_sub_query
from huntkit.runtime.session import Session, default_session
from huntkit.tables import as_kind, to_polars

_USUAL_DAYS: Final = 90

Scope = Literal["primary", "secondary", "all"]


class TILookup:
    """Threat intelligence from several providers.

    Loaded are the providers that the settings file enables (``TIProviders``), or those named
    here. Primary ones are asked unless a call says otherwise. Private and internal indicators
    never leave; neither do those whose TLP level forbids it. Answers are kept for a day;
    failures never are.

    Args:
        providers: load these only.
        primary_providers: load these as primary ones, beside or in place of the settings'.
        secondary_providers: load these as secondary ones.
        internal_suffixes: names under these are internal: ``["corp.example"]``.
        tlp_max: the highest level of TLP that may be told, by provider; ``green`` for providers
            outside the organisation, everything for those inside.
        session: settings, secrets, cache, progress; a default one.

    Examples:
        >>> lookup = TILookup(providers=[])
        >>> found = lookup.lookup_iocs(["198.51.100.7"], frame="polars")
        >>> found.height, found.columns[:3]
        (0, ['Ioc', 'IocType', 'SafeIoc'])
    """

    def __init__(
        self,
        providers: Sequence[str] | None = None,
        *,
        primary_providers: Sequence[str | TIProvider] | None = None,
        secondary_providers: Sequence[str | TIProvider] | None = None,
        internal_suffixes: Iterable[str] = (),
        tlp_max: Mapping[str, str] | None = None,
        session: Session | None = None,
    ) -> None:
        self.session = session or default_session()
        self._suffixes = tuple(internal_suffixes)
        self._tlp_max = {name: tlp_level(word) for name, word in (tlp_max or {}).items()}
        self._named = None if providers is None else [str(each) for each in providers]
        self._given = [(each, True) for each in primary_providers or ()]
        self._given += [(each, False) for each in secondary_providers or ()]
        self._primary: dict[str, TIProvider] = {}
        self._secondary: dict[str, TIProvider] = {}
        self._off: dict[str, TIProvider] = {}
        self._problems: dict[str, str] = {}
        self._load()

    @property
    def available_providers(self) -> list[str]:
        """The names of all providers that there are."""
        return list(available())

    @property
    def configured_providers(self) -> list[str]:
        """Those that the settings file names."""
        return [n for n, kind in available().items() if self._configured(n, kind) is not None]

    @property
    def loaded_providers(self) -> dict[str, TIProvider]:
        """Those that can be asked now."""
        return {**self._primary, **self._secondary}

    @property
    def provider_status(self) -> list[str]:
        """What each provider is: primary, secondary, disabled, or why it could not be loaded."""
        lines = [f"{name} - primary" for name in self._primary]
        lines += [f"{name} - secondary" for name in self._secondary]
        lines += [f"{name} - disabled" for name in self._off]
        lines += [f"{name} - not loaded: {why}" for name, why in self._problems.items()]
        return lines

    def provider(self, name: str) -> TIProvider:
        """The loaded provider of that name.

        Raises:
            UnknownPlugin: none is loaded under it.
        """
        loaded = {**self.loaded_providers, **self._off}
        found = next((p for n, p in loaded.items() if n.casefold() == name.casefold()), None)
        if found is None:
            raise UnknownPlugin("loaded TI provider", name, list(loaded))
        return found

    def asked_providers(
        self, providers: Sequence[str] | None = None, prov_scope: Scope = "primary"
    ) -> dict[str, TIProvider]:
        """Whom a look-up with these arguments asks, by name.

        Raises:
            UnknownPlugin: there is no such provider.
            UsageError: there is no such scope.
        """
        if providers is not None:
            names = map(self._known_name, _several(providers))
            return {known: self._ready(known) for known in names}
        if prov_scope not in ("primary", "secondary", "all"):
            raise UsageError(
                f"prov_scope={prov_scope!r}: "
                f"{did_you_mean(prov_scope, ['primary', 'secondary', 'all'])}",
                hint="primary, secondary or all",
            )
        primary = self._primary if prov_scope != "secondary" else {}
        return {**primary, **(self._secondary if prov_scope != "primary" else {})}

    def add_provider(
        self, provider: TIProvider, name: str | None = None, primary: bool = True
    ) -> None:
        """Load a provider that was made elsewhere."""
        where = self._primary if primary else self._secondary
        self._forget(name or provider.name)
        where[name or provider.name] = provider

    def enable_provider(self, providers: str | Iterable[str]) -> None:
        """Let providers be asked (again); those that are not loaded yet are loaded."""
        for name in _several(providers):
            known = self._known_name(name)
            if known in self._off:
                self._primary[known] = self._off.pop(known)
            elif known not in self.loaded_providers:
                self._primary[known] = self._made(known)

    def disable_provider(self, providers: str | Iterable[str]) -> None:
        """Let providers not be asked any more.

        Raises:
            UnknownPlugin: there is no such provider.
        """
        for name in _several(providers):
            known = self._known_name(name)
            for where in (self._primary, self._secondary):
                if known in where:
                    self._off[known] = where.pop(known)

    def set_provider_state(self, prov_dict: Mapping[str, bool]) -> None:
        """Enable (true) and disable (false) providers by name."""
        for name, on in prov_dict.items():
            (self.enable_provider if on else self.disable_provider)(name)

    def reload_providers(self) -> None:
        """Load everything anew, with the settings as they are in memory."""
        self._primary, self._secondary, self._off, self._problems = {}, {}, {}, {}
        self._load()

    def reload_provider_settings(self) -> None:
        """Read the settings file again, and load everything anew."""
        self.session = Session(progress=self.session.progress)
        self.reload_providers()

    def list_available_providers(
        self, show_query_types: bool = False, as_list: bool = False
    ) -> Any:
        """All providers as a frame: what they know, whether they need a key, their terms.

        Args:
            show_query_types: a row for each type of indicator and sub-query.
            as_list: the names only, as a list.
        """
        if as_list:
            return self.available_providers
        rows = []
        for name, kind in available().items():
            state = "loaded" if name in self.loaded_providers else "available"
            base = {"Provider": name, "State": state, "Keyless": kind.keyless}
            if show_query_types:
                rows += [
                    {**base, "IocType": ioc_type, "QuerySubtype": subtype}
                    for ioc_type, subtypes in kind.takes.items()
                    for subtype in subtypes
                ]
            else:
                takes = ", ".join(kind.takes)
                rows.append({**base, "IocTypes": takes, "Home": kind.home, "Terms": kind.terms})
        return as_kind(pl.DataFrame(rows), self.session.frame)

    def provider_usage(self) -> str:
        """What the loaded providers know, as text."""
        lines = []
        for name, provider in self.loaded_providers.items():
            lines.append(f"{name}: {type(provider).__doc__ or ''}".strip())
            for ioc_type, subtypes in provider.takes.items():
                named = ", ".join(each for each in subtypes if each)
                lines.append(f"  {ioc_type}" + (f" (sub-queries: {named})" if named else ""))
        return "\n".join(lines) or "no providers are loaded"

    def lookup_ioc(
        self,
        ioc: str | None = None,
        ioc_type: str | None = None,
        ioc_query_type: str | None = None,
        providers: Sequence[str] | None = None,
        *,
        observable: str | None = None,
        prov_scope: Scope = "primary",
        show_not_supported: bool = True,
        start: object = None,
        end: object = None,
        **options: Any,
    ) -> Any:
        """What is known about one indicator; see `lookup_iocs`."""
        value = ioc if ioc is not None else observable
        if value is None:
            raise UsageError("which indicator?", hint='lookup_ioc("198.51.100.7")')
        return self.lookup_iocs(
            {value: ioc_type} if ioc_type else [value],
            ioc_query_type=ioc_query_type,
            providers=providers,
            prov_scope=prov_scope,
            show_not_supported=show_not_supported,
            start=start,
            end=end,
            **options,
        )

    def lookup_iocs(
        self,
        data: Any,
        ioc_col: str | None = None,
        ioc_type_col: str | None = None,
        ioc_query_type: str | None = None,
        providers: Sequence[str] | None = None,
        *,
        prov_scope: Scope = "primary",
        show_not_supported: bool = True,
        start: object = None,
        end: object = None,
        tlp: str | None = None,
        tlp_col: str | None = None,
        budget: Mapping[str, int] | int | None = None,
        refresh: bool = False,
        dry_run: bool = False,
        frame: str | None = None,
    ) -> Any:
        """What is known about indicators, a row for each one and each provider, always.

        Args:
            data: a frame, a dict of value to type, an iterable of values, or one text; defanged
                values are fine. Each value is looked up once.
            ioc_col: the frame's column of values; ``Observable`` and the like by itself.
            ioc_type_col: the column of types; they are found out where there is none.
            ioc_query_type: a sub-query, such as ``passivedns``.
            providers: ask these, whatever is primary; they are loaded if need be.
            prov_scope: ask the primary, the secondary or all providers.
            show_not_supported: keep rows of providers that do not know that type.
            start: facts from then on, of providers that know times.
            end: facts until then.
            tlp: the TLP level of all values.
            tlp_col: the column of their levels.
            budget: the most questions to each provider.
            refresh: ask anew, whatever is kept.
            dry_run: ask nobody; give what would be asked of whom, within which limits, and what
                not, with the reason: see `huntkit.enrich.ti.forecast.forecast`.
            frame: the kind of frame.

        Returns:
            ``Ioc IocType SafeIoc QuerySubtype Provider Result Severity Details RawResult
            Reference Status StatusCode CheckedAt Cached``. ``Status`` is ``ok``, ``not found``,
            ``not supported``, ``bad input``, ``refused``, ``rate limited`` or ``failed``; unless
            it is ``ok``, ``Severity`` is ``unknown`` and ``Result`` false: no answer never reads
            as "clean". The reason stands in ``Details``.

        Raises:
            UsageError: no such column; no such level of TLP; nobody has such a sub-query.
            UnknownPlugin: no such provider.
        """
        items = self._items(data, ioc_col, ioc_type_col, tlp, tlp_col)
        wanted = self._wanted(ioc_query_type, start, end, budget, refresh=refresh)
        asked = self.asked_providers(providers, prov_scope)
        check_sub_query(asked, wanted.subtype)
        plans = planned(items, asked, wanted, self.session)
        kind = frame or self.session.frame
        if dry_run:
            return as_kind(forecast(plans, self.session), kind)
        findings = ask_all(plans, self.session)
        if not show_not_supported:
            findings = [each for each in findings if each.status != "not supported"]
        _warn_of_failures(findings)
        return frame_of(findings, kind)

    async def lookup_iocs_async(self, data: Any, *columns: Any, **options: Any) -> Any:
        """`lookup_iocs`, awaited."""
        return await anyio.to_thread.run_sync(lambda: self.lookup_iocs(data, *columns, **options))

    async def lookup_ioc_async(self, ioc: str, *names: Any, **options: Any) -> Any:
        """`lookup_ioc`, awaited."""
        return await anyio.to_thread.run_sync(lambda: self.lookup_ioc(ioc, *names, **options))

    def lookup_iocs_sync(self, data: Any, *columns: Any, **options: Any) -> Any:
        """`lookup_iocs`, under the name that notebooks know."""
        return self.lookup_iocs(data, *columns, **options)

    @staticmethod
    def result_to_df(ioc_lookup: Any) -> Any:
        """The results as they are: they are a frame already."""
        to_polars(ioc_lookup)
        return ioc_lookup

    @staticmethod
    def browse_results(
        data: Any, *, title: str = "What is known about indicators", defanged: bool = True
    ) -> ResultsPage:
        """Results as a page: indicators by providers, the worst first, every answer below.

        In a notebook it shows itself; ``.save("results.html")`` writes it. It is static, fetches
        nothing, and runs nothing that comes from answers.

        Args:
            data: what `lookup_iocs` gave.
            title: its title.
            defanged: write indicators so that they can't be clicked.

        Raises:
            UnknownColumn: it is no such result.
        """
        return ResultsPage(data, title=title, defanged=defanged)

    browse = browse_results

    def _items(
        self, data: Any, column: str | None, types: str | None, tlp: str | None, levels: str | None
    ) -> list[Item]:
        return items_of(
            data, column, types, tlp=tlp, tlp_column=levels, internal_suffixes=self._suffixes
        )

    def _wanted(
        self,
        subtype: str | None,
        start: object,
        end: object,
        budget: Mapping[str, int] | int | None,
        *,
        refresh: bool,
    ) -> Wanted:
        now = self.session.network.clock.now()
        span = None
        if start is not None or end is not None:
            first = start if start is not None else now - timedelta(days=_USUAL_DAYS)
            span = TimeSpan.parse(first, end if end is not None else now, now=now)
        return Wanted(
            subtype=subtype or "",
            start=span.start if span else None,
            end=span.end if span else None,
            tlp_max={self._known_name(name): level for name, level in self._tlp_max.items()},
            budget={self._known_name(n): v for n, v in budget.items()}
            if isinstance(budget, Mapping)
            else budget,
            refresh=refresh,
        )

    def _ready(self, name: str) -> TIProvider:
        loaded = {**self.loaded_providers, **self._off}
        return loaded[name] if name in loaded else self._made(name)

    def _known_name(self, name: str) -> str:
        loaded = {**self.loaded_providers, **self._off}
        known = next((each for each in loaded if each.casefold() == name.casefold()), None)
        return known or provider_class(name).name

    def _load(self) -> None:
        if self._named is not None:
            for name in self._named:
                self._load_one(provider_class(name).name, primary=True)
        elif not self._given:
            for name, kind in available().items():
                found = self._configured(name, kind)
                if found is not None and found.enabled:
                    self._load_one(name, primary=found.primary is not False)
        for each, primary in self._given:
            if isinstance(each, TIProvider):
                self.add_provider(each, primary=primary)
            else:
                self._load_one(provider_class(each).name, primary=primary)

    def _load_one(self, name: str, *, primary: bool) -> None:
        """Load one; what is wrong with it harms no other."""
        try:
            made = self._made(name)
        except HuntkitError as problem:
            self._problems[name] = str(problem)
            warnings.warn(f"{name} is not loaded: {problem}", stacklevel=4)
        else:
            (self._primary if primary else self._secondary)[name] = made

    def _made(self, name: str) -> TIProvider:
        kind = provider_class(name)
        found = self._configured(name, kind)
        try:
            chosen = kind.settings() if found is None else found.args
        except TypeError as problem:
            raise UsageError(
                f"{name} needs settings: {problem}",
                hint=f"put them into the settings file under TIProviders: {name}: Args:",
            ) from problem
        return kind(chosen, self.session)

    def _configured(self, name: str, kind: type[TIProvider]) -> Any:
        try:
            return self.session.settings_for("TIProviders", name, kind.settings)
        except HuntkitError as problem:
            self._problems[name] = str(problem)
            return None

    def _forget(self, name: str) -> None:
        for where in (self._primary, self._secondary, self._off):
            where.pop(name, None)


def _several(names: str | Iterable[str]) -> list[str]:
    return [names] if isinstance(names, str) else list(names)


def _warn_of_failures(findings: Sequence[Any]) -> None:
    """An answer that is not complete always says so."""
    counts: dict[tuple[str, str], int] = {}
    for each in findings:
        if each.status in ("failed", "rate limited"):
            key = (each.provider, each.status)
            counts[key] = counts.get(key, 0) + 1
    if counts:
        told = "; ".join(f"{name}: {n:,} {status}" for (name, status), n in counts.items())
        warnings.warn(f"not everything was answered: {told}", stacklevel=3)
