"""From paths to parsed sources: what is cached is taken, the rest is read.

What the cache holds is found without the data libraries, so that it can be said at once.
"""

import hashlib
import importlib
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

import orjson

from huntkit.core.errors import Cancelled, EvidenceError, HuntkitError, UsageError, did_you_mean
from huntkit.core.progress import SILENT, Progress, Task
from huntkit.formats.limits import DEFAULT, Limits
from huntkit.runtime.session import Session, default_session
from huntkit.sources.local.cache import Cache, naming, without_own
from huntkit.sources.local.crew import crew_for
from huntkit.sources.local.inputs import InputFile, PathLike, find_files
from huntkit.sources.local.intake import Intake, Source
from huntkit.sources.local.manifest import Manifest, unread

_LAST_YEAR = 9000
STOPPED = "not read: stopped by the caller"


@dataclass(frozen=True, slots=True, kw_only=True)
class Assumptions:
    """The choices that change what parsing gives.

    Attributes:
        timezone: the zone of times that carry none.
        year: the year of times that carry none.
        day_first: whether dates with slashes have the day first; None for what each file tells.
        limits: the bounds of reading.
    """

    timezone: str | None = None
    year: int | None = None
    day_first: bool | None = None
    limits: Limits = DEFAULT

    def __post_init__(self) -> None:
        year = self.year
        if year is not None and (type(year) is not int or not 1 <= year <= _LAST_YEAR):
            raise UsageError(f"assume_year={year!r} is no year", hint="give a number such as 2024")
        try:
            ZoneInfo(self.timezone or "UTC")
        except (TypeError, ValueError, OSError, ZoneInfoNotFoundError):
            raise UsageError(
                f"there is no time zone {self.timezone!r}",
                hint=did_you_mean(str(self.timezone), available_timezones())
                or "such as 'Europe/Berlin'",
            ) from None

    @property
    def name(self) -> str:
        """A short name, for the cache.

        Examples:
            >>> Assumptions(timezone="Europe/Berlin", year=2024).name
            'Europe_Berlin-2024'
        """
        zone = "".join(c if c.isalnum() else "_" for c in self.timezone or "utc")
        name = f"{zone}-{self.year or 'any'}"
        if self.day_first is not None:
            name += "-day" if self.day_first else "-month"
        if self.limits == DEFAULT:
            return name
        return f"{name}-{hashlib.sha256(orjson.dumps(asdict(self.limits))).hexdigest()[:12]}"


def take_in(
    paths: PathLike | Sequence[PathLike],
    *,
    cache: bool = True,
    cache_dir: PathLike | None = None,
    assumptions: Assumptions | None = None,
    progress: Progress = SILENT,
    session: Session | None = None,
) -> Intake:
    """Read files into the cache, where they are not there already.

    Args:
        paths: files, folders or globs; one or several.
        cache: keep what is parsed; otherwise it goes with the intake.
        cache_dir: where; the session's cache folder by default.
        assumptions: what changes the parsing.
        progress: where to report, and how to stop; what was read by then is kept.
        session: settings; the default session's by default.

    Raises:
        EvidenceError: what was read can't be kept: the disk is full, for one.
    """
    session = session or default_session()
    assumptions = assumptions or Assumptions()
    lasting = session.cache_dir if cache_dir is None else Path(cache_dir)
    files = without_own(find_files(paths), paths, lasting)
    temporary = None if cache else Path(tempfile.mkdtemp(prefix="huntkit-"))
    store = Cache(
        temporary or lasting, options=assumptions.name, limit_bytes=session.cache_limit_bytes
    )
    opener = _Opener(store, assumptions)
    try:
        sources = opener.read(files, progress)
    except BaseException as failure:
        Intake([], store, temporary=temporary).close()
        if isinstance(failure, OSError) and not isinstance(failure, HuntkitError):
            raise EvidenceError(
                f"what was read can't be kept: {failure.strerror or failure}",
                hint="make room on the disk of the cache, or choose another place with cache_dir=",
            ) from failure
        raise
    return Intake(
        sources,
        store,
        stopped=opener.stopped,
        temporary=temporary,
        timezone=assumptions.timezone,
    )


class _Opener:
    def __init__(self, cache: Cache, assumptions: Assumptions) -> None:
        self._cache = cache
        self._assumptions = assumptions
        self.stopped = False

    def read(self, files: list[InputFile], progress: Progress) -> list[Source]:
        """Every file as a source, in the given order. Cancelling keeps what is done."""
        done: dict[Path, Manifest] = {}
        total = sum(file.size for file in files)
        with progress.task("reading evidence", total=total) as task:
            try:
                hashes = self._cache.known_hashes(files)
                rest = self._take_known(files, hashes, done, task)
                if rest:
                    self._read(rest, hashes, done, task)
            except Cancelled:
                self.stopped = True
        return [
            Source(file.path, done.get(file.path) or unread(file.size, STOPPED)) for file in files
        ]

    def _take_known(
        self,
        files: list[InputFile],
        hashes: Mapping[Path, str],
        done: dict[Path, Manifest],
        task: Task,
    ) -> list[InputFile]:
        """Take what did not change since it was read; the others are left."""
        rest = []
        for file in files:
            sha256 = hashes.get(file.path)
            if file.error:
                done[file.path] = unread(file.size, file.error)
            elif sha256 and (kept := self._cache.load(sha256, naming(file.path))):
                done[file.path] = kept
            else:
                rest.append(file)
                continue
            task.check_cancelled()
            task.advance(file.size)
        return rest

    def _read(
        self,
        files: list[InputFile],
        hashes: Mapping[Path, str],
        done: dict[Path, Manifest],
        task: Task,
    ) -> None:
        crew = crew_for(file.size for file in files)
        try:
            reading = importlib.import_module("huntkit.sources.local.reading")  # the data libraries
            clock = reading.Clock(
                assume_timezone=self._assumptions.timezone,
                assume_year=self._assumptions.year,
                day_first=self._assumptions.day_first,
            )
            limits = self._assumptions.limits
            reader = reading.Reader(self._cache, clock=clock, limits=limits, crew=crew)
            reader.read(files, hashes, done, task)
        finally:
            crew.close()
