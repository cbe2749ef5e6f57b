"""The keyring of the operating system: ``keyring:service/name``."""

import importlib
from typing import Any

from huntkit.core.errors import SettingsError
from huntkit.runtime.secret_store import SecretStore


class Keyring(SecretStore):
    """Secrets of the operating system's keyring, put there by ``keyring set service name``."""

    def get(self, place: str) -> str:
        """The entry `name` of `service`."""
        service, slash, name = place.rpartition("/")
        if not (slash and service and name):
            raise SettingsError(
                f"'keyring:{place}' does not say which entry",
                hint="write keyring:service/name",
            )
        keyring = _keyring()
        try:
            value = keyring.get_password(service, name)
        except keyring.errors.KeyringError as problem:
            reason = f"{type(problem).__name__}: {problem}"
        else:
            if value:
                return str(value)
            raise SettingsError(
                f"the keyring has no entry {name!r} of {service!r}",
                hint=f"run: keyring set {service} {name}",
            )
        raise SettingsError(
            f"the keyring can't be used here: {reason}",
            hint="on a machine without a desktop, keep the secret in an environment variable",
        )


def _keyring() -> Any:
    try:
        return importlib.import_module("keyring")
    except ImportError as problem:
        raise SettingsError(
            "secrets of the keyring need the package 'keyring', which is not installed",
            hint="run: pip install keyring",
        ) from problem
