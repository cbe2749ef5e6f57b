"""Bytes to records: every kind of log file, bounded and proof against hostile input.

`detect` says which format some bytes are, the format's `read` gives batches, and
`archive.walk` finds the files inside archives.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from huntkit.formats.archive import Member, walk
    from huntkit.formats.batch import Batch, Skip
    from huntkit.formats.detection import detect
    from huntkit.formats.format import Format, ReadOptions
    from huntkit.formats.limits import Limits

__all__ = ["Batch", "Format", "Limits", "Member", "ReadOptions", "Skip", "detect", "walk"]

_HOMES = {
    "Batch": "batch",
    "Format": "format",
    "Limits": "limits",
    "Member": "archive",
    "ReadOptions": "format",
    "Skip": "batch",
    "detect": "detection",
    "walk": "archive",
}


def __getattr__(name: str) -> Any:
    try:
        home = _HOMES[name]
    except KeyError:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}") from None
    return getattr(importlib.import_module(f"{__name__}.{home}"), name)


def __dir__() -> list[str]:
    return __all__
