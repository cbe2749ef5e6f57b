"""Rows of ServiceNow: how a value is asked for, which rows say it, and what they say.

A condition on a column that a table lacks is silently dropped by ServiceNow, which then gives all
rows ("glide.invalid_query.returns_no_rows" of its documentation); so every row is compared with
what was asked.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from huntkit.enrich.context.encoded_query import Condition
from huntkit.enrich.context.host_names import host_matched, spellings
from huntkit.enrich.ti.provider import Lookup
from huntkit.entities.addresses import parse_address

ASKED: Final[Mapping[str, Sequence[str]]] = {
    "ipv4": ("ip_address",),
    "ipv6": ("ip_address",),
    "hostname": ("name", "host_name", "fqdn"),
    "serial_number": ("serial_number",),
    "user": ("user_name",),
    "email": ("email", "user_name"),
    "sys_id": ("sys_id",),
}
"""The columns that say a value, by its type."""

TIMES: Final = ("last_discovered", "last_login_time", "sys_created_on", "sys_updated_on")
_BETWEEN: Final = re.compile(r"[\s,;]+")

Row = Mapping[str, Any]


def conditions(lookup: Lookup, table: str) -> list[Condition]:
    """What is asked for a value: all the ways in which it may be written there."""
    value, columns = lookup.value, ASKED[lookup.ioc_type]
    address = parse_address(value) if lookup.ioc_type in ("ipv4", "ipv6") else None
    if address is not None:  # one column holds several, with commas between
        written = dict.fromkeys([value, address.exploded])
        return [Condition("ip_address", "LIKE", each) for each in written]
    if lookup.ioc_type == "hostname":
        # The table of everything has no host_name; those of computers do.
        columns = [name for name in columns if name != "host_name" or table != "cmdb_ci"]
        found = [Condition(name, "=", each) for name in columns for each in spellings(value)]
        full = () if "." in value else ("name", "fqdn")
        return [*found, *(Condition(name, "STARTSWITH", f"{value}.") for name in full)]
    return [Condition(name, "=", _plain(lookup)) for name in columns]


def _plain(lookup: Lookup) -> str:
    """A user's name without the domain, which ServiceNow does not hold."""
    return lookup.value.rpartition("\\")[2] if lookup.ioc_type == "user" else lookup.value


def fulfils(row: Row, asked: Sequence[Condition]) -> bool:
    """Whether a row fulfils one of the conditions."""
    return any(each.holds(raw(row, each.column)) for each in asked)


def matched(row: Row, lookup: Lookup) -> str:
    """The column that says the value itself, in words; empty where none does."""
    value = lookup.value
    if lookup.ioc_type in ("ipv4", "ipv6"):
        asked = parse_address(value)
        given = _BETWEEN.split(raw(row, "ip_address"))
        return "ip_address" if any(asked == parse_address(each) for each in given if each) else ""
    if lookup.ioc_type == "hostname":
        names = {name: raw(row, name) for name in ("name", "host_name", "fqdn")}
        return host_matched(value, names, raw(row, "dns_domain"))
    wanted = _plain(lookup).casefold()
    for name in ASKED[lookup.ioc_type]:
        if raw(row, name).strip().casefold() == wanted:
            cut = lookup.ioc_type == "user" and "\\" in value
            return f"{name}, whatever the domain" if cut else name
    return ""


def card(row: Row, columns: Sequence[str]) -> dict[str, Any]:
    """What a row says, as people read it."""
    told: dict[str, Any] = {}
    for name in columns:
        text = raw(row, name) if name in TIMES or name == "sys_id" else _shown(row, name)
        if text.strip():
            told[name] = f"{text.strip().replace(' ', 'T')}Z" if name in TIMES else text
    return told


def raw(row: Row, name: str) -> str:
    """A column's value as it is stored; empty where there is none."""
    return _text(row.get(name), "value")


def _shown(row: Row, name: str) -> str:
    """A column's value as people read it, such as the name of who a reference is to."""
    return _text(row.get(name), "display_value") or raw(row, name)


def _text(value: Any, which: str) -> str:
    if isinstance(value, Mapping):
        value = value.get(which)
    return "" if value is None or isinstance(value, Mapping | list) else str(value)
