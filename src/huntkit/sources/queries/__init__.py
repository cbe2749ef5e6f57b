"""Named questions with typed parameters, kept as data: read, checked, and put into words.

`Query` and `Parameter` are the definition, `read_queries` reads YAML files of them, and `render`
puts values in.
"""

from typing import TYPE_CHECKING

from huntkit.core.doors import doors

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
    __getattr__, __dir__ = doors(__name__, _DOORS)
