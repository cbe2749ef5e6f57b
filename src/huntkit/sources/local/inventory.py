"""What the evidence consists of, as frames: its files and its tables."""

from collections.abc import Iterable
from datetime import datetime

import polars as pl

from huntkit.sources.local.catalog import Table
from huntkit.sources.local.intake import Intake, mended, why

_TIME = pl.Datetime("us", "UTC")


def table_rows(tables: Iterable[Table]) -> pl.DataFrame:
    """One row for each table that has rows."""
    given = [table for table in tables if table.rows]
    return pl.DataFrame(
        {
            "name": [table.name for table in given],
            "rows": [table.rows for table in given],
            "first": [time_of(table.first) for table in given],
            "last": [time_of(table.last) for table in given],
            "hosts": [sorted(table.hosts) for table in given],
        },
        schema={
            "name": pl.String,
            "rows": pl.Int64,
            "first": _TIME,
            "last": _TIME,
            "hosts": pl.List(pl.String),
        },
    )


def file_rows(intake: Intake) -> pl.DataFrame:
    """One row for each file or archive member."""
    given = list(intake.members())
    return pl.DataFrame(
        {
            "path": [path for path, _ in given],
            "sha256": [facts.sha256 for _, facts in given],
            "format": [facts.format for _, facts in given],
            "rows": [facts.rows for _, facts in given],
            "kept": [facts.kept for _, facts in given],
            "skipped": [facts.skipped for _, facts in given],
            "reasons": [why(facts) for _, facts in given],
            "complete": [not facts.error and not facts.skipped for _, facts in given],
            "repaired": [mended(facts) for _, facts in given],
        },
        schema={
            "path": pl.String,
            "sha256": pl.String,
            "format": pl.String,
            "rows": pl.Int64,
            "kept": pl.Int64,
            "skipped": pl.Int64,
            "reasons": pl.String,
            "complete": pl.Boolean,
            "repaired": pl.String,
        },
    )


def time_of(text: str) -> datetime | None:
    """A time as parts write it; None for no text."""
    return datetime.fromisoformat(text) if text else None
