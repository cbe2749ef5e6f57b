"""The rarest stretch of each session, and which part of it is the rare one."""

from collections.abc import Iterator

import numpy as np
import polars as pl
from numpy.typing import NDArray

from huntkit.analyze.sequence_terms import Floats, Integers, Terms

Booleans = NDArray[np.bool_]


def whole_sessions(terms: Terms, lengths: Integers, *, with_ends: bool) -> Floats:
    """The logarithm of each session's likelihood; not a number for empty ones."""
    size = len(terms.following)
    per_token = terms.following + terms.own
    if not with_ends:
        per_token = per_token.copy()
        per_token[terms.starts] = (terms.alone + terms.own)[terms.starts]
        per_token[terms.starts + lengths] = 0.0
    sums = np.add.reduceat(per_token, terms.starts) if size else np.empty(0)
    return np.where(lengths > 0, sums, np.nan)


def rarest(
    terms: Terms, lengths: Integers, window: int, *, with_ends: bool
) -> tuple[Floats, Integers]:
    """The logarithm of each session's rarest window, and at which of its events that begins.

    The first window begins at the session's start, the last holds its end, if ends count.
    Sessions that are shorter than a window have none: not a number, and -1.
    """
    size = len(terms.following)
    if not size:
        return np.empty(0), np.empty(0, dtype=np.int64)
    first = terms.alone + terms.own
    if with_ends:
        first[terms.starts] = (terms.following + terms.own)[terms.starts]
    sums = first.copy()
    step = terms.following + terms.own
    for ahead in range(1, min(window, size)):
        sums[:-ahead] += step[ahead:]
    tokens = lengths + (1 if with_ends else 0)
    place = np.arange(size) - np.repeat(terms.starts, lengths + 1)
    fits = place + window <= np.repeat(tokens, lengths + 1)
    sums[~fits] = np.inf
    least = np.minimum.reduceat(sums, terms.starts)
    at = np.flatnonzero(sums == np.repeat(least, lengths + 1))
    session = np.repeat(np.arange(len(lengths)), lengths + 1)[at]
    _, earliest = np.unique(session, return_index=True)
    begins = place[at[earliest]]
    none = np.isinf(least) | (lengths == 0)
    return np.where(none, np.nan, least), np.where(none, -1, begins)


def rare_parts(
    terms: Terms, begins: Integers, window: int, *, with_ends: bool
) -> tuple[pl.DataFrame, Integers]:
    """Per session, the token of its rarest window that is least likely, and what kind of part.

    Kinds: 0 after the token before it, 1 by itself, 2 by a parameter, 3 by a value.
    """
    has = begins >= 0
    base = terms.starts + np.where(has, begins, 0)
    own = np.full(len(terms.following), np.inf)
    value = np.zeros(len(own), dtype=bool)
    if "least" in terms.counts.columns:
        own = terms.counts["least"].fill_null(float("inf")).to_numpy()
        value = terms.counts["by_value"].fill_null(value=False).to_numpy()
    best = np.full(len(base), np.inf)
    token, kind = base.copy(), np.zeros(len(base), dtype=np.int64)
    for ahead in range(window):
        at = np.minimum(base + ahead, len(terms.following) - 1)
        alone = ahead == 0
        by_itself = (begins > 0) | (not with_ends) if alone else np.zeros(len(base), bool)
        chance = np.where(by_itself, terms.alone[at], terms.following[at])
        for chances, kinds in (
            (chance, np.where(by_itself, 1, 0)),
            (own[at], np.where(value[at], 3, 2)),
        ):
            better = chances < best
            best = np.where(better, chances, best)
            token, kind = np.where(better, at, token), np.where(better, kinds, kind)
    return terms.counts[token], kind


def rare_bits(terms: Terms, begins: Integers, window: int) -> tuple[Floats, Integers]:
    """Per session, how surprising the rarest parameter of its window is by itself, in bits.

    And the token that has this parameter, where it is more than no surprise.
    """
    most, where = np.zeros(len(begins)), np.zeros(len(begins), dtype=np.int64)
    if "bits" not in terms.counts.columns or not len(begins):
        return most, where
    bits = terms.counts["bits"].fill_null(0.0).to_numpy()
    for at, inside in _walk(terms, begins, window):
        better = inside & (bits[at] > most)
        most, where = np.where(better, bits[at], most), np.where(better, at, where)
    return most, where


def shared_bits(terms: Terms, begins: Integers, window: int) -> Floats:
    """Per session, the logarithm to two of how many sessions have this very window as theirs."""
    if not len(begins):
        return np.zeros(0)
    shapes = terms.counts["shape"] if "shape" in terms.counts.columns else None
    shape = np.zeros(len(terms.following), dtype=np.uint64)
    if shapes is not None:
        shape = shapes.fill_null(0).to_numpy()
    parts: dict[str, Integers] = {"at_start": (begins == 0).astype(np.int64)}
    tokens = terms.counts["token"].to_numpy()
    for ahead, (at, inside) in enumerate(_walk(terms, begins, window)):
        parts[f"token{ahead}"] = np.where(inside, tokens[at], -1)
        parts[f"shape{ahead}"] = np.where(inside, shape[at], 0)
    return pl.DataFrame(parts).select(pl.len().over(list(parts)).log(2)).to_series().to_numpy()


def _walk(terms: Terms, begins: Integers, window: int) -> Iterator[tuple[Integers, Booleans]]:
    """The places of each session's window, one after the other, and whether they are in it."""
    last = len(terms.following) - 1
    is_end = np.zeros(last + 1, dtype=bool)
    is_end[terms.starts[1:] - 1] = True
    is_end[-1] = True
    inside = begins >= 0
    base = terms.starts + np.where(inside, begins, 0)
    for ahead in range(window):
        at = np.minimum(base + ahead, last)
        yield at, inside
        inside = inside & ~is_end[at]
