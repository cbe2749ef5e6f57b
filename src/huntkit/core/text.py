"""Foreign text made safe to look at: what would hide, move or colour other text becomes a mark."""

import re
from typing import Final

_NAMED: Final = {
    0x00AD: "SHY",
    0x034F: "CGJ",
    0x061C: "ALM",
    0x115F: "HCF",
    0x1160: "HJF",
    0x180E: "MVS",
    0x200B: "ZWSP",
    0x200C: "ZWNJ",
    0x200D: "ZWJ",
    0x200E: "LRM",
    0x200F: "RLM",
    0x2028: "LS",
    0x2029: "PS",
    0x202A: "LRE",
    0x202B: "RLE",
    0x202C: "PDF",
    0x202D: "LRO",
    0x202E: "RLO",
    0x2060: "WJ",
    0x2061: "FA",
    0x2062: "IT",
    0x2063: "IS",
    0x2064: "IP",
    0x2066: "LRI",
    0x2067: "RLI",
    0x2068: "FSI",
    0x2069: "PDI",
    0x3164: "HF",
    0xFEFF: "BOM",
    0xFFA0: "HHF",
}

# Unnamed code points that print nothing: C1 controls, deprecated format characters, interlinear
# annotation, musical format, tags and the supplementary variation selectors (the last two are
# used to smuggle text), lone surrogates and non-characters.
_UNNAMED: Final = (
    (0x0080, 0x009F),
    (0x206A, 0x206F),
    (0xD800, 0xDFFF),
    (0xFDD0, 0xFDEF),
    (0xFFF9, 0xFFFB),
    (0xFFFE, 0xFFFF),
    (0x1D173, 0x1D17A),
    (0xE0000, 0xE0FFF),
)

_PICTURES: Final = {**{code: chr(0x2400 + code) for code in range(0x20)}, 0x7F: "␡"}

_HIDDEN: Final = re.compile(
    "[\x00-\x1f\x7f"
    + "".join(chr(code) for code in _NAMED)
    + "".join(f"{chr(first)}-{chr(last)}" for first, last in _UNNAMED)
    + "]"
)

# A carriage return alone moves to the front of the line, and hides what stands there.
_HIDDEN_IN_LINES: Final = re.compile(rf"(?!\r?\n|\t){_HIDDEN.pattern}")


def visible(text: str, *, limit: int | None = None) -> str:
    r"""The text on one line, with every control, bidi and invisible character as a visible mark.

    Control characters become their picture (``␀``, ``␛``, ``␊``); the others become their
    short name or number between ``⟦`` and ``⟧``. Lone surrogates too, so the result always
    encodes as UTF-8. HTML is not escaped: that is the job of whoever writes HTML.

    Args:
        text: any text, of any length.
        limit: at most this many characters come back, the last one being ``…`` if text was cut.

    Examples:
        >>> visible("a\x00b\x1b[31m")
        'a␀b␛[31m'
        >>> visible("invoice\u202efdp.exe")
        'invoice⟦RLO⟧fdp.exe'
        >>> visible("powershell -enc AAAA", limit=12)
        'powershell …'
    """
    if limit is None:
        return _HIDDEN.sub(_mark, text)
    shown = _HIDDEN.sub(_mark, text[: limit + 1])
    if len(shown) <= limit:
        return shown
    return shown[: max(limit - 1, 0)] + "…" if limit > 0 else ""


def has_hidden(text: str) -> bool:
    r"""Whether `visible_lines` would change a text.

    Examples:
        >>> has_hidden("one\r\n\ttwo"), has_hidden("a\x1b[31m")
        (False, True)
    """
    return _HIDDEN_IN_LINES.search(text) is not None


def visible_lines(text: str) -> str:
    r"""The text with its line ends and tabs, and all else that hides as `visible` shows it.

    Examples:
        >>> visible_lines("one\r\n\ttwo\x1b[31m\rthree")
        'one\r\n\ttwo␛[31m␍three'
    """
    return _HIDDEN_IN_LINES.sub(_mark, text)


def _mark(match: re.Match[str]) -> str:
    code = ord(match.group())
    picture = _PICTURES.get(code)
    return picture or f"⟦{_NAMED.get(code) or f'{code:04X}'}⟧"
