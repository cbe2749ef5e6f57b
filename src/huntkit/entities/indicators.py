"""Indicators as values: which texts are valid, their normal form, refanging and defanging."""

import re
from collections.abc import Callable, Iterable

from huntkit.core.errors import UsageError, did_you_mean
from huntkit.entities import digests, places, references
from huntkit.entities.addresses import address_scope, address_text, parse_address
from huntkit.entities.domains import domain_name
from huntkit.entities.wallets import wallet

_WALLETS = (
    *("btc_wallet", "bch_wallet", "ltc_wallet", "doge_wallet", "dash_wallet"),
    *("eth_wallet", "trx_wallet", "xrp_wallet", "xmr_wallet", "ada_wallet"),
)
_MD5_OF_OTHERS = ("imphash", "ja3_hash")  # of a program's imports, of how a client says hello
_FILE_HASHES = ("md5_hash", "sha1_hash", "sha256_hash", "sha512_hash", "ssdeep_hash")
# What one looks up or blocks elsewhere; the others say more about the host than about an attacker,
# and events are full of them.
DEFAULT_IOC_TYPES: tuple[str, ...] = (
    *("ipv4", "ipv6", "cidr", "dns", "url", "email"),
    *_FILE_HASHES,
    *("cve", "attack_technique", "asn"),
    *_WALLETS,
)
IOC_TYPES: tuple[str, ...] = (
    *DEFAULT_IOC_TYPES,
    *("imphash", "ja3_hash", "ja4_hash", "mac_address", "guid", "mutex", "named_pipe"),
    *("windows_path", "linux_path", "registry_key", "user_agent"),
)
DEFANGABLE = ("ipv4", "ipv6", "cidr", "dns", "url", "email")
IOC_GROUPS: dict[str, tuple[str, ...]] = {
    "all": IOC_TYPES,
    "default": DEFAULT_IOC_TYPES,
    "file_hash": _FILE_HASHES,
    "hostname": ("dns",),
    "path": ("windows_path", "linux_path"),
    "wallet": _WALLETS,
}

# No entry above, because a type of one's own may have this name, and then means itself.
_ADDRESSES = {"ip": ("ipv4", "ipv6")}

URL_SCHEMES = frozenset(
    """
    corba dns dnss file ftp ftps git gopher http https iiop imap imaps irc ircs ldap ldapi ldaps
    mms mongodb mysql nds nfs nis nntp pop3 pop3s postgresql redis rmi rtmp rtsp scp sftp smb smtp
    smtps socks socks4 socks5 ssh stratum+ssl stratum+tcp svn t3 t3s tcp telnet tftp udp vnc ws wss
    """.split()  # noqa: SIM905  words are easier to read and to sort than fifty quoted lines
)
MAX_URL = 8192  # longer ones are data, not addresses; browsers stop far below

# hxxp, hXXp, h**p, htxp, meow (as used in reports); only where a separator follows.
_SCHEME = re.compile(
    r"(?i)\b(?:h(?:xx|tx|xt|\*\*|__)p|meow)(s?)(?=(?:\[?:\]?|\[:\s?//\])(?:/|\[|$)|\[://\])"
)
_FTP = re.compile(r"(?i)\bf[x*]p(s?)(?=\[?:\]?//|\[://\])")
_SEPARATORS = re.compile(r"\[://\]|\[:\]//|:\[//\]|\[:\]\[//\]")
_BRACKETED = re.compile(
    r"(?:(?<=\w) )?[\[({<] ?(?:(\.|dot|d0t|punto)|(@|at)|(:)|(/)) ?[\])}>](?: (?=\w))?",
    re.IGNORECASE,
)
# Only one half of the bracket: "evil[.com", "evil.]com"; not "[.name]" or "[a.]b" of program code.
_HALF = re.compile(
    r"(?<=[^\W_])(?:\[\.(?=[^\W_][\w.-]*+(?:[/:?#\s\[\"',;<>)]|\Z))|(\.\])(?=[^\W_]))"
)
_FOUR_NUMBERS = re.compile(r"\d{1,4}(?:\.\d{1,4}){3}", re.ASCII)
_URL = re.compile(
    r"(?P<scheme>[a-z][a-z0-9+.\-]{1,20})://(?:(?P<user>[^/?#@\\]*)@)?"
    r"(?P<host>\[[0-9a-f:.]+(?:%[^\]/]{1,40})?\]|[^/?#:@\\\[\]]+)(?::(?P<port>\d{0,5}))?(?P<rest>[/?#].*)?",
    re.IGNORECASE | re.DOTALL,
)
_HOST_LABEL = re.compile(r"(?![-])[\w-]{1,63}(?<!-)")
_LOCAL_PART = re.compile(r"[^\W_](?:[\w!#$%&'*+/=?^`{|}~.-]{0,62}[\w+=~-])?|_[\w.+-]{1,62}")


