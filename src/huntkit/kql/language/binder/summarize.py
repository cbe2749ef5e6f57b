"""``summarize``, ``make-series``, ``top-hitters``."""

from huntkit.kql.language import plan
from huntkit.kql.language import syntax as s
from huntkit.kql.language.binder import aggregates, expressions, shaping
from huntkit.kql.language.binder.convert import to
from huntkit.kql.language.binder.naming import Unique, default_name
from huntkit.kql.language.binder.scope import Context, Row, Scope, Table


def _keys(
    ctx: Context, items: tuple[s.Named, ...], scope: Scope, row: Row, names: Unique
) -> list[tuple[str, plan.Scalar]]:
    found: list[tuple[str, plan.Scalar]] = []
    for item in items:
        for name, given, value in shaping.outputs_of(ctx, item, scope, row):
            if value.type == "dynamic" and not row.open:
                raise ctx.type_error(
                    item, "rows can't be grouped by a dynamic value", "use tostring(...)"
                )
            found.append((shaping.take(ctx, item, names, name, given=given), value))
    return found


def summarize(ctx: Context, op: s.Summarize, scope: Scope, table: Table) -> Table:
    """``summarize``."""
    names = Unique()
    row = shaping.row_of(table)
    keys = _keys(ctx, op.by, scope, row, names)
    key_names = tuple(value.name for _, value in keys if isinstance(value, plan.Col))
    collected: list[plan.Agg] = []
    outputs: list[tuple[str, plan.Scalar]] = []
    for item in op.aggregates:
        for name, given, value in aggregated(ctx, item, scope, table, collected, key_names):
            outputs.append((shaping.take(ctx, item, names, name, given=given), value))
    return _aggregate(table, keys, collected, outputs)


def aggregated(
    ctx: Context,
    item: s.Named,
    scope: Scope,
    table: Table,
    collected: list[plan.Agg],
    keys: tuple[str, ...],
) -> list[tuple[str, bool, plan.Scalar]]:
    """The columns of one item of summarize; their aggregates are added to ``collected``."""
    row = Row(table.columns, table.open, aggregates=collected)
    value = item.value
    if (
        isinstance(value, s.Call)
        and scope.get(value.name) is None
        and aggregates.is_aggregate(value.name)
    ):
        found: list[tuple[str, bool, plan.Scalar]] = []
        outputs = aggregates.aggregate(ctx, value, scope, row, keys)
        if len(item.names) > len(outputs):
            raise ctx.type_error(item, "there are more names than columns")
        for position, (name, agg) in enumerate(outputs):
            given = position < len(item.names)
            collected.append(agg)
            ref = plan.Col(agg.type, f"$agg{len(collected) - 1}")
            found.append((item.names[position] if given else name, given, ref))
        return found
    before = len(collected)
    bound = expressions.scalar(ctx, value, scope, row)
    if len(collected) == before and reads_row(bound):
        raise ctx.type_error(
            item, "an aggregate is expected here", "use an aggregate such as take_any(...)"
        )
    if len(item.names) > 1:
        raise ctx.type_error(item, "there are more names than columns")
    name = item.names[0] if item.names else default_name(value)
    return [(name, bool(item.names), bound)]


def reads_row(value: plan.Scalar) -> bool:
    """Whether a value needs more of a row than aggregates."""
    if isinstance(value, plan.Col):
        return not value.name.startswith("$agg")
    return isinstance(value, plan.Fn) and any(reads_row(arg) for arg in value.args)


def _aggregate(
    table: Table,
    keys: list[tuple[str, plan.Scalar]],
    collected: list[plan.Agg],
    outputs: list[tuple[str, plan.Scalar]],
) -> Table:
    key_columns = tuple(plan.Column(name, value.type) for name, value in keys)
    plain = [
        isinstance(value, plan.Col) and value.name == f"$agg{i}"
        for i, (_, value) in enumerate(outputs)
    ]
    direct = all(plain) and len(outputs) == len(collected)
    if direct:
        columns = tuple(plan.Column(name, value.type) for name, value in outputs)
    else:
        columns = tuple(plan.Column(f"$agg{i}", agg.type) for i, agg in enumerate(collected))
    relation = plan.Aggregate(
        (*key_columns, *columns),
        table.relation,
        tuple(value for _, value in keys),
        tuple(collected),
    )
    done = Table(relation)
    if direct:
        return done
    pairs = [(c.name, shaping.col(c)) for c in key_columns]
    return shaping.project_to(done, [*pairs, *outputs])


