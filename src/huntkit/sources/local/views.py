"""Tables that are another table seen with other names, so that nothing is stored twice."""

from collections.abc import Mapping

from huntkit.sources.local import schemas
from huntkit.sources.local.catalog import OWN, Table
from huntkit.sources.local.database import literal, missing, quoted
from huntkit.sources.local.mapping.views import VIEWS, View


def views(tables: Mapping[str, Table]) -> dict[str, str]:
    """SQL for each view whose source the evidence has, unless it has such a table itself."""
    return {
        name: _select(name, view, tables[view.source])
        for name, view in VIEWS.items()
        if view.source in tables and name not in tables
    }


def _select(name: str, view: View, source: Table) -> str:
    columns = _columns(name, view, source) if view.columns else ["*"]
    text = f"SELECT {', '.join(columns)} FROM {quoted(view.source)}"  # noqa: S608  all quoted
    if view.without:
        channels = ", ".join(literal(each) for each in sorted(view.without))
        text += f" WHERE lower({quoted('Channel')}) NOT IN ({channels})"
    return text


def _columns(name: str, view: View, source: Table) -> list[str]:
    known = schemas.known(name) or {}
    given = {own: other for own, other in view.columns.items() if other in source.types}
    columns = [
        f"{quoted(given[column]) if column in given else missing(kql)} AS {quoted(column)}"
        for column, kql in known.items()
    ]
    more = [column for column in given if column not in known]
    return [*columns, *(f"{quoted(given[each])} AS {quoted(each)}" for each in more), *OWN]
