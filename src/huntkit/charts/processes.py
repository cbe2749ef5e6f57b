"""What a process tree tells of each process, whatever the product, also in mixed tables."""

from collections.abc import Mapping, Sequence
from typing import Final

import polars as pl

from huntkit.charts.payload import as_text
from huntkit.core.errors import UsageError, did_you_mean
from huntkit.tables import roles, times

PARTS: Final = {
    "time": "process_time",
    "process": "process_path",
    "command": "command_line",
    "user": "user",
    "host": "host",
    "pid": "process_id",
}
"""The parts that a tree tells, and the role of each."""

LONGEST: Final = 4_000  # characters of any text, command lines above all
_KINDS: Final = 50  # kinds of events that are told apart in one table


def check(named: Mapping[str, str], columns: Sequence[str]) -> None:
    """Refuse parts that there are not, and columns that there are not.

    Raises:
        UnknownColumn: a named column is not there.
        UsageError: there is no such part.
    """
    for part, name in named.items():
        if part not in PARTS:
            hint = did_you_mean(part, PARTS) or f"one of {', '.join(PARTS)}"
            raise UsageError(f"a process tree has no part {part!r}", hint=hint)
        roles.require(columns, PARTS[part], name)


def told(table: pl.DataFrame, named: Mapping[str, str]) -> pl.DataFrame:
    """Row by row the `PARTS` that are known: ``time`` as a time, all others as visible text.

    Where a table mixes kinds of events (Sysmon 1 beside Security 4688), each kind is read from
    the columns that it fills.

    Examples:
        >>> told(pl.DataFrame({"Image": ["C:/a.exe"], "User": ["corp/al"]}), {}).to_dicts()
        [{'process': 'C:/a.exe', 'user': 'corp/al'}]
    """
    parts = [_of_one_kind(table[rows], named).with_columns(rows) for rows in _kinds(table)]
    both = pl.concat(parts, how="diagonal").sort("row").drop("row")
    texts = [name for name in both.columns if name != "time"]
    return both.select(p for p in PARTS if p in both.columns).with_columns(
        pl.col(texts).fill_null("")
    )


def _kinds(table: pl.DataFrame) -> list[pl.Series]:
    """The rows of each kind of event."""
    rows = pl.int_range(table.height, eager=True).alias("row")
    event = roles.resolve(table.columns, "event_id")
    if event is None or not table.height or table[event].dtype.is_nested():
        return [rows]
    kinds = pl.DataFrame([table[event].alias("event"), rows]).group_by("event", maintain_order=True)
    found = kinds.agg("row")["row"]
    return [rows] if len(found) > _KINDS else [each.alias("row") for each in found]


def _of_one_kind(rows: pl.DataFrame, named: Mapping[str, str]) -> pl.DataFrame:
    filled = [name for name in rows.columns if _has_values(rows[name])] or rows.columns

    def text(role: str, part: str = "") -> pl.Series | None:
        name = named.get(part) or roles.resolve(filled, role)
        if name is None:
            return None
        return pl.Series(as_text(rows[name], limit=LONGEST), dtype=pl.String)

    columns = {
        "time": _time(rows, filled, named.get("time")),
        "process": program(text("process_path", "process"), text("process_name")),
        "command": text("command_line", "command"),
        "user": _account(text("user", "user"), text("user_domain")),
        "host": text("host", "host"),
        "pid": text("process_id", "pid"),
    }
    if "process" in named:
        columns["process"] = text("process_path", "process")
    if "user" in named:
        columns["user"] = text("user", "user")
    there = {part: column for part, column in columns.items() if column is not None}
    return pl.DataFrame(there) if there else pl.DataFrame({"host": [""] * rows.height})


def _has_values(column: pl.Series) -> bool:
    if column.dtype == pl.String:
        return bool((column.fill_null("") != "").any())
    return column.null_count() < len(column)


def _time(rows: pl.DataFrame, filled: Sequence[str], given: str | None) -> pl.Series | None:
    if given is not None:
        return times.parse_times(rows[given])
    names = dict.fromkeys(roles.resolve(filled, role) for role in ("process_time", "time"))
    found = [times.parse_times(rows[name]) for name in names if name is not None]
    if not found:
        return None
    first, *other = found
    return first.zip_with(first.is_not_null(), other[0]) if other else first


def program(path: pl.Series | None, name: pl.Series | None) -> pl.Series | None:
    """The whole path: some products give the folder alone, or the file name alone.

    Examples:
        >>> program(pl.Series(["/usr/bin"]), pl.Series(["sh"])).to_list()
        ['/usr/bin/sh']
    """
    if path is None or name is None:
        return path if name is None else name
    frame = pl.DataFrame({"path": path, "name": name})
    whole = (pl.col("path") == "") | pl.col("path").str.to_lowercase().str.ends_with(
        pl.col("name").str.to_lowercase()
    )
    slash = pl.when(pl.col("path").str.contains("\\", literal=True)).then(pl.lit("\\"))
    joint = pl.concat_str(
        pl.col("path").str.strip_chars_end("\\/"), slash.otherwise(pl.lit("/")), "name"
    )
    shown = pl.when(pl.col("path") == "").then("name").when(whole).then("path").otherwise(joint)
    return frame.select(shown.alias("shown"))["shown"]


def _account(user: pl.Series | None, domain: pl.Series | None) -> pl.Series | None:
    if user is None or domain is None:
        return user
    frame = pl.DataFrame({"user": user, "domain": domain})
    bare = ~pl.col("user").str.contains(r"[\\/@]") & (pl.col("user") != "")
    known = ~pl.col("domain").is_in(["", "-"])
    both = pl.concat_str("domain", pl.lit("\\"), "user")
    return frame.select(pl.when(bare & known).then(both).otherwise("user").alias("u"))["u"]
