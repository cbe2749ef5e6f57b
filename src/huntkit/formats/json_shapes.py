"""Where the records are inside a JSON value: exports wrap them in many ways.

Wrappers that are known: CloudTrail ``{"Records": [...]}``, Azure ``{"records": [...]}``, Graph and
ARM ``{"value": [...]}``, Log Analytics ``{"tables": [{"columns", "rows"}]}``, Kusto v1 and v2
frames, Defender ``{"Schema", "Results"}``, Elasticsearch ``{"hits": {"hits": [...]}}`` and hits
with ``_source``, Splunk ``{"result": {...}}`` and ``{"results": [...]}``, plaso's
``{"event_0": {...}, "event_1": {...}}``.
"""

from collections.abc import Mapping
from typing import Any

MOST_KEYS = 12  # a wrapper has no more keys than this, so wider records need no look

NOT_AN_OBJECT = "not a JSON object"

# Below these keys a list holds records ...
LIST_KEYS = (
    "Records",
    "records",
    "value",
    "Results",
    "results",
    "events",
    "Events",
    "entries",
    "logEvents",
    "alerts",
    "incidents",
    "items",
    "data",
    "logs",
)
# ... if nothing but such companions stands beside them.
_COMPANIONS = frozenset(
    {
        "@odata.context",
        "@odata.count",
        "@odata.nextLink",
        "nextLink",
        "next",
        "NextToken",
        "nextToken",
        "count",
        "total",
        "totalCount",
        "status",
        "success",
        "cursor",
        "offset",
        "limit",
        "page",
        "metadata",
        "pagination",
        "links",
        "preview",
        "init_offset",
        "fields",
        "messages",
        "highlighted",
        "Schema",
        "Stats",
        "QuotaUsage",
        "messageType",
        "owner",
        "logGroup",
        "logStream",
        "subscriptionFilters",
    }
)
_SPLUNK = frozenset({"preview", "offset", "lastrow", "result"})


def unwrap(value: Any) -> list[Any] | None:
    """The records inside `value`, or None if it is a record itself.

    Elements are not checked: one that is no object is the caller's to skip.

    Examples:
        >>> unwrap({"Records": [{"a": 1}, {"a": 2}]})
        [{'a': 1}, {'a': 2}]
        >>> unwrap({"preview": False, "result": {"host": "a"}})
        [{'host': 'a'}]
        >>> unwrap({"_index": "i", "_id": "7", "_source": {"a": 1}})
        [{'a': 1, '_index': 'i', '_id': '7'}]
        >>> unwrap({"a": 1}) is None
        True
    """
    if isinstance(value, list):
        return [inner for each in value for inner in _each(each)]
    if not isinstance(value, dict):
        return None
    if "event_0" in value and all(_is_event(*each) for each in value.items()):
        return list(value.values())
    if len(value) > MOST_KEYS:
        return None
    single = _single(value)
    return _listed(value) if single is None else single


def _is_event(name: str, value: Any) -> bool:
    """A member of the one object that plaso writes."""
    return name.startswith("event_") and isinstance(value, dict) and "timestamp_desc" in value


def _each(value: Any) -> list[Any]:
    inner = unwrap(value) if isinstance(value, dict) else None
    return [value] if inner is None else inner


def _single(value: Mapping[str, Any]) -> list[Any] | None:
    """One record in an envelope of its own."""
    source = value.get("_source")
    if isinstance(source, dict) and ("_id" in value or "_index" in value):
        beside = {k: v for k, v in value.items() if k != "_source" and k not in source}
        return [{**source, **beside}]
    result = value.get("result")
    if isinstance(result, dict) and value.keys() <= _SPLUNK:
        return [result]
    if value.get("lastrow") is True and value.keys() <= _SPLUNK:
        return []  # the line that ends a Splunk export holds no event
    return None


def _listed(value: Mapping[str, Any]) -> list[Any] | None:
    """Many records in one envelope."""
    hits = value.get("hits")
    if isinstance(hits, dict) and isinstance(hits.get("hits"), list):
        return [inner for each in hits["hits"] for inner in _each(each)]
    for key in ("tables", "Tables"):
        tables = value.get(key)
        if isinstance(tables, list) and tables and all(map(_is_table, tables)):
            return [row for table in tables for row in _rows(table)]
    if _is_table(value):
        return _rows(value)
    for key in LIST_KEYS:
        inner = value.get(key)
        if (
            isinstance(inner, list)
            and all(isinstance(each, dict) for each in inner)
            and (value.keys() - {key} <= _COMPANIONS or _is_google(value))
        ):
            return [record for each in inner for record in _each(each)]
    return None


def _is_google(value: Mapping[str, Any]) -> bool:
    """A page of Google Workspace's reports, which names its own kind."""
    return value.get("kind") == "admin#reports#activities"


def _is_table(value: Any) -> bool:
    """Log Analytics ``columns``/``rows`` or Kusto ``Columns``/``Rows``: lists beside names."""
    if not isinstance(value, dict):
        return False
    columns, rows = _parts(value)
    return (
        isinstance(columns, list)
        and isinstance(rows, list)
        and all(isinstance(each, dict) and _column_name(each) is not None for each in columns)
        and all(isinstance(each, list) for each in rows)
    )


def _parts(table: Mapping[str, Any]) -> tuple[Any, Any]:
    columns, rows = table.get("columns"), table.get("rows")
    return (
        columns if columns is not None else table.get("Columns"),
        rows if rows is not None else table.get("Rows"),
    )


def _column_name(column: Mapping[str, Any]) -> str | None:
    name = column.get("name", column.get("ColumnName"))
    return name if isinstance(name, str) else None


def _rows(table: Mapping[str, Any]) -> list[Any]:
    columns, rows = _parts(table)
    names = [_column_name(each) for each in columns]
    found: list[Any] = []
    for row in rows:
        record = dict(zip(names, row, strict=False))
        if len(row) > len(names):
            record["_extra"] = row[len(names) :]
        found.append(record)
    return found
