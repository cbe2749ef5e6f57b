"""Which end belongs to which start, when sessions overlap. Whole columns at a time."""

from typing import Final

import polars as pl

PAIRED: Final = ("start_row", "end_row", "events", "overlapping")


def by_number(events: pl.DataFrame, keys: list[str]) -> pl.DataFrame:
    """Sessions whose key is a number of their own: from the first start to the first end.

    Starts that follow one another without an end are the same session (Windows writes one for
    every service that runs as SYSTEM), and so are ends; a start after an end is the next one.

    Args:
        events: sorted by time: the keys, ``row`` and ``is_start``.
        keys: what makes the number unique, such as host and logon id.

    Returns:
        The keys, ``start_row`` and ``end_row`` (null where the log has none), ``events``, and
        ``overlapping``, which is false.

    Examples:
        >>> events = pl.DataFrame({"id": ["7"] * 5, "row": range(5),
        ...     "is_start": [True, True, False, False, True]})
        >>> by_number(events, ["id"]).rows()
        [('7', 0, 2, 4, False), ('7', 4, None, 1, False)]
    """
    begins = pl.col("is_start") & ~pl.col("is_start").shift(fill_value=False).over(keys)
    runs = events.with_columns(run=begins.cast(pl.Int64).cum_sum().over(keys))
    return (
        runs.group_by([*keys, "run"], maintain_order=True)
        .agg(
            start_row=pl.col("row").filter("is_start").first(),
            end_row=pl.col("row").filter(~pl.col("is_start")).first(),
            events=pl.len().cast(pl.Int64),
            overlapping=pl.lit(value=False),
        )
        .drop("run")
    )


def in_turn(events: pl.DataFrame, keys: list[str]) -> pl.DataFrame:
    """Sessions that share their key: the one that began first ends first.

    Which of several open sessions ended is not in such a log; ``overlapping`` is true for all
    sessions between which ends may be swapped. An end while none is open is a session whose start
    was before the log.

    Args:
        events: sorted by time: the keys, ``row`` and ``is_start``.
        keys: what the log knows of a session, such as host, service and user.

    Returns:
        As `by_number`; ``events`` is 1 or 2.

    Examples:
        >>> events = pl.DataFrame({"user": ["al"] * 5, "row": range(5),
        ...     "is_start": [False, True, True, False, False]})
        >>> in_turn(events, ["user"]).select("start_row", "end_row", "overlapping").rows()
        [(None, 0, False), (1, 3, True), (2, 4, True)]
    """
    step = pl.when("is_start").then(1).otherwise(-1)
    level = events.with_columns(level=step.cum_sum().over(keys))
    # The lowest level so far, and never above nought: an end that goes below it ends nothing seen.
    lowest = pl.min_horizontal(pl.col("level").cum_min().over(keys), pl.lit(0))
    before = lowest.shift(fill_value=0).over(keys)
    marked = level.with_columns(lone=~pl.col("is_start") & (pl.col("level") < before), low=lowest)
    lone = marked.filter("lone").select(
        *keys,
        start_row=pl.lit(None, dtype=events.schema["row"]),
        end_row="row",
        events=pl.lit(1, dtype=pl.Int64),
        overlapping=pl.lit(value=False),
    )
    paired = _paired(marked.filter(~pl.col("lone")), keys)
    order = pl.coalesce("start_row", "end_row")
    return pl.concat([lone, paired], how="vertical_relaxed").sort(order, maintain_order=True)


def _paired(marked: pl.DataFrame, keys: list[str]) -> pl.DataFrame:
    """The n-th start with the n-th end."""
    is_open = (pl.col("level") - pl.col("low")) > 0
    stretch = (~is_open.shift(fill_value=False).over(keys)).cast(pl.Int64).cum_sum().over(keys)
    busy = marked.with_columns(stretch=stretch).with_columns(
        overlapping=((pl.col("level") - pl.col("low")).max() > 1).over([*keys, "stretch"]),
        place=pl.col("is_start").cum_count().over([*keys, "is_start"]),
    )
    ends = busy.filter(~pl.col("is_start")).select(*keys, "place", end_row="row")
    starts = busy.filter("is_start").select(*keys, "place", "overlapping", start_row="row")
    return starts.join(
        ends, on=[*keys, "place"], how="left", nulls_equal=True, maintain_order="left"
    ).select(
        *keys,
        "start_row",
        "end_row",
        events=1 + pl.col("end_row").is_not_null().cast(pl.Int64),
        overlapping="overlapping",
    )
