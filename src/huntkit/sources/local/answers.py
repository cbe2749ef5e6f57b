"""Finished answers about evidence, kept beside its parts, so that asking again costs nothing.

An answer is bytes under a name. The name must change with everything that the answer depends on:
it is made of an `Intake`'s identity, `code`, and what was asked. Nothing here can make a kept
answer newer than its name.
"""

import contextlib
import functools
import hashlib
import os
import shutil
import stat
import sys
from importlib import resources
from pathlib import Path

from huntkit.sources.local.cache import Cache
from huntkit.sources.local.intake import Intake

MOST_BYTES = 64 << 20  # a larger answer is not kept
_CONTENT = "answer"
_DIGEST = hashlib.sha256().digest_size


@functools.lru_cache(maxsize=1)
def code() -> str:
    """A name for the code that makes answers: huntkit's files, and the versions of the rest."""
    digest = hashlib.sha256(sys.version.encode())
    root = str(resources.files("huntkit"))
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if name != "__pycache__")
        for name in sorted(names):
            path = os.path.join(folder, name)  # noqa: PTH118  of many files
            with open(path, "rb", buffering=0) as file:  # noqa: PTH123
                content = file.readall()
            told = os.fsencode(path[len(root) :])
            digest.update(b"%d %d " % (len(told), len(content)) + told)
            digest.update(content)
    digest.update("\n".join(sorted(_installed())).encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def _installed() -> set[str]:
    """Every installed distribution with its version, as its folder is named."""
    found: set[str] = set()
    for place in sys.path:
        with contextlib.suppress(OSError), os.scandir(place or ".") as entries:
            found.update(each.name for each in entries if each.name.endswith(".dist-info"))
    return found


class Answers:
    """Answers about one intake.

    Args:
        intake: what is asked about. Where its parts do not stay, no answer is kept or given.
    """

    def __init__(self, intake: Intake) -> None:
        self._cache: Cache = intake.cache
        self._identity = intake.identity()

    def load(self, *asked: str) -> bytes | None:
        """What was kept for this question, whole and as it was, or None.

        A file that another user owns or could have written is not taken.
        """
        name = self._name(*asked)
        if name is None:
            return None
        path = self._place(name) / _CONTENT
        try:
            with path.open("rb") as file:
                if not _is_ours(os.fstat(file.fileno())):
                    return None
                kept = file.read(MOST_BYTES + _DIGEST)
        except OSError:
            return None
        digest, content = kept[:_DIGEST], kept[_DIGEST:]
        if digest != _seal(name, content):
            return None
        with contextlib.suppress(OSError):
            os.utime(path)
        return content

    def keep(self, content: bytes, *asked: str) -> None:
        """Keep an answer, for the owner alone; what can't be kept is only slower the next time."""
        name = self._name(*asked)
        if name is None or len(content) > MOST_BYTES:
            return
        with contextlib.suppress(OSError):
            self._write(name, _seal(name, content) + content)
            self._cache.evict()

    def _name(self, *asked: str) -> str | None:
        if self._identity is None:
            return None
        digest = hashlib.sha256()
        for part in (self._identity, code(), *asked):
            digest.update(hashlib.sha256(part.encode("utf-8", "surrogatepass")).digest())
        return digest.hexdigest()

    def _place(self, name: str) -> Path:
        return self._cache.folder / f"answer-{name}"

    def _write(self, name: str, kept: bytes) -> None:
        """By one rename, as parts are: an answer is whole or not there."""
        folder, place = self._cache.work_folder(), self._place(name)
        try:
            owner_only = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
            with os.fdopen(os.open(folder / _CONTENT, owner_only, 0o600), "wb") as file:
                file.write(kept)
            shutil.rmtree(place, ignore_errors=True)  # one that could not be taken
            folder.rename(place)
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _seal(name: str, content: bytes) -> bytes:
    return hashlib.sha256(name.encode() + content).digest()


def _is_ours(facts: os.stat_result) -> bool:
    if not stat.S_ISREG(facts.st_mode):
        return False
    if not hasattr(os, "getuid"):  # Windows: the folder is in the user's profile
        return True
    return facts.st_uid == os.getuid() and not facts.st_mode & 0o022
