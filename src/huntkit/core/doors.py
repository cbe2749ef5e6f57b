"""Packages that load what they offer when it is asked for: importing one costs next to nothing."""

import importlib
import sys
from collections.abc import Callable, Mapping
from typing import Any


def doors(
    package: str, homes: Mapping[str, str]
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """A package's ``__getattr__``, which loads a name on first use, and its ``__dir__``.

    Args:
        package: the package's ``__name__``.
        homes: the module that each public name lives in; ``module:other`` where it is called
            ``other`` there, and ``module:`` where the name is the module itself.

    Returns:
        Two functions to be assigned in the package. Only public names are listed, not what the
        package happens to import.

    Examples:
        >>> getattr_, dir_ = doors("huntkit.core", {"VERSION": "huntkit.core.version"})
        >>> getattr_("VERSION").count(".")
        2
        >>> getattr_("VERSIONS")
        Traceback (most recent call last):
        AttributeError: module 'huntkit.core' has no attribute 'VERSIONS'
    """

    def load(name: str) -> Any:
        module, _, attribute = homes.get(name, "").partition(":")
        here = sys.modules[package]
        if not module:
            problem = f"module {package!r} has no attribute {name!r}"
            raise AttributeError(problem, name=name, obj=here)  # Python then says "did you mean"
        home = importlib.import_module(module)
        is_module = homes[name].endswith(":")
        value = home if is_module else getattr(home, attribute or name)
        setattr(here, name, value)
        return value

    def names() -> list[str]:
        own = vars(sys.modules[package])
        return sorted({*homes, *own.get("__all__", ()), *(n for n in own if n[:2] == "__")})

    return load, names
