"""Operators that choose, name and compute columns: project, extend, distinct and their kin."""

import json
import re
from collections.abc import Iterable

from huntkit.kql.language import plan
from huntkit.kql.language import syntax as s
from huntkit.kql.language.binder import calls, expressions
from huntkit.kql.language.binder.convert import to
from huntkit.kql.language.binder.naming import Unique, default_name
from huntkit.kql.language.binder.scope import Context, Row, Scope, Table
from huntkit.kql.language.catalog import aliases
from huntkit.kql.language.types import did_you_mean

Output = tuple[str, bool, plan.Scalar]  # name, whether it was given, value


def row_of(table: Table, **rights: list[plan.Fn]) -> Row:
    """The row that expressions over a table see."""
    return Row(table.columns, table.open, windows=rights.get("windows"), rows=table.relation)


def col(column: plan.Column) -> plan.Col:
    """A column as it is."""
    return plan.Col(column.type, column.name)


def project_to(table: Table, outputs: Iterable[tuple[str, plan.Scalar]]) -> Table:
    """The table with these columns."""
    pairs = list(outputs)
    schema = tuple(plan.Column(name, value.type) for name, value in pairs)
    relation = plan.Project(schema, table.relation, tuple(value for _, value in pairs))
    return Table(relation, ordered=table.ordered)


def outputs_of(ctx: Context, item: s.Named, scope: Scope, row: Row) -> list[Output]:
    """The columns of one item of a list; several for functions that give several."""
    value = item.value
    if isinstance(value, s.Call):
        parts = aliases.TUPLES.get(value.name)
        if parts is not None:
            bag = calls.call(ctx, value, scope, row)
            assert isinstance(bag, plan.Scalar)
            first = default_name(value.args[0].value) if value.args else ""
            found: list[Output] = []
            for position, (part, kind) in enumerate(parts):
                given = position < len(item.names)
                name = item.names[position] if given else f"{value.name}_{first}_{part}"
                reached: plan.Scalar = plan.Fn("dynamic", "path", (bag, plan.Lit("string", part)))
                found.append((name, given, to(reached, kind)))
            return found
    bound = expressions.scalar(ctx, value, scope, row)
    if isinstance(bound, plan.Fn) and bound.name.startswith("array_sort_many_"):
        return _sorted_together(item, bound)
    if len(item.names) > 1:
        raise ctx.type_error(item, "several names are for functions that give several columns")
    if item.names:
        return [(item.names[0], True, bound)]
    return [(default_name(value), isinstance(value, s.Name), bound)]


def _sorted_together(item: s.Named, arrays: plan.Fn) -> list[Output]:
    """A column for each of the arrays that array_sort_asc() and array_sort_desc() sort."""
    assert isinstance(item.value, s.Call)
    found: list[Output] = []
    for place in range(len(arrays.args) - 1):
        given = place < len(item.names)
        label = default_name(item.value.args[place].value)
        name = item.names[place] if given else f"{label}_sorted" if label else ""
        reached = (arrays, plan.Lit("long", place))
        found.append((name, given, plan.Fn("dynamic", "element", reached)))
    return found


def with_windows(table: Table, windows: list[plan.Fn]) -> Table:
    """The table with a column for each function of neighbouring rows."""
    schema, relation = table.relation.schema, table.relation
    for i, function in enumerate(windows):  # one may use the one before
        schema = (*schema, plan.Column(f"$window{i}", function.type))
        relation = plan.Window(schema, relation, (function,))
    return Table(relation, table.open, table.ordered)


def take(ctx: Context, item: s.Named, names: Unique, name: str, *, given: bool) -> str:
    """A free name for an output; a name given twice is an error."""
    if given and not names.give(name):
        raise ctx.name_error(item, f"the column '{name}' stands there twice", "rename one of them")
    return names.take(name)


