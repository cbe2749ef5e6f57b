r"""Indicators that one expression describes: paths, keys, numbers of registries, wallets ...

Each shape has an expression for the linear-time engine of Polars and a reader for the distinct
texts that it matched. The expressions are wide on purpose: they take in a whole run, so that the
reader sees too much rather than a piece of something longer, and refuses it.
"""

import re
from collections.abc import Iterable
from functools import cache

from huntkit.entities.indicators import IOC_GROUPS
from huntkit.entities.wallets import wallet
from huntkit.extract.place_shapes import place_shapes
from huntkit.extract.shape import EDGE, Read, Reader, Shape, plain


def shapes_for(wanted: Iterable[str]) -> list[Shape]:
    """The shapes that can give one of the wanted types.

    Examples:
        >>> [sorted(shape.types) for shape in shapes_for({"cve", "guid", "dns"})]
        [['cve'], ['guid']]
    """
    types = frozenset(wanted)
    return [shape for shape in _shapes() if shape.types & types]


_HEX4 = "[0-9A-Fa-f]{4}"

_CVE = r"(?i-u:cve)[-_: \u2010-\u2015]{1,2}[0-9]{4}[-_ \u2010-\u2015][0-9]{4,}"
_TECHNIQUE = rf"(?:{EDGE}|_)[Tt][01][0-9]{{3}}(?:[./][0-9]{{3}})?[0-9A-Za-z]*"
_TAG = r"(?i-u:attack\.t)[0-9]{4}(?:\.[0-9]{3})?"
_LABEL_END = r"[\"'\\]{0,4}[ :=#(\[]{0,3}[\"'\\]{0,4}"
_ASN = (
    rf"(?:{EDGE}|_)(?:AS[0-9]{{3,10}}{EDGE}|(?i-u:asn(?:[_ ]?(?:number|num|no))?|as[_ ]?number)"
    rf"{_LABEL_END}(?i-u:as)?[0-9]{{1,10}}{EDGE})"
)
_SYSTEM = (
    rf"{EDGE}(?i-u:autonomous[_ ]system(?:[_ ](?:number|num|no))?){_LABEL_END}"
    rf"(?i-u:as)?[0-9]{{1,10}}{EDGE}"
)
_SSDEEP = rf"{EDGE}[0-9]{{1,10}}:[0-9A-Za-z+/]{{6,}}:[0-9A-Za-z+/]{{3,}}"
_WALLET = rf"{EDGE}(?i-u:bitcoincash:)?[0-9A-Za-z]{{25,110}}{EDGE}"
_JA4 = rf"{EDGE}[tqd][0-9ds][0-9][di][0-9]{{4}}[0-9a-z]{{2}}_[0-9a-f]{{12}}_[0-9a-f]{{12}}{EDGE}"
_LABELLED = (
    r"(?i-u:imp_?hash|import_?hash|ja3s?(?:_?(?:hash|fingerprint|digest))?)"
    rf"[\"'\\]{{0,4}}\s{{0,3}}[:=]\s{{0,3}}[\"'\\]{{0,4}}[0-9A-Fa-f]{{32,}}{EDGE}"
)
_MAC = (
    rf"{EDGE}(?:[0-9A-Fa-f]{{1,4}}(?:[:-]{{1,2}}[0-9A-Fa-f]{{1,4}}){{2,}}"
    rf"|{_HEX4}\.{_HEX4}\.{_HEX4}(?:\.[0-9A-Fa-f]+)*){EDGE}"
)
_GUID = rf"{EDGE}[0-9A-Fa-f]{{8}}(?:-{_HEX4}){{3}}-[0-9A-Fa-f]{{12}}(?:-[0-9A-Za-z]+)*{EDGE}"


def _read_technique(text: str) -> list[Read]:
    bare = text.lstrip("_")
    if not re.fullmatch(r"T[0-9]{4}(?:[./][0-9]{3})?", bare):
        return []  # a longer word, or the "t" of a time; tags in lower case have another shape
    return plain("attack_technique")(bare)


def _read_tag(text: str) -> list[Read]:
    return plain("attack_technique")(text.partition(".")[2])


