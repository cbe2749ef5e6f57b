"""Records of registries as columns; a record is foreign data: anything may be missing or wrong."""

from collections.abc import Mapping
from typing import Any, Final, TypeGuard

from huntkit.enrich import rdap

NET_FIELDS: Final = (
    "cidr", "name", "handle", "range", "description", "country", "created", "updated",
)  # fmt: skip
_CC: Final = 2


def ip_facts(record: Mapping[str, Any]) -> dict[str, Any]:
    """Of a network, as RDAP tells it."""
    first, last = _text(record, "startAddress"), _text(record, "endAddress")
    return {
        "name": _text(record, "name"),
        "handle": _text(record, "handle"),
        "range": f"{first} - {last}" if first and last else None,
        "cidr": _cidr(record),
        "organisation": rdap.contact(record, ("registrant", "administrative"), "fn"),
        "abuse_email": rdap.contact(record, ("abuse",), "email"),
        "asn_country_code": _country(record.get("country")),
        "asn_registry": _registry(record),
        "asn_date": (rdap.event(record, "registration") or "")[:10] or None,
        "asn_cidr": None,
        "created": rdap.event(record, "registration"),
        "updated": rdap.event(record, "last changed"),
    }


def nets(facts: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The network that the facts of an address tell of, as notebooks know it: a list of one."""
    names = {"description": "organisation", "country": "asn_country_code"}
    net = {field: facts.get(names.get(field, field)) for field in NET_FIELDS}
    return [net] if net["name"] or net["handle"] or net["range"] or net["cidr"] else []


def asn_facts(record: Mapping[str, Any]) -> dict[str, Any]:
    """Of a range of autonomous systems, as RDAP tells it; mostly of one."""
    first, last = record.get("startAutnum"), record.get("endAutnum")
    return {
        "name": _text(record, "name"),
        "handle": _text(record, "handle"),
        "range": f"AS{first} - AS{last}" if _is_number(first) and _is_number(last) else None,
        "organisation": rdap.contact(record, ("registrant", "administrative"), "fn"),
        "abuse_email": rdap.contact(record, ("abuse",), "email"),
        "asn_country_code": _country(record.get("country")),
        "asn_registry": _registry(record),
        "asn_date": (rdap.event(record, "registration") or "")[:10] or None,
        "created": rdap.event(record, "registration"),
        "updated": rdap.event(record, "last changed"),
    }


def name_facts(record: Mapping[str, Any]) -> dict[str, Any]:
    """Of a name, as RDAP tells it."""
    servers = record.get("nameservers")
    names = [_text(s, "ldhName") for s in servers if isinstance(s, dict)] if _many(servers) else []
    states = record.get("status")
    return {
        "registrar": rdap.contact(record, ("registrar",), "fn"),
        "registrant": rdap.contact(record, ("registrant",), "fn"),
        "abuse_email": rdap.contact(record, ("abuse",), "email"),
        "created": rdap.event(record, "registration"),
        "updated": rdap.event(record, "last changed"),
        "expires": rdap.event(record, "expiration"),
        "states": "; ".join(filter(_is_text, states)) or None if _many(states) else None,
        "name_servers": "; ".join(name.lower() for name in names if name) or None,
    }


_WHOIS_FIELDS: Final = {
    "name": ("netname", "asname", "as-name"),
    "handle": ("nethandle", "ashandle", "aut-num"),
    "range": ("inetnum", "netrange", "inet6num"),
    "cidr": ("cidr", "route", "route6"),
    "organisation": ("orgname", "org-name", "organization", "owner", "descr"),
    "abuse_email": ("orgabuseemail", "abuse-mailbox", "registrar abuse contact email"),
    "asn_country_code": ("country",),
    "asn_registry": ("source",),
    "created": ("regdate", "created", "creation date", "registered on"),
    "updated": ("updated", "last-modified", "updated date", "changed"),
    "registrar": ("registrar",),
    "registrant": ("registrant organization", "registrant"),
    "expires": ("registry expiry date", "expiry date", "expires", "paid-till"),
    "name_servers": ("name server", "nserver"),
}


def whois_facts(record: Mapping[str, Any]) -> dict[str, Any]:
    """Of anything, as the old whois tells it: whichever of its many names a field has there."""
    found = {
        column: next((record[name] for name in names if name in record), None)
        for column, names in _WHOIS_FIELDS.items()
    }
    found["asn_country_code"] = _country(found["asn_country_code"])
    return found


def _cidr(record: Mapping[str, Any]) -> str | None:
    listed = record.get("cidr0_cidrs")
    parts = []
    for each in listed if _many(listed) else ():
        prefix = each.get("v4prefix") or each.get("v6prefix") if isinstance(each, dict) else None
        if _is_text(prefix) and isinstance(each.get("length"), int):
            parts.append(f"{prefix}/{each['length']}")
    return "; ".join(parts) or None


def _registry(record: Mapping[str, Any]) -> str | None:
    """``arin`` of ``whois.arin.net``."""
    host = _text(record, "port43") or ""
    labels = host.split(".")
    return labels[-2].lower() if len(labels) > 1 else None


def _country(value: Any) -> str | None:
    return value.upper() if _is_text(value) and len(value) == _CC and value.isalpha() else None


def _text(record: Mapping[str, Any], name: str) -> str | None:
    value = record.get(name)
    return value if isinstance(value, str) and value else None


def _is_text(value: Any) -> TypeGuard[str]:
    return isinstance(value, str) and bool(value)


def _is_number(value: Any) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 32


def _many(value: Any) -> TypeGuard[list[Any]]:
    return isinstance(value, list)
