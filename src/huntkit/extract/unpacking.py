"""Decoding in the shape that older notebooks know: tagged text and one row for each item."""

import io
from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from huntkit.core.errors import UsageError
from huntkit.core.text import visible
from huntkit.extract.archived_files import archived_files
from huntkit.extract.decode_limits import DecodeLimits, Room
from huntkit.extract.encoded_bytes import ARCHIVES, Allowed, Context, Opened, open_bytes
from huntkit.extract.layers import Layer, decode_text, decode_texts
from huntkit.extract.texts import text_of
from huntkit.tables import as_kind, step
from huntkit.tables.values import as_text

_HASHES = ("md5", "sha1", "sha256")
_SHOWN_BYTES = 65_536
_Schema = dict[str, pl.DataType | type[pl.DataType]]
_ITEM: _Schema = {
    "reference": pl.List(pl.String),
    "original_string": pl.String,
    "file_name": pl.String,
    "file_type": pl.String,
    "input_bytes": pl.Binary,
    "decoded_string": pl.String,
    "encoding_type": pl.String,
    "file_hashes": pl.Struct(dict.fromkeys(_HASHES, pl.String)),
    **dict.fromkeys(_HASHES, pl.String),
    "printable_bytes": pl.String,
    "note": pl.String,
}
_TABLE_ROOM = 64 << 20


def unpack(input_string: str, trace: bool = False, utf16: bool = False) -> tuple[str, Any]:
    """The text with its encoded parts replaced by what they say, and a pandas frame of the items.

    Each part stands between ``<decoded type=... name=... index=... depth=...>`` and
    ``</decoded>``; `decode` gives the same as a plain table. What is found, the limits and what is
    left alone are those of `decode`; `utf16` and `trace` change nothing, as UTF-16 is found
    where it is.

    Returns:
        The text, and columns ``reference original_string file_name file_type input_bytes
        decoded_string encoding_type file_hashes md5 sha1 sha256 printable_bytes note``. The note
        says which limit stopped the work, if one did.

    Examples:
        >>> unpack("cmd /c echo aHR0cDovL2V2aWwuZXhhbXBsZS5jb20vYQ==")[0]
        "cmd /c echo <decoded type='string' name='[None]' index='1' depth='1'>http://evil.example.com/a</decoded>"
    """
    del trace, utf16
    if not isinstance(input_string, str):
        raise UsageError("unpack takes one text", hint="for a frame there is unpack_df")
    text = as_text(input_string)
    told = _Told(text, decode_text(text))
    return told.text, as_kind(pl.DataFrame(told.items, schema=_ITEM, orient="row"), "pandas")


@step(split="row", columns=("column",), index="src_index")
def unpack_df(
    data: pl.DataFrame,
    column: str,
    trace: bool = False,
    utf16: bool = False,
) -> pl.DataFrame:
    """One row for each item in a column of any frame, as `unpack` gives them.

    Values that are no text are read as text; nulls hold nothing.

    Returns:
        The columns of `unpack`, then ``src_index`` (the row of `data`; of a pandas frame its index
        value), the columns of `data` and ``full_decoded_string``, the tagged text.

    Examples:
        >>> frame = pl.DataFrame({"cmd": ["dir", "powershell -enc ZABpAHIAIABjADoA"]})
        >>> unpack_df(frame, "cmd").select("src_index", "decoded_string", "encoding_type").rows()
        [(1, 'dir c:', 'utf-16')]
    """
    del trace, utf16
    texts = text_of(data[column])
    size = int(texts.str.len_bytes().sum())
    room = Room(max(_TABLE_ROOM, size * DecodeLimits().table_ratio))
    layers = decode_texts(texts.fill_null(""), room=room)
    told = [
        (at, _Told(text, its))
        for at, (text, its) in enumerate(zip(texts.to_list(), layers, strict=True))
        if its
    ]
    items = pl.DataFrame(
        [(*item, at, one.text) for at, one in told for item in one.items],
        schema={**_ITEM, "src_index": pl.Int64, "full_decoded_string": pl.String},
        orient="row",
    )
    own = data.drop([*_ITEM, "src_index", "full_decoded_string"], strict=False)
    return items.select(
        *_ITEM, "src_index", *(each.gather(items["src_index"]) for each in own.get_columns()),
        pl.col("full_decoded_string"),
    )  # fmt: skip


def unpack_items(
    input_string: str | None = None,
    data: Any = None,
    column: str | None = None,
    trace: bool = False,
    utf16: bool = False,
) -> Any:
    """`unpack` for a text, `unpack_df` for a frame and a column."""
    if input_string is not None:
        return unpack(input_string, trace, utf16)
    if data is None or column is None:
        raise UsageError(
            "there is nothing to unpack", hint="give input_string=, or data= and column="
        )
    return unpack_df(data, column, trace, utf16)


