"""What a shape is: an expression that finds a type of indicator, and a reader of its matches."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from huntkit.entities.indicators import flaw, normal_form

EDGE = r"(?-u:\b)"  # of a word; the ASCII one, as the Unicode one slows the engine down
Read = tuple[str, str, str]  # type, value, and why it is none (empty if it is one)
Reader = Callable[[str], list[Read]]


@dataclass(frozen=True)
class Shape:
    """One expression and the types of indicators behind it."""

    types: frozenset[str]
    pattern: str  # for the Rust engine: no look-around, no back reference
    read: Reader
    alone: bool = False  # whether it may hold others, or be cut by them: a pass of its own
    start: re.Pattern[str] | None = None  # how its matches start, where it shares a pass


def plain(ioc_type: str, *, strip: str = "") -> Reader:
    """A reader for shapes that hold nothing but the value."""

    def read(text: str) -> list[Read]:
        text = text.strip(strip) if strip else text
        if not text:
            return []
        value = normal_form(ioc_type, text)
        return [(ioc_type, text, flaw(ioc_type, text)) if value is None else (ioc_type, value, "")]

    return read
