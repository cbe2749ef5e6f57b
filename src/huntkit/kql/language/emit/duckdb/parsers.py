"""Functions that take texts of known forms apart."""

import csv
import io
import re
import urllib.parse
from functools import lru_cache
from typing import Any
from xml.parsers import expat

from sqlglot import exp

from huntkit.kql.language.emit.base import Emitter
from huntkit.kql.language.emit.duckdb.registry import primitive, python, use
from huntkit.kql.language.emit.duckdb.values import dump, load, shown
from huntkit.kql.language.emit.sql import Sql
from huntkit.kql.language.plan import Fn


@python("parse_url", "V", "V")
def _parse_url(value: str | None) -> str | None:
    if not value:
        return None
    match = _URL.fullmatch(value)
    names = ("Scheme", "Host", "Port", "Path", "Username", "Password")
    facts: dict[str, Any] = dict.fromkeys(names, "")
    facts |= {"Query Parameters": {}, "Fragment": ""}
    if match is None:
        return dump(facts)
    facts["Scheme"], authority = match["scheme"], match["authority"] or ""
    user, at, host = authority.rpartition("@")
    if at:
        facts["Username"], _, facts["Password"] = user.partition(":")
    if port := re.fullmatch(r"(.*):([0-9]*)", host, re.DOTALL):
        host, facts["Port"] = port.groups()
    facts["Host"], facts["Path"] = host, match["path"] or ""
    facts["Query Parameters"] = _parameters(match["query"] or "")
    facts["Fragment"] = match["fragment"] or ""
    return dump(facts)


_URL = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*):(?://(?P<authority>[^/?#]*))?(?P<path>[^?#]*)"
    r"(?:\?(?P<query>[^#]*))?(?:#(?P<fragment>.*))?",
    re.DOTALL,
)


