"""The one mechanism by which all plugins are found: drivers, providers, transforms, charts.

One module is one plugin, and the file's name is its name. Built-in plugins are the modules of
one package; outside packages add theirs by entry points::

    [project.entry-points."huntkit.plugins"]
    "chart.heatmap" = "my_package.heatmap"

Listing imports nothing. A plugin is loaded on first use, and one that can't be loaded never
hides the others.
"""

import importlib
import importlib.metadata
import importlib.util
import inspect
import pkgutil
from collections.abc import Callable, Iterable, Iterator
from types import ModuleType
from typing import Generic, TypeVar

from huntkit.core.errors import HuntkitError, UnknownPlugin

T = TypeVar("T")

GROUP = "huntkit.plugins"
"""The entry point group of outside plugins; names are ``<kind>.<plugin>``."""


def switched_off(kind: str, disabled_plugins: Iterable[str]) -> frozenset[str]:
    """The plugins of one kind among those that the settings switch off, in lower case.

    Examples:
        >>> switched_off("driver", ["driver.Splunk", "ti_provider.otx"])
        frozenset({'splunk'})
    """
    prefix = f"{kind.casefold().replace(' ', '_')}."
    named = (each.strip().casefold() for each in disabled_plugins)
    return frozenset(each.removeprefix(prefix) for each in named if each.startswith(prefix))


class Registry(Generic[T]):
    """All plugins of one kind.

    Args:
        kind: what one is called, in words that fit "there is no ...": ``chart``.
        package: the package whose modules are the built-in plugins; names that begin with an
            underscore are no plugins.
        pick: takes the plugin out of its module: :func:`module_itself`, :func:`class_of`.
        disabled: names that are switched off: not listed, not loaded.
        also: packages on higher floors that add plugins of this kind, where they are there.

    Examples:
        >>> plugins = Registry("codec", "encodings", pick=module_itself, disabled=["rot_13"])
        >>> "utf_8" in plugins, "rot_13" in plugins
        (True, False)
        >>> plugins.load("utf_8").__name__
        'encodings.utf_8'
    """

    def __init__(
        self,
        kind: str,
        package: str,
        *,
        pick: Callable[[ModuleType], T],
        disabled: Iterable[str] = (),
        also: Iterable[str] = (),
    ) -> None:
        self.kind = kind
        self.package = package
        self.disabled = frozenset(disabled)
        self._also = tuple(also)
        self._pick = pick
        self._modules: dict[str, str] | None = None
        self._loaded: dict[str, T] = {}
        self._problems: dict[str, str] = {}

    def names(self) -> list[str]:
        """The names of all plugins, sorted; nothing is imported for it."""
        return sorted(self._found())

    def __contains__(self, name: object) -> bool:
        return name in self._found()

    def __iter__(self) -> Iterator[str]:
        return iter(self.names())

    def __len__(self) -> int:
        return len(self._found())

    @property
    def problems(self) -> dict[str, str]:
        """What is wrong with plugins, by name, as far as it is known by now."""
        self._found()
        return dict(self._problems)

    def load(self, name: str) -> T:
        """The plugin of that name.

        Raises:
            UnknownPlugin: there is none, or it is switched off.
            MissingExtra: it needs a package that is not installed.
            HuntkitError: it can't be loaded.
        """
        if name in self._loaded:
            return self._loaded[name]
        module = self._found().get(name)
        if module is None:
            raise self._missing(name)
        try:
            plugin = self._pick(importlib.import_module(module))
        except HuntkitError as problem:
            self._problems[name] = str(problem)
            raise
        except Exception as problem:
            # Somebody else's code: whatever it raises, the others must go on working.
            self._problems[name] = f"{type(problem).__name__}: {problem}"
            raise HuntkitError(
                f"the {self.kind} {name!r} ({module}) can't be loaded: {self._problems[name]}",
                hint="switch it off in the settings, or mend its package",
                context={"kind": self.kind, "name": name, "module": module},
            ) from problem
        self._loaded[name] = plugin
        return plugin

    def _missing(self, name: str) -> UnknownPlugin:
        problem = UnknownPlugin(self.kind, name, self.names())
        if name in self.disabled:
            problem.message = f"the {self.kind} {name!r} is switched off"
            word = self.kind.casefold().replace(" ", "_")
            problem.hint = f"{word}.{name} stands in disabled_plugins of the settings"
        return problem

    def load_all(self) -> dict[str, T]:
        """Every plugin that can be loaded; what is wrong with the others is in `problems`."""
        plugins = {}
        for name in self.names():
            try:
                plugins[name] = self.load(name)
            except HuntkitError:
                continue
        return plugins

    def _found(self) -> dict[str, str]:
        if self._modules is None:
            modules = dict(self._built_in())
            for name, module in self._from_outside():
                if name in modules:
                    self._problems[name] = f"{module} is ignored: {modules[name]} has that name"
                else:
                    modules[name] = module
            self._modules = {n: m for n, m in modules.items() if n not in self.disabled}
        return self._modules

    def _built_in(self) -> Iterator[tuple[str, str]]:
        spec = importlib.util.find_spec(self.package)
        if spec is None or spec.submodule_search_locations is None:
            raise HuntkitError(
                f"{self.package!r}, where the {self.kind} plugins are, is no package"
            )
        yield from _modules_of(self.package, spec.submodule_search_locations)
        for package in self._also:
            try:
                there = importlib.util.find_spec(package)
            except ModuleNotFoundError:  # not even the package that it would lie in
                continue
            if there is not None and there.submodule_search_locations is not None:
                yield from _modules_of(package, there.submodule_search_locations)

    def _from_outside(self) -> Iterator[tuple[str, str]]:
        prefix = self.kind.lower().replace(" ", "_") + "."
        for entry in sorted(importlib.metadata.entry_points(group=GROUP), key=lambda e: e.name):
            if entry.name.startswith(prefix):
                yield entry.name.removeprefix(prefix), entry.value.partition(":")[0].strip()


def _modules_of(package: str, folders: Iterable[str]) -> Iterator[tuple[str, str]]:
    for each in pkgutil.iter_modules(list(folders)):
        if not each.name.startswith("_"):
            yield each.name, f"{package}.{each.name}"


def module_itself(module: ModuleType) -> ModuleType:
    """For plugins that are modules with agreed functions."""
    return module


def class_of(contract: type[T]) -> Callable[[ModuleType], type[T]]:
    """For plugins that are the one class of their module that fulfils `contract`.

    Examples:
        >>> import json.decoder
        >>> class_of(ValueError)(json.decoder).__name__
        'JSONDecodeError'
    """

    def pick(module: ModuleType) -> type[T]:
        own = [
            value
            for value in vars(module).values()
            if inspect.isclass(value)
            and issubclass(value, contract)
            and value.__module__ == module.__name__
            and not inspect.isabstract(value)
            and not value.__name__.startswith("_")
        ]
        if len(own) != 1:
            raise HuntkitError(
                f"{module.__name__} must define one {contract.__name__}, and defines {len(own)}",
                hint="one module is one plugin",
            )
        return own[0]

    return pick
