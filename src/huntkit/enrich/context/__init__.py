"""Context: what the organisation's own systems know about hosts, addresses, users, resources."""

import importlib
from typing import TYPE_CHECKING, Any

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

    def __getattr__(name: str) -> Any:
        if name not in _DOORS:
            raise AttributeError(f"module 'huntkit.enrich.context' has no attribute {name!r}")
        value = getattr(importlib.import_module(_DOORS[name]), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