def make_series(ctx: Context, op: s.MakeSeries, scope: Scope, table: Table) -> Table:
    """``make-series``."""
    if op.in_range:
        raise ctx.unsupported(
            op, "make-series in range(...)", "write from ... to ... step ...; its end is exclusive"
        )
    if op.by and dict(op.parameters).get("kind") == "nonempty":
        raise ctx.unsupported(op, "make-series kind=nonempty with by")
    row = shaping.row_of(table)
    names = Unique()
    keys = _keys(ctx, op.by, scope, row, names)
    axis = expressions.scalar(ctx, op.axis.value, scope, row)
    found: list[tuple[plan.Agg, plan.Scalar]] = []
    columns: list[str] = []
    for item, default in op.aggregates:
        if not isinstance(item.value, s.Call) or not aggregates.is_aggregate(item.value.name):
            raise ctx.unsupported(item, "make-series of more than an aggregate")
        for position, (name, agg) in enumerate(
            aggregates.aggregate(ctx, item.value, scope, row, ())
        ):
            columns.append(names.take(item.names[position] if position < len(item.names) else name))
            found.append((agg, _default(ctx, default, agg, scope)))
    axis_name = names.take(op.axis.names[0] if op.axis.names else default_name(op.axis.value))
    ends = [
        None if end is None else expressions.scalar(ctx, end, scope, Row())
        for end in (op.first, op.last)
    ]
    step = expressions.scalar(ctx, op.step, scope, Row())
    if axis.type not in ("datetime", "timespan", "int", "long", "real", "decimal"):
        raise ctx.type_error(op.axis, f"the axis can't be {axis.type}", "use a datetime or number")
    schema = (
        *(plan.Column(name, value.type) for name, value in keys),
        *(plan.Column(name, "dynamic") for name in columns),
        plan.Column(axis_name, "dynamic"),
    )
    relation = plan.MakeSeries(
        schema,
        table.relation,
        tuple(found),
        axis,
        ends[0],
        ends[1],
        step,
        tuple(value for _, value in keys),
        nonempty=dict(op.parameters).get("kind") == "nonempty",
    )
    return Table(relation)


def _default(ctx: Context, default: s.Expr | None, agg: plan.Agg, scope: Scope) -> plan.Scalar:
    if default is None:
        return (
            to(plan.Lit("long", 0), agg.type)
            if agg.type in ("int", "long", "real", "decimal")
            else plan.Lit(agg.type, None)
        )
    value = expressions.scalar(ctx, default, scope, Row())
    return to(value, agg.type) if agg.type != "dynamic" else value


def top_hitters(ctx: Context, op: s.TopHitters, scope: Scope, table: Table) -> Table:
    """``top-hitters``, counted exactly."""
    row = shaping.row_of(table)
    of = expressions.scalar(ctx, op.of.value, scope, row)
    label = op.of.names[0] if op.of.names else default_name(op.of.value)
    if op.by is None:
        name, agg = f"approximate_count_{label}", plan.Agg("long", "count", ())
    else:
        by = expressions.scalar(ctx, op.by, scope, row)
        name = f"approximate_sum_{default_name(op.by)}"
        by = to(by, "long") if by.type == "int" else by
        agg = plan.Agg(by.type, "sum", (by,))
    schema = (plan.Column(label or "Column1", of.type), plan.Column(name, agg.type))
    counted = plan.Aggregate(schema, table.relation, (of,), (agg,))
    count = expressions.scalar(ctx, op.count, scope, Row())
    key = plan.SortKey(plan.Col(agg.type, name), ascending=False, nulls_first=False)
    return Table(plan.Sort(schema, counted, (key,), count), ordered=True)
