"""Where in a text base64, hexadecimal or base32 may stand, and what its context says."""

import base64
import binascii
import re
import string
from collections.abc import Iterator, Sequence
from typing import NamedTuple

MIN_RUN = 20  # characters of base64 without context: 15 bytes that are all printable by chance are
# one in two million; shorter runs are words

_BODY = r"[A-Za-z0-9+/_\-]"
# Runs of the alphabet are matched whole and never given back ("++"), so the search is linear.
_LONG = re.compile(rf"(?<!{_BODY[:-1]}]){_BODY}{{{MIN_RUN},}}+")
_NEXT = re.compile(rf"{_BODY}+={{0,2}}")
_JOINED = re.compile(r"[\"']\s{0,8}\+\s{0,8}[\"']|\\?[\r\n]{1,2}")
_PIECE = rf"{_BODY}++={{0,2}}"
_PIECES = re.compile(
    rf"[\"']{_PIECE}(?:[\"']\s{{0,8}}[+&.]\s{{0,8}}(?:_\s{{1,8}}&?\s{{0,8}})?[\"']{_PIECE})++"
)
_BETWEEN_PIECES = re.compile(r"[\"']\s{0,8}[+&.]\s{0,8}(?:_\s{1,8}&?\s{0,8})?[\"']")
# Short runs count where the context announces them: the abbreviations of -EncodedCommand, calls.
# Each expression begins with one plain character, for which the engine looks many times faster than
# for one of several or without regard to case.
_SWITCH_REST = (
    rf"[eE](?:[cCaAnN][A-Za-z^`]{{0,24}})?\s{{1,16}}[\"']?(?P<body>{_BODY}{{4,}}+={{0,2}})"
)
_SWITCHES = [re.compile(mark + _SWITCH_REST) for mark in "-/\u2013\u2014\u2015"]
_SWITCH = re.compile(r".(?:e|ec|ea|encodedarguments|en[codeman^`]{0,24})\s", re.IGNORECASE)
_CALL = re.compile(
    r"(?:base64string\)?[\"']?\s{0,4}[(,]{1,2}\s{0,4}\(?[\"']|base64\s?,|b64decode\(b?[\"'])"
    rf"(?P<body>{_BODY}{{4,}}+={{0,2}})",
    re.IGNORECASE,
)
_SURE_HEX = re.compile(
    r"(?:fromhex(?:string)?\s{0,4}\(\s{0,4}[\"']|unhexlify\(b?[\"']|hex2bin\([\"'])"
    r"(?P<body>(?:[0-9a-f]{2}){4,}+)",
    re.IGNORECASE,
)
_BYTES = [
    (mark, re.compile(expression))
    for mark, expression in (
        ("\\x", r"(?:\\x[0-9A-Fa-f]{2}){4,}+"),
        ("0x", r"0x[0-9A-Fa-f]{2}(?:[,;\s]{1,4}0x[0-9A-Fa-f]{2}){5,}+"),
        (" ", r" [0-9A-Fa-f]{2}(?: [0-9A-Fa-f]{2}){11,}+"),
        (",", r",[0-9A-Fa-f]{2}(?:,[0-9A-Fa-f]{2}){11,}+"),
        (":", r":[0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){11,}+"),
        ("-", r"-[0-9A-Fa-f]{2}(?:-[0-9A-Fa-f]{2}){11,}+"),
    )
]
_PAIR_BEFORE = re.compile(r"(?<![0-9A-Za-z])[0-9A-Fa-f]{2}$")
_NO_DIGIT = re.compile(r"0x|\\x|[^0-9A-Fa-f]")
# What decodes, anywhere in the text: the run may stand in a variable far from the call. Lower case
# and plain, as looking for words is several times faster than an expression.
_DECODERS = (
    "base64string", "b64decode", "decode64", "decodebase64", "base64_decode", "encodedcommand",
    "atob(", "/base64/", "fromhex", "unhexlify", "hex2bin", "b32decode", "deflatestream",
)  # fmt: skip
_TOOLS = re.compile(
    r"base(?:64|32)['\"]?[\s,]{1,4}-{1,2}d|openssl\s{1,4}(?:enc|base64)\b|xxd\s(?:-p\s)?-r"
)
_HEX = re.compile(r"(?:0[xX])?[0-9A-Fa-f]++")
# Bytes of text in UTF-8 or UTF-16, or the first bytes of something known.
_HEX_TEXT = re.compile(
    r"(?:(?:[2-7][0-9a-f]|0[9ad0]){10}|1f8b08|4d5a|504b0304|789c|78da|425a68|efbb"
    r"|fffe|fd377a|7f454c46|[cd][0-9a-f][89ab][0-9a-f]|e[0-9a-f][89ab][0-9a-f])"
)
_BASE32 = re.compile(r"[A-Z2-7]{16,}={0,6}")
_HEX_OR_GUID = re.compile(r"[0-9A-Fa-f\-]+|[0-9]+|[A-Za-z]+[0-9]{0,4}")
_LINES = (64, 76)
_LONG_PATH = 512
_ALPHABET = frozenset(string.ascii_letters + string.digits + "+/_-")
_STANDARD = str.maketrans("-_", "+/")


