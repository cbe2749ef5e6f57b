"""A stream of events as the page reads it: lanes, distances in time, numbers and texts."""

import math
import zlib
from collections.abc import Sequence
from typing import Any, Final

import polars as pl

from huntkit.charts.events import stamp
from huntkit.charts.payload import Named, named, planes

FEW: Final = 50_000  # up to so many events, all carry their texts;
TEXTS: Final = 3_000  # of more events only the first so many do,
TEXT_BYTES: Final = 1_500_000  # and never more text than this in all
TEXT_LIMIT: Final = 300  # characters of one text
PACKED_BYTES: Final = 1_150_000  # for all of it, packed; times become coarser to fit

_UNITS_US: Final = (
    1, 1_000, 5_000, 20_000, 100_000, 250_000, 500_000, 1_000_000, 5_000_000, 15_000_000,
    60_000_000,
)  # fmt: skip

_WHOLE: Final = 2**52  # integers beyond this are not exact in a page


def lanes(
    events: pl.DataFrame, most: int, *, time: str, lane: str
) -> tuple[list[dict[str, Any]], pl.Series]:
    """The lanes from the biggest to the smallest, and the lane of every event (as UInt8).

    Groups beyond the `most` biggest share a last lane, which says so.
    """
    found = (
        events.group_by(lane)
        .agg(
            pl.len().alias("count"),
            pl.col(time).min().alias("first"),
            pl.col(time).max().alias("last"),
        )
        .sort(["count", lane], descending=[True, False])
    )
    if found.height > most + 1:  # one lane of "others" for a single group would hide its name
        rest = found.slice(most)
        others = pl.DataFrame(
            {
                lane: [f"{rest.height:,} others"],
                "count": pl.Series([rest["count"].sum()], dtype=found["count"].dtype),
                "first": [rest["first"].min()],
                "last": [rest["last"].max()],
            }
        ).cast(dict(found.schema))  # type: ignore[arg-type]
        shown = pl.concat([found.head(most), others])
        number = {name: place for place, name in enumerate(found[lane].head(most))}
    else:
        shown = found
        number = {name: place for place, name in enumerate(found[lane])}
    of_event = (
        events[lane].replace_strict(number, default=len(number), return_dtype=pl.UInt8)
        if number
        else pl.Series([], dtype=pl.UInt8)
    )
    told = [
        {
            "name": name,
            "count": count,
            "first": stamp(first),
            "last": stamp(last),
            "rest": place == len(number),
        }
        for place, (name, count, first, last) in enumerate(shown.iter_rows())
    ]
    return told, of_event


def labels(lanes: list[dict[str, Any]], of_event: pl.Series, name: str) -> pl.Series:
    """The name of every event's lane."""
    names = pl.Series([lane["name"] for lane in lanes], dtype=pl.String)
    return names.gather(of_event).alias(name) if lanes else pl.Series(name, [], dtype=pl.String)


def gaps(stamps: pl.Series, room: int) -> tuple[int, bytes]:
    """The unit of time for the page, and the events' distances in it.

    The unit is as fine as the data, if that fits the room, else the first that does.
    """
    finest = next((unit for unit in (1_000_000, 1_000) if (stamps % unit == 0).all()), 1)
    since = stamps - (stamps.min() or 0)
    for unit in (unit for unit in _UNITS_US if unit >= finest):
        steps = (since // unit).diff().fill_null(0)
        # Nothing packs below the bits that the numbers have, so most misses cost no packing.
        least = float((steps + 1).log(2).sum() or 0) / 8
        if least <= room or unit == _UNITS_US[-1]:
            content = planes(steps)
            if len(content) <= room or len(zlib.compress(content, 1)) <= room:
                break
    return unit, content


def rounding(stamps: pl.Series, unit_us: int) -> str:
    """A sentence that says how times are rounded, or an empty text if none is.

    Examples:
        >>> rounding(pl.Series([0, 1_500]), 1_000)
        'To keep the page small, times are rounded down to 0.001 s.'
        >>> rounding(pl.Series([7, 1_007]), 1_000)
        ''
    """
    if not ((stamps - (stamps.min() or 0)) % unit_us != 0).any():
        return ""
    return f"To keep the page small, times are rounded down to {unit_us / 1e6:g} s."


def texts(events: pl.DataFrame, names: Sequence[str]) -> tuple[list[Named], int]:
    """The texts of the first events, and of how many there are any."""
    rows = events.height if events.height <= FEW else TEXTS
    while True:
        first = events.head(rows)
        columns = [named(first[name], limit=TEXT_LIMIT) for name in names]
        size = sum(len(text) for column in columns for text in column["values"])
        if size <= TEXT_BYTES or rows < 2:
            return columns, rows
        rows = math.floor(rows * TEXT_BYTES / size)


def numbers(values: pl.Series) -> tuple[dict[str, float], bytes]:
    """Numbers for ``numbers`` in ``js/src/decode.js``, and how they are written.

    Integers, and decimals of up to six digits, are exact; other numbers are rounded to 32 bits,
    which is about seven digits, where that saves a megabyte.
    """
    if values.dtype.is_integer() or values.is_empty():
        low, high = _ends(values.cast(pl.Int128))
        if max(abs(low), abs(high)) < _WHOLE:
            return {"base": low, "scale": 1, "float": 0}, planes(values.cast(pl.Int64) - low)
    floats = values.cast(pl.Float64)
    for digits in range(7):
        scaled = (floats * 10**digits).round()
        # By a whole column: Polars divides by one number through its reciprocal, which is inexact.
        exact = scaled / pl.repeat(float(10**digits), len(scaled), eager=True) == floats
        if (scaled.abs() < _WHOLE).all() and exact.all():
            low = _ends(scaled)[0]
            steps = (scaled - low).cast(pl.Int64)
            return {"base": low, "scale": 10**digits, "float": 0}, planes(steps)
    kind = pl.Float64 if len(values) <= FEW else pl.Float32
    width = 8 if kind == pl.Float64 else 4
    return {"base": 0, "scale": 1, "float": width}, _float_bytes(floats.cast(kind), width)


def _ends(values: pl.Series) -> tuple[int, int]:
    return int(values.min() or 0), int(values.max() or 0)  # type: ignore[arg-type]


def _float_bytes(values: pl.Series, width: int) -> bytes:
    """Little-endian floats as byte planes: bytes of one significance pack well together."""
    array = values.rechunk().to_arrow()
    content = array.buffers()[1]
    if content is None:
        return b""
    start = array.offset * width
    octets = content.to_pybytes()[start : start + len(array) * width]
    return b"".join(octets[place::width] for place in range(width))
