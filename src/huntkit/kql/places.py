"""``geo_info_from_ip_address``, from whatever the caller has that knows where addresses are."""

from collections.abc import Callable, Mapping
from typing import Any

import duckdb
import pyarrow as pa
from duckdb.func import FunctionNullHandling, PythonUDFType
from duckdb.sqltypes import DuckDBPyType

from huntkit.core.contracts import GeoLookup
from huntkit.kql.language.emit.duckdb.net import GEO
from huntkit.kql.language.emit.duckdb.values import dump

_FACTS = {
    "country": "CountryOrRegionName",
    "state": "State",
    "city": "City",
    "latitude": "Latitude",
    "longitude": "Longitude",
}
_REMEMBERED = 500_000


def geo_info(lookup: GeoLookup) -> Callable[[list[str | None]], list[str]]:
    """The function that gives the place of each address as a dynamic, ``{}`` where it is unknown.

    It takes many addresses at once, asks for each one once, and remembers the answers.

    Examples:
        >>> class Office:
        ...     def locate(self, addresses):
        ...         return {"203.0.113.7": {"CountryOrRegionName": "Malta", "Asn": 64496}}
        >>> geo_info(Office())(["203.0.113.7", "203.0.113.8", None])
        ['{"country":"Malta"}', '{}', '{}']
    """
    known: dict[str, str] = {}

    def ask(addresses: list[str | None]) -> list[str]:
        new = [each for each in dict.fromkeys(addresses) if each and each not in known]
        if new:
            if len(known) + len(new) > _REMEMBERED:
                known.clear()
                new = [each for each in dict.fromkeys(addresses) if each]
            found = lookup.locate(new)
            known.update({each: _dynamic(found.get(each) or {}) for each in new})
        return [known[each] if each else "{}" for each in addresses]

    return ask


def _dynamic(facts: Mapping[str, Any]) -> str:
    told = {name: facts.get(fact) for name, fact in _FACTS.items()}
    return dump({name: fact for name, fact in told.items() if fact is not None}) or "{}"


def offer(connection: duckdb.DuckDBPyConnection, lookup: GeoLookup, made: set[str]) -> None:
    """Give a connection the function; another lookup takes the place of the one before."""
    mark = f"{GEO}:{id(lookup)}"
    if mark in made:
        return
    if GEO in made:
        connection.remove_function(GEO)
    ask = geo_info(lookup)

    def answer(addresses: pa.ChunkedArray) -> pa.Array:
        return pa.array(ask(addresses.to_pylist()), pa.string())

    text = DuckDBPyType("VARCHAR")
    connection.create_function(
        GEO,
        answer,
        [text],
        text,
        type=PythonUDFType.ARROW,
        null_handling=FunctionNullHandling.SPECIAL,
    )
    made -= {each for each in made if each.startswith(f"{GEO}:")}
    made |= {GEO, mark}
