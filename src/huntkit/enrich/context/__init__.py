"""Context: what the organisation's own systems know about hosts, addresses, users, resources."""

from typing import TYPE_CHECKING

from huntkit.core.doors import doors

if TYPE_CHECKING:
    from huntkit.enrich.context.contextlookup import ContextLookup
    from huntkit.enrich.context.provider import ContextProvider, HttpContextProvider

_DOORS = {
    "ContextLookup": "huntkit.enrich.context.contextlookup",
    "ContextProvider": "huntkit.enrich.context.provider",
    "HttpContextProvider": "huntkit.enrich.context.provider",
}

__all__ = ["ContextLookup", "ContextProvider", "HttpContextProvider"]


if not TYPE_CHECKING:  # a type checker would take every unknown name for one of these
    __getattr__, __dir__ = doors(__name__, _DOORS)
