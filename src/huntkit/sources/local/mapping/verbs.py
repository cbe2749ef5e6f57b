r"""The closed vocabulary of the mapping files: what a column may be made of.

A column is a field's name (its text as it is) or one verb with its field:

    Image                              the field's text
    [TargetUser, User]                 the first that says something (``-`` says nothing)
    {const: ProcessCreated}            always this text
    {base: Computer}                   a column that every event of the layout already has
    {dash: F} {basename: F} {dirname: F} {user: F} {domain: F} {lower: F} {guid: F}
    {hash: Hashes, kind: SHA1}         one digest out of ``SHA1=...,MD5=...``
    {int: F} {number: F} {bool: F} {time: F} {epoch: F}
    {int: F, message: PATTERN}         ... else out of the event's rendered message
    {map: F, values: {a: b}, else: c}  by table; without ``else`` what is not listed stays as it is
    {map: F, message: PATTERN, ...}    ... else out of the event's rendered message
    {ip_type: COLUMN}                  the kind of address that a column (any of these) holds
    {choose: F, values: {"true": A, "false": B}, else: A}    which field, by another field's value
    {json: F}                          lists and objects as JSON
    {bag: [A, B]}  {bag: {Name: A}}    a JSON object of these fields, where they are there
    {bag: [A], message: {A: PATTERN}}  ... what is not there out of the event's rendered message
    {missing: F, say: TEXT}            the text where the field is empty
    {join: [A, B], with: "\\"}         filled texts put together

Everywhere ``F`` may be a list: its first filled field. ``a.b`` reads a nested object, unless a
field is called ``a.b``.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from huntkit.sources.local.mapping import values as v

type_of_verb = {
    "int": "long",
    "number": "real",
    "bool": "bool",
    "time": "datetime",
    "epoch": "datetime",
    "json": "dynamic",
    "bag": "dynamic",
}
Base = Callable[[str], Sequence[Any]]
Reader = Callable[[dict[str, Any]], Any]


class Fields:
    """Some records' raw fields as lists; a field that none of them has is a list of None.

    ``flat`` says that no value is a list or an object.
    """

    __slots__ = ("count", "flat", "lists")

    def __init__(
        self, lists: Mapping[str, Sequence[Any]], count: int, *, flat: bool = False
    ) -> None:
        self.lists = lists
        self.count = count
        self.flat = flat

    def __getitem__(self, name: str) -> Sequence[Any]:
        found = self.lists.get(name)
        return [None] * self.count if found is None else found

    def pick(self, at: Sequence[int]) -> "Fields":
        """The same fields of some of the records."""
        lists = {name: [values[i] for i in at] for name, values in self.lists.items()}
        return Fields(lists, len(at), flat=self.flat)


Make = Callable[[Fields, Base], list[Any]]


@dataclass(frozen=True, slots=True)
class Column:
    """How a column is made, and of which fields."""

    make: Make
    needs: tuple[str, ...] = ()


_SIMPLE: dict[str, Callable[[Any], Any]] = {
    "dash": v.dash,
    "basename": v.basename,
    "dirname": v.dirname,
    "user": v.user_of,
    "domain": v.domain_of,
    "lower": v.lower,
    "guid": v.guid,
    "int": v.to_int,
    "number": v.to_float,
    "bool": v.to_bool,
    "time": v.to_text,
    "epoch": v.to_text,
}
_OPTIONS: dict[str, set[str]] = {
    **{verb: set() for verb in _SIMPLE},
    "int": {"message"},
    "dash": {"message"},
    "const": set(),
    "base": set(),
    "hash": {"kind"},
    "map": {"values", "else", "message"},
    "ip_type": set(),
    "choose": {"values", "else"},
    "json": set(),
    "bag": {"message"},
    "join": {"with"},
    "missing": {"say"},
}


def reader(field: str) -> Reader:
    """A function that reads one field, or a path of nested ones, out of a record."""
    if "." not in field:
        return lambda row: row.get(field)
    first, *rest = field.split(".")

    def walk(row: dict[str, Any]) -> Any:
        if field in row:
            return row[field]
        here = row.get(first)
        for step in rest:
            if not isinstance(here, dict):
                return None
            here = here.get(step)
        return here

    return walk


def _names(fields: str | Sequence[str]) -> tuple[str, ...]:
    return (fields,) if isinstance(fields, str) else tuple(map(str, fields))


def _raw(fields: str | Sequence[str]) -> Callable[[Fields], Sequence[Any]]:
    """The field's values, or of several fields the first filled."""
    names = _names(fields)
    if len(names) == 1:
        name = names[0]
        return lambda given: given[name]

    def first(given: Fields) -> list[Any]:
        lists = [given[name] for name in names if name in given.lists]
        if not lists:
            return [None] * given.count
        found = list(lists[0])
        for more in lists[1:]:
            found = [
                other if value is None or value in ("", "-") else value
                for value, other in zip(found, more, strict=True)
            ]
        return found

    return first


