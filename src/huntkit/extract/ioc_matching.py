"""The search itself: which indicators stand in which texts, each distinct thing read once."""

from collections.abc import Sequence

import polars as pl

from huntkit.entities.indicators import indicator_scope
from huntkit.extract.chunk_reading import Found, read_chunk
from huntkit.extract.chunks import chunks, worth_reading
from huntkit.extract.ioc_spans import span_in, starts_of
from huntkit.extract.own_types import OwnType, priority_of
from huntkit.extract.shape import Shape
from huntkit.extract.shapes import shapes_for

FOUND = {
    "IoCType": pl.String,
    "Observable": pl.String,
    "defanged": pl.Boolean,
    "scope": pl.String,
    "reason": pl.String,
}
_MATCHED = {"text": pl.UInt32, "piece": pl.String, "at": pl.Int64, **FOUND}
_READ_FROM_PIECES = frozenset({
    *("ipv4", "ipv6", "cidr", "dns", "url", "email"),
    *("md5_hash", "sha1_hash", "sha256_hash", "sha512_hash"),
})  # fmt: skip
_REMEMBERED = 500_000  # distinct pieces kept between batches

_Row = tuple[str, str, str, bool, str, str]  # piece, and the columns of FOUND


class Matcher:
    """Finds the wanted types in columns of text; remembers what it has read between them."""

    def __init__(
        self,
        wanted: frozenset[str],
        own_types: Sequence[OwnType],
        *,
        spans: bool,
        rejected: bool,
    ) -> None:
        self._wanted = wanted
        self._own = own_types
        self._spans = spans
        self._rejected = rejected
        shapes = shapes_for(wanted)
        together = [shape for shape in shapes if not shape.alone]
        self._passes = [[shape] for shape in shapes if shape.alone]
        if together:
            self._passes.insert(0, together)
        self._seen: dict[str, list[Found]] = {}

    def found_in(self, texts: pl.Series) -> pl.DataFrame:
        """Columns ``row``, those of `FOUND`, ``start`` and ``end``; each indicator once a text."""
        rows = pl.int_range(len(texts), dtype=pl.UInt32, eager=True)
        distinct = (
            pl.DataFrame({"value": texts, "row": rows})
            .filter(pl.col("value").str.len_bytes() >= 2)
            .group_by("value", maintain_order=True)
            .agg("row")
        )
        values = distinct["value"]
        parts = [pl.DataFrame(schema=_MATCHED)]
        if self._wanted & _READ_FROM_PIECES:
            parts.append(self._from_pieces(values))
        parts += [self._shaped(values, shapes) for shapes in self._passes]
        parts += [self._owned(values, own) for own in self._own]
        # A good one goes before one that was left out elsewhere in the same text.
        matched = (
            pl.concat(parts)
            .sort("text", pl.col("reason") != "", maintain_order=True)
            .unique(["text", "IoCType", "Observable"], keep="first", maintain_order=True)
        )
        return (
            _placed(self._by_priority(matched), asked=self._spans)
            .join(distinct.select("row").with_row_index("text"), on="text", maintain_order="left")
            .explode("row")
            .drop("text", "piece", "at")
        )

    def _from_pieces(self, values: pl.Series) -> pl.DataFrame:
        pieces = chunks(values).rename({"chunk": "piece"})
        distinct = pieces["piece"].unique(maintain_order=True)
        if not self._rejected:
            distinct = worth_reading(distinct)
        if len(self._seen) > _REMEMBERED:
            self._seen.clear()
        read: list[_Row] = []
        for piece in distinct:
            found = self._seen.get(piece)
            if found is None:
                found = self._seen[piece] = read_chunk(piece)
            read.extend((piece, *each) for each in found if self._is_asked(each[0], each[4]))
        return self._joined(values, pieces, read)

    def _shaped(self, values: pl.Series, shapes: list[Shape]) -> pl.DataFrame:
        pattern = "|".join(f"(?:{shape.pattern})" for shape in shapes)
        pieces = _listed(values.str.extract_all(pattern))
        read: list[_Row] = []
        for piece in pieces["piece"].unique(maintain_order=True):
            # One of several expressions matched; the reader that makes sense of it is the right.
            given = [
                each
                for shape in shapes
                if shape.start is None or shape.start.match(piece)
                for each in shape.read(piece)
            ]
            for ioc_type, value, reason in [each for each in given if not each[2]] or given:
                if self._is_asked(ioc_type, reason):
                    scope = "" if reason else indicator_scope(ioc_type, value)
                    read.append((piece, ioc_type, value, False, scope, reason))
        return self._joined(values, pieces, read)

    def _owned(self, values: pl.Series, own: OwnType) -> pl.DataFrame:
        pieces = _listed(own.found_in(values))
        read = [(piece, own.name, piece, False, "", "") for piece in pieces["piece"].unique()]
        return self._joined(values, pieces, read)

    def _is_asked(self, ioc_type: str, reason: str) -> bool:
        return ioc_type in self._wanted and (self._rejected or not reason)

    def _joined(self, values: pl.Series, pieces: pl.DataFrame, read: list[_Row]) -> pl.DataFrame:
        known = pl.DataFrame(read, schema={"piece": pl.String, **FOUND}, orient="row")
        at = starts_of(values, pieces) if self._spans else pl.lit(None, pl.Int64)
        return (
            pieces.with_columns(at=at)
            .join(known, on="piece", maintain_order="left_right")
            .select(list(_MATCHED))
        )

    def _by_priority(self, matched: pl.DataFrame) -> pl.DataFrame:
        """Of a text that is one of the caller's own types and another, keep the more important."""
        if not self._own:
            return matched
        ranks = {own.name: own.priority + 0.5 for own in self._own}  # a draw: the built-in wins
        types = matched["IoCType"].unique()
        rank = {name: ranks.get(name, float(priority_of(name))) for name in types}
        own = pl.col("IoCType").is_in(list(ranks))
        key = ["text", "Observable"]
        ranked = matched.with_columns(
            rank=pl.col("IoCType").replace_strict(rank, return_dtype=pl.Float64), own=own
        )
        best = pl.col("rank") == pl.col("rank").min().over(key)
        return ranked.filter(~pl.col("own").any().over(key) | best).drop("rank", "own")


def _listed(found: pl.Series) -> pl.DataFrame:
    """One row for each match, with the position of its text."""
    places = pl.int_range(len(found), dtype=pl.UInt32, eager=True)
    frame = pl.DataFrame({"text": places, "piece": found})
    return frame.filter(pl.col("piece").list.len() > 0).explode("piece")


def _placed(matched: pl.DataFrame, *, asked: bool) -> pl.DataFrame:
    """With ``start`` and ``end`` where they are asked for, else with nulls."""
    if not asked:
        nothing = pl.lit(None, pl.Int64)
        return matched.with_columns(start=nothing, end=nothing)
    spans = [
        span_in(piece, ioc_type, value)
        for piece, ioc_type, value in matched.select("piece", "IoCType", "Observable").iter_rows()
    ]
    bounds = pl.DataFrame(
        [span or (None, None) for span in spans],
        schema={"start": pl.Int64, "end": pl.Int64},
        orient="row",
    )
    return matched.with_columns(
        start=matched["at"] + bounds["start"], end=matched["at"] + bounds["end"]
    )
