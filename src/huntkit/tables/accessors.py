"""The ``.hk`` accessor on frames: huntkit's functions as methods, found by name when asked for.

Nothing here happens until :func:`register` is called, which only ``huntkit.accessor`` does.
"""

import functools
import importlib
import importlib.util
import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Protocol

import pandas as pd
import polars as pl

from huntkit.core.errors import did_you_mean


class Catalog(Protocol):
    """Functions found by name without importing them all, such as a registry of plugins."""

    def names(self) -> list[str]:
        """All names."""

    def load(self, name: str) -> Any:
        """The function of that name."""


class Methods:
    """The public functions of some packages, with one frame as their first argument.

    Attributes:
        packages: where functions are looked for, the first one first.
        catalogs: for a package whose functions are plugins, what gives the catalog of them.
    """

    packages: ClassVar[tuple[str, ...]] = ()
    catalogs: ClassVar[Mapping[str, Callable[[], Catalog]]] = {}

    def __init__(self, frame: Any) -> None:
        self._frame = frame

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)  # probes of notebooks and copy; loads nothing
        for package in self.packages:
            if name == package.rpartition(".")[2]:
                return type("Methods", (Methods,), {"packages": (package,)})(self._frame)
        for package in self.packages:
            function = _function(package, name, self.catalogs)
            if function is not None:
                return _bound(function, self._frame)
        raise AttributeError(
            " ".join([f".hk has no {name!r}", did_you_mean(name, dir(self))]).strip()
        )

    def __dir__(self) -> list[str]:
        found = {package.rpartition(".")[2] for package in self.packages}
        for package in self.packages:
            found.update(name for name in _names(package, self.catalogs) if name.islower())
        return sorted(found)

    def __repr__(self) -> str:
        return f"<huntkit functions for this frame: {', '.join(dir(self))}>"


def register(
    packages: Sequence[str], catalogs: Mapping[str, Callable[[], Catalog]] | None = None
) -> None:
    """Offer the functions of `packages` as ``.hk`` on pandas and Polars frames.

    Where two packages have a function of the same name, the first one's is meant; the other is
    reached through its package: ``frame.hk.charts.process_tree()``. Registering again replaces
    the packages and warns about nothing. `catalogs` give, by package, the plugins of it, which
    then have their method too wherever they come from.
    """
    Methods.catalogs = dict(catalogs or {})
    Methods.packages = tuple(p for p in packages if importlib.util.find_spec(p) is not None)
    if getattr(pd.DataFrame, "hk", None) is not Methods:
        pd.api.extensions.register_dataframe_accessor("hk")(Methods)
    if getattr(pl.DataFrame, "hk", None) is not Methods:
        pl.api.register_dataframe_namespace("hk")(Methods)
    if getattr(pl.LazyFrame, "hk", None) is not Methods:
        pl.api.register_lazyframe_namespace("hk")(Methods)


def _names(package: str, catalogs: Mapping[str, Callable[[], Catalog]]) -> Sequence[str]:
    if package in catalogs:
        return catalogs[package]().names()
    return getattr(importlib.import_module(package), "__all__", ())


def _function(
    package: str, name: str, catalogs: Mapping[str, Callable[[], Catalog]]
) -> Callable[..., Any] | None:
    if name not in _names(package, catalogs):
        return None
    if package in catalogs:
        return catalogs[package]().load(name)  # type: ignore[no-any-return]
    value = getattr(importlib.import_module(package), name)
    return value if callable(value) and not inspect.isclass(value) else None


def _bound(function: Callable[..., Any], frame: Any) -> Callable[..., Any]:
    @functools.wraps(function)
    def method(*args: Any, **kwargs: Any) -> Any:
        return function(frame, *args, **kwargs)

    parameters = list(inspect.signature(function).parameters.values())[1:]
    method.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # for help()
    return method
