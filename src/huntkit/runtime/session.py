"""The session: settings, progress and history of one piece of work, held together.

Two sessions in one process do not notice each other. Nothing is read or made at import, and a
settings file not before something in it is needed.
"""

import functools
import importlib
import os
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, Self, TypeVar, overload

import platformdirs

from huntkit.core.errors import SettingsError, did_you_mean
from huntkit.core.progress import SILENT, Progress
from huntkit.runtime.http_settings import HttpSettings
from huntkit.runtime.secrets import Secret
from huntkit.runtime.settings_place import find

if TYPE_CHECKING:
    from huntkit.runtime.http_client import HttpClient, Service
    from huntkit.runtime.network import Network
    from huntkit.runtime.secret_store import SecretStores
    from huntkit.runtime.settings_file import Configured, SettingsFile
    from huntkit.runtime.store import Store

FrameKind = Literal["pandas", "polars", "arrow"]
T = TypeVar("T")

_KINDS: Final = ("pandas", "polars", "arrow")
_GIB: Final = 1024**3


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """What a session does by default; every call may say otherwise.

    Attributes:
        cache_dir: where parsed evidence is kept; None: ``HUNTKIT_CACHE_DIR``, or the user's
            cache folder.
        cache_limit_bytes: how large that may grow before the oldest goes.
        frame: the kind of frame that queries give.
        offline: refuse every use of the network, even where one is asked for.
        http: proxy, certificates, and how huntkit names itself to services.
        disabled_plugins: plugins that are switched off, as ``kind.name``: ``driver.splunk``.
    """

    cache_dir: Path | None = None
    cache_limit_bytes: int = 20 * _GIB
    frame: FrameKind = "pandas"
    offline: bool = False
    http: HttpSettings = field(default_factory=HttpSettings)
    disabled_plugins: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        faults = []
        if self.frame not in _KINDS:
            near = did_you_mean(str(self.frame), _KINDS)
            faults.append(f"frame={self.frame!r} is none of {', '.join(_KINDS)} {near}".strip())
        if self.cache_limit_bytes < 0:
            faults.append(f"cache_limit_bytes={self.cache_limit_bytes} is below zero")
        if faults:
            raise SettingsError("; ".join(faults), context={"faults": faults})


@dataclass(frozen=True, kw_only=True, slots=True)
class _OlderProxy:
    url: str
    user_name: str = ""
    password: Secret | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class _Older:
    """What we take from the section ``msticpy`` of existing files."""

    proxies: dict[str, _OlderProxy] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """One thing that was run in a session.

    Attributes:
        what: what it was, such as ``kql`` or ``open``.
        text: the query or the paths, as given; never a secret.
        started: when, in UTC.
        rows: how many rows it gave; None where that has no meaning.
        partial: whether the answer is known to be incomplete.
    """

    what: str
    text: str
    started: datetime
    rows: int | None = None
    partial: bool = False


class History(Sequence[Run]):
    """What was run, in order; it only grows.

    Examples:
        >>> from datetime import UTC
        >>> history = History()
        >>> history.add(Run(what="sql", text="SELECT 1", started=datetime(2024, 5, 1, tzinfo=UTC)))
        >>> len(history), history[0].what
        (1, 'sql')
    """

    __slots__ = ("_runs",)

    def __init__(self) -> None:
        self._runs: list[Run] = []

    def add(self, run: Run, /) -> None:
        """Write down one more run."""
        self._runs.append(run)

    @overload
    def __getitem__(self, place: int) -> Run: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Run]: ...
    def __getitem__(self, place: int | slice) -> Run | Sequence[Run]:
        return tuple(self._runs)[place]

    def __len__(self) -> int:
        return len(self._runs)

    def __iter__(self) -> Iterator[Run]:
        return iter(tuple(self._runs))

    def __repr__(self) -> str:
        return f"<History of {len(self)} runs>"


