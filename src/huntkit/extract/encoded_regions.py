"""Text written with escapes: percent signs, HTML entities, codes. Found and undone."""

import html
import re
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from huntkit.extract.encoded_bytes import readable
from huntkit.extract.encoded_runs import Signs

# A token is tried once, from its first character on, and never given back ("++"): linear.
_TOKEN = re.compile(r"(?<![^\s\"'<>|{}\\^`])[^\s\"'<>|{}\\^`%]*+%[^\s\"'<>|{}\\^`]*+")
# A percent sign's own escape counts where it hides another one; "$i%256" is arithmetic.
_ESCAPE = re.compile(r"(?<![%)\]])%(?!25(?![0-9A-Fa-f]{2}))[0-9A-Fa-f]{2}")
_TWO_ESCAPES = re.compile(r"(?<!%)(?:%[0-9A-Fa-f]{2}){2}")
_ENTITY = re.compile(r"&(?:#(?:\d{1,7}|[xX][0-9A-Fa-f]{1,6})|[A-Za-z][A-Za-z0-9]{1,30});")
_CODED_LETTERS = re.compile(r"(?:&#(?:\d{1,7}|[xX][0-9A-Fa-f]{1,6});){3}")
_MARKUP = re.compile(r"&lt;[/!?A-Za-z][^&]{0,400}&gt;")
_CODES = re.compile(r"(?:\\u[0-9A-Fa-f]{4}){4,}+|(?:%u[0-9A-Fa-f]{4}){4,}+")
_BLANK = re.compile(r"\s")
_NEEDLESS = re.compile(r"%(?:3[0-9]|[46][1-9A-Fa-f]|[57][0-9Aa])")  # letters and digits


class Region(NamedTuple):
    """A part of a text that was written with escapes, and what it says."""

    start: int
    end: int
    encoding: str
    text: str
    hidden: bool  # letters were escaped that need no escape: somebody hides them


def regions(text: str, signs: int = Signs.ALL) -> list[Region]:
    """The escaped parts of a text, in order and apart.

    Few escapes are everyday: a percent-encoded token has at least three of them, or two together;
    HTML has three numbered characters in a row, or escaped tags.

    Examples:
        >>> [(r.encoding, r.text) for r in regions("GET /?q=%3Cb%3Ehi%3C%2Fb%3E HTTP/1.1")]
        [('percent', '/?q=<b>hi</b>')]
        >>> regions("C:/My%20Files and 100% of %TEMP%")
        []
    """
    found = _html(text) if signs & Signs.HTML else []
    if signs & Signs.CODES:
        found += _codes(text)
    if signs & Signs.PERCENT:
        found += _percent(text)
    found.sort(key=lambda region: (region.start, -region.end))
    apart: list[Region] = []
    for region in found:
        if not apart or region.start >= apart[-1].end:
            apart.append(region)
    return apart


def _percent(text: str) -> list[Region]:
    found: list[Region] = []
    for match in _TOKEN.finditer(text):
        token = match[0]
        escapes = len(_ESCAPE.findall(token))
        if escapes < 2 or (escapes == 2 and not _TWO_ESCAPES.search(token)):
            continue
        plain = readable(unquote_to_bytes(token.encode("utf-8", "surrogatepass")))
        if plain is not None and plain[1] != token:
            needless = len(_NEEDLESS.findall(token))
            found.append(Region(*match.span(), "percent", plain[1], hidden=needless > 2))
    return found


def _html(text: str) -> list[Region]:
    coded = _CODED_LETTERS.search(text) is not None
    if not coded and not _MARKUP.search(text):
        return []
    places = [match.span() for match in _ENTITY.finditer(text)]
    if len(places) < 3:
        return []
    start, end = _token_start(text, places[0][0]), _token_end(text, places[-1][1])
    plain = html.unescape(text[start:end])
    if plain == text[start:end]:
        return []
    return [Region(start, end, "html", plain, hidden=coded)]


def _token_start(text: str, start: int) -> int:
    before = text[max(0, start - 256) : start]
    blanks = [match.end() for match in _BLANK.finditer(before)]
    return start - len(before) + blanks[-1] if blanks else start - len(before)


def _token_end(text: str, end: int) -> int:
    blank = _BLANK.search(text, end, end + 256)
    return blank.start() if blank else min(len(text), end + 256)


def _codes(text: str) -> list[Region]:
    found = []
    for match in _CODES.finditer(text):
        digits = match[0][2:].replace("\\u", "").replace("%u", "")
        plain = readable(bytes.fromhex(digits).decode("utf-16-be", "replace").encode())
        if plain is not None:
            hidden = plain[1].isascii()
            found.append(Region(*match.span(), "unicode codes", plain[1], hidden=hidden))
    return found
