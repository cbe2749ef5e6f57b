r"""A command line as the words that the program gets.

Windows: the rules that Microsoft publishes for programs built with its C runtime ("Parsing C
command-line arguments") and for ``CommandLineToArgvW``. POSIX: the quoting of the shell command
language (IEEE Std 1003.1, 2.2), without any expansion: nothing of the text is ever run.
"""

from typing import Literal

from huntkit.core.errors import UsageError

_BLANK = " \t\n\r\v\f"
_WINDOWS_BLANK = " \t"


def split_command(text: str, platform: Literal["windows", "posix"] = "windows") -> list[str]:
    r"""The words of a command line; never fails, an open quote ends with the text.

    Args:
        text: the command line.
        platform: whose rules hold.

    Raises:
        UsageError: there is no such platform.

    Examples:
        >>> split_command(r'"C:\Program Files\a.exe" -x "say \"hi\"" C:\dir\\')
        ['C:\\Program Files\\a.exe', '-x', 'say "hi"', 'C:\\dir\\\\']
        >>> split_command("sh -c 'echo \"$HOME\"' a\\ b", "posix")
        ['sh', '-c', 'echo "$HOME"', 'a b']
    """
    if platform not in ("windows", "posix"):
        raise UsageError(f"there is no platform {platform!r:.40}", hint="one of: windows, posix")
    return _posix(text) if platform == "posix" else _windows(text)


def _windows(text: str) -> list[str]:
    if not text:
        return []
    program, place = _windows_program(text)
    words = [program]
    end = len(text)
    while True:
        while place < end and text[place] in _WINDOWS_BLANK:
            place += 1
        if place >= end:
            return words
        word, place = _windows_word(text, place)
        words.append(word)


def _windows_program(text: str) -> tuple[str, int]:
    """The first word: a backslash means itself here, and nothing can quote a quote."""
    place, quoted, end = 0, False, len(text)
    while place < end and (quoted or text[place] not in _WINDOWS_BLANK):
        if text[place] == '"':
            quoted = not quoted
        place += 1
    return text[:place].replace('"', ""), place


def _windows_word(text: str, place: int) -> tuple[str, int]:
    parts: list[str] = []
    quoted, end = False, len(text)
    while place < end and (quoted or text[place] not in _WINDOWS_BLANK):
        start = place
        while place < end and text[place] == "\\":
            place += 1
        slashes = place - start
        if place < end and text[place] == '"':
            parts.append("\\" * (slashes // 2))
            place += 1
            if slashes % 2:
                parts.append('"')
            elif quoted and place < end and text[place] == '"':
                parts.append('"')  # two in a row inside quotes are one; the quotes stay open
                place += 1
            else:
                quoted = not quoted
            continue
        parts.append("\\" * slashes)
        start = place
        while (
            place < end
            and text[place] not in '\\"'
            and (quoted or text[place] not in _WINDOWS_BLANK)
        ):
            place += 1
        parts.append(text[start:place])
    return "".join(parts), place


def _posix(text: str) -> list[str]:
    words: list[str] = []
    parts: list[str] | None = None  # None between words
    place, end = 0, len(text)
    while place < end:
        letter = text[place]
        if letter in _BLANK:
            if parts is not None:
                words.append("".join(parts))
                parts = None
            place += 1
            continue
        if parts is None:
            parts = []
        if letter == "'":
            close = text.find("'", place + 1)
            close = end if close < 0 else close
            parts.append(text[place + 1 : close])
            place = close + 1
        elif letter == '"':
            piece, place = _posix_quoted(text, place + 1)
            parts.append(piece)
        elif letter == "\\":
            parts.append(text[place + 1 : place + 2].replace("\n", ""))  # \newline goes on
            place += 2
        else:
            parts.append(letter)
            place += 1
    if parts is not None:
        words.append("".join(parts))
    return words


def _posix_quoted(text: str, place: int) -> tuple[str, int]:
    r"""Text in double quotes, where a backslash quotes only ``$ ` " \`` and the end of a line."""
    parts: list[str] = []
    end = len(text)
    while place < end:
        letter = text[place]
        if letter == '"':
            return "".join(parts), place + 1
        if letter == "\\" and place + 1 < end and text[place + 1] in '$`"\\\n':
            parts.append(text[place + 1].replace("\n", ""))
            place += 2
        else:
            parts.append(letter)
            place += 1
    return "".join(parts), place