def _mapped(fields: str | Sequence[str], work: Callable[[Any], Any]) -> Column:
    memo = v.Memo(work)
    raw = _raw(fields)

    def make(given: Fields, _base: Base) -> list[Any]:
        return memo.each(raw(given))

    return Column(make, _names(fields))


def _never_none(work: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Empty text for nothing: filling gaps afterwards would cost a pass over the column."""

    def text(value: Any) -> Any:
        found = work(value)
        return "" if found is None else found

    return text


def _dash(fields: str | Sequence[str]) -> Column:
    raw = _raw(fields)

    def make(given: Fields, _base: Base) -> list[Any]:
        return ["" if value == "-" or value is None else value for value in raw(given)]

    return Column(make, _names(fields))


def _with_message(column: Column, pattern: str, work: Callable[[Any], Any]) -> Column:
    search = re.compile(pattern).search

    def make(given: Fields, base: Base) -> list[Any]:
        found = column.make(given, base)
        if None not in found and "" not in found:
            return found
        messages = base("RenderedDescription")
        for at, value in enumerate(found):
            if value is None or value == "":
                said = _said(search, messages[at])
                found[at] = value if said is None else work(said)
        return found

    return Column(make, column.needs)


def _said(search: Callable[[str], re.Match[str] | None], message: Any) -> str | None:
    """What a message says at the pattern's group."""
    hit = search(message) if isinstance(message, str) else None
    return hit[1].strip() if hit else None


def _choose(spec: Mapping[str, Any]) -> Column:
    by = _raw(spec["choose"])
    ways = {str(key).lower(): str(field) for key, field in spec["values"].items()}
    other = str(spec.get("else", ""))

    def make(given: Fields, _base: Base) -> list[Any]:
        lists = {key: given[field] for key, field in ways.items()}
        rest = given[other]
        keys = [k.lower() if type(k) is str else (v.to_text(k) or "").lower() for k in by(given)]
        return [lists.get(key, rest)[at] for at, key in enumerate(keys)]

    return Column(make, (*_names(spec["choose"]), *ways.values(), *([other] if other else [])))


def _ip_type(spec: Any) -> Column:
    inner = build(spec)
    memo = v.Memo(v.ip_type)

    def make(given: Fields, base: Base) -> list[Any]:
        return memo.each(inner.make(given, base))

    return Column(make, inner.needs)


def _lookup(spec: Mapping[str, Any]) -> Column:
    table = {str(key).lower(): value for key, value in spec["values"].items()}
    keeps = "else" not in spec

    def work(value: Any) -> Any:
        text = v.to_text(value)
        if text is None:
            return None if keeps else spec["else"]
        return table.get(text.lower(), text if keeps else spec["else"])

    column = _mapped(spec["map"], work)
    return _with_message(column, spec["message"], work) if "message" in spec else column


def _bag(spec: Any, patterns: Mapping[str, str]) -> Column:
    names = {name: name for name in spec} if isinstance(spec, list) else dict(spec)
    searches = {name: re.compile(pattern).search for name, pattern in patterns.items()}

    def make(given: Fields, base: Base) -> list[Any]:
        there = {name: given[field] for name, field in names.items() if field in given.lists}
        for name, search in searches.items():
            values = there.get(name) or [None] * given.count
            if None in values:
                pairs = zip(values, base("RenderedDescription"), strict=True)
                there[name] = [
                    _said(search, text) if value is None else value for value, text in pairs
                ]
        if not there:
            return [None] * given.count
        return v.json_bags(list(there), list(there.values()))

    return Column(make, tuple(names.values()))


def _join(spec: Mapping[str, Any]) -> Column:
    between = spec.get("with", " ")
    names = _names(spec["join"])

    def make(given: Fields, _base: Base) -> list[Any]:
        return [
            between.join(text for value in each if (text := v.dash(value))) or None
            for each in zip(*(given[name] for name in names), strict=True)
        ]

    return Column(make, names)


def faults(spec: object) -> list[str]:
    """What is wrong with a column's description; nothing if it can be built."""
    if isinstance(spec, str | list):
        good = bool(spec) and all(isinstance(name, str) and name for name in spec)
        return [] if good else ["a field needs a name"]
    if not isinstance(spec, dict):
        return [f"expected a field or a verb, not {spec!r}"]
    verbs = [key for key in spec if key in _OPTIONS]
    if len(verbs) != 1:
        return [f"needs exactly one verb of {sorted(_OPTIONS)}, has {list(spec)}"]
    verb = verbs[0]
    found = [
        f"{verb!r} knows no option {key!r}"
        for key in spec
        if key != verb and key not in _OPTIONS[verb]
    ]
    if verb in {"map", "choose"} and not isinstance(spec.get("values"), dict):
        found.append(f"{verb!r} needs values: {{...}}")
    if verb == "hash" and not isinstance(spec.get("kind"), str):
        found.append("'hash' needs kind: SHA1, MD5 ...")
    given = spec[verb]
    if verb == "join" and not isinstance(given, list):
        found.append(f"{verb!r} takes a list of fields")
    if verb == "ip_type":
        return found + faults(given)
    if verb != "bag" and not isinstance(given, str | list | int | float | bool):
        found.append(f"{verb!r} takes a field or a list of fields")
    if "message" in spec:
        found += _pattern_faults(verb, spec["message"])
    return found


def _pattern_faults(verb: str, message: Any) -> list[str]:
    found = []
    if (verb == "bag") != isinstance(message, dict):
        return ["a bag's messages are {Name: PATTERN}, those of other verbs PATTERN"]
    for pattern in message.values() if isinstance(message, dict) else [message]:
        try:
            if re.compile(pattern).groups != 1:
                found.append("the message pattern needs one group")
        except (re.error, TypeError) as error:
            found.append(f"the message pattern can't be read: {error}")
    return found


def build(spec: Any) -> Column:
    """A column's function out of its (checked) description."""
    if isinstance(spec, str | list):
        raw = _raw(spec)
        return Column(lambda given, _base: list(raw(given)), _names(spec))
    verb = next(key for key in spec if key in _OPTIONS)
    given = spec[verb]
    made: Column
    if verb == "ip_type":
        return _ip_type(given)
    if verb == "const":
        return Column(lambda fields, _base: [given] * fields.count)
    if verb == "base":
        return Column(lambda _fields, base: list(base(given)))
    if verb == "hash":
        return _mapped(given, _never_none(v.hash_of(spec["kind"])))
    if verb in {"map", "choose"}:
        return _lookup(spec) if verb == "map" else _choose(spec)
    if verb == "missing":
        chosen = _raw(given)
        say = spec.get("say", "")
        return Column(
            lambda fields, _base: [say if v.filled(x) is None else "" for x in chosen(fields)],
            _names(given),
        )
    if verb in {"bag", "join"}:
        return _bag(given, spec.get("message", {})) if verb == "bag" else _join(spec)
    if verb == "json":
        return _mapped(given, v.to_text)
    work = _SIMPLE[verb]
    if verb not in type_of_verb:
        work = _never_none(work)
    made = _dash(given) if verb in ("dash", "time", "epoch") else _mapped(given, work)
    return _with_message(made, spec["message"], work) if "message" in spec else made
