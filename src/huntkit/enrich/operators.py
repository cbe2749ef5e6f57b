"""Autonomous systems, by the ranges that huntkit ships; no network."""

from typing import Any

import polars as pl

from huntkit.enrich.geolocation import GeoDatabases, Paths
from huntkit.enrich.shipped_ranges import shipped
from huntkit.entities.indicators import refang


def get_asn_from_ip(
    ip: str, *, databases: GeoDatabases | Paths | None = None
) -> dict[str, str | None]:
    """Who routes an address: ``AS``, ``AS Name``, ``CC``, ``IP`` and ``Source``; offline.

    Values are null where nothing is known, as for private addresses and text that is no address.

    Args:
        ip: the address, also defanged.
        databases: files in MaxMind's format, such as GeoLite2-ASN; the shipped ranges otherwise.

    Examples:
        >>> get_asn_from_ip("1.1.1.1")["AS Name"], get_asn_from_ip("10.0.0.1")["AS"]
        ('Cloudflare, Inc.', None)
    """
    known = databases if isinstance(databases, GeoDatabases) else GeoDatabases(databases or ())
    facts: Any = known.facts([refang(ip)]).row(0, named=True)
    return {
        "AS": None if facts["Asn"] is None else str(facts["Asn"]),
        "IP": ip,
        "CC": facts["CountryCode"],
        "AS Name": facts["AsnName"],
        "Source": facts["GeoSource"],
    }


def get_asn_from_name(name: str) -> dict[str, str]:
    """The operators whose name holds a text, in any case of letters: ``AS13335`` -> name; offline.

    Examples:
        >>> get_asn_from_name("cloudflare, inc")["AS13335"]
        'Cloudflare, Inc.'
    """
    wanted = pl.col("name").str.to_lowercase().str.contains(name.lower(), literal=True)
    parts = [shipped("asn", version).facts for version in (4, 6)]
    found = pl.concat(parts).drop_nulls().filter(wanted).unique().sort("asn", "name")
    return {f"AS{number}": each for number, each in found.unique("asn", keep="first",
            maintain_order=True).rows()}  # fmt: skip
