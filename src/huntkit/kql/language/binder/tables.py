"""Tabular expressions: sources, and the operators after the pipe."""

# ruff: noqa: ARG001, ARG005  every operator is bound by one signature

from collections.abc import Callable

from huntkit.kql.language import plan
from huntkit.kql.language import syntax as s
from huntkit.kql.language.binder import (
    calls,
    closures,
    expanding,
    expressions,
    joining,
    nested,
    parsing,
    plugins,
    searching,
    shaping,
    summarize,
)
from huntkit.kql.language.binder.convert import to
from huntkit.kql.language.binder.scope import Closure, Context, Row, Scope, Table, Value
from huntkit.kql.language.types import did_you_mean

_LISTED = 20
_SYSTEM = {
    "bool": "System.SByte",
    "datetime": "System.DateTime",
    "decimal": "System.Data.SqlTypes.SqlDecimal",
    "dynamic": "System.Object",
    "guid": "System.Guid",
    "int": "System.Int32",
    "long": "System.Int64",
    "real": "System.Double",
    "string": "System.String",
    "timespan": "System.TimeSpan",
}


def table(ctx: Context, expr: s.Expr, scope: Scope) -> Table:
    """An expression as a table."""
    ctx.step(expr)
    if isinstance(expr, s.Pipeline):
        return pipe(ctx, expr.operators, scope, table(ctx, expr.source, scope))
    if isinstance(expr, s.Name):
        return _named(ctx, expr, scope)
    if isinstance(expr, s.Source):
        return _source(ctx, expr.operator, scope)
    if isinstance(expr, s.Call):
        return _called(ctx, expr, scope)
    if isinstance(expr, s.DataTable):
        return _datatable(ctx, expr, scope)
    if isinstance(expr, s.ExternalData):
        schema = tuple(plan.Column(c.name, c.type) for c in expr.columns)
        return Table(plan.External(schema, expr.uris, tuple(expr.properties)))
    if isinstance(expr, s.WildcardName):
        raise ctx.type_error(expr, "a pattern of tables stands only in union", "use union")
    if isinstance(expr, s.MemberCall | s.Member):
        raise ctx.unsupported(
            expr, "a table of another database or cluster", "give its rows as a table"
        )
    raise ctx.type_error(expr, "a table is expected here", "start with a table's name")


def _named(ctx: Context, expr: s.Name, scope: Scope) -> Table:
    meaning = scope.get(expr.name)
    if isinstance(meaning, Table):
        return meaning
    if isinstance(meaning, Closure):
        call = s.Call(start=expr.start, end=expr.end, name=expr.name, args=())
        return _called(ctx, call, scope)
    if isinstance(meaning, Value):
        raise ctx.type_error(expr, f"'{expr.name}' is a value, not a table", "use a table's name")
    columns = ctx.tables.get(expr.name)
    if columns is not None:
        schema = tuple(plan.Column(name, kind) for name, kind in columns.items())
        return Table(plan.Scan(schema, expr.name))
    if expr.name in ctx.functions:
        return _stored(ctx, s.Call(start=expr.start, end=expr.end, name=expr.name, args=()), scope)
    hint = did_you_mean(expr.name, [*ctx.tables, *scope.names(), *ctx.functions])
    raise ctx.name_error(expr, f"unknown table '{expr.name}'", hint or _tables(ctx))


def _tables(ctx: Context) -> str:
    """The first tables with rows, for whoever named one that there is not."""
    names = list(getattr(ctx.tables, "with_rows", ctx.tables))
    more = ", ..." if len(names) > _LISTED else ""
    return f"tables: {', '.join(sorted(names)[:_LISTED])}{more}" if names else "there are no tables"


def _called(ctx: Context, call: s.Call, scope: Scope) -> Table:
    meaning = scope.get(call.name)
    if isinstance(meaning, Closure):
        bound = closures.invoke(ctx, meaning, call, scope, Row())
        if isinstance(bound, Table):
            return bound
        raise ctx.type_error(call, f"{call.name}() gives a value, not a table", "use it in extend")
    if call.name in ("materialize", "view") and len(call.args) == 1:
        inner = table(ctx, call.args[0].value, scope)
        ctx.shared += 1
        relation = plan.Shared(inner.relation.schema, f"shared{ctx.shared}", inner.relation)
        return Table(relation, inner.open, inner.ordered)
    if call.name == "table" and call.args:
        value = expressions.scalar(ctx, call.args[0].value, scope, Row())
        if not isinstance(value, plan.Lit) or not isinstance(value.value, str):
            raise ctx.type_error(call, "table() takes a constant name")
        return _named(ctx, s.Name(start=call.start, end=call.end, name=value.value), scope)
    if call.name in ctx.functions:
        return _stored(ctx, call, scope)
    if call.name == "_GetWatchlist" and call.args:
        return _watchlist(ctx, call, scope)
    known = [*scope.names(), *ctx.functions, *ctx.tables]
    raise ctx.name_error(
        call,
        f"unknown table function '{call.name}'",
        did_you_mean(call.name, known) or "it may be a saved function: define it by let",
    )


