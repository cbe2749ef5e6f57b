"""Records of one kind to their tables by the rules of a mapping file."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import polars as pl

from huntkit.sources.local.mapping import losses, portal, timelines
from huntkit.sources.local.mapping.dates import DayOrder
from huntkit.sources.local.mapping.doubts import Doubt, noted
from huntkit.sources.local.mapping.rules import Family, Rule
from huntkit.sources.local.mapping.series import filled, texts, typed
from huntkit.sources.local.mapping.times import ORDER_ASSUMED, parse_times
from huntkit.sources.local.mapping.values import to_json
from huntkit.sources.local.mapping.verbs import Fields, reader

Row = dict[str, Any]
Frames = list[tuple[str, pl.DataFrame]]

# What a family's records look like before its rules see them, where fields must be put together.
_MADE: Mapping[str, Callable[[Row], Row]] = {
    "plaso": timelines.plaso_row,
    "entra_portal_signin": portal.sign_in_row,
    "entra_portal_noninteractive": portal.sign_in_row,
    "entra_portal_service": portal.sign_in_row,
    "entra_portal_msi": portal.sign_in_row,
    "entra_portal_audit": portal.audit_row,
}
# The same, where a record is several rows.
_APART: Mapping[str, Callable[[Row], list[Row]]] = {"google_workspace": timelines.workspace_rows}


def frames(
    family: Family, rows: Sequence[Row], numbers: Sequence[int], *, order: DayOrder | None = None
) -> Frames:
    """The tables that the family's rules make of these records.

    `order` is the file's, of days and months.
    """
    order = order or DayOrder()
    if make := _MADE.get(family.name):
        rows = [make(row) for row in _without_ours(family, rows)]
    if split := _APART.get(family.name):
        parts = [split(row) for row in rows]
        numbers = [n for n, part in zip(numbers, parts, strict=True) for _ in part]
        rows = [row for part in parts for row in part]
    needs = dict.fromkeys(name for rule in family.always for name in rule.needs)
    lists: dict[str, list[Any]] = {}
    for name in needs:
        if "." in name:
            read = reader(name)
            lists[name] = [read(row) for row in rows]
        else:  # a call less for each value
            lists[name] = [row.get(name) for row in rows]
    fields = Fields(lists, len(rows))
    found: Frames = []
    for rule in family.always:
        let = rule.rows_of(fields)
        if let is None:
            found.append((rule.table, _frame(rule, fields, rows, numbers, order)))
        elif let:
            some = [rows[at] for at in let]
            their = [numbers[at] for at in let]
            found.append((rule.table, _frame(rule, fields.pick(let), some, their, order)))
    return found


def _without_ours(family: Family, rows: Sequence[Row]) -> Sequence[Row]:
    """The rows, with fields called as those that are made for the rules (``_targets``) renamed."""
    ours = {name for rule in family.always for name in rule.needs if name.startswith("_")}
    if not any(ours & row.keys() for row in rows):
        return rows
    return [{f"{k}_source" if k in ours else k: v for k, v in row.items()} for row in rows]


def _nothing(_name: str) -> list[Any]:
    return []


def _frame(
    rule: Rule, fields: Fields, rows: Sequence[Row], numbers: Sequence[int], order: DayOrder
) -> pl.DataFrame:
    doubts: list[Doubt] = []
    columns = {"_record": pl.Series("_record", list(numbers), dtype=pl.Int64)}
    for name, column in rule.columns.items():
        values: Sequence[Any] = column.make(fields, _nothing)
        if rule.kinds[name] == "datetime":
            columns[name] = _times(name, values, order, doubts)
        else:
            columns[name] = typed(name, values, rule.kinds[name])
    if rule.rest:
        rest = _rest(rule, rows, losses.lost(rule.keepers, fields, columns))
        if (rest != "").any():
            columns["_extra"] = rest
    frame = filled(pl.DataFrame(list(columns.values())))
    return noted(frame, doubts) if doubts else frame


def _times(name: str, values: Sequence[Any], order: DayOrder, doubts: list[Doubt]) -> pl.Series:
    """Times, with the month first where they are written with slashes."""
    text = texts(name, values)
    settled, doubtful = order.settle(name, text)
    if doubtful is not None:
        doubts.append(Doubt(doubtful, ORDER_ASSUMED, name, text))
    return parse_times(settled).rename(name)


def _rest(rule: Rule, rows: Sequence[Row], lost: Mapping[int, Sequence[str]]) -> pl.Series:
    """What no column holds, as JSON: other fields, the lost, objects taken in part."""
    whole = {name for name in rule.needs if "." not in name}
    bags = [
        {k: v for k, v in row.items() if k not in whole and v is not None and v != ""}
        for row in rows
    ]
    for at, names in lost.items():
        bags[at].update({name: rows[at][name] for name in names if name in rows[at]})
    return pl.Series("_extra", [to_json(bag) if bag else "" for bag in bags], dtype=pl.String)
