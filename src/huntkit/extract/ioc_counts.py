"""Indicators put together: how often each was seen, when, and where first."""

import polars as pl

from huntkit.core.errors import UnknownColumn, UsageError
from huntkit.tables import step

_NEEDED = ("IoCType", "Observable")


@step(split="whole", columns=("time_column", "table_column"))
def ioc_summary(
    data: pl.DataFrame,
    *,
    time_column: str | None = None,
    table_column: str | None = None,
    first_rows: int = 3,
) -> pl.DataFrame:
    """One row for each indicator, the most frequent first, from what `iocs` gave.

    Carry the time, the table, ``_file`` and ``_record`` along (``iocs(..., keep=...)``) to have
    them here; what was not carried is null or an empty list. Results of several tables may be
    stacked before. What ``iocs(..., rejected=True)`` left out is not counted.

    Args:
        data: rows of `iocs`.
        time_column: where the time of each row stands.
        table_column: where the name of the table stands.
        first_rows: how many places ``FirstRows`` names.

    Returns:
        Columns ``IoCType Observable scope defanged Count FirstTime LastTime Tables Files FirstRows
        _file _record``. ``Count`` is how many texts hold it; ``FirstRows`` names the first places
        as ``file#record``, or as ``SourceIndex`` where these were not carried; ``_file`` and
        ``_record`` are the very first.

    Raises:
        UsageError: `data` has no ``IoCType`` and ``Observable``.

    Examples:
        >>> from huntkit.extract import iocs
        >>> frame = pl.DataFrame({"text": ["to 192.0.2.7", "192.0.2.7 again", "192.0.2.9"]})
        >>> ioc_summary(iocs(frame, "text")).select("Observable", "Count", "FirstRows").rows()
        [('192.0.2.7', 2, ['0', '1']), ('192.0.2.9', 1, ['2'])]
    """
    for name in _NEEDED:
        if name not in data.columns:
            raise UnknownColumn(name, data.columns, hint="give this the result of iocs()")
    if first_rows < 1:
        raise UsageError(f"first_rows must be 1 or more, not {first_rows}")
    rows = _uniform(data, time_column, table_column)
    if time_column is not None:
        rows = rows.sort("time", maintain_order=True, nulls_last=True)
    place = pl.coalesce(pl.format("{}#{}", "_file", pl.col("_record").cast(pl.String)), "index")
    return (
        rows.with_columns(place=place)
        .group_by("IoCType", "Observable", maintain_order=True)
        .agg(
            scope=pl.col("scope").first(),
            defanged=pl.col("defanged").any(),
            Count=pl.len().cast(pl.Int64),
            FirstTime=pl.col("time").min(),
            LastTime=pl.col("time").max(),
            Tables=pl.col("table").drop_nulls().unique(maintain_order=True),
            Files=pl.col("_file").drop_nulls().unique(maintain_order=True),
            FirstRows=pl.col("place").drop_nulls().unique(maintain_order=True).head(first_rows),
            _file=pl.col("_file").first(),
            _record=pl.col("_record").first(),
        )
        .sort("Count", descending=True, maintain_order=True)
    )


def _uniform(data: pl.DataFrame, time: str | None, table: str | None) -> pl.DataFrame:
    """The columns that are put together, null where the rows lack them."""

    def column(name: str | None, dtype: pl.DataType | type[pl.DataType]) -> pl.Expr:
        if name is None or name not in data.columns:
            return pl.lit(None, dtype)
        return pl.col(name).cast(dtype, strict=False)

    if "reason" in data.columns:
        data = data.filter(pl.col("reason").fill_null("") == "")
    time_type = pl.Datetime("us", "UTC")
    if time is not None and data.schema[time].base_type() is not pl.Datetime:
        raise UsageError(
            f"the column {time!r} holds no times but {data.schema[time]}",
            hint="make it a datetime first",
        )
    return data.select(
        "IoCType",
        "Observable",
        scope=column("scope", pl.String),
        defanged=column("defanged", pl.Boolean),
        time=column(time, time_type),
        table=column(table, pl.String),
        _file=column("_file", pl.String),
        _record=column("_record", pl.Int64),
        index=column("SourceIndex", pl.String),
    )
