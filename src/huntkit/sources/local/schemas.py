"""Columns and KQL types of the tables that Sentinel and Defender know.

The data file is written by ``tools/build_schemas.py`` and read when first asked: a millisecond
for the text, and each table's columns only when that table is asked for.
"""

from collections.abc import Iterable
from functools import cache
from pathlib import Path

_KINDS = {
    "d": "datetime",
    "l": "long",
    "i": "int",
    "r": "real",
    "b": "bool",
    "y": "dynamic",
    "g": "guid",
    "t": "timespan",
    "m": "decimal",
}


@cache
def _lines() -> dict[str, str]:
    text = Path(__file__).with_name("data").joinpath("schemas.tsv").read_text(encoding="utf-8")
    found = {}
    for line in text.splitlines():
        if line and not line.startswith("#"):
            name, _, columns = line.partition("\t")
            found[name] = columns
    return found


@cache
def _columns(table: str) -> dict[str, str] | None:
    line = _lines().get(table)
    if line is None:
        return None
    found = {}
    for word in line.split("\t"):
        name, _, letter = word.partition(":")
        found[name] = _KINDS[letter] if letter else "string"
    return found


def known(table: str) -> dict[str, str] | None:
    """The columns of a known table with their KQL types, or None for any other name.

    Names match exactly: ``securityevent`` is not a known table. The result is the caller's own.

    Examples:
        >>> known("SecurityEvent")["EventID"]
        'int'
        >>> known("NoSuchTable") is None
        True
    """
    columns = _columns(table)
    return None if columns is None else dict(columns)


def names() -> list[str]:
    """The names of all known tables, sorted.

    Examples:
        >>> "DeviceProcessEvents" in names()
        True
    """
    return list(_lines())


def physical_names(columns: Iterable[str]) -> dict[str, str]:
    """A name for every column that differs from the others in more than case.

    The first of such columns keeps its name, the next gets ``_2``, ``_3`` ...

    Examples:
        >>> physical_names(["LogonId", "LogonID"])
        {'LogonId': 'LogonId', 'LogonID': 'LogonID_2'}
    """
    taken: set[str] = set()
    names: dict[str, str] = {}
    for name in dict.fromkeys(columns):
        new, number = name, 1
        while new.casefold() in taken:
            number += 1
            new = f"{name}_{number}"
        taken.add(new.casefold())
        names[name] = new
    return names


def stored_names(table: str, columns: Iterable[str]) -> dict[str, str]:
    """Names that a table's known columns, and these, are stored under: none differ only in case."""
    return physical_names([*(known(table) or ()), *columns])
