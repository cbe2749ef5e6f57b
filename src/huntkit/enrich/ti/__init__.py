"""Threat intelligence: what others know about indicators."""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from huntkit.enrich.ti.feeds import Feeds, in_feeds
    from huntkit.enrich.ti.http_provider import Endpoint, HttpTIProvider
    from huntkit.enrich.ti.kql_provider import KqlTIProvider
    from huntkit.enrich.ti.provider import Facts, Lookup, Severity, TIProvider
    from huntkit.enrich.ti.starter import write_starter_settings
    from huntkit.enrich.ti.tilookup import TILookup
    from huntkit.enrich.ti.vtlookup import VTLookup

    HTTPProvider = HttpTIProvider
    KqlProvider = KqlTIProvider

_DOORS = {
    "Endpoint": ("huntkit.enrich.ti.http_provider", "Endpoint"),
    "Facts": ("huntkit.enrich.ti.provider", "Facts"),
    "Feeds": ("huntkit.enrich.ti.feeds", "Feeds"),
    "HTTPProvider": ("huntkit.enrich.ti.http_provider", "HttpTIProvider"),
    "HttpTIProvider": ("huntkit.enrich.ti.http_provider", "HttpTIProvider"),
    "KqlProvider": ("huntkit.enrich.ti.kql_provider", "KqlTIProvider"),
    "KqlTIProvider": ("huntkit.enrich.ti.kql_provider", "KqlTIProvider"),
    "Lookup": ("huntkit.enrich.ti.provider", "Lookup"),
    "Severity": ("huntkit.enrich.ti.provider", "Severity"),
    "TILookup": ("huntkit.enrich.ti.tilookup", "TILookup"),
    "TIProvider": ("huntkit.enrich.ti.provider", "TIProvider"),
    "VTLookup": ("huntkit.enrich.ti.vtlookup", "VTLookup"),
    "in_feeds": ("huntkit.enrich.ti.feeds", "in_feeds"),
    "write_starter_settings": ("huntkit.enrich.ti.starter", "write_starter_settings"),
}

__all__ = [
    "Endpoint",
    "Facts",
    "Feeds",
    "HTTPProvider",
    "HttpTIProvider",
    "KqlProvider",
    "KqlTIProvider",
    "Lookup",
    "Severity",
    "TILookup",
    "TIProvider",
    "VTLookup",
    "in_feeds",
    "write_starter_settings",
]


if not TYPE_CHECKING:  # a type checker would take every unknown name for one of these

    def __getattr__(name: str) -> Any:
        if name not in _DOORS:
            raise AttributeError(f"module 'huntkit.enrich.ti' has no attribute {name!r}")
        module, attribute = _DOORS[name]
        value = getattr(importlib.import_module(module), attribute)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
