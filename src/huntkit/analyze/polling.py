"""Which groups of events repeat at one frequency, by their periodogram.

The name and the columns are those that notebooks know. For missed beats, jitter and reasons see
`huntkit.analyze.beacons`.
"""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl

from huntkit.core.errors import UnknownColumn, UsageError
from huntkit.tables.frames import Guest
from huntkit.tables.times import parse_times

_MOST_BINS: Final = 2**20  # a week of seconds; longer spans are counted in wider steps
_FEWEST_EVENTS: Final = 4
_COLUMNS: Final = ("p_value", "dominant_frequency", "dominant_interval")
_OVERTONE: Final = 0.5  # of the strongest power; a lower frequency with as much is the fundamental


class PeriodogramPollingDetector:
    """Tells for each group of events whether one frequency stands out of its periodogram.

    Attributes:
        data: the table; `detect_polling` puts a new one with three more columns in its place,
            and leaves the caller's own as it was.

    Examples:
        >>> calls = pl.DataFrame({"ts": [1_700_000_000 + 60 * i for i in range(100)]})
        >>> found = PeriodogramPollingDetector(calls).detect_polling("ts")
        >>> found["dominant_interval"][0], found["p_value"][0] < 0.001
        (60.0, True)
    """

    def __init__(self, data: Any, copy: bool = False) -> None:  # noqa: ARG002, FBT001, FBT002, RUF100  known name
        self.data = data

    def detect_polling(self, time_column: str, groupby: str | Sequence[str] | None = None) -> Any:
        """The table with ``p_value dominant_frequency dominant_interval`` beside each row.

        Events are counted per second (spans over 12 days in wider steps). The p-value is Fisher's
        g-test of the strongest frequency, from above: the true one is not larger. It asks whether
        the counts are noise, so bursts have small ones too; a periodic group is one with a small
        p-value and an interval that makes sense.

        Args:
            time_column: when it happened.
            groupby: columns whose values make a group; without them all rows are one.

        Returns:
            The kind of table that was given. Frequencies are in hertz, intervals in seconds; all
            three are null for groups of fewer than four events at different times.

        Raises:
            UnknownColumn: a column is not in the table.
            UsageError: no value of the time column can be read.
        """
        guest = Guest.receive(self.data)
        table = guest.inner
        names = [groupby] if isinstance(groupby, str) else list(dict.fromkeys(groupby or ()))
        time_column, *names = (_named(guest, name) for name in (time_column, *names))
        times = parse_times(table[time_column])
        if table.height and times.null_count() == table.height:
            raise UsageError(f"the column {time_column!r} holds no times")
        rows = table.drop(_COLUMNS, strict=False)
        seconds = (times.to_physical() / 1e6).alias("seconds")
        if names:
            keys = table.select(names).rename({name: f"k{n}" for n, name in enumerate(names)})
            found = _by_group(keys.with_columns(seconds), keys.columns)
            told = keys.join(
                found, on=keys.columns, how="left", nulls_equal=True, maintain_order="left"
            )
            answer = rows.hstack(told.select(_COLUMNS))
        else:
            values = zip(_COLUMNS, _polling(seconds), strict=True)
            answer = rows.with_columns(
                pl.lit(value, dtype=pl.Float64).alias(name) for name, value in values
            )
        self.data = guest.give_back(answer, rows_kept=True)
        return self.data


def _named(guest: Guest, label: object) -> str:
    name = guest.name_of(label)
    if name is None:
        raise UnknownColumn(str(label), guest.inner.columns)
    return name


Told = tuple[float | None, float | None, float | None]


def _by_group(grouped: pl.DataFrame, keys: list[str]) -> pl.DataFrame:
    gathered = grouped.group_by(keys, maintain_order=True).agg("seconds")
    told = [_polling(each) for each in gathered["seconds"]]
    columns = {
        name: pl.Series([each[place] for each in told], dtype=pl.Float64)
        for place, name in enumerate(_COLUMNS)
    }
    return gathered.select(keys).with_columns(**columns)


def _polling(seconds: pl.Series) -> Told:
    """P-value, frequency and interval of one group."""
    moments = seconds.drop_nulls().to_numpy()
    if len(moments) == 0:
        return None, None, None
    moments = moments - moments.min()
    span = float(moments.max())
    width = max(1.0, float(np.ceil(span / _MOST_BINS)))
    places = (moments / width).astype(np.int64)
    if len(np.unique(places)) < _FEWEST_EVENTS:
        return None, None, None
    counts = np.bincount(places).astype(np.float64)
    power = np.abs(np.fft.rfft(counts - counts.mean())) ** 2
    power = power[1:-1] if len(counts) % 2 == 0 else power[1:]  # neither the mean nor Nyquist's
    total = float(power.sum())
    if not total > 1e-9 * len(counts):  # an event in every step: no frequency
        return None, None, None
    strongest = float(power.max())
    lowest = int(np.argmax(power >= _OVERTONE * strongest))
    peak = lowest + int(np.argmax(power[lowest : lowest + 2]))
    frequency = (peak + 1) / (len(counts) * width)
    return _g_test(strongest / total, len(power)), frequency, _interval(moments, frequency)


def _g_test(share: float, frequencies: int) -> float:
    """The first term of Fisher's sum, which is never below the whole."""
    if share >= 1:
        return 0.0
    logarithm = np.log(frequencies) + (frequencies - 1) * np.log1p(-share)
    return float(min(1.0, np.exp(min(logarithm, 0.0))))


def _interval(moments: npt.NDArray[np.float64], frequency: float) -> float:
    """The interval of a frequency; where events keep to it exactly, as exact as they are."""
    rough = 1 / frequency
    gaps = np.diff(np.unique(moments))
    beats = np.round(gaps / rough)
    fits = (beats >= 1) & (np.abs(gaps / rough - beats) < 0.1 * np.maximum(beats, 1))
    if not fits.any():
        return rough
    return float(round(np.median(gaps[fits] / beats[fits]), 6))
