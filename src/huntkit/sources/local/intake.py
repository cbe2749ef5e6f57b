"""What was read of some files: what is missing, and a name for all that the tables will hold."""

import hashlib
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from huntkit.sources.local.cache import Cache
from huntkit.sources.local.manifest import Manifest, MemberFacts


@dataclass(slots=True)
class Source:
    """A file and what it gave."""

    path: Path
    manifest: Manifest

    @property
    def name(self) -> str:
        r"""The path as rows and messages say it; bytes that are no UTF-8 are written ``\xe9``."""
        return os.fsencode(self.path).decode("utf-8", "backslashreplace")


@dataclass(frozen=True, slots=True)
class Intake:
    """Files that were read into the cache, before anybody asked for their tables.

    Attributes:
        sources: the files, in the order in which they were given.
        cache: where their parts lie.
        stopped: the caller stopped the reading.
        timezone: the assumed zone of times that carry none.
        temporary: a folder that goes with the intake; None where the cache stays.
    """

    sources: list[Source]
    cache: Cache
    stopped: bool = False
    temporary: Path | None = None
    timezone: str | None = None

    def members(self) -> Iterator[tuple[str, MemberFacts]]:
        """Every file and archive member: the path as rows name it, and what was read."""
        for source in self.sources:
            for facts in source.manifest.members:
                yield source.name + facts.name, facts

    @property
    def partial(self) -> bool:
        """Whether something is missing beyond single records."""
        return self.stopped or any(facts.partial for _, facts in self.members())

    @property
    def is_empty(self) -> bool:
        """Whether no record was found at all."""
        return not any(facts.rows for _, facts in self.members())

    @property
    def problems(self) -> list[str]:
        """What is missing from the tables, and why; one line a file."""
        lines = [
            f"{path}: {why(facts)}"
            for path, facts in self.members()
            if facts.error or facts.skipped
        ]
        if self.is_empty:
            lines.append("no log records were found")
        return lines

    def identity(self) -> str | None:
        """A name that changes with anything that the tables hold or say about themselves.

        That is the version that parsed, each path as given, the order, what was read and
        assumed of each file, and the parts themselves. None where the parts are not kept, so
        that another reading might give other rows.
        """
        if self.stopped or self.temporary is not None:
            return None
        digest = hashlib.sha256(self.cache.folder.name.encode())
        for source in self.sources:
            told = _identity(source.manifest)
            if told is None:
                return None
            path = hashlib.sha256(os.fsencode(source.path)).digest()
            digest.update(path + hashlib.sha256(told).digest())
        return digest.hexdigest()

    def close(self) -> None:
        """Remove what was not meant to stay."""
        if self.temporary is not None:
            shutil.rmtree(self.temporary, ignore_errors=True)


def why(facts: MemberFacts) -> str:
    """Everything that is missing from one file, on one line."""
    pieces = []
    for reason in facts.reasons:
        numbers = ", ".join(str(each["number"]) for each in reason.first)
        more = ", ..." if reason.count > len(reason.first) else ""
        where = f" (record {numbers}{more})" if numbers else ""
        pieces.append(f"{reason.count} skipped: {reason.reason}{where}")
    return "; ".join([*([facts.error] if facts.error else []), *pieces])


def mended(facts: MemberFacts) -> str:
    """What was repaired in the records of one file that are kept, on one line."""
    return "; ".join(f"{count} repaired: {how}" for how, count in sorted(facts.repaired.items()))


def _identity(manifest: Manifest) -> bytes | None:
    """One source's share; its parts by size and time, since written anew they may differ.

    (The year of times without one is found by the file's own time, which is no content.)
    """
    if not manifest.digest:
        return None if manifest.parts or manifest.sha256 else manifest.to_json()
    told = [manifest.digest, manifest.folder.name]
    for part in manifest.parts:
        try:
            facts = (manifest.folder / part.file).stat()
        except OSError:
            return None
        told.append(f"{part.file} {facts.st_size} {facts.st_mtime_ns}")
    return "\n".join(told).encode()
