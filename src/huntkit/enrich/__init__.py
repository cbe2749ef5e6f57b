"""What is known about a value: where an address is, who runs it, what a name leads to.

Frames go through steps such as `geo`, which need no network. What asks somebody else does so only
when it is called, and says who.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from huntkit.enrich.geolite import GeoLiteLookup
    from huntkit.enrich.geolocation import GeoDatabases, geo
    from huntkit.enrich.ipstack import IPStackLookup
    from huntkit.enrich.located import GeoLocation, IpAddress, entity_distance, geo_distance

_DOORS = {
    "GeoDatabases": "huntkit.enrich.geolocation",
    "GeoLiteLookup": "huntkit.enrich.geolite",
    "GeoLocation": "huntkit.enrich.located",
    "IPStackLookup": "huntkit.enrich.ipstack",
    "IpAddress": "huntkit.enrich.located",
    "entity_distance": "huntkit.enrich.located",
    "geo": "huntkit.enrich.geolocation",
    "geo_distance": "huntkit.enrich.located",
}

__all__ = [
    "GeoDatabases",
    "GeoLiteLookup",
    "GeoLocation",
    "IPStackLookup",
    "IpAddress",
    "entity_distance",
    "geo",
    "geo_distance",
]


if not TYPE_CHECKING:  # a type checker would take every unknown name for one of these

    def __getattr__(name: str) -> Any:
        if name not in _DOORS:
            raise AttributeError(f"module 'huntkit.enrich' has no attribute {name!r}")
        value = getattr(importlib.import_module(_DOORS[name]), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
