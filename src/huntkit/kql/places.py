"""``geo_info_from_ip_address``, from whatever the caller has that knows where addresses are."""

from collections.abc import Callable
from functools import lru_cache

import duckdb
from duckdb.func import FunctionNullHandling
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
_REMEMBERED = 100_000


def geo_info(lookup: GeoLookup) -> Callable[[str | None], str | None]:
    """The function that gives the place of one address as a dynamic, ``{}`` where it is unknown.

    Examples:
        >>> class Office:
        ...     def locate(self, addresses):
        ...         return {"203.0.113.7": {"CountryOrRegionName": "Malta", "Asn": 64496}}
        >>> ask = geo_info(Office())
        >>> ask("203.0.113.7"), ask("203.0.113.8")
        ('{"country":"Malta"}', '{}')
    """

    @lru_cache(maxsize=_REMEMBERED)
    def ask(address: str) -> str:
        known = lookup.locate([address]).get(address) or {}
        facts = {name: known.get(fact) for name, fact in _FACTS.items()}
        return dump({name: fact for name, fact in facts.items() if fact is not None}) or "{}"

    return lambda address: ask(address) if address else "{}"


def offer(connection: duckdb.DuckDBPyConnection, lookup: GeoLookup, made: set[str]) -> None:
    """Give a connection the function; another lookup takes the place of the one before."""
    mark = f"{GEO}:{id(lookup)}"
    if mark in made:
        return
    if GEO in made:
        connection.remove_function(GEO)
    text = DuckDBPyType("VARCHAR")
    connection.create_function(
        GEO, geo_info(lookup), [text], text, null_handling=FunctionNullHandling.SPECIAL
    )
    made -= {each for each in made if each.startswith(f"{GEO}:")}
    made |= {GEO, mark}
