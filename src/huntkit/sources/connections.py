"""The connections of one provider."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from huntkit.core.errors import HuntkitError, UsageError
from huntkit.core.timespan import TimeSpan
from huntkit.runtime.session import Session
from huntkit.sources.catalog import Place, drivers, place
from huntkit.sources.configured import settings_from_file
from huntkit.sources.connection import Connection
from huntkit.sources.declared import declared, given_by_name, names_of
from huntkit.sources.driver import Driver
from huntkit.sources.errors import NotConnected
from huntkit.sources.kept import Kept
from huntkit.sources.questions import Clock

DEFAULT: Final = "Default"
_USUAL: Final = timedelta(days=1)


def place_of(environment: str, driver: type[Driver] | Driver | None, session: Session) -> Place:
    """The environment that is meant, with the caller's own driver if there is one.

    Drivers that the session's settings switch off are not there.

    Raises:
        UnknownPlugin: nothing can ask it.
        UsageError: the caller's driver is for something else.
    """
    if driver is None:
        return place(environment, drivers(session.settings.disabled_plugins))
    kind = type(driver) if isinstance(driver, Driver) else driver
    for name, others in kind.environments.items():
        if environment.casefold() in {each.casefold() for each in (name, *others)}:
            return Place(name, tuple(others), kind, kind.__name__)
    raise UsageError(
        f"the driver {kind.__name__} does not ask {environment!r}",
        hint=f"it asks: {', '.join(kind.environments)}",
    )


class Connections:
    """The connections of one provider, by alias; the first is the one that it was made for.

    Args:
        place: what is asked.
        instance: which entry of the settings file: ``<environment>-<instance>``.
        made: a driver that is ready, in the place of a new one for the first connection.
        settings: what the provider's constructor was given.
        session: settings, progress, cache.
    """

    def __init__(
        self,
        place: Place,
        instance: str | None,
        made: Driver | None,
        settings: Mapping[str, Any],
        session: Session,
    ) -> None:
        self._place = place
        self._instance = instance
        self._made = made
        self._settings = dict(settings)
        self._session = session
        self._by_alias: dict[str, Connection] = {}
        known = names_of(place.driver.settings)
        unknown = {n: v for n, v in settings.items() if n not in known}
        if unknown:
            self._chosen(unknown, DEFAULT)  # raises, and says what is near

    def connect(self, string: str | None, settings: Mapping[str, Any]) -> None:
        """Make the first connection, in the place of the one that there was."""
        said = self._said(string, {**self._settings, **settings})
        new = self._connection(DEFAULT, said, self._instance)
        new.connect()
        if old := self._by_alias.get(DEFAULT):
            old.close()
        self._by_alias = {DEFAULT: new, **{k: v for k, v in self._by_alias.items() if k != DEFAULT}}

    def add(self, alias: str | None, string: str | None, settings: Mapping[str, Any]) -> None:
        """Make one more connection."""
        self._open_what_opens_itself()
        alias = alias or f"{self._place.environment}_{len(self._by_alias) + 1}"
        if alias in self._by_alias:
            raise UsageError(f"there is a connection {alias!r} already", hint="give another alias=")
        new = self._connection(alias, self._said(string, settings), instance=alias)
        new.connect()
        self._by_alias[alias] = new

    def all(self) -> list[Connection]:
        """Those that queries go to.

        Raises:
            NotConnected: there are none.
        """
        self._open_what_opens_itself()
        if not self._by_alias:
            raise NotConnected(
                f"{self._place.environment} is not connected", hint="call provider.connect(...)"
            )
        return list(self._by_alias.values())

    def first(self) -> Connection | None:
        """The first one, if it is there or needs no network to be made."""
        self._open_what_opens_itself()
        return next(iter(self._by_alias.values()), None)

    def known(self) -> list[Connection]:
        """Those that were made by now."""
        return list(self._by_alias.values())

    def close(self) -> None:
        """End them all."""
        for each in self._by_alias.values():
            each.close()
        self._by_alias.clear()

    def clock(self, chosen: TimeSpan | None) -> Clock:
        """What times mean; for a source that is not connected, by this machine's clock."""
        first = self.first()
        try:
            driver = first.ready() if first else None
        except HuntkitError:
            driver = None
        now = driver.now if driver else datetime.now(UTC)

        def usual() -> TimeSpan:
            return (driver.span() if driver else None) or TimeSpan(now - _USUAL, now)

        return Clock(now=now, chosen=chosen, usual=usual)

    def _open_what_opens_itself(self) -> None:
        if not self._by_alias and self._place.driver.connects_itself:
            self._by_alias[DEFAULT] = self._connection(DEFAULT, self._settings, self._instance)

    def _connection(
        self, alias: str, settings: Mapping[str, Any], instance: str | None
    ) -> Connection:
        if self._made is not None and alias == DEFAULT:
            driver = self._made
        else:
            names = (self._place.environment, *self._place.others)
            kind = self._place.driver.settings
            written = settings_from_file(self._session, names, instance, kind)
            given = given_by_name(kind, settings)
            chosen = self._chosen({**written, **given}, alias)
            driver = self._place.driver(self._place.environment, chosen, self._session)
        limit = self._session.cache_limit_bytes
        return Connection(alias, driver, Kept(self._session.cache_dir, limit_bytes=limit))

    def _chosen(self, settings: Mapping[str, Any], alias: str) -> Any:
        what = self._place.environment if alias == DEFAULT else f"the connection {alias}"
        return declared(self._place.driver.settings, settings, what=what)

    def _said(self, string: str | None, settings: Mapping[str, Any]) -> Mapping[str, Any]:
        return settings if string is None else {**settings, "connection_str": string}
