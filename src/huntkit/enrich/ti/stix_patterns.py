"""The indicators inside STIX 2 patterns.

A pattern such as ``[ipv4-addr:value = '203.0.113.7' OR domain-name:value = 'evil.example']`` is
read for its comparisons with fixed values; patterns are never run. The grammar is chapter 9 of
the STIX 2.1 specification (OASIS).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

# In this order: a string is never looked into. Possessive, so that no text makes it slow.
_TOKEN: Final = re.compile(
    r"""
    '(?P<string>(?:[^'\\]|\\.)*+)'
  | '(?P<cut>(?:[^'\\]|\\.?)*+)\Z
  | (?P<path>[a-z0-9-]{1,64}+:(?:[A-Za-z0-9_.\[\]*-]|'[^'\\\n]{1,60}+'){1,200}+)
  | (?P<word>[A-Za-z]{2,12}\b)
  | (?P<sign>!=|<>|<=|>=|[=<>()\[\],])
    """,
    re.VERBOSE | re.DOTALL,
)
_ESCAPED: Final = re.compile(r"\\(.)", re.DOTALL)
_VALUES: Final = {
    "ipv4-addr:value": "ipv4",
    "ipv6-addr:value": "ipv6",
    "domain-name:value": "dns",
    "url:value": "url",
    "email-addr:value": "email",
    "email-message:from_ref.value": "email",
    "email-message:sender_ref.value": "email",
    "network-traffic:dst_ref.value": "",
    "network-traffic:src_ref.value": "",
    "mutex:name": "mutex",
    "windows-registry-key:key": "registry_key",
    "vulnerability:name": "cve",
}
_HASHES: Final = {
    "md5": "md5_hash",
    "sha1": "sha1_hash",
    "sha256": "sha256_hash",
    "sha512": "sha512_hash",
}
MAX_PATTERN: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Observed:
    """One indicator of a pattern.

    Attributes:
        value: as it stands there.
        ioc_type: its type; empty where the pattern does not say.
        alone: it is all that the pattern asks for; if false, other conditions go with it, so that
            the value by itself says less.
    """

    value: str
    ioc_type: str
    alone: bool = True


def observed(pattern: str) -> list[Observed]:
    """The indicators that a pattern compares with, each once.

    Negated comparisons and those with wildcards are no indicators.

    Examples:
        >>> for each in observed("[file:hashes.'SHA-256' = 'ab12' AND file:name = 'a.exe']"):
        ...     print(each)
        Observed(value='ab12', ioc_type='sha256_hash', alone=False)
        >>> observed("[ipv4-addr:value ISSUBSET '198.51.100.0/24']")[0].ioc_type
        'cidr'
        >>> observed("[url:value != 'https://good.example']")
        []
    """
    if len(pattern) > MAX_PATTERN:
        return []
    tokens = [(match.lastgroup or "", match[match.lastgroup or 0])
              for match in _TOKEN.finditer(pattern)]  # fmt: skip
    words = {text.upper() for kind, text in tokens if kind == "word"}
    alone = not words & {"AND", "FOLLOWEDBY", "REPEATS"}
    found = {
        (value, ioc_type): Observed(value, ioc_type, alone)
        for path, value in _compared(tokens)
        if (ioc_type := _type_of(path, value)) is not None
    }
    return list(found.values())


def _compared(tokens: list[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Pairs of path and value that a comparison says to be equal."""
    path, equal, negated, inside = "", False, False, False
    for kind, text in tokens:
        word = text.upper() if kind == "word" else text if kind == "sign" else ""
        if kind == "path":
            path, equal, negated, inside = text, False, False, False
        elif kind == "string" and path and equal and not negated:
            yield path, _ESCAPED.sub(r"\1", text)
            path = path if inside else ""
        elif word == "NOT":
            negated = True
        elif word in ("=", "IN", "ISSUBSET"):
            equal, inside = True, word == "IN"
        elif word not in ("(", ","):
            equal = False


def _type_of(path: str, value: str) -> str | None:
    if path in _VALUES:
        ioc_type = _VALUES[path]
        return "cidr" if ioc_type in ("ipv4", "ipv6") and "/" in value else ioc_type
    _, separator, name = path.partition(":hashes.")
    if not separator:
        return None
    return _HASHES.get(name.strip("'").replace("-", "").casefold())


def quoted(value: str) -> str:
    r"""A value as it stands in a pattern, with its quotes.

    Examples:
        >>> print(quoted("it's"))
        'it\'s'
    """
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
