"""Values of parameters that are what they shall be already.

Typer has every value converted by pydantic, to load which takes a fifth of the time of opening
known evidence. What is absent or a text needs no conversion.
"""

import functools
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

NOT_PLAIN = object()
_PATH_CHECKS = {  # how typer looks at paths unless it is told otherwise
    "exists": False, "file_okay": True, "dir_okay": True, "writable": False, "readable": True,
    "resolve_path": False, "allow_dash": False, "path_type": None, "parser": None,
}  # fmt: skip


def spare_conversion(params: list[Any]) -> list[Any]:
    """Parameters that convert a value only if it needs to be converted."""
    for each in params:
        if hasattr(each, "type_descriptor") and "process_value" not in vars(each):
            each.process_value = functools.partial(_processed, each, each.process_value)
    return params


def _processed(
    param: Any, process: Callable[[Any, Any], Any], context: Any, value: Any
) -> Any:  # as typer calls it
    found = plain(value, param.type_descriptor.annotation, param)
    if found is NOT_PLAIN:
        return process(context, value)
    return found if param.callback is None else param.callback(context, param, found)


def plain(value: Any, annotation: Any, param: Any) -> Any:
    """What a parameter's value is without any conversion, or `NOT_PLAIN`.

    Args:
        value: as it was given, or the default.
        annotation: what it shall become.
        param: typer's parameter; whatever it demands beyond its type is left to typer.
    """
    info = param.type_descriptor.parameter_info
    if value is None:
        is_many = param.multiple or param.nargs != 1
        return NOT_PLAIN if param.required or is_many else None
    if any(getattr(info, name) is not None for name in ("parser", "min", "max")):
        return NOT_PLAIN
    if annotation is type(value) and annotation in (str, int):
        return value
    if annotation == list[str] and value and isinstance(value, list | tuple):
        return list(value) if all(type(each) is str for each in value) else NOT_PLAIN
    if annotation is Path and isinstance(value, str) and value:
        return _path(value, info)
    return NOT_PLAIN


def _path(value: str, info: Any) -> Any:
    if any(getattr(info, name) != usual for name, usual in _PATH_CHECKS.items()):
        return NOT_PLAIN
    # One that is there and can't be read is refused by typer, in its words.
    return NOT_PLAIN if os.path.lexists(value) and not os.access(value, os.R_OK) else Path(value)
