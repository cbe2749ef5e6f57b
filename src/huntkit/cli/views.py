"""Answers as people read them: what matters most in front, values in words."""

import inspect
from collections.abc import Callable, Mapping
from typing import Any

import polars as pl

from huntkit.tables import roles

_FEW = 12  # columns: who asks for so few has put them in order
# Of a whole table: what happened, and from or to where, before numbers and identities.
_TELLING = (
    *("ProcessCommandLine", "CommandLine", "SyslogMessage", "ActionType", "Activity"),
    *("LogonTypeName", "LogonType", "IpAddress", "RemoteIP", "RemotePort", "RemoteUrl"),
    *("FolderPath", "FileName", "RegistryKey", "EventName", "Operation", "OperationName"),
    *("SourceIpAddress", "ClientIP", "cmdline", "EventData", "AdditionalFields", "Text"),
)


def hits(rows: pl.DataFrame) -> pl.DataFrame:
    """Hits of a search: when and where; the value first only where several were found."""
    front = ["TimeGenerated", "Table", "Column", "Text", "_file", "_record"]
    place = 0 if rows["Value"].n_unique() > 1 else len(front)
    return _front(rows, *front[:place], "Value", *front[place:])


def moments(rows: pl.DataFrame) -> pl.DataFrame:
    """A timeline: what happened to whom before what says where it was read."""
    place = ("Table", "_file", "_record")
    if "Kind" not in rows.columns:
        return _front(rows, "TimeGenerated", "Host", "User", "Detail", *place)
    front = ("TimeGenerated", "Kind", "Name", "Host", "Detail", "User")
    return _front(rows, *front, *place)


def hits_by_place(rows: pl.DataFrame) -> pl.DataFrame:
    """How often each value stands in each column, and when first and last."""
    return (
        rows.group_by("Value", "Table", "Column", maintain_order=True)
        .agg(
            pl.len().alias("Hits"),
            pl.col("TimeGenerated").min().alias("First"),
            pl.col("TimeGenerated").max().alias("Last"),
        )
        .sort("Value", "Hits", descending=[False, True], maintain_order=True)
    )


def answer(rows: pl.DataFrame) -> pl.DataFrame:
    """The answer to a query; of a whole table when, where, who and what come first."""
    if rows.width <= _FEW:
        return rows
    found = [roles.resolve(rows.columns, role) for role in ("time", "host", "user")]
    return _front(rows, *dict.fromkeys(each for each in [*found, *_TELLING] if each))


def files(rows: pl.DataFrame) -> pl.DataFrame:
    """Files, their counts before their hashes."""
    return _front(rows, "path", "format", "rows", "kept", "skipped", "reasons")


def indicators(rows: pl.DataFrame) -> pl.DataFrame:
    """Indicators, defanged, with their counts and first place."""
    shown = _front(
        rows, "IoCType", "Defanged", "Mentions", "Note", "Scope", "First", "Last", "Where"
    )
    return shown.drop("Observable", strict=False)


def decoded(rows: pl.DataFrame) -> pl.DataFrame:
    """Encoded texts of evidence: the longest that came out, and how, before what was given.

    A script may hold an encoded address: that is a later layer, and says less.
    """
    layers = pl.col("Layers").list
    text = pl.element().struct.field("Decoded")
    longest = text.sort_by(text.str.len_chars(), descending=True, maintain_order=True)
    told = rows.with_columns(
        layers.eval(longest).list.first().alias("Decoded"),
        layers.eval(pl.element().struct.field("Encoding")).list.join(" → ").alias("Encoding"),
    ).drop("Layers")
    return _front(told, "Decoded", "Encoding", "TimeGenerated", "Host", "User", "Given")


def decoded_texts(rows: pl.DataFrame) -> pl.DataFrame:
    """Layers of given texts, the innermost of each text first."""
    return _front(
        rows.sort("SourceIndex", "Depth", descending=[False, True], maintain_order=True),
        *("Decoded", "Encoding", "Depth", "Note", "Input"),
    )


def kinds_of_charts(doors: Mapping[str, Callable[..., Any]]) -> pl.DataFrame:
    """One row per kind of chart: its name, what it shows, and what must be named."""
    told = []
    for name, door in doors.items():
        needed = [
            "--" + each.name.replace("_", "-")
            for each in list(inspect.signature(door).parameters.values())[1:]
            if each.default is inspect.Parameter.empty
        ]
        first = (inspect.getdoc(door) or "").partition("\n\n")[0].replace("\n", " ")
        told.append({"kind": name, "shows": first.replace("`", ""), "needs": " ".join(needed)})
    schema = {"kind": pl.String, "shows": pl.String, "needs": pl.String}
    return pl.DataFrame(told, schema=schema)


def _front(rows: pl.DataFrame, *names: str) -> pl.DataFrame:
    first = [name for name in names if name in rows.columns]
    return rows.select(*first, pl.exclude(first))
