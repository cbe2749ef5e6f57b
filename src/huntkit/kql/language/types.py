"""KQL's scalar types: which may stand where, and which one comes out."""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches

NUMBERS = ("int", "long", "real", "decimal")
TICKS = ("datetime", "timespan")
ALL = (
    "bool",
    "int",
    "long",
    "real",
    "decimal",
    "string",
    "datetime",
    "timespan",
    "guid",
    "dynamic",
)

_KINDS: dict[str, frozenset[str]] = {
    "any": frozenset(ALL),
    "any*": frozenset(ALL),
    "common": frozenset(ALL),
    "text": frozenset({"string", "dynamic"}),
    "string": frozenset({"string", "dynamic"}),
    "integer": frozenset({"int", "long"}),
    "long": frozenset({"int", "long"}),
    "real": frozenset({"int", "long", "real"}),
    "number": frozenset(NUMBERS),
    "numberbool": frozenset({*NUMBERS, "bool"}),
    "summable": frozenset({*NUMBERS, *TICKS}),
    "orderable": frozenset(ALL) - {"dynamic", "guid"},
    "notdynamic": frozenset(ALL) - {"dynamic"},
    "array": frozenset({"dynamic"}),
    "bag": frozenset({"dynamic"}),
}


def fits(wanted: str, kind: str) -> bool:
    """Whether a value of a type may stand for a parameter of a kind.

    Examples:
        >>> fits("integer", "real"), fits("summable", "timespan")
        (False, True)
    """
    return any(kind in _KINDS.get(part, frozenset({part})) for part in wanted.split("|"))


def widest(types: Iterable[str]) -> str:
    """The number type that holds all of these.

    Examples:
        >>> widest(["int", "real"])
        'real'
    """
    return max(types, key=NUMBERS.index)


def common(types: Sequence[str]) -> str | None:
    """The type that branches of these types give together; None where there is none.

    Examples:
        >>> common(["long", "real"]), common(["dynamic", "string"]), common(["bool", "string"])
        ('real', 'string', None)
    """
    known = {kind for kind in types if kind != "dynamic"}
    if not known:
        return "dynamic"
    if len(known) == 1:
        return known.pop()
    if known <= set(NUMBERS):
        return widest(known)
    return None


def counted(count: object, noun: str) -> str:
    """A number of things in words.

    Examples:
        >>> counted(1, "argument"), counted("1 to 2", "argument")
        ('1 argument', '1 to 2 arguments')
    """
    return f"{count} {noun}" if str(count) == "1" else f"{count} {noun}s"


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A hint with the nearest known names; empty where none is near.

    Examples:
        >>> did_you_mean("EventId", ["EventID", "Computer"])
        "did you mean 'EventID'?"
    """
    names = list(dict.fromkeys(known))
    same = [other for other in names if other.lower() == name.lower() and other != name]
    near = same or get_close_matches(name, names, 3, 0.6)
    if not near:
        lower = {other.lower(): other for other in names}
        near = [lower[n] for n in get_close_matches(name.lower(), list(lower), 3, 0.6)]
    if not near:
        return ""
    return "did you mean " + " or ".join(f"'{other}'" for other in near) + "?"
