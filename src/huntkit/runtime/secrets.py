"""References to secrets: where a key is, never the key itself.

A secret is read where it is used, by :meth:`Secret.reveal`, and shows itself nowhere else.
"""

import hmac
import importlib
import os
import re
import time
import warnings
from typing import TYPE_CHECKING, Any, Final, NoReturn

from huntkit.core.errors import SettingsError, did_you_mean

if TYPE_CHECKING:
    from huntkit.runtime.secret_store import SecretStores

_SHOWN: Final = "****"
_KNOWN: Final = ("keyring", "keyvault")
_STORE: Final = re.compile(r"[a-z][a-z0-9_]{1,30}")
_AT_HAND: Final = ("env", "literal", "memory")

# A keyring may ask somebody, a vault takes time: what they gave is good for that long.
_KEPT_S: Final = 600.0


class PlainSecretWarning(UserWarning):
    """A secret stands in plain text where a reference to it should be."""


class Secret:
    """A reference to a secret: ``env:NAME``, ``keyring:service/name``, ``keyvault:vault/name``.

    Other stores can be added as plugins. Anything else is taken for the secret itself, with a
    warning. Printed, formatted or shown in a traceback, a secret is ``****``; it can't be pickled
    or written as JSON. Making one reads nothing.

    Args:
        reference: where the secret is.
        stores: what asks keyrings and vaults; by default that of the default session.

    Examples:
        >>> key = Secret("env:QUIETNET_KEY")
        >>> key, str(key), f"{key}", key.store
        (Secret('****'), '****', '****', 'env')
    """

    __slots__ = ("__kept", "__place", "__store", "__stores")

    def __init__(self, reference: str, *, stores: "SecretStores | None" = None) -> None:
        self.__stores = stores
        self.__kept: tuple[float, str] | None = None
        self.__store, self.__place = _taken_apart(reference)
        if self.__store == "literal":
            warnings.warn(
                "a secret is written in plain text; put it in an environment variable and write "
                "env:NAME, or in the keyring and write keyring:service/name",
                PlainSecretWarning,
                stacklevel=2,
            )

    @classmethod
    def held(cls, value: str) -> "Secret":
        """A secret that was got at run time, such as a token; kept in memory only.

        Examples:
            >>> token = Secret.held("eyJ0eXAiOi...")
            >>> token, token.store
            (Secret('****'), 'memory')
        """
        secret = cls("env:-")
        secret.__store, secret.__place = "memory", value
        return secret

    @property
    def store(self) -> str:
        """What keeps the secret: ``env``, ``literal``, ``memory``, or the name of a store."""
        return self.__store

    @property
    def at_hand(self) -> bool:
        """Whether revealing it takes no time; a keyring or a vault may ask somebody first."""
        return self.__store in _AT_HAND or self.__fresh() is not None

    @property
    def missing(self) -> bool:
        """Whether it is known without asking anybody that there is no such secret.

        Examples:
            >>> Secret("env:NO_SUCH_VARIABLE").missing, Secret("keyring:huntkit/otx").missing
            (True, False)
        """
        if self.__store == "env":
            return not os.environ.get(self.__place)
        return self.__store in _AT_HAND and not self.__place

    def reveal(self) -> str:
        """The secret itself; never log it, never keep it.

        Raises:
            SettingsError: it is not where the reference says.
            Offline: it is kept where only the network reaches, and the session is offline.
        """
        if self.__store in ("literal", "memory"):
            return self.__place
        if self.__store == "env":
            return _from_environment(self.__place)
        kept = self.__fresh()
        if kept is not None:
            return kept
        stores = self.__stores
        if stores is None:  # late: a secret is known to the session's settings
            stores = importlib.import_module("huntkit.runtime.session").default_session().stores
        self.__kept = (time.monotonic(), stores.get(self.__store, self.__place))
        return self.__kept[1]

    def __fresh(self) -> str | None:
        if self.__kept is None or time.monotonic() - self.__kept[0] > _KEPT_S:
            return None
        return self.__kept[1]

    def __repr__(self) -> str:
        return f"Secret('{_SHOWN}')"

    def __str__(self) -> str:
        return _SHOWN

    def __format__(self, spec: str) -> str:
        return format(_SHOWN, spec)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        same_place = hmac.compare_digest(self.__place.encode(), other.__place.encode())
        return self.__store == other.__store and same_place

    def __hash__(self) -> int:
        return hash((Secret, self.__store))  # not of the place, which may be the secret

    def __copy__(self) -> "Secret":
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> "Secret":
        return self

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a secret can't be pickled")

    def __getstate__(self) -> NoReturn:
        raise TypeError("a secret can't be pickled")


def _taken_apart(reference: str) -> tuple[str, str]:
    """The store and the place in it; a text that names no store is the secret itself."""
    store, colon, place = reference.partition(":")
    if not (colon and _is_store(store)):
        return "literal", reference
    if not place.strip():
        raise SettingsError(
            f"the secret reference '{store}:' names nothing",
            hint="write env:NAME or keyring:service/name",
        )
    return store, place


def _is_store(name: str) -> bool:
    if name == "env" or name in _KNOWN:
        return True
    if not _STORE.fullmatch(name):
        return False
    # late: the registry is needed for rare stores only
    return name in importlib.import_module("huntkit.runtime.secret_store").registry()


def _from_environment(name: str) -> str:
    value = os.environ.get(name)
    if value:
        return value
    raise SettingsError(
        f"the environment variable {name!r} is not set, and a secret is kept there",
        hint=did_you_mean(name, os.environ) or f"run: export {name}=... before you start",
    )
