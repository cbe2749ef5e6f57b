"""Azure's blob storage: containers and what is in them, by Microsoft's own client.

The extra ``azure`` installs that client. Its requests do not go through the session's HTTP core,
so an offline session is checked here, before each of them, and the session's proxy and certificates
are handed to it: of `ca_bundle` it trusts that file alone.
"""

import os
import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from enum import Enum
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from huntkit.core.errors import AccessDenied, HuntkitError, LimitReached, RequestFailed, UsageError
from huntkit.core.extras import require
from huntkit.enrich.azure.management import flat
from huntkit.runtime.secrets import Secret
from huntkit.runtime.session import Session, default_session
from huntkit.signin.azure import AzureIdentity, AzureTokens
from huntkit.tables import as_kind

_SCOPE: Final = "https://storage.azure.com/.default"
_SERVICE: Final = "Azure Storage"
_CONTAINER: Final = re.compile(r"\$(?:root|web|logs)|[a-z0-9](?:-?[a-z0-9]){2,62}")
_DENIED: Final = (401, 403)
_MIB: Final = 1024**2
_PAGE: Final = 5000  # as many as the service gives at once
_PATIENCE: Final = {
    "retry_total": 3, "initial_backoff": 1, "increment_base": 2, "random_jitter_range": 1,
    "connection_timeout": 10, "read_timeout": 120,
}  # fmt: skip
_PIECES: Final = dict.fromkeys(
    ("max_single_put_size", "max_single_get_size", "max_chunk_get_size"), 4 * _MIB
)


