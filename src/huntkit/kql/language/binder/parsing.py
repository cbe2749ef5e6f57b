"""``parse``, ``parse-where`` and ``parse-kv``: patterns made regular expressions."""

import re

from huntkit.kql.language import plan
from huntkit.kql.language import syntax as s
from huntkit.kql.language.binder import expressions, regexes, shaping
from huntkit.kql.language.binder.convert import to
from huntkit.kql.language.binder.joining import option
from huntkit.kql.language.binder.scope import Context, Scope, Table

_NUMBER = {
    "int": r"([-+]?[0-9]+)",
    "long": r"([-+]?[0-9]+)",
    "real": r"([-+]?[0-9]+(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?)",
    "decimal": r"([-+]?[0-9]+(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?)",
    "bool": r"([tT][rR][uU][eE]|[fF][aA][lL][sS][eE]|0|1)",
}


def _pattern(ctx: Context, op: s.Parse) -> str:
    steps = op.steps
    if op.kind == "regex":
        return _regex(ctx, op)
    regex = "(?s)"
    if not (steps and steps[0].kind == "star"):
        regex += "^"
    for position, step in enumerate(steps):
        following = steps[position + 1] if position + 1 < len(steps) else None
        if step.kind == "text":
            regex += re.escape(step.text)
        elif step.kind == "star":
            regex += ".*?" if following is not None else ""
        elif step.type in _NUMBER and op.kind != "relaxed":
            regex += _NUMBER[step.type]
        elif step.type in _NUMBER and following is not None and following.kind == "star":
            regex += f"((?:{_NUMBER[step.type].replace('(', '(?:', 1)})?)"
        elif following is None:
            regex += "(.*)"
        elif following.kind == "text":
            regex += "(.*?)"
        else:
            raise ctx.unsupported(step, "a capture that nothing ends", "put text after it")
    return regex


def _regex(ctx: Context, op: s.Parse) -> str:
    """The pattern of ``kind=regex``: the texts are patterns, and captures take all they can."""
    flags = "".join(dict.fromkeys(flag for flag in op.flags if flag in "imsU"))
    regex = f"(?{flags})" if flags else ""
    for position, step in enumerate(op.steps):
        following = op.steps[position + 1] if position + 1 < len(op.steps) else None
        if step.kind == "text":
            regex += step.text
        elif step.kind == "star":
            regex += ".*"
        elif step.type in _NUMBER:
            regex += _NUMBER[step.type]
        elif step.type in ("datetime", "timespan", "guid") and (
            following is None or following.text.lstrip("(").startswith(".*")
        ):
            raise ctx.unsupported(step, f"a {step.type} capture whose end no text marks")
        else:
            regex += "(.*)"
    return regex


def parse(ctx: Context, op: s.Parse, scope: Scope, table: Table) -> Table:
    """``parse`` and ``parse-where``."""
    row = shaping.row_of(table)
    value = expressions.scalar(ctx, op.value, scope, row)
    if value.type not in ("string", "dynamic"):
        raise ctx.type_error(op.value, f"parse reads text, not {value.type}", "use tostring(...)")
    text = to(value, "string")
    regex = plan.Lit("string", _pattern(ctx, op))
    regexes.check_steps(ctx, op, regex)
    found: dict[str, plan.Scalar] = {}
    checks: list[plan.Scalar] = []
    group = 0
    for step in op.steps:
        if step.kind == "text" and op.kind == "regex":
            group += re.sub(r"\\.", "", step.text).count("(") - step.text.count("(?")
        if step.kind != "capture":
            continue
        group += 1
        capture = plan.Fn("string", "parse_capture", (text, regex, plan.Lit("long", group)))
        made = to(capture, step.type or "string")
        if step.type not in (None, "string", "bool", "int", "long", "real"):
            checks.append(plan.Fn("bool", "isnotnull", (made,)))
        if step.text in found:
            raise ctx.name_error(step, f"the column '{step.text}' stands there twice", "rename one")
        found[step.text] = made
    whole = None
    if checks and op.kind != "relaxed":
        whole = checks[0] if len(checks) == 1 else plan.Fn("bool", "and", tuple(checks))
    relation = table.relation
    if op.where:
        matches: plan.Scalar = plan.Fn("bool", "matches_regex", (text, regex))
        if whole is not None:
            matches = plan.Fn("bool", "and", (matches, whole))
        relation = plan.Filter(relation.schema, relation, matches)
    elif whole is not None:
        found = {
            name: plan.Fn(
                made.type,
                "iff",
                (whole, made, plan.Lit(made.type, "" if made.type == "string" else None)),
            )
            for name, made in found.items()
        }
    filtered = Table(relation, table.open, table.ordered)
    return shaping.replace_columns(filtered, relation.schema, found)


def parse_kv(ctx: Context, op: s.ParseKv, scope: Scope, table: Table) -> Table:
    """``parse-kv``."""
    value = expressions.scalar(ctx, op.value, scope, shaping.row_of(table))
    if value.type != "string":
        raise ctx.type_error(
            op.value, f"parse-kv reads text, not {value.type}", "use tostring(...)"
        )
    regex = option(op.parameters, "regex")
    if regex is not None:
        constant = plan.Lit("string", str(regex))
        regexes.check(ctx, op, constant)
        return _parse_kv_by_regex(op, constant, value, table)

    for name in ("pair_delimiter", "kv_delimiter"):
        if not option(op.parameters, name):
            raise ctx.unsupported(op, f"parse-kv without {name}")

    def text(name: str, default: str) -> plan.Lit:
        found = option(op.parameters, name)
        return plan.Lit("string", default if found is None else str(found))

    greedy = option(op.parameters, "greedy") in (True, "true")
    found: dict[str, plan.Scalar] = {}
    for column in op.columns:
        args = (
            value,
            plan.Lit("string", column.name),
            text("pair_delimiter", " "),
            text("kv_delimiter", "="),
            text("quote", ""),
            text("escape", ""),
            plan.Lit("bool", greedy),
        )
        found[column.name] = to(plan.Fn("string", "parse_kv", args), column.type)
    return shaping.replace_columns(table, table.relation.schema, found)


def _parse_kv_by_regex(op: s.ParseKv, regex: plan.Lit, value: plan.Scalar, table: Table) -> Table:
    found: dict[str, plan.Scalar] = {}
    for column in op.columns:
        args = (value, plan.Lit("string", column.name), regex)
        found[column.name] = to(plan.Fn("string", "parse_kv_regex", args), column.type)
    return shaping.replace_columns(table, table.relation.schema, found)
