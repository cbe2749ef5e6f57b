"""Indicators as people give them: refanged, typed, checked, each value once."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import polars as pl

from huntkit.core.errors import UsageError
from huntkit.entities.indicators import (
    check_ioc_type,
    flaw,
    indicator_scope,
    normal_form,
    refang,
    url_host,
)
from huntkit.tables import kind_of, to_polars

# In this order a text is the first of these that it can be.
_TRIED: Final = (
    "ipv4", "ipv6", "cidr", "url", "email", "sha256_hash", "sha1_hash", "md5_hash", "sha512_hash",
    "cve", "asn", "dns", "windows_path", "linux_path",
)  # fmt: skip
_SHORT: Final = {
    "ip": "ipv4", "hostname": "dns", "host": "dns", "domain": "dns", "fqdn": "dns",
    "md5": "md5_hash", "sha1": "sha1_hash", "sha256": "sha256_hash", "sha512": "sha512_hash",
    "file_hash": "", "file": "", "ip_address": "ipv4",  # the last two as VirusTotal says
}  # fmt: skip
# Names that mean something inside only: RFC 6761, 6762 and 8375, ICANN's decision on .internal, and
# those that ICANN never gives away since networks use them by themselves.
_INSIDE: Final = (
    ".local", ".localhost", ".localdomain", ".internal", ".intranet", ".private", ".lan", ".home",
    ".corp", ".home.arpa",
)  # fmt: skip
_PORT: Final = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^:/@\s]+):\d{1,5}")
_NAME: Final = re.compile(r"(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9])?\.){1,20}[a-z]{2,24}")
_OF_HOSTS: Final = ("ip", "ipv4", "ipv6", "ip_address", "dns", "domain", "host", "hostname", "fqdn")
_PUBLIC: Final = frozenset({"", "public"})
_COLUMNS: Final = ("Observable", "Ioc", "ioc", "observable", "Indicator", "indicator")
_TYPE_COLUMNS: Final = ("IoCType", "IocType", "ioc_type", "iocType")

Problem = Literal["", "bad input", "refused"]


@dataclass(frozen=True, slots=True)
class Item:
    """One indicator that is looked up.

    Attributes:
        given: as it came.
        value: its normal form; empty where it has none.
        ioc_type: its type; ``unknown`` where nothing fits.
        problem: why nobody is asked: ``bad input`` or ``refused``; empty where it may be asked.
        reason: the same in words.
        internal: it is private or internal; providers inside the organisation may be asked.
        tlp: how far it may be told, from 0 (clear) to 4 (red).
    """

    given: str
    value: str
    ioc_type: str
    problem: Problem = ""
    reason: str = ""
    internal: bool = False
    tlp: int = 0


TLP: Final = {"clear": 0, "white": 0, "green": 1, "amber": 2, "amber+strict": 3, "red": 4}
"""The levels of the Traffic Light Protocol 2.0 (FIRST), by how far they forbid to tell."""


def tlp_level(word: str | None) -> int:
    """The level of a TLP word; ``TLP:AMBER`` and ``amber`` are the same, nothing is clear.

    Raises:
        UsageError: it is none of them.
    """
    if word is None or not word.strip():
        return 0
    plain = word.strip().casefold().removeprefix("tlp:").strip()
    if plain not in TLP:
        raise UsageError(
            f"{word[:40]!r} is no level of TLP", hint="clear, green, amber, amber+strict, red"
        )
    return TLP[plain]


def known_type(word: str) -> str:
    """The type of indicators that people call by that word.

    Raises:
        UsageError: there is none, with the nearest.

    Examples:
        >>> known_type("domain"), known_type("sha256"), known_type("url")
        ('dns', 'sha256_hash', 'url')
    """
    return check_ioc_type(_SHORT.get(word.casefold(), "") or word)


def item_of(
    given: object,
    ioc_type: str | None = None,
    *,
    internal_suffixes: Iterable[str] = (),
    tlp: int = 0,
) -> Item:
    """One value as an indicator.

    Examples:
        >>> item_of("hxxp://evil[.]example[.]com/a").value
        'http://evil.example.com/a'
        >>> item_of("10.0.0.1").reason
        'a private address stays here'
        >>> item_of("999.1.1.1", "ipv4").problem
        'bad input'
    """
    if not isinstance(given, str) or not given.strip():
        text = "" if given is None else str(given)
        return Item(text, "", "unknown", "bad input", "there is no text")
    plain = refang(given.strip())
    if ioc_type is None or ioc_type.casefold() in _OF_HOSTS:
        plain = _without_port(plain)
    named = _SHORT.get(ioc_type.casefold(), ioc_type) if ioc_type else None
    if named == "ipv4" and ":" in plain:
        named = "ipv6"
    suffixes = (*map(".".__add__, internal_suffixes), *_INSIDE)
    name = plain.casefold().strip(".")
    if named in (None, "dns") and (own := _inside(name, suffixes)):
        why = f"names under {own} are internal"  # their top-level domains are none outside
        return Item(given, name, "dns", "refused", why, internal=True, tlp=tlp)
    if named:
        kind = check_ioc_type(named)
        value = normal_form(kind, plain)
        if value is None:
            return Item(given, "", kind, "bad input", flaw(kind, plain))
    else:
        found = next(
            ((k, v) for k in _TRIED if (v := normal_form(k, plain)) is not None), ("unknown", None)
        )
        kind, value = found
        if value is None:
            return Item(given, "", "unknown", "bad input", "it is no indicator of a known type")
        if named == "" and ioc_type and not kind.endswith("_hash"):
            return Item(given, "", "unknown", "bad input", "it is no hash of a file")
    why = _internal(kind, value, suffixes)
    if why:
        return Item(given, value, kind, "refused", why, internal=True, tlp=tlp)
    return Item(given, value, kind, tlp=tlp)


def _without_port(text: str) -> str:
    """An address or a name without the port that logs write behind it."""
    found = _PORT.fullmatch(text)
    if found is None:
        return text
    host = found[1].strip("[]")
    return host if any(normal_form(kind, host) for kind in ("ipv4", "ipv6", "dns")) else text


def _internal(kind: str, value: str, suffixes: tuple[str, ...]) -> str:
    """Why the indicator is nobody else's business; empty where it is not."""
    scope = indicator_scope(kind, value)
    if scope not in _PUBLIC:
        article = "an" if scope[0] in "aeiou" else "a"
        return f"{article} {scope} address stays here"
    host = value
    if kind == "url":
        host = url_host(value)
    elif kind == "email":
        host = value.rpartition("@")[2]
    elif kind != "dns":
        return ""
    if kind == "url" and _has_password(value):
        return "it holds a password; look its host up"
    scope = _reverse_scope(host)
    if scope not in _PUBLIC:
        return f"it is the reverse name of a {scope} address"
    if own := _suffix(host, suffixes):
        return f"names under {own} are internal"
    if "." not in host.strip("."):
        return "a name without a domain is internal"
    return ""


