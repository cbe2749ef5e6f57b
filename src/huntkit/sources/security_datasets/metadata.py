"""What is known of each data set: title, ATT&CK techniques and tactics, files.

The project describes a data set in one YAML file below ``_metadata``; see
https://github.com/OTRF/Security-Datasets.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import yaml

from huntkit.core.errors import FormatError

_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_LARGEST: Final = 4 << 20
_LINK: Final = re.compile(r"https?://[^\s]*/(?:Security-Datasets|mordor)/[^/\s]+/datasets/(\S+)\Z")
_SEGMENT: Final = re.compile(r"[A-Za-z0-9_+@()-][A-Za-z0-9_.+@() -]*\Z")
_ARCHIVES: Final = (".zip", ".tar.gz", ".tgz", ".gz", ".7z", ".json", ".tar")

# The Enterprise tactics of https://attack.mitre.org/tactics/
TACTICS: Final[Mapping[str, str]] = {
    "TA0043": "Reconnaissance", "TA0042": "ResourceDevelopment", "TA0001": "InitialAccess",
    "TA0002": "Execution", "TA0003": "Persistence", "TA0004": "PrivilegeEscalation",
    "TA0005": "DefenseEvasion", "TA0006": "CredentialAccess", "TA0007": "Discovery",
    "TA0008": "LateralMovement", "TA0009": "Collection", "TA0011": "CommandAndControl",
    "TA0010": "Exfiltration", "TA0040": "Impact",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class DataSet:
    """One attack that was simulated and recorded.

    Attributes:
        id: the project's own, such as ``SDWIN-200921001437``; its path where it has none.
        title: what was done, in a few words.
        description: in a few more.
        kind: ``atomic`` (one technique) or ``compound`` (a campaign).
        platforms: ``Windows``, ``Linux``, ``AWS`` ...
        tags: words to find it by.
        techniques: ATT&CK techniques, ``T1003.001``.
        tactics: ATT&CK tactics, ``TA0006``.
        files: paths below ``datasets/``, each of which can be asked for.
        elsewhere: files that lie at another place, which are not fetched.
    """

    id: str
    title: str
    description: str = ""
    kind: str = ""
    platforms: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    techniques: tuple[str, ...] = ()
    tactics: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    elsewhere: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DataFile:
    """A file of events, by the names that it is asked for with.

    Attributes:
        path: below ``datasets/``.
        family: its folder as one word: ``atomic_windows_execution_host``.
        name: the file's name as one word, distinct within the family.
        of: the data set that it belongs to.
    """

    path: str
    family: str
    name: str
    of: DataSet

    @property
    def full(self) -> str:
        """Family and name."""
        return f"{self.family}.{self.name}"


def data_set_of(content: bytes | str) -> DataSet:
    r"""The data set that a metadata file describes.

    Raises:
        FormatError: it is no YAML, or describes none.

    Examples:
        >>> data_set_of("id: SDWIN-1\ntitle: A\nattack_mappings: [{technique: T1003, "
        ...             "sub-technique: '001', tactics: [TA0006]}]").techniques
        ('T1003.001',)
    """
    if len(content) > _LARGEST:
        raise FormatError("the metadata is too large")
    try:
        found = yaml.load(content, Loader=_LOADER)  # noqa: S506  a safe loader, see above
    except (yaml.YAMLError, ValueError, RecursionError) as problem:
        raise FormatError(f"the metadata is no YAML: {' '.join(str(problem).split())}") from None
    if not isinstance(found, Mapping) or not _text(found.get("id")):
        raise FormatError("the metadata has no id")
    mappings = [each for each in _list(found.get("attack_mappings")) if isinstance(each, Mapping)]
    links = [
        _text(each.get("link")) for each in _list(found.get("files")) if isinstance(each, Mapping)
    ]
    paths = {link: path_of(link) for link in links if link}
    return DataSet(
        id=_text(found.get("id")),
        title=_text(found.get("title")) or _text(found.get("id")),
        description=_text(found.get("description")),
        kind=_text(found.get("type")),
        platforms=_texts(found.get("platform")),
        tags=_texts(found.get("tags")),
        techniques=_distinct(_technique(each) for each in mappings),
        tactics=_distinct(each for one in mappings for each in _texts(one.get("tactics"))),
        files=_distinct(path for path in paths.values() if path),
        elsewhere=_distinct(link for link, path in paths.items() if not path),
    )


def path_of(link: str) -> str:
    """The path below ``datasets/`` that a link means; empty where it leads elsewhere.

    Examples:
        >>> path_of("https://raw.githubusercontent.com/OTRF/mordor/master/datasets/a/b.zip")
        'a/b.zip'
        >>> path_of("https://raw.githubusercontent.com/OTRF/mordor/master/datasets/../../x")
        ''
    """
    found = _LINK.match(link)
    path = found.group(1) if found else ""
    return path if is_path(path) else ""


def is_path(path: str) -> bool:
    """Whether this can be a path of the project: it leads nowhere else, and names no hidden file.

    Examples:
        >>> is_path("atomic/windows/a.zip"), is_path("a/../b"), is_path("/etc/passwd")
        (True, False, False)
    """
    return all(_SEGMENT.match(each) for each in path.split("/"))


def in_folder(folder: Path) -> tuple[list[DataSet], list[str]]:
    """The data sets of a copy, or part of one, whose files are there; and what can't be read.

    Files that no metadata describes are data sets of their own.

    Args:
        folder: the folder with ``atomic`` and ``compound``.
    """
    described: list[DataSet] = []
    problems = []
    for path in sorted(folder.glob("*/_metadata/*.y*ml")):
        try:
            described.append(data_set_of(path.read_bytes()))
        except (FormatError, OSError) as problem:
            problems.append(f"{path.name}: {problem}")
    known = {file for each in described for file in each.files}
    there = {
        path.relative_to(folder).as_posix()
        for path in sorted(folder.rglob("*"))
        if path.name.casefold().endswith(_ARCHIVES)
        and "_metadata" not in path.parts
        and path.is_file()
    }
    found = [
        replace(each, files=tuple(file for file in each.files if file in there))
        for each in described
    ]
    undescribed = [
        DataSet(id=path, title=Path(path).name, kind=path.partition("/")[0], files=(path,))
        for path in sorted(there - known)
    ]
    return [*found, *undescribed], problems


def files_of(sets: Iterable[DataSet]) -> list[DataFile]:
    """Every file once, by its path, with names that are distinct in their families."""
    owners: dict[str, DataSet] = {}
    for each in sets:
        for path in each.files:
            owners.setdefault(path, each)
    taken: set[tuple[str, str]] = set()
    made = []
    for path in sorted(owners):
        folder, _, file = path.rpartition("/")
        family = _word(folder) or "datasets"
        stem = re.sub(r"(?:\.tar)?\.[A-Za-z0-9]{1,4}\Z", "", file)
        name, count = _word(stem) or "events", 2
        while (family, name) in taken:
            name, count = f"{_word(stem)}_{count}", count + 1
        taken.add((family, name))
        made.append(DataFile(path, family, name, owners[path]))
    return made


def _word(text: str) -> str:
    """A word that can be an attribute."""
    word = re.sub(r"\W+", "_", text, flags=re.ASCII).strip("_")
    return f"n{word}" if word[:1].isdigit() else word


def _technique(mapping: Mapping[Any, Any]) -> str:
    technique, sub = _text(mapping.get("technique")), _text(mapping.get("sub-technique"))
    return f"{technique}.{sub.zfill(3)}" if technique and sub else technique


def _list(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else []


def _text(value: Any) -> str:
    return str(value).strip() if isinstance(value, str | int) else ""


def _texts(value: Any) -> tuple[str, ...]:
    given = value if isinstance(value, list) else [value]
    return _distinct(_text(each) for each in given)


def _distinct(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(each for each in values if each))
