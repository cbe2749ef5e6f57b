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
# Each is matched only where its first letters stand: to look for plain ones is many times faster
# than for an expression.
_SWITCH_REST = (
    rf"[eE](?:[cCaAnN][A-Za-z^`]{{0,24}})?\s{{1,16}}[\"']?(?P<body>{_BODY}{{4,}}+={{0,2}})"
)
_SWITCHED_BODY = re.compile(f".{_SWITCH_REST}")
_MARKS = ("-e", "/e", "\u2013e", "\u2014e", "\u2015e")
_SWITCH = re.compile(r".(?:e|ec|ea|encodedarguments|en[codeman^`]{0,24})\s", re.IGNORECASE)
_SHORT_BODY = rf"(?P<body>{_BODY}{{4,}}+={{0,2}}|{_BODY}{{3}}=|{_BODY}{{2}}==)"
_OPENED = rf"\s?\(\s{{0,4}}b?[\"']{_SHORT_BODY}"
# What decodes, by its word.
_DECODES = ("b64decode", "decode64", "decodebase64", "decode_base64", "from_base64", "atob")
_CALLS = {
    "base64": re.compile(
        r"base64(?:string\)?[\"']?\s{0,4}[(,]{1,2}\s{0,4}\(?[\"']|\s?,|_decode\s?\(\s{0,4}[\"']"
        rf"|\s{{1,4}}-{{1,2}}d[a-z]{{0,6}}\s{{0,4}}<<<\s{{0,4}}[\"']?){_SHORT_BODY}",
        re.IGNORECASE,
    ),
    **{word: re.compile(word + _OPENED, re.IGNORECASE) for word in _DECODES},
}
_BEFORE_NAME = re.compile(r"[\"'](?:\s{0,4},|\.decode\()\s{0,4}[\"']\Z", re.IGNORECASE)
# RFC 7617: a name, a colon and a password.
_BASIC = re.compile(
    r"authorization[\"'\\]{0,4}\s{0,4}[:=,]\s{0,4}[\"'\\]{0,4}basic\s{1,4}" + _SHORT_BODY,
    re.IGNORECASE,
)
_PIPE = re.compile(
    r"\|\s{0,8}(?:[\w.\-/]{0,40}/)?(?:base64\s{1,4}(?:-i\s{1,4})?-{1,2}[dD]|openssl\s{1,4}base64\s{1,4}-d"
    r"|openssl\s{1,4}enc\s{1,4}(?:-d\s{1,4}-(?:base64|a)\b|-(?:base64|a)\s{1,4}-d\b)"
    r"|(?P<hex>xxd\s{1,4}(?:-r\s{1,4}-p|-p\s{1,4}-r|-rp|-pr)\b))"
)
_ECHO = re.compile(
    r"(?:\b(?:echo|printf|print|write-output)(?:\s{1,4}(?:-[neE]{1,3}|[\"']?%s(?:\\n)?[\"']?)){0,2}"
    r"\s{1,4}|<<<\s{0,4})[\"']?\Z",
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
    "atob(", "decode_base64", "from_base64", "/base64/", "fromhex", "unhexlify", "hex2bin",
    "b32decode", "deflatestream",
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
_JOINTS = frozenset("=\"'\\\r\n")  # what may continue a run
_LONG_PATH = 512
_ALPHABET = frozenset(string.ascii_letters + string.digits + "+/_-")
_STANDARD = str.maketrans("-_", "+/")
_LETTERS = string.ascii_uppercase + string.ascii_lowercase + string.digits + "+/"
_OF_BASE64 = "".join(_ALPHABET)
_SWITCHED, _CALLED, _BASIC_LOGIN, _HEX_CALLED = "switch", "call", "basic", "hex"  # what announces
_LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)
_ELLIPSES = ("...", "\u2026")


class Signs:
    """What a text may hold, as bits of a number."""

    RUN = 1  # a run of letters that decodes to something
    ANNOUNCED = 2  # PowerShell's switch in front of one, however short
    BYTES = 4  # bytes written one by one
    PIECES = 8  # strings put together
    PERCENT = 16
    HTML = 32
    CODES = 64
    DECODER = 128  # something that decodes; says nothing by itself
    CALLED = 256  # a call or tool that decodes beside one, however short
    ALL = 511


