"""Records of Azure's diagnostic settings: an envelope with a category, the event in ``properties``.

Storage accounts and event hubs get the same records, and Defender streams its tables in the same
envelope. See ``data/azure.yaml`` for what goes where.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

import orjson
import polars as pl

from huntkit.sources.local import schemas
from huntkit.sources.local.mapping import exports, rules
from huntkit.sources.local.mapping.doubts import Doubt, noted
from huntkit.sources.local.mapping.times import parse_times
from huntkit.sources.local.mapping.values import to_float, to_json
from huntkit.sources.local.mapping.verbs import Reader, reader

Row = dict[str, Any]
ACTIVITY = "AzureActivity"
OTHERS = "AzureDiagnostics"
_HUNTING = "AdvancedHunting-"
_ENVELOPE = ("resourceId", "tenantId", "operationName", "operationVersion", "ResourceId")
_MOST_DEPTH = 4
_CLAIMS = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/"
_CALLERS = (f"{_CLAIMS}upn", f"{_CLAIMS}name", f"{_CLAIMS}spn")
_GUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\Z")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)\Z")
_RESOURCE = re.compile(
    r"/subscriptions/([^/]{1,64})(?:/resourcegroups/([^/]{1,128}))?"
    r"(?:/providers/([^/]{1,128})/([^/]{1,128})/([^/]{1,256}))?",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Diagnostics:
    """Records of an envelope, and the table that they are for."""

    table: str

    @property
    def name(self) -> str:
        """A name that no family of records has."""
        return f"azure {self.table}"


def target(row: Row) -> Diagnostics | None:
    """The table of a record in Azure's envelope; None for any other record.

    Examples:
        >>> sign_in = {"time": "2024-05-01T10:00:00Z", "category": "SignInLogs", "tenantId": "t",
        ...            "properties": {"userPrincipalName": "ana@corp.example"}}
        >>> target(sign_in)
        Diagnostics(table='SigninLogs')
        >>> target({**sign_in, "category": "AdvancedHunting-DeviceEvents"})
        Diagnostics(table='DeviceEvents')
        >>> target({"category": "news", "properties": {}}) is None
        True
    """
    category = row.get("category", row.get("Category"))
    if not isinstance(category, str) or not is_envelope(row) or _inside(row) is None:
        return None
    if category.startswith(_HUNTING):
        name = category.removeprefix(_HUNTING)
        return Diagnostics(exports.table_named(name) or exports.identifier(name))
    known = _data()
    resource = row.get("resourceId", row.get("ResourceId"))
    for part, table in known.resources.get(category.lower(), {}).items():
        if isinstance(resource, str) and part in resource.lower():
            return Diagnostics(table)
    return Diagnostics(known.categories.get(category.lower(), OTHERS))


def is_envelope(names: Collection[str]) -> bool:
    """Whether these are the names of the envelope's fields."""
    if "time" not in names or "properties" not in names:
        return False
    return ("category" in names or "Category" in names) and any(n in names for n in _ENVELOPE)


def _inside(row: Row) -> Row | None:
    """The event's own fields; event hubs may hold them as text."""
    given = row.get("properties")
    if isinstance(given, str) and given.lstrip()[:1] == "{":
        try:
            given = orjson.loads(given)
        except orjson.JSONDecodeError:
            return None
    return given if isinstance(given, dict) else None


def activity_row(row: Row) -> Row:
    """A record of the activity log with its ``caller``, which only the claims name."""
    identity = row.get("identity")
    claims = identity.get("claims") if isinstance(identity, dict) else None
    if not isinstance(claims, dict) or row.get("caller"):
        return row
    return {**row, "caller": next((claims[each] for each in _CALLERS if claims.get(each)), None)}


@dataclass(frozen=True, slots=True)
class _Data:
    categories: dict[str, str]
    resources: dict[str, dict[str, str]]
    fields: dict[str, list[str]]
    paths: dict[str, list[str]]
    never: frozenset[str]


@cache
def _data() -> _Data:
    raw = rules.data("azure")
    fields = {name.lower(): columns for name, columns in raw["fields"].items()}
    return _Data(
        categories={name.lower(): table for name, table in raw["categories"].items()},
        resources={name.lower(): parts for name, parts in raw["resources"].items()},
        fields=fields,
        paths={n: columns for n, columns in raw["fields"].items() if n.startswith("identity.")},
        never=frozenset(raw["never"]),
    )


@lru_cache(maxsize=256)
def _columns(table: str) -> dict[str, str]:
    """The table's columns by their names in lower case."""
    return {name.lower(): name for name in schemas.known(table) or () if name not in _data().never}


@lru_cache(maxsize=8_192)  # hostile names may not fill the memory
def _column(table: str, name: str, *, inner: bool) -> str | None:
    """The column that a field of the envelope, or of ``properties`` (inner), fills."""
    columns, fields = _columns(table), _data().fields
    low = name.lower()
    given = fields.get(f"properties.{low}" if inner else low) or fields.get(low)
    if given is not None:
        return next((each for each in given if columns.get(each.lower()) == each), None)
    return columns.get(low)


