"""What keeps secrets, as plugins: keyrings and vaults, found by the name before the colon."""

import functools
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

from huntkit.core.errors import Offline, SettingsError, UnknownPlugin
from huntkit.core.registry import Registry, class_of

if TYPE_CHECKING:
    from huntkit.runtime.session import Session


class SecretStore(ABC):
    """A place where secrets are kept; made to be inherited, one class in a module.

    ``keyvault:prod/otx-key`` asks the store in a module of the name ``keyvault`` for
    ``prod/otx-key``. It is asked in a thread of its own, so it may block and may use
    ``self.session.http``.

    Attributes:
        network: whether it needs the network; an offline session does not ask it then.
        session: whose settings and connections it uses.
    """

    network: ClassVar[bool] = False

    def __init__(self, session: "Session") -> None:
        self.session = session

    @abstractmethod
    def get(self, place: str) -> str:
        """The secret at that place.

        Raises:
            SettingsError: it is not there; never quote what was found.
        """


class SecretStores:
    """The stores that one session knows; a store is loaded when a secret of it is used."""

    def __init__(self, session: Any) -> None:
        self._session = session
        self._made: dict[str, SecretStore] = {}

    def get(self, name: str, place: str) -> str:
        """The secret that the store of that name keeps at that place.

        Raises:
            SettingsError: there is no such store, or no such secret.
            Offline: the store needs the network.
        """
        if name not in self._made:
            try:
                kind = registry().load(name)
            except UnknownPlugin:
                raise SettingsError(
                    f"nothing here reads secrets of the kind {name + ':'!r}",
                    hint="known are env:, " + ", ".join(f"{each}:" for each in registry()),
                ) from None
            self._made[name] = kind(self._session)
        store = self._made[name]
        if store.network and self._session.offline:
            raise Offline(
                f"a secret is kept in a {name}, and this session is offline",
                service=name,
                hint="keep it in an environment variable or in the keyring",
            )
        return store.get(place)


@functools.cache
def registry() -> Registry[type[SecretStore]]:
    """All stores, built in and from outside."""
    return Registry(
        "secret store",
        "huntkit.runtime.secret_stores",
        pick=class_of(SecretStore),  # type: ignore[type-abstract]
        also=["huntkit.signin.secret_stores"],
    )
