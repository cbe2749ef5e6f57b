"""What a run needs besides its data: settings, secrets, history. Nothing happens at import."""

from typing import TYPE_CHECKING

from huntkit.core.doors import doors

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
    __getattr__, __dir__ = doors(__name__, _DOORS)