WATCHLIST = "watchlist:"
_AS_CSV = (("format", "csv"), ("ignoreFirstRecord", True))


def _watchlist(ctx: Context, call: s.Call, scope: Scope) -> Table:
    """A watchlist of the workspace: rows of the file that the caller mapped to its alias."""
    alias = expressions.scalar(ctx, call.args[0].value, scope, Row())
    if not isinstance(alias, plan.Lit) or not isinstance(alias.value, str):
        raise ctx.type_error(call, "_GetWatchlist() takes a constant alias")
    columns = ctx.tables.get(WATCHLIST + alias.value)
    if columns is None:
        raise ctx.name_error(
            call,
            f"there is no watchlist '{alias.value}'",
            f"map it to a CSV file: externals={{'{WATCHLIST}{alias.value}': path}}",
        )
    schema = tuple(plan.Column(name, kind) for name, kind in columns.items())
    return Table(plan.External(schema, (WATCHLIST + alias.value,), _AS_CSV))


def _stored(ctx: Context, call: s.Call, scope: Scope) -> Table:
    stored = ctx.functions[call.name]
    args: list[object] = []
    for position, argument in enumerate(call.args):
        name = argument.name or (
            stored.parameters[position] if position < len(stored.parameters) else ""
        )
        if name not in stored.parameters:
            raise ctx.name_error(
                argument,
                f"{call.name}() has no such parameter",
                did_you_mean(name, stored.parameters),
            )
        args.append((name, expressions.scalar(ctx, argument.value, scope, Row())))
    if len(args) < stored.required:
        raise ctx.type_error(call, f"{call.name}() needs {stored.required} arguments", "pass them")
    return Table(
        plan.Plugin(
            _once(stored.columns), f"function:{call.name}", plan.Values((), ((),)), tuple(args)
        )
    )


def _once(schema: plan.Schema) -> plan.Schema:
    # declarations of stored functions name some columns twice; the first one counts
    found: dict[str, plan.Column] = {}
    for column in schema:
        found.setdefault(column.name, column)
    return tuple(found.values())


def _datatable(ctx: Context, expr: s.DataTable, scope: Scope) -> Table:
    schema = tuple(plan.Column(c.name, c.type) for c in expr.columns)
    width = len(schema)
    if not width or len(expr.values) % width:
        raise ctx.type_error(expr, f"the values do not fill rows of {width} columns", "count them")
    rows: list[tuple[plan.Lit, ...]] = []
    line: list[plan.Lit] = []
    for position, value in enumerate(expr.values):
        column = schema[position % width]
        bound = to(expressions.scalar(ctx, value, scope, Row()), column.type)
        line.append(_constant(ctx, value, bound, column.type))
        if len(line) == width:
            rows.append(tuple(line))
            line = []
    return Table(plan.Values(schema, tuple(rows)))


def _constant(ctx: Context, node: s.Node, value: plan.Scalar, kind: str) -> plan.Lit:
    if isinstance(value, plan.Lit):
        return value
    inner = value.args[0] if isinstance(value, plan.Fn) and len(value.args) == 1 else None
    if isinstance(inner, plan.Lit):
        if inner.type == "string" and kind in ("guid", "decimal"):
            return plan.Lit(kind, str(inner.value).lower())
        if inner.type in ("long", "int") and kind in ("datetime", "timespan"):
            return plan.Lit(kind, inner.value)
        if inner.type in ("long", "int", "bool") and kind == "bool":
            return plan.Lit(kind, bool(inner.value))
        if inner.type in ("long", "int", "real") and kind == "decimal":
            return plan.Lit(kind, str(inner.value))
    raise ctx.unsupported(node, f"a value of another type in a column of {kind}")


