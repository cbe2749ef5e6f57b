"""Obfuscated code laid out for reading."""

import re
from typing import Final

_DEEPEST: Final = 20  # levels of indent shown, so that a thousand braces stay a thousand lines
_WIDTH: Final = 4
# Every alternative takes what it starts, to the end of the text if it has to: no backtracking.
_PIECE: Final = re.compile(
    r"""
    (?P<here>@'[ \t]*\r?\n.*?(?:\n'@|\Z) | @"[ \t]*\r?\n.*?(?:\n"@|\Z))
    | (?P<comment><\#.*?(?:\#>|\Z) | (?<![^\s;{}()|,=])\#[^\r\n]*+)
    | (?P<text>'(?:[^']|'')*+(?:'|\Z) | "(?:[^"`]|`.|"")*+(?:"|`?\Z))
    | (?P<name>\$\{[^}]*+(?:\}|\Z))
    | (?P<continued>`\r?\n)
    | (?P<escape>`.?)
    | (?P<line>\r?\n|\r)
    | (?P<blank>[^\S\r\n]++)
    | (?P<mark>[;{}()\[\]])
    | (?P<word>[^\s'"`;{}()\[\]$@\#<]++ | .)
    """,
    re.VERBOSE | re.DOTALL,
)


def format_powershell(code: str) -> str:
    r"""PowerShell with one statement a line, indented, without the tricks that hide words.

    Backticks that mean nothing are removed, ``'a'+'b'`` is joined, and what is outside of strings
    and comments is made small (PowerShell does not care); strings keep their case, so base64 in
    them stays whole. The result is for reading, not for running.

    Args:
        code: a script or command line.

    Examples:
        >>> print(format_powershell("If($a){I`E`X ('Ne'+'w');$b='X;Y'}"))
        if($a)
        {
            iex ('New')
            $b='X;Y'
        }
    """
    layout = _Layout()
    for kind, piece in _joined(_pieces(code)):
        layout.take(kind, piece)
    layout.finish()
    return "\n".join(layout.lines)


class _Layout:
    """Lines that grow piece by piece."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._line: list[str] = []
        self._round = 0  # open round and square brackets, inside of which a semicolon parts nothing
        self._outer: list[int] = []  # the same, outside of each open brace

    def take(self, kind: str, piece: str) -> None:
        if kind == "mark" and piece == "{":
            self.finish()
            self._write(piece)
            self._outer.append(self._round)
            self._round = 0
        elif kind == "mark" and piece == "}":
            self.finish()
            self._round = self._outer.pop() if self._outer else 0
            self._write(piece)
        elif kind == "line" or (kind == "mark" and piece == ";" and not self._round):
            self.finish()
        else:
            if kind == "mark":
                self._round = max(self._round + (piece in "([") - (piece in ")]"), 0)
            self._line.append(piece)
            if kind == "here":
                self.finish()

    def finish(self) -> None:
        text = "".join(self._line).strip()
        self._line.clear()
        if text:
            self._write(text)

    def _write(self, text: str) -> None:
        self.lines.append(" " * (_WIDTH * min(len(self._outer), _DEEPEST)) + text)


def _pieces(code: str) -> list[tuple[str, str]]:
    """Kind and text, with what hides words taken out and words in small letters."""
    found: list[tuple[str, str]] = []
    for match in _PIECE.finditer(code):
        kind, piece = str(match.lastgroup), match.group()
        if kind == "continued":
            kind, piece = "blank", " "
        elif kind == "escape":
            kind, piece = "word", piece[1:]
        elif kind == "blank":
            piece = " "
        found.append((kind, piece.lower() if kind == "word" else piece))
    return found


def _joined(pieces: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Strings of one kind of quotes with only a plus between them are one."""
    found: list[tuple[str, str]] = []
    parts: list[str] = []  # of the string that may go on
    between: list[tuple[str, str]] = []  # what stands behind it

    def close() -> None:
        if parts:
            found.append(("text", parts[0][:1] + "".join(each[1:-1] for each in parts)
                          + parts[-1][-1:] if len(parts) > 1 else parts[0]))  # fmt: skip
        found.extend(between)
        parts.clear()
        between.clear()

    for kind, piece in pieces:
        if kind == "text" and parts and _goes_on(parts[-1], between, piece):
            parts.append(piece)
            between.clear()
        elif kind == "text":
            close()
            parts.append(piece)
        elif parts and (kind == "blank" or (kind == "word" and piece == "+")):
            between.append((kind, piece))
        else:
            close()
            found.append((kind, piece))
    close()
    return found


def _goes_on(before: str, between: list[tuple[str, str]], piece: str) -> bool:
    """Whether both are whole, in equal quotes, with one plus between."""
    whole = all(len(each) > 1 and each[0] == each[-1] for each in (before, piece))
    plus = [each for kind, each in between if kind == "word"]
    return whole and before[0] == piece[0] and plus == ["+"]
