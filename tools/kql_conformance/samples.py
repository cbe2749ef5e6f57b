"""Texts that a regular expression finds."""

import importlib
import re
from collections.abc import Mapping
from typing import Any

_CATEGORIES = {
    "CATEGORY_DIGIT": "5",
    "CATEGORY_SPACE": " ",
    "CATEGORY_WORD": "w",
    "CATEGORY_NOT_DIGIT": "d",
    "CATEGORY_NOT_SPACE": "s",
    "CATEGORY_NOT_WORD": "-",
}
_TRIED = "aZ0 -_/.:\\\"'=x"


def sample(pattern: str, *, variant: int = 0, groups: Mapping[int, str] | None = None) -> str:
    r"""A text in which the pattern is found; its groups hold the given texts.

    >>> sample("a+[0-9]{2}-(on|off)", variant=1), sample(r"id=(\w+);", groups={1: "root"})
    ('a00-off', 'id=root;')
    """
    parser: Any = importlib.import_module("re._parser")
    try:
        return _of(parser.parse(pattern), variant, groups or {})
    except (re.error, OverflowError, RecursionError):
        return re.sub(r"[\\^$?*+()\[\]{}|]", "", pattern)


def _of(parsed: Any, variant: int, groups: Mapping[int, str]) -> str:
    return "".join(_one(str(op), value, variant, groups) for op, value in parsed)


def _one(op: str, value: Any, variant: int, groups: Mapping[int, str]) -> str:
    if op == "LITERAL":
        return chr(value)
    if op == "NOT_LITERAL":
        return "b" if value == ord("a") else "a"
    if op == "ANY":
        return "a"
    if op == "IN":
        return _in(value)
    if op == "BRANCH":
        branches = value[1]
        return _of(branches[variant % len(branches)], variant, groups)
    if op == "SUBPATTERN":
        given: str = groups.get(value[0], "")
        return given or _of(value[3], variant, groups)
    if op in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
        least: int = min(value[0], 200)
        return _of(value[2], variant, groups) * least
    return ""


def _in(items: Any) -> str:
    if str(items[0][0]) == "NEGATE":
        return next((each for each in _TRIED if not _within(each, items[1:])), "a")
    op, value = items[0]
    if str(op) == "LITERAL":
        return chr(value)
    return chr(value[0]) if str(op) == "RANGE" else _CATEGORIES.get(str(value), "a")


def _within(character: str, items: Any) -> bool:
    place = ord(character)
    for op, value in items:
        if str(op) == "LITERAL" and place == value:
            return True
        if str(op) == "RANGE" and value[0] <= place <= value[1]:
            return True
        if str(op) == "CATEGORY" and _categorised(character, str(value)):
            return True
    return False


def _categorised(character: str, category: str) -> bool:
    kind = category.removeprefix("CATEGORY_").removeprefix("NOT_")
    word = character.isalnum() or character == "_"
    found = {"DIGIT": character.isdigit(), "SPACE": character.isspace(), "WORD": word}[kind]
    return found != ("NOT_" in category)