class Signs:
    """What a text may hold, as bits of a number."""

    RUN = 1  # a run of letters that decodes to something
    ANNOUNCED = 2  # a switch or call in front of one, however short
    BYTES = 4  # bytes written one by one
    PIECES = 8  # strings put together
    PERCENT = 16
    HTML = 32
    CODES = 64
    DECODER = 128  # something that decodes; says nothing by itself
    ALL = 255


class Run(NamedTuple):
    """A part of a text that may be encoded."""

    start: int
    end: int
    encoding: str  # base64, hex or base32
    body: str
    sure: bool  # the context says that it is encoded
    wide: bool  # PowerShell's -EncodedCommand: always UTF-16
    hinted: bool = False  # something in the text decodes


def calls_a_decoder(text: str) -> bool:
    """Whether something in the text decodes base64 or its like.

    Examples:
        >>> calls_a_decoder("echo aGk= | base64 -d"), calls_a_decoder("based on 64 bits")
        (True, False)
    """
    text = text.lower()
    if any(word in text for word in _DECODERS):
        return True
    if "certutil" in text and "decode" in text:
        return True
    worth = "base64" in text or "openssl" in text or "base32" in text or "xxd" in text
    return worth and _TOOLS.search(text) is not None


def runs(text: str, signs: int = Signs.ALL, longs: Sequence[str] | None = None) -> Iterator[Run]:
    """Runs that may be encoded, in order and apart; one run may come as two kinds.

    Only what `signs` names is looked for; `longs` are the long runs that are worth it, in order.

    Examples:
        >>> [(run.encoding, run.body) for run in runs("powershell -e ZABpAHIA")]
        [('base64', 'ZABpAHIA')]
    """
    hinted = bool(signs & Signs.DECODER)
    announced: dict[int, re.Match[str]] = {}
    hexes: dict[int, re.Match[str]] = {}
    pieces: dict[int, re.Match[str]] = {}
    if signs & Signs.ANNOUNCED:
        announced = {match.start("body"): match for match in _announced(text)}
    if hinted and "hex" in text.lower():
        hexes = {match.start("body"): match for match in _SURE_HEX.finditer(text)}
    by_byte = dict(_byte_by_byte(text)) if signs & Signs.BYTES else {}
    if signs & Signs.PIECES:
        pieces = {match.start() + 1: match for match in _PIECES.finditer(text)}
    starts = _long_starts(text) if longs is None else _starts(text, longs)
    floor = 0
    for start in sorted({*announced, *hexes, *by_byte, *pieces, *starts}):
        if start < floor:
            continue  # a part of the run before
        if start in by_byte:
            floor = by_byte[start]
            body = _NO_DIGIT.sub("", text[start:floor])
            yield Run(start, floor, "hex", body, sure=False, wide=False, hinted=hinted)
        elif start in hexes:
            floor = hexes[start].end()
            yield Run(start, floor, "hex", hexes[start]["body"], sure=True, wide=False)
        else:
            if start in pieces:
                floor = pieces[start].end()
                body = _BETWEEN_PIECES.sub("", text[start:floor])
            else:
                body, floor = _joined(text, start)
            whole = Run(start, floor, "base64", body, sure=False, wide=False, hinted=hinted)
            told = announced.get(start)
            if told is not None:
                yield whole._replace(sure=True, wide=told.re is not _CALL)
            elif len(body) >= MIN_RUN:
                yield from _as_kinds(whole)


def _long_starts(text: str) -> list[int]:
    return [match.start() for match in _LONG.finditer(text)]


def _starts(text: str, longs: Sequence[str]) -> list[int]:
    """Where these whole runs stand; they come in order."""
    found: list[int] = []
    at = 0
    for run in longs:
        start = text.find(run, at)
        while start >= 0:
            at = start + len(run)
            if text[start - 1 : start] not in _ALPHABET and text[at : at + 1] not in _ALPHABET:
                found.append(start)
                break
            start = text.find(run, start + 1)
    return found


