"""How likely each event of a session is after the one before it, as a Markov chain counts it.

All sessions lie in one row of events, each followed by an end. The counts are smoothed as
Laplace did, one for each thing that could have been: with ``K`` states, which are the different
events, the start, the end and the unknown,

    P(event | before) = (n(before, event) + 1) / (n(before) + K - 1)
    P(event)          = (n(event) + 2 (K - 1)) / total

where ``total`` sums the same over all states. Parameters that were seen with a command, and the
unknown one, are there or not, each for itself: ``P(parameter | command) = (n + 1) / (n(command)
+ 2 (K - 1))``, and their geometric mean counts, so that commands with many parameters are not
rare for that; an event that has none counts by its name alone. A value counts
``(n(parameter, value) + 1) / (n(parameter) + values + 1)``.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

MOST_VALUES: Final = 20
LEAST_USES: Final = 20
MOST_SHARE: Final = 0.1


@dataclass(frozen=True)
class Events:
    """All events of all sessions, one after the other, without starts and ends.

    Attributes:
        names: the event's name.
        lengths: how many events each session has.
        parameters: ``event`` (its place), ``parameter``, ``value``; None: they have none.
        with_values: whether values count.
    """

    names: pl.Series
    lengths: Integers
    parameters: pl.DataFrame | None = None
    with_values: bool = False


@dataclass(frozen=True)
class Terms:
    """What each token, an event or the end of a session, contributes to a likelihood.

    Arrays are as long as there are events and sessions together; logarithms are natural.
    ``starts`` says where a session's tokens begin.
    """

    starts: Integers
    following: Floats
    alone: Floats
    own: Floats
    counts: pl.DataFrame
    states: int
    total: int
    modelled: frozenset[str]


def terms_of(events: Events, modelled: frozenset[str] | None = None) -> Terms:
    """The terms of all tokens. `modelled` are the parameters whose values count."""
    sizes = events.lengths + 1
    starts = (np.cumsum(sizes) - sizes).astype(np.int64)
    ends = starts + events.lengths
    count = int(sizes.sum())
    is_end = np.zeros(count, dtype=bool)
    is_end[ends] = True
    codes, known = _codes(events.names)
    token = np.full(count, known, dtype=np.int64)  # the end's code
    token[~is_end] = codes
    before = np.empty(count, dtype=np.int64)
    before[1:] = token[:-1]
    before[starts] = known + 1  # the start's code
    states = known + 3
    counts = pl.DataFrame({"token": token, "before": before}).with_columns(
        n_pair=pl.len().over("before", "token").cast(pl.Int64),
        n_before=pl.len().over("before").cast(pl.Int64),
        n=pl.len().over("token").cast(pl.Int64),
    )
    pair, preceding, single = (counts[n].to_numpy() for n in ("n_pair", "n_before", "n"))
    following = np.log((pair + 1) / (preceding + states - 1))
    # Events and the unknown are both a first and a second; start and end are one of them only.
    total = len(codes) + 2 * len(sizes) + 2 * (states - 1) ** 2
    extra = np.where(is_end, states - 1, 2 * (states - 1))
    alone = np.log((single + extra) / total)
    own = np.zeros(count)
    chosen: frozenset[str] = frozenset()
    if events.parameters is not None:
        places = np.flatnonzero(~is_end)
        chosen = modelled if modelled is not None else frozenset()
        if events.with_values and modelled is None:
            chosen = worth_modelling(events.parameters)
        own[places], rarest = _own(events, single[places] + 2 * (states - 1), chosen)
        counts = _with_parameters(counts, places, rarest)
    return Terms(starts, following, alone, own, counts, states, total, chosen)


def _codes(names: pl.Series) -> tuple[Integers, int]:
    if not len(names):
        return np.empty(0, dtype=np.int64), 0
    codes = names.rank("dense").to_numpy().astype(np.int64) - 1
    return codes, int(codes.max()) + 1


def worth_modelling(parameters: pl.DataFrame) -> frozenset[str]:
    """Parameters that take few values, often: 20 at most, of 20 uses at least, a tenth of them."""
    valued = pl.col("value").filter(pl.col("value").fill_null("") != "")
    found = parameters.group_by("parameter").agg(uses=pl.len(), values=valued.n_unique())
    found = found.filter(
        (pl.col("values") > 0)
        & (pl.col("values") <= MOST_VALUES)
        & (pl.col("uses") >= LEAST_USES)
        & (pl.col("values") <= MOST_SHARE * pl.col("uses"))
    )
    return frozenset(found["parameter"].to_list())


def _own(events: Events, uses: Integers, modelled: frozenset[str]) -> tuple[Floats, pl.DataFrame]:
    """Each event's logarithm for its parameters and values; and its rarest one, if it has any."""
    assert events.parameters is not None
    names = events.names.alias("name").to_frame().with_columns(
        uses=pl.Series(uses),
            event=pl.int_range(pl.len(), dtype=pl.Int64),
            n_name=pl.len().over("name"),
    )  # fmt: skip
    rows = (
        events.parameters.join(names, on="event")
        .with_columns(
            n_parameter=pl.len().over("name", "parameter").cast(pl.Int64),
        )
        .with_columns(p=(pl.col("n_parameter") + 1) / pl.col("uses"))
    )
    # Each command: all its parameters, and the unknown one, absent.
    absent = (
        rows.unique(["name", "parameter"])
        .group_by("name")
        .agg(absent=(1 - pl.col("p")).log().sum(), kinds=pl.len())
    )
    rows = _with_values(rows, modelled)
    modelled_value = pl.when(pl.col("log_value").is_not_null()).then("value")
    summed = rows.group_by("event").agg(
        present=(pl.col("p").log() - (1 - pl.col("p")).log()).sum() + pl.col("log_value").sum(),
        valued=pl.col("log_value").is_not_null().sum(),
        # The same whatever the order of the parameters: it says which events are alike.
        shape=pl.struct("parameter", modelled_value).hash().sum(),
    )
    joined = names.join(summed, on="event", how="left").join(absent, on="name", how="left")
    unknown = (1 - 1 / pl.col("uses")).log()
    whole = (pl.col("absent") + unknown + pl.col("present")) / (
        pl.col("kinds") + 1 + pl.col("valued")
    )
    own = joined.sort("event").select(whole.fill_null(0.0).alias("own"))["own"].to_numpy()
    # Nothing given as a value is no rare value.
    told = pl.when(pl.col("value").is_not_null()).then("log_value")
    rows = rows.with_columns(
        least=pl.min_horizontal(pl.col("p").log(), told),
        by_value=(told < pl.col("p").log()).fill_null(value=False),
        bits=(pl.col("n_name") / pl.col("n_parameter")).log(2),
    )
    rarest = (
        rows.sort("event", "least", "parameter")
        .group_by("event", maintain_order=True)
        .agg(
            pl.all().exclude("bits").first(),
            pl.col("bits").max(),
            rarest=pl.col("parameter").get(pl.col("bits").arg_max()),
            n_rarest=pl.col("n_parameter").get(pl.col("bits").arg_max()),
        )
        .join(summed.select("event", "shape"), on="event", maintain_order="left")
    )
    return own, rarest


