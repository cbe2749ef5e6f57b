"""Which column of a table is its time, its host, its command line ..., whatever the product.

The knowledge is data, in ``roles.yaml`` beside this module.
"""

import functools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from huntkit.core.errors import UnknownColumn, UsageError, did_you_mean
from huntkit.tables.data_files import data_file


@dataclass(frozen=True, slots=True)
class Family:
    """The field names of a family of products.

    Attributes:
        name: what the data file calls it.
        needs: columns of which one must be there (lower case); none: always considered.
        unless: columns of which none may be there (lower case).
        fields: the column names per role, in order of preference.
        is_general: whether it speaks after the families of particular products.
    """

    name: str
    needs: frozenset[str]
    unless: frozenset[str]
    fields: Mapping[str, tuple[str, ...]]
    is_general: bool

    @property
    def names(self) -> frozenset[str]:
        """Every column name that the family knows, in lower case."""
        return frozenset(name.lower() for names in self.fields.values() for name in names)


def names() -> dict[str, str]:
    """Every role that can be asked for, with its meaning.

    Examples:
        >>> names()["host"]
        'the computer it happened on'
    """
    return dict(_knowledge()[0])


def resolve(columns: Iterable[str], role: str, given: str | None = None) -> str | None:
    """The column that plays `role`, or None.

    Names are matched with their case first, then without. The caller's `given` always wins.

    Raises:
        UnknownColumn: `given` is not there.
        UsageError: there is no such role.

    Examples:
        >>> resolve(["NewProcessName", "ProcessId", "NewProcessId"], "process_id")
        'NewProcessId'
        >>> resolve(["Image", "ProcessId", "ParentProcessId"], "process_id")
        'ProcessId'
    """
    columns = list(columns)
    if given is not None:
        _check_role(role)
        if given not in columns:
            raise UnknownColumn(given, columns)
        return given
    return next(iter(candidates(columns, role)), None)


def require(columns: Iterable[str], role: str, given: str | None = None) -> str:
    """The column that plays `role`; its absence is an error.

    Raises:
        UnknownColumn: `given` is not there.
        UsageError: no column plays the role; the message lists the columns.
    """
    columns = list(columns)
    found = resolve(columns, role, given)
    if found is None:
        shown = ", ".join(columns[:20]) + (", ..." if len(columns) > 20 else "")
        raise UsageError(
            f"no column is known to hold {names()[role]} (the role {role!r})",
            hint=f"name the column yourself; the columns are: {shown or 'none'}",
            context={"role": role, "columns": columns},
        )
    return found


def candidates(columns: Iterable[str], role: str) -> list[str]:
    """Every column that could play `role`, the best first."""
    _check_role(role)
    columns = tuple(columns)
    exact = set(columns)
    folded: dict[str, str] = {}
    for column in columns:
        folded.setdefault(column.lower(), column)
    found: dict[str, None] = {}
    for family in _ranked(columns):
        wanted = family.fields.get(role, ())
        found.update((name, None) for name in wanted if name in exact)
        found.update((folded[n.lower()], None) for n in wanted if n.lower() in folded)
    return list(found)


def family_of(columns: Iterable[str]) -> str:
    """The name of the family that knows the most of these columns; ``any`` where none does.

    Examples:
        >>> family_of(["Image", "ProcessGuid", "UtcTime"])
        'sysmon'
    """
    return _ranked(tuple(columns))[0].name


@functools.lru_cache(maxsize=256)
def _ranked(columns: tuple[str, ...]) -> tuple[Family, ...]:
    """The families that fit the columns: who knows most of them first, then the file's order."""
    present = {column.lower() for column in columns}
    families = _knowledge()[1]
    fit = [
        family
        for family in families
        if (not family.needs or family.needs & present) and not family.unless & present
    ]
    # `any` has no needs: it knows everybody's names a little, and speaks last.
    return tuple(sorted(fit, key=lambda f: (not f.needs, f.is_general, -len(f.names & present))))


def _check_role(role: str) -> None:
    known = _knowledge()[0]
    if role not in known:
        raise UsageError(
            f"there is no role {role!r}",
            hint=did_you_mean(role, known) or f"one of: {', '.join(known)}",
        )


@functools.cache
def _knowledge() -> tuple[Mapping[str, str], Sequence[Family]]:
    data: dict[str, Any] = data_file("huntkit.tables", "roles.yaml")
    families = [
        Family(
            name=each["name"],
            needs=frozenset(name.lower() for name in each.get("needs", ())),
            unless=frozenset(name.lower() for name in each.get("unless", ())),
            fields={role: tuple(columns) for role, columns in each["fields"].items()},
            is_general=each.get("general", False),
        )
        for each in data["families"]
    ]
    return data["roles"], families
