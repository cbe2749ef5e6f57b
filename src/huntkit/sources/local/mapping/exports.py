"""Rows that are already a table: exports of known tables, and tables of no known kind."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import PurePosixPath
from typing import Any

import polars as pl

from huntkit.sources.local import schemas
from huntkit.sources.local.mapping import clocks, rules, times
from huntkit.sources.local.mapping.dates import DayOrder
from huntkit.sources.local.mapping.doubts import Doubt, noted
from huntkit.sources.local.mapping.losses import is_held, unsure
from huntkit.sources.local.mapping.series import filled, listed, plain, texts, typed
from huntkit.sources.local.mapping.values import to_json, whole

NAMING = ("Type", "$table", "@type", "TableName", "_TableName")
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}\Z")
_COMMON = frozenset(
    {"TenantId", "TimeGenerated", "SourceSystem", "Type", "_ResourceId", "Computer", "Timestamp",
     "_IsBillable", "_BilledSize", "_SubscriptionId", "ReportId", "MachineGroup", "MG",
     "ManagementGroupName", "ResourceId", "Category", "Level", "Status", "Name", "Message",
     "UserId", "Operation", "Id", "SourceComputerId", "Description", "Severity"}
)  # fmt: skip
_ANYWHERE = frozenset({"", "_index", "TimeGenerated", "Timestamp", "TenantId", "Type", "$table"})
_LEAST_SCORE = 0.75
_LEAST_COLUMNS = 6


def table_named(value: object) -> str | None:
    """The known table of that name, or None."""
    return value if isinstance(value, str) and schemas.known(value) is not None else None


def named_in(row: dict[str, Any]) -> str | None:
    """The known table that a record says it belongs to."""
    for field in NAMING:
        if field in row and (found := table_named(row[field])):
            return found
    return None


def names_several(columns: Mapping[str, Sequence[Any]]) -> bool:
    """Whether the rows say that they are of different known tables, as a ``union`` gives them.

    Examples:
        >>> names_several({"Type": ["Syslog", "Syslog", "Heartbeat"], "x": [1, 2, 3]})
        True
    """
    for field in NAMING:
        if field in columns:
            said = {value for value in columns[field] if isinstance(value, str) and value}
            return len(said) > 1 and any(table_named(value) for value in said)
    return False


@cache
def _holders() -> dict[str, list[str]]:
    """Which tables have a column; columns that most tables have are left out."""
    found: dict[str, list[str]] = {}
    for name in schemas.names():
        for column in schemas.known(name) or ():
            if column not in _COMMON:
                found.setdefault(column, []).append(name)
    return found


@cache
def _signatures() -> tuple[tuple[str, frozenset[str]], ...]:
    signs = rules.data("exports")["signs"]
    return tuple((each["table"], frozenset(each["columns"])) for each in signs)


@cache
def _small() -> tuple[tuple[str, frozenset[str], frozenset[str]], ...]:
    """Table, the columns that must be there, and all that may be."""
    return tuple(
        (
            each["table"],
            frozenset(each["columns"]),
            frozenset(schemas.known(each["table"]) or ()) | _ANYWHERE,
        )
        for each in rules.data("exports")["small"]
    )


@cache
def _actions() -> dict[str, str]:
    """The table of each ActionType that only one of the Device tables has."""
    given = rules.data("exports")["actions"]
    return {action: table for table, actions in given.items() for action in actions}


def guess(columns: Iterable[str], action: object = None) -> str | None:
    """The known table that these columns are of, or None if that is not clear.

    Some columns give their table away by themselves (``data/exports.yaml``). Else three in four of
    the columns that tell tables apart must be the table's, and at least six. Fewer are enough for a
    few tables, if there is a time and no column is foreign; the first row's ``action`` helps to
    tell them apart. Other ties go to the smallest table, with DeviceEvents last.

    Examples:
        >>> guess(["EventID", "Computer", "SubjectUserName", "TargetUserName", "LogonType",
        ...        "IpAddress", "TargetUserSid", "WorkstationName"])
        'SecurityEvent'
        >>> guess(["Timestamp", "DeviceName", "RemoteIP", "RemotePort"])
        'DeviceNetworkEvents'
        >>> guess(["time", "value"]) is None
        True
    """
    columns = list(columns)
    there = frozenset(columns)
    for table, signs in _signatures():
        if signs <= there:
            return table
    telling = [name for name in dict.fromkeys(columns) if name and name not in _COMMON]
    holders = _holders()
    votes = Counter(table for name in telling for table in holders.get(name, ()))
    if not votes:
        return None
    best = max(votes.values())
    small = _guess_small(there, action)
    if best < _LEAST_COLUMNS or best < _LEAST_SCORE * len(telling):
        return small
    winners = [name for name, count in votes.items() if count == best]
    if small in winners:
        return small
    return min(winners, key=lambda name: (_is_wide(name), len(schemas.known(name) or ()), name))


def _is_wide(table: str) -> bool:
    """A table with columns of the other Device tables, or a rare copy of one: the last guess."""
    return table == "DeviceEvents" or table.startswith("DeviceCustom")


def _acted(action: object) -> str | None:
    return _actions().get(action) if isinstance(action, str) else None


def _guess_small(there: frozenset[str], action: object) -> str | None:
    """A table by few columns: what a query that projects them leaves."""
    if there.isdisjoint(("TimeGenerated", "Timestamp")):
        return None
    fits = [table for table, signs, known in _small() if signs <= there <= known]
    acted = _acted(action)
    whole = frozenset(schemas.known(acted) or ()) if acted else frozenset()
    if "DeviceName" in there & whole and there <= whole | _ANYWHERE:
        return acted
    return next(iter(fits), None)


def identifier(text: str, *, fallback: str = "Records") -> str:
    """A valid table name out of any text.

    Examples:
        >>> identifier("proc list (1).csv"), identifier("2020-hosts.json")
        ('proc_list_1', 'T2020_hosts')
    """
    stem = PurePosixPath(text.replace("\\", "/").rpartition("!")[2]).name
    stem = stem.split(".", 1)[0] if stem.count(".") == 1 else re.sub(r"\.[A-Za-z]{2,8}$", "", stem)
    word = re.sub(r"[^A-Za-z0-9]+", "_", stem).strip("_")[:100]
    if not word:
        return fallback
    return word if not word[0].isdigit() else f"T{word}"


def frame_of(
    table: str,
    columns: Mapping[str, Sequence[Any] | pl.Series],
    numbers: Sequence[int],
    clock: times.Clock,
    *,
    order: DayOrder | None = None,
    infer_texts: bool = True,
) -> pl.DataFrame:
    """Columns as a frame: known columns in their known type, the others by their content.

    A value that does not fit the known type is kept in ``_extra``. Texts of unknown columns are
    looked at for numbers and times, unless the format knows its types (``infer_texts``). `order`
    is the file's, of days and months; what it can't tell is marked, and its text kept. Tables of
    tools that are known by their columns get ``TimeGenerated`` (``data/exports.yaml``).
    """
    order = order or DayOrder()
    kinds = schemas.known(table) or {}
    known_clock = clocks.of(columns) if not kinds else None
    if known_clock is not None and known_clock.is_utc:
        clock = times.Clock()
    made = [pl.Series("_record", list(numbers), dtype=pl.Int64)]
    lost: list[tuple[pl.Series, pl.Series, pl.Series]] = []
    doubts: list[Doubt] = []
    for raw_name, given in columns.items():
        name = whole(raw_name).replace("\0", "\ufffd") or "_index"
        if name in ("_record", "_file", "_extra", "_time_note"):
            name = f"{name}_"
        kind = kinds.get(name)
        if kind is not None:
            column = _known(name, given, kind, order, doubts)
            if column.dtype != pl.String and (odd := unsure(column)).any():
                text = texts(name, listed(given) if isinstance(given, pl.Series) else given)
                bad = odd & (text.str.strip_chars() != "").fill_null(value=False)
                if bad.any():
                    lost.append((column, text, bad))
        elif isinstance(given, pl.Series):
            column = plain(given.rename("")).rename(name)
            if column.null_count() > given.null_count():
                bad = column.is_null() & given.is_not_null()
                lost.append((column, texts("", listed(given)), bad))
        else:
            column, its = infer(name, given, clock, order=order, texts_too=infer_texts)
            sure = known_clock is not None and known_clock.is_utc
            vague = not kinds and not sure and not _is_utc(name)
            doubts += [each for each in its if vague or each.note != times.ASSUMED]
        made.append(column)
    frame = filled(pl.DataFrame(_apart(made)))
    if known_clock is not None:
        frame = clocks.added(frame, known_clock, columns, order)
    if lost and ((extra := _lost(lost, frame.height)) != "").any():
        frame = frame.with_columns(extra)
    if doubts:
        frame = noted(frame, doubts)
    return _other_names(table, frame)


def _known(
    name: str, given: Sequence[Any] | pl.Series, kind: str, order: DayOrder, doubts: list[Doubt]
) -> pl.Series:
    """A column in its known type; times as the file's order of days and months has them."""
    if isinstance(given, pl.Series) and given.dtype != pl.String:
        made = plain(given.rename("")) if kind == "datetime" else given
        return typed(name, made if isinstance(made.dtype, pl.Datetime) else given, kind)
    if kind != "datetime":
        return typed(name, given, kind)
    text = given if isinstance(given, pl.Series) else texts(name, given)
    settled, doubtful = order.settle(name, text)
    if doubtful is not None:
        doubts.append(Doubt(doubtful, times.ORDER_ASSUMED, name, text))
    when = times.parse_times(settled).rename(name)
    return when.set(settled.str.contains(_SMALL).fill_null(value=False), None)


