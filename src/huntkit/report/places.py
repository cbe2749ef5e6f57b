"""Names of files that fit beside other columns; the whole path is one click away."""

import re
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Final

from huntkit.core.text import visible

LONGEST: Final = 32  # characters of a name; the middle of a longer one is left out
_LAST: Final = re.compile(r"[^/\\!]*$")
_FOLDERS: Final = re.compile(r"(?:[^/\\!]*[/\\!]){0,2}[^/\\!]*$")


def short_names(files: Iterable[str]) -> dict[str, str]:
    """For each file a name by which it is told apart from the others.

    The last part of its path, of an archive the member's, without its middle where it is long;
    where that is ambiguous the whole last part, then with the folders above it, then all of it.

    Examples:
        >>> short_names(["case/a.zip!logs/Security.evtx", "case/notes.txt"])
        {'case/a.zip!logs/Security.evtx': 'Security.evtx', 'case/notes.txt': 'notes.txt'}
        >>> list(short_names(["a/x.json", "b/x.json"]).values())
        ['a/x.json', 'b/x.json']
        >>> short_names(["metasploit_procdump_lsass_memory_dump.json"]).popitem()[1]
        'metasploit_proc…emory_dump.json'
    """
    found: dict[str, str] = {}
    left = list(dict.fromkeys(files))
    forms: tuple[Callable[[str], str], ...] = (_cut, _last, _with_folders, visible)
    for form in forms:
        names = {file: form(file) for file in left}
        taken = Counter([*found.values(), *names.values()])
        found |= {file: name for file, name in names.items() if taken[name] == 1}
        left = [file for file in left if file not in found]
    return found | {file: visible(file) for file in left}


def placed(places: Iterable[tuple[str, int | None]]) -> list[tuple[str, str]]:
    """For each file and record a short text, and the whole path.

    Examples:
        >>> placed([("case/a.json", 7), ("case/a.json", 1234)])
        [('a.json, 7', 'case/a.json'), ('a.json, 1234', 'case/a.json')]
    """
    given = list(places)
    names = short_names(file for file, _ in given)
    return [(f"{names[file]}, {record}", visible(file)) for file, record in given]


def _cut(file: str) -> str:
    name = _last(file)
    if len(name) <= LONGEST:
        return name
    half = (LONGEST - 1) // 2
    return f"{name[:half]}…{name[-half:]}"


def _last(file: str) -> str:
    return visible(_part(_LAST, file) or file)


def _with_folders(file: str) -> str:
    return visible(_part(_FOLDERS, file) or file)


def _part(pattern: re.Pattern[str], file: str) -> str:
    found = pattern.search(file)
    return found[0] if found else ""
