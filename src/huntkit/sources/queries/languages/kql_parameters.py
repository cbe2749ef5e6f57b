"""``declare query_parameters`` with values: as properties for a service, as literals for others.

Literals enter at the places of the syntax tree where the parameter's name stands, and the result
is read again: it must be the same tree, with the literals in.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from huntkit.core.errors import QueryError, UsageError
from huntkit.kql.language import syntax as s
from huntkit.kql.language.errors import KqlError
from huntkit.kql.language.parser import parse
from huntkit.sources.local import schemas
from huntkit.sources.queries.languages.kql import literal
from huntkit.sources.queries.languages.kql_pieces import parts_of, within

KQL_TYPES: Final[Mapping[str, tuple[str, ...]]] = {
    "str": ("string", "guid"),
    "int": ("long", "int", "real", "decimal"),
    "float": ("real", "decimal"),
    "bool": ("bool",),
    "datetime": ("datetime",),
    "timespan": ("timespan",),
    "list": ("dynamic",),
}


@dataclass(frozen=True, slots=True)
class Bound:
    """A query with its declared parameters, in both forms; see `Rendered`."""

    declared: str
    text: str
    constants: Mapping[str, object]
    properties: Mapping[str, str]


def declared_in(text: str) -> tuple[s.Typed, ...]:
    """The parameters that a query declares."""
    return tuple(each for one in _declarations(parse(text)) for each in one.parameters)


def bound(text: str, values: Mapping[str, object]) -> Bound:
    """The query with values for the parameters that it declares.

    Args:
        text: a whole query in KQL.
        values: name -> value; more names than are declared are fine.

    Raises:
        UsageError: the text is no KQL, a declared parameter has no value, or its name may also
            mean a column, so that a literal could change what the query asks.
    """
    try:
        tree = parse(text)
    except KqlError as problem:
        raise UsageError(f"with these values the query is no KQL: {problem}") from problem
    declarations = _declarations(tree)
    typed = [each for one in declarations for each in one.parameters]
    if not typed:
        return Bound(text, text, {}, {})
    constants: dict[str, object] = {}
    for each in typed:
        if each.name not in values:
            raise UsageError(f"the query declares '{each.name}', which has no value")
        constants[each.name] = _fitting(each, values[each.name])
    _unambiguous(tree, {each.name for each in typed})
    entered = {each.name: _entered(each, constants[each.name]) for each in typed}
    whole = _spliced(text, tree, declarations, entered, [])
    kept = [each for each in typed if not _may_be_a_literal(constants[each.name])]
    gone = {each.name: entered[each.name] for each in typed if each not in kept}
    declared = _spliced(text, tree, declarations, gone, kept) if gone else text
    return Bound(
        declared,
        whole,
        {each.name: constants[each.name] for each in kept},
        {each.name: _property(each, constants[each.name]) for each in kept},
    )


def _declarations(tree: s.Query) -> list[s.QueryParameters]:
    return [each for each in tree.statements if isinstance(each, s.QueryParameters)]


def _fitting(typed: s.Typed, value: object) -> object:
    """The value as the declared type takes it."""
    if typed.type == "guid":
        try:
            return str(UUID(str(value)))
        except ValueError:
            raise UsageError(f"{typed.name}= takes a GUID, and {value!r:.80} is none") from None
    if typed.type in ("real", "decimal") and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if typed.type == "int" and isinstance(value, int) and not -(2**31) <= value < 2**31:
        raise UsageError(f"{typed.name}= takes a whole number of 32 bits, not {value}")
    return value


def _entered(typed: s.Typed, value: object) -> str:
    if typed.type == "guid":
        return f"guid({value})"
    if typed.type in ("int", "decimal"):
        return f"{typed.type}({value})"
    return literal(value)


def _property(typed: s.Typed, value: object) -> str:
    # A service reads strings as they are, everything else as a literal of the declared type.
    return value if isinstance(value, str) else _entered(typed, value)


def _may_be_a_literal(value: object) -> bool:
    """Whether a service might take the quotes of a text for those of a literal."""
    return isinstance(value, str) and value.lstrip()[:2].lstrip("hH@")[:1] in ("'", '"', "`", "~")


# --- names ---------------------------------------------------------------------------------------

_COLUMNS_ONLY: Final = (s.ProjectAway, s.ProjectKeep, s.ProjectReorder, s.ProjectRename)


def _unambiguous(tree: s.Query, names: set[str]) -> None:
    """No name may also be a column's, a variable's or an argument's.

    Columns come before parameters where both have a name, so that a literal in the place of such
    a name could ask another question than the query did.
    """
    for node in within(tree):
        for name in _defined(node):
            if name in names:
                raise UsageError(
                    f"'{name}' is a parameter of the query, and the query also gives that name "
                    "to something else",
                    hint="rename one of the two",
                )


def _defined(node: s.Node) -> Sequence[str]:
    """The names that a node gives to something, or that can only be columns there."""
    if isinstance(node, s.Named):
        return node.names
    if isinstance(node, s.Let):
        return (node.name,)
    if isinstance(node, s.Function):
        return [each.name for each in node.parameters]
    if isinstance(node, s.DataTable | s.ExternalData | s.ParseKv):
        return [each.name for each in node.columns]
    if isinstance(node, s.ParseStep):
        return (node.text,) if node.kind == "capture" else ()
    if isinstance(node, s.Range):
        return (node.name,)
    if isinstance(node, s.As):
        return (node.name,)
    if isinstance(node, s.Count):
        return (node.name,) if node.name else ()
    if isinstance(node, _COLUMNS_ONLY):
        return [each.name for each in within(node) if isinstance(each, s.Name)]
    if isinstance(node, s.Join | s.Lookup):
        return [each.name for each in within(node.on) if isinstance(each, s.Name)]
    if isinstance(node, s.Name):
        return list(schemas.known(node.name) or ())
    return ()


# --- literals in the places of names -----------------------------------------------------------


def _spliced(
    text: str,
    tree: s.Query,
    declarations: Sequence[s.QueryParameters],
    entered: Mapping[str, str],
    kept: Sequence[s.Typed],
) -> str:
    """The text with literals for names, and a declaration of those that are kept."""
    cuts = [
        (node.start, node.end, entered[node.name])
        for node in within(tree)
        if isinstance(node, s.Name) and node.name in entered
    ]
    again = ", ".join(f"{each.name}: {each.type}" for each in kept)
    for place, each in enumerate(declarations):
        new = f"declare query_parameters({again})" if again and place == 0 else ""
        end = each.end
        if not new:  # its semicolon and the rest of its line go, too
            while end < len(text) and text[end] in " \t":
                end += 1
            end += text[end : end + 1] == ";"
            while end < len(text) and text[end] in " \t\r\n":
                end += 1
        cuts.append((each.start, end, new))
    made: list[str] = []
    at = 0
    for start, end, new in sorted(cuts):
        made.extend((text[at:start], new))
        at = end
    made.append(text[at:])
    result = "".join(made)
    _same(tree, parse(result), entered, kept)
    return result


def _same(
    before: s.Query, after: s.Query, entered: Mapping[str, str], kept: Sequence[s.Typed]
) -> None:
    """The tree must be what it was, with literals for names and the declaration as asked."""
    literals = {name: _shape(_expression(text), {}) for name, text in entered.items()}
    statements = [each for each in before.statements if not isinstance(each, s.QueryParameters)]
    left = [each for each in after.statements if not isinstance(each, s.QueryParameters)]
    declared = [each.name for one in _declarations(after) for each in one.parameters]
    if (
        [_shape(each, literals) for each in statements] != [_shape(each, {}) for each in left]
    ) or declared != [each.name for each in kept]:
        raise QueryError("the values could not be entered as literals without changing the query")


def _expression(text: str) -> s.Node:
    statement = parse(f"print {text}").statements[0]
    value = next(each.value for each in within(statement) if isinstance(each, s.Named))
    if not isinstance(value, s.Literal | s.Dynamic):
        raise QueryError("a value could not be written as one literal")
    return value


def _shape(node: object, literals: Mapping[str, object]) -> object:
    """A tree without places, with other trees for some names."""
    if isinstance(node, tuple):
        return tuple(_shape(each, literals) for each in node)
    if not isinstance(node, s.Node):
        return node
    if isinstance(node, s.Name) and node.name in literals:
        return literals[node.name]
    held = (_shape(getattr(node, name), literals) for name in parts_of(node))
    return (type(node).__name__, *held)