def _is_utc(name: str) -> bool:
    """Whether a bare time is UTC by its column's name."""
    return name == "TimeGenerated" or "utc" in name.lower()


def _apart(columns: list[pl.Series]) -> list[pl.Series]:
    """Names that would be the same are numbered."""
    seen: set[str] = set()
    for at, column in enumerate(columns):
        name, count = column.name, 2
        while name in seen:
            name, count = f"{column.name}_{count}", count + 1
        seen.add(name)
        if name != column.name:
            columns[at] = column.rename(name)
    return columns


def with_time(frame: pl.DataFrame, values: Sequence[Any]) -> pl.DataFrame:
    """The frame with ``TimeGenerated`` made of epoch seconds or other times.

    A column of that name goes; what it said beside the time is kept in ``_extra``.
    """
    made = typed("TimeGenerated", values, "datetime")
    found = frame.select("_record", made, pl.exclude("_record", "TimeGenerated"))
    if "TimeGenerated" not in frame.columns:
        return found
    given = frame["TimeGenerated"]
    text = texts("TimeGenerated", listed(given)).fill_null("")
    same = given == made if isinstance(given.dtype, pl.Datetime) else text == texts("t", values)
    bad = (text != "") & ~(same & made.is_not_null()).fill_null(value=False)
    return noted(found, [Doubt(bad, "", "TimeGenerated", text)]) if bad.any() else found


