"""Read the indicators out of one piece of text, with its context.

Everything here is linear in the length of the piece: only `str.find`, and expressions whose matches
are whole runs of one class of characters, so that no position is looked at more than a fixed number
of times. Pieces repeat a lot in logs; each distinct one is read once.
"""

import re
from ipaddress import IPv6Address
from typing import NamedTuple, Protocol
from urllib.parse import unquote

from huntkit.entities.addresses import address_text, parse_address
from huntkit.entities.digests import DIGEST_SIZES, filler
from huntkit.entities.domains import is_top_level
from huntkit.entities.indicators import flaw, indicator_scope, normal_form, refang, url_host
from huntkit.extract.chunks import LABELS
from huntkit.extract.lookalikes import (
    reads_as_address,
    reads_as_code_name,
    reads_as_domain,
    reads_as_hash,
)
from huntkit.extract.url_spans import url_spans


class Found(NamedTuple):
    """One indicator of a piece of text."""

    ioc_type: str
    observable: str
    defanged: bool
    scope: str
    reason: str  # why it is none after all; empty for an indicator


class Add(Protocol):
    """Takes what was found, or with a reason what only looked like it."""

    def __call__(self, ioc_type: str, value: str, reason: str = "") -> None:
        """Take one."""


_MAX_DEPTH = 4  # URLs inside the parameters of URLs
_HIDDEN = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
_DEFANGED = re.compile(
    r"(?i)[\[({]\s?(?:[.:@/]|dot|d0t|punto|at)|\.\][a-z0-9]|h(?:xx|tx|xt|\*\*|__)p|meow|f[x*]p"
)
_DOTS = str.maketrans({"\u3002": ".", "\uff0e": ".", "\uff61": "."})
_JSON_ESCAPE = re.compile(r"\\u00([0-7][0-9A-Fa-f])")
_ESCAPED_BREAK = re.compile(r"(?:\\+r\\+n|\\+n\\+r)(?:\\+[rnt])*")
_BREAK = re.compile(r"[\s\"'`<>|\x00-\x1f]+")
_HEX_RUN = re.compile(r"(?<![0-9A-Za-z])[0-9A-Fa-f]{32,}(?![0-9A-Za-z])")
_HASH_TYPES = {size: name for name, size in DIGEST_SIZES.items()}
_SIZE_OF_NETWORK = re.compile(r"/(\d{1,3})(?![\w/]|\.\d)", re.ASCII)
_LOCAL_WITH_ZONE = re.compile(r"(?i)f(?:e[89ab]|f)[0-9a-f:.]+%")
_TIME = re.compile(r"\d{1,2}(?::\d\d){1,2}(?:\.\d+)?")
_AUTHORITY_END = re.compile(r"[/?#\\]")
_HOST_RUN = re.compile(r"[\w.\-]+")
# Read from right to left; an apostrophe only as in O'Neil and D'Angelo, or it is a quote.
_LOCAL_BACK = re.compile(r"[\w.+%=!#$&*/~^-]{1,64}(?:'[OoDd](?![A-Za-z])[\w.+-]{0,32})?")
# Whole runs with two colons; possessive, and only where a run starts, so that none is read twice.
_COLON_RUN = re.compile(
    r"(?<![0-9A-Fa-f:.])[0-9A-Fa-f.]*+:[0-9A-Fa-f.]*+:[0-9A-Fa-f:.]*+(?:%[\w.-]{1,40})?"
)
_NAME_RUN = re.compile(r"(?<![\w\-])[\w\-]*+\.[\w.\-]*+")  # starts only where a run starts
_ASCII_RUN = re.compile(r"[A-Za-z0-9_.\-]+")
_FOUR_NUMBERS = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}")
_LABEL = re.compile(rf"[A-Za-z_]*?(?:{LABELS})", re.IGNORECASE)
_NUMBERED = (
    *("ver", "version", "oid", "build", "firmware"),
    *("chapter", "section", "clause", "annex", "appendix"),
)
_A_VERSION = "a version or a number, by the text around it"
_VALUE = re.compile(r"[?&;#=]+")
_VERSION_VALUE = re.compile(
    r"(?i)version[\"']?\s{0,3}[:=]\s{0,3}[\"']?(\d{1,5}(?:\.\d{1,9}){1,3})(?![\w.])"
)


