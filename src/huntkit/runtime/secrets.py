"""References to secrets: where a key is, never the key itself.

A secret is read where it is used, by :meth:`Secret.reveal`, and shows itself nowhere else.
"""

import hmac
import importlib
import os
import warnings
from typing import Any, Final, Literal, NoReturn

from huntkit.core.errors import SettingsError, did_you_mean

_SHOWN: Final = "****"
_STORES: Final = ("env", "keyring")


class PlainSecretWarning(UserWarning):
    """A secret stands in plain text where a reference to it should be."""


class Secret:
    """A reference to a secret: ``env:NAME``, ``keyring:service/name``, or the secret itself.

    A literal works, with a warning. Printed, formatted or shown in a traceback, a secret is
    ``****``; it can't be pickled or written as JSON. Making one reads nothing.

    Examples:
        >>> key = Secret("env:QUIETNET_KEY")
        >>> key, str(key), f"{key}", key.store
        (Secret('****'), '****', '****', 'env')
    """

    __slots__ = ("__place", "__store")

    def __init__(self, reference: str) -> None:
        store, colon, place = reference.partition(":")
        if colon and store in _STORES:
            if not place.strip():
                raise SettingsError(
                    f"the secret reference '{store}:' names nothing",
                    hint="write env:NAME or keyring:service/name",
                )
        elif store == "keyvault" and colon:
            raise SettingsError(
                "secrets can't be read from a key vault yet", hint="use env:NAME or keyring:..."
            )
        else:
            store, place = "literal", reference
            warnings.warn(
                "a secret is written in plain text; put it in an environment variable and write "
                "env:NAME, or in the keyring and write keyring:service/name",
                PlainSecretWarning,
                stacklevel=2,
            )
        self.__store = store
        self.__place = place

    @classmethod
    def held(cls, value: str) -> "Secret":
        """A secret that was got at run time, such as a token; kept in memory only.

        Examples:
            >>> token = Secret.held("eyJ0eXAiOi...")
            >>> token, token.store
            (Secret('****'), 'memory')
        """
        secret = cls.__new__(cls)
        secret.__store = "memory"  # noqa: SLF001  our own, which a made-up store can't be given
        secret.__place = value  # noqa: SLF001
        return secret

    @property
    def store(self) -> Literal["env", "keyring", "literal", "memory"]:
        """What keeps the secret."""
        return self.__store  # type: ignore[return-value]  # one of these, by __init__ and held

    @property
    def at_hand(self) -> bool:
        """Whether revealing it takes no time; a keyring or a vault may ask somebody first."""
        return self.__store in ("env", "literal", "memory")

    def reveal(self) -> str:
        """The secret itself; never log it, never keep it.

        Raises:
            SettingsError: it is not where the reference says.
        """
        if self.__store in ("literal", "memory"):
            return self.__place
        if self.__store == "keyring":
            return _from_keyring(self.__place)
        value = os.environ.get(self.__place)
        if not value:
            raise SettingsError(
                f"the environment variable {self.__place!r} is not set, and a secret is kept there",
                hint=did_you_mean(self.__place, os.environ)
                or f"run: export {self.__place}=... before you start",
            )
        return value

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


def _from_keyring(place: str) -> str:
    service, slash, name = place.rpartition("/")
    if not (slash and service and name):
        raise SettingsError(
            f"'keyring:{place}' does not say which entry",
            hint="write keyring:service/name",
        )
    try:
        keyring = importlib.import_module("keyring")
    except ImportError as problem:
        raise SettingsError(
            "secrets of the keyring need the package 'keyring', which is not installed",
            hint="run: pip install keyring",
        ) from problem
    value = keyring.get_password(service, name)
    if not value:
        raise SettingsError(
            f"the keyring has no entry {name!r} of {service!r}",
            hint=f"run: keyring set {service} {name}",
        )
    return str(value)
