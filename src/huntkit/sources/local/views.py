"""Tables that are another table seen with other names, so that nothing is stored twice."""

from collections.abc import Mapping

from huntkit.sources.local.catalog import Table


def views(tables: Mapping[str, Table]) -> dict[str, str]:
    """SQL for each view that the evidence's tables allow."""
    return {}
