"""Settings and options of drivers: from what people write to the dataclass that declares them."""

import types
import typing
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, Field, fields
from pathlib import Path
from typing import Any, TypeVar

from huntkit.core.errors import UsageError, did_you_mean
from huntkit.runtime.secrets import Secret

T = TypeVar("T")


def declared(kind: type[T], given: Mapping[str, object], *, what: str) -> T:
    """An instance of a settings dataclass, from names and values.

    Text for a `Secret` is a reference (``env:NAME``), text for a path a path, one text for a
    list of texts a list of one. Everything else must already be what was declared.

    Args:
        kind: the dataclass.
        given: what was written.
        what: whose it is, for messages: ``the connection to Splunk``.

    Raises:
        UsageError: all faults at once: unknown names (with the nearest), missing ones, wrong
            types. No value is ever shown: it may be a secret in the wrong place.

    Examples:
        >>> from dataclasses import dataclass
        >>> @dataclass(frozen=True)
        ... class Where:
        ...     host: str
        ...     port: int = 8089
        >>> declared(Where, {"host": "splunk.example"}, what="the connection")
        Where(host='splunk.example', port=8089)
    """
    hints = typing.get_type_hints(kind)
    known = {each.name: each for each in fields(kind)}  # type: ignore[arg-type]  # a dataclass
    given = given_by_name(kind, given)
    faults = []
    values: dict[str, Any] = {}
    for name, value in given.items():
        if name not in known:
            near = did_you_mean(name, known)
            faults.append(f"there is no {name!r}" + (f", {near}" if near else ""))
            continue
        try:
            values[name] = _fitted(value, hints[name])
        except TypeError as problem:
            faults.append(f"{name} is {problem}")
    for name, each in known.items():
        if name not in given and each.default is MISSING and each.default_factory is MISSING:
            faults.append(f"{name} is missing")
    if faults:
        raise UsageError(
            f"{what}: {'; '.join(faults)}",
            hint=f"it takes: {', '.join(known)}" if known else "it takes nothing",
            context={"faults": faults},
        )
    return kind(**values)


def _fitted(value: object, hint: Any) -> object:
    """The value as the declared type."""
    choices = typing.get_args(hint) if _is_union(hint) else (hint,)
    for each in choices:
        if each is Any or (each is types.NoneType and value is None):
            return value
    for each in choices:
        fitted = _one(value, each)
        if fitted is not _NO:
            return fitted
    wanted = " or ".join(_name(each) for each in choices if each is not types.NoneType)
    raise TypeError(f"{type(value).__name__}, not {wanted}")


_NO: Any = object()


def _one(value: object, hint: Any) -> object:
    plain = typing.get_origin(hint) or hint
    if plain is typing.Literal:
        return value if value in typing.get_args(hint) else _NO
    if plain is Secret and isinstance(value, str):
        return Secret(value)
    if plain is Path and isinstance(value, str):
        return Path(value)
    if plain is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if plain in (tuple, list) or getattr(plain, "__name__", "") == "Sequence":
        return _several(value)
    if not isinstance(plain, type):
        return value
    if isinstance(value, bool) and plain is not bool and plain is not object:
        return _NO
    return value if isinstance(value, plain) else _NO


def _several(value: object) -> object:
    if isinstance(value, str | Path):
        return (value,)
    return tuple(value) if isinstance(value, list | tuple | set | frozenset) else _NO


def _is_union(hint: Any) -> bool:
    return typing.get_origin(hint) in (typing.Union, types.UnionType)


def _name(hint: Any) -> str:
    if typing.get_origin(hint) is typing.Literal:
        return "one of " + ", ".join(map(repr, typing.get_args(hint)))
    return getattr(hint, "__name__", str(hint))


def names_of(kind: type[Any]) -> list[str]:
    """The names that a settings or options dataclass declares, with their aliases."""
    return [name for each in fields(kind) for name in (each.name, *aliases_of(each))]


def aliases_of(declared_field: Field[Any]) -> Sequence[str]:
    """Other names of a field: its metadata's ``aliases``."""
    found: Sequence[str] = declared_field.metadata.get("aliases", ())
    return found


def given_by_name(kind: type[Any], given: Mapping[str, object]) -> dict[str, object]:
    """What was given, by the fields' own names."""
    own = {alias: each.name for each in fields(kind) for alias in aliases_of(each)}
    return {own.get(name, name): value for name, value in given.items()}


def told(kind: type[Any]) -> str:
    """What a settings or options dataclass declares, for people; one line each.

    Examples:
        >>> from dataclasses import dataclass
        >>> @dataclass(frozen=True)
        ... class Where:
        ...     host: str
        ...     port: int = 8089
        >>> print(told(Where))
            host: str, required
            port: int = 8089
    """
    hints = typing.get_type_hints(kind)
    lines = []
    for each in fields(kind):
        needed = each.default is MISSING and each.default_factory is MISSING
        default = ", required" if needed else ""
        if each.default not in (MISSING, None):
            default = f" = {each.default!r}"
        choices = typing.get_args(hints[each.name]) if _is_union(hints[each.name]) else ()
        names = [_name(one) for one in choices or [hints[each.name]] if one is not types.NoneType]
        lines.append(f"    {each.name}: {' or '.join(names)}{default}")
    return "\n".join(lines) or "    nothing"
