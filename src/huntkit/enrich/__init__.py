"""What is known about a value: where an address is. Each is a step for any frame."""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from huntkit.enrich.geolocation import GeoDatabases, geo

_DOORS = {
    "GeoDatabases": "huntkit.enrich.geolocation",
    "geo": "huntkit.enrich.geolocation",
}

__all__ = ["GeoDatabases", "geo"]


def __getattr__(name: str) -> Any:
    if name not in _DOORS:
        raise AttributeError(f"module 'huntkit.enrich' has no attribute {name!r}")
    value = getattr(importlib.import_module(_DOORS[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
