"""The providers of a look-up: which there are, which are loaded, which are asked."""

import os
import warnings
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar, Generic, Literal, TypeVar

import polars as pl

from huntkit.core.callers import caller_level
from huntkit.core.errors import HuntkitError, UnknownPlugin, UsageError, did_you_mean
from huntkit.enrich.ti.asking import Wanted
from huntkit.enrich.ti.catalog import Catalog
from huntkit.enrich.ti.inputs import tlp_level
from huntkit.enrich.ti.provider import LookupProvider
from huntkit.runtime.session import Session, default_session
from huntkit.tables import as_kind

Scope = Literal["primary", "secondary", "all"]
P = TypeVar("P", bound=LookupProvider)


class ProviderSet(Generic[P]):
    """The providers that a look-up may ask; `TILookup` and `ContextLookup` say what it does then.

    Loaded are the providers that the settings file enables, or those named here. Primary ones are
    asked unless a call says otherwise.

    Args:
        providers: load these only.
        primary_providers: load these as primary ones, beside or in place of the settings'.
        secondary_providers: load these as secondary ones.
        tlp_max: the highest level of TLP that may be told, by provider.
        provider_folders: folders of modules with more providers, beside those that the environment
            variable ``HUNTKIT_PROVIDER_FOLDERS`` names. No settings file can name them: one that
            lies among evidence must not load code.
        session: settings, secrets, cache, progress; a default one.

    Attributes:
        catalog: all providers of this kind that there are.
        type_column: what the type of a value is called in frames.
    """

    catalog: ClassVar[Catalog[Any]]
    type_column: ClassVar[str]

    def __init__(
        self,
        providers: Sequence[str] | None = None,
        *,
        primary_providers: Sequence[str | P] | None = None,
        secondary_providers: Sequence[str | P] | None = None,
        tlp_max: Mapping[str, str] | None = None,
        provider_folders: Iterable[str | os.PathLike[str]] = (),
        session: Session | None = None,
    ) -> None:
        self.session = session or default_session()
        self._folders = tuple(Path(each).expanduser() for each in provider_folders)
        self._named = None if providers is None else [str(each) for each in several(providers)]
        self._given = [(each, True) for each in primary_providers or ()]
        self._given += [(each, False) for each in secondary_providers or ()]
        self._primary: dict[str, P] = {}
        self._secondary: dict[str, P] = {}
        self._off: dict[str, P] = {}
        self._problems: dict[str, str] = {}
        self._load()
        self._tlp_max = {name: tlp_level(word) for name, word in (tlp_max or {}).items()}

    @property
    def _known(self) -> Catalog[P]:
        """The catalog without what settings switch off, and with what folders add."""
        named = os.environ.get("HUNTKIT_PROVIDER_FOLDERS", "").split(os.pathsep)
        more = (Path(each).expanduser() for each in named if each.strip())
        folders = dict.fromkeys((*self._folders, *more))
        return self.catalog.chosen(self.session.settings.disabled_plugins, folders)

    @property
    def available_providers(self) -> list[str]:
        """The names of all providers that there are."""
        return list(self._known.available())

    @property
    def configured_providers(self) -> list[str]:
        """Those that the settings file names."""
        return [name for name, kind in self._known.available().items() if self._named_in(kind)]

    @property
    def loaded_providers(self) -> dict[str, P]:
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

    def provider(self, name: str) -> P:
        """The loaded provider of that name.

        Raises:
            UnknownPlugin: none is loaded under it.
        """
        loaded = {**self.loaded_providers, **self._off}
        found = next((p for n, p in loaded.items() if n.casefold() == name.casefold()), None)
        if found is None:
            raise UnknownPlugin(f"loaded {self.catalog.kind}", name, list(loaded))
        return found

    def asked_providers(
        self, providers: Sequence[str] | None = None, prov_scope: Scope = "primary"
    ) -> dict[str, P]:
        """Whom a look-up with these arguments asks, by name.

        Raises:
            UnknownPlugin: there is no such provider.
            UsageError: there is no such scope.
        """
        if providers is not None:
            names = map(self._known_name, several(providers))
            return {known: self._ready(known) for known in names}
        if prov_scope not in ("primary", "secondary", "all"):
            raise UsageError(
                f"prov_scope={prov_scope!r}: "
                f"{did_you_mean(prov_scope, ['primary', 'secondary', 'all'])}",
                hint="primary, secondary or all",
            )
        primary = self._primary if prov_scope != "secondary" else {}
        return {**primary, **(self._secondary if prov_scope != "primary" else {})}

    def add_provider(self, provider: P, name: str | None = None, primary: bool = True) -> None:
        """Load a provider that was made elsewhere.

        Raises:
            UsageError: it is of another kind: nobody outside is asked about one's own hosts.
        """
        if not isinstance(provider, self.catalog.contract):
            raise UsageError(f"{provider!r} is no {self.catalog.kind}")
        where = self._primary if primary else self._secondary
        self._forget(name or provider.name)
        where[name or provider.name] = provider

    def enable_provider(self, providers: str | Iterable[str]) -> None:
        """Let providers be asked (again); those that are not loaded yet are loaded."""
        for name in several(providers):
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
        for name in several(providers):
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
        """Read the session's settings file again, and load everything anew.

        The session stays: its connections, limits, cache and progress, and what was set in Python.

        Raises:
            SettingsError: the file can't be read; everything stays as it was.
        """
        self.session.reread_settings()
        self.reload_providers()

    def list_available_providers(
        self, show_query_types: bool = False, as_list: bool = False
    ) -> Any:
        """All providers as a frame: what they know, whether they need a key, their terms.

        Args:
            show_query_types: a row for each type of value and sub-query.
            as_list: the names only, as a list.
        """
        if as_list:
            return self.available_providers
        rows = []
        for name, kind in self._known.available().items():
            state = "loaded" if name in self.loaded_providers else "available"
            base = {"Provider": name, "State": state, "Keyless": kind.keyless}
            if show_query_types:
                rows += [
                    {**base, self.type_column: each, "QuerySubtype": subtype}
                    for each, subtypes in kind.takes.items()
                    for subtype in subtypes
                ]
            else:
                takes = {f"{self.type_column}s": ", ".join(kind.takes)}
                rows.append({**base, **takes, "Home": kind.home, "Terms": kind.terms})
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

    def _asked(self, names: Any, scope: Scope) -> dict[str, P]:
        """The same as `asked_providers`, with a warning where that is nobody by no wish."""
        asked = self.asked_providers(names, scope)
        if not asked and names is None and self._named != []:
            warnings.warn(
                f"nobody is asked: no {scope} provider is loaded", stacklevel=caller_level()
            )
        return asked

    def _wanted(
        self,
        subtype: str | None,
        budget: Mapping[str, int] | int | None,
        *,
        refresh: bool,
        start: datetime | None = None,
        end: datetime | None = None,
    ) -> Wanted:
        """What a look-up asks for; what is said by provider, under the names they are loaded by."""
        for most in budget.values() if isinstance(budget, Mapping) else (budget,):
            if most is not None and most < 0:
                raise UsageError(f"budget={most} is below zero", hint="0 asks nobody")
        return Wanted(
            subtype=subtype or "",
            start=start,
            end=end,
            tlp_max=self._by_known_name(self._tlp_max),
            budget=self._by_known_name(budget) if isinstance(budget, Mapping) else budget,
            refresh=refresh,
        )

    def _by_known_name(self, given: Mapping[str, int]) -> dict[str, int]:
        return {self._known_name(name): value for name, value in given.items()}

    def _ready(self, name: str) -> P:
        loaded = {**self.loaded_providers, **self._off}
        return loaded[name] if name in loaded else self._made(name)

    def _known_name(self, name: str) -> str:
        loaded = {**self.loaded_providers, **self._off}
        known = next((each for each in loaded if each.casefold() == name.casefold()), None)
        return known or str(self._known.provider_class(name).name)

    def _load(self) -> None:
        for name, why in self._known.problems.items():
            self._problems[name] = why
            if not why.startswith("switched off"):
                warnings.warn(f"{name} is not loaded: {why}", stacklevel=caller_level())
        if self._named is not None:
            for name in self._named:
                self._load_one(self._known.provider_class(name).name, primary=True)
        elif not self._given:
            for name, kind in self._known.available().items():
                try:
                    found = self._configured(name, kind)
                except HuntkitError as problem:
                    self._not_loaded(name, problem)
                    continue
                if found is not None and found.enabled:
                    self._load_one(name, primary=found.primary is not False)
        for each, primary in self._given:
            if isinstance(each, LookupProvider):
                self.add_provider(each, primary=primary)
            else:
                self._load_one(self._known.provider_class(each).name, primary=primary)

    def _load_one(self, name: str, *, primary: bool) -> None:
        """Load one; what is wrong with it harms no other."""
        try:
            made = self._made(name)
        except HuntkitError as problem:
            self._not_loaded(name, problem)
        else:
            (self._primary if primary else self._secondary)[name] = made

    def _made(self, name: str) -> P:
        kind: type[P] = self._known.provider_class(name)
        found = self._configured(name, kind)
        try:
            chosen = kind.settings() if found is None else found.args
        except TypeError as problem:
            raise UsageError(
                f"{name} needs settings: {problem}",
                hint=f"put them into the settings file under {kind.section}: {name}: Args:",
            ) from problem
        return kind(chosen, self.session)

    def _configured(self, name: str, kind: type[P]) -> Any:
        return self.session.settings_for(kind.section, name, kind.settings)

    def _named_in(self, kind: type[P]) -> bool:
        """Whether the settings file names it, right or wrong."""
        names = self.session.file.configured(kind.section)
        return kind.name.casefold() in map(str.casefold, names)

    def _not_loaded(self, name: str, problem: HuntkitError) -> None:
        self._problems[name] = str(problem)
        warnings.warn(f"{name} is not loaded: {problem}", stacklevel=caller_level())

    def _forget(self, name: str) -> None:
        for where in (self._primary, self._secondary, self._off):
            where.pop(name, None)


def several(names: str | Iterable[str]) -> list[str]:
    """One name or several, as a list."""
    return [names] if isinstance(names, str) else list(names)
