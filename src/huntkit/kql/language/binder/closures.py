"""Functions of let statements: arguments by place, by name and by default, then the body."""

from huntkit.kql.language import plan
from huntkit.kql.language import syntax as s
from huntkit.kql.language.binder import expressions, statements
from huntkit.kql.language.binder.convert import to
from huntkit.kql.language.binder.scope import Closure, Context, Row, Scope, Table, Value
from huntkit.kql.language.types import NUMBERS, counted, did_you_mean


def invoke(
    ctx: Context,
    closure: Closure,
    call: s.Call,
    scope: Scope,
    row: Row,
    piped: Table | None = None,
) -> Table | plan.Scalar:
    """The function's result for a call; ``piped`` is the table that ``invoke`` hands over."""
    ctx.step(call)
    given = _given(ctx, closure, call, piped is not None)
    inner = Scope(closure.scope)
    for position, parameter in enumerate(closure.function.parameters):
        if piped is not None and position == 0:
            if isinstance(parameter, s.Typed):
                raise ctx.type_error(call, f"{call.name}() takes no table first")
            inner[parameter.name] = piped
            continue
        argument = given.get(parameter.name)
        if isinstance(parameter, s.TableParameter):
            inner[parameter.name] = _table(ctx, call, parameter, argument, scope, row)
        else:
            inner[parameter.name] = _value(ctx, call, parameter, argument, closure, scope, row)
    body = Row(
        aggregates=row.aggregates, windows=row.windows, rows=row.rows, key=row.key
    )  # sees no columns
    result = statements.run(ctx, closure.function.body.statements, inner, body)
    if result is None:
        raise ctx.type_error(call, f"{call.name}() has no result")
    return result


def _given(ctx: Context, closure: Closure, call: s.Call, piped: bool) -> dict[str, s.Argument]:
    names = [parameter.name for parameter in closure.function.parameters]
    free = names[1:] if piped else names
    if len(call.args) > len(free):
        raise ctx.type_error(
            call,
            f"{call.name}() takes {counted(len(free), 'argument')}, not {len(call.args)}",
            "leave some out",
        )
    given: dict[str, s.Argument] = {}
    for position, argument in enumerate(call.args):
        name = argument.name or free[position]
        if name not in names:
            raise ctx.name_error(
                argument, f"{call.name}() has no parameter '{name}'", did_you_mean(name, names)
            )
        if name in given:
            raise ctx.type_error(argument, f"'{name}' is given twice")
        given[name] = argument
    return given


def _table(
    ctx: Context,
    call: s.Call,
    parameter: s.TableParameter,
    argument: s.Argument | None,
    scope: Scope,
    row: Row,
) -> Table:
    if argument is None:
        raise ctx.type_error(call, f"{call.name}() needs the table '{parameter.name}'", "pass one")
    table = ctx.bind_any(ctx, argument.value, scope, row)
    if not isinstance(table, Table):
        raise ctx.type_error(argument, f"'{parameter.name}' must be a table", "pass a table")
    have = table.columns
    for column in parameter.columns or ():
        if column.name not in have and not table.open:
            raise ctx.name_error(
                argument,
                f"the table for '{parameter.name}' has no column '{column.name}'",
                did_you_mean(column.name, have),
            )
    return table


def _value(
    ctx: Context,
    call: s.Call,
    parameter: s.Typed,
    argument: s.Argument | None,
    closure: Closure,
    scope: Scope,
    row: Row,
) -> Value:
    if argument is None:
        if parameter.default is None:
            raise ctx.type_error(
                call, f"{call.name}() needs the argument '{parameter.name}'", "pass it"
            )
        value = expressions.scalar(ctx, parameter.default, closure.scope, Row())
        return Value(to(value, parameter.type))
    value = expressions.scalar(ctx, argument.value, scope, row)
    if value.type != parameter.type and not _accepts(parameter.type, value):
        raise ctx.type_error(
            argument,
            f"'{parameter.name}' of {call.name}() is {parameter.type}, not {value.type}",
            f"use to{parameter.type}(...)",
        )
    return Value(to(value, parameter.type), row.key)


def _accepts(wanted: str, value: plan.Scalar) -> bool:
    if value.type == "dynamic" or wanted == "dynamic":
        return True
    if isinstance(value, plan.Lit) and value.value is None:
        return True
    return wanted in NUMBERS and value.type in NUMBERS