def project(ctx: Context, items: tuple[s.Named, ...], scope: Scope, table: Table) -> Table:
    """``project``."""
    windows: list[plan.Fn] = []
    row = row_of(table, windows=windows)
    names = Unique()
    found: list[tuple[str, plan.Scalar]] = []
    for item in items:
        for name, given, value in outputs_of(ctx, item, scope, row):
            found.append((take(ctx, item, names, name, given=given), value))
    return project_to(with_windows(table, windows), found)


def extend(ctx: Context, items: tuple[s.Named, ...], scope: Scope, table: Table) -> Table:
    """``extend``: columns of the same name are replaced where they stand."""
    windows: list[plan.Fn] = []
    row = row_of(table, windows=windows)
    names = Unique(table.columns)
    found: dict[str, plan.Scalar] = {}
    for item in items:
        for label, given, value in outputs_of(ctx, item, scope, row):
            if given and label in found and not isinstance(item.value, s.Name):
                raise ctx.name_error(item, f"the column '{label}' stands there twice", "rename one")
            name = names.take(label) if not label or label in found else label
            if name not in names:
                names.take(name)
            found[name] = value
    return replace_columns(with_windows(table, windows), table.relation.schema, found)


def replace_columns(table: Table, schema: plan.Schema, found: dict[str, plan.Scalar]) -> Table:
    """The schema's columns, some replaced where they stand, others added at the end."""
    pairs = [(c.name, found.get(c.name, col(c))) for c in schema]
    known = {c.name for c in schema}
    pairs += [(name, value) for name, value in found.items() if name not in known]
    done = project_to(table, pairs)
    return Table(done.relation, table.open, table.ordered)


def match(ctx: Context, expr: s.Expr, table: Table, *, required: bool = True) -> list[plan.Column]:
    """The columns that a name or wildcard stands for, in the table's order."""
    if isinstance(expr, s.Star):
        return list(table.relation.schema)
    if isinstance(expr, s.WildcardName):
        pattern = re.compile(
            ".*".join(re.escape(part) for part in expr.pattern.split("*")), re.DOTALL
        )
        found = [c for c in table.relation.schema if pattern.fullmatch(c.name)]
        if not found and required and not table.open:
            raise ctx.name_error(expr, f"no column matches '{expr.pattern}'", "")
        return found
    name = expr.name if isinstance(expr, s.Name) else default_name(expr)
    column = table.columns.get(name)
    if column is None:
        if table.open:
            return [plan.Column(name, "dynamic")]
        raise ctx.name_error(
            expr, f"unknown column '{name}'", did_you_mean(name, table.columns) or _some(table)
        )
    return [column]


def _some(table: Table) -> str:
    return "columns here: " + ", ".join(list(table.columns)[:12])


def keep(ctx: Context, table: Table, columns: tuple[s.Expr, ...], *, away: bool) -> Table:
    """``project-keep`` and ``project-away``."""
    named = {c.name for expr in columns for c in match(ctx, expr, table)}
    left = [c for c in table.relation.schema if (c.name in named) != away]
    done = project_to(table, [(c.name, col(c)) for c in left])
    return Table(done.relation, table.open and away, table.ordered)


def by_names(ctx: Context, op: s.ProjectByNames, scope: Scope, table: Table) -> Table:
    """``project-by-names``: in the order of the names; those without a column are passed over."""
    if table.open:
        raise ctx.unsupported(op, "project-by-names where columns are known only by the data")
    chosen: dict[str, plan.Column] = {}
    for expr in op.names:
        for name in _names(ctx, expr, scope):
            pattern = re.compile(".*".join(map(re.escape, name.split("*"))), re.DOTALL)
            for column in table.relation.schema:
                if pattern.fullmatch(column.name):
                    chosen.setdefault(column.name, column)
    return project_to(table, [(name, col(column)) for name, column in chosen.items()])