def _lost(lost: list[tuple[pl.Series, pl.Series, pl.Series]], count: int) -> pl.Series:
    """``_extra`` of the texts that their column does not hold."""
    bags: list[dict[str, str]] = [{} for _ in range(count)]
    for column, text, bad in lost:
        for at in bad.arg_true().to_list():
            if not is_held(column[at], text[at]):
                bags[at][column.name] = text[at]
    return pl.Series("_extra", [to_json(bag) if bag else "" for bag in bags])


def _other_names(table: str, frame: pl.DataFrame) -> pl.DataFrame:
    """Columns under the name that queries use, where the export has only another one."""
    names = {"Timestamp": "TimeGenerated", "TimeGenerated": "Timestamp"}
    pairs = names if table.startswith("Device") else rules.data("exports")["names"].get(table, {})
    kinds = schemas.known(table) or {}
    made = [
        typed(lack, column, kind) if (kind := kinds.get(lack)) else column.alias(lack)
        for lack, have in pairs.items()
        if have in frame.columns and lack not in frame.columns
        for column in (frame[have],)
    ]
    return frame.with_columns(made) if made else frame


_TIME_SHAPE = (
    r"^\s*(\d{4}[-/]\d{1,2}[-/]\d{1,2}([T ]+\d{1,2}:\d{2}.*)?"
    r"|\d{1,2}([/-])\d{1,2}[/-]\d{4}(,?\s+\d{1,2}:\d{2}.*)?"
    r"|\d{1,2}\.\d{1,2}\.\d{4}(,?\s+\d{1,2}:\d{2}.*)?"
    r"|\d{4}\.\d{1,2}\.\d{1,2}\.?\s+\d{1,2}:\d{2}.*"
    r"|[A-Z][a-z]{2,8} \d{1,2}, \d{4} (@ )?\d{1,2}:\d{2}.*"
    r"|([A-Z][a-z]{2},? )?\d{1,2}[/ -][A-Za-z]{3}[/ -]\d{4}[: ]\d{2}:\d{2}.*"
    r"|[A-Z][a-z]{2} +[A-Z][a-z]{2} +\d{1,2} \d{2}:\d{2}:\d{2} .*"
    r"|\d{8}T\d{6}.*)\s*$"
)
_INTEGER = r"^(0|-?[1-9][0-9]{0,14})$"
_REAL = r"^-?(0|[1-9][0-9]{0,14})(\.[0-9]+)?([eE][+-]?[0-9]{1,3})?$"


