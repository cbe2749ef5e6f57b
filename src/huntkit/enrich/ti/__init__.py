"""Threat intelligence: what others know about indicators."""

from typing import TYPE_CHECKING

from huntkit.core.doors import doors

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
    "Endpoint": "huntkit.enrich.ti.http_provider",
    "Facts": "huntkit.enrich.ti.provider",
    "Feeds": "huntkit.enrich.ti.feeds",
    "HTTPProvider": "huntkit.enrich.ti.http_provider:HttpTIProvider",
    "HttpTIProvider": "huntkit.enrich.ti.http_provider",
    "KqlProvider": "huntkit.enrich.ti.kql_provider:KqlTIProvider",
    "KqlTIProvider": "huntkit.enrich.ti.kql_provider",
    "Lookup": "huntkit.enrich.ti.provider",
    "Severity": "huntkit.enrich.ti.provider",
    "TILookup": "huntkit.enrich.ti.tilookup",
    "TIProvider": "huntkit.enrich.ti.provider",
    "VTLookup": "huntkit.enrich.ti.vtlookup",
    "in_feeds": "huntkit.enrich.ti.feeds",
    "write_starter_settings": "huntkit.enrich.ti.starter",
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
    __getattr__, __dir__ = doors(__name__, _DOORS)
