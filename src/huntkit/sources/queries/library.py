"""The queries that come with the package, and those in folders of files."""

from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Final

from huntkit.core.errors import EvidenceError
from huntkit.sources.queries.definition import Query
from huntkit.sources.queries.environments import environment
from huntkit.sources.queries.faults import QueryFileError
from huntkit.sources.queries.reading import queries_of, read_queries

LIBRARY: Final = Path(__file__).parents[1] / "library"
ENDINGS: Final = frozenset([".yaml", ".yml"])


@cache
def built_in() -> tuple[Query, ...]:
    """All queries that come with the package, file by file; read once, when first asked for.

    Examples:
        >>> queries = built_in()
        >>> [each.name for each in queries if each.name == "list_host_processes"][:1]
        ['list_host_processes']
    """
    found: list[Query] = []
    for path in sorted(LIBRARY.glob("*/*.yaml")):
        name = path.relative_to(LIBRARY).as_posix()
        text = path.read_text(encoding="utf-8")
        found.extend(queries_of(text, origin=name, trusted=True))
    return tuple(found)


def asked_of(queries: Iterable[Query], place: str) -> tuple[Query, ...]:
    """Those of the queries that can be asked of an environment, by any of its names.

    Examples:
        >>> {each.language for each in asked_of(built_in(), "AzureSentinel")}
        {'kql'}
    """
    known = environment(place)
    name = known.name if known else place
    return tuple(each for each in queries if name in each.environments)


def in_folders(folders: Iterable[str | Path]) -> tuple[list[Query], list[Exception]]:
    """The queries of all YAML files in folders and below, and what is wrong with other files.

    A file with a fault gives none of its queries, and no other file suffers from it. Files that
    are no query files at all (their first level has no ``sources``) count as faulty, too.

    Args:
        folders: folders, or single files.
    """
    found: list[Query] = []
    problems: list[Exception] = []
    for folder in map(Path, folders):
        try:
            paths = [folder] if folder.is_file() else sorted(folder.rglob("*"))
            if not folder.exists():
                raise EvidenceError(f"there is no file or folder {str(folder)!r}")
        except OSError as problem:
            problems.append(problem)
            continue
        for path in paths:
            if path.suffix.lower() in ENDINGS and path.is_file():
                try:
                    found.extend(read_queries(path))
                except (QueryFileError, EvidenceError) as problem:
                    problems.append(problem)
    return found, problems
