"""Which files an analyst meant: paths, folders and globs, in a stable order."""

import glob
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from huntkit.core.errors import UsageError

ELSEWHERE = "a link to another folder, which was not followed: give that folder, too"
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

    Folders are walked without following links to folders, so a loop can't hang the walk. A file
    that is met again, by another spelling of its path or by a link, is not read twice. A path
    that does not exist is an error; a file that can't be looked at is kept, with the reason.
    """
    given: Iterable[PathLike] = [paths] if isinstance(paths, str | os.PathLike) else _several(paths)
    found: dict[str, InputFile] = {}
    for each in given:
        for file in _expand(_as_text(each)):
            found.setdefault(os.path.realpath(file.path), file)
    return list(found.values())


def _several(paths: object) -> list[PathLike]:
    if isinstance(paths, bytes) or not isinstance(paths, Iterable):
        raise UsageError(f"{paths!r} is no path", hint="give a file, a folder, a glob, or a list")
    return list(paths)


def _as_text(path: object) -> str:
    text = os.fspath(path) if isinstance(path, os.PathLike) else path
    if not isinstance(text, str) or not text.strip():
        raise UsageError(f"{path!r} is no path", hint="the current folder is '.'")
    return text


def _expand(text: str) -> list[InputFile]:
    path = Path(text).expanduser()
    if path.is_dir():
        return _walk(path)
    if path.exists() or path.is_symlink():
        return [_facts(path)]
    if glob.has_magic(text):
        pattern = os.fspath(path)
        hits = sorted(map(Path, glob.glob(pattern, recursive=True)))  # noqa: PTH207  also absolute
        files = [file for hit in hits for file in (_walk(hit) if hit.is_dir() else [_facts(hit)])]
        if files:
            return files
        raise UsageError(f"no file matches {text!r}", context={"path": text})
    raise UsageError(
        f"there is no file or folder {text!r}",
        hint=f"looked in {os.fspath(Path.cwd())!r}" if not path.is_absolute() else "",
        context={"path": text},
    )


def _walk(folder: Path) -> list[InputFile]:
    files: list[InputFile] = []
    root = os.path.realpath(folder)

    def unreadable(failure: OSError) -> None:
        reason = f"the folder can't be read: {failure.strerror or failure}"
        files.append(InputFile(Path(failure.filename or folder), 0, 0, 0, error=reason))

    for parent, folders, names in os.walk(folder, onerror=unreadable, followlinks=False):
        folders.sort()
        files += [
            InputFile(path, 0, 0, 0, error=ELSEWHERE)
            for path in [Path(parent, name) for name in folders]
            if path.is_symlink() and not Path(os.path.realpath(path)).is_relative_to(root)
        ]
        files += [_facts(Path(parent, name)) for name in sorted(names)]
    return files


def _facts(path: Path) -> InputFile:
    try:
        facts = path.stat()
    except OSError as failure:
        return InputFile(path, 0, 0, 0, error=failure.strerror or str(failure))
    if not path.is_file():
        return InputFile(path, 0, 0, 0, error="not a regular file")
    return InputFile(path, facts.st_size, facts.st_mtime_ns, facts.st_ino)