def _parameters(query: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for piece in query.split("&") if query else []:
        name, _, value = piece.partition("=")
        found.setdefault(urllib.parse.unquote(name), urllib.parse.unquote(value))
    return found


@python("parse_urlquery", "V", "V")
def _parse_urlquery(value: str | None) -> str | None:
    if not value:
        return None
    return dump({"Query Parameters": _parameters(value.removeprefix("?"))})


@python("parse_path", "V", "V")
def _parse_path(value: str | None) -> str | None:
    facts = {
        "Scheme": "",
        "RootPath": "",
        "DirectoryPath": "",
        "DirectoryName": "",
        "Filename": "",
        "Extension": "",
        "AlternateDataStreamName": "",
    }
    if value is None:
        return None
    rest = value
    if match := re.match(r"([A-Za-z][A-Za-z0-9+.-]+)://", rest):
        facts["Scheme"], rest = match[1], rest[match.end() :]
    if match := re.match(r"[A-Za-z]:", rest):
        facts["RootPath"] = match[0]
    folder, _, name = _last_slash(rest)
    if ":" in name:
        name, _, facts["AlternateDataStreamName"] = name.partition(":")
    facts["Filename"], facts["DirectoryPath"] = name, folder
    facts["DirectoryName"] = _last_slash(folder)[2]
    stem, dot, extension = name.rpartition(".")
    facts["Extension"] = extension if dot and (stem or extension) else ""
    return dump(facts)


def _last_slash(value: str) -> tuple[str, str, str]:
    place = max(value.rfind("/"), value.rfind("\\"))
    return (value[:place], value[place], value[place + 1 :]) if place >= 0 else ("", "", value)


@python("parse_csv", "V", "V")
def _parse_csv(value: str | None) -> str | None:
    if value is None:
        return None
    try:
        rows = list(csv.reader(io.StringIO(value), strict=True))
    except csv.Error:
        return None
    return dump(rows[0] if rows else [""])


@python("version_number", "V", "V")
def _version_number(value: str | None) -> str | None:
    parts = (value or "").split(".")
    if not all(re.fullmatch("[0-9]{1,8}", each) for each in parts):
        return None
    numbers = [*parts, "0", "0", "0"][:4]
    return str(sum(int(each) * 10 ** (8 * place) for place, each in enumerate(numbers[::-1])))


@primitive("parse_version")
def _parse_version(emitter: Emitter, _n: Fn, args: list[Sql]) -> Sql:
    found = use(emitter, "version_number", args[0])
    return exp.TryCast(this=found, to=exp.DataType.build("DECIMAL(38,0)", dialect="duckdb"))


@python("parse_command_line", "VV", "V")
def _parse_command_line(value: str | None, _kind: str | None) -> str | None:
    """As Windows splits a command line: quotes group, backslashes count before a quote."""
    if not value or not value.strip():
        return None
    words: list[str] = []
    word: list[str] | None = None
    quoted, place = False, 0
    while place < len(value):
        c = value[place]
        if c == "\\":
            end = place
            while end < len(value) and value[end] == "\\":
                end += 1
            count = end - place
            word = word or []
            if end < len(value) and value[end] == '"':
                word.append("\\" * (count // 2))
                if count % 2:
                    word.append('"')
                    end += 1
            else:
                word.append("\\" * count)
            place = end
            continue
        if c == '"':
            quoted, word = not quoted, word or []
            word.append("")
        elif c in " \t" and not quoted:
            if word is not None:
                words.append("".join(word))
            word = None
        else:
            word = word or []
            word.append(c)
        place += 1
    if word is not None:
        words.append("".join(word))
    return dump(words)


@python("parse_xml", "V", "V")
def _parse_xml(value: str | None) -> str | None:
    """As the JSON that .NET's converter makes: attributes with @, text as #text."""
    if not value or "<!ENTITY" in value or "<!DOCTYPE" in value:
        return None
    stack: list[tuple[str, dict[str, Any], list[str]]] = [("", {}, [])]

    def start(name: str, attributes: dict[str, str]) -> None:
        if len(stack) > MOST_DEPTH:
            raise RecursionError
        stack.append((name, {f"@{k}": v for k, v in attributes.items()}, []))

    def end(_name: str) -> None:
        name, facts, texts = stack.pop()
        text = "".join(texts)
        if text.strip():
            node: Any = {**facts, "#text": text} if facts else text
        else:
            node = facts or None
        parent = stack[-1][1]
        if name not in parent:
            parent[name] = node
        elif isinstance(parent[name], list):
            parent[name].append(node)
        else:
            parent[name] = [parent[name], node]

    def characters(data: str) -> None:
        stack[-1][2].append(data)

    parser = expat.ParserCreate()
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = characters
    try:
        parser.Parse(value, True)
    except (expat.ExpatError, RecursionError):
        return None
    return dump(stack[0][1])


MOST_DEPTH = 200


@python("extract_json", "VV", "V")
def _extract_json(path: str | None, value: str | None) -> str:
    found = load(value)
    steps = _steps(path or "")
    if steps is None:
        return ""
    for step in steps:
        if isinstance(step, int):
            inside = isinstance(found, list) and -len(found) <= step < len(found)
            found = found[step] if inside else None
        else:
            found = found.get(step) if isinstance(found, dict) else None
    return shown(found)


def _steps(path: str) -> list[str | int] | None:
    if not path.startswith("$"):
        return None
    steps: list[str | int] = []
    place = 1
    while place < len(path):
        match = _STEP.match(path, place)
        if match is None:
            return None
        name, quoted, number = match.groups()
        steps.append(
            int(number) if number is not None else name if name is not None else quoted[1:-1]
        )
        place = match.end()
    return steps


_STEP = re.compile(r"\.([^.\[\]]+)|\[\s*('[^']*'|\"[^\"]*\")\s*\]|\[\s*(-?[0-9]{1,9})\s*\]")


@lru_cache(maxsize=4096)
def _pairs_of(
    value: str, between: str, inside: str, quotes: str, escape: str, greedy: bool
) -> dict[str, str]:
    """Every key of a text with its value; the first of equal keys counts."""
    found: dict[str, str] = {}
    place = 0
    while place < len(value):
        name, place, ended = _token(value, place, (inside, between), quotes, escape)
        if ended != inside:
            continue
        if greedy and value[place : place + 1] not in (quotes[:1] or "\0"):
            following = value.find(inside, place)
            stop = len(value) if following < 0 else value.rfind(between, place, following)
            stop = stop if stop >= 0 else len(value)
            content, place = value[place:stop].strip(), stop + len(between)
        else:
            content, place, _ = _token(value, place, (between,), quotes, escape)
        found.setdefault(name, content)
    return found


def _token(
    value: str, place: int, ends: tuple[str, ...], quotes: str, escape: str
) -> tuple[str, int, str]:
    """The text up to one of the ends, the place after it, and which end it was."""
    while place < len(value) and value[place] == " " and " " not in ends:
        place += 1
    pieces: list[str] = []
    if quotes and value[place : place + 1] == quotes[0]:
        place += 1
        while place < len(value) and value[place] != quotes[-1]:
            place += bool(escape) and value[place] == escape and place + 1 < len(value)
            pieces.append(value[place])
            place += 1
        place += 1
    else:
        start = place
        while place < len(value) and not value.startswith(ends, place):
            place += 1
        pieces.append(value[start:place].strip())
    for end in ends:
        at = value.find(end, place)
        if at >= 0 and not value[place:at].strip():
            return "".join(pieces), at + len(end), end
    return "".join(pieces), max(place, 1), ""


@python("parse_kv", "VVVVVVB", "V")
def _parse_kv(
    value: str | None,
    key: str | None,
    between: str | None,
    inside: str | None,
    quotes: str | None,
    escape: str | None,
    greedy: bool | None,
) -> str:
    if not value or not between or not inside:
        return ""
    found = _pairs_of(value, between, inside, quotes or "", escape or "", bool(greedy))
    return found.get(key or "", "")