def _source(ctx: Context, op: s.Operator, scope: Scope) -> Table:
    if isinstance(op, s.Print):
        return _print(ctx, op, scope)
    if isinstance(op, s.Range):
        return _range(ctx, op, scope)
    if isinstance(op, s.Union):
        return joining.union(ctx, op, scope, None)
    if isinstance(op, s.Search):
        return searching.search(ctx, op, scope, None)
    if isinstance(op, s.Find):
        raise ctx.unsupported(op, "find", "use union or search")
    if isinstance(op, s.Evaluate):
        return plugins.evaluate(ctx, op, scope, Table(plan.Values((), ((),))))
    raise ctx.unsupported(op, f"'{_label(op)}' at the start of a query")


def _label(op: s.Operator) -> str:
    if isinstance(op, s.Unsupported):
        return op.name
    name = type(op).__name__
    return "".join("-" + c.lower() if c.isupper() else c for c in name).strip("-")


def _print(ctx: Context, op: s.Print, scope: Scope) -> Table:
    start = Table(plan.Values((), ((),)))
    pairs: list[tuple[str, plan.Scalar]] = []
    for position, item in enumerate(op.items):
        outputs = shaping.outputs_of(ctx, item, scope, Row())
        for name, _, value in outputs:
            label = name if item.names or len(outputs) > 1 else f"print_{position}"
            pairs.append((label, value))
    return shaping.project_to(start, pairs)


def _range(ctx: Context, op: s.Range, scope: Scope) -> Table:
    first, last, step = (
        expressions.scalar(ctx, part, scope, Row()) for part in (op.first, op.last, op.step)
    )
    kind = first.type
    numbers = ("int", "long", "real", "decimal")
    if kind in numbers:
        kinds = [first.type, last.type, step.type]
        if not set(kinds) <= set(numbers):
            raise ctx.type_error(op, "range goes over numbers or times", "convert the ends")
        kind = max(kinds, key=numbers.index)
        kind = "long" if kind == "int" else kind
        first, last, step = (to(part, kind) for part in (first, last, step))
    elif kind not in ("datetime", "timespan") or last.type != kind or step.type != "timespan":
        raise ctx.type_error(op, "range goes over numbers or times", "convert the ends")
    schema = (plan.Column(op.name, kind),)
    return Table(plan.Series(schema, first, last, step), ordered=True)


def pipe(ctx: Context, operators: tuple[s.Operator, ...], scope: Scope, source: Table) -> Table:
    """The operators one after the other."""
    done = source
    for op in operators:
        ctx.step(op)
        done = operator(ctx, op, scope, done)
    return done


def operator(ctx: Context, op: s.Operator, scope: Scope, source: Table) -> Table:
    """One operator on its input."""
    bind = _OPERATORS.get(type(op))
    if bind is None:
        raise ctx.unsupported(op, f"the operator '{_label(op)}'")
    return bind(ctx, op, scope, source)


def _where(ctx: Context, op: s.Where, scope: Scope, source: Table) -> Table:
    windows: list[plan.Fn] = []
    row = shaping.row_of(source, windows=windows)
    test = expressions.condition(ctx, op.condition, scope, row)
    wide = shaping.with_windows(source, windows).relation
    done = _same(source, plan.Filter(wide.schema, wide, test))
    if not windows:
        return done
    back = shaping.project_to(done, [(c.name, shaping.col(c)) for c in source.relation.schema])
    return _same(source, back.relation)


def _row(source: Table) -> Row:
    return shaping.row_of(source)


def _same(source: Table, relation: plan.Relation) -> Table:
    return Table(relation, source.open, source.ordered)


def _sort(ctx: Context, op: s.Sort, scope: Scope, source: Table) -> Table:
    keys = shaping.sort_keys(ctx, op.keys, scope, source)
    relation = plan.Sort(source.relation.schema, source.relation, keys)
    return Table(relation, source.open, ordered=True)


def _top(ctx: Context, op: s.Top, scope: Scope, source: Table) -> Table:
    keys = shaping.sort_keys(ctx, op.keys, scope, source)
    count = expressions.count(ctx, op.count, scope)
    relation = plan.Sort(source.relation.schema, source.relation, keys, count)
    return Table(relation, source.open, ordered=True)


def _take(ctx: Context, op: s.Take, scope: Scope, source: Table) -> Table:
    count = expressions.count(ctx, op.count, scope)
    return _same(source, plan.Limit(source.relation.schema, source.relation, count))


