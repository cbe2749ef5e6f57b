"""Investigate and hunt in security logs, offline, on real files.

The names below load on first use; ``import huntkit`` itself loads no data library.
"""

from typing import TYPE_CHECKING

from huntkit.core.doors import doors
from huntkit.core.version import VERSION

if TYPE_CHECKING:
    from huntkit import analyze, charts, enrich, extract, kql, report
    from huntkit.core.errors import HuntkitError
    from huntkit.enrich import AzureBlobStorage, AzureData, AzureSentinel, MicrosoftSentinel
    from huntkit.enrich.context.contextlookup import ContextLookup
    from huntkit.enrich.geolite import GeoLiteLookup
    from huntkit.enrich.ipstack import IPStackLookup
    from huntkit.enrich.ti.tilookup import TILookup
    from huntkit.enrich.ti.vtlookup import VTLookup
    from huntkit.runtime.session import Session
    from huntkit.sources.local.evidence import Evidence
    from huntkit.sources.local.evidence import open_evidence as open  # noqa: A004  the door's name
    from huntkit.sources.provider import QueryProvider

__version__ = VERSION

_DOORS = {
    "AzureBlobStorage": "huntkit.enrich",
    "AzureData": "huntkit.enrich",
    "AzureSentinel": "huntkit.enrich",
    "ContextLookup": "huntkit.enrich.context.contextlookup",
    "Evidence": "huntkit.sources.local.evidence",
    "GeoLiteLookup": "huntkit.enrich.geolite",
    "HuntkitError": "huntkit.core.errors",
    "IPStackLookup": "huntkit.enrich.ipstack",
    "MicrosoftSentinel": "huntkit.enrich",
    "QueryProvider": "huntkit.sources.provider",
    "Session": "huntkit.runtime.session",
    "TILookup": "huntkit.enrich.ti.tilookup",
    "VTLookup": "huntkit.enrich.ti.vtlookup",
    "analyze": "huntkit.analyze:",
    "charts": "huntkit.charts:",
    "enrich": "huntkit.enrich:",
    "extract": "huntkit.extract:",
    "kql": "huntkit.kql:",
    "open": "huntkit.sources.local.evidence:open_evidence",
    "report": "huntkit.report:",
}

__all__ = [
    "AzureBlobStorage",
    "AzureData",
    "AzureSentinel",
    "ContextLookup",
    "Evidence",
    "GeoLiteLookup",
    "HuntkitError",
    "IPStackLookup",
    "MicrosoftSentinel",
    "QueryProvider",
    "Session",
    "TILookup",
    "VTLookup",
    "analyze",
    "charts",
    "enrich",
    "extract",
    "kql",
    "open",
    "report",
]


if not TYPE_CHECKING:  # a type checker would take every unknown name for one of these
    __getattr__, __dir__ = doors(__name__, _DOORS)
