"""Checks for what you add yourself: does it keep the promises that everything built in keeps?

They need no test framework: a check raises `AssertionError` with what is not as promised.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from huntkit.testing.drivers import check_driver

_DOORS = {"check_driver": "huntkit.testing.drivers"}

__all__ = ["check_driver"]


if not TYPE_CHECKING:  # a type checker would take every unknown name for one of these

    def __getattr__(name: str) -> Any:
        if name not in _DOORS:
            raise AttributeError(f"module 'huntkit.testing' has no attribute {name!r}")
        value = getattr(importlib.import_module(_DOORS[name]), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
