"""All providers that there are: built in, from other packages, in the caller's folders."""

import hashlib
import importlib.util
import inspect
import sys
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType
from typing import Final, Generic, TypeVar

from huntkit.core.errors import HuntkitError, UnknownPlugin, UsageError, did_you_mean
from huntkit.core.registry import Registry, class_of
from huntkit.enrich.ti.provider import LookupProvider, TIProvider

P = TypeVar("P", bound=LookupProvider)


class Catalog(Generic[P]):
    """The providers of one kind.

    Args:
        kind: what one is called: ``TI provider``.
        package: where the built-in ones are.
        contract: what each of them is.
        switched_off: names of modules that are neither listed nor loaded.
        folders: folders of more modules, one provider each.
    """

    def __init__(
        self,
        kind: str,
        package: str,
        contract: type[P],
        *,
        switched_off: Iterable[str] = (),
        folders: Iterable[Path] = (),
    ) -> None:
        self.kind = kind
        self._package = package
        self.contract = contract
        self._off = frozenset(each.casefold() for each in switched_off)
        self._folders = tuple(folders)
        self._modules: Registry[type[P]] | None = None
        self._dropped: dict[str, type[P]] | None = None
        self._problems: dict[str, str] = {}
        self._others: dict[tuple[frozenset[str], tuple[Path, ...]], Catalog[P]] = {}

    def chosen(self, disabled_plugins: Iterable[str], folders: Iterable[Path]) -> "Catalog[P]":
        """The same with some switched off (``ti_provider.otx``), and with the folders' modules."""
        prefix = f"{self._word}."
        named = (each.strip().casefold() for each in disabled_plugins)
        off = frozenset(each.removeprefix(prefix) for each in named if each.startswith(prefix))
        key = (off, tuple(folders))
        if key == (frozenset(), ()):
            return self
        if key not in self._others:
            self._others[key] = Catalog(
                self.kind, self._package, self.contract, switched_off=off, folders=key[1]
            )
        return self._others[key]

    @property
    def _word(self) -> str:
        return self.kind.casefold().replace(" ", "_")

    def modules(self) -> Registry[type[P]]:
        """The registry of provider modules; nothing is loaded by listing them."""
        if self._modules is None:
            pick = class_of(self.contract)
            every = Registry(self.kind, self._package, pick=pick)
            off = [name for name in every.names() if name.casefold() in self._off]
            self._modules = (
                Registry(self.kind, self._package, pick=pick, disabled=off) if off else every
            )
            names = [*every.names(), *(p.stem for f in self._folders for p in f.glob("*.py"))]
            for word in sorted(self._off - {name.casefold() for name in names}):
                near = did_you_mean(word, names) or "nothing is switched off by it"
                self._problems[word] = f"disabled_plugins names no {self.kind} ({near})"
        return self._modules

    @property
    def problems(self) -> dict[str, str]:
        """What is wrong with modules, by name; those that are switched off on purpose say so."""
        self.available()
        off = {name: f"switched off by disabled_plugins: {self._word}.{name}"
               for name in self._off if name not in self._problems}  # fmt: skip
        return {**off, **self.modules().problems, **self._problems}

    def provider_class(self, name: str) -> type[P]:
        """The provider of that name, in any case of letters.

        Raises:
            UnknownPlugin: there is none, with the nearest.
            UsageError: it is switched off.
        """
        known = self.available()
        wanted = name.casefold()
        for each, kind in known.items():
            if each.casefold() == wanted:
                return kind
        if wanted in self._off and wanted not in self._problems:
            raise UsageError(
                f"the {self.kind} {name!r} is switched off",
                hint=f"{self._word}.{wanted} stands in disabled_plugins of the settings",
            )
        raise UnknownPlugin(self.kind, name, list(known))

    def available(self) -> dict[str, type[P]]:
        """Name -> class of every provider that can be loaded, sorted by name."""
        found = {kind.name: kind for kind in self.modules().load_all().values()}
        if self._dropped is None:
            self._dropped = self._from_folders(found)
        found |= self._dropped
        return dict(sorted(found.items(), key=lambda pair: pair[0].casefold()))

    def _from_folders(self, known: dict[str, type[P]]) -> dict[str, type[P]]:
        """The providers in the folders; what is wrong with one hides none of the others."""
        found: dict[str, type[P]] = {}
        taken = {name.casefold() for name in known}
        for folder in self._folders:
            if not folder.is_dir():
                self._problems[str(folder)] = "there is no such folder of providers"
            for path in sorted(folder.glob("*.py")):
                if path.name.startswith("_") or path.stem.casefold() in self._off:
                    continue
                try:
                    kind = self._dropped_in(path)
                except HuntkitError as problem:
                    self._problems[path.stem] = str(problem)
                    continue
                if kind is not None and kind.name.casefold() in taken:
                    self._problems[path.stem] = f"{path} is ignored: there is a {kind.name} already"
                elif kind is not None:
                    found[kind.name] = kind
                    taken.add(kind.name.casefold())
        return found

    def _dropped_in(self, path: Path) -> type[P] | None:
        """The provider of a file; None if it holds one of another kind.

        Raises:
            HuntkitError: it can't be loaded, or holds none.
        """
        module = _module(path)
        others = [
            each for each in vars(module).values()
            if inspect.isclass(each) and issubclass(each, LookupProvider)
            and each.__module__ == module.__name__ and not inspect.isabstract(each)
        ]  # fmt: skip
        if others and not any(issubclass(each, self.contract) for each in others):
            return None
        return class_of(self.contract)(module)


def _module(path: Path) -> ModuleType:
    """A file as a module of its own, loaded once.

    Raises:
        HuntkitError: it can't be loaded, whatever it raised.
    """
    name = f"huntkit_{path.stem}_{hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:12]}"
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise HuntkitError(f"{path} is no Python module")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up
    try:
        spec.loader.exec_module(module)
    except Exception as problem:
        del sys.modules[name]
        raise HuntkitError(
            f"{path} can't be loaded: {type(problem).__name__}: {problem}",
            hint="mend it, or take it out of the folder",
        ) from problem
    return module


TI_PROVIDERS: Final = Catalog(
    "TI provider",
    "huntkit.enrich.ti.providers",
    TIProvider,  # type: ignore[type-abstract]  # concrete ones are picked
)


def modules() -> Registry[type[TIProvider]]:
    """The registry of their modules; nothing is loaded by listing them."""
    return TI_PROVIDERS.modules()


def provider_class(name: str) -> type[TIProvider]:
    """The provider of that name, in any case of letters.

    Raises:
        UnknownPlugin: there is none, with the nearest.
    """
    return TI_PROVIDERS.provider_class(name)


def available() -> dict[str, type[TIProvider]]:
    """Name -> class of every provider that can be loaded, sorted by name."""
    return TI_PROVIDERS.available()
