"""One offline HTML file out of tables and charts."""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from huntkit.report.document import Report, report

_DOORS = {"Report": "huntkit.report.document", "report": "huntkit.report.document"}

__all__ = ["Report", "report"]


def __getattr__(name: str) -> Any:
    if name not in _DOORS:
        raise AttributeError(f"module 'huntkit.report' has no attribute {name!r}")
    value = getattr(importlib.import_module(_DOORS[name]), name)
    globals()[name] = value
    return value
