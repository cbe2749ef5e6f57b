"""An SQL statement from the command line: where it is wrong, in the analyst's words."""

import re
import warnings
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import polars as pl

from huntkit.cli.frame import note
from huntkit.core.errors import HuntkitError, QueryError, ResultTooLarge, UsageError, did_you_mean
from huntkit.kql.language.errors import KqlError, KqlNameError, KqlSyntaxError, KqlTypeError
from huntkit.sources.local import schemas
from huntkit.sources.local.evidence import AbsentTableWarning, Evidence
from huntkit.sources.queries.definition import Kind, Parameter
from huntkit.sources.queries.languages.kql_parameters import KQL_TYPES, declared_in
from huntkit.sources.queries.values import converted

# What the engine calls faults of the statement itself; the others happen while it runs.
_OURS = ("Binder", "Catalog", "Parser", "Syntax", "Permission", "Invalid Input", "Not implemented")
_KIND = re.compile(r"^(?:[a-z][^:]*: )?([A-Z][A-Za-z ]+?) Error: ")
_LINE = re.compile(r"^LINE (\d+): (.*)\n( *)\^", re.MULTILINE)
_NAMED = re.compile(
    r'(?:column|Table with name|Function with name|Column with name) "?([^"\s!]+)"?'
)
_ASIDE = re.compile(r"'(?:[^']|'')*'|--[^\n]*|/\*.*?\*/", re.DOTALL)
_NAME = r'(?:"[^"]+"|\w+)'
_SOURCE = re.compile(rf"\b(?:from|join)\s+({_NAME}(?:\s*,\s*{_NAME})*)", re.IGNORECASE)
_KQL = re.compile(r"(?<!\|)\|\s*(?:where|project|extend|summarize|take|limit|count|sort|top)\b")

_SQL = re.compile(r"\s*(?:select|with|from|describe)\s", re.IGNORECASE)


def text_of(given: str) -> str:
    """The statement, or with ``@FILE`` what stands in the file."""
    if not given.startswith("@"):
        return given
    path = Path(given[1:])
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as problem:
        raise UsageError(
            f"the statement can't be read from {str(path)!r}: {problem.strerror}"
        ) from None
    except UnicodeDecodeError:
        raise UsageError(f"the statement in {str(path)!r} is no text in UTF-8") from None


Pieces = Generator[pl.DataFrame, None, None]


def ask(evidence: Evidence, text: str) -> Pieces:
    """The rows of a statement, in frames: one at least.

    Raises:
        UsageError: the statement is wrong, with its line and column where that is known.
        QueryError: it failed while it ran.
    """
    pieces: Iterator[pl.DataFrame] = evidence.sql_pieces(text, frame="polars")
    first = True
    try:
        for each in pieces:
            if first:
                for name in _lacking(evidence, text):
                    note(f"huntkit: this evidence has no rows of {name}")
            first = False
            yield each
    except ResultTooLarge:
        raise
    except HuntkitError as problem:
        raise _told(problem, text, evidence) from problem


def ask_kql(evidence: Evidence, text: str, **more: Any) -> pl.DataFrame:
    """The rows of a KQL query; ``more`` is what `Evidence.kql` takes.

    Raises:
        UsageError: what is wrong with the query, with its line and column.
        QueryError: it is right, and can't be run here.
    """
    with _kql_faults(text):
        rows: pl.DataFrame = evidence.kql(text, frame="polars", **more)
    say_lacking(evidence, text)
    return rows


def ask_kql_pieces(evidence: Evidence, text: str, **more: Any) -> Pieces:
    """What `ask_kql` gives, in frames: one at least."""
    pieces: Iterator[pl.DataFrame] = evidence.kql_pieces(text, frame="polars", **more)
    with _kql_faults(text):
        first = next(pieces)
    say_lacking(evidence, text)
    yield first
    yield from pieces


@contextmanager
def _kql_faults(text: str) -> Iterator[None]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", AbsentTableWarning)  # said by `say_lacking`
            yield
    except (KqlSyntaxError, KqlNameError, KqlTypeError) as problem:
        hint = "this looks like SQL: give it by --sql" if _SQL.match(text) else problem.hint
        raise UsageError(f"KQL, {problem.message}", hint=hint) from problem


