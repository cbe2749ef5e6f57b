"""Indicators as values: which texts are valid, their normal form, refanging and defanging."""

import re
from collections.abc import Callable
from typing import Literal, get_args

from huntkit.core.errors import UsageError, did_you_mean
from huntkit.entities.addresses import address_text, parse_address
from huntkit.entities.domains import domain_name

IoCType = Literal["ipv4", "ipv6", "dns", "url", "email", "md5_hash", "sha1_hash", "sha256_hash"]
IOC_TYPES: tuple[IoCType, ...] = get_args(IoCType)

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
_HASH_SIZES: dict[str, int] = {"md5_hash": 32, "sha1_hash": 40, "sha256_hash": 64}
_HEX = re.compile(r"[0-9a-f]+")
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


def check_ioc_type(name: str) -> IoCType:
    """The type of that name.

    Raises:
        UsageError: no such type, with the nearest names.
    """
    if name in _NORMAL:
        return name  # type: ignore[return-value]  # membership was just checked
    raise UsageError(
        f"there is no indicator type {name!r}",
        hint=did_you_mean(name, IOC_TYPES) or "known types: " + ", ".join(IOC_TYPES),
        context={"ioc_type": name, "known": list(IOC_TYPES)},
    )


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
    return _BRACKETED.sub(_plain, text)


def _plain(match: re.Match[str]) -> str:
    return "." if match[1] else "@" if match[2] else ":" if match[3] else "/"


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


def _digest(size: int) -> Callable[[str], str | None]:
    def normal(text: str) -> str | None:
        text = text.lower()
        if len(text) != size or not _HEX.fullmatch(text):
            return None
        # One repeated digit is a filler; a digest without any letter has odds of 1 in 3 million.
        # So has one with only four different ones, such as a mask of bits, of 1 in 10 ** 16.
        return None if len(set(text)) <= 4 or text.isdecimal() else text

    return normal


_NORMAL: dict[str, Callable[[str], str | None]] = {
    "ipv4": _ipv4,
    "ipv6": _ipv6,
    "dns": domain_name,
    "url": _url,
    "email": _email,
    **{name: _digest(size) for name, size in _HASH_SIZES.items()},
}