class Run(NamedTuple):
    """A part of a text that may be encoded."""

    start: int
    end: int
    encoding: str  # base64, hex or base32
    body: str
    sure: bool  # the context says that it is encoded
    wide: bool  # PowerShell's -EncodedCommand: always UTF-16
    hinted: bool = False  # something in the text decodes
    last: bool = False  # the text ends with it, perhaps too early
    cut: bool = False  # dots behind it say that its end is missing
    login: bool = False  # credentials of HTTP, which hide no command


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
    announced = dict(_called(text)) if signs & Signs.CALLED else {}
    if signs & Signs.ANNOUNCED:
        announced.update(_switched(text))
    hexes: dict[int, str] = {}
    pieces: dict[int, re.Match[str]] = {}
    if hinted and "hex" in text.lower():
        hexes = {match.start("body"): match["body"] for match in _SURE_HEX.finditer(text)}
    by_byte = dict(_byte_by_byte(text)) if signs & Signs.BYTES else {}
    if signs & Signs.PIECES:
        pieces = {match.start() + 1: match for match in _PIECES.finditer(text)}
    known = _long_runs(text) if longs is None else _places(text, longs)
    size = len(text.rstrip())
    floor = 0
    for start in sorted({*announced, *hexes, *by_byte, *pieces, *known}):
        if start < floor:
            continue  # a part of the run before
        if start in by_byte:
            floor = by_byte[start]
            body = _NO_DIGIT.sub("", text[start:floor])
            yield Run(start, floor, "hex", body, sure=False, wide=False, hinted=hinted)
        elif start in hexes:
            floor = start + len(hexes[start])
            yield Run(start, floor, "hex", hexes[start], sure=True, wide=False)
        else:
            if start in pieces:
                floor = pieces[start].end()
                body = _BETWEEN_PIECES.sub("", text[start:floor])
            else:
                body, floor = _joined(text, start, known.get(start))
                if not body:
                    continue
            told = announced.get(start, "")
            cut = text.startswith(_ELLIPSES, floor)
            whole = Run(
                start, floor, "base64", body, bool(told), told == _SWITCHED, hinted and not told,
                floor >= size, cut,
            )  # fmt: skip
            yield from _told_kinds(whole, told)


def _told_kinds(run: Run, told: str) -> Iterator[Run]:
    """What a run may be by what announces it, or else by its letters."""
    if told == _HEX_CALLED:
        body = run.body[: len(run.body) & ~1]
        if _HEX.fullmatch(body):
            yield run._replace(encoding="hex", body=body)
            return
    elif told == _BASIC_LOGIN:
        if b":" in (run_bytes(run) or b""):
            yield run._replace(login=True)
            return
    elif told:
        yield run
        return
    if len(run.body) >= MIN_RUN:
        yield from _as_kinds(run._replace(sure=False) if told else run)


def _long_runs(text: str) -> dict[int, int]:
    return dict(match.span() for match in _LONG.finditer(text))


def _places(text: str, longs: Sequence[str]) -> dict[int, int]:
    """Starts and ends of these whole runs; they come in order."""
    found: dict[int, int] = {}
    at = 0
    for run in longs:
        start = text.find(run, at)
        while start >= 0:
            at = start + len(run)
            if text[start - 1 : start] not in _ALPHABET and text[at : at + 1] not in _ALPHABET:
                found[start] = at
                break
            start = text.find(run, start + 1)
    return found


def _called(text: str) -> Iterator[tuple[int, str]]:
    """Where runs stand in what decodes, and which it is."""
    lower = lower_case(text)
    if "authorization" in lower:
        for match in _BASIC.finditer(text):
            yield match.start("body"), _BASIC_LOGIN
    if "64" in lower or "atob" in lower:
        yield from _arguments(text, lower)
    if "|" in text and ("base64" in lower or "openssl" in lower or "xxd" in lower):
        yield from _piped(text)


