"""What look-ups of places have in common: the methods and columns that notebooks know."""

import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC
from typing import Any

import polars as pl

from huntkit.core.errors import UnknownColumn, UsageError
from huntkit.enrich.located import GeoLocation, IpAddress
from huntkit.enrich.parsed_addresses import bare_address, bare_addresses, texts_in
from huntkit.enrich.place_columns import COLUMNS
from huntkit.tables import step

Raw = list[dict[str, Any]]

_FIRST = (
    "CountryCode",
    "CountryOrRegionName",
    "State",
    "City",
    "Longitude",
    "Latitude",
    "Asn",
    "AsnName",
    "GeoSource",
)
_SUFFIX = "_geo"
_KIND = "geolocation"


class GeoIpLookup(ABC):
    """Says where addresses are; a subclass says how it knows."""

    @abstractmethod
    def facts(self, texts: Sequence[str]) -> pl.DataFrame:
        """What is known of each text: `place_columns.COLUMNS` and ``TimeGenerated``, in order."""

    @abstractmethod
    def told(self, texts: Sequence[str]) -> tuple[Raw, pl.DataFrame]:
        """What was said about each text, as it was said (empty: nothing), and its `facts`."""

    def lookup_ip(
        self,
        ip_address: str | None = None,
        ip_addr_list: Iterable[str] | None = None,
        ip_entity: Any = None,
    ) -> tuple[Raw, list[Any]]:
        """What was said, and the addresses with their places: a pair of lists of equal length.

        Args:
            ip_address: one address.
            ip_addr_list: several; equal ones are looked up once and stand in both lists again.
            ip_entity: something with an ``Address``; what comes back is a copy with its place,
                since what you hold is never changed.

        Returns:
            Dictionaries as the source gave them (empty where it knows nothing), and entities
            with ``Address`` and ``Location`` (None where nothing is known).

        Raises:
            UsageError: none of the three was given, or more than one.
        """
        given = [each for each in (ip_address, ip_addr_list, ip_entity) if each is not None]
        if len(given) != 1:
            raise UsageError(
                "lookup_ip takes one of ip_address, ip_addr_list and ip_entity",
                hint='lookup_ip("203.0.113.7")',
            )
        if ip_entity is not None:
            raw, found = self.lookup_ip(ip_address=str(ip_entity.Address))
            return raw, [_with_place(ip_entity, found[0].Location)]
        texts = [ip_address] if ip_address is not None else [str(ip) for ip in ip_addr_list or ()]
        distinct = list(dict.fromkeys(texts))
        said, facts = self.told([bare_address(text) for text in distinct])
        raws = dict(zip(distinct, said, strict=True))
        rows = facts.iter_rows(named=True)
        places = {text: _place(row) for text, row in zip(distinct, rows, strict=True)}
        entities = [IpAddress(Address=text, Location=places[text]) for text in texts]
        return [dict(raws[text]) for text in texts], entities

    def df_lookup_ip(self, data: Any, column: str) -> Any:
        """The table with the places of a column's addresses; rows and their order stay.

        Args:
            data: any frame.
            column: the column with addresses.

        Returns:
            The table with ``CountryCode CountryOrRegionName State City Longitude Latitude Asn
            AsnName GeoSource TimeGenerated Type IpAddress``; a name that the table has already
            gets ``_geo``. ``TimeGenerated`` is the date of what was said. Null where nothing is
            known.

        Raises:
            UnknownColumn: no such column, with the nearest names.
        """
        return looked_up(data, column, lookup=self)

    def lookup_ips(self, data: Any, column: str) -> Any:
        """A row for each different address of a column, in the order of their first appearance.

        Returns:
            The columns that `df_lookup_ip` adds. Addresses of which nothing is known have nulls
            in all but ``IpAddress``.

        Raises:
            UnknownColumn: no such column, with the nearest names.
        """
        return looked_up_distinct(data, column, lookup=self)


@step(split="row", columns=("column",))
def looked_up(table: pl.DataFrame, column: str, *, lookup: GeoIpLookup) -> pl.DataFrame:
    """The table with the places of a column's addresses; see `GeoIpLookup.df_lookup_ip`."""
    values = texts_in(table, column)
    found = _distinct(values, lookup)
    known = found["Type"].is_not_null()
    found = found.with_columns(pl.when(known).then("IpAddress").alias("IpAddress"))
    key = _free("address", [*table.columns, *found.columns], "_")
    keyed = found.with_columns(values.drop_nulls().unique(maintain_order=True).alias(key))
    joined = values.alias(key).to_frame().join(keyed, on=key, how="left", maintain_order="left")
    taken = list(table.columns)
    return table.hstack(
        joined.select(pl.col(name).alias(_free(name, taken, _SUFFIX)) for name in found.columns)
    )


@step(split="whole", columns=("column",))
def looked_up_distinct(table: pl.DataFrame, column: str, *, lookup: GeoIpLookup) -> pl.DataFrame:
    """A row for each different address; see `GeoIpLookup.lookup_ips`."""
    if column not in table.columns:
        raise UnknownColumn(column, table.columns)
    return _distinct(texts_in(table, column), lookup)


def _distinct(values: pl.Series, lookup: GeoIpLookup) -> pl.DataFrame:
    texts = values.drop_nulls().unique(maintain_order=True)
    facts = lookup.facts(bare_addresses(texts).to_list())
    known = pl.any_horizontal(pl.col(name).is_not_null() for name in COLUMNS if name != "GeoSource")
    more = [name for name in facts.columns if name not in (*COLUMNS, "TimeGenerated")]
    return facts.select(
        *_FIRST,
        *more,
        "TimeGenerated",
        pl.when(known).then(pl.lit(_KIND)).alias("Type"),
        texts.alias("IpAddress"),
    )


def _place(row: Mapping[str, Any]) -> GeoLocation | None:
    names = [field.name for field in dataclasses.fields(GeoLocation)]
    found = {name: row.get(name) for name in names}
    known = any(found[name] is not None for name in COLUMNS if name != "GeoSource")
    return GeoLocation(**found) if known else None


def _with_place(entity: Any, place: GeoLocation | None) -> Any:
    if dataclasses.is_dataclass(entity) and not isinstance(entity, type):
        return dataclasses.replace(entity, Location=place)
    return IpAddress(Address=str(entity.Address), Location=place)


def dated(facts: pl.DataFrame) -> pl.DataFrame:
    """The facts with the date that their source names first, as ``TimeGenerated``."""
    date = pl.col("GeoSource").str.extract(r"(\d{4}-\d{2}-\d{2})").str.to_date(strict=False)
    return facts.with_columns(
        date.cast(pl.Datetime("us")).dt.replace_time_zone(str(UTC)).alias("TimeGenerated")
    )


def _free(name: str, taken: Sequence[str], suffix: str) -> str:
    while name in taken:
        name += suffix
    return name
