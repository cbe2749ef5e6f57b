"""Raw values that no column of their row holds, so that ``_extra`` keeps them.

A value can be lost where it does not fit its column's type, where a column takes another field
first, where it takes a part only, and where a rule only looks at the field. Which fields that may
happen to is known from the mapping file: all others cost nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import polars as pl

from huntkit.sources.local.mapping.series import TEXT
from huntkit.sources.local.mapping.values import to_text
from huntkit.sources.local.mapping.verbs import Fields

How = Literal["always", "filled", "within"]
_FLAT = frozenset({str, int, float})
_NOTHING = ("", "-")
_EXACT = 2.0**53  # larger whole numbers lose digits as reals
_WHOLE = frozenset({"dash", "json", "time", "epoch"})
_PARTS = frozenset({"basename", "dirname", "user", "domain", "lower", "guid", "hash"})


@dataclass(frozen=True, slots=True)
class Keeper:
    """A column that may hold a field's values.

    Attributes:
        column: its name.
        fields: the fields of which it takes the first filled one.
        how: whether it holds what it takes ``always``, where its cell is ``filled``, or where the
            value's text stands ``within`` the cell.
    """

    column: str
    fields: tuple[str, ...]
    how: How


Keepers = dict[str, tuple[Keeper, ...]]


def keepers(specs: Mapping[str, Any], kinds: Mapping[str, str], needs: Sequence[str]) -> Keepers:
    """The fields of a rule whose values may be lost, with the columns that may hold them.

    Args:
        specs: the columns' descriptions in the mapping file.
        kinds: their types.
        needs: all fields that the rule reads. Of nested ones the whole object stays.

    Examples:
        >>> specs = {"Port": {"int": "port"}, "Name": ["name", "alias"], "Host": "host"}
        >>> kinds = {"Port": "int", "Name": "string", "Host": "string"}
        >>> list(keepers(specs, kinds, ["port", "name", "alias", "host"]))
        ['port', 'alias']
    """
    found: dict[str, list[Keeper]] = {name: [] for name in needs if "." not in name}
    for column, spec in specs.items():
        for each in _of_column(column, spec, kinds[column]):
            for name in each.fields:
                if name in found:
                    found[name].append(each)
    return {
        name: tuple(its)
        for name, its in found.items()
        if not any(each.how == "always" and each.fields[0] == name for each in its)
    }


def _of_column(column: str, spec: Any, kind: str) -> list[Keeper]:
    typed: How = "always" if kind in TEXT else "filled"
    if not isinstance(spec, dict):
        return [Keeper(column, _names(spec), typed)]
    for verb, given in spec.items():
        if verb in _WHOLE:
            return [Keeper(column, _names(given), typed)]
        if verb in {"int", "number", "bool"} or (verb == "map" and "else" not in spec):
            return [Keeper(column, _names(given), "filled")]
        if kind in TEXT and (verb == "map" or verb in _PARTS):
            return [Keeper(column, _names(given), "within")]
        if verb == "join" and kind in TEXT:
            return [Keeper(column, (name,), "within") for name in _names(given)]
        if verb == "bag":
            fields = given if isinstance(given, list) else list(given.values())
            return [Keeper(column, (name,), "always") for name in fields]
    return []


def _names(given: Any) -> tuple[str, ...]:
    return tuple(map(str, given)) if isinstance(given, list) else (str(given),)


def lost(given: Keepers, fields: Fields, columns: Mapping[str, pl.Series]) -> dict[int, list[str]]:
    """By row, the fields of which no column holds the value; usually there are none."""
    found: dict[int, list[str]] = {}
    for name, its in given.items():
        values = fields[name]
        rows = _perhaps(name, its, values, columns)
        for each in its:
            if not rows:
                break
            rows = _missed(each, name, rows, fields, columns[each.column])
        for at in rows:
            found.setdefault(at, []).append(name)
    return found


def _perhaps(
    name: str, its: Sequence[Keeper], values: Sequence[Any], columns: Mapping[str, pl.Series]
) -> list[int]:
    """The rows to look at: where the field says something, and the cell of it is not sure."""
    rows: Sequence[int] = range(len(values))
    for each in its:
        if each.how == "filled" and each.fields[0] == name:
            odd = unsure(columns[each.column])
            rows = odd.arg_true().to_list() if odd.any() else ()
            break
    return [at for at in rows if values[at] is not None and values[at] not in _NOTHING]


def _missed(
    keeper: Keeper, name: str, rows: list[int], fields: Fields, column: pl.Series
) -> list[int]:
    """Those of the rows whose value the column does not hold."""
    values = fields[name]
    missed: list[int] = []
    if keeper.fields[0] != name:
        chosen = _chosen(keeper.fields, fields)
        missed = [at for at in rows if not _is_same(values[at], chosen[at])]
        rows = [at for at in rows if _is_same(values[at], chosen[at])] if missed else rows
    if keeper.how == "always":
        return missed
    cells = column.to_list()
    if keeper.how == "filled":
        return missed + [at for at in rows if not is_held(cells[at], to_text(values[at]))]
    return missed + [at for at in rows if (to_text(values[at]) or "") not in (cells[at] or "")]


def _chosen(names: Sequence[str], fields: Fields) -> list[Any]:
    """Of several fields the first that says something, as columns take them."""
    found = list(fields[names[0]])
    for name in names[1:]:
        found = [
            other if value is None or value in _NOTHING else value
            for value, other in zip(found, fields[name], strict=True)
        ]
    return found


def _is_same(one: Any, other: Any) -> bool:
    """Objects are not compared: theirs may be any depth."""
    return one is other or (type(one) in _FLAT and type(other) in _FLAT and bool(one == other))


def unsure(column: pl.Series) -> pl.Series:
    """The cells that may not say what they were made of: empty, or numbers of too many digits.

    Examples:
        >>> unsure(pl.Series([1.5, None, 2.0**60])).to_list()
        [False, True, True]
    """
    if column.dtype == pl.Float64:
        return ~(column.abs() < _EXACT).fill_null(value=False)
    missing = column.is_null()
    return missing | (column == "").fill_null(value=False) if column.dtype == pl.String else missing


def is_held(cell: object, text: str | None) -> bool:
    """Whether an unsure cell says the text of which it was made."""
    if isinstance(cell, float):
        return abs(cell) < _EXACT or repr(cell) == text
    return cell is not None and cell != ""
