"""What the tables of functions say, as values.

Parameter kinds: a KQL type, or ``any``, ``text`` (string or dynamic), ``integer`` (int, long),
``number``, ``numberbool``, ``summable`` (number, datetime, timespan), ``orderable`` (not
dynamic), ``notdynamic``, ``array`` and ``bag`` (dynamic), ``common`` (all such alike), ``typeof``.
``[kind]`` is optional; ``...`` repeats the last.

Results: a KQL type, ``0`` or ``1`` (that argument's type), ``promoted0`` (int becomes long),
``widest`` number, ``common``, ``typeof`` (the last argument).

Default column names: ``F`` that of the first argument, ``NF`` function and first argument, ``PF
prefix`` prefix and first argument, ``P prefix`` the prefix alone, ``FVC`` the column that exists.
"""

import re
from dataclasses import dataclass
from functools import cache

from huntkit.kql.language.catalog import aggregates as _aggregates
from huntkit.kql.language.catalog import scalars as _scalars
from huntkit.kql.language.catalog import science as _science

_LINE = re.compile(r"(\w+)\((.*)\) -> (\w+)(?: as (\w+)(?: (\S+))?)?")


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter; ``repeats`` takes all further arguments too."""

    kind: str
    optional: bool = False
    repeats: bool = False


@dataclass(frozen=True, slots=True)
class Signature:
    """One way to call a function."""

    name: str
    parameters: tuple[Parameter, ...]
    result: str
    naming: str = ""
    prefix: str = ""

    @property
    def least(self) -> int:
        """How many arguments there must be."""
        return sum(1 for parameter in self.parameters if not parameter.optional)

    @property
    def most(self) -> int | None:
        """How many arguments there may be; None is any number."""
        if any(parameter.repeats for parameter in self.parameters):
            return None
        return len(self.parameters)

    def at(self, position: int) -> Parameter:
        """The parameter that takes the argument at a position."""
        return self.parameters[min(position, len(self.parameters) - 1)]


def _read(table: str) -> dict[str, tuple[Signature, ...]]:
    found: dict[str, tuple[Signature, ...]] = {}
    for line in table.strip().splitlines():
        match = _LINE.fullmatch(line)
        if match is None:
            raise ValueError(f"not a line of the catalogue: {line}")
        name, inside, result, naming, prefix = match.groups()
        parameters: list[Parameter] = []
        for part in (p.strip() for p in inside.split(",") if p.strip()):
            if part == "...":
                last = parameters.pop()
                parameters.append(Parameter(last.kind, last.optional, repeats=True))
            elif part.startswith("["):
                parameters.append(Parameter(part[1:-1], optional=True))
            else:
                parameters.append(Parameter(part))
        entry = Signature(name, tuple(parameters), result, naming or "", prefix or "")
        found[name] = (*found.get(name, ()), entry)
    return found


@cache
def scalars() -> dict[str, tuple[Signature, ...]]:
    """The scalar functions by their canonical names."""
    return _read(_scalars.TABLE) | _read(_science.TABLE)


@cache
def aggregates() -> dict[str, tuple[Signature, ...]]:
    """The aggregates by their canonical names."""
    return _read(_aggregates.TABLE)
