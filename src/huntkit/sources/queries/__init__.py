"""Named questions with typed parameters, kept as data: read, checked, and put into words.

`Query` and `Parameter` are the definition, `read_queries` reads YAML files of them, and `render`
puts values in.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from huntkit.sources.queries.definition import Parameter, Query
    from huntkit.sources.queries.faults import Fault, QueryFileError
    from huntkit.sources.queries.library import asked_of, built_in, in_folders
    from huntkit.sources.queries.matching import values_from
    from huntkit.sources.queries.reading import queries_of, read_queries
    from huntkit.sources.queries.rendered import Rendered
    from huntkit.sources.queries.rendering import render

_HERE = "huntkit.sources.queries"
_DOORS = {
    "Fault": f"{_HERE}.faults",
    "Parameter": f"{_HERE}.definition",
    "Query": f"{_HERE}.definition",
    "QueryFileError": f"{_HERE}.faults",
    "Rendered": f"{_HERE}.rendered",
    "asked_of": f"{_HERE}.library",
    "built_in": f"{_HERE}.library",
    "in_folders": f"{_HERE}.library",
    "queries_of": f"{_HERE}.reading",
    "read_queries": f"{_HERE}.reading",
    "render": f"{_HERE}.rendering",
    "values_from": f"{_HERE}.matching",
}

__all__ = [
    "Fault",
    "Parameter",
    "Query",
    "QueryFileError",
    "Rendered",
    "asked_of",
    "built_in",
    "in_folders",
    "queries_of",
    "read_queries",
    "render",
    "values_from",
]


if not TYPE_CHECKING:  # a type checker would take every unknown name for one of these

    def __getattr__(name: str) -> Any:
        try:
            module = importlib.import_module(_DOORS[name])
        except KeyError:
            raise AttributeError(f"module {_HERE!r} has no attribute {name!r}") from None
        value = getattr(module, name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
