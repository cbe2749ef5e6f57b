"""GeoLite2 databases from MaxMind: asked whether they are newer, fetched, checked, put in place.

Source: "Updating GeoIP and GeoLite Databases" (dev.maxmind.com): basic authentication by account
and licence key, a redirect to the storage, ``Last-Modified`` as the date of the database.
"""

import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import BinaryIO, Final

from huntkit.core.errors import FormatError
from huntkit.enrich.maxmind_files import MaxMindFile
from huntkit.formats.archive import Member, walk
from huntkit.formats.limits import Limits as ArchiveLimits
from huntkit.runtime.http_call import Basic
from huntkit.runtime.http_client import HttpClient, Service
from huntkit.runtime.limits import Limits
from huntkit.runtime.secrets import Secret
from huntkit.runtime.session import Session

EDITIONS: Final = ("GeoLite2-City", "GeoLite2-ASN")
_URL: Final = "https://download.maxmind.com"
_MIB: Final = 1024**2
_PACKED: Final = 512 * _MIB
_UNPACKED: Final = ArchiveLimits(
    max_member_bytes=1024 * _MIB, max_total_bytes=1100 * _MIB, max_members=100, max_depth=1
)


@dataclass(frozen=True, kw_only=True, slots=True)
class GeoLiteSource:
    """Where the databases come from, and where they go.

    Attributes:
        account_id: MaxMind's number of the account.
        key: a licence key of that account.
        folder: where the files lie.
        editions: which databases.
        base_url: MaxMind's address.
    """

    account_id: str
    key: Secret
    folder: Path
    editions: Sequence[str] = EDITIONS
    base_url: str = _URL

    def path(self, edition: str) -> Path:
        """Where the file of an edition lies."""
        return self.folder / f"{edition}.mmdb"


@dataclass(frozen=True, kw_only=True, slots=True)
class Updated:
    """What was done about one database.

    Attributes:
        path: the file.
        source: its name and date.
        downloaded: whether it was fetched; False: the one that was there is the newest.
    """

    path: Path
    source: str
    downloaded: bool


def update(source: GeoLiteSource, session: Session, *, force: bool = False) -> list[Updated]:
    """Fetch each database of which there is a newer one; see `GeoLiteLookup.update`."""
    client = session.http(
        Service(
            name="MaxMind",
            base_url=source.base_url,
            auth=Basic(source.account_id, source.key),
            limits=Limits(concurrency=1, total_timeout_s=1800),
            elsewhere=True,
        )
    )
    source.folder.mkdir(parents=True, exist_ok=True)
    return [_update(edition, source, client, force=force) for edition in source.editions]


def _update(edition: str, source: GeoLiteSource, client: HttpClient, *, force: bool) -> Updated:
    path = source.path(edition)
    url, params = f"/geoip/databases/{edition}/download", {"suffix": "tar.gz"}
    if not force and (old := _sound(path)) is not None:
        head = client.send(client.call("HEAD", url, params=params))
        newest = _time(head.headers.get("last-modified", ""))
        if newest is not None and newest.date() <= old.built.date():
            return Updated(path=path, source=old.source, downloaded=False)
    with tempfile.TemporaryDirectory(prefix=".geolite-", dir=source.folder) as scratch:
        packed, unpacked = Path(scratch, "packed.tar.gz"), Path(scratch, f"{edition}.mmdb")
        client.download(url, packed, max_bytes=_PACKED, params=params)
        _unpack(packed, edition, unpacked)
        new = MaxMindFile(unpacked)
        if new.kind != edition:
            raise FormatError(
                f"MaxMind sent {new.kind!r} instead of {edition!r}; nothing was replaced"
            )
        unpacked.replace(path)
    return Updated(path=path, source=new.source, downloaded=True)


def _sound(path: Path) -> MaxMindFile | None:
    """The file that is there, unless it is none or broken."""
    if not path.is_file():
        return None
    with suppress(FormatError):
        return MaxMindFile(path)
    return None


def _time(text: str) -> datetime | None:
    try:
        time = parsedate_to_datetime(text)
    except (ValueError, TypeError):
        return None
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def _unpack(packed: Path, edition: str, to: Path) -> None:
    """The database out of the archive; names in it are compared, never followed."""
    for member in walk(packed, limits=_UNPACKED):
        if member.name.replace("\\", "/").rsplit("/", 1)[-1] == f"{edition}.mmdb":
            _copy(member, to)
            return
        if member.error is not None:
            raise FormatError(f"the archive from MaxMind can't be read: {member.error}")
    raise FormatError(f"the archive from MaxMind holds no {edition}.mmdb")


def _copy(member: Member, to: Path) -> None:
    with member.open() as stream, to.open("wb") as file:
        while piece := _read(stream):
            file.write(piece)


def _read(stream: BinaryIO) -> bytes:
    return stream.read(_MIB)
