"""Single values: what a field of a record becomes in a typed column.

Everything here takes any value that JSON, XML or a binary log can hold and never raises.
"""

import ipaddress
import json
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import orjson

from huntkit.entities.addresses import address_scope, parse_address

_INT64 = 1 << 63
_HEX = re.compile(r"[+-]?0[xX][0-9a-fA-F]{1,16}\Z")
_DECIMAL = re.compile(r"[+-]?[0-9]{1,19}\Z")
_HASH = re.compile(r"([A-Za-z0-9]+)=([0-9A-Fa-f]{16,128})")
_TEXTS = frozenset({str, type(None)})
_MEMO_LIMIT = 4_000  # what repeats is soon there again; a large one is as cold as the work is slow


class Memo(dict[Any, Any]):
    """Remember what a function made of a text; logs repeat the same few texts.

    Texts, None and tuples are kept, numbers only if asked (``True`` and ``1`` share an answer).
    A list or an object as key raises TypeError; `each` takes those, too.
    """

    __slots__ = ("limit", "numbers", "work")

    def __init__(
        self, work: Callable[[Any], Any], *, limit: int = _MEMO_LIMIT, numbers: bool = False
    ) -> None:
        super().__init__()
        self.numbers = numbers
        self.work = work
        self.limit = limit

    def __missing__(self, key: object) -> object:
        value = self.work(key)
        kind = type(key)
        if (
            (kind is str and len(key) < 2_000)  # type: ignore[arg-type]
            or key is None
            or kind is tuple
            or (self.numbers and kind is int)
        ):
            if len(self) >= self.limit:
                self.clear()
            self[key] = value
        return value

    def each(self, values: Sequence[Any]) -> list[Any]:
        """What the function makes of each of these, lists and objects among them."""
        try:
            return [self[value] for value in values]
        except TypeError:
            return list(map(self.work, values))


def rows_of(lists: Iterable[Sequence[Any]], write: Callable[[Any], Any]) -> list[Any]:
    """What a function makes of each row of columns, once for equal rows.

    ``True``, ``1`` and ``1.0`` are equal and not the same: where a column mixes them, every row
    is asked.
    """
    columns = list(lists)
    rows = list(zip(*columns, strict=True))
    for values in columns:
        kinds = set(map(type, values)) - _TEXTS
        if float in kinds or len(kinds) > 1:
            return list(map(write, rows))
    return Memo(write, limit=5_000).each(rows)


def to_json(value: object) -> str:
    """JSON text of anything; what JSON can't say is written as text."""
    try:
        return orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS).decode()
    except (TypeError, ValueError, RecursionError):
        try:
            loose = json.dumps(value, default=str, ensure_ascii=False, skipkeys=True)
        except (TypeError, ValueError, RecursionError):
            return '"not representable"'
        return whole(loose)


def json_bags(names: Sequence[str], lists: Sequence[Sequence[Any]]) -> list[str | None]:
    """One JSON object a row out of columns, of its filled values; None where none is filled."""

    def write(values: Sequence[Any]) -> str | None:
        bag = {
            name: value
            for name, value in zip(names, values, strict=True)
            if value is not None and value != "" and value != "-"
        }
        return to_json(bag) if bag else None

    return rows_of(lists, write)