def get_items_from_gzip(binary: bytes) -> tuple[str, dict[str, bytes]]:
    """``gz`` and the content by its name; ``gzip_file`` where the file keeps none.

    Examples:
        >>> import gzip
        >>> get_items_from_gzip(gzip.compress(b"hello"))
        ('gz', {'gzip_file': b'hello'})
    """
    opened = open_bytes(binary, Allowed(depth=1), Context(sure=True))
    if opened is None or not opened.stages or opened.stages[0].name != "gzip":
        return "gz", {}
    return "gz", {visible(opened.file_name) or "gzip_file": opened.data}


def get_items_from_zip(binary: bytes) -> tuple[str, dict[str, bytes]]:
    """``zip`` and the contents by their names, within the limits of `decode`."""
    return "zip", _contents(binary, "zip")


def get_items_from_tar(binary: bytes) -> tuple[str, dict[str, bytes]]:
    """``tar`` and the contents by their names, within the limits of `decode`."""
    return "tar", _contents(binary, "tar")


def _contents(binary: bytes, kind: str) -> dict[str, bytes]:
    limits = DecodeLimits()
    files = archived_files(binary, kind, limits, room=limits.size_bytes)
    return {file.name: file.data for file, _ in zip(files, range(limits.files), strict=False)}


def get_hashes(binary: bytes) -> dict[str, str]:
    """MD5, SHA-1 and SHA-256 of some bytes, in hexadecimal.

    Examples:
        >>> get_hashes(b"abc")["md5"]
        '900150983cd24fb0d6963f7d28e17f72'
    """
    return dict(zip(_HASHES, Opened((), "", binary, is_text=False).hashes, strict=True))


class _Told:
    """One text told with tags, and its items."""

    def __init__(self, text: str, layers: Sequence[Layer]) -> None:
        self._below: dict[int, list[Layer]] = {}
        self._texts = {0: text, **{layer.number: layer.content.text for layer in layers}}
        self.items: list[tuple[object, ...]] = []
        for layer in layers:
            if layer.encoding:
                self._below.setdefault(layer.parent, []).append(layer)
            else:  # what a limit kept out
                self.items.append(_item(layer, "", ""))
        self.text = self._tagged(0, "")

    def _tagged(self, number: int, index: str) -> str:
        """A text with what is below it; each layer stands once, so it is as long as they all."""
        text = self._texts[number]
        out = io.StringIO()
        at = 0
        for place, layer in enumerate(self._below.get(number, ()), start=1):
            start, end = layer.start or 0, layer.end or 0
            out.write(text[at:start])
            out.write(self._tag(layer, f"{index}{place}", text[start:end]))
            at = end
        out.write(text[at:])
        return out.getvalue()

    def _tag(self, layer: Layer, index: str, original: str) -> str:
        content = layer.content
        if content.file_type in ARCHIVES:
            below = self._below.get(layer.number, ())
            inner = "".join(
                self._tag(each, f"{index}.{place}", original)
                for place, each in enumerate(below, start=1)
            )
            what = "value='multiple binary' type='multiple'"
        else:
            self.items.append(_item(layer, index, original))
            shown = "string" if content.is_text else "binary"
            what = f"type='{shown}' name='{_name(layer)}'"
            inner = (
                self._tagged(layer.number, f"{index}.") if content.is_text else _printable(content)
            )
        return f"<decoded {what} index='{index}' depth='{layer.depth}'>{inner}</decoded>"


def _name(layer: Layer) -> str:
    kind = _kind(layer)
    if kind is None:
        return "[None]"
    name = layer.file_name or ("gzip_file" if kind == "gz" else "unknown")
    return f"[{kind}] Filename: {name}".replace("'", "&#39;")


def _kind(layer: Layer) -> str | None:
    """What the item came out of: ``zip``, ``tar``, ``gz`` ..., or its own kind of file."""
    if layer.content.file_type:
        return layer.content.file_type
    packed = [stage.name for stage in layer.content.stages[1:]]
    if layer.start is None and layer.content.stages:
        packed.append(layer.content.stages[0].name)
    return {"gzip": "gz"}.get(packed[0], packed[0]) if packed else None


def _item(layer: Layer, index: str, original: str) -> tuple[object, ...]:
    content = layer.content
    hashes: Mapping[str, str] = dict(zip(_HASHES, content.hashes, strict=True))
    encoding = (
        content.encodings[-1].removesuffix("-le").removesuffix("-be")
        if (content.is_text and content.encodings)
        else "binary"
    )
    above, _, last = index.rpartition(".")
    kind = _kind(layer)
    return (
        [f"{above}." if above else "", f"{layer.depth}.", last], original,
        layer.file_name or ("gzip_file" if kind == "gz" else "unknown"), kind, content.data,
        content.text, encoding, hashes, *content.hashes, _printable(content), layer.note,
    )  # fmt: skip


def _printable(content: Opened) -> str:
    """The bytes in hexadecimal; of long ones the first, and how many there are."""
    shown = content.data[:_SHOWN_BYTES].hex(" ")
    more = content.size - _SHOWN_BYTES
    return f"{shown} ... {more:,} bytes more" if more > 0 else shown
