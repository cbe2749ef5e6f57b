"""``evaluate``."""

from huntkit.kql.language import plan
from huntkit.kql.language import syntax as s
from huntkit.kql.language.binder import aggregates, expressions, shaping
from huntkit.kql.language.binder.naming import Unique
from huntkit.kql.language.binder.scope import Context, Row, Scope, Table
from huntkit.kql.language.types import did_you_mean

_OTHERS = [
    "activity_counts_metrics",
    "active_users_count",
    "activity_engagement",
    "activity_metrics",
    "azure_digital_twins_query_request",
    "cosmosdb_sql_request",
    "csharp",
    "dcount_intersect",
    "diffpatterns",
    "estimate_rows_count",
    "execute_show_command",
    "execute_query",
    "funnel_sequence",
    "funnel_sequence_completion",
    "geo_line_lookup",
    "geo_polygon_lookup",
    "http_request",
    "http_request_post",
    "identity",
    "infer_storage_schema",
    "ipv6_lookup",
    "mysql_request",
    "new_activity_metrics",
    "postgresql_request",
    "preview",
    "python",
    "r",
    "rolling_percentile",
    "rows_near",
    "schema_merge",
    "sequence_detect",
    "session_count",
    "sliding_window_counts",
    "sql_request",
]
_OWN = ("bag_unpack", "pivot", "ipv4_lookup", "narrow", "autocluster", "basket")


def evaluate(ctx: Context, op: s.Evaluate, scope: Scope, table: Table) -> Table:
    """``evaluate plugin(...)``, its columns by the declared schema, the rules or the data."""
    name = op.call.name
    if name == "bag_unpack":
        done = _bag_unpack(ctx, op, scope, table)
    elif name == "pivot":
        done = _pivot(ctx, op, scope, table)
    elif name == "ipv4_lookup":
        done = _ipv4_lookup(ctx, op, scope, table)
    elif name == "narrow":
        schema = (
            plan.Column("Row", "long"),
            plan.Column("Column", "string"),
            plan.Column("Value", "string"),
        )
        done = Table(plan.Plugin(schema, "narrow", table.relation, ()))
    elif name in ("autocluster", "basket"):
        done = _clusters(ctx, op, scope, table)
    elif name in _OTHERS:
        raise ctx.unsupported(op.call, f"the plugin '{name}'")
    else:
        hint = did_you_mean(name, [*_OWN, *_OTHERS]) or "known plugins: " + ", ".join(_OWN)
        raise ctx.name_error(op.call, f"unknown plugin '{name}'", hint)
    return done


def _declared(op: s.Evaluate, known: plan.Schema) -> plan.Schema | None:
    if op.schema is None:
        return None
    found: list[plan.Column] = []
    names = {column.name for column in op.schema}
    for column in op.schema:
        if column.name == "*":
            found += [c for c in known if c.name not in names]
        else:
            found.append(plan.Column(column.name, column.type))
    return tuple(found)


def _finish(ctx: Context, plugin: plan.Plugin, op: s.Evaluate) -> Table:
    declared = _declared(op, plugin.schema)
    if declared is not None:
        return Table(plan.Plugin(declared, plugin.name, plugin.input, plugin.args))
    actual = ctx.opened(plugin)
    if actual is not None:
        return Table(plan.Plugin(actual, plugin.name, plugin.input, plugin.args))
    return Table(plugin, open=True)


def _column(ctx: Context, node: s.Argument, table: Table) -> plan.Col:
    if not isinstance(node.value, s.Name):
        raise ctx.type_error(node, "a column's name is expected", "extend it first")
    return shaping.col(shaping.match(ctx, node.value, table)[0])


