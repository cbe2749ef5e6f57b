"""Investigate and hunt in security logs, offline, on real files.

The names below load on first use; ``import huntkit`` itself loads no data library.
"""

import importlib
from typing import TYPE_CHECKING, Any

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
    "AzureBlobStorage": ("huntkit.enrich", "AzureBlobStorage"),
    "AzureData": ("huntkit.enrich", "AzureData"),
    "AzureSentinel": ("huntkit.enrich", "AzureSentinel"),
    "ContextLookup": ("huntkit.enrich.context.contextlookup", "ContextLookup"),
    "Evidence": ("huntkit.sources.local.evidence", "Evidence"),
    "GeoLiteLookup": ("huntkit.enrich.geolite", "GeoLiteLookup"),
    "HuntkitError": ("huntkit.core.errors", "HuntkitError"),
    "IPStackLookup": ("huntkit.enrich.ipstack", "IPStackLookup"),
    "MicrosoftSentinel": ("huntkit.enrich", "MicrosoftSentinel"),
    "QueryProvider": ("huntkit.sources.provider", "QueryProvider"),
    "Session": ("huntkit.runtime.session", "Session"),
    "TILookup": ("huntkit.enrich.ti.tilookup", "TILookup"),
    "VTLookup": ("huntkit.enrich.ti.vtlookup", "VTLookup"),
    "analyze": ("huntkit.analyze", None),
    "charts": ("huntkit.charts", None),
    "enrich": ("huntkit.enrich", None),
    "extract": ("huntkit.extract", None),
    "kql": ("huntkit.kql", None),
    "open": ("huntkit.sources.local.evidence", "open_evidence"),
    "report": ("huntkit.report", None),
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


def __getattr__(name: str) -> Any:
    try:
        module, attribute = _DOORS[name]
    except KeyError:
        raise AttributeError(f"module 'huntkit' has no attribute {name!r}") from None
    loaded = importlib.import_module(module)
    value = loaded if attribute is None else getattr(loaded, attribute)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
