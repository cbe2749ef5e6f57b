"""What was assumed of a record's times, said in its rows, with the texts as they stood there."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import orjson
import polars as pl

from huntkit.sources.local.mapping.values import to_json

_NOTE = "_time_note"
_EXTRA = "_extra"


@dataclass(frozen=True, slots=True)
class Doubt:
    """Some values of a column of which something was assumed.

    Attributes:
        mask: which.
        note: what; it goes to ``_time_note``, unless it is empty.
        name: the column.
        text: its texts as they stood in the file, which go to ``_extra``; None if nothing of
            them is lost.
    """

    mask: pl.Series
    note: str
    name: str = ""
    text: pl.Series | None = None


def noted(frame: pl.DataFrame, doubts: Iterable[Doubt]) -> pl.DataFrame:
    """The frame, its rows marked. The masks are as long as the frame.

    Examples:
        >>> when = pl.Series(["05/12/2020 10:00", ""])
        >>> noted(pl.DataFrame({"x": [1, 2]}), [Doubt(when != "", "assumed", "when", when)]).rows()
        [(1, 'assumed', '{"when":"05/12/2020 10:00"}'), (2, '', '')]
    """
    notes: dict[str, pl.Series] = {}
    bags: dict[int, dict[str, str]] = {}
    for doubt in doubts:
        if doubt.note:
            mask = notes.get(doubt.note)
            notes[doubt.note] = doubt.mask if mask is None else mask | doubt.mask
        if doubt.text is not None:
            for at in doubt.mask.arg_true().to_list():
                bags.setdefault(at, {})[doubt.name] = doubt.text[at]
    column = _of(frame, _NOTE)
    for note, mask in notes.items():
        joined = pl.when(column == "").then(pl.lit(note)).otherwise(column + ", " + note)
        said = column.str.contains(note, literal=True)
        column = pl.select(pl.when(mask & ~said).then(joined).otherwise(column)).to_series()
    if notes:
        frame = frame.with_columns(column.alias(_NOTE))
    return frame.with_columns(_merged(_of(frame, _EXTRA), bags)) if bags else frame


def _of(frame: pl.DataFrame, name: str) -> pl.Series:
    if name in frame.columns:
        return frame[name].fill_null("")
    return pl.Series(name, [""]).new_from_index(0, frame.height)


def _merged(extra: pl.Series, bags: dict[int, dict[str, str]]) -> pl.Series:
    """The JSON texts with more in front; what they hold already stays, byte for byte."""
    found = extra.to_list()
    for at, bag in bags.items():
        there = found[at]
        kept = orjson.loads(there) if there else {}
        more = to_json({name: text for name, text in bag.items() if name not in kept})
        if more == "{}":
            continue
        found[at] = f"{more[:-1]},{there[1:]}" if len(there) > len("{}") else more
    return pl.Series(_EXTRA, found, dtype=pl.String)


class Doubts:
    """Doubts about records whose rows are not made yet, by the records' numbers."""

    def __init__(self) -> None:
        self._waiting: list[tuple[pl.Series, Doubt]] = []

    def add(self, numbers: Sequence[int], doubt: Doubt) -> None:
        """Remember a doubt about records; its mask is as long as the numbers."""
        kept = None if doubt.text is None else doubt.text.filter(doubt.mask)
        some = pl.Series("_record", list(numbers), dtype=pl.Int64).filter(doubt.mask)
        if len(some):
            self._waiting.append((some, Doubt(some.is_not_null(), doubt.note, doubt.name, kept)))

    def stamp(self, frames: list[tuple[str, pl.DataFrame]]) -> list[tuple[str, pl.DataFrame]]:
        """The frames, the rows of doubtful records marked."""
        if not self._waiting or not frames:
            return frames
        self._join()
        return [(table, noted(frame, self._about(frame["_record"]))) for table, frame in frames]

    def forget(self, held: Iterable[int]) -> None:
        """Keep only the doubts about records whose rows are still to come."""
        if not self._waiting:
            return
        still = pl.Series(list(held), dtype=pl.Int64).implode()
        waiting, self._waiting = self._waiting, []
        for numbers, doubt in waiting:
            mask = numbers.is_in(still)
            self.add(numbers.to_list(), Doubt(mask, doubt.note, doubt.name, doubt.text))

    def _join(self) -> None:
        """One doubt for all records that share a column and a note, however many slices gave it."""
        alike: dict[tuple[str, str, bool], list[tuple[pl.Series, Doubt]]] = {}
        for numbers, doubt in self._waiting:
            key = (doubt.name, doubt.note, doubt.text is None)
            alike.setdefault(key, []).append((numbers, doubt))
        self._waiting = []
        for (name, note, _), given in alike.items():
            numbers = pl.concat([its for its, _ in given])
            texts = [doubt.text.alias("") for _, doubt in given if doubt.text is not None]
            text = pl.concat(texts) if texts else None
            self._waiting.append((numbers, Doubt(numbers.is_not_null(), note, name, text)))

    def _about(self, records: pl.Series) -> list[Doubt]:
        """The doubts as they stand to the rows of a frame."""
        found = []
        rows = records.alias("_record").to_frame()
        for numbers, doubt in self._waiting:
            text = pl.lit("") if doubt.text is None else pl.lit(doubt.text)
            given = numbers.to_frame().select("_record", text=text)
            once = given.unique("_record", keep="first")
            there = rows.join(once, on="_record", how="left", maintain_order="left")["text"]
            if there.null_count() < len(there):
                kept = None if doubt.text is None else there
                found.append(Doubt(there.is_not_null(), doubt.note, doubt.name, kept))
        return found