def _with_values(rows: pl.DataFrame, modelled: frozenset[str]) -> pl.DataFrame:
    """With ``log_value`` of modelled parameters, null of others; nothing is the unknown value."""
    chosen = pl.col("parameter").is_in(list(modelled))
    rows = rows.with_columns(value=pl.when(pl.col("value").fill_null("") != "").then("value"))
    seen = rows.filter(pl.col("value").is_not_null())
    sums = seen.group_by("parameter").agg(n_values=pl.len(), kinds=pl.col("value").n_unique())
    rows = rows.join(sums, on="parameter", how="left").with_columns(
        n_value=pl.when(pl.col("value").is_not_null())
        .then(pl.len().over("parameter", "value"))
        .otherwise(0)
        .cast(pl.Int64),
        n_values=pl.col("n_values").fill_null(0).cast(pl.Int64),
        kinds=pl.col("kinds").fill_null(0),
    )
    chance = (pl.col("n_value") + 1) / (pl.col("n_values") + pl.col("kinds") + 1)
    return rows.with_columns(log_value=pl.when(chosen).then(chance.log()))


def _with_parameters(counts: pl.DataFrame, places: Integers, rarest: pl.DataFrame) -> pl.DataFrame:
    at = pl.Series(places, dtype=pl.Int64).gather(rarest["event"].cast(pl.UInt32))
    told = rarest.select(
        "parameter", "value", "n_parameter", "n_value", "n_values", "least", "by_value", "bits",
        "shape", "rarest", "n_rarest", at.alias("place"),
    )  # fmt: skip
    return (
        counts.with_row_index("place")
        .with_columns(pl.col("place").cast(pl.Int64))
        .join(told, on="place", how="left")
        .sort("place")
    )
