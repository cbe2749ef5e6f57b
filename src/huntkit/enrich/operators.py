"""Autonomous systems, by the ranges that huntkit ships; registries are asked where you say so."""

import ipaddress
from collections.abc import Iterable
from typing import Any, Final

import polars as pl

from huntkit.core.errors import UsageError
from huntkit.enrich.asking_each import texts_of
from huntkit.enrich.geolocation import GeoDatabases, Paths
from huntkit.enrich.parsed_addresses import bare_address
from huntkit.enrich.shipped_ranges import RangeTable, shipped
from huntkit.enrich.whois_lookup import Registries, asn_rows, asn_text, ip_rows
from huntkit.runtime.session import Session, default_session
from huntkit.tables import as_kind

DETAILS: Final = {
    "Autonomous Number": pl.String(),
    "AS Name": pl.String(),
    "Description": pl.String(),
    "Contact": pl.String(),
    "Last Updated": pl.String(),
    "ranges": pl.List(pl.String()),
    "Source": pl.String(),
    "Problem": pl.String(),
}


def get_asn_from_ip(
    ip: Any = None,
    ip_address: Any = None,
    *,
    databases: GeoDatabases | Paths | None = None,
    online: bool = False,
    session: Session | None = None,
    registries: Registries | None = None,
) -> dict[str, str | None]:
    """Who routes an address; offline, unless you say otherwise.

    Args:
        ip: the address, also defanged, or something with an ``Address``.
        ip_address: the same under its other name.
        databases: files in MaxMind's format, such as GeoLite2-ASN; the shipped ranges otherwise.
        online: ask the registry, too, which fills ``Registry`` and ``Allocated``.
        session: network and kept answers, where it is asked.
        registries: whom to ask.

    Returns:
        ``AS``, ``IP``, ``BGP Prefix`` (always null: no source here knows it), ``CC``,
        ``Registry``, ``Allocated``, ``AS Name`` and ``Source``. Values are null where nothing is
        known, as for private addresses and text that is no address.

    Examples:
        >>> get_asn_from_ip("1.1.1.1")["AS Name"], get_asn_from_ip("10.0.0.1")["AS"]
        ('Cloudflare, Inc.', None)
    """
    given = ip if ip is not None else ip_address
    if given is None:
        raise UsageError("which address?", hint='get_asn_from_ip("1.1.1.1")')
    text = str(getattr(given, "Address", given))
    known = databases if isinstance(databases, GeoDatabases) else GeoDatabases(databases or ())
    facts: Any = known.facts([bare_address(text)]).row(0, named=True)
    told: dict[str, Any] = {}
    if online:
        used = session if session is not None else default_session()
        rows = ip_rows([text], used, registries or Registries(), refresh=False)
        told = rows.row(0, named=True)
    return {
        "AS": None if facts["Asn"] is None else str(facts["Asn"]),
        "IP": text,
        "BGP Prefix": None,
        "CC": told.get("asn_country_code") or facts["CountryCode"],
        "Registry": told.get("asn_registry"),
        "Allocated": told.get("asn_date"),
        "AS Name": facts["AsnName"],
        "Source": "; ".join(filter(None, (facts["GeoSource"], told.get("source")))) or None,
    }


def get_asn_details(
    asns: str | int | Iterable[str | int],
    *,
    online: bool = False,
    session: Session | None = None,
    registries: Registries | None = None,
    refresh: bool = False,
) -> Any:
    """Name and address ranges of autonomous systems, of the shipped ranges; no network.

    Args:
        asns: one or several: ``13335``, ``"AS13335"``, ``"13335"``.
        online: ask the registries, too, which fills ``Description``, ``Contact`` and ``Last
            Updated``; see `asn_whois`.
        session: network, progress, kept answers.
        registries: whom to ask.
        refresh: ask anew, whatever is kept.

    Returns:
        For one a dictionary, for several a frame with a row for each: ``Autonomous Number``,
        ``AS Name``, ``Description``, ``Contact``, ``Last Updated``, ``ranges`` (a list of networks
        that it announces), ``Source``, and ``Problem``: why something could not be told.

    Examples:
        >>> details = get_asn_details("AS13335")
        >>> details["AS Name"], "1.1.1.0/24" in details["ranges"]
        ('Cloudflare, Inc.', True)
    """
    used = session if session is not None else default_session()
    one = isinstance(asns, str | int)
    given = texts_of(asns)
    told: list[dict[str, Any]] = [{}] * len(given)
    if online:
        told = asn_rows(given, used, registries or Registries(), refresh=refresh).to_dicts()
    numbers = {name: asn_text(name) for name in given}
    known = _announced({int(name[2:]) for name in numbers.values() if name})
    details = [_details(numbers[text], known, said) for text, said in zip(given, told, strict=True)]
    if one:
        return details[0]
    return as_kind(pl.DataFrame(details, schema=DETAILS, orient="row"), used.frame)


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


_Known = dict[int, tuple[str | None, list[str]]]


def _announced(numbers: set[int]) -> _Known:
    """The name of each, and its networks in order."""
    found: _Known = {}
    for version in (4, 6) if numbers else ():
        for number, name, first, last in _rows(shipped("asn", version), numbers, version):
            old, networks = found.get(number, (None, []))
            networks += map(str, ipaddress.summarize_address_range(first, last))
            found[number] = (old or name, networks)
    return found


def _rows(table: RangeTable, numbers: set[int], version: int) -> Iterable[tuple[Any, ...]]:
    limit = 1 << (32 if version == 4 else 128)
    make = ipaddress.IPv4Address if version == 4 else ipaddress.IPv6Address
    at = table.facts["asn"].is_in(list(numbers)).arg_true()
    names = table.facts[at].rows()
    for place, (number, name) in zip(at.to_list(), names, strict=True):
        end = table.starts[place + 1] if place + 1 < len(table.starts) else limit
        yield number, name, make(table.starts[place]), make(end - 1)


def _details(name: str | None, known: _Known, said: dict[str, Any]) -> dict[str, Any]:
    if name is None:
        row: dict[str, Any] = dict.fromkeys(DETAILS)
        return row | {"ranges": [], "Problem": "it is no number of an autonomous system"}
    shown, networks = known.get(int(name[2:]), (None, []))
    date = shipped("asn", 4).source if networks else None
    return {
        "Autonomous Number": name,
        "AS Name": shown or said.get("name"),
        "Description": said.get("organisation"),
        "Contact": said.get("abuse_email"),
        "Last Updated": said.get("updated"),
        "ranges": networks,
        "Source": "; ".join(filter(None, (date, said.get("source")))) or None,
        "Problem": said.get("problem"),
    }
