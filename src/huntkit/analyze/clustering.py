"""Rows that are alike, as one row with their count; the rarest first."""

from collections.abc import Sequence
from typing import Final

import polars as pl

from huntkit.analyze.collapsing import Column, known_names, pattern_of
from huntkit.core.errors import UsageError
from huntkit.core.text import visible
from huntkit.tables import step
from huntkit.tables.times import parse_times, pick_time_column

ADDED: Final = (
    "ClusterId", "ClusterSize", "Clustered", "FirstEventTime", "LastEventTime", "pattern",
    "variants", "rarity", "score", "reason", "SourceIndex",
)  # fmt: skip
# A program without its folders, which may hold blanks; else the first word.
_FIRST_WORD: Final = (
    r"^\s*([^\\/\s]+?)(?:\.exe)?(?:\s|$)",
    r"^\s*(?:[a-z]:|\\\\|\\\?\?|%[^%]*%|\.{1,2})?[\\/][^\"<>|]*?([^\\/]+?)\.exe\b",
    r"^\s*(\S+)",
)


@step(split="whole", columns=("columns", "time_column", "name_columns"), index="SourceIndex")
def clusters(
    data: pl.DataFrame,
    columns: Column,
    *,
    time_column: str | None = None,
    name_columns: Column | None = None,
) -> pl.DataFrame:
    r"""One row for each pattern of the named columns, the rarest first, with an example.

    Texts that differ only in numbers, GUIDs, hashes, addresses, folders, quoted values and names
    of hosts and users have one pattern (see `patterns`, which also gives the rows behind a
    pattern), so a command that ran on a thousand servers is one row. Columns of other types keep
    their values. Letters' case does not count. Rows with null in every column are a pattern too.

    Args:
        data: a table of any kind.
        columns: what has to be alike: one column or several.
        time_column: when it happened; by default found by its role, and left out if there is none.
        name_columns: columns with names of hosts and users; by default found by their roles.

    Returns:
        All columns of an example, the first row of its pattern, and: ``ClusterId`` (0 is the
        rarest), ``ClusterSize`` (rows), ``Clustered`` (more than one), ``FirstEventTime``,
        ``LastEventTime``, ``pattern`` (of several columns, joined by `` | ``), ``variants``
        (different values behind it), ``rarity`` (its share of all rows), ``score`` (bits: how
        surprising the pattern is, ``log2(rows / ClusterSize)``, and half as much how surprising
        its rarest first word is), ``reason``, and ``SourceIndex`` (where the example stands).

    Raises:
        UnknownColumn: a named column is not in the table.
        UsageError: a column holds lists or bytes, or the table already has one of these columns.

    Examples:
        >>> starts = pl.DataFrame({"cmd": ["ping SRV1", "ping SRV2", "ping SRV3", "whoami /all"]})
        >>> found = clusters(starts, "cmd")
        >>> found.select("pattern", "ClusterSize", "variants").rows()
        [('whoami /all', 1, 1), ('ping srv#', 3, 3)]
        >>> found["reason"][0]
        "1 of 4 rows has this pattern (25 %); 1 starts with 'whoami'"
    """
    names = [columns] if isinstance(columns, str) else list(dict.fromkeys(columns))
    if not names:
        raise UsageError("no column is named", hint="say what has to be alike")
    refuse_taken(data.columns, ADDED)
    times = times_of(data, time_column)
    known = known_names(data, name_columns)
    keys = pl.DataFrame({name: pattern_of(data[name], known) for name in names})
    grouped = _grouped(keys, data, names, times)
    rows = max(data.height, 1)
    scored = _scored(grouped, names, rows).sort(
        ["score", "pattern"], descending=[True, False], nulls_last=True
    )
    scored = scored.with_columns(
        ClusterId=pl.int_range(pl.len(), dtype=pl.Int64), Clustered=pl.col("ClusterSize") > 1
    )
    example = data[scored["SourceIndex"].cast(pl.UInt32)]
    return example.hstack(scored.select(ADDED))


