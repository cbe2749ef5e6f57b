"""The table contract: any frame in, the same kind out; steps, roles and times.

Submodules for the rest of the package: ``tables.roles`` (which column is the host?) and
``tables.times`` (which column is the time, and what does its text mean?).
"""

import importlib
from typing import TYPE_CHECKING, Any

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

    def __getattr__(name: str) -> Any:
        try:
            module = importlib.import_module(_DOORS[name])
        except KeyError:
            raise AttributeError(f"module 'huntkit.tables' has no attribute {name!r}") from None
        value = getattr(module, name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
