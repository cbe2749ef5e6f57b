"""The parameters of a file's queries, from its YAML."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, cast

from huntkit.core.errors import UsageError, did_you_mean
from huntkit.sources.queries.definition import KINDS, PIECES, Kind, Parameter
from huntkit.sources.queries.documents import Item
from huntkit.sources.queries.entries import NAME, Entries
from huntkit.sources.queries.faults import Fault
from huntkit.sources.queries.template import format_parts
from huntkit.sources.queries.values import converted

KEYS: Final = ("description", "type", "default", "aliases", "choices", "format")

# Other words for the types, in files that people have.
OTHER_WORDS: Final[Mapping[str, Kind]] = {
    "string": "str",
    "integer": "int",
    "long": "int",
    "real": "float",
    "double": "float",
    "number": "float",
    "boolean": "bool",
    "date": "datetime",
    "time": "datetime",
    "timedelta": "timespan",
    "array": "list",
    "dynamic": "list",
    "piece": "kql",
    "operator": "op",
}

# Parameters that existing files declare as text, and that are pieces of query.
_PIECES_BY_NAME: Final[Mapping[str, Kind]] = {
    "add_query_items": "kql",
    "query_project": "kql",
    "project_fields": "kql",
    "field_rename": "kql",
    "where_clause": "kql",
    "event_filter": "kql",
    "subscription_filter": "kql",
    "table": "table",
    "host_op": "op",
}
OPERATORS: Final = (
    "==", "=~", "!=", "!~", "has", "!has", "has_cs", "hasprefix", "hassuffix", "contains",
    "!contains", "contains_cs", "startswith", "!startswith", "startswith_cs", "endswith",
    "!endswith", "endswith_cs",
)  # fmt: skip

_SOMETIME: Final = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Declared:
    """A parameter as a file declares it.

    Attributes:
        parameter: the parameter.
        format: how its value is written, or an empty text.
        line: where it is declared.
        item: the entry itself.
    """

    parameter: Parameter
    format: str
    line: int
    item: Item | None


def parameters_of(
    item: Item | None,
    what: str,
    faults: list[Fault],
    inherited: Mapping[str, Declared] | None = None,
) -> dict[str, Declared]:
    """The parameters of one ``parameters`` mapping, in order.

    Args:
        item: the mapping.
        what: whose it is, for messages.
        faults: where faults go.
        inherited: the file's own parameters: one of the same name gives what is left out here.
    """
    entries = Entries(item, f"the parameters of {what}", faults)
    found: dict[str, Declared] = {}
    for name in entries.names():
        line = entries.line_of(name)
        if not NAME.fullmatch(name):
            faults.append(
                Fault(line, f"{name!r} is no name of a parameter", "letters, digits and _ only")
            )
            continue
        above = (inherited or {}).get(name)
        found[name] = _one(name, _over(entries.item(name), above), line, what, faults)
    return found


def clashes(declared: Mapping[str, Declared], what: str, faults: list[Fault]) -> None:
    """Aliases that mean two parameters are faults."""
    owners: dict[str, str] = {}
    for name, each in declared.items():
        for alias in each.parameter.aliases:
            other = alias if alias in declared and alias != name else owners.setdefault(alias, name)
            if other != name:
                said = f"the alias {alias!r} of {name} of {what} already means {other}"
                faults.append(Fault(each.line, said))


def _over(item: Item | None, above: Declared | None) -> Item | None:
    """An entry on top of the file's entry of that name."""
    if item is None or above is None or above.item is None:
        return item
    if not isinstance(item.value, dict) or not isinstance(above.item.value, dict):
        return item
    value = {**above.item.value, **item.value}
    return Item(value, item.line, {**above.item.keys, **item.keys}, item.size + above.item.size)


def _one(name: str, item: Item | None, line: int, what: str, faults: list[Fault]) -> Declared:
    own = f"the parameter {name} of {what}"
    entries = Entries(item, own, faults, known=KEYS)
    default = item.value["default"].plain() if item and "default" in entries else None
    kind = _kind(name, entries, default, line)
    choices = entries.texts("choices")
    if kind == "op" and not choices:
        if "choices" in entries or name not in _PIECES_BY_NAME:
            hint = "write for example choices: [has, ==, startswith]"
            entries.fault(f"{own} is of type op and has no 'choices'", line=line, hint=hint)
        choices = OPERATORS
    for alias in entries.texts("aliases"):
        if not NAME.fullmatch(alias):
            entries.fault(f"{alias!r} is no name for {own}", line=entries.line_of("aliases"))
    parameter = Parameter(
        name=name,
        type=kind,
        description=entries.text("description"),
        default=default,
        aliases=tuple(each for each in entries.texts("aliases") if each != name),
        choices=choices,
    )
    _check_default(parameter, entries)
    return Declared(parameter, _format(parameter, entries), line, item)


def _kind(name: str, entries: Entries, default: object, line: int) -> Kind:
    written = entries.text("type")
    if not written:
        if "type" not in entries or entries.item("type") is None or not written:
            entries.fault(
                f"{entries.what} has no 'type'", line=line, hint=f"one of {', '.join(KINDS)}"
            )
        return "str"
    kind = written if written in KINDS else OTHER_WORDS.get(written.lower())
    if kind is None:
        hint = did_you_mean(written, [*KINDS, *OTHER_WORDS]) or f"one of {', '.join(KINDS)}"
        entries.fault(f"there is no type {written!r}", line=entries.line_of("type"), hint=hint)
        return "str"
    if kind == "str":
        # Files of notebooks know no types for pieces of query.
        if isinstance(default, str) and default.lstrip().startswith("|"):
            return "kql"
        return _PIECES_BY_NAME.get(name, "str")
    return cast("Kind", kind)


def _check_default(parameter: Parameter, entries: Entries) -> None:
    if parameter.default is None:
        return
    try:
        converted(parameter, parameter.default, now=_SOMETIME)
    except UsageError as problem:
        entries.fault(
            f"the default of {entries.what}: {problem.message}",
            line=entries.line_of("default"),
            hint=problem.hint,
        )


def _format(parameter: Parameter, entries: Entries) -> str:
    written = entries.text("format")
    if not written:
        return ""
    line = entries.line_of("format")
    if parameter.type in PIECES or parameter.type == "list":
        entries.fault(f"{entries.what} is of type {parameter.type} and takes no format", line=line)
        return ""
    try:
        _, spec, _ = format_parts(written)
        example: Any = _SOMETIME if parameter.type == "datetime" else None
        if spec and example is not None:
            format(example, spec)
    except (UsageError, ValueError) as problem:
        entries.fault(f"the format of {entries.what}: {problem}", line=line)
        return ""
    return written
