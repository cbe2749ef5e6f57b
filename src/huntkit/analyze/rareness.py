"""What is rare, what is new, and which program starts another that it hardly ever starts."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

import polars as pl

from huntkit.analyze.clustering import percent, refuse_taken, times_of
from huntkit.analyze.collapsing import Column
from huntkit.analyze.start_features import programs
from huntkit.core.errors import UsageError
from huntkit.core.text import visible
from huntkit.tables import roles, step
from huntkit.tables.times import parse_times

ADDED: Final = (
    "Count", "Spread", "FirstSeen", "LastSeen", "rarity", "score", "reason", "SourceIndex",
)  # fmt: skip
_PAIRS: Final = (
    "Parent", "Child", "Count", "Spread", "ParentCount", "ChildCount", "FirstSeen", "LastSeen",
    "score", "reason", "SourceIndex",
)  # fmt: skip
_LONGEST: Final = 60


@step(split="whole", columns=("by", "over", "time_column"), index="SourceIndex")
def rare(
    data: pl.DataFrame,
    by: Column,
    *,
    over: Column | None = None,
    time_column: str | None = None,
    at_most: int | None = None,
    new_since: datetime | str | None = None,
) -> pl.DataFrame:
    """One row for each different value, the rarest first: how often, on how many hosts, since when.

    Args:
        data: a table of any kind.
        by: the column whose values are counted; of several, their combinations. For texts that
            differ from run to run, count patterns (see `patterns`, `clusters`).
        over: whose number says how widespread a value is; by default the host, if there is one.
            Null and empty text are no host: such rows count, and say nothing of the spread.
        time_column: when it happened; by default found by its role, and left out if there is none.
        at_most: only values that occur at most so often.
        new_since: only values that were first seen at or after this time (UTC unless it says
            otherwise), with everything before as the base.

    Returns:
        The columns of `by`, ``Count``, ``Spread`` (different values of `over`), ``FirstSeen``,
        ``LastSeen``, ``rarity`` (share of all rows), ``score`` (bits: ``log2(rows / Count)`` and
        ``log2(all hosts / Spread)``), ``reason``, and ``SourceIndex``, the first row.

    Raises:
        UnknownColumn: a named column is not in the table.
        UsageError: `new_since` is no time, or there are no times to compare it with.

    Examples:
        >>> runs = pl.DataFrame({"host": ["a", "a", "b", "b"], "app": ["x", "x", "x", "y"]})
        >>> rare(runs, "app").select("app", "Count", "reason").rows()[0]
        ('y', 1, '1 of 4 rows (25 %), on 1 of 2 hosts')
    """
    names = [by] if isinstance(by, str) else list(dict.fromkeys(by))
    if not names:
        raise UsageError("no column is named", hint="say what to count")
    refuse_taken(names, ADDED)
    spread = over_columns(data.columns, over)
    rows = data.select(
        *(pl.col(name).alias(f"k{place}") for place, name in enumerate(names)),
        told_apart(data.schema, spread),
        times_of(data, time_column).alias("time"),
        pl.int_range(pl.len(), dtype=pl.Int64).alias("SourceIndex"),
    )
    keys = [f"k{place}" for place in range(len(names))]
    whole = rows["over"].drop_nulls().n_unique()
    found = rows.group_by(keys, maintain_order=True).agg(*counts())
    found = found.with_columns(
        rarity=pl.col("Count") / max(rows.height, 1),
        score=_bits(rows.height, "Count")
        + pl.when(pl.col("Spread") > 0).then(_bits(whole, "Spread")).otherwise(0.0),
    )
    new = _since(new_since, rows)
    # Of hosts it is said in words; other columns are named.
    hosts = bool(spread) and spread == over_columns(data.columns, None)
    named = visible(", ".join(spread), limit=_LONGEST)
    told = ("on", "hosts") if hosts else ("with", f"different {named}")
    found = found.with_columns(_rare_reason(found, rows.height, told, whole, new))
    if new is not None:
        found = found.filter(pl.col("FirstSeen") >= new)
    if at_most is not None:
        found = found.filter(pl.col("Count") <= at_most)
    found = found.sort("score", "SourceIndex", descending=[True, False])
    return found.select(
        *(pl.col(k).alias(name) for k, name in zip(keys, names, strict=True)), *ADDED
    )


@step(
    split="whole",
    columns=("parent_column", "process_column", "over", "time_column"),
    index="SourceIndex",
)
def rare_pairs(
    data: pl.DataFrame,
    *,
    parent_column: str | None = None,
    process_column: str | None = None,
    over: Column | None = None,
    time_column: str | None = None,
) -> pl.DataFrame:
    """One row for each pair of programs, parent and child, the most unusual first.

    A pair is unusual if it is rare, and if neither would lead you to expect the other: the child
    mostly has other parents, and the parent mostly other children. A rare program with its one
    parent is not; `rare` finds those. Programs are their file names in small letters, their
    numbers ``#``.

    Args:
        data: process starts of any kind.
        parent_column: the parent's name or path; by default found by its role.
        process_column: the child's name or path; by default found by its role.
        over: whose number says how widespread a pair is; by default the host, if there is one.
        time_column: when it happened; by default found by its role, and left out if there is none.

    Returns:
        ``Parent Child Count Spread ParentCount ChildCount FirstSeen LastSeen``, ``score`` (bits:
        ``log2(rows / Count)`` and the smaller of ``log2(ParentCount / Count)`` and
        ``log2(ChildCount / Count)``), ``reason``, and ``SourceIndex``, the first row. Starts
        without a parent or a program are in no pair.

    Examples:
        >>> starts = pl.DataFrame({"Image": ["C:/cmd.exe"] * 9 + ["C:/a.exe"] * 3 + ["C:/cmd.exe"],
        ...                        "ParentImage": ["C:/explorer.exe"] * 9 + ["D:/Word.exe"] * 4})
        >>> rare_pairs(starts).select("Parent", "Child", "Count", "ChildCount").rows()[0]
        ('word.exe', 'cmd.exe', 1, 10)
    """
    parent = required_programs(data, "parent", parent_column)
    child = required_programs(data, "process", process_column)
    spread = over_columns(data.columns, over)
    rows = data.select(
        _file_name(parent).alias("Parent"),
        _file_name(child).alias("Child"),
        told_apart(data.schema, spread),
        times_of(data, time_column).alias("time"),
        pl.int_range(pl.len(), dtype=pl.Int64).alias("SourceIndex"),
    ).filter((pl.col("Parent") != "") & (pl.col("Child") != ""))
    found = rows.group_by("Parent", "Child", maintain_order=True).agg(*counts())
    found = found.with_columns(
        ParentCount=pl.col("Count").sum().over("Parent"),
        ChildCount=pl.col("Count").sum().over("Child"),
    )
    unexpected = pl.min_horizontal(
        (pl.col(name) / pl.col("Count")).log(2) for name in ("ParentCount", "ChildCount")
    )
    found = found.with_columns(score=_bits(rows.height, "Count") + unexpected)
    told = [
        f"{count:,} of {rows.height:,} starts; {_short(child)!r} is {count:,} of {of_parent:,} "
        f"that {_short(parent)!r} started, and {_short(parent)!r} started {count:,} of the "
        f"{of_child:,} {_short(child)!r}"
        for parent, child, count, of_parent, of_child in found.select(
            "Parent", "Child", "Count", "ParentCount", "ChildCount"
        ).iter_rows()
    ]
    found = found.with_columns(reason=pl.Series(told, dtype=pl.String))
    return found.sort("score", "SourceIndex", descending=[True, False]).select(_PAIRS)


def over_columns(columns: Sequence[str], given: Column | None) -> list[str]:
    """The columns whose number says how widespread something is: the caller's, else the host."""
    if given is not None:
        return [given] if isinstance(given, str) else list(given)
    host = roles.resolve(columns, "host")
    return [host] if host else []


