"""What is rare about each session's rarest stretch, in words: which event, after and with what."""

from typing import Any, Final

import polars as pl

from huntkit.analyze.sequence_terms import Events, Integers, Terms
from huntkit.analyze.sequence_windows import rare_bits, rare_parts

_LONGEST: Final = 80
_WORTH: Final = 1.0  # bits that a parameter by itself adds to a score, for it to be named as well
_COUNTS: Final = ("n_pair", "n_before", "n", "n_parameter", "n_value", "n_values", "n_rarest")
_OF_PARAMETERS: Final = {
    "parameter": pl.String, "value": pl.String, "rarest": pl.String, "n_parameter": pl.Int64,
    "n_value": pl.Int64, "n_values": pl.Int64, "n_rarest": pl.Int64,
}  # fmt: skip


def reasons(events: Events, terms: Terms, begins: Integers, window: int) -> pl.Series:
    """What is rare about each session's rarest window, with its count and the base rate."""
    labels = _labels(events)
    parts, kinds = rare_parts(terms, begins, window, with_ends=True)
    parts = _in_words(parts, labels).with_columns(kind=pl.Series(kinds), at=pl.Series(begins))
    told = parts.select(_least_likely(f"{len(events.names):,}").alias("told"))
    bits, tokens = rare_bits(terms, begins, window)
    if not bits.any():
        return told["told"].alias("reason")
    by_itself = _in_words(terms.counts[tokens], labels).select(
        also=pl.format("{} with '{}': {} of {} uses", "now", "rarest", "n_rarest", "n"),
        bits=pl.Series(bits, dtype=pl.Float64),
    )
    is_more = (pl.col("bits") / 2 >= _WORTH) & (pl.col("also") != pl.col("told"))
    return pl.concat([told, by_itself], how="horizontal").select(
        reason=pl.when(is_more).then(pl.format("{}; {}", "told", "also")).otherwise("told")
    )["reason"]


def _least_likely(events: str) -> pl.Expr:
    """The least likely part of a window."""
    return (
        pl.when(pl.col("at") < 0)
        .then(pl.lit("fewer events than a window"))
        .when(pl.col("kind") == 0)
        .then(pl.format("{} after {}: {} of {} times", "now", "prior", "n_pair", "n_before"))
        .when(pl.col("kind") == 1)
        .then(pl.format("{}: {} of {} events", "now", "n", pl.lit(events)))
        .when(pl.col("kind") == 2)
        .then(pl.format("{} with '{}': {} of {} uses", "now", "parameter", "n_parameter", "n"))
        .otherwise(
            pl.format(
                "{} with '{}' = '{}': {} of {} values",
                "now", "parameter", "value", "n_value", "n_values",
            )
        )
    )  # fmt: skip


def _labels(events: Events) -> pl.Series:
    """The names of the tokens, by their numbers."""
    known = pl.Series("name", events.names.unique().sort(), dtype=pl.String)
    named = pl.select("'" + _short(known) + "'").to_series()
    return pl.concat([named, pl.Series(["the end", "the start"])])


def _in_words(tokens: pl.DataFrame, labels: pl.Series) -> pl.DataFrame:
    """With ``now`` and ``prior``, and numbers as people read them."""
    whole = tokens.with_columns(
        pl.lit(None, dtype).alias(n) for n, dtype in _OF_PARAMETERS.items() if n not in tokens
    )
    return whole.with_columns(
        *(_with_commas(whole[name]) for name in _COUNTS),
        *(_short(pl.col(name)).alias(name) for name in ("parameter", "rarest")),
        pl.col("value").fill_null("").str.slice(0, _LONGEST),
        now=labels.gather(whole["token"]),
        prior=labels.gather(whole["before"]),
    )


def _short(text: Any) -> pl.Expr:
    """No longer than a name should be."""
    return (
        pl.when(text.str.len_chars() > _LONGEST)
        .then(text.str.slice(0, _LONGEST) + "...")
        .otherwise(text)
    )


def _with_commas(numbers: pl.Series) -> pl.Series:
    """Many rows have few different counts."""
    known = numbers.drop_nulls().unique()
    return numbers.replace_strict(
        known, pl.Series([f"{n:,}" for n in known], dtype=pl.String), return_dtype=pl.String
    )
