"""Bytes to records: every kind of log file, bounded and proof against hostile input.

`detect` says which format some bytes are, the format's `read` gives batches, and
`archive.walk` finds the files inside archives.
"""

from typing import TYPE_CHECKING

from huntkit.core.doors import doors

if TYPE_CHECKING:
    from huntkit.formats.archive import Member, walk
    from huntkit.formats.batch import Batch, Skip
    from huntkit.formats.detection import detect
    from huntkit.formats.format import Format, ReadOptions
    from huntkit.formats.limits import Limits

__all__ = ["Batch", "Format", "Limits", "Member", "ReadOptions", "Skip", "detect", "walk"]

_DOORS = {
    "Batch": "huntkit.formats.batch",
    "Format": "huntkit.formats.format",
    "Limits": "huntkit.formats.limits",
    "Member": "huntkit.formats.archive",
    "ReadOptions": "huntkit.formats.format",
    "Skip": "huntkit.formats.batch",
    "detect": "huntkit.formats.detection",
    "walk": "huntkit.formats.archive",
}


if not TYPE_CHECKING:  # a type checker would take every unknown name for one of these
    __getattr__, __dir__ = doors(__name__, _DOORS)
