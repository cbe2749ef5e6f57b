"""What a run needs besides its data: settings, secrets, history. Nothing happens at import."""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from huntkit.runtime.secrets import Secret
    from huntkit.runtime.session import Run, Session, Settings, default_session

_DOORS = {
    "Run": "huntkit.runtime.session",
    "Secret": "huntkit.runtime.secrets",
    "Session": "huntkit.runtime.session",
    "Settings": "huntkit.runtime.session",
    "default_session": "huntkit.runtime.session",
}

__all__ = ["Run", "Secret", "Session", "Settings", "default_session"]


if not TYPE_CHECKING:  # a type checker would take every unknown name for one of these

    def __getattr__(name: str) -> Any:
        if name not in _DOORS:
            raise AttributeError(f"module 'huntkit.runtime' has no attribute {name!r}")
        value = getattr(importlib.import_module(_DOORS[name]), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