def _read_asn(text: str) -> list[Read]:
    if text in {"AS400", "AS390"}:
        return [("asn", text, "a computer of IBM")]
    return plain("asn")(text)


def _read_wallet(text: str) -> list[Read]:
    found = wallet(text)
    if found is not None:
        return [(*found, "")]
    looks_like = [name for name, start in _COIN_STARTS.items() if start.fullmatch(text)]
    return [(name, text, "its checksum is wrong") for name in looks_like]


_COIN_STARTS = {
    "btc_wallet": re.compile(r"[13][1-9A-HJ-NP-Za-km-z]{25,34}|bc1[02-9ac-hj-np-z]{38,60}"),
    "eth_wallet": re.compile(r"0x[0-9A-Fa-f]{40}"),
}


def _read_labelled(text: str) -> list[Read]:
    match = re.search(r"[0-9A-Fa-f]+$", text)
    digits = match[0] if match else ""
    return plain("ja3_hash" if text[:2].lower() == "ja" else "imphash")(digits)


def _read_mac(text: str) -> list[Read]:
    pairs = re.split(r"[:.-]", text)
    if len(pairs) != (3 if "." in text else 6):
        return []
    return plain("mac_address")(text)


# --- programs that name themselves
_AGENT = (
    r"(?i:curl|wget|python-(?:requests|urllib3?|httpx)|Python-urllib|aiohttp|Go-http-client"
    r"|okhttp|Java|PostmanRuntime|axios|libwww-perl|Apache-HttpClient|Microsoft-CryptoAPI"
    r"|Microsoft BITS|Windows-Update-Agent|WinHTTP|masscan|zgrab|Nikto|sqlmap|gobuster|nuclei)"
)
_USER_AGENT = (
    r"(?i-u:user-?_?agent)[\"'\\]{0,4}[ \t]{0,3}[:=][ \t]{0,3}[\"'\\]{0,4}[^\"'\r\n\\|]+"
    r"|Mozilla/[0-9]\.[0-9]+(?: \[[A-Za-z\-]+\])? \([^()\r\n\"]+\)"
    r"(?: [0-9A-Za-z_.\-]+/[0-9A-Za-z_.+\-]+(?: \([^()\r\n\"]+\))?"
    r"| Mobile| Safari| Version| like Gecko)*"
    rf"|(?-u:\b){_AGENT}/[0-9][0-9A-Za-z_.\-]*"
)


def _read_user_agent(text: str) -> list[Read]:
    text = re.sub(r"(?i)^user-?_?agent[\"'\\]{0,4}[ \t]*[:=][ \t]*[\"'\\]{0,4}", "", text)
    return plain("user_agent")(text.rstrip(" ,;"))


@cache
def _shapes() -> tuple[Shape, ...]:
    def short(types: Iterable[str], pattern: str, start: str, read: Reader | None = None) -> Shape:
        names = frozenset(types)
        return Shape(names, pattern, read or plain(min(names)), start=re.compile(start))

    def alone(name: str, pattern: str, read: Reader | None = None) -> Shape:
        return Shape(frozenset({name}), pattern, read or plain(name), alone=True)

    return (
        short(["cve"], _CVE, "(?i)cve"),
        short(["attack_technique"], _TAG, "(?i)attack", _read_tag),
        short(["attack_technique"], _TECHNIQUE, "_?[Tt][01][0-9]", _read_technique),
        short(["asn"], _ASN, "(?i)_?as", _read_asn),
        short(["asn"], _SYSTEM, "(?i)autonomous", _read_asn),
        short(["ssdeep_hash"], _SSDEEP, "[0-9]+:"),
        short(["imphash", "ja3_hash"], _LABELLED, "(?i)ja3|imp", _read_labelled),
        short(["ja4_hash"], _JA4, ".{10}_"),
        short(IOC_GROUPS["wallet"], _WALLET, "(?i)bitcoincash:|[0-9a-z]{25}", _read_wallet),
        alone("mac_address", _MAC, _read_mac),
        alone("guid", _GUID),
        alone("user_agent", _USER_AGENT, _read_user_agent),
        *place_shapes(),
    )
