"""Reads queries in ES|QL as far as our library writes them, for tests.

Written from Elastic's reference, and from nothing of ours: what it does not know is an error.
`read` cuts a query into commands and tokens, and follows which columns there are. Elastic's own
grammar, where it is installed, judges the syntax (`complaints`).
"""

import re
from dataclasses import dataclass, field
from typing import Any

TOKEN = re.compile(
    r'''
    (?P<gap>\s+)
  | (?P<raw>"""[^\r\n]*?""")
  | (?P<string>"(?:[^"\\\r\n]|\\[tnr"\\])*")
  | (?P<number>\d+(?:\.\d+)?)
  | (?P<name>[@A-Za-z_][A-Za-z0-9_.@]*)
  | (?P<mark>==|!=|<=|>=|[=<>:,()+\-*/|])
    ''',
    re.VERBOSE,
)
ESCAPES = {r"\t": "\t", r"\n": "\n", r"\r": "\r", r"\"": '"', r"\\": "\\"}
FUNCTIONS = frozenset(
    ["CASE", "CIDR_MATCH", "COUNT", "COUNT_DISTINCT", "DATE_TRUNC", "ENDS_WITH", "LENGTH", "LOCATE",
     "MAX", "MIN", "STARTS_WITH", "SUM", "TO_DATETIME", "TO_IP", "TO_LOWER", "VALUES"]
)  # fmt: skip
WORDS = frozenset(
    ["AND", "OR", "NOT", "IN", "IS", "NULL", "RLIKE", "BY", "DESC", "ASC", "milliseconds"]
)
COMMANDS = frozenset(["WHERE", "EVAL", "STATS", "KEEP", "SORT", "MV_EXPAND"])


class Wrong(ValueError):
    """No query that this reader knows."""


@dataclass
class Asked:
    """What was read.

    Attributes:
        commands: the tokens of each; strings as a tuple that holds what they say.
        asked: the fields that the index must have.
        given: the columns of the answer; None where it has all that the index has.
    """

    commands: list[list[Any]] = field(default_factory=list)
    asked: set[str] = field(default_factory=set)
    given: list[str] | None = None


def read(text: str) -> Asked:
    """The query, or an error."""
    match = re.match(r"FROM ([A-Za-z0-9_.*:,-]+)\s", text)
    if match is None:
        raise Wrong("it does not start with FROM and an index")
    found = Asked([["FROM", match[1]]])
    made: set[str] = set()
    for command in commands(text[match.end() :]):
        name = command[0]
        if name not in COMMANDS:
            raise Wrong(f"no command {name}")
        columns(command, found, made)
        found.commands.append(command)
    return found


def commands(text: str) -> list[list[Any]]:
    found: list[list[Any]] = []
    at = depth = 0
    while at < len(text):
        match = TOKEN.match(text, at)
        if match is None:
            raise Wrong(f"{text[at : at + 20]!r} is nothing of ES|QL")
        at = match.end()
        word, kind = match[0], match.lastgroup
        if kind == "gap":
            continue
        if kind == "raw":
            word = (word[3:-3],)
        elif kind == "string":
            word = (re.sub(r"\\.", lambda each: ESCAPES[each[0]], word[1:-1]),)
        depth += (word == "(") - (word == ")")
        if word == "|":
            if depth:
                raise Wrong("a pipe inside brackets")
            found.append([])
        elif not found:
            raise Wrong(f"{word!r} stands before the first pipe")
        else:
            found[-1].append(word)
    if depth or not all(found):
        raise Wrong("a bracket is open, or a pipe has no command")
    return found


def columns(command: list[Any], found: Asked, made: set[str]) -> None:
    """Check the columns that a command names, and note those that it makes."""
    name, rest = command[0], command[1:]
    new: list[str] = []
    groups: list[str] = []
    by = False
    for place, word in enumerate(rest):
        after = rest[place + 1] if place + 1 < len(rest) else None
        by = by or word == "BY"
        if isinstance(word, tuple) or not re.match(r"[@A-Za-z_]", word) or word in WORDS:
            continue
        if after == "(":
            if word not in FUNCTIONS:
                raise Wrong(f"no function {word}")
        elif after == "=":
            (groups if by else new).append(word)
        else:
            known(word, found, made)
            if by and (place == 0 or rest[place - 1] in ("BY", ",")) and depth(rest[:place]) == 0:
                groups.append(word)
    if name == "STATS":
        found.given = [*new, *groups]
        if len(set(found.given)) < len(found.given):
            raise Wrong(f"two columns of one name: {found.given}")
    elif name == "KEEP":
        found.given = [each for each in rest if each != ","]
    elif name == "EVAL" and found.given is not None:
        found.given += new
    made |= set(new)


def depth(words: list[Any]) -> int:
    return words.count("(") - words.count(")")


def known(name: str, found: Asked, made: set[str]) -> None:
    if found.given is None:
        found.asked |= {name} - made
    elif name not in found.given:
        raise Wrong(f"there is no column {name!r} any more: {found.given}")


def complaints(text: str) -> list[str]:
    """What Elasticsearch's own grammar finds wrong; needs the package esql-parser."""
    from antlr4 import CommonTokenStream, InputStream
    from antlr4.error.ErrorListener import ErrorListener
    from esql_parser.EsqlBaseLexer import EsqlBaseLexer
    from esql_parser.EsqlBaseParser import EsqlBaseParser

    found: list[str] = []

    class Listener(ErrorListener):  # type: ignore[misc]
        def syntaxError(self, *told: Any) -> None:
            found.append(f"{told[2]}:{told[3]} {told[4]}")

    lexer = EsqlBaseLexer(InputStream(text))
    parser = EsqlBaseParser(CommonTokenStream(lexer))
    for each in (lexer, parser):
        each.removeErrorListeners()
        each.addErrorListener(Listener())
    parser.singleStatement()
    return found
