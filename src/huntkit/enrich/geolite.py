"""MaxMind's GeoLite2 databases, or any in their format, under the methods that notebooks know."""

import os
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import polars as pl

from huntkit.core.errors import HuntkitError, UsageError
from huntkit.enrich.geo_lookup import GeoIpLookup, Raw, dated
from huntkit.enrich.geolite_files import EDITIONS, GeoLiteSource, Updated, update
from huntkit.enrich.geolocation import GeoDatabases, Paths
from huntkit.enrich.maxmind_files import MaxMindFile
from huntkit.runtime.secrets import Secret
from huntkit.runtime.session import Session, default_session

_SECTION = "OtherProviders"
_NAME = "GeoIPLite"


@dataclass(frozen=True, kw_only=True)
class GeoLiteSettings:
    """What the settings file says under ``OtherProviders: GeoIPLite: Args:``."""

    auth_key: Secret | None = None
    account_id: str | None = field(default=None, metadata={"aliases": ("AccountID",)})
    db_folder: Path | None = field(default=None, metadata={"aliases": ("DBFolder",)})
    db_file: Path | None = field(default=None, metadata={"aliases": ("DBFile",)})
    auto_update: bool = False
    max_age_days: float = 30.0


class GeoLiteLookup(GeoIpLookup):
    """Where addresses are, by files in MaxMind's format and by the ranges that huntkit ships.

    Works without any file, key or network: country and operator are then known. With a city
    and an operator database, city, position and operator come from those. Downloads happen only
    where they are asked for: by `update`, `force_update` or `auto_update`.

    Args:
        api_key: MaxMind's licence key, better as a `Secret` such as ``Secret("env:MAXMIND_KEY")``.
        account_id: the account that the key belongs to; MaxMind wants both.
        db_folder: where GeoLite2 files are looked for and put.
        force_update: download before the first look-up, however new the files are.
        auto_update: download before the first look-up if files are missing or too old.
        debug: accepted, without effect.
        db_file: a file, or several, the most trusted first; nothing is then looked for.
        shipped: whether the shipped ranges fill what no file knows.
        max_age_days: files older than that warn, and are replaced by `auto_update`.
        session: settings, network and clock.

    What is left out is taken from the settings file: ``OtherProviders: GeoIPLite: Args:`` with
    ``AuthKey AccountID DBFolder DBFile AutoUpdate MaxAgeDays``.

    Examples:
        >>> raw, found = GeoLiteLookup().lookup_ip("1.1.1.1")
        >>> found[0].Location.AsnName
        'Cloudflare, Inc.'
    """

    def __init__(
        self,
        api_key: str | Secret | None = None,
        account_id: str | int | None = None,
        db_folder: str | Path | None = None,
        *,
        force_update: bool = False,
        auto_update: bool | None = None,
        debug: bool = False,  # noqa: ARG002  notebooks pass it
        db_file: Paths | None = None,
        shipped: bool = True,
        max_age_days: float | None = None,
        session: Session | None = None,
    ) -> None:
        self._key = api_key
        self._account_id = account_id
        self._folder = db_folder
        self._force_update = force_update
        self._auto_update = auto_update
        self._db_file = db_file
        self._shipped = shipped
        self._max_age_days = max_age_days
        self._session = session
        self._opened: GeoDatabases | None = None

    @property
    def session(self) -> Session:
        """Settings, network and clock."""
        return self._session if self._session is not None else default_session()

    @property
    def db_folder(self) -> Path:
        """Where GeoLite2 files are looked for and put."""
        folder = self._folder or self._settings().db_folder
        return Path(folder).expanduser() if folder else self.session.cache_dir / "geolite2"

    @property
    def databases(self) -> GeoDatabases:
        """What is asked; opened, and updated where that was asked for, on first use."""
        if self._opened is None:
            self._opened = self._open()
        return self._opened

    def facts(self, texts: Sequence[str]) -> pl.DataFrame:
        """What is known of each text, in order."""
        return dated(self.databases.facts(texts))

    def told(self, texts: Sequence[str]) -> tuple[Raw, pl.DataFrame]:
        """The records of the files, laid over one another, and the facts."""
        return self.databases.records(texts), self.facts(texts)

    def update(self, *, force: bool = False) -> list[Updated]:
        """Download the GeoLite2 databases of cities and operators, if there are newer ones.

        Args:
            force: download however new the files are.

        Returns:
            What was done about each database.

        Raises:
            UsageError: there is no account or no key.
            AccessDenied: MaxMind refused them.
            RequestFailed: it could not be asked.
            FormatError: what came is no sound database; the file that was there stays.
        """
        done = update(self._source(), self.session, force=force)
        self._opened = None
        self._force_update = False
        return done

    def _settings(self) -> GeoLiteSettings:
        found = self.session.settings_for(_SECTION, _NAME, GeoLiteSettings)
        return found.args if found is not None else GeoLiteSettings()

    def _source(self) -> GeoLiteSource:
        chosen = self._settings()
        key = self._key if self._key is not None else chosen.auth_key
        account = self._account_id if self._account_id is not None else chosen.account_id
        account = account or os.environ.get("MAXMIND_ACCOUNT_ID")
        if key is None and os.environ.get("MAXMIND_AUTH"):
            key = Secret("env:MAXMIND_AUTH")
        if key is None or not account:
            raise UsageError(
                "downloading GeoLite2 needs MaxMind's account number and a licence key",
                hint="GeoLiteLookup(api_key=Secret('env:MAXMIND_AUTH'), account_id=123456), or"
                " AuthKey and AccountID under OtherProviders: GeoIPLite: Args:",
            )
        return GeoLiteSource(
            account_id=str(account),
            key=key if isinstance(key, Secret) else Secret(key),
            folder=self.db_folder,
        )

    def _open(self) -> GeoDatabases:
        chosen = self._settings()
        files = self._db_file if self._db_file is not None else chosen.db_file
        if files is not None:
            opened = GeoDatabases(files, shipped=self._shipped)
            self._say_age(opened.files)
            return opened
        automatic = self._auto_update if self._auto_update is not None else chosen.auto_update
        if self._force_update:
            self.update(force=True)
        elif automatic and self._stale():
            self._try_update()
        opened = GeoDatabases(self._found(), shipped=self._shipped)
        self._say_age(opened.files)
        return opened

    def _try_update(self) -> None:
        """Files that are there serve on if newer ones can't be had; that is said."""
        try:
            self.update()
        except HuntkitError as problem:
            if not self._found():
                raise
            warnings.warn(f"the databases were not updated: {problem}", stacklevel=5)

    def _found(self) -> list[Path]:
        return [path for path in map(self._path, EDITIONS) if path.is_file()]

    def _path(self, edition: str) -> Path:
        return self.db_folder / f"{edition}.mmdb"

    def _stale(self) -> bool:
        paths = self._found()
        if len(paths) < len(EDITIONS):
            return True
        return any(MaxMindFile(path).built < self._oldest() for path in paths)

    def _oldest(self) -> datetime:
        given = self._max_age_days
        days = given if given is not None else self._settings().max_age_days
        return self.session.network.clock.now() - timedelta(days=days)

    def _say_age(self, files: Sequence[MaxMindFile]) -> None:
        old = [file for file in files if file.built < self._oldest()]
        for file in old:
            warnings.warn(
                f"{file.source} is old; places change: {file.path}"
                " (GeoLiteLookup.update() downloads newer GeoLite2 files)",
                stacklevel=6,
            )

    def __repr__(self) -> str:
        state = "not opened yet" if self._opened is None else repr(self._opened)
        return f"<GeoLiteLookup {state}>"