def read_chunk(chunk: str) -> list[Found]:
    """The indicators of one piece of text, in order of type of search, each once.

    What only looks like one is given too, with the reason.

    Examples:
        >>> [(f.ioc_type, f.observable) for f in read_chunk("hxxp://evil[.]example.com/a.")]
        [('url', 'http://evil.example.com/a'), ('dns', 'evil.example.com')]
    """
    text = chunk if chunk.isascii() else _HIDDEN.sub("", chunk)
    plain = refang(text) if _may_be_defanged(text) else text
    found = _read_text(plain)
    written = found if plain == text else _read_text(text)
    return [
        Found(*key, False, "", reason)
        if reason
        else Found(*key, written.get(key, "-") != "", indicator_scope(*key), "")
        for key, reason in found.items()
    ]


def _may_be_defanged(text: str) -> bool:
    # The expression costs more than all the rest; two in three pieces have none of these.
    return ("//" in text or "[" in text or "(" in text or "{" in text or ".]" in text) and bool(
        _DEFANGED.search(text)
    )


def _read_text(text: str) -> dict[tuple[str, str], str]:
    """Type, value and reason of all indicators and of what looks like them, in order."""
    found: dict[tuple[str, str], str] = {}

    def add(ioc_type: str, value: str, reason: str = "") -> None:
        if not reason or (ioc_type, value) not in found:
            found[ioc_type, value] = reason

    if len(text) >= 32:
        _read_hashes(text, add)
    if "ersion" in text or "ERSION" in text:
        text = _without_versions(text, add)
    for part in _parts(text):
        _read(part, add, depth=0)
    return found


def _without_versions(text: str, add: Add) -> str:
    def blank(match: re.Match[str]) -> str:
        if match[1].count(".") == 3:
            add("ipv4", match[1], _A_VERSION)
        return " "

    return _VERSION_VALUE.sub(blank, text)


def _parts(text: str) -> list[str]:
    """The piece itself, or what escapes of JSON and of programs in it separate."""
    if "\\" not in text:
        return [text]
    text = text.replace("\\/", "/")
    if "\\u00" in text:
        text = _JSON_ESCAPE.sub(lambda m: chr(int(m[1], 16)), text)
    text = _ESCAPED_BREAK.sub("\n", text)
    return [part for part in _BREAK.split(text) if part] if _BREAK.search(text) else [text]


def _read_hashes(text: str, add: Add) -> None:
    for match in _HEX_RUN.finditer(text):
        ioc_type = _HASH_TYPES.get(match.end() - match.start())
        if ioc_type is None:
            continue
        if filler(match[0]):
            add(ioc_type, match[0], filler(match[0]))
        elif reads_as_hash(
            before=text[max(0, match.start() - 60) : match.start()],
            after=text[match.end() : match.end() + 12],
        ):
            add(ioc_type, match[0].lower())
        else:
            add(ioc_type, match[0], "named as something else than the hash of a file")


def _read(text: str, add: Add, *, depth: int) -> None:
    start = 0
    for left, right in url_spans(text):
        if left > start:
            _read_bare(text[start:left], add, after=text[left : left + 2])
        _read_url(text[left:right], add, depth=depth)
        start = right
    if start < len(text):
        _read_bare(text[start:], add)


