"""Checks for what people add to huntkit: the same ones that everything built in must pass."""

from typing import TYPE_CHECKING

from huntkit.core.doors import doors

if TYPE_CHECKING:
    from huntkit.testing.context_providers import check_context_provider
    from huntkit.testing.drivers import check_driver
    from huntkit.testing.queries import QueryCheck, check_queries, check_query
    from huntkit.testing.ti_providers import check_ti_provider

_DOORS = {
    "QueryCheck": "huntkit.testing.queries",
    "check_context_provider": "huntkit.testing.context_providers",
    "check_driver": "huntkit.testing.drivers",
    "check_queries": "huntkit.testing.queries",
    "check_query": "huntkit.testing.queries",
    "check_ti_provider": "huntkit.testing.ti_providers",
}

__all__ = [
    "QueryCheck",
    "check_context_provider",
    "check_driver",
    "check_queries",
    "check_query",
    "check_ti_provider",
]


if not TYPE_CHECKING:  # a type checker would take every unknown name for one of these
    __getattr__, __dir__ = doors(__name__, _DOORS)
