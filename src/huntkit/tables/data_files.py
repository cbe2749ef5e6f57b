"""Data files of the package: YAML, read once, by the C parser where the wheel has it."""

import functools
import importlib.resources
from typing import Any

import yaml

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@functools.cache
def data_file(package: str, name: str) -> Any:
    """What a YAML file of one of the packages holds; callers share it and must not change it.

    Examples:
        >>> sorted(data_file("huntkit.tables", "roles.yaml"))[:1]
        ['families']
    """
    text = importlib.resources.files(package).joinpath(name).read_text(encoding="utf-8")
    return yaml.load(text, Loader=_Loader)  # noqa: S506  a SafeLoader