class Session:
    """Settings, progress and history of one piece of work.

    Args:
        settings: what it does by default; left out, the section ``huntkit`` of the settings file.
        settings_file: the file with what services and providers need; left out, the one that
            ``HUNTKITCONFIG`` or ``MSTICPYCONFIG`` names, or ``huntkit.yaml`` or
            ``msticpyconfig.yaml`` in the current folder or in the user's home.
        progress: where long work reports.

    Examples:
        >>> session = Session(Settings(frame="polars"))
        >>> session.frame, session.offline, len(session.history)
        ('polars', False, 0)
        >>> session.changed(offline=True).offline
        True
    """

    def __init__(
        self,
        settings: Settings | None = None,
        *,
        settings_file: str | os.PathLike[str] | None = None,
        progress: Progress = SILENT,
    ) -> None:
        self.progress = progress
        self._settings = settings
        self._settings_given = settings is not None
        self._settings_file = None if settings_file is None else Path(settings_file)
        self._file: SettingsFile | None = None
        self._history = History()
        self._network: Network | None = None
        self._store: Store | None = None
        self._stores: SecretStores | None = None

    @property
    def settings(self) -> Settings:
        """What the session does by default.

        Raises:
            SettingsError: they come from a file, and something is wrong with them there.
        """
        if self._settings is None:
            place, _ = self.settings_place()
            self._settings = Settings() if place is None else self._own_settings()
        return self._settings

    def _own_settings(self) -> Settings:
        own = self.file.section("huntkit", Settings, stores=self.stores, unknown="fault")
        if own.http.proxy is not None or not self.file.has("msticpy"):
            return own
        older = self.file.section("msticpy", _Older, stores=self.stores, unknown="nothing")
        proxy = older.proxies.get("https") or older.proxies.get("http")
        if proxy is None:
            return own
        http = replace(
            own.http, proxy=proxy.url, proxy_user=proxy.user_name, proxy_password=proxy.password
        )
        return replace(own, http=http)

    def settings_place(self) -> tuple[Path | None, str]:
        """Which settings file is used, and why a nearer one is not, if there is one."""
        if self._settings_file is not None:
            return self._settings_file.expanduser(), ""
        return find()

    @property
    def file(self) -> "SettingsFile":
        """The settings file, read when it is first asked for; what is strange in it warns then."""
        if self._file is None:
            module = importlib.import_module("huntkit.runtime.settings_file")  # late: needs YAML
            path, why = self.settings_place()
            self._file = module.load(path)
            said = [*([why] if why else []), *(f"{path}: {each}" for each in self._file.told())]
            for each in said:
                warnings.warn(each, module.SettingsWarning, stacklevel=2)
        return self._file

    def reread_settings(self) -> None:
        """Read the settings file again; what was set in Python stays, and so do connections.

        Raises:
            SettingsError: it can't be read; the session stays as it was.
        """
        before = self._file, self._settings
        self._file = None
        if not self._settings_given:
            self._settings = None
        try:
            _ = self.file, self.settings
        except SettingsError:
            self._file, self._settings = before
            raise

    def settings_for(self, section: str, name: str, kind: type[T]) -> "Configured[T] | None":
        """What the settings file says about one provider; None if it says nothing.

        Args:
            section: ``TIProviders``, ``DataProviders``, ``OtherProviders``, ``ContextProviders``.
            name: what the user calls it, in any case of letters.
            kind: the dataclass of its settings; ``AuthKey`` in the file is its ``auth_key``.

        Raises:
            SettingsError: everything that is wrong with the entry, with line numbers.

        Examples:
            >>> from huntkit.runtime import Secret
            >>> @dataclass(frozen=True, kw_only=True)
            ... class QuietNetSettings:
            ...     auth_key: Secret
            ...     base_url: str = "https://api.quietnet.example"
            >>> Session().settings_for("TIProviders", "QuietNet", QuietNetSettings) is None
            True
        """
        return self.file.entry(section, name, kind, stores=self.stores)

    def settings_section(self, section: str, kind: type[T]) -> T:
        """A whole section of the settings file, such as ``Azure``; defaults where it has none.

        Raises:
            SettingsError: everything that is wrong with the section, with line numbers.
        """
        return self.file.section(section, kind, stores=self.stores)

    @property
    def stores(self) -> "SecretStores":
        """What asks keyrings and vaults for this session's secrets."""
        if self._stores is None:
            module = importlib.import_module("huntkit.runtime.secret_store")  # late: rarely needed
            self._stores = module.SecretStores(self)
        return self._stores

    @property
    def history(self) -> History:
        """What was run in this session."""
        return self._history

    @property
    def cache_dir(self) -> Path:
        """Where parsed evidence is kept; it need not exist yet."""
        if self.settings.cache_dir is not None:
            return self.settings.cache_dir.expanduser()
        named = os.environ.get("HUNTKIT_CACHE_DIR", "").strip()
        return Path(named).expanduser() if named else platformdirs.user_cache_path("huntkit")

    @property
    def cache_limit_bytes(self) -> int:
        """How large the cache may grow."""
        return self.settings.cache_limit_bytes

    @property
    def frame(self) -> FrameKind:
        """The kind of frame that queries give."""
        return self.settings.frame

    @property
    def offline(self) -> bool:
        """Whether every use of the network is refused."""
        return self.settings.offline

    @property
    def store(self) -> "Store":
        """Answers and quotas that outlive the process; the file is made when it is first used."""
        if self._store is None:
            module = importlib.import_module("huntkit.runtime.store")  # late: rarely needed
            self._store = module.Store(self.cache_dir / "answers.sqlite")
        return self._store

    @property
    def network(self) -> "Network":
        """What all clients of this session share: connections, paces, breakers."""
        if self._network is None:
            module = importlib.import_module("huntkit.runtime.network")  # late: it is slow to load
            self._network = module.Network(
                self.settings.http, offline=self.offline, quota=self.store
            )
        return self._network

    def http(self, service: "Service") -> "HttpClient":
        """A client of that service; nothing is sent before it is asked something.

        Examples:
            >>> from huntkit.runtime import Limits, Secret, Service
            >>> quiet = Service(
            ...     name="QuietNet",
            ...     base_url="https://api.quietnet.example",
            ...     headers={"key": Secret("env:QUIETNET_KEY")},
            ...     limits=Limits(per_minute=60),
            ...     answers={404},
            ... )
            >>> Session(Settings(offline=True)).http(quiet).get("/v1/ip/{ip}", fill={"ip": "::1"})
            Traceback (most recent call last):
            huntkit.core.errors.Offline: QuietNet was not asked: this session is offline ...
        """
        module = importlib.import_module("huntkit.runtime.http_client")  # late: it is slow to load
        client: HttpClient = module.HttpClient(self.network, service)
        return client

    def close(self) -> None:
        """Close all connections and files; the session can still be used."""
        if self._network is not None:
            self._network.close()
        if self._store is not None:
            self._store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def changed(self, **settings: Any) -> "Session":
        """A new session with some settings changed, the same progress and no history."""
        return Session(
            replace(self.settings, **settings),
            settings_file=self._settings_file,
            progress=self.progress,
        )

    def __repr__(self) -> str:
        return f"Session({self._settings or self.settings_place()[0] or Settings()!r})"


@functools.cache
def default_session() -> Session:
    """The session of calls that name none; made on first use."""
    return Session()
