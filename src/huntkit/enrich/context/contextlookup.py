"""Look values of one's own world up: several providers at once, one row for each value and one."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from huntkit.core.errors import UsageError
from huntkit.enrich.context.catalog import CONTEXT_PROVIDERS
from huntkit.enrich.context.provider import ContextProvider
from huntkit.enrich.context.results import context_frame
from huntkit.enrich.context.results_page import ContextPage
from huntkit.enrich.context.values import context_items
from huntkit.enrich.ti.awaited import awaited
from huntkit.enrich.ti.catalog import Catalog
from huntkit.enrich.ti.looking_up import looked_up
from huntkit.enrich.ti.provider_set import ProviderSet, Scope
from huntkit.tables import to_polars


class ContextLookup(ProviderSet[ContextProvider]):
    """Context of hosts, addresses, users and resources from the organisation's own systems.

    Loaded are the providers that the settings file enables (``ContextProviders``), or those named
    here. Private addresses and internal names may be asked about: they do not leave the
    organisation. Answers are kept for an hour; failures never are.

    Args:
        providers: load these only.
        primary_providers: load these as primary ones, beside or in place of the settings'.
        secondary_providers: load these as secondary ones.
        tlp_max: the highest level of TLP that may be told, by provider; everything by default.
        provider_folders: folders of modules with more providers: `ProviderSet` says why settings
            can't name them.
        session: settings, secrets, cache, progress; a default one.

    Examples:
        >>> lookup = ContextLookup(providers=[])
        >>> found = lookup.lookup_observables(["web01", "10.0.0.1"], frame="polars")
        >>> found.height, found.columns[:3]
        (0, ['Observable', 'ObservableType', 'SafeObservable'])
        >>> lookup.available_providers
        ['AzureResources', 'ServiceNow']
    """

    catalog: ClassVar[Catalog[ContextProvider]] = CONTEXT_PROVIDERS
    type_column: ClassVar[str] = "ObservableType"

    def lookup_observable(
        self,
        /,
        observable: str | None = None,
        observable_type: str | None = None,
        query_type: str | None = None,
        providers: Sequence[str] | None = None,
        *,
        prov_scope: Scope = "primary",
        show_not_supported: bool = True,
        **options: Any,
    ) -> Any:
        """What is known about one value; see `lookup_observables`.

        Raises:
            UsageError: there is no value.
        """
        if observable is None:
            raise UsageError("which value?", hint='lookup_observable("web01")')
        return self.lookup_observables(
            {observable: observable_type} if observable_type else [observable],
            query_type=query_type,
            providers=providers,
            prov_scope=prov_scope,
            show_not_supported=show_not_supported,
            **options,
        )

    def lookup_observables(
        self,
        data: Any,
        obs_col: str | None = None,
        obs_type_col: str | None = None,
        query_type: str | None = None,
        providers: Sequence[str] | None = None,
        *,
        observable_type: str | None = None,
        prov_scope: Scope = "primary",
        show_not_supported: bool = True,
        tlp: str | None = None,
        tlp_col: str | None = None,
        budget: Mapping[str, int] | int | None = None,
        refresh: bool = False,
        dry_run: bool = False,
        frame: str | None = None,
    ) -> Any:
        """What is known about values, a row for each one and each provider, always.

        Args:
            data: a frame, a dict of value to type, an iterable of values, or one text. Each value
                is looked up once.
            obs_col: the frame's column of values; ``Observable`` and the like by itself.
            obs_type_col: the column of types. Where there is none, addresses, emails, resource
                ids and users with a domain are known by their form, and a plain word is the name of
                a host.
            query_type: a sub-query.
            providers: ask these, whatever is primary; they are loaded if need be.
            observable_type: the type of all values: ``ipv4 ipv6 hostname email user
                serial_number sys_id resource_id``.
            prov_scope: ask the primary, the secondary or all providers.
            show_not_supported: keep rows of providers that do not know that type.
            tlp: the TLP level of all values.
            tlp_col: the column of their levels.
            budget: the most questions to each provider.
            refresh: ask anew, whatever is kept.
            dry_run: ask nobody; say what would be asked of whom.
            frame: the kind of frame.

        Returns:
            ``Observable ObservableType SafeObservable QuerySubtype Provider Result Details
            RawResult Reference Status StatusCode CheckedAt Cached``. ``Status`` is ``ok``, ``not
            found``, ``not supported``, ``bad input``, ``refused``, ``rate limited`` or ``failed``;
            the reason stands in ``Details``.

        Raises:
            UsageError: no such column, type or level of TLP; nobody has such a sub-query.
            UnknownPlugin: no such provider.
        """
        items = context_items(
            data, obs_col, obs_type_col, value_type=observable_type, tlp=tlp, tlp_column=tlp_col
        )
        wanted = self._wanted(query_type, budget, refresh=refresh)
        asked = self._asked(providers, prov_scope)
        return looked_up(
            items, asked, wanted, self.session, context_frame, dry_run=dry_run,
            show_not_supported=show_not_supported, kind=frame or self.session.frame,
        )  # fmt: skip

    lookup_observable_async = awaited(lookup_observable)
    lookup_observables_async = awaited(lookup_observables)

    def lookup_observables_sync(self, data: Any, *columns: Any, **options: Any) -> Any:
        """`lookup_observables`, under the name that notebooks know."""
        return self.lookup_observables(data, *columns, **options)

    @staticmethod
    def result_to_df(observable_lookup: Any) -> Any:
        """The results as they are: they are a frame already."""
        to_polars(observable_lookup)
        return observable_lookup

    @staticmethod
    def browse_results(data: Any, *, title: str = "What is known about our own") -> ContextPage:
        """Results as a page: values by providers, every answer below.

        In a notebook it shows itself; ``.save("hosts.html")`` writes it. It is static, fetches
        nothing, and runs nothing that comes from answers.

        Args:
            data: what `lookup_observables` gave.
            title: its title.

        Raises:
            UnknownColumn: it is no such result.
        """
        return ContextPage(data, title=title)

    browse = browse_results
