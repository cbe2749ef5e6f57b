"""Cutting text into tokens by one regular expression, for languages without a front end here."""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from huntkit.core.errors import UsageError
from huntkit.sources.queries.language import Token, TokenKind

_KINDS: Final[Mapping[str, TokenKind]] = {
    "string": "string",
    "raw": "string",
    "opaque": "opaque",
    "word": "word",
    "mark": "mark",
}


def tokens(pattern: re.Pattern[str], text: str, language: str) -> Iterator[Token]:
    """The tokens of a text.

    Args:
        pattern: its groups are named after kinds of tokens: ``string`` and ``raw``, ``opaque``,
            ``word``, ``mark``, ``open`` for a string or comment without an end; ``gap`` and what
            is in no group (comments, white space) is left out.
        text: what to cut; the pattern must match at every place.
        language: for messages.

    Raises:
        UsageError: a string or comment has no end.
    """
    for match in pattern.finditer(text):
        kind = match.lastgroup
        if kind == "open":
            line = text.count("\n", 0, match.start()) + 1
            raise UsageError(f"line {line}: {match[0][:20]!r} has no end in this {language}")
        if kind is not None and kind in _KINDS:
            yield Token(_KINDS[kind], match[0], match.start())


def without_nul(text: str, language: str) -> str:
    """The text, which holds no character that ends texts in some programs."""
    if "\0" in text:
        raise UsageError(f"{language} can't write a text with the character NUL")
    return text


def no_other_escape(content: str, known: str, language: str) -> None:
    r"""Refuse a string with escapes that can't be undone and written again without a guess.

    Args:
        content: what stands between the quotes.
        known: the characters that a backslash may stand before.
        language: for messages.

    Raises:
        UsageError: a backslash stands before anything else, as in ``"C:\Users\{name}"``.
    """
    at = content.find("\\")
    while at >= 0:
        following = content[at + 1 : at + 2]
        if following not in known:
            raise UsageError(
                f"a string that takes a value holds {content[at : at + 2]!r}, which is no plain "
                f"escape in {language}",
                hint="double a backslash that is meant as one",
            )
        at = content.find("\\", at + 2)