def declared_values(
    text: str, given: Mapping[str, str], *, now: datetime | None = None
) -> dict[str, object]:
    """Values from the command line, of the types that KQL's ``declare query_parameters`` says.

    Args:
        text: the query.
        given: the values by name.
        now: from when relative times count.

    Raises:
        UsageError: the text declares no such parameter, or its type can't hold the value.

    Examples:
        >>> declared_values("declare query_parameters(n: long, t: string); print n", {"n": "5"})
        {'n': 5}
    """
    try:
        types = {each.name: each.type for each in declared_in(text)}
    except KqlError:
        return dict(given)  # whoever runs the query says what is wrong, and where
    for name in given:
        if name not in types:
            raise UsageError(
                f"--set {name}: the query declares no parameter of that name",
                hint=did_you_mean(name, types)
                or f"begin it with: declare query_parameters({name}: string);",
            )
    kinds = {kql: cast("Kind", kind) for kind, several in KQL_TYPES.items() for kql in several}
    when = now or datetime.now(UTC)
    return {
        name: converted(Parameter(name=name, type=kinds[types[name]]), value, now=when)
        for name, value in given.items()
    }


def say_lacking(evidence: Evidence, text: str) -> None:
    """Say which known tables a KQL text names and the evidence has no rows of."""
    held = set(evidence_tables(evidence))
    words = dict.fromkeys(re.findall(r"\w+", _bare(text.replace('"', "'"))))
    lacking = [word for word in words if word not in held and schemas.known(word)]
    if lacking:  # a word may be a column: OfficeActivity has one called Operation, a table's name
        columns = {column for name in held for column in evidence.schema(name)}
        for word in lacking:
            if word not in columns:
                note(f"huntkit: this evidence has no rows of {word}")


def _told(problem: HuntkitError, text: str, evidence: Evidence) -> QueryError | UsageError:
    whole = str(problem.__cause__ or problem.message)
    kind = _KIND.match(whole)
    if kind and not kind[1].startswith(_OURS):
        return QueryError(_first_line(whole, kind), hint=problem.hint)
    message = _first_line(whole, kind) if problem.__cause__ else problem.message
    named = _NAMED.search(message)
    hint = problem.hint or _hint(whole, text, named[1] if named else "", evidence)
    return UsageError(f"SQL{_place(whole, text, named[1] if named else '')}: {message}", hint=hint)


def _first_line(whole: str, kind: re.Match[str] | None) -> str:
    rest = whole[kind.end() :] if kind else whole
    return rest.strip().split("\n")[0].rstrip("!")


def _place(whole: str, text: str, name: str) -> str:
    """Where it is: as the engine says, or where the name that it complains about stands."""
    found = _LINE.search(whole)
    if found:
        # The engine cuts a long line at its front, and shows that by dots.
        shown = found[2].lstrip(".")
        lines = text.splitlines()
        line = int(found[1])
        before = len(found[3]) - len(f"LINE {line}: ") - (len(found[2]) - len(shown))
        start = lines[line - 1].find(shown.rstrip(".")) if line <= len(lines) else -1
        return f", line {line}, column {max(start, 0) + before + 1}"
    stands = re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text, re.IGNORECASE) if name else None
    if not stands:
        return ""
    line = text.count("\n", 0, stands.start()) + 1
    return f", line {line}, column {stands.start() - text.rfind(chr(10), 0, stands.start())}"


def _hint(whole: str, text: str, name: str, evidence: Evidence) -> str:
    if _KQL.search(_bare(text)) or re.match(r"\s*\w+\s*\|(?!\|)", text):
        return "this looks like KQL: leave --sql out"
    known: list[str] = re.findall(r'"([^"]+)"', whole.partition("Candidate bindings:")[2])
    for table in _sources(text):
        known += _columns(evidence, table)
    near = did_you_mean(name, known) if name else ""
    if not near and "Table with name" in whole:
        return "tables: " + ", ".join(sorted(evidence_tables(evidence))[:20])
    return near


def _columns(evidence: Evidence, table: str) -> list[str]:
    try:
        return list(evidence.schema(exact(evidence, table)))
    except UsageError:
        return []


def exact(evidence: Evidence, name: str) -> str:
    """The table's own spelling of a name given in any case; the name itself if there is none."""
    held = [*evidence_tables(evidence), *schemas.names()]
    return {each.casefold(): each for each in reversed(held)}.get(name.casefold(), name)


def evidence_tables(evidence: Evidence) -> list[str]:
    """The tables that have rows."""
    tables: pl.DataFrame = evidence.tables
    return tables["name"].to_list()


def _lacking(evidence: Evidence, text: str) -> list[str]:
    """Known tables that the statement asks and that have no row here."""
    held = {name.casefold() for name in evidence_tables(evidence)}
    known = {name.casefold(): name for name in schemas.names()}
    asked = dict.fromkeys(name.casefold() for name in _sources(text))
    return [known[name] for name in asked if name in known and name not in held]


def _sources(text: str) -> list[str]:
    named = _SOURCE.findall(_bare(text))
    return [name.strip().strip('"') for each in named for name in each.split(",")]


def _bare(text: str) -> str:
    """The statement without its texts and comments."""
    return _ASIDE.sub("''", text)
