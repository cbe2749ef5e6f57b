"""Files that the cache does not hold, read into it; loads the data libraries."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from huntkit.core.progress import Task
from huntkit.formats.limits import Limits
from huntkit.sources.local import schemas
from huntkit.sources.local.cache import Cache, naming
from huntkit.sources.local.crew import Crew
from huntkit.sources.local.ingest import Job
from huntkit.sources.local.inputs import InputFile
from huntkit.sources.local.manifest import Manifest, MemberFacts, Part, join_members, unread
from huntkit.sources.local.mapping import Clock
from huntkit.sources.local.planning import Cutter, can_split, hash_file, work_bytes
from huntkit.sources.local.workers import Finished, run_jobs

POOL_BYTES = 96 << 20  # below this, starting workers costs more than it saves
_FILE_BYTES = 512 << 10  # a file, however small, costs as much as reading so many more bytes


@dataclass(slots=True)
class _Pending:
    """A file that is being read, perhaps in several pieces."""

    file: InputFile
    folder: Path
    sha256: str = ""
    cutter: Cutter | None = None
    pieces: dict[str, tuple[list[MemberFacts], list[Part]]] = field(default_factory=dict)
    left: int = 1
    broke: bool = False


class Reader:
    """Hash, read and map files.

    Args:
        cache: where parsed sources are kept.
        clock: what to assume of times that lack a zone or a year.
        limits: the bounds of reading.
        crew: worker processes that may be on their way already.
    """

    def __init__(
        self, cache: Cache, *, clock: Clock, limits: Limits, crew: Crew | None = None
    ) -> None:
        self._cache = cache
        self._crew = crew
        self._clock = clock
        self._limits = limits

    def read(
        self,
        files: list[InputFile],
        hashes: Mapping[Path, str],
        done: dict[Path, Manifest],
        task: Task,
    ) -> None:
        """Put every file's manifest into ``done``; what is there on Cancelled is complete.

        Args:
            files: what to read.
            hashes: of those that did not change since they were hashed.
            done: where the manifests go, by path.
            task: where to report.
        """
        pending = self._look_up(files, hashes, done, task)
        by_path = {each.file.path: each for each in pending}
        work = sum(_FILE_BYTES + work_bytes(each.file.path, each.file.size) for each in pending)
        workers = (os.cpu_count() or 1) if work > POOL_BYTES else 1
        jobs = self._jobs(pending)
        for finished in run_jobs(jobs, workers=workers, task=task, crew=self._crew):
            job, _ = finished
            each = by_path[job.path]
            if self._collect(each, finished):
                done[job.path] = self._assemble(each)
            task.advance(job.piece.end - job.piece.start if job.piece else each.file.size)

    def _look_up(
        self,
        files: list[InputFile],
        hashes: Mapping[Path, str],
        done: dict[Path, Manifest],
        task: Task,
    ) -> list[_Pending]:
        """Files whose content the cache holds are done; the others are left, the largest first."""
        pending = []
        hashed: list[tuple[InputFile, str]] = []
        try:
            for file in files:
                task.check_cancelled()
                try:
                    found = self._known_by_content(file, hashes.get(file.path), hashed)
                except OSError as failure:
                    found = unread(file.size, failure.strerror or str(failure))
                if isinstance(found, Manifest):
                    done[file.path] = found
                    task.advance(file.size)
                else:
                    pending.append(found)
        finally:
            self._cache.remember(hashed)
        return sorted(pending, key=lambda each: -work_bytes(each.file.path, each.file.size))

    def _known_by_content(
        self, file: InputFile, sha256: str | None, hashed: list[tuple[InputFile, str]]
    ) -> Manifest | _Pending:
        if sha256 is None:
            if can_split(file.path, file.size):
                return _Pending(file, self._cache.work_folder(), cutter=Cutter(file.path))
            sha256 = hash_file(file.path)
            hashed.append((file, sha256))
        if kept := self._cache.load(sha256, naming(file.path)):
            return kept
        return _Pending(file, self._cache.work_folder(), sha256=sha256)

    def _jobs(self, pending: list[_Pending]) -> Iterator[Job]:
        for each in pending:
            if each.cutter is None:
                yield self._job(each)
                continue
            for number, piece in enumerate(each.cutter.pieces()):
                each.left += 1
                yield Job(
                    path=each.file.path,
                    folder=each.folder,
                    clock=self._clock,
                    limits=self._limits,
                    piece=piece,
                    prefix=f"{number:05d}-",
                )
            each.left -= 1  # the one that kept it open until the last piece was cut

    def _job(self, each: _Pending) -> Job:
        return Job(
            path=each.file.path,
            folder=each.folder,
            clock=self._clock,
            limits=self._limits,
            sha256=each.sha256,
        )

    def _collect(self, each: _Pending, finished: Finished) -> bool:
        """Take one job's result; True when the file is complete."""
        job, result = finished
        each.pieces[job.prefix] = (result.members, result.parts)
        each.broke = each.broke or result.broke
        each.left -= 1
        return each.left == 0

    def _assemble(self, each: _Pending) -> Manifest:
        in_order = [each.pieces[key] for key in sorted(each.pieces)]
        members = [facts for facts, _ in in_order]
        sha256 = each.sha256
        if each.cutter is not None:
            sha256 = each.cutter.sha256
            whole = join_members([facts for piece in members for facts in piece])
            whole.sha256 = sha256
            members = [[whole]]
            self._cache.remember([(each.file, sha256)])
        manifest = Manifest(
            sha256=sha256,
            size=each.file.size,
            members=[facts for piece in members for facts in piece],
            parts=[part for _, parts in in_order for part in parts],
            folder=each.folder,
        )
        if any(schemas.known(part.table) is None for part in manifest.parts):
            manifest.naming = naming(each.file.path)
        return manifest if each.broke else self._cache.keep(manifest)
