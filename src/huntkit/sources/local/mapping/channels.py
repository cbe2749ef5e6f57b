"""One spelling for each channel of Windows' events: its own."""

from functools import cache

import polars as pl

from huntkit.tables.data_files import data_file


@cache
def _known() -> dict[str, str]:
    """The known channels by their names in lower case."""
    names: list[str] = data_file("huntkit.sources.local.mapping", "data/channels.yaml")
    return {name.lower(): name for name in names}


def as_windows_spells(logged: pl.Series) -> pl.Series | None:
    """Known channels in Windows' case, all others as they are; None where nothing changes.

    Examples:
        >>> as_windows_spells(pl.Series(["security", "SYSTEM", "My-App/log"])).to_list()
        ['Security', 'System', 'My-App/log']
        >>> as_windows_spells(pl.Series(["Security", "My-App/log"])) is None
        True
    """
    known = _known()
    spelt = {
        name: known[lower]
        for name in logged.unique()
        if name and (lower := name.lower()) in known and known[lower] != name
    }
    return logged.replace(spelt) if spelt else None
