"""Which column of a table names the host; the exceptions are data, in ``data/hosts.yaml``."""

from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import Any

from huntkit.tables import roles
from huntkit.tables.data_files import data_file


def host_column(table: str, columns: Sequence[str]) -> str | None:
    """The column with the host's name; None where the table only seems to have one.

    Examples:
        >>> host_column("DeviceEvents", ["host", "DeviceName"])
        'DeviceName'
        >>> host_column("Zeek_http", ["uid", "host"]) is None  # the header of the request
        True
    """
    rules: list[dict[str, Any]] = data_file("huntkit.sources.local.mapping", "data/hosts.yaml")
    for rule in rules:
        if fnmatchcase(table, rule["table"]):
            return next((name for name in rule["columns"] if name in columns), None)
    for name in ("Computer", "DeviceName"):
        if name in columns:
            return name
    return roles.resolve(columns, "host")
