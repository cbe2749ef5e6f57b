"""Reads searches in Splunk's language as far as our library writes it, for tests.

Written from Splunk's Search Reference and Search Manual, and from nothing of ours: what it does
not know is an error. `read` gives the commands with their arguments as a tree, and follows which
fields there are: a field that a command after ``stats`` names must have been made before.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

TOKEN = re.compile(
    r"""
    (?P<gap>\s+)
  | (?P<string>"(?:[^"\\]|\\.)*")
  | (?P<mark>==|!=|<=|>=|[|=<>(),\[\]`'])
  | (?P<word>[^\s|=<>!(),\[\]`'"]+)
    """,
    re.VERBOSE | re.DOTALL,
)
EVAL = re.compile(
    r"""
    (?P<gap>\s+)
  | (?P<string>"(?:[^"\\]|\\.)*")
  | (?P<number>\d+(?:\.\d+)?(?![A-Za-z_]))
  | (?P<word>[A-Za-z_][A-Za-z0-9_]*)
  | (?P<mark>==|!=|<=|>=|[=<>(),+\-*/%.])
    """,
    re.VERBOSE | re.DOTALL,
)
FUNCTIONS = {
    "if": (3, 3), "null": (0, 0), "strftime": (2, 2), "coalesce": (1, 99), "like": (2, 2),
    "lower": (1, 1), "rtrim": (1, 2), "len": (1, 1), "isnotnull": (1, 1), "true": (0, 0),
}  # fmt: skip
AGGREGATES = frozenset(["count", "dc", "values", "min", "max", "sum"])
FIELD = re.compile(r"[A-Za-z_][A-Za-z0-9_.:]*\Z")
SPAN = re.compile(r"\d+(?:\.\d+)?(?:s|m|h|d)\Z")


class Wrong(ValueError):
    """No search that this reader knows."""


@dataclass
class Search:
    """What was read.

    Attributes:
        commands: name and arguments of each.
        asked: fields of events that the search needs.
        made: fields that it makes of them.
        given: the fields that it gives, in order; None where it gives events.
    """

    commands: list[tuple[str, Any]] = field(default_factory=list)
    asked: set[str] = field(default_factory=set)
    made: set[str] = field(default_factory=set)
    given: list[str] | None = None


def strings(tree: Any) -> list[str]:
    """Every string of a tree, in order."""
    if isinstance(tree, tuple) and len(tree) == 2 and tree[0] == "string":
        return [tree[1]]
    if isinstance(tree, tuple | list):
        return [each for part in tree for each in strings(part)]
    return []


def read(text: str) -> Search:
    """The search, or an error."""
    found = Search()
    for place, part in enumerate(split(text)):
        name, rest = (*part.strip().split(None, 1), "")[:2]
        if place == 0 and name != "search" and not text.lstrip().startswith("|"):
            raise Wrong(f"the first command is {name!r}")
        if name not in COMMANDS:
            raise Wrong(f"no command {name!r}")
        found.commands.append((name, COMMANDS[name](rest.strip(), found)))
    if not found.commands:
        raise Wrong("nothing is searched")
    return found


def split(text: str) -> list[str]:
    """The texts between pipes that stand in no string."""
    parts, start = [], 0
    for kind, word, at in tokens(TOKEN, text):
        if kind == "mark" and word == "|":
            parts.append(text[start:at])
            start = at + 1
        elif kind == "mark" and word in "`[]":
            raise Wrong(f"{word!r} stands outside a string")
    parts.append(text[start:])
    if not parts[0].strip():
        parts = parts[1:]
    if not all(part.strip() for part in parts):
        raise Wrong("a pipe without a command")
    return parts


def tokens(form: re.Pattern[str], text: str) -> list[tuple[str, str, int]]:
    """Kind, text and place of each; gaps left out."""
    found, at = [], 0
    while at < len(text):
        match = form.match(text, at)
        if match is None:
            raise Wrong(f"{text[at : at + 20]!r} is nothing of SPL")
        if match.lastgroup != "gap":
            found.append((str(match.lastgroup), match[0], at))
        at = match.end()
    return found


def unquoted(word: str) -> tuple[str, str]:
    return ("string", re.sub(r'\\(["\\])', r"\1", word[1:-1]))


class Reader:
    """A place in tokens."""

    def __init__(self, form: re.Pattern[str], text: str) -> None:
        self.left = [(kind, word) for kind, word, _ in tokens(form, text)]

    def peek(self, ahead: int = 0) -> tuple[str, str]:
        return self.left[ahead] if ahead < len(self.left) else ("end", "")

    def take(self, *words: str) -> tuple[str, str]:
        kind, word = self.peek()
        if kind == "end" or (words and word not in words):
            raise Wrong(f"{word or 'the end'!r} stands where {words or 'something'} should")
        self.left.pop(0)
        return kind, word

    def has(self, *words: str) -> bool:
        kind, word = self.peek()
        return kind not in ("string", "end") and word in words

    def end(self) -> None:
        if self.left:
            raise Wrong(f"{self.left[0][1]!r} is too much")


# The command search: OR binds closer than the AND that need not be written.


def search(text: str, found: Search) -> Any:
    reader = Reader(TOKEN, text)
    tree = conjunction(reader, found)
    reader.end()
    return tree


def conjunction(reader: Reader, found: Search) -> Any:
    parts = [disjunction(reader, found)]
    while reader.peek()[0] != "end" and not reader.has(")"):
        if reader.has("AND"):
            reader.take()
        parts.append(disjunction(reader, found))
    return ("and", parts) if len(parts) > 1 else parts[0]


def disjunction(reader: Reader, found: Search) -> Any:
    parts = [term(reader, found)]
    while reader.has("OR"):
        reader.take()
        parts.append(term(reader, found))
    return ("or", parts) if len(parts) > 1 else parts[0]


def term(reader: Reader, found: Search) -> Any:
    if reader.has("NOT"):
        reader.take()
        return ("not", term(reader, found))
    if reader.has("("):
        reader.take()
        inner = conjunction(reader, found)
        reader.take(")")
        return inner
    kind, word = reader.take()
    if kind == "string":
        return unquoted(word)
    if kind != "word":
        raise Wrong(f"{word!r} is no term")
    if reader.has("=", "!=", "<", "<=", ">", ">="):
        _, operator = reader.take()
        return (operator, asked(word, found), value(reader))
    if reader.has("IN"):
        reader.take()
        reader.take("(")
        values = [value(reader)]
        while reader.has(","):
            reader.take()
            values.append(value(reader))
        reader.take(")")
        return ("in", asked(word, found), values)
    if word in ("AND", "OR", "IN"):
        raise Wrong(f"{word} stands for nothing")
    return ("term", word)


def value(reader: Reader) -> Any:
    kind, word = reader.take()
    if kind == "string":
        return unquoted(word)
    if kind != "word":
        raise Wrong(f"{word!r} is no value")
    return word


def asked(name: str, found: Search) -> str:
    if not FIELD.match(name):
        raise Wrong(f"{name!r} is no field")
    if name in ("earliest", "latest"):
        return name
    if found.given is None:
        found.asked |= {name} - found.made
    elif name not in found.given:
        raise Wrong(f"there is no field {name!r} any more: {found.given}")
    return name


# eval and where


def expression(reader: Reader, found: Search, level: int = 0) -> Any:
    levels = (("OR",), ("AND",), ("==", "=", "!=", "<", "<=", ">", ">="), ("+", "-", "."),
              ("*", "/", "%"))  # fmt: skip
    if level == len(levels):
        return primary(reader, found)
    left = expression(reader, found, level + 1)
    while reader.has(*levels[level]):
        _, operator = reader.take()
        left = (operator, left, expression(reader, found, level + 1))
    return left


def primary(reader: Reader, found: Search) -> Any:
    if reader.has("("):
        reader.take()
        inner = expression(reader, found)
        reader.take(")")
        return inner
    if reader.has("NOT", "-"):
        return (reader.take()[1], primary(reader, found))
    kind, word = reader.take()
    if kind == "string":
        return unquoted(word)
    if kind == "number":
        return ("number", word)
    if kind != "word" or word in ("AND", "OR"):
        raise Wrong(f"{word!r} is no expression")
    if not reader.has("("):
        return ("field", asked(word, found))
    if word not in FUNCTIONS:
        raise Wrong(f"no function {word}()")
    reader.take("(")
    arguments = []
    while not reader.has(")"):
        arguments.append(expression(reader, found))
        if not reader.has(")"):
            reader.take(",")
    reader.take(")")
    low, high = FUNCTIONS[word]
    if not low <= len(arguments) <= high:
        raise Wrong(f"{word}() with {len(arguments)} arguments")
    return (word, arguments)


def where(text: str, found: Search) -> Any:
    reader = Reader(EVAL, text)
    tree = expression(reader, found)
    reader.end()
    return tree


def evaluated(text: str, found: Search) -> Any:
    reader = Reader(EVAL, text)
    made = []
    while True:
        kind, name = reader.take()
        if kind != "word":
            raise Wrong(f"{name!r} is no field")
        reader.take("=")
        made.append((name, expression(reader, found)))
        found.made.add(name)
        if found.given is not None:
            found.given = list(dict.fromkeys([*found.given, name]))
        if not reader.has(","):
            break
        reader.take()
    reader.end()
    return made


# stats and its kin


def stats(text: str, found: Search) -> Any:
    reader = Reader(TOKEN, text)
    return aggregates(reader, found, ends=())


def aggregates(reader: Reader, found: Search, ends: Iterable[str]) -> Any:
    ends = (*ends, "by", "BY")
    made: list[tuple[str, Any]] = []
    while reader.peek()[0] != "end" and not reader.has(*ends):
        made.append(aggregate(reader, found))
        if reader.has(","):
            reader.take()
    if not made:
        raise Wrong("stats of nothing")
    condition = None
    if reader.has("where"):
        reader.take()
        parts: list[Any] = []
        while reader.peek()[0] != "end" and not reader.has("by"):
            parts.append(disjunction(reader, found))
        condition = parts
    by: list[str] = []
    if reader.has("by", "BY"):
        reader.take()
        by.append(asked(reader.take()[1], found))
        while reader.peek()[0] != "end":
            reader.take(",")
            by.append(asked(reader.take()[1], found))
    reader.end()
    found.given = [*by, *(name for name, _ in made)]
    if len(set(found.given)) < len(found.given):
        raise Wrong(f"two fields of one name: {found.given}")
    return (made, condition, by)


def aggregate(reader: Reader, found: Search) -> tuple[str, Any]:
    kind, function = reader.take()
    if kind != "word" or function not in AGGREGATES:
        raise Wrong(f"no aggregate {function!r}")
    argument: Any = None
    if reader.has("("):
        reader.take()
        if reader.has("eval"):
            reader.take()
            reader.take("(")
            _, inner = reader.take()
            reader.take("(")
            argument = (inner, asked(reader.take()[1], found))
            if inner not in FUNCTIONS:
                raise Wrong(f"no function {inner}()")
            reader.take(")")
            reader.take(")")
        else:
            argument = asked(reader.take()[1], found)
        reader.take(")")
    elif function != "count":
        raise Wrong(f"{function} of nothing")
    name = f"{function}({argument})" if argument else function
    if reader.has("as"):
        reader.take()
        name = reader.take()[1]
    return name, (function, argument)


def tstats(text: str, found: Search) -> Any:
    return aggregates(Reader(TOKEN, text), found, ends=["where"])


# The others


def table(text: str, found: Search) -> Any:
    names = [asked(each.strip(), found) for each in text.split(",")]
    found.given = names
    return names


def sort(text: str, found: Search) -> Any:
    count, _, rest = text.partition(" ")
    if count != "0":
        raise Wrong("sort without a 0 keeps 10,000 rows")
    return [(each.strip()[:1] == "-", asked(each.strip().lstrip("-"), found))
            for each in rest.split(",")]  # fmt: skip


def binned(text: str, found: Search) -> Any:
    match = re.fullmatch(r"span=(\S+) _time", text)
    if match is None or not SPAN.match(match[1]):
        raise Wrong(f"bin {text}")
    return (match[1], asked("_time", found))


def rex(text: str, found: Search) -> Any:
    match = re.fullmatch(r'field=(\S+) ("(?:[^"\\]|\\.)*")', text, re.DOTALL)
    if match is None:
        raise Wrong(f"rex {text}")
    pattern = unquoted(match[2])[1]
    groups = list(re.compile(pattern.replace("(?<", "(?P<")).groupindex)
    source = asked(match[1], found)
    found.made |= set(groups)
    if found.given is not None:
        found.given += groups
    return (source, ("string", pattern), groups)


def regex(text: str, found: Search) -> Any:
    match = re.fullmatch(r'([a-z_]+)=("(?:[^"\\]|\\.)*")', text, re.DOTALL)
    if match is None:
        raise Wrong(f"regex {text}")
    pattern = unquoted(match[2])[1]
    re.compile(pattern)
    return (asked(match[1], found), ("string", pattern))


def rest(text: str, found: Search) -> Any:
    if not re.fullmatch(r"splunk_server=local /services[\w/-]+", text):
        raise Wrong(f"rest {text}")
    return text


COMMANDS = {
    "search": search, "where": where, "eval": evaluated, "stats": stats, "tstats": tstats,
    "table": table, "sort": sort, "bin": binned, "rex": rex, "regex": regex, "rest": rest,
}  # fmt: skip