def _switched(text: str) -> Iterator[tuple[int, str]]:
    """Where runs stand behind PowerShell's switch."""
    lower = lower_case(text)
    for mark in _MARKS if not text.isascii() else _MARKS[:2]:
        place = lower.find(mark)
        while place >= 0:
            match = _SWITCHED_BODY.match(text, place)
            if match is not None and _SWITCH.match(text, place):
                yield match.start("body"), _SWITCHED
            place = lower.find(mark, place + 1 if match is None else match.end())


def lower_case(text: str) -> str:
    """The text in lower case, letter by letter, so that places in both are the same."""
    lower = text.lower()
    return lower if len(lower) == len(text) else text.translate(_LOWER)


def _arguments(text: str, lower: str) -> Iterator[tuple[int, str]]:
    """Arguments of calls that decode, and ``'...', 'base64'``."""
    named = "base64" in lower
    for word, call in _CALLS.items():
        if not named and "base64" in word:
            continue
        floor, place = 0, lower.find(word)
        while place >= 0:
            match = call.match(text, place)
            if match is not None:
                yield match.start("body"), _CALLED
            elif word == "base64":
                start = _named_behind(text, floor, place)
                if start is not None:
                    yield start, _CALLED
                floor = place
            place = lower.find(word, place + len(word))


def _named_behind(text: str, floor: int, place: int) -> int | None:
    """Where the string starts of ``from('...', 'base64')``; this word stands at `place`."""
    mark = _BEFORE_NAME.search(text, max(floor, place - 20), place)
    if mark is None or text[place + 6 : place + 7] not in {'"', "'"}:
        return None
    start = _start_of_last(text[floor : mark.start()])
    is_quoted = start is not None and text[floor + start - 1 : floor + start] in {'"', "'"}
    return floor + start if start is not None and is_quoted else None


def _start_of_last(text: str) -> int | None:
    """Where the base64 starts that a text ends with, if that is four characters or more."""
    letters = text.rstrip("=")
    left = letters.rstrip(_OF_BASE64)
    size, padding = len(letters) - len(left), len(text) - len(letters)
    return len(left) if size >= 2 and padding <= 2 and size + padding >= 4 else None


def _piped(text: str) -> Iterator[tuple[int, str]]:
    """What a shell's ``echo`` gives to a tool that decodes; no file's name."""
    floor = 0
    for tool in _PIPE.finditer(text):
        given = text[floor : tool.start()].rstrip()
        given = given[:-1] if given[-1:] in {'"', "'"} else given
        start = _start_of_last(given)
        if start is not None and _ECHO.search(given[max(0, start - 64) : start]):
            yield floor + start, _HEX_CALLED if tool["hex"] else _CALLED
        floor = tool.end()


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


def _joined(text: str, start: int, known: int | None) -> tuple[str, int]:
    """The run with those that 'a' + 'b' or a fixed line length continue it with.

    `known` is where its letters end, if that is known.
    """
    if known is not None and text[known : known + 1] not in _JOINTS:
        return text[start:known], known
    found: list[str] = []
    end = start  # lower-casing can move letters: what was seen there may be none
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
    mark = run.lower().rfind("/base64/") if "64/" in run else -1
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
        body = run.body.rstrip("=")
        if "-" in body or "_" in body:
            body = body.translate(_STANDARD)
        spare = len(body) % 4
        if spare == 1:  # no base64 has this length: the last character is something else's
            body, spare = body[:-1], 0
        return binascii.a2b_base64(body + "=" * (-spare % 4) if spare else body)
    except (binascii.Error, ValueError):
        return None


def breaks_off(run: Run) -> bool:
    """Whether the last character of base64 belongs to a byte that is not there.

    Examples:
        >>> [breaks_off(Run(0, 0, "base64", body, True, False)) for body in ("aGk", "aGk=", "aGl")]
        [False, False, True]
    """
    spare = len(run.body) % 4
    if run.encoding != "base64" or not spare or run.body.endswith("="):
        return False
    value = _LETTERS.find(run.body[-1].translate(_STANDARD))
    return spare == 1 or value & (15 if spare == 2 else 3) > 0