def _read_url(text: str, add: Add, *, depth: int) -> None:
    value = normal_form("url", text)
    if value is None:
        add("url", text, "not a valid address: its host, port or scheme")
        return
    host = url_host(value)
    if value.endswith(f"//{host}") and reads_as_code_name(host):
        add("url", value, "a name of program code made into a link")
        return
    add("url", value)
    if ":" in host or host.replace(".", "").isdecimal():
        _add_address(host.replace("%25", "%"), add)
    else:
        name = normal_form("dns", host)
        if name:
            add("dns", name)
    stop = _AUTHORITY_END.search(text, text.find("://") + 3)
    if stop is None or depth >= _MAX_DEPTH:
        return
    rest = unquote(text[stop.start() :]) if "%" in text else text[stop.start() :]
    if "://" in rest:
        for left, right in url_spans(rest):
            _read_url(rest[left:right], add, depth=depth + 1)
    elif "=" in rest:
        for piece in _VALUE.split(rest)[1:]:
            if "." in piece or ":" in piece:
                _read_bare(piece, add)


def _add_address(text: str, add: Add) -> None:
    address = parse_address(text)
    if address is None:
        add("ipv4", text, flaw("ipv4", text))
        return
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped  # the way a socket shows an IPv4 peer, no second address
        text = str(address)
    ioc_type = f"ipv{address.version}"
    # 0.0.0.0/8 is nobody's address; versions look like this.
    nobody = int(address) == 0 or (address.version == 4 and int(address) < 1 << 24)
    add(ioc_type, address_text(address), "nobody's address" if nobody else "")


def _add_network(text: str, after: str, add: Add) -> bool:
    """Add a network where the size of one follows its first address."""
    size = _SIZE_OF_NETWORK.match(after)
    value = normal_form("cidr", text + size[0]) if size else None
    if value is not None:
        add("cidr", value)
    return value is not None


def _read_bare(text: str, add: Add, *, after: str = "") -> None:
    """Addresses, mail addresses and names outside of URLs."""
    if "%" in text:
        if text.count(":") >= 2:
            text = _read_ipv6(text, add, zones=True)
        text = unquote(text)
        if "://" in text:
            places = list(url_spans(text))
            for left, right in places:
                _read_url(text[left:right], add, depth=_MAX_DEPTH)
            text = _blanked(text, places)
    if not text.isascii():
        text = text.translate(_DOTS)
    if "@" in text:
        text = _read_emails(text, add)
    if text.count(":") >= 2:
        text = _read_ipv6(text, add)
    label = _LABEL.match(text)
    versioned = label is not None and label[0].lower().endswith(_NUMBERED)
    for match in _NAME_RUN.finditer(text):
        if versioned and match[0][:1].isdecimal():  # the value of "version:" is no address
            versioned = False
            if _FOUR_NUMBERS.fullmatch(match[0]):
                add("ipv4", match[0], _A_VERSION)
            continue
        _read_run(text, match.start(), match.end(), add, after)


def _blanked(text: str, places: list[tuple[int, int]]) -> str:
    """The text with blanks at these places, which are in order and apart."""
    pieces: list[str] = []
    start = 0
    for left, right in places:
        pieces += [text[start:left], " " * (right - left)]
        start = right
    return "".join([*pieces, text[start:]])


def _read_emails(text: str, add: Add) -> str:
    """Add mail addresses with their hosts, and blank them out."""
    places: list[tuple[int, int]] = []
    place = text.find("@")
    while place >= 0:
        left = _LOCAL_BACK.match(text[max(0, place - 64) : place][::-1])
        right = _HOST_RUN.match(text, place + 1, place + 256)
        if left and right:
            local = left[0][::-1].rpartition("=")[2].rpartition("/")[2].lstrip(".-%&*^~!#$")
            start = place - len(local)
            value = normal_form("email", f"{local}@{right[0].rstrip('.-_')}") if local else None
            if value:
                is_remote = local.lower() == "git" and text[right.end() : right.end() + 1] == ":"
                if text[start - 1 : start] in {"/", "\\"}:
                    places.append((place, place + 1))  # HTTP/web.example.com@EXAMPLE.COM
                elif is_remote:
                    places.append((start, place))
                else:
                    add("email", value)
                    add("dns", value.rpartition("@")[2])
                    places.append((start, place + 1 + len(value.rpartition("@")[2])))
        place = text.find("@", place + 1)
    return _blanked(text, places)


