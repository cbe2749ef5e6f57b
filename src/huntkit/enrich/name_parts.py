"""Names and URLs taken apart, and names that look like others; offline."""

import functools
import re
import unicodedata
from collections.abc import Iterable
from typing import Any, Final
from urllib.parse import urlsplit

import polars as pl

from huntkit.enrich.parsed_addresses import bare_address, texts_in
from huntkit.entities.addresses import parse_address
from huntkit.entities.domains import private_suffix, split_domain, to_ascii
from huntkit.entities.indicators import refang
from huntkit.tables import step
from huntkit.tables.data_files import data_file

_URL_PARTS: Final = ("scheme", "auth", "host", "port", "path", "query", "fragment", "url")
_LONGEST: Final = 65_536
_HOST: Final = re.compile(r"([^\s/?#@:\[\]]+)(?::\d{1,5})?(?:[/?#]\S*)?")
# What typefaces draw alike within ASCII; used only against names that the caller knows.
_ASCII_ALIKE: Final = str.maketrans({"0": "o", "1": "l", "3": "e", "5": "s", "i": "l"})
_PAIRS_ALIKE: Final = (("rn", "m"), ("vv", "w"), ("cl", "d"))


def url_components(url: str) -> dict[str, Any]:
    """The parts of a URL, also a defanged one: ``scheme auth host port path query fragment url``.

    What is missing is None, and everything but ``url`` where the text is no URL; a host in
    brackets comes without them. ``auth`` is whatever stands before the last ``@`` of the authority,
    which is how a link hides where it leads.

    Examples:
        >>> parts = url_components("hxxps://paypal.com@203.0.113.9:8443/a?b#c")
        >>> parts["auth"], parts["host"], parts["port"], parts["path"]
        ('paypal.com', '203.0.113.9', 8443, '/a')
    """
    nothing: dict[str, Any] = {**dict.fromkeys(_URL_PARTS), "url": url}
    text = refang(url.strip())
    try:
        parts = urlsplit(text) if len(text) <= _LONGEST and "://" in text else None
        port = parts.port if parts else None
        host = parts.hostname if parts else None
    except ValueError:  # a port or brackets that there can't be
        return nothing
    if parts is None or not parts.scheme or not host:
        return nothing
    auth = parts.netloc.rpartition("@")[0]
    found = (parts.scheme, auth, host, port, parts.path, parts.query, parts.fragment)
    return {
        **{name: value or None for name, value in zip(_URL_PARTS, found, strict=False)},
        "port": port,
        "url": url,
    }


def dns_components(domain: str) -> dict[str, Any]:
    """The parts of a name, or of the host of a URL, by the public suffix list.

    Returns:
        ``subdomain``, ``domain`` (the label before the suffix), ``suffix``, ``registrable`` (both),
        ``fqdn``, ``ascii`` (as DNS carries it), ``unicode``, ``is_idn``, ``scripts``,
        ``mixed_scripts`` (letters of several scripts in one label), ``looks_like`` (what an
        international name reads as), ``registry_suffix`` (the same as ``suffix``), and for names
        such as ``evil.github.io``, which anybody may have: ``is_private``, ``private_suffix``
        (``github.io``) and ``private_registrable`` (``evil.github.io``). A name under no public
        suffix has its last label as ``domain`` and no suffix; an address stands in ``domain``
        alone.

    Examples:
        >>> parts = dns_components("http://a.b.example.co.uk/x")
        >>> parts["subdomain"], parts["domain"], parts["suffix"], parts["registrable"]
        ('a.b', 'example', 'co.uk', 'example.co.uk')
        >>> dns_components("xn--pple-43d.com")["looks_like"]
        'apple.com'
    """
    name = host_of(domain)
    if parse_address(name) is not None:
        return {**_written("", name, ""), "registrable": None, **_strangers(None, "")}
    parts = split_domain(name)
    if parts is None:
        left, _, last = name.rpartition(".")
        return {**_written(left, last, ""), "registrable": None, **_strangers(None, "")}
    found = {**_written(*parts), "registrable": parts.registrable}
    return {**found, **_strangers(private_suffix(found["fqdn"]), found["ascii"] or "")}


def _strangers(suffix: str | None, name: str) -> dict[str, Any]:
    mine = None
    if suffix is not None:
        left = name.removesuffix(f".{suffix}").rpartition(".")[2]
        mine = f"{left}.{suffix}"
    return {
        "is_private": suffix is not None,
        "private_suffix": suffix,
        "private_registrable": mine,
    }


def host_of(text: str) -> str:
    """The host of a URL, or of ``host:port`` and ``host/path``; refanged, lower case.

    Without a dot at its end; text that is none of these stays. A network such as
    ``203.0.113.0/24`` is no host with a path.
    """
    text = refang(text.strip())
    if "://" in text:
        text = url_components(text)["host"] or text
    else:
        text = bare_address(text)
        found = _HOST.fullmatch(text)
        if found is not None and parse_address(found[1]) is None:
            text = found[1]
    return text.rstrip(".").lower()


