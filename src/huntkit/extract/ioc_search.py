"""Indicators in text: addresses, names, URLs, mail addresses, hashes."""

from collections.abc import Iterable, Sequence

import polars as pl

from huntkit.core.errors import UnknownColumn
from huntkit.core.progress import SILENT, Progress
from huntkit.entities.indicators import IOC_TYPES, check_ioc_type
from huntkit.extract.chunk_reading import Found, read_chunk
from huntkit.extract.chunks import chunks, worth_reading
from huntkit.extract.lookalikes import never_in_field
from huntkit.extract.texts import also_one_text, batches, columns_to_search, text_of
from huntkit.tables import step

_FOUND = {
    "IoCType": pl.String,
    "Observable": pl.String,
    "defanged": pl.Boolean,
    "scope": pl.String,
}
_RESULT = {
    **_FOUND,
    "SourceIndex": pl.Int64,
    "Input": pl.String,
    "input_column": pl.String,
    "place": pl.UInt32,
}
_REMEMBERED = 500_000  # distinct pieces kept between batches


@also_one_text
@step(split="row", columns=("columns", "keep", "named_by"), index="SourceIndex")
def iocs(
    data: pl.DataFrame,
    columns: str | Sequence[str] | None = None,
    *,
    ioc_types: str | Iterable[str] | None = None,
    named_by: str | None = None,
    keep: Sequence[str] = (),
    include_input: bool = True,
    progress: Progress = SILENT,
) -> pl.DataFrame:
    """Indicators in the text of one or more columns: one row for each in each text.

    Values are valid and in their normal form (lower case, defanged ones made whole). The host of a
    URL and of a mail address is an indicator of its own. An IPv4 address mapped into IPv6
    (``::ffff:192.0.2.7``) is ``ipv4`` and nothing else; ``Input`` still shows how it was written.
    Only names under a public suffix are ``dns``; how file names and program code are told from
    names is written in `huntkit.extract.lookalikes`. Private and reserved addresses are found and
    marked in ``scope``. Unspecified addresses (``::``, ``0.0.0.0/8``) and hashes of one repeated
    digit are left out, so are addresses in columns of versions and hashes in columns that the name
    says hold something else (``ja3``, ``SessionId``).

    Args:
        data: any frame, or one text.
        columns: the columns to search; their values may be of any type, nulls included. Every
            text column whose name does not start with ``_`` if left out.
        ioc_types: which types; all of ``ipv4 ipv6 dns url email md5_hash sha1_hash sha256_hash``
            if left out.
        named_by: the column of `data` with the name of the field that each text came from, where
            the texts of several fields stand in one column.
        keep: columns of `data` to carry along, such as the time.
        include_input: whether ``Input`` holds the searched text.
        progress: told about each batch; may cancel.

    Returns:
        Columns ``IoCType Observable SourceIndex Input input_column defanged scope`` and those of
        `keep`, in the order of the rows and of the text. ``SourceIndex`` is the row's position, or
        its index value in pandas.

    Raises:
        UnknownColumn: a column that `data` lacks.
        UsageError: no such type of indicator, or no text column.

    Examples:
        >>> frame = pl.DataFrame({"text": ["GET hxxp://evil[.]example.com/a from 192.0.2.7:80"]})
        >>> iocs(frame, "text").select("IoCType", "Observable", "defanged", "scope").rows()
        [('url', 'http://evil.example.com/a', True, ''),
         ('dns', 'evil.example.com', True, ''),
         ('ipv4', '192.0.2.7', False, 'documentation')]
    """
    names = columns_to_search(data, columns)
    wanted = _wanted(ioc_types)
    clash = [name for name in keep if name in _columns(include_input)]
    if clash:
        raise UnknownColumn(
            clash[0], data.columns, hint="that name belongs to the result; rename the column first"
        )
    seen: dict[str, list[Found]] = {}
    parts = [pl.DataFrame(schema=_RESULT)]
    with progress.task("searching indicators", total=data.height * len(names)) as task:
        for place, name in enumerate(names):
            for start, texts in batches(text_of(data[name])):
                task.check_cancelled()
                found = _in_texts(texts, wanted, seen)
                field = pl.lit(name)
                if named_by is not None:
                    field = pl.lit(text_of(data[named_by]).slice(start).gather(found["row"]))
                found = _fitting(found.with_columns(field.alias("field")))
                parts.append(
                    found.select(
                        *_FOUND,
                        SourceIndex=pl.col("row").cast(pl.Int64) + start,
                        Input=texts.gather(found["row"]),
                        input_column=pl.lit(name),
                        place=pl.lit(place, pl.UInt32),
                    )
                )
                task.advance(len(texts))
    result = pl.concat(parts).sort("SourceIndex", "place", maintain_order=True)
    carried = [data[name].gather(result["SourceIndex"]) for name in keep]
    return result.select(*_columns(include_input), *carried)


def _wanted(ioc_types: str | Iterable[str] | None) -> frozenset[str]:
    if ioc_types is None:
        return frozenset(IOC_TYPES)
    names = [ioc_types] if isinstance(ioc_types, str) else ioc_types
    return frozenset(check_ioc_type(name) for name in names)


def _in_texts(
    texts: pl.Series, wanted: frozenset[str], seen: dict[str, list[Found]]
) -> pl.DataFrame:
    """Indicators of each row; each distinct text is cut once, each distinct piece read once."""
    rows = pl.int_range(len(texts), dtype=pl.UInt32, eager=True)
    distinct = (
        pl.DataFrame({"value": texts, "row": rows})
        .filter(pl.col("value").str.len_bytes() >= 3)
        .group_by("value", maintain_order=True)
        .agg("row")
    )
    pieces = chunks(distinct["value"])
    known = _read_all(worth_reading(pieces["chunk"].unique(maintain_order=True)), wanted, seen)
    return (
        pieces.join(known, on="chunk", maintain_order="left_right")
        .unique(["text", "IoCType", "Observable"], keep="first", maintain_order=True)
        .join(distinct.select("row").with_row_index("text"), on="text", maintain_order="left")
        .explode("row")
    )


def _fitting(found: pl.DataFrame) -> pl.DataFrame:
    """Without what the field, by its name, never holds: addresses among versions."""
    fields = found["field"].drop_nulls().unique()
    never = [(field, ioc_type) for field in fields for ioc_type in never_in_field(field)]
    if not never:
        return found
    wrong = pl.DataFrame(never, schema={"field": pl.String, "IoCType": pl.String}, orient="row")
    return found.join(wrong, on=["field", "IoCType"], how="anti", maintain_order="left")


def _read_all(
    distinct: pl.Series, wanted: frozenset[str], seen: dict[str, list[Found]]
) -> pl.DataFrame:
    if len(seen) > _REMEMBERED:
        seen.clear()
    rows: list[tuple[str, str, str, bool, str]] = []
    for chunk in distinct:
        found = seen.get(chunk)
        if found is None:
            found = seen[chunk] = read_chunk(chunk)
        rows.extend((chunk, *each) for each in found if each.ioc_type in wanted)
    return pl.DataFrame(rows, schema={"chunk": pl.String, **_FOUND}, orient="row")


def _columns(include_input: bool) -> list[str]:
    names = ["IoCType", "Observable", "SourceIndex", "Input", "input_column", "defanged", "scope"]
    return names if include_input else [name for name in names if name != "Input"]
