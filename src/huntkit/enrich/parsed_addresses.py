"""Distinct texts to addresses as numbers, which is what tables of ranges are searched with."""

import socket
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from huntkit.entities.addresses import embedded_ipv4, parse_address


@dataclass(frozen=True, slots=True)
class ParsedAddresses:
    """Addresses in the order of their texts; each has one number, or none if it is no address.

    Attributes:
        texts: what was given.
        v4: UInt32; also for a mapped, NAT64 or 6to4 address, whose inner address tells the place.
        v6: UInt128, for the others.
    """

    texts: Sequence[str]
    v4: pl.Series
    v6: pl.Series


def parsed_addresses(texts: Sequence[str]) -> ParsedAddresses:
    """The addresses that texts hold; a microsecond each.

    Examples:
        >>> found = parsed_addresses(["203.0.113.9", "::ffff:203.0.113.9", "2001:db8::", "x"])
        >>> found.v4.to_list()
        [3405803785, 3405803785, None, None]
    """
    v4: list[int | None] = []
    v6: list[int | None] = []
    for text in texts:
        four, six = _numbers(text)
        v4.append(four)
        v6.append(six)
    return ParsedAddresses(
        texts, pl.Series("v4", v4, dtype=pl.UInt32), pl.Series("v6", v6, dtype=pl.UInt128)
    )


def _numbers(text: str) -> tuple[int | None, int | None]:
    try:
        return int.from_bytes(_bytes_of(_V4, text)), None
    except (OSError, ValueError):  # ValueError: a NUL or a lone surrogate in it
        pass
    try:
        number = int.from_bytes(_bytes_of(_V6, text))
    except (OSError, ValueError):
        return _others(text)
    top = number >> 112
    # A mapped address, 64:ff9b::/96 or 2002::/16 may wrap another; the rest is itself.
    return (None, number) if top not in _WRAPPERS else _others(text)


def _others(text: str) -> tuple[int | None, int | None]:
    """The long way: with a zone, in brackets, one inside another, or no address."""
    address = parse_address(text)
    if address is None:
        return None, None
    if address.version == 4:
        return int(address), None
    inner = embedded_ipv4(address)
    return (int(inner), None) if inner is not None else (None, int(address))


_bytes_of = socket.inet_pton
_V4, _V6 = socket.AF_INET, socket.AF_INET6
_WRAPPERS = (0x0, 0x64, 0x2002)
