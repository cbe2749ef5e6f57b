"""Dates that countries write in another order: ``05/12/2020`` is in May or in December.

The same goes for ``05-12-2020``; where dots stand between the numbers, the day is always first.

What tells is looked for in all values that belong together, of a column or of a file: a first
number above 12 (the day is first), a second one above 12 (the month is), or the American clock with
AM and PM. Where nothing tells, the month is read first, and the caller says so.
"""

from dataclasses import dataclass

import polars as pl

_BEGIN = r"^\s*[0-9]{1,2}\s*[/-]\s*[0-9]{1,2}\s*[/-]\s*[0-9]{4}"
_SLASHED = (
    r"^\s*(?P<a>[0-9]{1,2})\s*[/-]\s*(?P<b>[0-9]{1,2})\s*[/-]\s*(?P<rest>[0-9]{4}"
    r"(?:[,T\s]+[0-9]{1,2}\s*:[0-9:.,\s]*(?P<half>[AaPp][Mm])?"
    r"\s*(?:Z|UTC|GMT|[+-][0-9]{2}:?[0-9]{2})?)?)\s*$"
)
_PLAIN = r"^\s*(?:0?[0-9]|1[0-2])/"
_MOST_COLUMNS = 2_000


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

    Args:
        day_first: what somebody said, who knows; it goes before what values tell. A value that
            can be read one way only is read so all the same.

    Examples:
        >>> order = DayOrder()
        >>> order.settle("when", pl.Series(["25/12/2020 10:00", "05/12/2020 10:00"]))[0].to_list()
        ['12/25/2020 10:00', '12/05/2020 10:00']
        >>> order.settle("other", pl.Series(["01/02/2020 10:00"]))[0].to_list()
        ['02/01/2020 10:00']
    """

    def __init__(self, *, day_first: bool | None = None) -> None:
        self._told: dict[str, _Told] = {}
        self._given = None if day_first is None else "day" if day_first else "month"

    def contradicts(self, name: str) -> bool:
        """Whether some of a column's dates can't be read as was said, or else as the others."""
        told = self._told.get(name, _Told())
        if self._given is None:
            return told.day_first and told.month_first
        return told.month_first if self._given == "day" else told.day_first

    def hear(self, name: str, text: pl.Series) -> None:
        """Take notice of what a column's texts tell."""
        if text.str.contains(_BEGIN).any():
            self._hear(name, _parts(text))

    def is_shown(self, name: str) -> bool:
        """Whether a column told how it is to be read, so that its next texts need not be heard.

        `settle` notices what contradicts it.
        """
        told = self._told.get(name)
        return told is not None and self._is_shown(told)

    @property
    def is_open(self) -> bool:
        """Whether texts that come later may still tell how to read one that was heard.

        AM and PM tell as long as nothing better does, so that they are worth waiting, too.
        """
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
        is_plain = is_plain and self._given != "day"
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
        if self._given is not None:
            return self._given
        if told.day_first or told.month_first:
            if told.day_first and told.month_first:
                return None
            return "day" if told.day_first else "month"
        if (order := self._others()) is not None:
            return order
        return "month" if told.american and not told.padded else None


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
