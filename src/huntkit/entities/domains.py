"""Domain names: what is one, its public suffix, its ASCII form. Offline, no cache on disk."""

import importlib.util
import re
from functools import cache, lru_cache
from pathlib import Path
from typing import NamedTuple

from huntkit.core.errors import HuntkitError

# IDNA (RFC 3490, section 3.1) lets these stand for the full stop between labels.
_DOTS = str.maketrans({"\u3002": ".", "\uff0e": ".", "\uff61": "."})
_ASCII_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
_STRICT_LABEL = re.compile(r"(?![-])[a-z0-9-]{1,63}(?<!-)")


class DomainParts(NamedTuple):
    """A domain name cut at its public suffix."""

    subdomain: str
    domain: str  # the label directly before the suffix
    suffix: str

    @property
    def registrable(self) -> str:
        """What one registers: ``example.co.uk`` of ``a.b.example.co.uk``."""
        return f"{self.domain}.{self.suffix}"


def domain_name(text: str) -> str | None:
    """The normal form of a fully qualified name under a public suffix, or None.

    Lower case, no trailing dot; Unicode stays Unicode and punycode stays punycode, as written.

    Examples:
        >>> domain_name("WWW.Example.CO.UK.")
        'www.example.co.uk'
        >>> domain_name("co.uk") is None, domain_name("host.corp.local") is None
        (True, True)
    """
    parts = split_domain(text)
    return None if parts is None else ".".join(filter(None, parts))


def to_ascii(name: str) -> str | None:
    """The name as DNS carries it (punycode), or None if a label can't be carried.

    Examples:
        >>> to_ascii("bücher.example")
        'xn--bcher-kva.example'
    """
    if len(name) > 253:  # before encoding: the codec is quadratic on long labels
        return None
    if name.isascii():
        return name.lower()
    try:
        return name.lower().encode("idna").decode("ascii")
    except UnicodeError:
        return None


@lru_cache(maxsize=65_536)
def split_domain(text: str) -> DomainParts | None:
    """Sub-domain, domain and public suffix of a name; None if it is no public domain name.

    Names under a suffix that nobody operates publicly (``corp.local``, ``setup.exe``) and bare
    suffixes (``co.uk``) are None. ``_`` is allowed left of the registrable domain (SRV records).

    Examples:
        >>> split_domain("a.b.example.co.uk")
        DomainParts(subdomain='a.b', domain='example', suffix='co.uk')
    """
    if not 3 < len(text) <= 254:
        return None
    name = text.translate(_DOTS).lower()
    name = name.removesuffix(".")
    labels = name.split(".")
    if len(labels) < 2:
        return None
    ascii_name = to_ascii(name)
    if ascii_name is None or len(ascii_name) > 253:
        return None
    ascii_labels = ascii_name.split(".")
    if len(ascii_labels) != len(labels):
        return None
    size = _suffix_size(ascii_labels)
    if not 0 < size < len(labels):
        return None
    cut = len(labels) - size
    if not _STRICT_LABEL.fullmatch(ascii_labels[cut - 1]):
        return None
    if not all(_ASCII_LABEL.fullmatch(label) for label in ascii_labels[: cut - 1]):
        return None
    return DomainParts(".".join(labels[: cut - 1]), labels[cut - 1], ".".join(labels[cut:]))


@lru_cache(maxsize=65_536)
def private_suffix(name: str) -> str | None:
    """The suffix under which somebody hands out names to strangers, if the name lies under one.

    ``github.io`` and ``blogspot.com`` are such: who holds ``a.github.io`` has nothing to do with
    who holds ``b.github.io``. They are the private part of the public suffix list.

    Examples:
        >>> private_suffix("evil.github.io"), private_suffix("github.io")
        ('github.io', None)
    """
    ascii_name = to_ascii(name.translate(_DOTS).removesuffix("."))
    labels = (ascii_name or "").split(".")
    if not all(labels):
        return None
    rules = _private_rules()
    for start in range(max(0, len(labels) - 8), len(labels)):
        rest = ".".join(labels[start:])
        if "!" + rest in rules:
            return rest.partition(".")[2]
        if rest in rules or "*." + rest.partition(".")[2] in rules:
            return rest if start else None  # a name that is such a suffix lies under none
    return None


def is_top_level(label: str) -> bool:
    """Whether a label is a top-level domain of the public-suffix list, in either script."""
    ascii_label = to_ascii(label)
    return ascii_label is not None and ascii_label in _top_levels()


def _suffix_size(labels: list[str]) -> int:
    """How many labels the public suffix has; 0 if none (https://publicsuffix.org/list/)."""
    if labels[-1] not in _top_levels():
        return 0
    rules = _rules()
    for start in range(max(0, len(labels) - 6), len(labels)):
        rest = ".".join(labels[start:])
        if "!" + rest in rules:
            return len(labels) - start - 1
        if rest in rules or "*." + rest.partition(".")[2] in rules:
            return len(labels) - start
    return 0


@cache
def _rules() -> frozenset[str]:
    return _parsed("ICANN")


@cache
def _private_rules() -> frozenset[str]:
    return _parsed("PRIVATE")


def _parsed(part: str) -> frozenset[str]:
    rules = set()
    for line in _snapshot(part).splitlines():
        if not line or line.startswith("//"):
            continue
        rule = line.split()[0]
        mark = rule[:2] if rule.startswith("*.") else rule[:1] if rule.startswith("!") else ""
        name = rule if rule.isascii() else to_ascii(rule[len(mark) :])
        if name:
            rules.add(name if rule.isascii() else mark + name)
    return frozenset(rules)


def _snapshot(part: str) -> str:
    """The registries' or the private part of the public suffix list, as tldextract ships it.

    The file is read without importing the package, which would load an HTTP client.
    """
    spec = importlib.util.find_spec("tldextract")
    if spec is None or not spec.submodule_search_locations:
        raise HuntkitError(
            "the public suffix list is missing", hint="run: pip install --upgrade tldextract"
        )
    path = Path(spec.submodule_search_locations[0], ".tld_set_snapshot")
    text = path.read_text(encoding="utf-8")
    return text.partition(f"===BEGIN {part} DOMAINS===")[2].partition(f"===END {part}")[0]


@cache
def _top_levels() -> frozenset[str]:
    return frozenset(rule.rpartition(".")[2] for rule in _rules() if not rule.startswith("!"))
