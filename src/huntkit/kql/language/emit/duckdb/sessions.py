"""``row_window_session``: each row's session depends on where the one before began."""

import json

from sqlglot import exp

from huntkit.kql.language import plan
from huntkit.kql.language.emit.base import Rel, aliased
from huntkit.kql.language.emit.duckdb.registry import python, use
from huntkit.kql.language.emit.grouping import Grouping
from huntkit.kql.language.emit.sql import Sql, both, call, cast, ident, named, whole
from huntkit.kql.language.errors import KqlUnsupported


def sessions(emitter: Grouping, node: plan.Fn, rel: Rel, name: str) -> Rel:
    """The relation with the start of each row's session: lists per group, walked in Python."""
    if not all(isinstance(each, plan.Lit) for each in node.args[1:3]):
        raise KqlUnsupported("row_window_session with distances that are not constant")
    number, inside, again = emitter.fresh(), emitter.fresh(), emitter.fresh()
    items = [
        named(emitter.over(call("row_number"), rel), number),
        named(emitter.value(node.args[0], rel), inside),
        named(emitter.value(node.args[3], rel), again),
    ]
    rows = emitter.add(emitter.select([exp.Star(), *items], rel), rel.schema, rel)

    def listed(column: str) -> Sql:
        order = exp.Order(this=ident(column), expressions=[exp.Ordered(this=ident(number))])
        return cast(call("to_json", call("list", order)), "VARCHAR")

    distances = [emitter.value(each) for each in node.args[1:3]]
    starts = use(emitter, "session_starts", listed(inside), listed(again), *distances)
    group = [ident(each) for each in rel.group]
    query = emitter.select([*group, named(cast(starts, "BIGINT[]"), "s")], rows)
    if group:
        query.set("group", exp.Group(expressions=[whole(i + 1) for i in range(len(group))]))
    walked = emitter.add(query, ())
    query = emitter.select(
        [
            *group,
            named(call("unnest", ident("s")), name),
            named(call("unnest", call("range", whole(1), plus_one(call("len", ident("s"))))), "n"),
        ],
        walked,
    )
    found = emitter.add(query, ())
    pairs = [(number, "n"), *((each, each) for each in rel.group)]
    met = both(
        exp.NullSafeEQ(this=exp.column(a, table="a"), expression=exp.column(b, table="b"))
        for a, b in pairs
    )
    columns = [exp.column(each, table="a") for each in [*emitter.columns(rel), *rel.hidden()]]
    query = emitter.select([*columns, exp.column(name, table="b")], aliased(rows, "a"))
    query.set("joins", [exp.Join(this=aliased(found, "b"), on=met)])
    return emitter.add(query, rel.schema, rel)


def plus_one(value: Sql) -> Sql:
    """One more."""
    return exp.Add(this=value, expression=whole(1))


@python("session_starts", "VVLL", "V")
def _session_starts(
    values: str | None, restarts: str | None, longest: int | None, apart: int | None
) -> str | None:
    if values is None or longest is None or apart is None:
        return None
    starts: list[int | None] = []
    start = before = None
    for value, again in zip(json.loads(values), json.loads(restarts or "[]"), strict=True):
        if value is None:
            start = None
        elif (
            start is None
            or before is None
            or again
            or value >= start + longest
            or value >= before + apart
        ):
            start = value
        before = value
        starts.append(start)
    return json.dumps(starts)