# Seconds of the years about 1970: days since 1900, as spreadsheets count, or no time at all.
_SMALL = r"^\s*-?(?:[0-9]{1,7}|[0-9]{1,8}\.[0-9]*)\s*$"
_PYTHON: dict[Any, tuple[type, ...]] = {
    pl.Int64: (int,),
    pl.Float64: (float, int),
    pl.Boolean: (bool,),
}


def infer(
    name: str,
    values: Sequence[Any],
    clock: times.Clock,
    *,
    order: DayOrder | None = None,
    texts_too: bool = True,
) -> tuple[pl.Series, list[Doubt]]:
    """A column in the narrowest type that every filled value fits, else text.

    Identifiers stay text: leading zeros, more than 15 digits, a plus sign. The second value says
    what was assumed of times, or lost of them, if the column is one of times.
    """
    order = order or DayOrder()
    column, doubts = _inferred(name, values, clock, order=order, texts_too=texts_too)
    return column.rename(name), doubts


def _inferred(
    name: str, values: Sequence[Any], clock: times.Clock, *, order: DayOrder, texts_too: bool
) -> tuple[pl.Series, list[Doubt]]:
    """The column without its name: Polars would take one such as ``^a$`` for a pattern."""
    for kind in (pl.Int64, pl.Float64, pl.Boolean):
        sample = next((v for v in values if v is not None), None)
        if type(sample) in _PYTHON[kind]:
            try:
                return pl.Series("", values, dtype=kind, strict=True), []
            except (TypeError, OverflowError, pl.exceptions.PolarsError):
                break
    text = texts("", values).fill_null("")
    full = text.filter(text != "")
    if full.is_empty() or not texts_too:
        return text, []
    sample = full[0]
    if sample in {"true", "false", "True", "False", "TRUE", "FALSE"}:
        if full.str.to_lowercase().is_in(["true", "false"]).all():
            return typed("", values, "bool"), []
        return text, []
    if re.match(_INTEGER, sample) and full.str.contains(_INTEGER).all():
        return text.cast(pl.Int64, strict=False), []
    if re.match(_REAL, sample) and full.str.contains(_REAL).all():
        return text.cast(pl.Float64, strict=False), []
    if re.match(_TIME_SHAPE, sample) and full.str.contains(_TIME_SHAPE).all():
        return _times(name, text, None if _is_utc(name) else clock.zone_name(), order)
    return text, []


def _times(
    name: str, text: pl.Series, zone: str | None, order: DayOrder
) -> tuple[pl.Series, list[Doubt]]:
    """A column of times, where every filled text is one; else the texts as they are."""
    settled, doubtful = order.settle(name, text)
    found, bare = times.parse_both(settled, zone)
    lost = times.skipped(settled, found, zone)
    if (found.is_null() & ~lost & (text != "")).any():
        return text, []
    doubts = [Doubt(bare, times.ASSUMED)] if bare.any() else []
    if doubtful is not None:
        doubts.append(Doubt(doubtful, times.ORDER_ASSUMED, name, text))
    if lost.any():
        doubts.append(Doubt(lost, times.SKIPPED, name, text))
    return found, doubts
