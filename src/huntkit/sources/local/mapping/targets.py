"""Where records go that are no Windows events: by their shape, or by what they say they are."""

from collections.abc import Mapping, Sequence
from typing import Any

from huntkit.sources.local.mapping import exports, rules
from huntkit.sources.local.mapping.rules import Family

Row = dict[str, Any]
_OSQUERY = frozenset({"name", "hostIdentifier", "action"})
_ZEEK_PATHS = ("_path", "@stream")
_MOST_SHAPES = 10_000
MOST_COLUMNS = 2_000


class Shapes:
    """Answers for a file's record shapes, each worked out once."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._known: dict[tuple[str, ...], tuple[Family | str, bool]] = {}

    def target(self, row: Row) -> Family | str:
        """The mapping family for a record, or the name of its table."""
        shape = tuple(row)
        if shape not in self._known:
            if len(self._known) >= _MOST_SHAPES:
                self._known.clear()
            self._known[shape] = self._look(row)
        found, speaks = self._known[shape]
        if speaks:
            return exports.named_in(row) or zeek_table(row) or osquery_table(row) or found
        return found

    @property
    def own_table(self) -> str:
        """The table that is named after the file."""
        return own_table(self._name)

    def _look(self, row: Row) -> tuple[Family | str, bool]:
        """What the shape says, and whether the record's values may say it better."""
        for family in rules.families():
            if any(keys <= row.keys() for keys in family.keys):
                return family, False
        speaks = any(name in row for name in exports.NAMING)
        speaks = speaks or _is_zeek(row) or row.keys() >= _OSQUERY
        return exports.guess(row, row.get("ActionType")) or self.own_table, speaks


def own_table(name: str) -> str:
    """A table named after the file; Velociraptor's artifacts are known by their names.

    Examples:
        >>> own_table("Windows.System.Pslist.json"), own_table("hosts.csv")
        ('Velociraptor_Windows_System_Pslist', 'hosts')
    """
    word = exports.identifier(name)
    parts = name.rpartition("!")[2].replace("\\", "/").rpartition("/")[2].split(".")
    collected = parts[0] in {"Windows", "Linux", "MacOS", "Generic", "Server", "Custom", "Exchange"}
    return f"Velociraptor_{word}" if collected and len(parts) > 2 else word


def _is_zeek(row: Mapping[str, Any]) -> bool:
    return "ts" in row and any(
        name in row for name in (*_ZEEK_PATHS, "uid", "id.orig_h", "id_orig_h")
    )


def zeek_table(row: Row) -> str | None:
    """``Zeek_conn`` and so on for a record of a Zeek log in JSON."""
    if not _is_zeek(row):
        return None
    for name in _ZEEK_PATHS:
        path = row.get(name)
        if isinstance(path, str) and path:
            return f"Zeek_{exports.identifier(path)}"
    for path, keys in _ZEEK_SIGNS:
        if all(key in row for key in keys):
            return f"Zeek_{path}"
    return None


_ZEEK_SIGNS = (
    ("conn", ("conn_state", "history")),
    ("dns", ("query", "qtype")),
    ("http", ("method", "uri")),
    ("ssl", ("version", "cipher")),
    ("files", ("fuid", "mime_type")),
)


def osquery_table(row: Row) -> str | None:
    """``Osquery_<name>`` for a record of osquery's result log."""
    name = row.get("name")
    if not isinstance(name, str) or not row.keys() >= _OSQUERY:
        return None
    return f"Osquery_{exports.identifier(name.rpartition('/')[2])}"


def osquery_row(row: Row) -> Row:
    """A result's columns beside what osquery says of it."""
    columns = row.get("columns", row.get("snapshot"))
    if not isinstance(columns, dict):
        columns = {} if columns is None else {"snapshot": columns}
    said = {"columns", "snapshot", "calendarTime", "unixTime", "hostIdentifier", "action"}
    about = {key: value for key, value in row.items() if key not in said}
    return {
        "TimeGenerated": row.get("unixTime") or row.get("calendarTime"),
        "Computer": row.get("hostIdentifier"),
        "Action": row.get("action"),
        **{key if key not in _OSQUERY_OWN else f"{key}_": value for key, value in columns.items()},
        "_about": about,
    }


_OSQUERY_OWN = frozenset({"TimeGenerated", "Computer", "Action", "_about"})


def columns_of(rows: Sequence[Row]) -> dict[str, list[Any]]:
    """Rows as columns; beyond 2,000 names the rest of a row is one object in ``_extra_``."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    if len(names) <= MOST_COLUMNS:
        return {name: [row.get(name) for row in rows] for name in names}
    kept = set(names[:MOST_COLUMNS])
    columns = {name: [row.get(name) for row in rows] for name in names[:MOST_COLUMNS]}
    columns["_more"] = [{k: v for k, v in row.items() if k not in kept} or None for row in rows]
    return columns