@lru_cache(maxsize=256)
def _nested(table: str) -> tuple[tuple[str, Reader], ...]:
    """The columns that fields inside objects of the envelope fill."""
    known = set(_columns(table).values())
    return tuple(
        (column, reader(path))
        for path, columns in _data().paths.items()
        for column in columns
        if column in known
    )


def taken(table: str, rows: Sequence[Row]) -> tuple[list[Row], list[Row]]:
    """The records by the columns of their table, and what it has no column for."""
    both = [_diagnostics(row) if table == OTHERS else _known(table, row) for row in rows]
    return [found for found, _ in both], [rest for _, rest in both]


def typed_rows(made: pl.DataFrame, rests: Sequence[Row]) -> pl.DataFrame:
    """The table with what a suffix says of types, and with ``_extra`` of what no column took."""
    times = [s for s in made.iter_columns() if s.name.endswith("_t") and s.dtype == pl.String]
    for text in times:
        when = parse_times(text).rename(text.name)
        bad = when.is_null() & (text != "")
        made = made.with_columns(when)
        if bad.any():
            made = noted(made, [Doubt(bad, "", text.name, text)])
    if not any(rests):
        return made
    lost = made["_extra"].to_list() if "_extra" in made.columns else [""] * len(rests)
    texts = [
        to_json({**rest, **orjson.loads(bad)}) if bad else to_json(rest) if rest else ""
        for rest, bad in zip(rests, lost, strict=True)
    ]
    return made.with_columns(pl.Series("_extra", texts, dtype=pl.String))


def _known(table: str, row: Row) -> tuple[Row, Row]:
    """The columns of a table with a schema of its own, and the rest."""
    inside = _inside(row) or {}
    streamed = str(row.get("category", row.get("Category"))).startswith(_HUNTING)
    rest: Row = {"time": row["time"]} if streamed and "Timestamp" in inside else {}
    found: Row = {
        "TimeGenerated": inside.get("Timestamp", row["time"]) if streamed else row["time"]
    }
    for nested, read in _nested(table):
        value = read(row)
        if value is not None:
            found[nested] = value
    left: Row = {}
    for inner, fields, over in ((True, inside, left), (False, row, rest)):
        for name, value in fields.items():
            if value is None or value == "" or (not inner and name in ("time", "properties")):
                continue
            column = _column(table, name, inner=inner)
            if column is None and inner and streamed and name not in _data().never:
                column = name  # the schema may be older than the stream
            if column is None or column == "TimeGenerated" or not _took(found, column, value):
                over[name] = value
    return found, {**rest, "properties": left} if left else rest


def _took(found: Row, column: str, value: Any) -> bool:
    """Whether the column holds the value now. Objects are not compared: theirs may be any depth."""
    held = found.setdefault(column, value)
    return held is value or (not isinstance(held, dict | list) and bool(held == value))


def _diagnostics(row: Row) -> tuple[Row, Row]:
    """A row of AzureDiagnostics: the envelope by name, other fields with their type's suffix."""
    found: Row = {"TimeGenerated": row["time"]}
    rest: Row = {}
    for name, value in row.items():
        if value is None or value == "" or name in ("time", "properties"):
            continue
        column = _columns(OTHERS).get(name.lower())
        if column is None or isinstance(value, dict):
            _suffixed(name, value, found, rest)
        elif not _took(found, column, value):
            rest[name] = value
    for name, value in (_inside(row) or {}).items():
        _suffixed(name, value, found, rest)
    place = _RESOURCE.match(str(found.get("ResourceId", "")))
    if place:
        subscription, group, provider, kind, resource = place.groups()
        parts = {"ResourceGroup": group, "ResourceProvider": provider, "ResourceType": kind,
                 "Resource": resource}  # fmt: skip
        found.setdefault("SubscriptionId", subscription)
        for name, value in parts.items():
            if value:
                found.setdefault(name, value.upper())
    return found, rest


def _suffixed(name: str, value: Any, found: Row, rest: Row, depth: int = 0) -> None:
    if value is None or value == "":
        return
    if isinstance(value, dict) and depth < _MOST_DEPTH:
        for inner, each in value.items():
            _suffixed(f"{name}_{inner}", each, found, rest, depth + 1)
        return
    plain = re.sub(r"[^A-Za-z0-9_]", "_", name)[:100]
    number = None if isinstance(value, bool | str | list) else to_float(value)
    if isinstance(value, bool):
        column = f"{plain}_b"
    elif number is not None:
        column, value = f"{plain}_d", number
    elif isinstance(value, str) and _GUID.match(value):
        column = f"{plain}_g"
    elif isinstance(value, str) and _TIME.match(value):
        column = f"{plain}_t"
    else:
        column = f"{plain}_s"
    if not _took(found, column, value):
        rest[name] = value