def _bag_unpack(ctx: Context, op: s.Evaluate, scope: Scope, table: Table) -> Table:
    args = op.call.args
    if not args or len(args) > 4:
        raise ctx.type_error(op.call, "bag_unpack() takes a column", "evaluate bag_unpack(x)")
    bag = _column(ctx, args[0], table)
    if bag.type != "dynamic":
        raise ctx.type_error(
            args[0], f"bag_unpack() takes a dynamic column, not {bag.type}", "use parse_json(...)"
        )
    rest = [expressions.scalar(ctx, arg.value, scope, Row()) for arg in args[1:]]
    schema = tuple(c for c in table.relation.schema if c.name != bag.name)
    return _finish(ctx, plan.Plugin(schema, "bag_unpack", table.relation, (bag, *rest), True), op)


def _pivot(ctx: Context, op: s.Evaluate, scope: Scope, table: Table) -> Table:
    args = op.call.args
    if not args:
        raise ctx.type_error(op.call, "pivot() takes a column", "evaluate pivot(x)")
    key = _column(ctx, args[0], table)
    agg = plan.Agg("long", "count", ())
    rest = args[1:]
    reads: list[str] = []
    if rest and isinstance(rest[0].value, s.Call):
        outputs = aggregates.aggregate(ctx, rest[0].value, scope, shaping.row_of(table), ())
        if len(outputs) != 1:
            raise ctx.unsupported(rest[0], "pivot of an aggregate with several columns")
        agg = outputs[0][1]
        reads = [arg.name for arg in agg.args if isinstance(arg, plan.Col)]
        rest = rest[1:]
    if rest:
        kept = [_column(ctx, arg, table) for arg in rest]
        schema = tuple(plan.Column(c.name, c.type) for c in kept)
    else:
        schema = tuple(
            c for c in table.relation.schema if c.name != key.name and c.name not in reads
        )
    return _finish(ctx, plan.Plugin(schema, "pivot", table.relation, (key, agg), True), op)


def _ipv4_lookup(ctx: Context, op: s.Evaluate, scope: Scope, table: Table) -> Table:
    named = {arg.name: arg for arg in op.call.args if arg.name}
    args = [arg for arg in op.call.args if not arg.name]
    unmatched = False
    if "return_unmatched" in named:
        unmatched = _flag(ctx, named["return_unmatched"], scope)
    elif len(args) > 3 and isinstance(args[-1].value, s.Literal):
        unmatched = _flag(ctx, args.pop(), scope)
    if len(args) < 3:
        raise ctx.type_error(
            op.call, "ipv4_lookup() takes a table and two columns", "check the call"
        )
    right = ctx.bind_table(ctx, args[0].value, scope)
    source = _column(ctx, args[1], table)
    network = _column(ctx, args[2], right)
    extra = tuple(_column(ctx, arg, right).name for arg in args[3:])
    names = Unique([*table.columns, *(n for n in right.columns if n not in table.columns)])
    columns = list(table.relation.schema)
    for column in right.relation.schema:
        if column.name in extra:
            continue
        name = names.take(column.name) if column.name in table.columns else column.name
        columns.append(plan.Column(name, column.type))
    call = plan.Plugin(
        tuple(columns),
        "ipv4_lookup",
        table.relation,
        (right.relation, source, network.name, extra, unmatched),
    )
    return Table(call, table.open or right.open)


def _flag(ctx: Context, node: s.Argument, scope: Scope) -> bool:
    value = expressions.scalar(ctx, node.value, scope, Row())
    if isinstance(value, plan.Lit) and isinstance(value.value, bool):
        return value.value
    raise ctx.type_error(node, "true or false is expected")


def _clusters(ctx: Context, op: s.Evaluate, scope: Scope, table: Table) -> Table:
    args = tuple(
        expressions.scalar(ctx, arg.value, scope, shaping.row_of(table)) for arg in op.call.args
    )
    names = Unique(["SegmentId", "Count", "Percent"])
    schema = (
        plan.Column("SegmentId", "long"),
        plan.Column("Count", "long"),
        plan.Column("Percent", "real"),
        *(plan.Column(names.take(c.name), c.type) for c in table.relation.schema),
    )
    return Table(plan.Plugin(schema, op.call.name, table.relation, args))
