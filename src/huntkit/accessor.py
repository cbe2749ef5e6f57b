"""``import huntkit.accessor`` offers huntkit's functions as ``.hk`` on pandas and Polars frames.

    import huntkit.accessor
    frame.hk.iocs("CommandLine")
    frame.hk.timeline(group_by="DeviceName")

This is the one registration in the library, and it happens only with this import. Functions
are found when they are asked for. Where two packages share a name, the one that gives a table
is meant: ``frame.hk.process_tree()`` is a table, ``frame.hk.charts.process_tree()`` its picture.
Charts come from their catalog, so every kind has its method, also one from another package.
"""

import importlib
from typing import Any

from huntkit.tables.accessors import register


def _charts() -> Any:
    settings = importlib.import_module("huntkit.runtime.session").default_session().settings
    return importlib.import_module("huntkit.charts.catalog").charts(settings.disabled_plugins)


register(
    ("huntkit.extract", "huntkit.enrich", "huntkit.analyze", "huntkit.charts"),
    catalogs={"huntkit.charts": _charts},
)
