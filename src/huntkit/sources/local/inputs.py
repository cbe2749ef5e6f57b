"""Which files an analyst meant: paths, folders and globs, in a stable order."""

import glob
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from huntkit.core.errors import UsageError

PathLike = str | os.PathLike[str]


@dataclass(frozen=True, slots=True)
class InputFile:
    """One file to read, with the facts that tell whether it changed."""

    path: Path
    size: int
    mtime_ns: int
    inode: int
    error: str = ""


def find_files(paths: PathLike | Sequence[PathLike]) -> list[InputFile]:
    """Every file behind ``paths``, each once, sorted inside a folder or glob.

    Folders are walked without following links to folders, so a loop can't hang the walk. A path
    that does not exist is an error; a file that can't be looked at is kept, with the reason.
    """
    given: Iterable[PathLike] = [paths] if isinstance(paths, str | os.PathLike) else paths
    found: dict[Path, InputFile] = {}
    for each in given:
        for path in _expand(os.fspath(each)):
            found.setdefault(path, _facts(path))
    return list(found.values())


def _expand(text: str) -> list[Path]:
    path = Path(text).expanduser()
    if path.is_dir():
        return _walk(path)
    if path.exists() or path.is_symlink():
        return [path]
    if glob.has_magic(text):
        pattern = os.fspath(path)
        hits = sorted(map(Path, glob.glob(pattern, recursive=True)))  # noqa: PTH207  also absolute
        files = [file for hit in hits for file in (_walk(hit) if hit.is_dir() else [hit])]
        if files:
            return files
        raise UsageError(f"no file matches {text!r}", context={"path": text})
    raise UsageError(
        f"there is no file or folder {text!r}",
        hint=f"looked in {os.fspath(Path.cwd())!r}" if not path.is_absolute() else "",
        context={"path": text},
    )


def _walk(folder: Path) -> list[Path]:
    files: list[Path] = []
    for parent, folders, names in os.walk(folder, followlinks=False):
        folders.sort()
        files += [Path(parent, name) for name in sorted(names)]
    return files


def _facts(path: Path) -> InputFile:
    try:
        facts = path.stat()
    except OSError as failure:
        return InputFile(path, 0, 0, 0, error=failure.strerror or str(failure))
    if not path.is_file():
        return InputFile(path, 0, 0, 0, error="not a regular file")
    return InputFile(path, facts.st_size, facts.st_mtime_ns, facts.st_ino)
