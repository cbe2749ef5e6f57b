"""Values of one's own world as people give them: typed, checked, each once.

Anything may be told here: private addresses and internal names are what context is about. What a
value may hold is narrow on purpose, since names of hosts and users in logs are somebody else's
text.
"""

import re
from collections.abc import Callable, Iterable
from typing import Any, Final

from huntkit.core.errors import UsageError, did_you_mean
from huntkit.enrich.azure.management import resource_parts
from huntkit.enrich.ti.inputs import Item, given_values, tlp_level
from huntkit.entities.addresses import address_text, parse_address
from huntkit.entities.indicators import refang

_ALIASES: Final = {
    "ip": "ipv4", "ip_address": "ipv4", "ipaddress": "ipv4",
    "host": "hostname", "dns": "hostname", "fqdn": "hostname", "domain": "hostname",
    "computer": "hostname", "machine": "hostname", "device": "hostname",
    "account": "user", "username": "user", "user_name": "user",
    "mail": "email", "upn": "email", "serial": "serial_number", "resource": "resource_id",
}  # fmt: skip

# As DNS and Windows allow; Windows has names with underscores, too.
_LABEL: Final = re.compile(r"\w(?:[\w-]{0,61}\w)?")
_LOCAL: Final = re.compile(r"[\w.!#$%&'*+/?{|}~-]{1,64}")  # without ^ = ` of RFC 5322: see below
# The letters that names of accounts can't have in Windows are left out, as are those that mean
# something in a service's own language of queries: ^ = , : and quotes.
_ACCOUNT: Final = r"[\w.@$&~!#%{}()+-](?:[\w.@$ &~!#%{}()+-]{0,126}[\w.@$&~!#%{}()+-])?"
_USER: Final = re.compile(rf"(?:[\w.-]{{1,64}}\\)?{_ACCOUNT}")
_SERIAL: Final = re.compile(r"[\w.#+/()-](?:[\w .#+/()-]{0,126}[\w.#+/()-])?")
_SYS_ID: Final = re.compile(r"[0-9a-f]{32}")
_LONGEST_ID: Final = 2048
_INSIDE: Final = "values of one's own world stay inside"


def _address(text: str, version: int) -> str | None:
    found = parse_address(text.partition("%")[0])  # a zone means something on its host only
    return None if found is None or found.version != version else address_text(found)


def _hostname(text: str) -> str | None:
    """A name, or that of a machine's account: ``WEB01$`` of a domain is the host ``web01``."""
    if text.endswith("$"):
        text = text[:-1].rpartition("\\")[2]
    name = text.removesuffix(".").lower()
    labels = name.split(".")
    plain = len(name) <= 253 and all(_LABEL.fullmatch(each) for each in labels)
    return name if plain and not labels[-1].isdecimal() else None


def _email(text: str) -> str | None:
    local, at, host = text.rpartition("@")
    name = _hostname(host) if at and not host.endswith("$") else None
    return f"{local.lower()}@{name}" if name and _LOCAL.fullmatch(local) else None


def _user(text: str) -> str | None:
    return text.lower() if _USER.fullmatch(text) else None


def _serial(text: str) -> str | None:
    return text if _SERIAL.fullmatch(text) else None


def _sys_id(text: str) -> str | None:
    return text.lower() if _SYS_ID.fullmatch(text.lower()) else None


def _resource(text: str) -> str | None:
    try:
        resource_parts(text)
    except UsageError:
        return None
    plain = "/" + text.strip("/").lower()
    return plain if len(plain) <= _LONGEST_ID and not set(plain) & set("'\"^\\") else None


_NORMAL: Final[dict[str, Callable[[str], str | None]]] = {
    "ipv4": lambda text: _address(text, 4),
    "ipv6": lambda text: _address(text, 6),
    "resource_id": _resource,
    "email": _email,
    "sys_id": _sys_id,
    "hostname": _hostname,
    "user": _user,
    "serial_number": _serial,
}
CONTEXT_TYPES: Final = tuple(_NORMAL)
"""The types of values; a text without a type is the first of these that it can be, but for the
last two: a word may be anything, and is taken for the name of a host."""

_COLUMNS: Final = ("Observable", "observable", "Ioc", "Entity")
_TYPE_COLUMNS: Final = ("ObservableType", "observable_type", "IoCType", "IocType")


def check_context_type(name: str) -> str:
    """The type of that name, or of one of its other names.

    Raises:
        UsageError: there is none.

    Examples:
        >>> check_context_type("host"), check_context_type("serial")
        ('hostname', 'serial_number')
    """
    plain = name.strip().casefold()
    found = _ALIASES.get(plain, plain)
    if found not in _NORMAL:
        raise UsageError(
            f"there is no type of value {name[:40]!r}",
            hint=did_you_mean(plain, [*CONTEXT_TYPES, *_ALIASES])
            or f"known types: {', '.join(CONTEXT_TYPES)}",
        )
    return found


def context_item(given: object, value_type: str | None = None, *, tlp: int = 0) -> Item:
    r"""One value, ready to be asked about.

    Examples:
        >>> context_item(r"CORP\WEB01$").value, context_item("10[.]0[.]0[.]1").ioc_type
        ('web01', 'ipv4')
        >>> context_item(r"CORP\jdoe").ioc_type, context_item("jdoe", "user").value
        ('user', 'jdoe')
        >>> context_item("web01^ORnameISNOTEMPTY").problem
        'bad input'
    """
    kind = check_context_type(value_type) if value_type else None
    if not isinstance(given, str) or not given.strip():
        text = "" if given is None else str(given)
        return Item(text, "", kind or "unknown", "bad input", "there is no text")
    text = given.strip()
    plain = refang(text) if kind in (None, "ipv4", "ipv6", "email", "hostname") else text
    if kind == "ipv4" and ":" in plain:
        kind = "ipv6"
    if kind is None:
        kind = next((each for each in _guesses(plain) if _NORMAL[each](plain) is not None), None)
    if kind is None:
        return Item(given, "", "unknown", "bad input", "it is no value of a known type")
    value = _NORMAL[kind](plain)
    if value is None:
        article = "an" if kind[0] in "aeiou" else "a"
        return Item(given, "", kind, "bad input", f"that can't be {article} {kind}")
    # Every value is one's own: the kernel asks nobody about it who is outside.
    return Item(given, value, kind, "refused", _INSIDE, internal=True, tlp=tlp)


def _guesses(text: str) -> tuple[str, ...]:
    machine = text.endswith("$")
    if "\\" in text and not machine:
        return ("user",)
    return CONTEXT_TYPES[:-2]


def context_items(
    data: Any,
    column: str | None = None,
    type_column: str | None = None,
    *,
    value_type: str | None = None,
    tlp: str | None = None,
    tlp_column: str | None = None,
) -> list[Item]:
    """The values in a frame's column, a dict of value to type, an iterable, or one text.

    Each value is there once, in order of appearance, with the strictest of its levels of TLP.

    Raises:
        UsageError: the frame has no such column; no such type or level of TLP.
    """
    found: dict[tuple[str, str | None], Item] = {}
    names: Iterable[tuple[object, str | None, str | None]] = given_values(
        data, column, type_column, tlp_column, columns=_COLUMNS, type_columns=_TYPE_COLUMNS
    )
    for value, kind, word in names:
        key = (value if isinstance(value, str) else repr(value), kind or value_type)
        level = max(tlp_level(word), tlp_level(tlp))
        known = found.get(key)
        if known is None or known.tlp < level:
            found[key] = context_item(value, key[1], tlp=level)
    return list(found.values())
