"""Records of one kind to their tables by the rules of a mapping file."""

from collections.abc import Sequence
from typing import Any

import polars as pl

from huntkit.sources.local.mapping.rules import Family, Rule
from huntkit.sources.local.mapping.series import filled, typed
from huntkit.sources.local.mapping.values import to_json
from huntkit.sources.local.mapping.verbs import Fields, reader

Row = dict[str, Any]
Frames = list[tuple[str, pl.DataFrame]]


def frames(family: Family, rows: Sequence[Row], numbers: Sequence[int]) -> Frames:
    """The tables that the family's rules make of these records."""
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
            found.append((rule.table, _frame(rule, fields, rows, numbers)))
        elif let:
            some = [rows[at] for at in let]
            their = [numbers[at] for at in let]
            found.append((rule.table, _frame(rule, fields.pick(let), some, their)))
    return found


def _nothing(_name: str) -> list[Any]:
    return []


def _frame(rule: Rule, fields: Fields, rows: Sequence[Row], numbers: Sequence[int]) -> pl.DataFrame:
    columns = [pl.Series("_record", list(numbers), dtype=pl.Int64)]
    for name, column in rule.columns.items():
        columns.append(typed(name, column.make(fields, _nothing), rule.kinds[name]))
    if rule.rest:
        columns.append(_rest(rule, rows))
    frame = filled(pl.DataFrame(columns))
    return frame.drop("_extra") if rule.rest and (frame["_extra"] == "").all() else frame


def _rest(rule: Rule, rows: Sequence[Row]) -> pl.Series:
    """What no column took, as JSON: other fields, and objects of which only a part was taken."""
    whole = {name for name in rule.needs if "." not in name}
    bags = (
        {k: v for k, v in row.items() if k not in whole and v is not None and v != ""}
        for row in rows
    )
    return pl.Series("_extra", [to_json(bag) if bag else "" for bag in bags], dtype=pl.String)