def normal_form(ioc_type: str, text: str) -> str | None:
    """The normal form of an indicator, or None if the text is not a valid one of that type.

    Names, schemes, hosts and hashes become lower case; paths of URLs stay as they are. Defanged
    text is not valid: `refang` it first.

    Raises:
        UsageError: no such type of indicator.

    Examples:
        >>> normal_form("url", "HTTP://Evil.Example.COM/A?b=C")
        'http://evil.example.com/A?b=C'
        >>> normal_form("ipv4", "999.1.2.3") is None
        True
        >>> normal_form("md5_hash", "0" * 32) is None     # never a digest of anything
        True
    """
    return _NORMAL[check_ioc_type(ioc_type)](text)


def check_ioc_type(name: str, *, groups: Iterable[str] = IOC_GROUPS) -> str:
    """The type of that name; ``groups`` may be meant too.

    Raises:
        UsageError: no such type, with the nearest names.
    """
    if name in _NORMAL:
        return name
    known = (*IOC_TYPES, *groups)
    raise UsageError(
        f"there is no indicator type {name!r}",
        hint=did_you_mean(name, known) or "known types: " + ", ".join(known),
        context={"ioc_type": name, "known": list(known)},
    )


def chosen_types(names: str | Iterable[str] | None, own: Iterable[str] = ()) -> frozenset[str]:
    """The types that names of types and of groups mean; the default ones and `own` for None.

    Groups are ``default``, ``all``, ``file_hash``, ``hostname``, ``ip``, ``path`` and ``wallet``.

    Raises:
        UsageError: no such type or group, with the nearest names.

    Examples:
        >>> sorted(chosen_types(["path", "cve"]))
        ['cve', 'linux_path', 'windows_path']
    """
    added = frozenset(own)
    if names is None:
        return added | frozenset(DEFAULT_IOC_TYPES)
    found: set[str] = set()
    for name in [names] if isinstance(names, str) else names:
        if name in added:
            found.add(name)
        else:
            types = _ADDRESSES.get(name) or IOC_GROUPS.get(name)
            found.update(types or (check_ioc_type(name, groups=(*_ADDRESSES, *IOC_GROUPS)),))
    return frozenset(found | added if "all" in names else found)


def flaw(ioc_type: str, text: str) -> str:
    """Why a text is no indicator of a type; empty if it is one.

    Raises:
        UsageError: no such type of indicator.

    Examples:
        >>> flaw("md5_hash", "0" * 32)
        'all zeros: no hash was computed'
        >>> flaw("ipv4", "192.0.2.1")
        ''
    """
    if normal_form(ioc_type, text) is not None:
        return ""
    reason = ""
    size = digests.DIGEST_SIZES.get("md5_hash" if ioc_type in _MD5_OF_OTHERS else ioc_type)
    if size is not None:
        right = len(text) == size
        reason = digests.filler(text) if right else "not as many digits as the hash has"
    elif ioc_type == "ipv4" and _FOUR_NUMBERS.fullmatch(text):
        reason = "a number above 255 or with a zero in front"
    elif ioc_type == "mac_address":
        reason = references.mac_flaw(text)
    elif ioc_type in _WALLETS:
        reason = "its checksum is wrong"
    elif ioc_type == "attack_technique":
        reason = "no technique has such a number"
    return reason or f"not a valid {ioc_type}"


def refang(text: str) -> str:
    """Undo the usual ways in which reports make indicators unclickable.

    Examples:
        >>> refang("hxxps[://]evil[.]example(dot)com/a"), refang("bob[at]example{.}com")
        ('https://evil.example.com/a', 'bob@example.com')
        >>> refang("http://[2001:db8::1]:80/")          # brackets with another meaning stay
        'http://[2001:db8::1]:80/'
    """
    text = _FTP.sub(r"ftp\1", _SCHEME.sub(r"http\1", text))
    text = _SEPARATORS.sub("://", text)
    return _HALF.sub(_whole, _BRACKETED.sub(_plain, text))


def _plain(match: re.Match[str]) -> str:
    return "." if match[1] else "@" if match[2] else ":" if match[3] else "/"


def _whole(match: re.Match[str]) -> str:
    start = match.start()
    opened = match[1] and "[" in match.string[max(0, start - 64) : start]
    return match[0] if opened else "."


