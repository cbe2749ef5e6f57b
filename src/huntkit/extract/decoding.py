"""Encoded text made readable: base64 with what lies inside, layer by layer."""

from collections.abc import Sequence

import polars as pl

from huntkit.core.errors import UnknownColumn
from huntkit.core.progress import SILENT, Progress
from huntkit.extract.layers import MIN_RUN, DecodeLimits, Memory, decode_text, may_be_encoded
from huntkit.extract.texts import also_one_text, batches, columns_to_search, text_of
from huntkit.tables import step

_LAYER = {
    "Layer": pl.Int64,
    "ParentLayer": pl.Int64,
    "Depth": pl.Int64,
    "Encoding": pl.String,
    "Decoded": pl.String,
    "start": pl.Int64,
    "end": pl.Int64,
    "Size": pl.Int64,
    "Note": pl.String,
    "Announced": pl.Boolean,
}
_SOURCE = {"Input": pl.String, "SourceIndex": pl.Int64, "input_column": pl.String}
_ORDER = [
    "Input", "SourceIndex", "input_column", "Depth", "Encoding", "Decoded", "start", "end", "Note",
    "Layer", "ParentLayer", "Size", "Announced",
]  # fmt: skip
_RUN = rf"[A-Za-z0-9+/_\-]{{{MIN_RUN},}}"
# PowerShell's -EncodedCommand in its abbreviations, and the calls whose argument is base64.
_CONTEXT = (
    r"(?i-u:[-/]e(?:c|a|n[codeman^`]*)?\s+[\"']?[a-z0-9+/]{4}|base64string|base64,|b64decode)"
)


@also_one_text
@step(split="row", columns=("columns", "keep"), index="SourceIndex")
def decode(
    data: pl.DataFrame,
    columns: str | Sequence[str] | None = None,
    *,
    limits: DecodeLimits | None = None,
    keep: Sequence[str] = (),
    include_input: bool = True,
    progress: Progress = SILENT,
) -> pl.DataFrame:
    """What base64 in the text of one or more columns says: one row for each decoded layer.

    Finds standard, URL-safe and unpadded base64, also cut into ``'a'+'b'`` or lines; knows the
    argument of PowerShell's ``-EncodedCommand`` and of ``FromBase64String`` however short; looks
    through gzip, zlib, deflate, bz2 and xz; finds UTF-8 and UTF-16 by itself; and searches what
    came out again, down to 20 layers. Runs that decode to nothing readable are left out unless the
    context says that they are encoded.

    Args:
        data: any frame, or one text.
        columns: the columns to search; their values may be of any type, nulls included. Every
            text column whose name does not start with ``_`` if left out.
        limits: where the work on one text stops; ``Note`` says so if it did.
        keep: columns of `data` to carry along, such as the time.
        include_input: whether ``Input`` holds the searched text.
        progress: told about each batch; may cancel.

    Returns:
        Columns ``Input SourceIndex input_column Depth Encoding Decoded start end Note Layer
        ParentLayer Size Announced`` and those of `keep`. ``Encoding`` names the steps from outside
        to inside.
        ``start`` and ``end`` are characters in the text of ``ParentLayer``; its 0 is the input.
        ``Decoded`` of a binary holds the strings in it. ``Announced`` is true where something says
        that code was hidden: a switch or call that decodes stands in the text, the content was
        compressed, is UTF-16 or a program, calls a shell, or lies inside such a layer. Where it is
        false, software wrote some value of its own in base64; filter by it to see commands only.

    Raises:
        UnknownColumn: a column that `data` lacks.
        UsageError: there is no text column.

    Examples:
        >>> frame = pl.DataFrame({"cmd": ["powershell -enc ZABpAHIAIABjADoA"]})
        >>> decode(frame, "cmd").select("Depth", "Encoding", "Decoded").rows()
        [(1, 'base64 > utf-16-le', 'dir c:')]
    """
    names = columns_to_search(data, columns)
    clash = [name for name in keep if name in _ORDER]
    if clash:
        raise UnknownColumn(
            clash[0], data.columns, hint="that name belongs to the result; rename the column first"
        )
    bounds = limits or DecodeLimits()
    parts = [pl.DataFrame(schema={**_LAYER, **_SOURCE, "place": pl.UInt32})]
    with progress.task("decoding", total=data.height * len(names)) as task:
        for place, name in enumerate(names):
            for start, texts in batches(text_of(data[name])):
                task.check_cancelled()
                found = _in_texts(texts, bounds)
                parts.append(
                    found.select(
                        *_LAYER,
                        Input=texts.gather(found["row"]),
                        SourceIndex=pl.col("row").cast(pl.Int64) + start,
                        input_column=pl.lit(name),
                        place=pl.lit(place, pl.UInt32),
                    )
                )
                task.advance(len(texts))
    result = pl.concat(parts).sort("SourceIndex", "place", maintain_order=True)
    carried = [data[name].gather(result["SourceIndex"]) for name in keep]
    shown = _ORDER if include_input else _ORDER[1:]
    return result.select(*shown, *carried)


def _in_texts(texts: pl.Series, limits: DecodeLimits) -> pl.DataFrame:
    """Layers of each row; each distinct text is decoded once."""
    rows = pl.int_range(len(texts), dtype=pl.UInt32, eager=True)
    distinct = (
        pl.DataFrame({"value": texts, "row": rows})
        .drop_nulls("value")
        .group_by("value", maintain_order=True)
        .agg("row")
    )
    memory = Memory()
    distinct = distinct.filter(_worth_reading(distinct["value"]))
    layers = [
        (number, *layer)
        for number, text in enumerate(distinct["value"])
        for layer in decode_text(text, limits, memory)
    ]
    found = pl.DataFrame(layers, schema={"text": pl.UInt32, **_LAYER}, orient="row")
    return (
        found.join(distinct.select("row").with_row_index("text"), on="text", maintain_order="left")
        .explode("row")
        .sort("row", maintain_order=True)
    )


def _worth_reading(texts: pl.Series) -> pl.Series:
    """Which texts hold a run that decodes to something, or a context that announces one."""
    runs = pl.DataFrame({"runs": texts.str.extract_all(_RUN)}).with_row_index("text")
    runs = runs.filter(pl.col("runs").list.len() > 0).explode("runs")
    distinct = runs["runs"].unique()
    good = distinct.filter(pl.Series([may_be_encoded(run) for run in distinct], dtype=pl.Boolean))
    places = runs.filter(pl.col("runs").is_in(good.implode()))["text"].unique()
    numbers = pl.int_range(len(texts), dtype=pl.UInt32, eager=True)
    return texts.str.contains(_CONTEXT) | numbers.is_in(places.implode())
