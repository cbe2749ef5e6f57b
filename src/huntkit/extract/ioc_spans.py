"""Where an indicator stands in its text: its first character and the one behind its last.

Worked out only on demand. A value is in its normal form, the text may write it in another: in
capitals, defanged, escaped, with hidden marks. So the value is turned into an expression that
allows for these, and the piece of text it was read from is searched.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from ipaddress import IPv6Address

import polars as pl

from huntkit.entities.addresses import parse_address
from huntkit.entities.indicators import normal_form

_HIDDEN = "[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]*"
_WRITTEN = {
    ".": r"(?:\.| ?[\[({<] ?(?:\.|dot|d0t|punto) ?[\])}>] ?|\[\.|\.\]|%2e|[\u3002\uff0e\uff61])",
    "@": r"(?:@| ?[\[({<] ?(?:@|at) ?[\])}>] ?|%40)",
    ":": r"(?:\[?:\]?|%3a)",
    "/": r"(?:\\?/|[\[({]/[\])}]|%2f)",
    "\\": r"\\+",
    " ": r"(?: |%20|\\ )",
}
_SCHEMES = {
    "http": r"(?:h(?:tt|xx|tx|xt|\*\*|__)p|meow)",
    "https": r"(?:h(?:tt|xx|tx|xt|\*\*|__)ps|meows)",
    "ftp": "f[tx*]p",
    "ftps": "f[tx*]ps",
}
_SEPARATOR = r"(?:\[?:\]?\[?\\?/\\?/\]?|\[:\]\[//\]|\[://\]|%3a%2f%2f)"
_RUNS = {
    "ipv4": re.compile(r"[0-9A-Fa-f:.]{3,60}"),  # one that was mapped into IPv6
    "ipv6": re.compile(r"[0-9A-Fa-f:.\[\]]{2,80}(?:%[\w.-]{1,40})?"),
    "cidr": re.compile(r"[0-9A-Fa-f:.\[\]]{2,80}/\d{1,3}"),
}
_LOOSE = {
    "cve": r"[-_: \u2010-\u2015]{1,2}",
    "mac_address": "[:.-]?",
    "asn": "",
}


def starts_of(values: pl.Series, pieces: pl.DataFrame) -> pl.Series:
    """Where each piece starts in its text; pieces of a text are in order and do not overlap."""
    starts: list[int] = []
    for place, found in pieces.group_by("text", maintain_order=True):
        text, end = values[int(str(place[0]))], 0
        for piece in found["piece"]:
            start = _next(text, piece, end)
            starts.append(start)
            end = start + len(piece)
    return pl.Series(starts, dtype=pl.Int64)


def _next(text: str, piece: str, end: int) -> int:
    """The next place of a piece, not inside a longer word if there is a choice."""
    first = start = text.find(piece, end)
    if not (piece[:1].isascii() and piece[:1].isalnum()):
        return start
    while start > 0 and (text[start - 1] == "_" or text[start - 1].isalnum()):
        start = text.find(piece, start + 1)
    return start if start >= 0 else first


@lru_cache(maxsize=65_536)
def span_in(piece: str, ioc_type: str, value: str) -> tuple[int, int] | None:
    """Start and end of an indicator within the piece that it was read from, if it shows there.

    Examples:
        >>> span_in("(hxxp://evil[.]example/a),", "url", "http://evil.example/a")
        (1, 24)
        >>> span_in("GET", "ipv4", "192.0.2.1") is None
        True
    """
    exact = re.escape(value)
    for expression in (rf"(?<![\w-]){exact}(?![\w-])", exact, _as_written(ioc_type, value)):
        match = re.search(expression, piece, re.IGNORECASE)
        if match:
            return match.span()
    for start, end in _runs(ioc_type, piece):
        written = piece[start:end].replace("[", "").replace("]", "")
        if normal_form(ioc_type, written) == value or _is_mapped(written, value):
            return start, end
    return None


def _is_mapped(written: str, value: str) -> bool:
    address = parse_address(written)
    return isinstance(address, IPv6Address) and str(address.ipv4_mapped) == value


def _as_written(ioc_type: str, value: str) -> str:
    head = ""
    if ioc_type == "asn":
        return rf"(?:AS)?(?<!\d){value[2:]}(?!\d)"
    if ioc_type in _LOOSE:
        loose = _LOOSE[ioc_type]
        return loose.join(re.escape(part) for part in re.split("[-:]", value))
    if ioc_type == "attack_technique":
        return re.escape(value).replace(r"\.", "[./]")
    if ioc_type == "url":
        scheme, _, value = value.partition("://")
        head = _SCHEMES.get(scheme, re.escape(scheme)) + _SEPARATOR
    return head + _HIDDEN.join(_WRITTEN.get(letter, re.escape(letter)) for letter in value)


def _runs(ioc_type: str, piece: str) -> Iterator[tuple[int, int]]:
    if ioc_type not in _RUNS:
        return
    for match in _RUNS[ioc_type].finditer(piece):
        start, end = match.span()
        while end > start and piece[end - 1] in ".:" and not piece.endswith("::", 0, end):
            end -= 1
        yield start, end
