"""Look indicators up: several providers at once, one row for each indicator and provider."""

import os
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar

from huntkit.core.errors import UsageError
from huntkit.core.timespan import TimeSpan, parse_time
from huntkit.enrich.ti.awaited import awaited
from huntkit.enrich.ti.catalog import TI_PROVIDERS, Catalog
from huntkit.enrich.ti.inputs import Item, items_of
from huntkit.enrich.ti.looking_up import looked_up
from huntkit.enrich.ti.provider import TIProvider
from huntkit.enrich.ti.provider_set import ProviderSet, Scope
from huntkit.enrich.ti.results import frame_of
from huntkit.enrich.ti.results_page import ResultsPage
from huntkit.runtime.session import Session
from huntkit.tables import to_polars


class TILookup(ProviderSet[TIProvider]):
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
        provider_folders: folders of modules with more providers: `ProviderSet` says why settings
            can't name them.
        session: settings, secrets, cache, progress; a default one.

    Examples:
        >>> lookup = TILookup(providers=[])
        >>> found = lookup.lookup_iocs(["198.51.100.7"], frame="polars")
        >>> found.height, found.columns[:3]
        (0, ['Ioc', 'IocType', 'SafeIoc'])
    """

    catalog: ClassVar[Catalog[TIProvider]] = TI_PROVIDERS
    type_column: ClassVar[str] = "IocType"

    def __init__(
        self,
        providers: Sequence[str] | None = None,
        *,
        primary_providers: Sequence[str | TIProvider] | None = None,
        secondary_providers: Sequence[str | TIProvider] | None = None,
        internal_suffixes: Iterable[str] = (),
        tlp_max: Mapping[str, str] | None = None,
        provider_folders: Iterable[str | os.PathLike[str]] = (),
        session: Session | None = None,
    ) -> None:
        super().__init__(
            providers,
            primary_providers=primary_providers,
            secondary_providers=secondary_providers,
            tlp_max=tlp_max,
            provider_folders=provider_folders,
            session=session,
        )
        self._suffixes = tuple(internal_suffixes)

    def lookup_ioc(
        self,
        /,
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
            start: facts from then on, of providers whose facts have times; the others' answers
                say that they did not heed it.
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
        since, until = self._times(start, end)
        wanted = self._wanted(ioc_query_type, budget, refresh=refresh, start=since, end=until)
        asked = self._asked(providers, prov_scope)
        return looked_up(
            items, asked, wanted, self.session, frame_of, dry_run=dry_run,
            show_not_supported=show_not_supported, kind=frame or self.session.frame,
        )  # fmt: skip

    lookup_ioc_async = awaited(lookup_ioc)
    lookup_iocs_async = awaited(lookup_iocs)

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

    def _times(self, start: object, end: object) -> tuple[datetime | None, datetime | None]:
        now = self.session.network.clock.now()
        since = None if start is None else parse_time(start, now=now)
        until = None if end is None else parse_time(end, now=now)
        if since is not None and until is not None:
            TimeSpan.parse(since, until, now=now)  # says so where they are the wrong way round
        return since, until
