"""Network addresses."""

import ipaddress
import re
from collections.abc import Iterable
from functools import lru_cache

from huntkit.kql.language.emit.base import Emitter
from huntkit.kql.language.emit.duckdb.dynamic import joined
from huntkit.kql.language.emit.duckdb.registry import as_json, primitive, python, use
from huntkit.kql.language.emit.duckdb.values import dump, load
from huntkit.kql.language.emit.sql import Sql, call
from huntkit.kql.language.errors import KqlUnsupported
from huntkit.kql.language.plan import Fn

_QUAD = re.compile(r"([0-9]{1,3})\.([0-9]{1,3})\.([0-9]{1,3})\.([0-9]{1,3})(?:/([0-9]{1,2}))?")


@lru_cache(maxsize=65536)
def quad(value: str) -> tuple[int, int] | None:
    """An IPv4 address and its prefix length (32 where not written)."""
    match = _QUAD.fullmatch(value.strip())
    if not match:
        return None
    *parts, prefix = match.groups()
    numbers = [int(each) for each in parts]
    length = 32 if prefix is None else int(prefix)
    if max(numbers) > 255 or length > 32:
        return None
    return int.from_bytes(bytes(numbers), "big"), length


def _masked(address: int, length: int, bits: int = 32) -> int:
    return address >> (bits - length) << (bits - length)


@python("parse_ipv4", "V", "L")
def _parse_ipv4(value: str | None) -> int | None:
    found = quad(value or "")
    return None if found is None else _masked(*found)


@python("parse_ipv4_mask", "VL", "L")
def _parse_ipv4_mask(value: str | None, length: int | None) -> int | None:
    found = quad(value or "")
    if found is None or length is None or not 0 <= length <= 32:
        return None
    return _masked(found[0], min(length, found[1]))


_PRIVATE = [(0x0A000000, 8), (0xAC100000, 12), (0xC0A80000, 16)]


@python("ipv4_is_private", "V", "B")
def _is_private(value: str | None) -> bool | None:
    found = quad(value or "")
    if found is None:
        return None
    return any(
        _masked(found[0], length) == base and found[1] >= length for base, length in _PRIVATE
    )


def _compare(a: str | None, b: str | None, length: int | None) -> int | None:
    one, two = quad(a or ""), quad(b or "")
    if one is None or two is None or (length is not None and not 0 <= length <= 32):
        return None
    shortest = min(one[1], two[1], 32 if length is None else length)
    x, y = _masked(one[0], shortest), _masked(two[0], shortest)
    return (x > y) - (x < y)


python("ipv4_compare", "VVL", "L")(_compare)


@python("ipv4_is_match", "VVL", "B")
def _is_match(a: str | None, b: str | None, length: int | None) -> bool | None:
    found = _compare(a, b, length)
    return None if found is None else found == 0


@python("ipv4_is_in_range", "VV", "B")
def in_range(value: str | None, network: str | None) -> bool | None:
    """Whether an address is in a network; null where one is none."""
    one, two = quad(value or ""), quad(network or "")
    if one is None or two is None:
        return None
    return one[1] >= two[1] and _masked(one[0], two[1]) == _masked(*two)


@python("ipv4_is_in_any_range_array", "VV", "B")
def _in_any_range(value: str | None, networks: str | None) -> bool | None:
    listed = load(networks)
    if quad(value or "") is None or listed is None:
        return None
    items = listed if isinstance(listed, list) else [listed]
    return any(in_range(value, each) for each in items if isinstance(each, str))


@python("ipv4_netmask_suffix", "V", "L")
def _suffix(value: str | None) -> int | None:
    found = quad(value or "")
    return None if found is None else found[1]


@python("ipv4_range_to_cidr_list", "VV", "V")
def _cidrs(first: str | None, last: str | None) -> str | None:
    one, two = quad(first or ""), quad(last or "")
    if one is None or two is None or one[0] > two[0]:
        return None
    networks = ipaddress.summarize_address_range(
        ipaddress.IPv4Address(one[0]), ipaddress.IPv4Address(two[0])
    )
    return dump([str(each) for each in networks])


def _address(value: str | None) -> tuple[int, int] | None:
    given = load(value)
    if isinstance(given, int) and 0 <= given < 2**32:
        return given, 32
    return quad(given) if isinstance(given, str) else None


@python("format_ipv4", "JL", "V")
def _format(value: str | None, length: int | None) -> str:
    found = _address(value)
    if found is None or (length is not None and not 0 <= length <= 32):
        return ""
    shortest = min(found[1], 32 if length is None else length)
    return str(ipaddress.IPv4Address(_masked(found[0], shortest)))


@python("format_ipv4_mask", "JL", "V")
def _format_mask(value: str | None, length: int | None) -> str:
    found = _address(value)
    if found is None or (length is not None and not 0 <= length <= 32):
        return ""
    shortest = min(found[1], 32 if length is None else length)
    return f"{ipaddress.IPv4Address(_masked(found[0], shortest))}/{shortest}"


# --- addresses inside text ----------------------------------------------------------------------