def _names(ctx: Context, expr: s.Expr, scope: Scope) -> list[str]:
    if isinstance(expr, s.Call) and expr.name == "column_names_of" and len(expr.args) == 1:
        return list(ctx.bind_table(ctx, expr.args[0].value, scope).columns)
    value = expressions.scalar(ctx, expr, scope, Row())
    given = value.value if isinstance(value, plan.Lit) else None
    if isinstance(given, str) and value.type == "string":
        return [given]
    if isinstance(given, str) and value.type == "dynamic":
        listed = json.loads(given)
        if isinstance(listed, list) and all(isinstance(each, str) for each in listed):
            return listed
    raise ctx.type_error(expr, "project-by-names takes constant names", "write them in quotes")


def rename(ctx: Context, table: Table, items: tuple[s.Named, ...]) -> Table:
    """``project-rename``."""
    new: dict[str, str] = {}
    for item in items:
        old = match(ctx, item.value, table)[0].name
        if not item.names:
            raise ctx.type_error(item, "project-rename takes new = old", "write the new name")
        if old not in table.columns:
            raise ctx.unsupported(item, "renaming a column known only by the data")
        new[old] = item.names[0]
    pairs = [(new.get(c.name, c.name), col(c)) for c in table.relation.schema]
    names = [name for name, _ in pairs]
    for item in items:
        if names.count(item.names[0]) > 1:
            raise ctx.name_error(
                item, f"there is a column '{item.names[0]}' already", "choose another name"
            )
    done = project_to(table, pairs)
    return Table(done.relation, table.open, table.ordered)


def reorder(ctx: Context, table: Table, columns: tuple[tuple[s.Expr, str], ...]) -> Table:
    """``project-reorder``: the named ones first, a column going to its most exact mention."""
    exact = {e.name for e, _ in columns if isinstance(e, s.Name)}
    placed: list[plan.Column] = []
    slots: list[list[plan.Column] | None] = []
    rest_at = None
    for expr, order in columns:
        if isinstance(expr, s.Star) and not order:
            rest_at = len(slots)
            slots.append(None)
            continue
        found = match(ctx, expr, table, required=False)
        if not isinstance(expr, s.Name):
            found = [c for c in found if c.name not in exact]
        if order:
            found = sorted(found, key=lambda c: _order_key(c.name, order))
            if order.endswith("desc"):
                found.reverse()
        found = [c for c in found if c not in placed and c.name in table.columns]
        placed += found
        slots.append(found)
    rest = [c for c in table.relation.schema if c not in placed]
    if rest_at is None:
        slots.append(rest)
    else:
        slots[rest_at] = rest
    done = project_to(table, [(c.name, col(c)) for slot in slots for c in slot or []])
    return Table(done.relation, table.open, table.ordered)


def _order_key(name: str, order: str) -> tuple[object, ...]:
    if not order.startswith("granny"):
        return (name.lower(), name)
    parts = re.split(r"(\d+)", name)
    return tuple((int(p), "") if p.isdigit() else (-1, p.lower()) for p in parts)


def distinct(ctx: Context, items: tuple[s.Named, ...], scope: Scope, table: Table) -> Table:
    """``distinct``."""
    if len(items) == 1 and isinstance(items[0].value, s.Star):
        if table.open:
            raise ctx.unsupported(items[0], "distinct * where columns are known only by the data")
        chosen = table
    else:
        chosen = project(ctx, items, scope, table)
    for column in chosen.relation.schema:
        if column.type == "dynamic":
            raise ctx.type_error(
                items[0], f"'{column.name}' is dynamic and can't be compared", "use tostring(...)"
            )
    return Table(plan.Distinct(chosen.relation.schema, chosen.relation))


def sort_keys(
    ctx: Context, keys: tuple[s.SortKey, ...], scope: Scope, table: Table
) -> tuple[plan.SortKey, ...]:
    """Sort keys; descending where nothing is written, nulls last then."""
    row = row_of(table)
    found = []
    for key in keys:
        value = expressions.scalar(ctx, key.value.value, scope, row)
        if value.type == "dynamic" and not table.open:
            raise ctx.type_error(key, "dynamic values have no order", "use tostring(...)")
        ascending = bool(key.ascending)
        nulls_first = ascending if key.nulls_first is None else key.nulls_first
        found.append(plan.SortKey(value, ascending, nulls_first))
    return tuple(found)
