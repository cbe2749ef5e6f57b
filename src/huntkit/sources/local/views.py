"""Tables that are another table seen with other names, so that nothing is stored twice."""

from collections.abc import Mapping

from huntkit.sources.local import schemas
from huntkit.sources.local.catalog import OWN, Table
from huntkit.sources.local.database import TABLE_COLUMN, literal, missing, quoted
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
        f"{_made(name, column, kql, given)} AS {quoted(column)}" for column, kql in known.items()
    ]
    more = [column for column in given if column not in known]
    return [*columns, *(f"{quoted(given[each])} AS {quoted(each)}" for each in more), *OWN]


def _made(name: str, column: str, kql: str, given: Mapping[str, str]) -> str:
    if column == TABLE_COLUMN:
        return literal(name)
    if (name, column) in MADE and column in given:
        return MADE[name, column].format(quoted(given[column]))
    return quoted(given[column]) if column in given else missing(kql)


_ESCAPED = "replace(replace(replace({}, '&', '&amp;'), '<', '&lt;'), '>', '&gt;')"
_DATA = (
    "'<Data Name=\"' || replace("
    + _ESCAPED.format("each.key")
    + ", '\"', '&quot;') || '\">' || "
    + _ESCAPED.format("coalesce(each.value ->> '$', '')")
    + " || '</Data>'"
)
MADE = {
    # The old agent keeps an event's own fields as XML, and queries written for it take that apart.
    # What is no JSON object (or says a name twice) stands as it was logged.
    ("Event", "EventData"): (
        "CASE WHEN {0} = '' THEN '' ELSE coalesce('<DataItem type=\"System.XmlData\"><EventData"
        ' xmlns="http://schemas.microsoft.com/win/2004/08/events/event">\' || '
        "array_to_string(list_transform(map_entries("
        "TRY_CAST(TRY_CAST({0} AS JSON) AS MAP(VARCHAR, JSON))),"
        " lambda each: " + _DATA.replace("{", "{{").replace("}", "}}") + "), '')"
        " || '</EventData></DataItem>', {0}) END"
    ),
}