def _found_in(value: str | None) -> list[str]:
    matches = re.finditer(
        r"(?<![0-9A-Za-z.])[0-9]{1,3}(?:\.[0-9]{1,3}){3}(?![0-9A-Za-z.])", value or ""
    )
    return [each.group() for each in matches if quad(each.group())]


@python("has_any_ipv4_array", "VV", "B")
def _has_any(value: str | None, wanted: str | None) -> bool:
    given = load(wanted)
    items = given if isinstance(given, list) else [given]
    sought = {found for each in items if isinstance(each, str) and (found := quad(each))}
    return any(quad(each) in sought for each in _found_in(value))


@python("has_any_ipv4_prefix_array", "VV", "B")
def _has_any_prefix(value: str | None, wanted: str | None) -> bool:
    given = load(wanted)
    items = [
        each for each in (given if isinstance(given, list) else [given]) if isinstance(each, str)
    ]
    return any(_starts(each, prefix) for each in _found_in(value) for prefix in items)


def _starts(address: str, prefix: str) -> bool:
    if not prefix.endswith("."):
        return quad(prefix) is not None and address == prefix
    return address.startswith(prefix)


def _listed(name: str) -> None:
    def build(emitter: Emitter, node: Fn, args: list[Sql]) -> Sql:
        return use(emitter, f"{name}_array", args[0], joined(emitter, node.args[1:], args[1:]))

    primitive(name)(build)


def _as_any(name: str, many: str) -> None:
    def build(emitter: Emitter, node: Fn, args: list[Sql]) -> Sql:
        return use(emitter, many, args[0], as_json(emitter, node.args[1].type, args[1]))

    primitive(name)(build)


for _name in (
    "ipv4_is_in_any_range",
    "has_any_ipv4",
    "has_any_ipv4_prefix",
    "ipv6_is_in_any_range",
):
    _listed(_name)
_as_any("has_ipv4", "has_any_ipv4_array")
_as_any("has_ipv4_prefix", "has_any_ipv4_prefix_array")

# --- IPv6 ---------------------------------------------------------------------------------------


@lru_cache(maxsize=65536)
def six(value: str) -> tuple[int, int] | None:
    """An IPv6 or (mapped) IPv4 address and its prefix length of 128."""
    if (four := quad(value)) is not None:
        return (0xFFFF << 32) | four[0], four[1] + 96
    text, _, prefix = value.strip().partition("/")
    if "%" in text or (prefix and not (prefix.isascii() and prefix.isdigit())):
        return None
    try:
        address = int(ipaddress.IPv6Address(text))
    except ValueError:
        return None
    length = int(prefix) if prefix else 128
    if "." in text and address < 1 << 32:  # ::1.2.3.4 is the address 1.2.3.4
        address |= 0xFFFF << 32
        length = min(length + 96, 128) if prefix else length
    return (address, length) if length <= 128 else None


def _full(found: tuple[int, int], length: int) -> str:
    return ipaddress.IPv6Address(_masked(found[0], length, 128)).exploded


@python("parse_ipv6", "V", "V")
def _parse_ipv6(value: str | None) -> str:
    found = six(value or "")
    return "" if found is None else _full(found, found[1])


@python("parse_ipv6_mask", "VL", "V")
def _parse_ipv6_mask(value: str | None, length: int | None) -> str:
    found = six(value or "")
    if found is None or length is None or not 0 <= length <= 128:
        return ""
    return _full(found, min(length, found[1]))


def _compare6(a: str | None, b: str | None, length: int | None) -> int | None:
    one, two = six(a or ""), six(b or "")
    if one is None or two is None or (length is not None and not 0 <= length <= 128):
        return None
    shortest = min(one[1], two[1], 128 if length is None else length)
    x, y = _masked(one[0], shortest, 128), _masked(two[0], shortest, 128)
    return (x > y) - (x < y)


python("ipv6_compare", "VVL", "L")(_compare6)


@python("ipv6_is_match", "VVL", "B")
def _is_match6(a: str | None, b: str | None, length: int | None) -> bool | None:
    found = _compare6(a, b, length)
    return None if found is None else found == 0


def _in_range6(value: str | None, network: str | None) -> bool | None:
    one, two = six(value or ""), six(network or "")
    if one is None or two is None:
        return None
    return one[1] >= two[1] and _masked(one[0], two[1], 128) == _masked(*two, 128)


python("ipv6_is_in_range", "VV", "B")(_in_range6)


@python("ipv6_is_in_any_range_array", "VV", "B")
def _in_any_range6(value: str | None, networks: str | None) -> bool | None:
    listed = load(networks)
    if six(value or "") is None or listed is None:
        return None
    items: Iterable[object] = listed if isinstance(listed, list) else [listed]
    return any(_in_range6(value, each) for each in items if isinstance(each, str))


@primitive("geo_info_from_ip_address")
def _geo(emitter: Emitter, _n: Fn, args: list[Sql]) -> Sql:
    if not getattr(emitter, "geo", False):
        raise KqlUnsupported(
            "geo_info_from_ip_address without a local database",
            hint="name one: geo=huntkit.enrich.GeoDatabases('GeoLite2-City.mmdb')",
        )
    emitter.needs.add(GEO)
    return call(GEO, *args)


GEO = "py_geo_info"  # made for each connection, from what the caller passes
