"""Numbers that registries hand out: vulnerabilities, techniques, networks, interfaces, GUIDs.

Sources: the CVE record format (cve.org), MITRE ATT&CK, IANA "Autonomous System Numbers" and its
special-purpose registry (RFC 7249), RFC 4632 (CIDR), IEEE 802 (addresses), RFC 9562 (UUID).
"""

import ipaddress
import re

from huntkit.entities.addresses import parse_address, range_scope

_CVE = re.compile(r"(?ia)cve[-_ \u2010-\u2015:]{1,2}((?:19|20)\d\d)[-_ \u2010-\u2015](\d{4,7})")
_TECHNIQUE = re.compile(r"(?ia)T(\d{4})(?:[./](\d{3}))?")
_ASN = re.compile(
    r"(?ia)_?(?:asn?|as[_ ]?number|autonomous[_ ]system)(?:[_ ]?(?:number|num|no))?"
    r"[ \"'\\:=#(\[]{0,12}(?:as)?(\d{1,10})"
)
_MAC = re.compile(
    r"[0-9a-f]{2}(?::[0-9a-f]{2}){5}|[0-9a-f]{2}(?:-[0-9a-f]{2}){5}|[0-9a-f]{4}(?:\.[0-9a-f]{4}){2}"
)
_DATE = re.compile(
    r"\d\d-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])-(?:[01]\d|2[0-3])-[0-5]\d-[0-5]\d", re.ASCII
)
_GUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def cve(text: str) -> str | None:
    """A vulnerability's number with hyphens and in capitals, or None.

    Examples:
        >>> cve("cve_2021_44228"), cve("CVE-1898-0001")
        ('CVE-2021-44228', None)
    """
    match = _CVE.fullmatch(text)
    if match is None or int(match[1]) < 1999:
        return None
    return f"CVE-{match[1]}-{match[2]}"


def attack_technique(text: str) -> str | None:
    """A technique of MITRE ATT&CK, or None where that number is in no range in use.

    Enterprise and mobile techniques lie between T1001 and T1699, those of industrial control
    between T0800 and T0899. Whether one of them was ever handed out is not checked.

    Examples:
        >>> attack_technique("t1059/001"), attack_technique("T1059"), attack_technique("T2000")
        ('T1059.001', 'T1059', None)
    """
    match = _TECHNIQUE.fullmatch(text)
    if match is None or not (1001 <= int(match[1]) <= 1699 or 800 <= int(match[1]) <= 899):
        return None
    if match[2] == "000":
        return None
    return f"T{match[1]}" + (f".{match[2]}" if match[2] else "")


def asn(text: str) -> str | None:
    """The number of an autonomous system as ``AS64500``, or None.

    Examples:
        >>> asn("ASN: 64500"), asn("AS4294967296")
        ('AS64500', None)
    """
    match = _ASN.fullmatch(text)
    if match is None or not 0 < int(match[1]) <= 0xFFFF_FFFF:
        return None
    return f"AS{int(match[1])}"


def asn_scope(value: str) -> str:
    """``public``, ``private``, ``documentation`` or ``reserved``.

    Examples:
        >>> asn_scope("AS64500"), asn_scope("AS64512")
        ('documentation', 'private')
    """
    number = int(value.removeprefix("AS"))
    if 64_512 <= number <= 65_534 or 4_200_000_000 <= number <= 4_294_967_294:
        return "private"
    if 64_496 <= number <= 64_511 or 65_536 <= number <= 65_551:
        return "documentation"
    reserved = number in (0, 23_456, 65_535, 4_294_967_295) or 65_552 <= number <= 131_071
    return "reserved" if reserved else "public"


def mac_address(text: str) -> str | None:
    """The address of an interface with colons and in lower case, or None.

    Examples:
        >>> mac_address("00-1A-2B-3C-4D-5E"), mac_address("001a.2b3c.4d5e")
        ('00:1a:2b:3c:4d:5e', '00:1a:2b:3c:4d:5e')
    """
    text = text.lower()
    if not _MAC.fullmatch(text) or mac_flaw(text):
        return None
    digits = re.sub(r"[^0-9a-f]", "", text)
    return ":".join(digits[place : place + 2] for place in range(0, 12, 2))


def mac_flaw(text: str) -> str:
    """Why six pairs of digits are no interface's address; empty if they may be one."""
    digits = re.sub(r"[^0-9A-Fa-f]", "", text)
    if not digits.strip("0"):
        return "all zeros: nobody's address"
    return "a date and a time" if _DATE.fullmatch(text) else ""


def mac_scope(value: str) -> str:
    """``broadcast``, ``multicast``, ``local`` (made up by software), or empty.

    Examples:
        >>> mac_scope("ff:ff:ff:ff:ff:ff"), mac_scope("00:1a:2b:3c:4d:5e")
        ('broadcast', '')
    """
    if value == "ff:ff:ff:ff:ff:ff":
        return "broadcast"
    first = int(value[:2], 16)
    return "multicast" if first & 1 else "local" if first & 2 else ""


def guid(text: str) -> str | None:
    """A GUID in lower case without braces, or None; the one of zeros is none.

    Examples:
        >>> guid("{5770385F-C22A-43E0-BF4C-06F5698FFBD9}")
        '5770385f-c22a-43e0-bf4c-06f5698ffbd9'
    """
    text = text.lower()
    if text.startswith("{") and text.endswith("}"):
        text = text[1:-1]
    if not _GUID.fullmatch(text) or len(set(text)) <= 2:
        return None  # one repeated digit: a placeholder
    return text


def cidr(text: str) -> str | None:
    """A network in its normal form, or None: no bits of a host, more than one address.

    Examples:
        >>> cidr("192.0.2.0/24"), cidr("2001:DB8::/32")
        ('192.0.2.0/24', '2001:db8::/32')
        >>> cidr("192.0.2.7/24") is None, cidr("192.0.2.7/32") is None    # these are addresses
        (True, True)
    """
    address, slash, size = text.partition("/")
    parsed = parse_address(address) if slash and "%" not in address else None
    if parsed is None or not re.fullmatch(r"\d{1,3}", size, re.ASCII):
        return None
    if int(size) >= parsed.max_prefixlen:
        return None
    try:
        return str(ipaddress.ip_network(f"{parsed}/{int(size)}"))
    except ValueError:
        return None


def cidr_scope(value: str) -> str:
    """The scope that all addresses of a network have; empty if they have several.

    Examples:
        >>> cidr_scope("10.0.0.0/8"), cidr_scope("0.0.0.0/0")
        ('private', '')
    """
    network = ipaddress.ip_network(value)
    return range_scope(network[0], network[-1]) or ""
