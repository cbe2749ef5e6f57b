"""The queries that one provider can run, found by family and name."""

import fnmatch
import re
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import polars as pl

from huntkit.core.errors import UsageError, did_you_mean
from huntkit.sources.queries.definition import Query
from huntkit.sources.queries.library import in_folders

_GLOB: Final = re.compile(r"[*?\[]")


class Shelf:
    """Queries by family and name; one that is added takes the place of another of its name.

    Args:
        load: gives the first queries, when they are first asked for; of two with one name in one
            family the first one stands.

    Examples:
        >>> shelf = Shelf(lambda: [Query(name="list_logons", text="T", families=("Logons",))])
        >>> shelf.names("LOGON*")
        ['Logons.list_logons']
    """

    def __init__(self, load: Callable[[], Iterable[Query]]) -> None:
        self._load = load
        self._added: list[Query] = []
        self._by_family: dict[str, dict[str, Query]] | None = None

    def add(self, queries: Iterable[Query]) -> list[str]:
        """Put queries on the shelf, also in the place of others; their names."""
        added = list(queries)
        self._added += added
        if self._by_family is not None:
            self._put(self._by_family, added)
        return [f"{family}.{each.name}" for each in added for family in each.families]

    def reload(self) -> None:
        """Load the queries anew when they are next asked for; what was added stays.

        A source that is connected may know queries of its own.
        """
        self._by_family = None

    def families(self) -> list[str]:
        """The families, sorted."""
        return sorted(self._families())

    def family(self, name: str) -> dict[str, Query] | None:
        """The queries of a family by name, sorted; None where there is no such family."""
        found = self._families().get(name)
        return None if found is None else dict(sorted(found.items()))

    def find(self, name: str) -> tuple[str, Query]:
        """The query of a name, ``Family.name`` or ``name``, with its full name.

        Raises:
            UsageError: there is none, or several families have one.
        """
        wanted = str(name).casefold()
        found: dict[str, Query] = {}
        for full, query in self.items():
            if wanted == full.casefold():
                return full, query
            if wanted == query.name.casefold():
                found[full] = query
        if not found:
            raise self._unknown(str(name))
        if len({id(query) for query in found.values()}) > 1:
            raise UsageError(
                f"several families have a query {name!r}", hint=f"say which: {', '.join(found)}"
            )
        return next(iter(found.items()))

    def names(self, pattern: str | None = None, *, family: str | None = None) -> list[str]:
        """Full names, sorted; in any case of letters.

        Args:
            pattern: a part of the full name, or a glob for all of it or for the name alone.
            family: only this family.

        Raises:
            UsageError: there is no such family.
        """
        if family is not None and family.casefold() not in map(str.casefold, self.families()):
            raise UsageError(
                f"there is no family {family!r}",
                hint=did_you_mean(family, self.families())
                or f"there are: {', '.join(self.families())}",
            )
        wanted = (pattern or "").casefold()
        return [
            full
            for full, query in self.items()
            if (family is None or full.casefold().startswith(f"{family.casefold()}."))
            and _fits(wanted, full.casefold(), query.name.casefold())
        ]

    def items(self) -> Iterator[tuple[str, Query]]:
        """Every full name with its query, sorted."""
        for family in self.families():
            for name, query in (self.family(family) or {}).items():
                yield f"{family}.{name}", query

    def table(self) -> pl.DataFrame:
        """All queries as a table: what people read to choose one."""
        rows = [
            {
                "Family": full.partition(".")[0],
                "Query": query.name,
                "Description": query.description,
                "Required": list(query.required),
                "Optional": [each for each in query.parameters if each not in query.required],
                "Tables": list(query.tables),
                "Techniques": list(query.techniques),
                "Tactics": list(query.tactics),
                "Tags": list(query.tags),
                "Origin": query.origin,
            }
            for full, query in self.items()
        ]
        return pl.DataFrame(rows, schema=_TABLE)

    def _families(self) -> dict[str, dict[str, Query]]:
        if self._by_family is None:
            found: dict[str, dict[str, Query]] = {}
            self._put(found, [*reversed(list(self._load())), *self._added])
            self._by_family = found
        return self._by_family

    @staticmethod
    def _put(families: dict[str, dict[str, Query]], queries: Iterable[Query]) -> None:
        for query in queries:
            for family in query.families:
                families.setdefault(family, {})[query.name] = query

    def _unknown(self, name: str) -> UsageError:
        every = [full for full, _ in self.items()]
        near = did_you_mean(name, [*every, *(full.partition(".")[2] for full in every)])
        return UsageError(
            f"there is no query {name!r}", hint=near or "list_queries() names those there are"
        )