def _sample(ctx: Context, op: s.Sample, scope: Scope, source: Table) -> Table:
    count = expressions.count(ctx, op.count, scope)
    if op.of is not None:
        source = shaping.distinct(ctx, (op.of,), scope, source)
    return Table(plan.Limit(source.relation.schema, source.relation, count), source.open)


def _count(ctx: Context, op: s.Count, scope: Scope, source: Table) -> Table:
    schema = (plan.Column(op.name or "Count", "long"),)
    return Table(plan.Aggregate(schema, source.relation, (), (plan.Agg("long", "count", ()),)))


def _serialize(ctx: Context, op: s.Serialize, scope: Scope, source: Table) -> Table:
    ctx.serialized[id(source.relation)] = source.relation
    done = shaping.extend(ctx, op.items, scope, source) if op.items else source
    return Table(done.relation, done.open, ordered=True)


def _as(ctx: Context, op: s.As, scope: Scope, source: Table) -> Table:
    ctx.shared += 1
    shared = plan.Shared(source.relation.schema, f"shared{ctx.shared}", source.relation)
    named = Table(shared, source.open, source.ordered)
    scope[op.name] = named
    return named


def _getschema(ctx: Context, op: s.GetSchema, scope: Scope, source: Table) -> Table:
    if source.open:
        raise ctx.unsupported(op, "getschema where columns are known only by the data")
    schema = (
        plan.Column("ColumnName", "string"),
        plan.Column("ColumnOrdinal", "long"),
        plan.Column("DataType", "string"),
        plan.Column("ColumnType", "string"),
    )
    rows = tuple(
        (
            plan.Lit("string", column.name),
            plan.Lit("long", position),
            plan.Lit("string", _SYSTEM[column.type]),
            plan.Lit("string", column.type),
        )
        for position, column in enumerate(source.relation.schema)
    )
    return Table(plan.Values(schema, rows), ordered=True)


def _invoke(ctx: Context, op: s.Invoke, scope: Scope, source: Table) -> Table:
    meaning = scope.get(op.call.name)
    if not isinstance(meaning, Closure):
        raise ctx.name_error(
            op.call,
            f"unknown function '{op.call.name}'",
            did_you_mean(op.call.name, scope.names()) or "define it by let",
        )
    bound = closures.invoke(ctx, meaning, op.call, scope, _row(source), piped=source)
    if isinstance(bound, Table):
        return bound
    raise ctx.type_error(op.call, f"{op.call.name}() gives a value, not a table")


def _render(ctx: Context, op: s.Render, scope: Scope, source: Table) -> Table:
    return source


_OPERATORS: dict[type, Callable[..., Table]] = {
    s.As: _as,
    s.Count: _count,
    s.Distinct: lambda ctx, op, scope, source: shaping.distinct(ctx, op.items, scope, source),
    s.Evaluate: plugins.evaluate,
    s.Extend: lambda ctx, op, scope, source: shaping.extend(ctx, op.items, scope, source),
    s.GetSchema: _getschema,
    s.Invoke: _invoke,
    s.Join: joining.join,
    s.Lookup: joining.lookup,
    s.MakeSeries: summarize.make_series,
    s.MvApply: lambda ctx, op, scope, source: expanding.apply(ctx, op, scope, source, pipe),
    s.MvExpand: expanding.expand,
    s.Parse: parsing.parse,
    s.ParseKv: parsing.parse_kv,
    s.Partition: lambda ctx, op, scope, source: expanding.partition(ctx, op, scope, source, pipe),
    s.Project: lambda ctx, op, scope, source: shaping.project(ctx, op.items, scope, source),
    s.ProjectAway: lambda ctx, op, scope, source: shaping.keep(ctx, source, op.columns, away=True),
    s.ProjectByNames: shaping.by_names,
    s.ProjectKeep: lambda ctx, op, scope, source: shaping.keep(ctx, source, op.columns, away=False),
    s.ProjectRename: lambda ctx, op, scope, source: shaping.rename(ctx, source, op.items),
    s.ProjectReorder: lambda ctx, op, scope, source: shaping.reorder(ctx, source, op.columns),
    s.Render: _render,
    s.Sample: _sample,
    s.Search: searching.search,
    s.Serialize: _serialize,
    s.Sort: _sort,
    s.Summarize: summarize.summarize,
    s.Take: _take,
    s.Top: _top,
    s.TopHitters: summarize.top_hitters,
    s.TopNested: nested.top_nested,
    s.Union: joining.union,
    s.Where: _where,
}

__all__ = ["calls", "operator", "pipe", "table"]