class AzureBlobStorage:
    """One storage account.

    Args:
        abs_name: the account's name, or the URL of its blob service.
        identity: who asks; by default whoever is signed in on this machine.
        connection_string: signs in by the account's key instead.
        sas_token: signs in by a shared access signature instead.
        session: whether the network may be used, and the kind of frames.

    Raises:
        UsageError: an account without a name, or two ways to sign in.

    In all methods:
        AccessDenied: the service refused it.
        RequestFailed: it could not be asked, or there is no such thing (status 404).
        MissingExtra: Microsoft's client is not installed.
    """

    def __init__(
        self,
        abs_name: str | None = None,
        *,
        identity: AzureIdentity | None = None,
        connection_string: Secret | None = None,
        sas_token: Secret | None = None,
        session: Session | None = None,
    ) -> None:
        if not (abs_name or connection_string):
            raise UsageError("which storage account?", hint='AzureBlobStorage("myaccount")')
        if sum(each is not None for each in (identity, connection_string, sas_token)) > 1:
            raise UsageError("give one of identity, connection_string and sas_token")
        self._name = abs_name
        self._identity = identity or AzureIdentity()
        self._connection = connection_string
        self._sas = sas_token
        self._session = session
        self._made: Any = None

    @property
    def session(self) -> Session:
        """Whether the network may be used, and the kind of frames."""
        return self._session if self._session is not None else default_session()

    def containers(self) -> Any:
        """A row for each container."""
        with self._asking() as client:
            rows = list(client.list_containers(results_per_page=_PAGE))
        return self._table(rows, "ContainerProperties")

    def create_container(self, container_name: str) -> None:
        """Make a container. Changes the account."""
        with self._asking() as client:
            client.create_container(_container(container_name))

    def blobs(self, container_name: str, *, prefix: str | None = None) -> Any:
        """A row for each blob of a container, all of them.

        Args:
            container_name: the container.
            prefix: only those whose name begins so.
        """
        with self._asking() as client:
            container = client.get_container_client(_container(container_name))
            listed = container.list_blobs(name_starts_with=prefix, results_per_page=_PAGE)
            rows = list(listed)
        return self._table(rows, "BlobProperties")

    def upload_to_blob(
        self, blob: bytes | Path, container_name: str, blob_name: str, *, overwrite: bool = False
    ) -> None:
        """Put bytes, or a file's content, into a blob. Changes the account.

        A file is read and sent in pieces of a few MiB, whatever its size.

        Raises:
            RequestFailed: with status 409: there is one already, and `overwrite` is not said.
            UsageError: Azure would store it under another name: backslashes become slashes, and
                control characters are not possible.
        """
        if "\\" in blob_name or any(ord(each) < 32 for each in blob_name):
            raise UsageError(
                f"{blob_name!r:.80} can't be the name of a blob",
                hint="without backslashes and control characters",
            )
        with self._asking() as client:
            target = _blob(client, container_name, blob_name)
            if isinstance(blob, bytes):
                target.upload_blob(blob, overwrite=overwrite)
                return
            with Path(blob).expanduser().open("rb") as file:
                target.upload_blob(file, overwrite=overwrite)

    def get_blob(
        self, container_name: str, blob_name: str, *, max_bytes: int = 256 * _MIB
    ) -> bytes:
        """The whole content of a blob, in memory; `download` is for large ones.

        Raises:
            LimitReached: it is larger than `max_bytes`.
        """
        with self._asking() as client:
            stream = _blob(client, container_name, blob_name).download_blob()
            if stream.size > max_bytes:
                raise LimitReached(
                    f"{blob_name!r:.80} has {stream.size:,} bytes", hint="download() writes a file"
                )
            return bytes(stream.readall())

    def download(
        self, container_name: str, blob_name: str, to: str | Path, *, force: bool = False
    ) -> Path:
        """Write a blob to a file, which appears only when it is whole.

        Args:
            container_name: the container.
            blob_name: the blob; its name never becomes part of a path here.
            to: the file.
            force: replace the file if it exists.
        """
        path = Path(to).expanduser()
        if path.exists() and not force:
            raise UsageError(f"{str(path)!r} exists", hint="force=True replaces it")
        handle, part = tempfile.mkstemp(dir=path.absolute().parent, prefix=".huntkit-")
        try:
            with os.fdopen(handle, "wb") as file, self._asking() as client:
                _blob(client, container_name, blob_name).download_blob().readinto(file)
            Path(part).replace(path)
        finally:
            with suppress(FileNotFoundError):
                Path(part).unlink()
        return path

    def delete_blob(self, container_name: str, blob_name: str) -> None:
        """Delete a blob and its snapshots. Changes the account."""
        with self._asking() as client:
            _blob(client, container_name, blob_name).delete_blob(delete_snapshots="include")

    def get_sas_token(
        self, container_name: str, blob_name: str, *, hours: float = 1, permission: str = "r"
    ) -> Secret:
        """A URL by which anybody can reach a blob for some time; a secret, since it is a key.

        Args:
            container_name: the container.
            blob_name: the blob.
            hours: for how long.
            permission: letters: r read, w write, d delete ...
        """
        if not hours > 0:
            raise UsageError(f"hours={hours} is not above zero")
        library: Any = require("azure.storage.blob", extra="azure")
        now = self.session.network.clock.now()
        ends = now + timedelta(hours=hours)
        with self._asking() as client:
            key = getattr(client.credential, "account_key", None)
            delegated = None
            if key is None:
                delegated = client.get_user_delegation_key(now - timedelta(minutes=5), ends)
            url = _blob(client, container_name, blob_name).url
            token = library.generate_blob_sas(
                client.account_name, container_name, blob_name, account_key=key,
                user_delegation_key=delegated, permission=permission, expiry=ends,
                protocol="https" if url.startswith("https:") else None,
            )  # fmt: skip
        return Secret.held(f"{url}?{token}")

    @contextmanager
    def _asking(self) -> Iterator[Any]:
        """The client, whose errors leave as ours, without secrets."""
        library: Any = require("azure.storage.blob", extra="azure")
        errors: Any = require("azure.core.exceptions", extra="azure")
        self.session.network.check_online(_SERVICE)
        try:
            if self._made is None:
                self._made = self._client(library)
            yield self._made
        except errors.AzureError as problem:
            raise self._ours(problem) from None  # theirs holds the request with its signature
        except ValueError as problem:
            if isinstance(problem, HuntkitError):
                raise
            raise UsageError(f"{_SERVICE}: {self._hidden(str(problem))}"[:300]) from None

    def _client(self, library: Any) -> Any:
        kind = library.BlobServiceClient
        options: dict[str, Any] = {**_PATIENCE, **_PIECES, **self._network_options()}
        if self._connection is not None:
            return kind.from_connection_string(self._connection.reveal(), **options)
        name = self._name or ""
        url = name if "://" in name else f"https://{name}.blob.core.windows.net"
        if self._sas is not None:
            return kind(url, credential=self._sas.reveal(), **options)
        return kind(url, credential=_Tokens(self._identity), **options)

    def _network_options(self) -> dict[str, Any]:
        """The session's proxy and certificates, in the client's words."""
        http, found = self.session.settings.http, dict[str, Any]()
        if http.ca_bundle is not None:
            found["connection_verify"] = str(http.ca_bundle.expanduser())
        if http.proxy is not None:  # else the client reads the environment itself
            found["use_env_settings"] = False
            scheme, _, rest = http.proxy.partition("://")
            who = ""
            if http.proxy_user:
                password = http.proxy_password.reveal() if http.proxy_password else ""
                who = f"{quote(http.proxy_user, safe='')}:{quote(password, safe='')}@"
            if rest:
                found["proxies"] = dict.fromkeys(("http", "https"), f"{scheme}://{who}{rest}")
        return found

    def _table(self, things: list[Any], kind: str) -> Any:
        """A row for each thing; without any, the columns that they would have."""
        library: Any = require("azure.storage.blob", extra="azure")
        table = flat([_plain(each) for each in things or [getattr(library, kind)()]])
        return as_kind(table if things else table.clear(), self.session.frame)

    def _ours(self, problem: Any) -> RequestFailed:
        status = getattr(problem, "status_code", None)
        words = (str(getattr(problem, "message", problem)).strip().splitlines() or ["no reason"])[0]
        kind = AccessDenied if status in _DENIED else RequestFailed
        return kind(
            f"{_SERVICE} answered: {self._hidden(words)}"[:500], service=_SERVICE, status=status
        )

    def _hidden(self, text: str) -> str:
        for secret in (self._connection, self._sas):
            if secret is not None:
                text = text.replace(secret.reveal(), "****")
        return text

    def __repr__(self) -> str:
        return f"<AzureBlobStorage {self._name or 'by connection string'}>"


