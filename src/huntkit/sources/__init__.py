"""Where logs are: evidence on this machine, services that are asked, and drivers of your own."""

from typing import TYPE_CHECKING

from huntkit.core.doors import doors

if TYPE_CHECKING:
    from huntkit.sources.driver import Answer, Cancel, Driver, Gap, Limits, Nothing, Request
    from huntkit.sources.errors import (
        NotConnected,
        PartialAnswer,
        PartialAnswerWarning,
        QueryRefused,
    )
    from huntkit.sources.local.cache import CacheWarning
    from huntkit.sources.local.evidence import AbsentTableWarning, Evidence, PartialEvidenceWarning
    from huntkit.sources.provider import QueryProvider

_DOORS = {
    "AbsentTableWarning": "huntkit.sources.local.evidence",
    "Answer": "huntkit.sources.driver",
    "CacheWarning": "huntkit.sources.local.cache",
    "Cancel": "huntkit.sources.driver",
    "Driver": "huntkit.sources.driver",
    "Evidence": "huntkit.sources.local.evidence",
    "Gap": "huntkit.sources.driver",
    "Limits": "huntkit.sources.driver",
    "NotConnected": "huntkit.sources.errors",
    "Nothing": "huntkit.sources.driver",
    "PartialAnswer": "huntkit.sources.errors",
    "PartialAnswerWarning": "huntkit.sources.errors",
    "PartialEvidenceWarning": "huntkit.sources.local.evidence",
    "QueryProvider": "huntkit.sources.provider",
    "QueryRefused": "huntkit.sources.errors",
    "Request": "huntkit.sources.driver",
}

__all__ = [
    "AbsentTableWarning",
    "Answer",
    "CacheWarning",
    "Cancel",
    "Driver",
    "Evidence",
    "Gap",
    "Limits",
    "NotConnected",
    "Nothing",
    "PartialAnswer",
    "PartialAnswerWarning",
    "PartialEvidenceWarning",
    "QueryProvider",
    "QueryRefused",
    "Request",
]


if not TYPE_CHECKING:  # a type checker would take every unknown name for one of these
    __getattr__, __dir__ = doors(__name__, _DOORS)
