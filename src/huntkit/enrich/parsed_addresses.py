"""Distinct texts to addresses as numbers, which is what tables of ranges are searched with."""

import re
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl

from huntkit.core.errors import UsageError
from huntkit.entities.addresses import embedded_ipv4, parse_address
from huntkit.entities.indicators import refang

# What a cell of a log may hold beside an address: a port, a prefix of full length, defanged dots.
_ODD: Final = r"[\[\]()/]|\d\.\d{1,3}:\d"
_WITH_PORT: Final = re.compile(r"((?:\d{1,3}\.){3}\d{1,3}):\d{1,5}|\[([^\[\]]+)\](?::\d{1,5})?")


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


def texts_in(table: pl.DataFrame, column: str) -> pl.Series:
    """A column as text.

    Raises:
        UsageError: it holds lists or structures; the message says what to do.
    """
    values = table[column]
    if values.dtype.is_nested():
        raise UsageError(
            f"{column!r} holds {'structures' if values.dtype == pl.Struct else 'lists'}, and one"
            " address is looked up for each row",
            hint=f"make a row of each first: explode({column!r})",
        )
    return values if values.dtype == pl.String else values.cast(pl.String, strict=False)


def bare_addresses(texts: pl.Series) -> pl.Series:
    """The texts, those that hold an address and a port, or a defanged one, as the address alone.

    Examples:
        >>> bare_addresses(pl.Series(["8.8.8.8:53", "[2001:db8::1]:443", "8[.]8.8.8"])).to_list()
        ['8.8.8.8', '2001:db8::1', '8.8.8.8']
    """
    odd = texts.str.contains(_ODD)
    if not odd.any():
        return texts
    pairs = zip(texts.to_list(), odd.to_list(), strict=True)
    return pl.Series([bare_address(text) if strange else text for text, strange in pairs])


def bare_address(text: str) -> str:
    """The address that a text holds beside a port or defanged; any other text as it is.

    Examples:
        >>> bare_address("203.0.113.9:443"), bare_address("203.0.113.9/32"), bare_address("9:9")
        ('203.0.113.9', '203.0.113.9', '9:9')
    """
    bare = text.strip()
    if parse_address(bare) is not None:
        return text
    found = _WITH_PORT.fullmatch(bare)
    if found is not None:
        bare = found[1] or found[2]
    elif bare.endswith(("/32", "/128")):
        bare = _single(bare)
    else:
        bare = refang(bare)
        found = _WITH_PORT.fullmatch(bare)
        bare = (found[1] or found[2]) if found is not None else bare
    return bare if parse_address(bare) is not None else text


def _single(text: str) -> str:
    """``203.0.113.9`` of ``203.0.113.9/32``; a network stays one."""
    bare, _, size = text.partition("/")
    address = parse_address(bare)
    full = address is not None and size == str(address.max_prefixlen)
    return bare if full else text


def _numbers(text: str) -> tuple[int | None, int | None]:
    try:
        if ":" not in text:
            return int.from_bytes(_bytes_of(_V4, text)), None
        number = int.from_bytes(_bytes_of(_V6, text))
    except (OSError, ValueError):  # ValueError: a NUL or a lone surrogate in it
        return _others(text)
    # A mapped address, 64:ff9b::/96 or 2002::/16 may wrap another; the rest is itself.
    return (None, number) if number >> 112 not in _WRAPPERS else _others(text)


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
