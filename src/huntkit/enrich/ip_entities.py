"""Addresses as entities, out of text or a column."""

import re
from typing import Any, Final

import polars as pl

from huntkit.core.errors import UnknownColumn, UsageError
from huntkit.enrich.geo_lookup import GeoIpLookup
from huntkit.enrich.geolite import GeoLiteLookup
from huntkit.enrich.located import IpAddress
from huntkit.tables import to_polars

_BETWEEN: Final = re.compile(r"[\s,]+")


def convert_to_ip_entities(
    ip_str: str | None = None,
    data: Any = None,
    ip_col: str | None = None,
    *,
    geo_lookup: bool = True,
    lookup: GeoIpLookup | None = None,
) -> list[IpAddress]:
    """An entity for each different text, in the order of their first appearance.

    Args:
        ip_str: one address, or several with commas or blanks between.
        data: any frame, instead of that.
        ip_col: its column; a cell may hold several with commas between.
        geo_lookup: say where each is, in ``Location``; by the shipped ranges and GeoLite2 files
            that are there, so without network.
        lookup: what says where they are, instead.

    Raises:
        UsageError: neither text nor frame and column, or both.

    Examples:
        >>> [each.Address for each in convert_to_ip_entities("1.1.1.1, 9.9.9.9,1.1.1.1")]
        ['1.1.1.1', '9.9.9.9']
    """
    if (ip_str is None) == (data is None) or (data is not None) != (ip_col is not None):
        raise UsageError(
            "entities are made of ip_str, or of data and ip_col",
            hint='convert_to_ip_entities("203.0.113.7")',
        )
    cells = [ip_str] if data is None else _cells(data, str(ip_col))
    texts = [text for cell in cells for text in _BETWEEN.split(cell or "") if text]
    distinct = list(dict.fromkeys(texts))
    if not geo_lookup or not distinct:
        return [IpAddress(Address=text) for text in distinct]
    used = lookup if lookup is not None else GeoLiteLookup()
    return used.lookup_ip(ip_addr_list=distinct)[1]


def _cells(data: Any, column: str) -> list[str | None]:
    table = to_polars(data)
    if column not in table.columns:
        raise UnknownColumn(column, table.columns)
    values = table[column]
    if isinstance(values.dtype, pl.List | pl.Array):
        values = values.explode()
    return values.cast(pl.String, strict=False).unique(maintain_order=True).to_list()
