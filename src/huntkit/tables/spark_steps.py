"""Steps on a Spark DataFrame: the same function, on parts of the rows, in Spark's workers.

Nothing is collected. The workers need huntkit, too.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import polars as pl

from huntkit.core.errors import UsageError
from huntkit.tables.frames import to_polars
from huntkit.tables.stand_ins import exactly

if TYPE_CHECKING:
    import pyarrow as pa

Work = Callable[[pl.DataFrame], pl.DataFrame]
_UNSIGNED: dict[type[pl.DataType], type[pl.DataType]] = {
    pl.UInt8: pl.Int16,
    pl.UInt16: pl.Int32,
    pl.UInt32: pl.Int64,
    pl.UInt64: pl.Int64,
}


def in_rows(frame: Any, work: Work, *, index: str | None) -> Any:
    """A step of single rows, by ``mapInArrow``: on as many rows at once as Spark hands over.

    Rows of Spark have no position: the column ``index``, which would hold it, is null.
    """
    schema, part = _prepared(frame, work, index)

    def run(batches: Iterable["pa.RecordBatch"]) -> Iterator["pa.RecordBatch"]:
        import pyarrow as pa  # noqa: PLC0415  runs in Spark's workers

        for batch in batches:
            yield from part(pa.Table.from_batches([batch])).to_batches()

    return frame.mapInArrow(run, schema)


def in_groups(frame: Any, work: Work, *, by: Sequence[str], index: str | None) -> Any:
    """A step of groups, by ``applyInArrow``: on all rows of one group at once, in any order."""
    schema, part = _prepared(frame, work, index)
    return frame.groupBy(*(f"`{name.replace('`', '``')}`" for name in by)).applyInArrow(
        part, schema
    )


def refused(name: str) -> UsageError:
    """The error for a step that needs all rows at once."""
    return UsageError(
        f"{name} needs all rows at once, so it is not run on Spark",
        hint="choose the rows that matter first, and bring them here yourself: "
        "frame.where(...).limit(1_000_000).toArrow()",
    )


def _prepared(frame: Any, work: Work, index: str | None) -> tuple[Any, Callable[..., "pa.Table"]]:
    """The result's schema, found without a single row, and the work on one part."""
    from pyspark.sql.pandas import types  # noqa: PLC0415  an extra

    given = types.to_arrow_schema(frame.schema, timezone="UTC")
    result = _sendable(work(to_polars(given.empty_table())), index)
    wanted = _plain(result.to_arrow(compat_level=pl.CompatLevel.oldest()).schema)

    def part(rows: "pa.Table") -> "pa.Table":
        found = _sendable(work(to_polars(rows)), index)
        table: pa.Table = found.to_arrow(compat_level=pl.CompatLevel.oldest())
        return table.select(wanted.names).cast(wanted)

    return types.from_arrow_schema(wanted), part


def _sendable(result: pl.DataFrame, index: str | None) -> pl.DataFrame:
    """A result in types that Spark has."""
    kinds = {
        name: _UNSIGNED[kind.base_type()]
        for name, kind in result.schema.items()
        if kind.base_type() in _UNSIGNED
    }
    result = result.with_columns(exactly(name).cast(kind) for name, kind in kinds.items())
    if index is not None and index in result.columns:
        result = result.with_columns(pl.lit(None, pl.Int64).alias(index))
    return result


def _plain(schema: "pa.Schema") -> "pa.Schema":
    """The schema with texts and lists as Spark counts them, in 32 bits."""
    import pyarrow as pa  # noqa: PLC0415  slow to load

    return pa.schema([field.with_type(_small(field.type)) for field in schema])


def _small(kind: Any) -> Any:
    import pyarrow as pa  # noqa: PLC0415  slow to load

    if pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return pa.string()
    if pa.types.is_large_binary(kind):
        return pa.binary()
    if pa.types.is_large_list(kind):
        return pa.list_(_small(kind.value_type))
    if pa.types.is_struct(kind):
        return pa.struct([field.with_type(_small(field.type)) for field in kind])
    return kind
