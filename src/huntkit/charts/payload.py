"""Data on its way into the page: packed, as base64 or as JSON that can't end its script element."""

import base64
import json
import zlib
from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

import polars as pl

from huntkit.core.text import visible


class Coded(TypedDict):
    """A column of text as its distinct values in order of appearance, and a code per row.

    The code 0 is the next value that has not appeared yet, n + 1 is value n again: a column
    whose texts are all different is all zeros, which pack to nothing.
    """

    values: list[str]
    codes: list[int]


class Named(Coded):
    """A coded column with its name."""

    name: str


def script_json(value: Mapping[str, Any]) -> str:
    r"""JSON for a ``<script type="application/json">``: plain ASCII without ``<``, ``>`` and ``&``.

    Examples:
        >>> print(script_json({"name": "</script>"}))
        {"name":"\u003c/script\u003e"}
    """
    text = json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def packed(content: bytes) -> str:
    """The content compressed, in base64; ``inflate`` in ``js/src/decode.js`` undoes it."""
    level = 6 if len(content) < 1_000_000 else 4  # level 6 costs twice the time for 2 % less
    return base64.b64encode(zlib.compress(content, level)).decode("ascii")


def json_bytes(value: object) -> bytes:
    """Compact JSON as UTF-8, for `packed`."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def planes(deltas: pl.Series) -> bytes:
    """Non-negative integers as byte planes, lowest byte first, as many as the largest one needs.

    Planes of high bytes are nearly all zero and compress to nothing.

    Examples:
        >>> planes(pl.Series([1, 2, 258])).hex()
        '010202000001'
    """
    largest = int(deltas.max() or 0)  # type: ignore[arg-type]
    count = max(1, (largest.bit_length() + 7) // 8)
    shifted = ((deltas // 256**place) % 256 for place in range(count))
    return b"".join(octets(plane) for plane in shifted)


def octets(numbers: pl.Series) -> bytes:
    """Integers from 0 to 255 as bytes."""
    # Not through to_numpy() of pyarrow: that loads pandas, which takes a second.
    array = numbers.cast(pl.UInt8).rechunk().to_arrow()
    content = array.buffers()[1]
    return content.to_pybytes()[array.offset : array.offset + len(array)] if content else b""


def coded(texts: pl.Series, *, limit: int) -> Coded:
    """A column of any type as visible texts of at most `limit` characters; null is empty text."""
    shown = as_text(texts, limit=limit)
    values: dict[str, int] = {}
    codes = []
    for text in shown:
        codes.append(values.get(text, 0))
        values.setdefault(text, len(values) + 1)
    return {"values": list(values), "codes": codes}


def named(column: pl.Series, *, limit: int) -> Named:
    """A coded column under its own name, as a page may show it."""
    return {"name": visible(column.name, limit=80), **coded(column, limit=limit)}


def as_text(values: pl.Series, *, limit: int) -> Sequence[str]:
    """The values as visible texts of at most `limit` characters; null is empty text."""
    values = values.alias("values")  # Polars would take some names for patterns
    if values.dtype.is_temporal():
        texts = values.dt.to_string().to_list()
    elif values.dtype == pl.Binary:
        texts = [None if value is None else value.hex() for value in values.head(len(values))]
    elif values.dtype.is_nested() or values.dtype == pl.Object:
        texts = [None if value is None else _nested(value) for value in values.to_list()]
    elif values.dtype == pl.String:
        # Cut before anything else walks the text: a field may hold megabytes.
        texts = values.str.head(limit + 1).to_list()
    else:
        texts = values.cast(pl.String).to_list()
    known: dict[str | None, str] = {None: ""}
    out = []
    for text in texts:
        if text not in known:
            known[text] = visible(text, limit=limit)
        out.append(known[text])
    return out


def _nested(value: object) -> str:
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, default=str)