def look_alike(name: str, known: Iterable[str]) -> str | None:
    """Which of the known names a name looks like without being it or lying under it.

    Compared is what one registers. Counted as alike: letters of other scripts, accents, 0 and o, 1
    and l and i, 3 and e, 5 and s, rn and m, vv and w, cl and d.

    Examples:
        >>> look_alike("login.examp1e.com", ["example.com"])
        'example.com'
        >>> look_alike("www.example.com", ["example.com"]) is None
        True
    """
    mine = _registrable(name)
    for each in known:
        theirs = _registrable(each)
        if mine != theirs and _rough(mine) == _rough(theirs):
            return each
    return None


@step(split="row", columns=("column",))
def domain_parts(table: pl.DataFrame, column: str, *, known: Iterable[str] = ()) -> pl.DataFrame:
    """The table with the parts of a column's names or URLs; offline.

    Args:
        table: any frame; rows and their order stay.
        column: names or URLs, also defanged.
        known: names that others might imitate, such as your own: see `look_alike`.

    Returns:
        The table with ``<column>_Host``, ``_Subdomain``, ``_Registrable``, ``_Suffix``,
        ``_Unicode``, ``_MixedScripts``, ``_LooksLike`` and ``_Imitates``. Null where there is no
        such part. A name that the table has already gets ``_name``.

    Examples:
        >>> seen = pl.DataFrame({"Url": ["hxxp://www[.]examp1e[.]com/a"]})
        >>> domain_parts(seen, "Url", known=["example.com"])["Url_Imitates"].to_list()
        ['example.com']
    """
    known = tuple(known)
    values = texts_in(table, column)
    distinct = values.drop_nulls().unique(maintain_order=True)
    rows = []
    for text in distinct.to_list():
        parts = dns_components(text)
        rows.append(
            (
                host_of(text) or None,
                parts["subdomain"],
                parts["registrable"],
                parts["suffix"],
                parts["unicode"],
                parts["mixed_scripts"],
                parts["looks_like"],
                look_alike(text, known),
            )
        )
    names = [_free(f"{column}_{name}", table.columns) for name in _STEP]
    types = [pl.Boolean if name == "MixedScripts" else pl.String for name in _STEP]
    found = pl.DataFrame(rows, schema=dict(zip(names, types, strict=True)), orient="row")
    key = "name" + "_" * sum(map(len, [*table.columns, *names]))
    keyed = found.with_columns(distinct.alias(key))
    joined = values.alias(key).to_frame().join(keyed, on=key, how="left", maintain_order="left")
    return table.hstack(joined.drop(key))


_STEP: Final = (
    "Host",
    "Subdomain",
    "Registrable",
    "Suffix",
    "Unicode",
    "MixedScripts",
    "LooksLike",
    "Imitates",
)


def _written(subdomain: str, domain: str, suffix: str) -> dict[str, Any]:
    fqdn = ".".join(filter(None, (subdomain, domain, suffix)))
    shown = _unicode(fqdn)
    scripts = sorted({script for label in shown.split(".") for script in _scripts(label)})
    skeleton = _skeleton(shown)
    is_idn = not shown.isascii()
    return {
        "subdomain": subdomain or None,
        "domain": domain or None,
        "suffix": suffix or None,
        "registry_suffix": suffix or None,
        "fqdn": fqdn or None,
        "ascii": to_ascii(fqdn) if fqdn else None,
        "unicode": shown or None,
        "is_idn": is_idn,
        "scripts": scripts,
        "mixed_scripts": any(len(_scripts(label)) > 1 for label in shown.split(".")),
        "looks_like": skeleton if is_idn and skeleton.isascii() else None,
    }


def _unicode(name: str) -> str:
    """The name as people read it; a label that is no valid punycode stays as it is."""
    labels = []
    for label in name.split("."):
        try:
            labels.append(label.encode("ascii").decode("idna") if label[:4] == "xn--" else label)
        except UnicodeError:
            labels.append(label)
    return ".".join(labels)


@functools.lru_cache(maxsize=65_536)
def _scripts(label: str) -> frozenset[str]:
    """The scripts of a label's letters, by the first word of their names in Unicode.

    Japanese mixes three scripts by nature, so they count as one.
    """
    found = set()
    for character in label:
        if character.isalpha():
            word = unicodedata.name(character, "UNKNOWN").split()[0].split("-")[0]
            found.add("CJK" if word in ("HIRAGANA", "KATAKANA", "CJK") else word)
    return frozenset(found)


def _skeleton(name: str) -> str:
    """What the name reads as: accents off, look-alike letters as Latin ones."""
    bare = "".join(
        character
        for character in unicodedata.normalize("NFKD", name.lower())
        if not unicodedata.combining(character)
    )
    return bare.translate(_letters())


@functools.cache
def _letters() -> dict[int, str]:
    return str.maketrans(dict(data_file("huntkit.enrich", "data/look_alikes.yaml")))


def _registrable(name: str) -> str:
    host = host_of(name)
    parts = split_domain(host)
    return _unicode(parts.registrable if parts else host)


@functools.lru_cache(maxsize=65_536)
def _rough(name: str) -> str:
    rough = _skeleton(name)
    for pair, one in _PAIRS_ALIKE:
        rough = rough.replace(pair, one)
    return rough.translate(_ASCII_ALIKE)


def _free(name: str, taken: Iterable[str]) -> str:
    while name in taken:
        name += "_name"
    return name