def refuse_taken(columns: Sequence[str], added: Sequence[str]) -> None:
    """Raise when the table already has a column that a result would add."""
    taken = [name for name in added if name in columns]
    if taken:
        raise UsageError(
            f"the table already has {', '.join(map(repr, taken))}",
            hint="rename it first, or drop it",
        )


def times_of(data: pl.DataFrame, time_column: str | None) -> pl.Series:
    """The times of the rows; null where no column holds any, unless one was named."""
    try:
        name = pick_time_column(data, time_column)
    except UsageError:
        if time_column is not None:
            raise
        return pl.Series([None] * data.height, dtype=pl.Datetime("us", "UTC"))
    return parse_times(data[name])


def _grouped(
    keys: pl.DataFrame, data: pl.DataFrame, names: list[str], times: pl.Series
) -> pl.DataFrame:
    """Per pattern: rows, first row, variants, times; keys are named by their place."""
    places = [f"k{place}" for place in range(len(names))]
    rows = keys.rename(dict(zip(names, places, strict=True))).with_columns(
        times.alias("time"),
        data.select(names).hash_rows(seed=7).alias("value"),
        pl.int_range(pl.len(), dtype=pl.Int64).alias("SourceIndex"),
    )
    return rows.group_by(places, maintain_order=True).agg(
        pl.len().cast(pl.Int64).alias("ClusterSize"),
        pl.col("SourceIndex").first(),
        pl.col("value").n_unique().cast(pl.Int64).alias("variants"),
        pl.col("time").min().alias("FirstEventTime"),
        pl.col("time").max().alias("LastEventTime"),
    )


def _scored(grouped: pl.DataFrame, names: list[str], rows: int) -> pl.DataFrame:
    """With pattern, rarity, score and reason."""
    places = [f"k{place}" for place in range(len(names))]
    firsts = [
        pl.coalesce(pl.col(p).str.extract(e) for e in _FIRST_WORD).fill_null("").alias(f"first_{p}")
        for p in places
    ]
    grouped = grouped.with_columns(firsts).with_columns(
        pl.col("ClusterSize").sum().over(f"first_{p}").alias(f"count_{p}") for p in places
    )
    least = pl.min_horizontal(f"count_{p}" for p in places)
    word = pl.coalesce(
        pl.when(pl.col(f"count_{p}") == least).then(pl.col(f"first_{p}")) for p in places
    )
    grouped = grouped.with_columns(
        pattern=pl.concat_str([pl.col(p).fill_null("") for p in places], separator=" | "),
        rarity=pl.col("ClusterSize") / rows,
        word_count=least,
        word=word,
    )
    bits = (rows / pl.col("ClusterSize")).log(2) + (rows / pl.col("word_count")).log(2) / 2
    return grouped.with_columns(score=bits, reason=_reason(grouped, rows))


def _reason(grouped: pl.DataFrame, rows: int) -> pl.Series:
    told = [
        f"{size:,} of {rows:,} rows {'has' if size == 1 else 'have'} this pattern "
        f"({percent(size / rows)}); {_start(count, word)}"
        for size, count, word in grouped.select("ClusterSize", "word_count", "word").iter_rows()
    ]
    return pl.Series(told, dtype=pl.String)


def _start(count: int, word: str) -> str:
    if not word:
        return f"{count:,} {'is' if count == 1 else 'are'} empty"
    return f"{count:,} {'starts' if count == 1 else 'start'} with {visible(word, limit=60)!r}"


def percent(share: float) -> str:
    """A share as people say it: two digits that count."""
    return f"{share * 100:.2g} %" if share < 0.995 else "100 %" if share == 1 else "more than 99 %"


def with_exponent(number: pl.Expr) -> pl.Expr:
    """Large numbers as people read them, ``1.234e+18``: rounding floats leaves ...999999e+18."""
    exponent = number.abs().log10().floor()
    return pl.format(
        "{}e+{}",
        (number / pl.lit(10.0).pow(exponent)).round(3),
        exponent.cast(pl.Int64, strict=False),
    )