_TABLE: Final[dict[str, Any]] = {
    "Family": pl.String,
    "Query": pl.String,
    "Description": pl.String,
    "Required": pl.List(pl.String),
    "Optional": pl.List(pl.String),
    "Tables": pl.List(pl.String),
    "Techniques": pl.List(pl.String),
    "Tactics": pl.List(pl.String),
    "Tags": pl.List(pl.String),
    "Origin": pl.String,
}


def _fits(wanted: str, full: str, name: str) -> bool:
    if not _GLOB.search(wanted):
        return wanted in full
    return fnmatch.fnmatchcase(full, wanted) or fnmatch.fnmatchcase(name, wanted)


def search(
    items: Iterable[tuple[str, Query]],
    *,
    text: str | Sequence[str] | None = None,
    table: str | Sequence[str] | None = None,
    parameter: str | Sequence[str] | None = None,
    ignore_case: bool = True,
) -> list[str]:
    """Full names of the queries that fit everything that is given; each is a regular expression.

    Args:
        items: the queries with their full names.
        text: found in the name, the description, the text, the tags or the techniques.
        table: found in the name of a table that the query reads.
        parameter: found in the name of a parameter.
        ignore_case: whether ``a`` finds ``A``.

    Raises:
        UsageError: nothing is given, or no regular expression.
    """
    wanted = [
        (_expressions(each, ignore_case=ignore_case), words)
        for each, words in ((text, _words), (table, _tables), (parameter, _parameters))
        if each
    ]
    if not wanted:
        raise UsageError("say what to search for", hint="search('logon'), search(table='Syslog')")
    return [
        full
        for full, query in items
        if all(
            any(one.search(word) for one in expressions for word in words(full, query))
            for expressions, words in wanted
        )
    ]


def _words(full: str, query: Query) -> Iterable[str]:
    return (full, query.description, query.text, *query.tags, *query.techniques, *query.tactics)


def _tables(_full: str, query: Query) -> Iterable[str]:
    defaults = [p.default for p in query.parameters.values() if p.type == "table" and p.default]
    return (*query.tables, *map(str, defaults))


def _parameters(_full: str, query: Query) -> Iterable[str]:
    return (name for each in query.parameters.values() for name in (each.name, *each.aliases))


def _expressions(given: str | Sequence[str], *, ignore_case: bool) -> list[re.Pattern[str]]:
    flags = re.IGNORECASE if ignore_case else 0
    try:
        return [re.compile(each, flags) for each in ([given] if isinstance(given, str) else given)]
    except re.error as problem:
        raise UsageError(f"{given!r} is no regular expression: {problem}") from None


def of_file(path: str | Path) -> list[Query]:
    """The queries of a YAML file, or of all in a folder.

    Raises:
        QueryFileError: what is wrong with a file, with line numbers.
        EvidenceError: there is no such file, or it can't be read.
    """
    found, problems = in_folders([Path(path).expanduser()])
    if problems:
        raise problems[0]
    return found


def of_paths(paths: Iterable[str | Path]) -> list[Query]:
    """The queries of several files and folders; what is wrong with one is a warning."""
    found, problems = in_folders([Path(each).expanduser() for each in paths])
    for each in problems:
        warnings.warn(f"queries are missing: {each}", QueryFilesWarning, stacklevel=2)
    return found


class QueryFilesWarning(UserWarning):
    """A file with queries that can't be used; the text says why."""
