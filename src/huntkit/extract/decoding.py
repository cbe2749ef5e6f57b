"""Encoded text made readable: base64 with what lies inside, layer by layer."""

from collections.abc import Sequence

import polars as pl

from huntkit.core.errors import UnknownColumn
from huntkit.core.progress import SILENT, Progress
from huntkit.extract.decode_limits import MIB, DecodeLimits, Room
from huntkit.extract.layers import Layer, decode_texts
from huntkit.extract.run_contents import Memory
from huntkit.extract.texts import also_one_text, batches, columns_to_search, text_of
from huntkit.tables import step

_STEP = pl.Struct({"encoding": pl.String, "size": pl.Int64, "sha256": pl.String})
_Schema = dict[str, pl.DataType | type[pl.DataType]]
_OWN: _Schema = {
    "text": pl.UInt32,
    "content": pl.UInt32,
    "files": pl.String,
    "Layer": pl.Int64,
    "ParentLayer": pl.Int64,
    "Depth": pl.Int64,
    "Encoding": pl.String,
    "start": pl.Int64,
    "end": pl.Int64,
    "Note": pl.String,
    "Announced": pl.Boolean,
    "limit": pl.String,
    "file_name": pl.String,
}
_CONTENT: _Schema = {
    "Decoded": pl.String,
    "Size": pl.Int64,
    "file_type": pl.String,
    "md5": pl.String,
    "sha1": pl.String,
    "sha256": pl.String,
    "steps": pl.List(_STEP),
}
_LAYER: _Schema = {
    name: kind for name, kind in (_OWN | _CONTENT).items() if name not in list(_OWN)[:3]
}
_SOURCE: _Schema = {"Input": pl.String, "SourceIndex": pl.Int64, "input_column": pl.String}
_ORDER = [
    "Input", "SourceIndex", "input_column", "Depth", "Encoding", "Decoded", "start", "end", "Note",
    "Layer", "ParentLayer", "Size", "Announced", "limit", "file_name", "file_type", "md5", "sha1",
    "sha256", "steps",
]  # fmt: skip
_TABLE_ROOM = 64 * MIB


@also_one_text
@step(split="row", columns=("columns", "keep"), index="SourceIndex")
def decode(
    data: pl.DataFrame,
    columns: str | Sequence[str] | None = None,
    *,
    limits: DecodeLimits | None = None,
    xor: bool = False,
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
        limits: where the work on one text stops; ``limit`` and ``Note`` say so if it did.
        xor: try all keys of one byte on what is not readable. Slower, as every run is tried.
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
    memory = Memory()
    searched = {name: text_of(data[name]) for name in names}
    size = sum(int(texts.str.len_bytes().sum()) for texts in searched.values())
    room = Room(max(_TABLE_ROOM, size * bounds.table_ratio))
    with progress.task("decoding", total=data.height * len(names)) as task:
        for place, name in enumerate(names):
            for start, texts in batches(searched[name]):
                task.check_cancelled()
                found = _in_texts(texts, bounds, memory, room, xor=xor)
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


def _in_texts(
    texts: pl.Series, limits: DecodeLimits, memory: Memory, room: Room, *, xor: bool
) -> pl.DataFrame:
    """Layers of each row; each distinct text is decoded once."""
    rows = pl.int_range(len(texts), dtype=pl.UInt32, eager=True)
    distinct = (
        pl.DataFrame({"value": texts, "row": rows})
        .drop_nulls("value")
        .group_by("value", maintain_order=True)
        .agg("row")
    )
    found = _frame(decode_texts(distinct["value"], limits, memory, xor=xor, room=room))
    return (
        found.join(distinct.select("row").with_row_index("text"), on="text", maintain_order="left")
        .explode("row")
        .sort("row", maintain_order=True)
    )


def _frame(layers: Sequence[Sequence[Layer]]) -> pl.DataFrame:
    """All layers with the number of their text; what many have in common is made once."""
    contents = {id(layer.content): layer.content for some in layers for layer in some}
    places = dict(zip(contents, range(len(contents)), strict=True))
    shared = pl.DataFrame(
        [
            (content.text, content.size, content.file_type, *content.hashes, content.steps)
            for content in contents.values()
        ],
        schema=_CONTENT,
        orient="row",
    )
    own = pl.DataFrame(
        [
            (
                number, places[id(layer.content)], "\n".join(layer.files) or None, layer.number,
                layer.parent, layer.depth, layer.encoding, layer.start, layer.end, layer.note,
                layer.announced, layer.limit, layer.file_name,
            )
            for number, some in enumerate(layers)
            for layer in some
        ],
        schema=_OWN,
        orient="row",
    )  # fmt: skip
    found = pl.concat([own, shared[own["content"]]], how="horizontal")
    hashes = pl.col("md5", "sha1", "sha256")
    return found.with_columns(
        pl.coalesce("files", "Decoded").alias("Decoded"),
        pl.when(pl.col("Encoding") == "").then(pl.lit("")).otherwise(hashes).name.keep(),
    ).select("text", *_LAYER)