def _inside(name: str, suffixes: tuple[str, ...]) -> str:
    """The internal suffix of a name; empty where it has none, or is no name."""
    own = _suffix(name, suffixes)
    return own if own and _NAME.fullmatch(name) else ""


def _suffix(host: str, suffixes: tuple[str, ...]) -> str:
    """The suffix, given with its dot, that a host has or is; empty where there is none."""
    dotted = "." + host
    if not dotted.endswith(suffixes):
        return ""
    return next(each for each in suffixes if dotted.endswith(each)).removeprefix(".")


def _has_password(url: str) -> bool:
    who, at, _ = url.partition("://")[2].partition("/")[0].rpartition("@")
    return bool(at) and ":" in who and not who.endswith(":")


def _reverse_scope(host: str) -> str:
    """The scope of the address, or of the network, that a reverse name stands for.

    Examples:
        >>> _reverse_scope("1.0.168.192.in-addr.arpa"), _reverse_scope("168.192.in-addr.arpa")
        ('private', 'private')
        >>> _reverse_scope("8.8.8.8.in-addr.arpa"), _reverse_scope("evil.example.com")
        ('public', '')
    """
    labels = host.split(".")
    parts = labels[-3::-1]
    if labels[-2:] == ["in-addr", "arpa"]:
        text = ".".join([*parts, "0", "0", "0", "0"][:4])
        return indicator_scope("ipv4", text) if normal_form("ipv4", text) else ""
    if labels[-2:] == ["ip6", "arpa"]:
        digits = "".join(parts).ljust(32, "0")[:32]
        text = ":".join(digits[at : at + 4] for at in range(0, 32, 4))
        value = normal_form("ipv6", text)
        return indicator_scope("ipv6", value) if value else ""
    return ""