def _read_ipv6(text: str, add: Add, *, zones: bool = False) -> str:
    """Add addresses and blank them out; with `zones` only those with one, as %12 is no escape."""
    places: list[tuple[int, int]] = []
    for match in _COLON_RUN.finditer(text):
        run = match[0] if match[0].endswith("::") else match[0].rstrip(":.")
        right = match.start() + len(run)
        run = run.lstrip(".")
        if run.startswith(":") and not run.startswith("::"):
            run = run[1:]
        left = right - len(run)
        colons = run.count(":")
        if colons < 2 or (zones and not _LOCAL_WITH_ZONE.match(run)):
            continue
        whole = "::" in run or colons == (6 if "." in run else 7)  # times and interfaces are not
        if whole and _reads_as_ipv6(text, left, right, run):
            if not _add_network(run, text[right : right + 8], add):
                _add_address(run, add)
            places.append((left, right))
        elif len(run) <= 90:
            add("ipv6", run, "a time of day" if _TIME.fullmatch(run) else "not an IPv6 address")
    return _blanked(text, places)


def _reads_as_ipv6(text: str, left: int, right: int, run: str) -> bool:
    before, after = text[left - 1 : left] if left else "", text[right : right + 1]
    if len(run) > 90 or (before and (before.isalnum() or before in "_$])-")):
        return False
    if after and (after.isalnum() or after in "_-(") and not run.endswith("::"):
        return False
    if run.endswith("::") and after and (after.isalnum() or after in "_$("):
        return False
    bare = run.partition("%")[0]
    if not any(c.isdigit() for c in bare) and bare.count(":") < 4:
        return False  # Add::Face, [Convert]::Add
    groups = bare.split(":")
    if len(groups) == 8 and all(len(group) == 2 for group in groups):
        return False  # EUI-64, a world-wide name of storage
    return parse_address(run) is not None


def _read_run(text: str, start: int, end: int, add: Add, tail: str) -> None:
    """Decide on one run of letters, digits, hyphens and dots."""
    run = text[start:end]
    core = run.strip(".-_") if run[:1] != "_" else run.rstrip(".-_")
    start += run.find(core)
    if "." not in core:
        return
    before = text[max(0, start - 64) : start]
    right = start + len(core)
    after = (text[right : right + 16] or tail).lstrip(".")
    if core[0].isdecimal() and core.replace(".", "").replace("-", "").isdecimal():
        for piece in core.split("-"):
            if not _FOUR_NUMBERS.fullmatch(piece):
                continue
            if not reads_as_address(piece, before=before, after=after):
                add("ipv4", piece, _A_VERSION)
            elif not _add_network(piece, after, add):
                _add_address(piece, add)
        return
    if len(core) > 254:
        return
    _read_name(core, before, after, add)


def _read_name(core: str, before: str, after: str, add: Add) -> None:
    if not is_top_level(core.rpartition(".")[2]):
        if core.isascii():
            return
        # Script without blanks around a Latin name: only the Latin part can be the name.
        for match in _ASCII_RUN.finditer(core):
            part = match[0].strip(".-_")
            if "." in part and is_top_level(part.rpartition(".")[2]):
                _read_name(part, " ", "", add)
        return
    if core[:2] in {"2F", "3A", "3D"} and core[2:3].islower():
        core = core[2:]  # %2F, %3A or %3D that lost its percent sign
    name = normal_form("dns", core)
    if name is None:
        return
    if name.endswith(".arpa"):
        add("dns", name, "an address written backwards")
    elif reads_as_domain(core, before=before, after=after):
        add("dns", name)
    else:
        add("dns", name, "a file or program code, by the text around it")
