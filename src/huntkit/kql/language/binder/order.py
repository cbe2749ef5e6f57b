"""Whether rows have an order that functions of neighbouring rows can go by.

Kusto calls such rows serialized. Only what its documentation says is refused: rows of a stored
table, and rows after an operator that gives them in any order. Where it says nothing, they pass.
https://learn.microsoft.com/kusto/query/serialize-operator
"""

from huntkit.kql.language import plan
from huntkit.kql.language.binder.scope import Context

_LOSES = {
    plan.Aggregate: "summarize and its like give rows in any order",
    plan.Distinct: "distinct gives rows in any order",
    plan.Join: "join gives rows in any order",
    plan.Scan: "the rows of a table have no order",
}
_KEEPS = (plan.Filter, plan.Limit, plan.Project, plan.Shared, plan.Window)


def lost(ctx: Context, relation: plan.Relation) -> str:
    """Why rows have no order; nothing where they have one, or may have one."""
    reason = ""
    seen: set[int] = set()
    left = [relation]
    while left:
        node = left.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if id(node) in ctx.serialized:
            return ""
        if isinstance(node, plan.Union):
            left.extend(node.inputs)
        elif isinstance(node, _KEEPS):
            left.append(node.input)
        elif type(node) in _LOSES:
            reason = reason or _LOSES[type(node)]
        else:
            return ""
    return reason


def mend(relation: plan.Relation) -> str:
    """What to add to a query whose rows have no order."""
    times = [column.name for column in relation.schema if column.type == "datetime"]
    if not times:
        return "add '| serialize' or '| sort by ...' before it"
    name = "TimeGenerated" if "TimeGenerated" in times else times[0]
    return f"add '| sort by {name} asc' (or '| serialize', for any order) before it"