def items_of(
    data: Any,
    column: str | None = None,
    type_column: str | None = None,
    *,
    ioc_type: str | None = None,
    tlp: str | None = None,
    tlp_column: str | None = None,
    internal_suffixes: Iterable[str] = (),
) -> list[Item]:
    """The indicators in a frame's column, a dict of value to type, an iterable, or one text.

    Each value is there once, in order of appearance. In a frame the columns ``Observable`` and
    ``IoCType``, as `iocs` gives them, are found by themselves.

    Raises:
        UsageError: the frame has no such column, or a level of TLP is none.
    """
    suffixes = tuple(each.strip(".").casefold() for each in internal_suffixes)
    found: dict[tuple[str, str | None], Item] = {}
    for value, kind, word in given_values(data, column, type_column, tlp_column):
        key = (value if isinstance(value, str) else repr(value), kind or ioc_type)
        level = max(tlp_level(word), tlp_level(tlp))
        known = found.get(key)
        if known is None or known.tlp < level:  # the strictest level of a value counts
            made = item_of(value, key[1], internal_suffixes=suffixes, tlp=level)
            found[key] = made
    return list(found.values())


def given_values(
    data: Any,
    column: str | None,
    type_column: str | None,
    tlp_column: str | None,
    *,
    columns: Sequence[str] = _COLUMNS,
    type_columns: Sequence[str] = _TYPE_COLUMNS,
) -> Iterable[tuple[object, str | None, str | None]]:
    """Every value with its type and its level of TLP, as far as they are said.

    Raises:
        UsageError: the frame has no such column.
    """
    if isinstance(data, str):
        return [(data, None, None)]
    if isinstance(data, Mapping):
        return [(value, kind, None) for value, kind in data.items()]
    if _is_frame(data):
        frame = to_polars(data)
        column = column or next((name for name in columns if name in frame.columns), None)
        kinds = type_column or next((n for n in type_columns if n in frame.columns), None)
        return _in_frame(frame, column, kinds, tlp_column)
    if not isinstance(data, Iterable) or isinstance(data, bytes):
        raise UsageError(
            f"{type(data).__name__} holds no indicators",
            hint="a frame, a list, a dict of value to type, or one text",
        )
    return [(value, None, None) for value in data]


def _is_frame(data: Any) -> bool:
    try:
        kind_of(data)
    except (TypeError, ValueError):
        return False
    return True


def _in_frame(
    frame: pl.DataFrame, column: str | None, type_column: str | None, tlp_column: str | None
) -> Iterable[tuple[object, str | None, str | None]]:
    if column is None and len(frame.columns) == 1:
        column = frame.columns[0]
    if column is None:
        raise UsageError("which column holds the indicators?", hint="name it with ioc_col=")
    wanted = [name for name in (column, type_column, tlp_column) if name is not None]
    for name in wanted:
        if name not in frame.columns:
            raise UsageError(f"there is no column {name!r}", hint=f"it has: {frame.columns[:20]}")
    nothing = [None] * frame.height
    return zip(
        frame[column].to_list(),
        frame[type_column].cast(pl.String).to_list() if type_column is not None else nothing,
        frame[tlp_column].cast(pl.String).to_list() if tlp_column is not None else nothing,
        strict=True,
    )