def _announced(text: str) -> Iterator[re.Match[str]]:
    """Runs behind PowerShell's switch, or in a call that decodes."""
    for switch in _SWITCHES if not text.isascii() else _SWITCHES[:2]:
        for match in switch.finditer(text):
            if _SWITCH.match(text, match.start()):
                yield match
    if "64" in text:
        yield from _CALL.finditer(text)


def _byte_by_byte(text: str) -> Iterator[tuple[int, int]]:
    """Where bytes are written one by one, as in ``41 42 43``."""
    for mark, expression in _BYTES:
        if mark not in text:
            continue
        for match in expression.finditer(text):
            start = match.start()
            if len(mark) == 1:  # the first pair stands before the first mark
                before = _PAIR_BEFORE.search(text[max(0, start - 3) : start])
                start = start - 2 if before else start + 1
            yield start, match.end()


def _as_kinds(run: Run) -> Iterator[Run]:
    """What a run without context may be; of a path or option, its parts."""
    if len(run.body) != run.end - run.start:  # put together from pieces: no places inside
        for kind in kinds(run.body):
            yield run._replace(encoding=kind)
        return
    for part in parts(run.body):
        left = run.start + run.body.find(part)
        for kind in kinds(part):
            yield run._replace(start=left, end=left + len(part), encoding=kind, body=part)


def _joined(text: str, start: int) -> tuple[str, int]:
    """The run with those that 'a' + 'b' or a fixed line length continue it with."""
    found: list[str] = []
    while True:
        match = _NEXT.match(text, start)
        if match is None:
            break
        found.append(match[0])
        end = match.end()
        joint = None if match[0].endswith("=") else _JOINED.match(text, end)
        if joint is None or (joint[0][0] not in "\"'" and len(match[0]) not in _LINES):
            break
        start = joint.end()
    return "".join(found), end


def kinds(body: str) -> list[str]:
    """What a run may be, by its letters; the rarer alphabet first.

    Examples:
        >>> kinds("6e657420757365722061646d696e"), kinds("JBSWY3DPEBLW64TMMQQQ====")
        (['hex'], ['base32', 'base64'])
        >>> kinds("da39a3ee5e6b4b0d3255bfef95601890afd80709")
        []
    """
    if len(body) % 2 == 0 and _HEX.fullmatch(body):
        return ["hex"] if _HEX_TEXT.match(body.lower().removeprefix("0x")) else []
    if _HEX_OR_GUID.fullmatch(body) and not _may_be_letters(body):
        return []
    if _BASE32.fullmatch(body):
        return ["base32", "base64"]
    return ["base64"]


def _may_be_letters(run: str) -> bool:
    # A digest, a GUID, a number, one long word: base64 of text has capitals, digits and more.
    return run.isalpha() and not run.islower() and not run.istitle()


def parts(run: str) -> list[str]:
    """The run itself, or the parts of a path or option of which one may be encoded."""
    mark = run.lower().rfind("/base64/")
    if mark >= 0:  # of a URL: /Basic/Command/Base64/...
        run = run[mark + len("/base64/") :]
    if ("-" in run or "_" in run) and ("/" in run or "+" in run):
        return [part for part in re.split(r"[-_]+", run) if len(part) >= MIN_RUN]
    stripped = run.strip("-_")
    if len(run) < _LONG_PATH and not run.endswith("=") and run.count("/") * 16 > len(run):
        return [part for part in run.split("/") if len(part) >= MIN_RUN]
    return [stripped] if len(stripped) >= MIN_RUN else []


def run_bytes(run: Run) -> bytes | None:
    """The bytes that a run stands for; None if it is not encoded in that way.

    Examples:
        >>> run_bytes(Run(0, 8, "hex", "6e6574", sure=False, wide=False))
        b'net'
    """
    try:
        if run.encoding == "hex":
            return bytes.fromhex(run.body[2:] if run.body[:2] in ("0x", "0X") else run.body)
        if run.encoding == "base32":
            body = run.body.rstrip("=")
            return base64.b32decode(body + "=" * (-len(body) % 8))
        body = run.body.rstrip("=").translate(_STANDARD)
        spare = len(body) % 4
        if spare == 1:  # no base64 has this length: the last character is something else's
            body, spare = body[:-1], 0
        return base64.b64decode(body + "=" * (-spare % 4))
    except (binascii.Error, ValueError):
        return None
