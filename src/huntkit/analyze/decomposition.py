"""A regular series as trend, season and what is left."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from huntkit.core.errors import UsageError
from huntkit.core.extras import require

Floats = NDArray[np.float64]
Method = Literal["stl", "light"]
_AROUND = 49  # points that tell what is usual where there is no season


@dataclass(frozen=True)
class Parts:
    """A series' parts: ``trend + seasonal + residual`` is the series."""

    trend: Floats
    seasonal: Floats
    residual: Floats
    weights: Floats


def decomposed(
    values: Floats, *, periods: Sequence[int], seasonal: int, robust: bool, method: Method
) -> Parts:
    """The parts of a series without gaps.

    One period is decomposed by STL, several by MSTL, both of statsmodels; ``light`` needs nothing
    else: running medians for the trend, medians by place in the period for the season. Its period
    of 1 means that there is no season.
    """
    if method == "light":
        return _light(values, periods)
    seasons: Any = require("statsmodels.tsa.seasonal", extra="ml")
    if len(periods) == 1:
        found = seasons.STL(values, period=periods[0], seasonal=seasonal, robust=robust).fit()
    else:
        found = seasons.MSTL(
            values, periods=tuple(periods), stl_kwargs={"robust": robust}
        ).fit()  # fmt: skip
    season = np.asarray(found.seasonal, dtype=np.float64)
    return Parts(
        np.asarray(found.trend, dtype=np.float64),
        season if season.ndim == 1 else season.sum(axis=1),
        np.asarray(found.resid, dtype=np.float64),
        np.asarray(found.weights, dtype=np.float64),
    )


def _light(values: Floats, periods: Sequence[int]) -> Parts:
    season = np.zeros(len(values))
    if tuple(periods) == (1,):
        trend = _running_median(values, _AROUND)
        return Parts(trend, season, values - trend, np.ones(len(values)))
    trend = np.zeros(len(values))
    for _ in range(2):  # the second time without the season in the trend's way
        trend = _running_median(values - season, max(periods))
        season = np.zeros(len(values))
        for period in sorted(periods):
            place = np.arange(len(values)) % period
            frame = pl.DataFrame({"place": place, "left": values - trend - season})
            typical = frame.select(pl.col("left").median().over("place"))["left"].to_numpy()
            season = season + typical - np.median(typical[:period])
    return Parts(trend, season, values - trend - season, np.ones(len(values)))


def _running_median(values: Floats, period: int) -> Floats:
    window = min(period + 1 - period % 2, len(values))
    column = pl.Series(values)
    return column.rolling_median(window, min_samples=1, center=True).to_numpy()


def spread(residual: Floats, scale: float, *, robust: bool) -> tuple[float, float]:
    """The middle of the residuals, and how far they usually are from it.

    Robust: the median, and the median distance from it, as a standard deviation (times 1.4826);
    where more than half are the same, the mean distance (times 1.2533). Else mean and standard
    deviation. Differences that are only the computer's rounding of numbers of size `scale` count
    as none.
    """
    if not len(residual):
        return 0.0, 0.0
    power = int(np.frexp(scale)[1])  # squares of very large and very small numbers are none
    residual, scale = np.ldexp(residual, -power), float(np.ldexp(scale, -power))
    if not robust:
        middle, usual = float(residual.mean()), float(residual.std())
    else:
        middle = float(np.median(residual))
        distance = np.abs(residual - middle)
        usual = 1.4826 * float(np.median(distance))
        if usual <= scale * 1e-9:
            usual = 1.2533 * float(distance.mean())
    usual = usual if usual > scale * 1e-9 else 0.0
    return float(np.ldexp(middle, power)), float(np.ldexp(usual, power))


def check(periods: Sequence[int], seasonal: int, method: str) -> None:
    """Raise for values that no decomposition can use."""
    without = method == "light" and tuple(periods) == (1,)
    if not without and (not periods or any(period < 2 for period in periods)):
        raise UsageError(
            f"period is {list(periods)}",
            hint="a period has 2 points or more; without a season: 1, by method='light'",
        )
    if method == "stl" and (seasonal < 3 or seasonal % 2 == 0):
        raise UsageError(f"seasonal is {seasonal}", hint="it must be odd, and 3 or more")
    if method not in ("stl", "light"):
        raise UsageError(f"method is {method!r}", hint="choose 'stl' or 'light'")
