"""A plan as text, for reading and for tests.

One operator a line, the input below it; scalars as calls, columns by name.
"""

import json

from huntkit.kql.language import plan


def explain(query: plan.Plan | plan.Relation) -> str:
    """The plan as indented lines, the result first.

    Examples:
        >>> from huntkit.kql.language.binder import bind
        >>> from huntkit.kql.language.parser import parse
        >>> text = "T | where x > 5 | summarize count() by host"
        >>> tables = {"T": {"host": "string", "x": "long"}}
        >>> print(explain(bind(parse(text), text=text, tables=tables, now=0)))
        Aggregate by host=host: count_=count()
          Filter greater(x, 5)
            Scan T
    """
    relation = query.relation if isinstance(query, plan.Plan) else query
    lines: list[str] = []
    _relation(relation, 0, lines, set())
    return "\n".join(lines)


def scalar(value: plan.Scalar) -> str:
    """A scalar as one line.

    Examples:
        >>> scalar(plan.Fn("bool", "has", (plan.Col("string", "a"), plan.Lit("string", "x"))))
        'has(a, "x")'
    """
    if isinstance(value, plan.Lit):
        return _literal(value)
    if isinstance(value, plan.Col):
        return value.name if value.name.isidentifier() else f"[{json.dumps(value.name)}]"
    if isinstance(value, plan.Fn | plan.Agg):
        return f"{value.name}({', '.join(map(scalar, value.args))})"
    if isinstance(value, plan.InQuery):
        kind = "in_query_ci" if value.ignore_case else "in_query"
        return f"{kind}({scalar(value.value)}, {{{_inline(value.relation)}}})"
    if isinstance(value, plan.ScalarQuery):
        return f"scalar_query({{{_inline(value.relation)}}})"
    return type(value).__name__


def _literal(value: plan.Lit) -> str:
    if value.type in ("string", "dynamic") and isinstance(value.value, str):
        text = json.dumps(value.value, ensure_ascii=False)
        return text if value.type == "string" else f"dynamic({text})"
    if value.value is None:
        return f"{value.type}(null)"
    if value.type in ("long", "bool", "real"):
        return str(value.value).lower() if value.type == "bool" else str(value.value)
    return f"{value.type}({value.value})"


def _inline(relation: plan.Relation) -> str:
    return "; ".join(line.strip() for line in explain(relation).splitlines())


def _relation(relation: plan.Relation, depth: int, lines: list[str], shared: set[str]) -> None:
    head = f"{type(relation).__name__}{_details(relation)}"
    lines.append("  " * depth + head)
    if isinstance(relation, plan.Shared):
        if relation.name in shared:
            return
        shared.add(relation.name)
    for child in _inputs(relation):
        _relation(child, depth + 1, lines, shared)


def _inputs(relation: plan.Relation) -> tuple[plan.Relation, ...]:
    if isinstance(relation, plan.Join):
        return relation.left, relation.right
    if isinstance(relation, plan.Union):
        return relation.inputs
    if isinstance(relation, plan.Apply):
        return relation.input, relation.body
    inner = getattr(relation, "input", None)
    return (inner,) if isinstance(inner, plan.Relation) else ()


def _named(relation: plan.Relation, values: tuple[plan.Scalar, ...]) -> list[str]:
    names = [column.name for column in relation.schema]
    return [f"{name}={scalar(value)}" for name, value in zip(names, values, strict=False)]


def _details(relation: plan.Relation) -> str:  # noqa: C901  one line per kind of relation
    if isinstance(relation, plan.Scan):
        return f" {relation.table}"
    if isinstance(relation, plan.Filter):
        return f" {scalar(relation.condition)}"
    if isinstance(relation, plan.Project):
        return " " + ", ".join(_named(relation, relation.values))
    if isinstance(relation, plan.Aggregate):
        pairs = _named(relation, (*relation.keys, *relation.aggregates))
        keys, rest = pairs[: len(relation.keys)], pairs[len(relation.keys) :]
        return (" by " + ", ".join(keys) if keys else "") + ": " + ", ".join(rest)
    if isinstance(relation, plan.Sort):
        keys_text = ", ".join(
            f"{scalar(key.value)} {'asc' if key.ascending else 'desc'}"
            f" nulls {'first' if key.nulls_first else 'last'}"
            for key in relation.keys
        )
        limit = "" if relation.limit is None else f" limit {scalar(relation.limit)}"
        return f" {keys_text}{limit}"
    if isinstance(relation, plan.Limit):
        return f" {scalar(relation.count)}"
    if isinstance(relation, plan.Join):
        keys = [f"{scalar(a)} == {scalar(b)}" for a, b in relation.keys]
        return f" {relation.kind} on {', '.join(keys)}"
    if isinstance(relation, plan.Values):
        return f" {len(relation.rows)} rows"
    if isinstance(relation, plan.Series):
        return f" {scalar(relation.first)} to {scalar(relation.last)} by {scalar(relation.step)}"
    if isinstance(relation, plan.Expand | plan.Apply):
        items = [f"{name}={scalar(value)}: {kind}" for name, value, kind in relation.items]
        return " " + ", ".join(items)
    if isinstance(relation, plan.Window):
        return " " + ", ".join(scalar(function) for function in relation.functions)
    if isinstance(relation, plan.Shared | plan.Plugin):
        return f" {relation.name}"
    return ""