def defang(value: str) -> str:
    """Make an indicator unclickable: ``hxxp``, ``[.]``, ``[@]``; of IPv6 the first ``[:]``.

    Examples:
        >>> defang("http://evil.example.com/a.b"), defang("bob@example.com")
        ('hxxp://evil[.]example[.]com/a.b', 'bob[@]example[.]com')
        >>> defang("2001:db8::1")
        '2001[:]db8::1'
    """
    head, separator, rest = value.partition("://")
    if not separator:
        if value.count(":") > 1:
            value = value.replace(":", "[:]", 1)
        return value.replace("@", "[@]").replace(".", "[.]")
    match = re.search(r"[/?#]", rest)
    cut = match.start() if match else len(rest)
    scheme = re.sub(r"(?i)^http", "hxxp", head)
    scheme = re.sub(r"(?i)^ftp", "fxp", scheme)
    return f"{scheme}://{rest[:cut].replace('.', '[.]').replace('@', '[@]')}{rest[cut:]}"


def url_host(url: str) -> str:
    """The host of a URL in lower case, without brackets; empty if there is none."""
    match = _URL.fullmatch(url)
    return match["host"].strip("[]").lower() if match else ""


def indicator_scope(ioc_type: str, value: str) -> str:
    """From where an indicator's address, network or interface can be reached; empty for others.

    Args:
        ioc_type: its type.
        value: its normal form.

    Examples:
        >>> indicator_scope("url", "http://10.0.0.1/a"), indicator_scope("dns", "a.example")
        ('private', '')
        >>> indicator_scope("cidr", "192.0.2.0/24"), indicator_scope("asn", "AS64512")
        ('documentation', 'private')
    """
    if ioc_type == "url":
        value = url_host(value).partition("%")[0]
    elif ioc_type == "cidr":
        return references.cidr_scope(value)
    elif ioc_type == "asn":
        return references.asn_scope(value)
    elif ioc_type == "mac_address":
        return references.mac_scope(value)
    elif ioc_type not in {"ipv4", "ipv6"}:
        return ""
    return address_scope(value) or ""


def _ipv4(text: str) -> str | None:
    address = parse_address(text)
    return str(address) if address is not None and address.version == 4 else None


def _ipv6(text: str) -> str | None:
    address = parse_address(text)
    return address_text(address) if address is not None and address.version == 6 else None


def _url(text: str) -> str | None:
    if len(text) > MAX_URL:
        return None
    match = _URL.fullmatch(text)
    if match is None:
        return None
    scheme, host, port = match["scheme"].lower(), match["host"].lower(), match["port"]
    if scheme not in URL_SCHEMES or (port and int(port) > 65_535) or not _is_host(host):
        return None
    user = f"{match['user']}@" if match["user"] is not None else ""
    return f"{scheme}://{user}{host}{':' + port if port else ''}{match['rest'] or ''}"


def _is_host(host: str) -> bool:
    """A host of a URL may be any well-formed name: inside a company it need not be a public one."""
    if host.startswith("["):
        return _ipv6(host.replace("%25", "%")) is not None
    labels = host.removesuffix(".").split(".")
    if labels[-1].isdecimal():
        return _ipv4(host) is not None
    return len(host) <= 254 and all(_HOST_LABEL.fullmatch(label) for label in labels)


def _email(text: str) -> str | None:
    local, at, host = text.rpartition("@")
    if not at or len(text) > 320 or ".." in local or not _LOCAL_PART.fullmatch(local):
        return None
    name = domain_name(host)
    return None if name is None or host.endswith(".") else f"{local}@{name}".lower()


def _user_agent(text: str) -> str | None:
    text = " ".join(text.split())
    return text if 3 <= len(text) <= 1024 and text.isprintable() else None


def _digest(ioc_type: str) -> Callable[[str], str | None]:
    return lambda text: digests.digest(ioc_type, text)


def _wallet(ioc_type: str) -> Callable[[str], str | None]:
    def normal(text: str) -> str | None:
        found = wallet(text)
        return found[1] if found is not None and found[0] == ioc_type else None

    return normal


_NORMAL: dict[str, Callable[[str], str | None]] = {
    "ipv4": _ipv4,
    "ipv6": _ipv6,
    "cidr": references.cidr,
    "dns": domain_name,
    "url": _url,
    "email": _email,
    **{name: _digest(name) for name in digests.DIGEST_SIZES},
    "ssdeep_hash": digests.ssdeep,
    "imphash": _digest("md5_hash"),
    "ja3_hash": _digest("md5_hash"),
    "ja4_hash": digests.ja4,
    "cve": references.cve,
    "attack_technique": references.attack_technique,
    "asn": references.asn,
    "mac_address": references.mac_address,
    "guid": references.guid,
    "mutex": places.mutex,
    "named_pipe": places.named_pipe,
    "windows_path": places.windows_path,
    "linux_path": places.linux_path,
    "registry_key": places.registry_key,
    "user_agent": _user_agent,
    **{name: _wallet(name) for name in _WALLETS},
}