def told_apart(schema: pl.Schema, spread: list[str]) -> pl.Expr:
    """A number for each combination of the columns, called ``over``; null where all are nothing."""
    if not spread:
        return pl.lit(None, pl.UInt64).alias("over")
    known = pl.any_horizontal(
        pl.col(name) != "" if schema[name] == pl.String else pl.col(name).is_not_null()
        for name in spread
    )
    return pl.when(known).then(pl.struct(spread).hash(seed=7)).alias("over")


def counts() -> list[pl.Expr]:
    """Of grouped rows with ``over time SourceIndex``: Count Spread FirstSeen LastSeen and first."""
    return [
        pl.len().cast(pl.Int64).alias("Count"),
        pl.col("over").drop_nulls().n_unique().cast(pl.Int64).alias("Spread"),
        pl.col("time").min().alias("FirstSeen"),
        pl.col("time").max().alias("LastSeen"),
        pl.col("SourceIndex").first(),
    ]


def _bits(whole: int, column: str) -> pl.Expr:
    return (max(whole, 1) / pl.col(column)).log(2)


def _since(given: datetime | str | None, rows: pl.DataFrame) -> datetime | None:
    if given is None:
        return None
    moment = parse_times(pl.Series([given]))[0] if isinstance(given, str) else given
    if not isinstance(moment, datetime):
        raise UsageError(f"new_since is {given!r:.60}", hint="such as '2026-03-01 10:00'")
    if rows.height and rows["time"].null_count() == rows.height:
        raise UsageError("no row has a time", hint="name the column with time_column=")
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _rare_reason(
    found: pl.DataFrame, rows: int, over: tuple[str, str], whole: int, new: datetime | None
) -> pl.Series:
    where, named = over
    told = []
    for count, wide, first in found.select("Count", "Spread", "FirstSeen").iter_rows():
        text = f"{count:,} of {rows:,} rows ({percent(count / rows)})"
        if whole and not wide:
            text += f", {'host' if where == 'on' else named.removeprefix('different ')} unknown"
        elif whole > 1:
            text += f", {where} {wide:,} of {whole:,} {named}"
        if new is not None and first is not None:
            text += f", first seen {first:%Y-%m-%d %H:%M:%S} UTC"
        told.append(text)
    return pl.Series("reason", told, dtype=pl.String)


def required_programs(data: pl.DataFrame, side: str, given: str | None) -> pl.Series:
    """The programs of a side; an error says by which columns they would be found."""
    found = programs(data, side, given)
    return data[roles.require(data.columns, f"{side}_path")] if found is None else found


def _file_name(text: pl.Series) -> pl.Series:
    name = text.str.strip_chars(' "').str.extract(r"([^\\/]*)$").fill_null("")
    return name.str.to_lowercase().str.replace_all("[0-9]+", "#")


def _short(text: str) -> str:
    return visible(text, limit=_LONGEST)
