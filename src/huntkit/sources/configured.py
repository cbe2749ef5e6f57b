"""What the settings file says about sources: how to connect, and where more queries are."""

import types
import typing
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field, fields, make_dataclass
from pathlib import Path
from typing import Any, Final

from huntkit.core.errors import SettingsError
from huntkit.runtime.secrets import Secret
from huntkit.runtime.session import Session

SECTION: Final = "DataProviders"
_PLAIN: Final = (str, int, float, bool, Path, Secret, list, tuple, dict)


def settings_from_file(
    session: Session, names: Sequence[str], instance: str | None, kind: type[Any]
) -> dict[str, Any]:
    """What ``DataProviders`` says about one environment; what it does not say is left out.

    Args:
        session: whose settings file.
        names: the names of the environment; the first that the file has counts.
        instance: the entry ``<name>-<instance>`` rather than ``<name>``.
        kind: the dataclass of the driver's settings.

    Raises:
        SettingsError: everything that is wrong with the entry, with line numbers.
    """
    ending = f"-{instance}" if instance else ""
    there = {each.casefold() for each in session.file.configured(SECTION)}
    wanted = next((f"{n}{ending}" for n in names if f"{n}{ending}".casefold() in there), None)
    if wanted is None:
        return {}
    found = session.settings_for(SECTION, wanted, _all_optional(kind))
    if found is None:
        return {}
    if not found.enabled:
        raise SettingsError(f"{wanted} is switched off in the settings file")
    values = {each.name: getattr(found.args, each.name) for each in fields(found.args)}
    return {name: value for name, value in values.items() if value is not None}


@dataclass(frozen=True, kw_only=True)
class QueryDefinitions:
    """Folders and files of queries.

    Attributes:
        default: what existing files name for the queries that come with the package; not read.
        custom: the user's own.
    """

    default: list[str] | str | None = None
    custom: list[str] | str | None = field(default=None)


def query_paths_from_file(session: Session) -> list[Path]:
    """The folders and files under ``QueryDefinitions: Custom``; relative to the file's folder.

    A fault is a warning: it must not hide the queries that there are.
    """
    if not session.file.has("QueryDefinitions"):
        return []
    try:
        said = session.settings_section("QueryDefinitions", QueryDefinitions).custom or []
    except SettingsError as problem:
        warnings.warn(f"queries are missing: {problem}", UserWarning, stacklevel=2)
        return []
    folder = session.file.path.parent if session.file.path else Path()
    return [
        folder / Path(each).expanduser() for each in ([said] if isinstance(said, str) else said)
    ]


def _all_optional(kind: type[Any]) -> type[Any]:
    """The same fields, as far as a file can hold them, and none of them required."""
    hints = typing.get_type_hints(kind)
    made: list[Any] = []
    for each in fields(kind):
        hint = _of_files(hints[each.name])
        if hint is not None:
            made.append((each.name, hint | None, field(default=None, metadata=each.metadata)))
    return make_dataclass(kind.__name__, made, frozen=True, kw_only=True)


def _of_files(hint: Any) -> Any:
    """The part of a type that a file can hold; None where it can hold nothing of it."""
    union = typing.get_origin(hint) in (typing.Union, types.UnionType)
    kept = None
    for one in typing.get_args(hint) if union else (hint,):
        plain = typing.get_origin(one) or one
        several = getattr(plain, "__name__", "") == "Sequence"
        if several or plain in _PLAIN or plain is typing.Literal:
            each = list[str] if several else one
            kept = each if kept is None else kept | each
    return kept