class _Tokens:
    """Our sign-in as Microsoft's client wants it."""

    def __init__(self, identity: AzureIdentity) -> None:
        self._source = AzureTokens(identity, _SCOPE)

    def get_token(self, *_: str, **__: Any) -> Any:
        access: Any = require("azure.core.credentials", extra="azure")
        token = self._source.token(fresh=False).reveal()
        return access.AccessToken(token, _SOON)


_SOON: Final = 0  # so that it is asked for each time; our source keeps it as long as it is good


def _container(name: str) -> str:
    if not _CONTAINER.fullmatch(name):
        raise UsageError(f"{name!r:.80} is no name of a container")
    return name


def _blob(client: Any, container: str, name: str) -> Any:
    """The client of one blob; dots that a URL would resolve lead into other containers."""
    if not name or any(part in (".", "..") for part in name.replace("\\", "/").split("/")):
        raise UsageError(f"{name!r:.80} is no name of a blob")
    return client.get_blob_client(_container(container), name)


def _plain(thing: Any) -> dict[str, Any]:
    """A thing of Microsoft's client as names and plain values."""
    found: dict[str, Any] = {}
    for name, value in dict(thing).items():
        if isinstance(value, Enum):
            found[name] = value.value
        elif value is None or isinstance(value, str | int | float | bool | datetime):
            found[name] = value
        elif isinstance(value, bytes | bytearray):
            found[name] = bytes(value).hex()
        elif isinstance(value, Mapping) or hasattr(value, "items"):
            found[name] = _plain(dict(value.items()))
        else:
            found[name] = str(value)
    return found