def whole(value: str) -> str:
    """The text with lone surrogates replaced, so that it can be stored as UTF-8."""
    return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def to_text(value: object) -> str | None:
    """Text of anything: JSON's words for numbers and truth, JSON for lists and objects."""
    if value is None:
        return None
    if isinstance(value, str):
        return whole(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        try:
            return str(value)
        except ValueError:  # more than 4300 digits
            return hex(value)
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return to_json(value)


def filled(value: object) -> object:
    """The value, or None for what Windows writes where it has nothing to say."""
    return None if value is None or value == "" or value == "-" else value


def dash(value: object) -> str | None:
    """Text, with Windows' ``-`` for nothing as nothing."""
    return None if value == "-" else to_text(value)


def to_int(value: object) -> int | None:
    """A 64-bit integer from decimal or ``0x`` text, or None.

    Examples:
        >>> to_int("0x1968"), to_int("-5"), to_int("12 apples")
        (6504, -5, None)
    """
    number: int
    if isinstance(value, int):
        number = int(value)
    elif isinstance(value, str):
        text = value.strip()
        if _DECIMAL.match(text):
            number = int(text)
        elif _HEX.match(text):
            number = int(text, 16)
        else:
            whole_number, dot, rest = text.partition(".")
            if not (dot and not rest.strip("0") and _DECIMAL.match(whole_number)):
                return None
            number = int(whole_number)
    elif isinstance(value, float):
        if value != value or value in (float("inf"), float("-inf")) or value != int(value):
            return None
        number = int(value)
    elif isinstance(value, dict):
        return to_int(value.get("#text"))
    else:
        return None
    return number if -_INT64 <= number < _INT64 else None


def to_bool(value: object) -> bool | None:
    """True or false from their words, or None."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        return {0: False, 1: True}.get(value)
    if isinstance(value, str):
        return {"true": True, "false": False, "1": True, "0": False}.get(value.strip().lower())
    return None


def to_float(value: object) -> float | None:
    """A number, or None."""
    if isinstance(value, int | float | str):
        try:
            return float(value)
        except (ValueError, OverflowError):
            return None
    return None


def basename(value: object) -> str | None:
    r"""The last part of a Windows or POSIX path.

    Examples:
        >>> basename("C:\\Windows\\explorer.exe"), basename("/bin/dd")
        ('explorer.exe', 'dd')
    """
    text = dash(value)
    if not text:
        return text
    return (
        text.rpartition("\\")[2]
        if "\\" in text and not text.startswith("/")
        else (text.rpartition("/")[2])
    )


def dirname(value: object) -> str | None:
    """The path without its last part."""
    text = dash(value)
    if not text:
        return text
    return text.rpartition("\\" if "\\" in text and not text.startswith("/") else "/")[0]


def user_of(value: object) -> str | None:
    r"""The account's name in ``DOMAIN\user``."""
    text = dash(value)
    return text.rpartition("\\")[2] if text else text


def domain_of(value: object) -> str | None:
    r"""The domain in ``DOMAIN\user``."""
    text = dash(value)
    return text.rpartition("\\")[0] if text else text


def lower(value: object) -> str | None:
    """Lower case text."""
    text = dash(value)
    return text.lower() if text else text


def guid(value: object) -> str | None:
    """A GUID without braces, in lower case; the GUID of zeros means nothing."""
    text = dash(value)
    if not text:
        return text
    text = text.strip("{}").lower()
    return None if not text.strip("0-") else text


def hash_of(name: str) -> Callable[[object], str | None]:
    """A function that takes one kind out of ``SHA1=...,MD5=...`` as lower case hex."""
    wanted = name.upper()

    def work(value: object) -> str | None:
        for kind, digits in _HASH.findall(to_text(value) or ""):
            if kind.upper() == wanted:
                found: str = digits.lower()
                return found if found.strip("0") else None
        return None

    return work


_IP_TYPES = {"public": "Public", "private": "Private", "loopback": "Loopback"}
_TEREDO = ipaddress.ip_network("2001::/32")


def ip_type(value: object) -> str:
    """The kind of an address in Defender's words; empty for what is no address.

    Examples:
        >>> [ip_type(each) for each in ("8.8.8.8", "10.0.0.1", "224.0.0.1", "::ffff:8.8.8.8", "-")]
        ['Public', 'Private', 'Reserved', 'FourToSixMapping', '']
    """
    address = parse_address(value) if isinstance(value, str) else None
    if address is None:
        return ""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return "FourToSixMapping"
        if address in _TEREDO:
            return "Teredo"
    scope = address_scope(address)
    return "Broadcast" if scope == "broadcast" else _IP_TYPES.get(scope or "", "Reserved")


def keywords(value: object) -> str | None:
    """Event keywords as hexadecimal text, as Sentinel shows them; names stay names."""
    if isinstance(value, int) and not isinstance(value, bool):
        return hex(value & (_INT64 * 2 - 1))
    if isinstance(value, list):
        return ", ".join(to_text(word) or "" for word in value)
    return to_text(value)
