"""What a run needs besides its data: settings, secrets, history. Nothing happens at import."""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from huntkit.runtime.fanout import Outcome, Share, spread
    from huntkit.runtime.http_call import Basic
    from huntkit.runtime.http_client import HttpClient, Service, TokenSource
    from huntkit.runtime.http_reply import Reply
    from huntkit.runtime.http_settings import HttpSettings
    from huntkit.runtime.limits import Limits
    from huntkit.runtime.secrets import Secret
    from huntkit.runtime.session import Run, Session, Settings, default_session

_DOORS = {
    "Basic": "huntkit.runtime.http_call",
    "HttpClient": "huntkit.runtime.http_client",
    "HttpSettings": "huntkit.runtime.http_settings",
    "Limits": "huntkit.runtime.limits",
    "Outcome": "huntkit.runtime.fanout",
    "Reply": "huntkit.runtime.http_reply",
    "Run": "huntkit.runtime.session",
    "Secret": "huntkit.runtime.secrets",
    "Service": "huntkit.runtime.http_client",
    "Session": "huntkit.runtime.session",
    "Settings": "huntkit.runtime.session",
    "Share": "huntkit.runtime.fanout",
    "TokenSource": "huntkit.runtime.http_client",
    "default_session": "huntkit.runtime.session",
    "spread": "huntkit.runtime.fanout",
}

__all__ = [
    "Basic",
    "HttpClient",
    "HttpSettings",
    "Limits",
    "Outcome",
    "Reply",
    "Run",
    "Secret",
    "Service",
    "Session",
    "Settings",
    "Share",
    "TokenSource",
    "default_session",
    "spread",
]


if not TYPE_CHECKING:  # a type checker would take every unknown name for one of these

    def __getattr__(name: str) -> Any:
        if name not in _DOORS:
            raise AttributeError(f"module 'huntkit.runtime' has no attribute {name!r}")
        value = getattr(importlib.import_module(_DOORS[name]), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
