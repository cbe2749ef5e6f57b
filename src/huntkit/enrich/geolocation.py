"""Where addresses are: country, city, position and network operator."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from huntkit.core.errors import UsageError
from huntkit.enrich.maxmind_files import MaxMindFile
from huntkit.enrich.parsed_addresses import bare_addresses, parsed_addresses, texts_in
from huntkit.enrich.place_columns import COLUMNS
from huntkit.enrich.shipped_ranges import shipped_operators, shipped_places
from huntkit.tables import step

Paths = str | Path | Sequence[str | Path]

_GROUPS = {
    "place": ("CountryCode", "CountryOrRegionName", "State", "City", "Latitude", "Longitude"),
    "operator": ("Asn", "AsnName"),
}


class GeoDatabases:
    """What is asked where an address is: database files, and the ranges that huntkit ships.

    Args:
        files: files in MaxMind's format (GeoLite2-City and -ASN, DB-IP, IPinfo ...), the most
            trusted first. What they do not know, such as the operator where there is only a city
            database, is filled from the next one and at last from the shipped ranges, which know
            country and operator only.
        shipped: whether the shipped ranges take part.

    Raises:
        UsageError: a file is not there, or nothing at all was given.
        FormatError: a file is no such database.

    Examples:
        >>> GeoDatabases().locate(["1.1.1.1", "10.0.0.1"])["1.1.1.1"]["AsnName"]
        'Cloudflare, Inc.'
    """

    def __init__(self, files: Paths = (), *, shipped: bool = True) -> None:
        paths = [files] if isinstance(files, str | Path) else list(files)
        self.files = [MaxMindFile(path) for path in paths]
        self._shipped = shipped
        if not self.files and not shipped:
            raise UsageError("no database is given, and the shipped ranges are switched off")

    def facts(self, texts: Sequence[str]) -> pl.DataFrame:
        """What is known of each address: a row each, in order, nulls for what is not known.

        The columns are ``CountryCode``, ``CountryOrRegionName``, ``State``, ``City``,
        ``Latitude`` and ``Longitude`` in degrees, ``Asn``, ``AsnName``, and ``GeoSource``: which
        databases said so, and of what date.
        """
        found = [file.facts(texts) for file in self.files]
        if self._shipped:
            addresses = parsed_addresses(texts)
            found += [shipped_places(addresses), shipped_operators(addresses)]
        return _merged(found)

    def records(self, texts: Sequence[str]) -> list[dict[str, Any]]:
        """What the files hold about each address, the first one's word first.

        Where no file holds anything, it is what `facts` says, without nulls.
        """
        merged: list[dict[str, Any]] = [{} for _ in texts]
        for file in reversed(self.files):
            for whole, record in zip(merged, file.records(texts), strict=True):
                whole.update(record)
        if self._shipped and not all(merged):
            rows = self.facts(texts).iter_rows(named=True)
            known = ({k: v for k, v in row.items() if v is not None} for row in rows)
            merged = [each or said for each, said in zip(merged, known, strict=True)]
        return merged

    def __repr__(self) -> str:
        names = [file.source for file in self.files] + ["shipped ranges"] * self._shipped
        return f"<GeoDatabases {', '.join(names)}>"

    def locate(self, addresses: Sequence[str], /) -> Mapping[str, Mapping[str, Any]]:
        """What is known per address; addresses of which nothing is known are absent."""
        distinct = list(dict.fromkeys(addresses))
        rows = self.facts(distinct).iter_rows(named=True)
        found = {
            text: {name: value for name, value in row.items() if value is not None}
            for text, row in zip(distinct, rows, strict=True)
        }
        return {text: facts for text, facts in found.items() if facts}


def _merged(found: list[pl.DataFrame]) -> pl.DataFrame:
    """From the first database that knows the place comes all of the place; so for the operator."""
    if len(found) == 1:
        return found[0]
    wide = pl.concat(
        [each.rename({name: f"{name} {at}" for name in COLUMNS}) for at, each in enumerate(found)],
        how="horizontal",
    )
    chosen: list[pl.Expr] = []
    for names in _GROUPS.values():
        wide = wide.with_columns(_first_that_knows(found, names).alias(names[0] + " from"))
        chosen += [
            pl.coalesce(
                pl.when(pl.col(names[0] + " from") == at).then(pl.col(f"{name} {at}"))
                for at in range(len(found))
            ).alias(name)
            for name in names
        ]
    used = [
        pl.when(
            pl.any_horizontal(pl.col(names[0] + " from") == at for names in _GROUPS.values())
        ).then(pl.col(f"GeoSource {at}"))
        for at in range(len(found))
    ]
    source = pl.concat_str(used, separator="; ", ignore_nulls=True)
    return wide.select(*chosen, pl.when(source != "").then(source).alias("GeoSource"))


def _first_that_knows(found: list[pl.DataFrame], names: Sequence[str]) -> pl.Expr:
    return pl.coalesce(
        pl.when(pl.any_horizontal(pl.col(f"{name} {at}").is_not_null() for name in names)).then(at)
        for at in range(len(found))
    )


@step(split="row", columns=("column",))
def geo(
    table: pl.DataFrame,
    column: str,
    *,
    databases: GeoDatabases | Paths | None = None,
) -> pl.DataFrame:
    """The table with columns that say where the addresses of a column are.

    Needs no network: the shipped ranges know country and network operator of every public
    address; a city and a position come from a database file that you give.

    Args:
        table: any frame; rows and their order stay.
        column: the column with addresses (IPv4, IPv6; also with a zone, in brackets, with a port
            or defanged).
        databases: files in MaxMind's format, or `GeoDatabases`; only the shipped ranges by
            default.

    Returns:
        The table with ``<column>_CountryCode``, ``_CountryOrRegionName``, ``_State``, ``_City``,
        ``_Latitude``, ``_Longitude`` (degrees), ``_Asn`` (integer), ``_AsnName`` and
        ``_GeoSource`` (what said so, with its date). Null where nothing is known: private
        addresses, text that is no address. Where the table has such a column already, the new
        one ends in ``_geo``.

    Cost: each distinct address is looked up once: some 2 microseconds in the shipped ranges, 5 in
    a file.

    Examples:
        >>> seen = pl.DataFrame({"Ip": ["1.1.1.1", "10.0.0.1", "1.1.1.1"]})
        >>> geo(seen, "Ip").select("Ip", "Ip_CountryCode", "Ip_Asn").rows()
        [('1.1.1.1', 'AU', 13335), ('10.0.0.1', None, None), ('1.1.1.1', 'AU', 13335)]
    """
    known = databases if isinstance(databases, GeoDatabases) else GeoDatabases(databases or ())
    values = texts_in(table, column)
    key = _free("address", table.columns)
    distinct = values.drop_nulls().unique(maintain_order=True)
    facts = known.facts(bare_addresses(distinct).to_list())
    names = {name: _free(f"{column}_{name}", table.columns, "_geo") for name in facts.columns}
    found = facts.rename(names).with_columns(distinct.alias(key))
    joined = values.alias(key).to_frame().join(found, on=key, how="left", maintain_order="left")
    return table.hstack(joined.drop(key))


def _free(name: str, taken: Sequence[str], suffix: str = "_") -> str:
    while name in taken:
        name += suffix
    return name
