"""KQL, the language of hunting queries, on local tables.

``query`` runs a query on frames; :meth:`huntkit.Evidence.kql` runs one on a folder of logs.
"""

from typing import TYPE_CHECKING

from huntkit.core.doors import doors

if TYPE_CHECKING:
    from huntkit.kql.language.errors import (
        KqlError,
        KqlNameError,
        KqlSyntaxError,
        KqlTypeError,
        KqlUnsupported,
    )
    from huntkit.kql.run import query

_ERRORS = "huntkit.kql.language.errors"
_DOORS = {
    "KqlError": _ERRORS,
    "KqlNameError": _ERRORS,
    "KqlSyntaxError": _ERRORS,
    "KqlTypeError": _ERRORS,
    "KqlUnsupported": _ERRORS,
    "query": "huntkit.kql.run",
}

__all__ = [
    "KqlError",
    "KqlNameError",
    "KqlSyntaxError",
    "KqlTypeError",
    "KqlUnsupported",
    "query",
]


if not TYPE_CHECKING:  # a type checker would take every unknown name for one of these
    __getattr__, __dir__ = doors(__name__, _DOORS)
