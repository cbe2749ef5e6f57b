"""The table contract: any frame in, the same kind out; steps, roles and times.

Submodules for the rest of the package: ``tables.roles`` (which column is the host?) and
``tables.times`` (which column is the time, and what does its text mean?).
"""

from typing import TYPE_CHECKING

from huntkit.core.doors import doors

if TYPE_CHECKING:
    from huntkit.tables.frames import as_kind, from_polars, kind_of, to_polars
    from huntkit.tables.steps import step

_DOORS = {
    "as_kind": "huntkit.tables.frames",
    "from_polars": "huntkit.tables.frames",
    "kind_of": "huntkit.tables.frames",
    "step": "huntkit.tables.steps",
    "to_polars": "huntkit.tables.frames",
}

__all__ = ["as_kind", "from_polars", "kind_of", "step", "to_polars"]


if not TYPE_CHECKING:  # a type checker would take every unknown name for one of these
    __getattr__, __dir__ = doors(__name__, _DOORS)
