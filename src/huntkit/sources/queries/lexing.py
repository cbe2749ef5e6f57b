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
