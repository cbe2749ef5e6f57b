"""Dates that countries write in another order: ``05/12/2020`` is in May or in December.

The same goes for ``05-12-2020``; where dots stand between the numbers, the day is always first.

What tells is looked for in the whole file, as far as it is known: a first number above 12 (the day
is first), a second one above 12 (the month is), or the American clock with AM and PM. Where
nothing tells, the month is read first, and the caller marks the rows.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from huntkit.formats.batch import Batch
from huntkit.sources.local.mapping.series import texts

_BEGIN = r"^\s*[0-9]{1,2}\s*[/-]\s*[0-9]{1,2}\s*[/-]\s*[0-9]{4}"
_SAMPLE = re.compile(_BEGIN)
_NAME = re.compile(r"time|date|stamp|created|seen", re.IGNORECASE)
_SLASHED = (
    r"^\s*(?P<a>[0-9]{1,2})\s*[/-]\s*(?P<b>[0-9]{1,2})\s*[/-]\s*(?P<rest>[0-9]{4}"
    r"(?:[,T\s]+[0-9]{1,2}\s*:[0-9:.,\s]*(?P<half>[AaPp][Mm])?"
    r"\s*(?:Z|UTC|GMT|[+-][0-9]{2}:?[0-9]{2})?)?)\s*$"
)
_PLAIN = r"^\s*(?:0?[0-9]|1[0-2])/"
_MOST_COLUMNS = 2_000
PATIENCE_BYTES = 64 << 20
_CELL_BYTES = 60  # what a short text costs beside its letters


@dataclass(slots=True)
class _Told:
    """What the values of one column told so far."""

    day_first: bool = False
    month_first: bool = False
    american: bool = False  # AM and PM, as Americans write them
    padded: bool = False  # 1/05/2024: nobody writes a month without and a day with a nought
    doubtful: bool = False  # some value can be read both ways


class DayOrder:
    """Whether one file writes the day or the month first; its columns mostly agree.

    A column's own values count most, then those of the file's other columns.

    Examples:
        >>> order = DayOrder()
        >>> order.settle("when", pl.Series(["25/12/2020 10:00", "05/12/2020 10:00"]))[0].to_list()
        ['12/25/2020 10:00', '12/05/2020 10:00']
        >>> order.settle("other", pl.Series(["01/02/2020 10:00"]))[0].to_list()
        ['02/01/2020 10:00']
    """

    def __init__(self) -> None:
        self._told: dict[str, _Told] = {}

    def look(self, columns: Mapping[str, Sequence[Any]]) -> bool:
        """Take notice of columns of text; whether a later value may still tell how to read one.

        AM and PM tell as long as nothing better does, so that they are worth waiting, too.
        """
        for name, values in columns.items():
            told = self._told.get(name)
            if told is not None and self._is_shown(told):
                continue  # `settle` notices what contradicts it
            sample = next((value for value in values if value), None)
            if not isinstance(sample, str):
                continue
            if _SAMPLE.match(sample) or _NAME.search(name):
                text = texts(name, values)
                if text.str.contains(_BEGIN).any():
                    self._hear(name, _parts(text))
        return any(told.doubtful and not self._is_shown(told) for told in self._told.values())

    def settle(self, name: str, text: pl.Series) -> tuple[pl.Series, pl.Series | None]:
        """The texts with the month first, and which of them nothing told how to read.

        Only dates of that kind are touched; all have slashes afterwards. The second part is None
        where there is none.
        """
        dates = text.str.contains(_BEGIN)
        if not dates.any() or self._is_plain(name, text.filter(dates)):
            return text, None
        parts = _parts(text)
        if parts["a"].null_count() == len(parts):
            return text, None
        told = self._hear(name, parts)
        order = self._order(told)
        both = _both_ways()
        swapped = (pl.col("a") > 12) & (pl.col("b") <= 12)
        if order == "day":
            swapped |= both
        slash = pl.lit("/")
        turned = pl.concat_str("second", slash, "first", slash, "rest")
        straight = pl.concat_str("first", slash, "second", slash, "rest")
        found = parts.with_columns(text.alias("text")).select(
            text=pl.when(swapped).then(turned).otherwise(pl.coalesce(straight, "text")),
            doubtful=both.fill_null(value=False) if order is None else pl.lit(value=False),
        )
        doubtful = found["doubtful"]
        return found["text"].rename(text.name), doubtful if doubtful.any() else None

    def _hear(self, name: str, parts: pl.DataFrame) -> _Told:
        """Add what these values tell to what the column told before."""
        told = self._told.get(name)
        if told is None:
            told = _Told()
            if parts["a"].null_count() == len(parts):
                return told
            if len(self._told) < _MOST_COLUMNS:  # hostile names may not fill the memory
                self._told[name] = told
        a, b = pl.col("a"), pl.col("b")
        heard = parts.select(
            day_first=((a > 12) & (b <= 12)).any(),
            month_first=((b > 12) & (a <= 12)).any(),
            american=pl.col("half").is_in(["AM", "PM"]).any(),
            padded=(
                (pl.col("first").str.len_chars() == 1) & pl.col("second").str.starts_with("0")
            ).any(),
            doubtful=_both_ways().any(),
        ).row(0, named=True)
        for what, is_so in heard.items():
            if is_so:
                setattr(told, what, True)
        return told

    def _is_plain(self, name: str, text: pl.Series) -> bool:
        """Whether a column has the month first, and nothing here contradicts it."""
        told = self._told.get(name)
        is_plain = told is not None and told.month_first and not told.day_first
        return is_plain and text.str.contains(_PLAIN).all()

    def _is_shown(self, told: _Told) -> bool:
        """Whether days above 12 show how a column is to be read; nothing better will come."""
        if told.day_first or told.month_first:
            return True
        return self._others() is not None

    def _others(self) -> str | None:
        """What the whole file says, where its columns do not contradict one another."""
        day = any(told.day_first for told in self._told.values())
        month = any(told.month_first for told in self._told.values())
        return None if day == month else "day" if day else "month"

    def _order(self, told: _Told) -> str | None:
        if told.day_first or told.month_first:
            if told.day_first and told.month_first:
                return None
            return "day" if told.day_first else "month"
        if (order := self._others()) is not None:
            return order
        return "month" if told.american and not told.padded else None


class Waiting:
    """Batches of columns that wait for a later one to tell how their dates are to be read.

    They wait for as many as `PATIENCE_BYTES` hold in memory, roughly, so that all of a usual file
    is read in one way.

    Args:
        order: the file's; it takes notice of each batch.
    """

    def __init__(self, order: DayOrder) -> None:
        self._order = order
        self._batches: list[Batch] = []
        self._bytes = 0
        self._patient = True

    def take(self, batch: Batch) -> list[Batch]:
        """The batches that wait no longer, in their order."""
        self._batches.append(batch)
        if batch.columns is None:
            return self.rest()
        if not (self._order.look(batch.columns) and self._patient):
            return self.rest()
        self._bytes += sum(
            _CELL_BYTES + (len(value) if isinstance(value, str) else 0)
            for values in batch.columns.values()
            for value in values
        )
        if self._bytes < PATIENCE_BYTES:
            return []
        self._patient = False
        return self.rest()

    def rest(self) -> list[Batch]:
        """All that still wait."""
        batches, self._batches, self._bytes = self._batches, [], 0
        return batches


def is_slashed(value: object) -> bool:
    """Whether a value begins as a date with slashes or hyphens does."""
    return isinstance(value, str) and _SAMPLE.match(value) is not None


def _both_ways() -> pl.Expr:
    """Dates that differ by how they are read."""
    a, b = pl.col("a"), pl.col("b")
    return a.is_between(1, 12) & b.is_between(1, 12) & (a != b)


def _parts(text: pl.Series) -> pl.DataFrame:
    """The numbers of dates with slashes, by row; nulls for anything else."""
    groups = text.alias("t").to_frame().select(pl.col("t").str.extract_groups(_SLASHED))
    return groups.unnest("t").select(
        first="a", second="b", rest="rest", half="half",
        a=pl.col("a").cast(pl.Int16), b=pl.col("b").cast(pl.Int16),
    )  # fmt: skip
