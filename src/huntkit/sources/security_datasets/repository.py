"""The project's repository: what is in it, once a month; its files, when they are asked for."""

import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from huntkit.core.errors import BadReply, FormatError
from huntkit.runtime import Limits, Service, Session, Share, spread
from huntkit.runtime.http_client import HttpClient
from huntkit.sources.security_datasets.metadata import DataSet, data_set_of, is_path

API: Final = "https://api.github.com"
RAW: Final = "https://raw.githubusercontent.com"
_PROJECT: Final = "/repos/OTRF/Security-Datasets/git/trees/master"
_FILES: Final = ("OTRF", "Security-Datasets", "master", "datasets")
_KEEP: Final = timedelta(days=30)
_VERSION: Final = 1
_MIB: Final = 1 << 20


class Repository:
    """The project's repository at GitHub.

    Args:
        session: HTTP, and the folder that metadata and files are kept in.
        api: where the list of files is asked for.
        raw: where the files are.
        save_folder: where fetched files stay; the session's cache folder by default.
    """

    def __init__(
        self,
        session: Session,
        *,
        api: str = API,
        raw: str = RAW,
        save_folder: Path | None = None,
    ) -> None:
        self._session, self._api, self._raw = session, api, raw
        self._folder = session.cache_dir / "security-datasets"
        self._files = save_folder.expanduser() if save_folder else self._folder / "files"

    def data_sets(self, *, refresh: bool = False) -> tuple[list[DataSet], list[str]]:
        """All data sets, from the kept list if it is younger than 30 days; and what is missing.

        Raises:
            RequestFailed: the list can't be fetched.
        """
        if not refresh and (kept := self._kept()) is not None:
            return kept, []
        listed, problems = self._listed()
        found: dict[str, DataSet] = {}
        client = self._client("raw")

        async def fetch(path: str) -> DataSet:
            return data_set_of((await client.aget(_address(path))).content)

        share: Share[str, DataSet] = Share(
            name="Security-Datasets", items=listed, ask=fetch, workers=8
        )
        for outcome in spread(share):
            if outcome.error is not None:
                problems.append(f"{outcome.item}: {outcome.error}")
            elif outcome.answer is not None:
                found[outcome.item] = outcome.answer
        if listed and not found:
            raise BadReply(f"no metadata could be read: {problems[0]}", service="Security-Datasets")
        sets = [found[path] for path in sorted(found)]
        if not problems:
            self._keep(sets)
        return sets, sorted(problems)

    def file(self, path: str, *, max_bytes: int) -> Path:
        """A file of the data sets, fetched unless it was before.

        Args:
            path: below ``datasets/``, of a data set.
            max_bytes: the largest file.

        Raises:
            RequestFailed: it can't be fetched.
        """
        address = _address(path)
        place = self._files / Path(*path.split("/"))
        if not place.is_file():
            place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._client("raw").download(address, place, max_bytes=max_bytes)
        return place

    def _listed(self) -> tuple[list[str], list[str]]:
        """The paths of all metadata files below ``datasets/``."""
        reply = self._client("api").get(_PROJECT, params={"recursive": "1"})
        body = reply.json()
        entries = body.get("tree") if isinstance(body, Mapping) else None
        if not isinstance(entries, list):
            raise BadReply("GitHub gave no list of files", service="GitHub")
        paths = [str(each.get("path", "")) for each in entries if isinstance(each, Mapping)]
        wanted = sorted(
            each.removeprefix("datasets/")
            for each in paths
            if each.startswith("datasets/") and "/_metadata/" in each and each.endswith(".yaml")
        )
        cut = ["GitHub gave only a part of the list of files"] if body.get("truncated") else []
        return wanted, cut

    def _client(self, what: str) -> HttpClient:
        return self._session.http(
            Service(
                name="GitHub" if what == "api" else "Security-Datasets",
                base_url=self._api if what == "api" else self._raw,
                limits=Limits(concurrency=8, max_reply_bytes=16 * _MIB),
            )
        )

    def _kept(self) -> list[DataSet] | None:
        """The kept list, if it is fresh and ours."""
        try:
            found = json.loads((self._folder / "metadata.json").read_bytes())
            fetched = datetime.fromisoformat(found["fetched"])
            age = datetime.now(UTC) - fetched
            if found["version"] != _VERSION or not timedelta(0) <= age < _KEEP:
                return None
            return [_set_of(each) for each in found["data_sets"]]
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None

    def _keep(self, sets: Sequence[DataSet]) -> None:
        said = {
            "version": _VERSION,
            "fetched": datetime.now(UTC).isoformat(),
            "data_sets": [asdict(each) for each in sets],
        }
        with suppress(OSError):  # it is fetched again next time
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            handle, name = tempfile.mkstemp(dir=self._folder, prefix=".new-")  # mode 0600
            with os.fdopen(handle, "w") as stream:
                json.dump(said, stream)
            Path(name).replace(self._folder / "metadata.json")


def _set_of(given: Mapping[str, Any]) -> DataSet:
    values: dict[str, Any] = {
        name: value if isinstance(value, str) else tuple(map(str, value))
        for name, value in given.items()
    }
    return DataSet(**values)


def _address(path: str) -> str:
    """The address of a file; its path is one that metadata may name, and no other.

    Raises:
        FormatError: it is none.
    """
    if not is_path(path):
        raise FormatError(f"{path!r} is no path of a data set")
    return "/".join(("", *_FILES, *map(quote, path.split("/"))))
