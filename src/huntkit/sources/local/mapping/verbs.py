r"""The closed vocabulary of the mapping files: what a column may be made of.

A column is a field's name (its text as it is) or one verb with its field:

    Image                              the field's text
    {first: [TargetUser, User]}        the first that says something (``-`` says nothing)
    {const: ProcessCreated}            always this text
    {base: Computer}                   a column that every event of the layout already has
    {dash: F} {basename: F} {dirname: F} {user: F} {domain: F} {lower: F} {guid: F}
    {hash: Hashes, kind: SHA1}         one digest out of ``SHA1=...,MD5=...``
    {int: F} {number: F} {bool: F} {time: F} {epoch: F}
    {int: F, message: PATTERN}         ... else out of the event's rendered message
    {map: F, values: {a: b}, else: c}  by table; without ``else`` what is not listed stays as it is
    {choose: F, values: {"true": A, "false": B}, else: A}    which field, by another field's value
    {json: F}                          lists and objects as JSON
    {bag: [A, B]}  {bag: {Name: A}}    a JSON object of these fields, where they are there
    {join: [A, B], with: "\\"}         filled texts put together

Everywhere ``F`` may be a list: its first filled field. ``a.b`` reads a nested object, unless a
field is called ``a.b``.
"""

import re
from collections.abc import Callable, Mapping, Sequence
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
Rows = Sequence[dict[str, Any]]
Base = Callable[[str], Sequence[Any]]
Column = Callable[[Rows, Base], list[Any]]
Reader = Callable[[dict[str, Any]], Any]

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
    "account_type": v.sid_user,
    "keywords": v.keywords,
}
_OPTIONS: dict[str, set[str]] = {
    **{verb: set() for verb in _SIMPLE},
    "int": {"message"},
    "dash": {"message"},
    "first": set(),
    "const": set(),
    "base": set(),
    "hash": {"kind"},
    "map": {"values", "else"},
    "choose": {"values", "else"},
    "json": set(),
    "bag": set(),
    "join": {"with"},
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


def _raw(fields: str | Sequence[str]) -> Callable[[Rows], list[Any]]:
    names = [fields] if isinstance(fields, str) else list(fields)
    if len(names) == 1:
        name = names[0]
        if "." not in name:
            return lambda rows: [row.get(name) for row in rows]
        walk = reader(name)
        return lambda rows: [walk(row) for row in rows]
    readers = [reader(name) for name in names]

    def first(rows: Rows) -> list[Any]:
        found = []
        for row in rows:
            for read in readers:
                value = read(row)
                if value is not None and value != "" and value != "-":
                    break
            else:
                value = None
            found.append(value)
        return found

    return first


def _mapped(fields: str | Sequence[str], work: Callable[[Any], Any]) -> Column:
    memo = v.Memo(work)
    if isinstance(fields, str) and "." not in fields:
        name = fields

        def fused(rows: Rows, _base: Base) -> list[Any]:
            try:
                return [memo[row.get(name)] for row in rows]
            except TypeError:  # a list or an object where a value should be
                return [work(row.get(name)) for row in rows]

        return fused
    raw = _raw(fields)

    def run(rows: Rows, _base: Base) -> list[Any]:
        found = raw(rows)
        try:
            return [memo[value] for value in found]
        except TypeError:
            return [work(value) for value in found]

    return run


def _with_message(column: Column, pattern: str, work: Callable[[Any], Any]) -> Column:
    search = re.compile(pattern).search

    def run(rows: Rows, base: Base) -> list[Any]:
        found = column(rows, base)
        if None not in found:
            return found
        messages = base("RenderedDescription")
        for at, value in enumerate(found):
            if value is None and isinstance(message := messages[at], str):
                hit = search(message)
                found[at] = work(hit[1]) if hit else None
        return found

    return run


def _choose(spec: Mapping[str, Any]) -> Column:
    by = _raw(spec["choose"])
    ways = {str(key).lower(): reader(field) for key, field in spec["values"].items()}
    other = reader(str(spec.get("else", "")))

    def run(rows: Rows, _base: Base) -> list[Any]:
        keys = by(rows)
        return [
            ways.get(key.lower() if type(key) is str else (v.to_text(key) or "").lower(), other)(
                row
            )
            for key, row in zip(keys, rows, strict=True)
        ]

    return run


def _lookup(spec: Mapping[str, Any]) -> Column:
    table = {str(key).lower(): value for key, value in spec["values"].items()}
    keeps = "else" not in spec

    def work(value: Any) -> Any:
        text = v.to_text(value)
        if text is None:
            return None if keeps else spec["else"]
        return table.get(text.lower(), text if keeps else spec["else"])

    return _mapped(spec["map"], work)


def _bag(spec: Any) -> Column:
    names = {name: name for name in spec} if isinstance(spec, list) else dict(spec)
    pairs = [(name, reader(field)) for name, field in names.items()]

    def run(rows: Rows, _base: Base) -> list[Any]:
        found = []
        for row in rows:
            bag = {}
            for name, read in pairs:
                value = read(row)
                if value is not None and value != "" and value != "-":
                    bag[name] = value
            found.append(v.to_json(bag) if bag else None)
        return found

    return run


def _join(spec: Mapping[str, Any]) -> Column:
    readers = [reader(field) for field in spec["join"]]
    between = spec.get("with", " ")

    def run(rows: Rows, _base: Base) -> list[Any]:
        return [
            between.join(text for read in readers if (text := v.dash(read(row)))) or None
            for row in rows
        ]

    return run


def faults(spec: object) -> list[str]:
    """What is wrong with a column's description; nothing if it can be built."""
    if isinstance(spec, str):
        return [] if spec else ["a field needs a name"]
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
    wants_list = verb in {"first", "join"}
    given = spec[verb]
    if wants_list and not isinstance(given, list):
        found.append(f"{verb!r} takes a list of fields")
    if verb != "bag" and not isinstance(given, str | list | int | float | bool):
        found.append(f"{verb!r} takes a field or a list of fields")
    if "message" in spec:
        try:
            if re.compile(spec["message"]).groups != 1:
                found.append("the message pattern needs one group")
        except (re.error, TypeError) as error:
            found.append(f"the message pattern can't be read: {error}")
    return found


def build(spec: Any) -> Column:
    """A column's function out of its (checked) description."""
    if isinstance(spec, str):
        raw = _raw(spec)
        return lambda rows, _base: raw(rows)
    verb = next(key for key in spec if key in _OPTIONS)
    given = spec[verb]
    column: Column
    if verb == "const":
        return lambda rows, _base: [given] * len(rows)
    if verb == "base":
        return lambda _rows, base: list(base(given))
    if verb == "first":
        raw = _raw(given)
        return lambda rows, _base: raw(rows)
    if verb == "hash":
        return _mapped(given, v.hash_of(spec["kind"]))
    if verb in {"map", "choose"}:
        return _lookup(spec) if verb == "map" else _choose(spec)
    if verb == "json":
        return _mapped(given, v.to_text)
    if verb in {"bag", "join"}:
        return _bag(given) if verb == "bag" else _join(spec)
    work = _SIMPLE[verb]
    column = _mapped(given, work)
    return _with_message(column, spec["message"], work) if "message" in spec else column
