"""What a database engine does for the driver: one statement that reads, the schema, an end."""

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, Protocol

from huntkit.core.errors import Cancelled, HuntkitError, TimedOut
from huntkit.sources.driver import Answer, Cancel, Schema
from huntkit.sources.errors import QueryRefused

# White space, comments and brackets may stand before the word that says what a statement does.
_LEADING: Final = re.compile(r"(?:[\s(]|--[^\n]*(?:\n|\Z)|/\*.*?\*/)*", re.DOTALL)
_WORD: Final = re.compile(r"[A-Za-z_]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One statement to run.

    Attributes:
        text: the SQL.
        max_rows: stop after so many rows.
        timeout_s: when to give up.
        cancel: stops it from elsewhere.
    """

    text: str
    max_rows: int
    timeout_s: float
    cancel: Cancel


class Engine(Protocol):
    """A database."""

    def connect(self) -> None:
        """Find out that it is there."""

    def run(self, statement: Statement) -> Answer:
        """The rows of a statement that reads.

        Raises:
            QueryRefused: what the database says is wrong with it.
        """

    def schema(self) -> Schema:
        """The tables with their columns and KQL types."""

    def close(self) -> None:
        """End what is open; may be called twice."""


def refuse_writing(text: str, words: frozenset[str]) -> None:
    """Refuse a statement whose first word is none that reads.

    The database itself refuses to write; this gives the clearer message, and keeps out what
    would change the session.

    Raises:
        QueryRefused: it does something else.

    Examples:
        >>> refuse_writing("/* x */ (SELECT 1)", frozenset(["select"]))
        >>> refuse_writing("DROP TABLE t", frozenset(["select"]))
        Traceback (most recent call last):
        huntkit.sources.errors.QueryRefused: only statements that read are run, not 'DROP'
        (start with SELECT)
    """
    first = first_word(text)
    if first.casefold() not in words:
        raise QueryRefused(
            f"only statements that read are run, not {first!r}",
            hint=f"start with {', '.join(sorted(each.upper() for each in words))}",
        )


def first_word(text: str) -> str:
    r"""The word that says what a statement does, after comments and brackets.

    Examples:
        >>> first_word("-- all of them\n(Select 1)")
        'Select'
    """
    found = _LEADING.match(text)
    word = _WORD.match(text, found.end() if found else 0)
    return word.group() if word else ""


@contextmanager
def stopped_by(statement: Statement, stop: Callable[[], object]) -> Iterator["Stopped"]:
    """While the block runs, and no longer, stop the work when it is cancelled or too slow."""
    stopped = Stopped()
    lock = threading.Lock()

    def end(*, late: bool) -> None:
        with lock:
            if not stopped.over:
                stopped.late = late
                stop()

    timer = threading.Timer(statement.timeout_s, lambda: end(late=True))
    timer.daemon = True
    timer.start()
    try:
        with statement.cancel.calling(lambda: end(late=False)):
            yield stopped
    finally:
        timer.cancel()
        with lock:
            stopped.over = True


class Stopped:
    """What stopped the work.

    Attributes:
        late: its time was over.
        over: the work has ended, and nothing stops it any more.
    """

    late = False
    over = False

    def reason(self, statement: Statement, service: str) -> HuntkitError | None:
        """The error that a stop was; None where the work was not stopped."""
        if statement.cancel.asked:
            return Cancelled("the query was cancelled")
        if self.late:
            return TimedOut(
                f"{service} did not answer in {statement.timeout_s:,.0f} s",
                service=service,
                hint="ask for less, or give it more: timeout_s=",
            )
        return None


def kql_type(sql: str) -> str:
    """The KQL type of an SQL type's name, as far as its name tells.

    Examples:
        >>> kql_type("timestamp with time zone"), kql_type("VARCHAR(20)"), kql_type("BIGINT")
        ('datetime', 'string', 'long')
        >>> kql_type("INTEGER[]"), kql_type("numeric(10,2)")
        ('dynamic', 'real')
    """
    name = sql.casefold().strip()
    if name.endswith("]") or name.startswith(("struct", "map", "json", "union", "array")):
        return "dynamic"
    return _KQL.get(name.partition("(")[0].partition(" ")[0].strip(), "string")


_KQL: Final = {
    "smallint": "int", "int2": "int", "tinyint": "int", "utinyint": "int", "usmallint": "int",
    "integer": "int", "int": "int", "int4": "int", "bigint": "long", "int8": "long",
    "uinteger": "long", "oid": "long", "real": "real", "float": "real", "float4": "real",
    "double": "real", "float8": "real", "numeric": "real", "decimal": "real", "boolean": "bool",
    "bool": "bool", "timestamp": "datetime", "timestamptz": "datetime", "date": "datetime",
    "datetime": "datetime", "timestamp_s": "datetime", "timestamp_ms": "datetime",
    "timestamp_ns": "datetime", "interval": "timespan", "uuid": "guid",
}  # fmt: skip
