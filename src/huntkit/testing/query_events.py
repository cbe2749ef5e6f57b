"""Events that show what a query finds and what it does not, from YAML or plain values.

Each case of ``match`` is one row or several that must be found when they alone are the data;
each ``miss`` changes one field of such a case, and must then not be found.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from huntkit.core.errors import UsageError
from huntkit.sources.queries.documents import read
from huntkit.sources.queries.entries import Entries
from huntkit.sources.queries.faults import Fault, QueryFileError

Row = Mapping[str, Any]

_KEYS = ("parameters", "context", "match", "miss", "rows")
DAY = {"start": datetime(2024, 5, 1, tzinfo=UTC), "end": datetime(2024, 5, 2, tzinfo=UTC)}


@dataclass(frozen=True, slots=True)
class Case:
    """Rows that are the data of one run, and whether the query must find something in them."""

    name: str
    rows: tuple[Row, ...]
    found: bool


@dataclass(frozen=True, slots=True)
class Events:
    """The events of one query.

    Attributes:
        parameters: what the query is called with; ``start`` and ``end`` are those of `DAY`
            unless given.
        context: rows that are there in every run.
        cases: matches first, then misses.
        rows: how many rows all matches together give, where that was said.
        line: where they stand in their file.
    """

    parameters: Mapping[str, Any] = field(default_factory=dict)
    context: tuple[Row, ...] = ()
    cases: tuple[Case, ...] = ()
    rows: int | None = None
    line: int = 0

    @property
    def matches(self) -> tuple[Case, ...]:
        """The cases in which something must be found."""
        return tuple(each for each in self.cases if each.found)


def read_events(path: str | Path) -> dict[str, Events]:
    """The events of a YAML file, by the names of their queries.

    Raises:
        QueryFileError: what is wrong with it, all of it.
    """
    faults: list[Fault] = []
    document = read(Path(path).read_text(encoding="utf-8"), faults)
    found: dict[str, Events] = {}
    for name, item, line in document.items():
        if isinstance(item.value, dict):
            Entries(item, f"the events of {name}", faults, known=_KEYS)
        try:
            found[name] = events_of(item.plain(), line=line)
        except UsageError as problem:
            faults.append(Fault(line, f"the events of {name}: {problem}"))
    if faults:
        raise QueryFileError(str(path), faults)
    return found


def events_of(given: Any, *, line: int = 0) -> Events:
    """Events from plain values, as the YAML has them.

    Examples:
        >>> events = events_of({"match": [{"_table": "Syslog", "HostName": "ws01"}],
        ...                     "miss": [{"of": 0, "field": "HostName", "value": "ws02"}]})
        >>> [(each.name, each.found) for each in events.cases]
        [('match 0', True), ('miss 0 (HostName)', False)]
    """
    if not isinstance(given, dict):
        raise UsageError("they are no names with values")
    matches = [_rows(each) for each in given.get("match") or ()]
    cases = [Case(f"match {place}", rows, found=True) for place, rows in enumerate(matches)]
    for place, miss in enumerate(given.get("miss") or ()):
        name = f"miss {place} ({miss.get('field')})" if isinstance(miss, dict) else f"miss {place}"
        cases.append(Case(name, _changed(matches, miss, name), found=False))
    rows = given.get("rows")
    if rows is not None and (not isinstance(rows, int) or isinstance(rows, bool)):
        raise UsageError(f"'rows' is {rows!r}, not a number")
    return Events(
        parameters=given.get("parameters") or {},
        context=_rows(given.get("context") or []),
        cases=tuple(cases),
        rows=rows,
        line=line,
    )


def _rows(given: Any) -> tuple[Row, ...]:
    each_row = given if isinstance(given, list) else [given]
    for row in each_row:
        if not isinstance(row, dict) or not isinstance(row.get("_table"), str):
            raise UsageError(f"{row!r:.80} is no row: it has no _table")
    return tuple(each_row)


def _changed(matches: Sequence[Sequence[Row]], miss: Any, name: str) -> tuple[Row, ...]:
    if not isinstance(miss, dict) or not {"of", "field", "value"} <= miss.keys():
        raise UsageError(f"{name} needs of:, field: and value:")
    unknown = miss.keys() - {"of", "row", "field", "value"}
    if unknown:
        raise UsageError(f"{name} has {', '.join(sorted(unknown))}, which means nothing")
    of, place, column = miss["of"], miss.get("row", 0), miss["field"]
    if not isinstance(of, int) or not 0 <= of < len(matches):
        raise UsageError(f"{name} is of match {of!r}, which is not there")
    rows = list(matches[of])
    if not isinstance(place, int) or not 0 <= place < len(rows):
        raise UsageError(f"{name} is of row {place!r}, which is not there")
    if rows[place].get(column) == miss["value"]:
        raise UsageError(f"{name} changes nothing")
    rows[place] = {**rows[place], column: miss["value"]}
    return tuple(rows)
