"""Evidence made of frames, so that the report is tested without any file format."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import duckdb
import polars as pl
import pytest

WHEN = datetime(2026, 3, 3, 9, 12, 31, tzinfo=UTC)


class FrameEvidence:
    """What the report needs of evidence, over frames held in DuckDB."""

    def __init__(
        self,
        tables: dict[str, pl.DataFrame],
        *,
        partial: bool = False,
        problems: list[str] | None = None,
    ) -> None:
        self._tables = tables
        self._connection = duckdb.connect(":memory:")
        self._connection.execute("SET TimeZone = 'UTC'")
        for name, rows in tables.items():
            held = rows.to_arrow()
            self._connection.register("held", held)
            inside = name.replace('"', '""')
            self._connection.execute(f'CREATE TABLE "{inside}" AS SELECT * FROM held')
            self._connection.unregister("held")
        self.partial = partial
        self.problems = problems or []

    @property
    def tables(self) -> pl.DataFrame:
        rows = [
            (
                name,
                frame.height,
                frame["TimeGenerated"].min() if "TimeGenerated" in frame.columns else None,
                frame["TimeGenerated"].max() if "TimeGenerated" in frame.columns else None,
                [],
            )
            for name, frame in self._tables.items()
        ]
        times = pl.Datetime("us", "UTC")
        schema = {
            "name": pl.String,
            "rows": pl.Int64,
            "first": times,
            "last": times,
            "hosts": pl.List(pl.String),
        }
        return pl.DataFrame(rows, schema=schema, orient="row")

    @property
    def files(self) -> pl.DataFrame:
        return pl.DataFrame(
            {
                "path": ["a.json"],
                "sha256": ["0" * 64],
                "format": ["json"],
                "rows": [sum(f.height for f in self._tables.values())],
                "kept": [sum(f.height for f in self._tables.values())],
                "skipped": [0],
                "reasons": [""],
            }
        )

    def schema(self, name: str) -> dict[str, str]:
        kinds = {pl.String: "string", pl.Datetime: "datetime", pl.Boolean: "bool"}
        schema = self._tables[name].schema
        return {column: kinds.get(dtype.base_type(), "long") for column, dtype in schema.items()}

    def sql(self, text: str, *, frame: Any = None) -> pl.DataFrame:
        return pl.from_arrow(self._connection.cursor().sql(text).to_arrow_table())


@pytest.fixture
def evidence() -> Iterator[Callable[..., FrameEvidence]]:
    made: list[FrameEvidence] = []

    def make(tables: dict[str, pl.DataFrame], **more: Any) -> FrameEvidence:
        made.append(FrameEvidence(tables, **more))
        return made[-1]

    yield make
    for each in made:
        each._connection.close()


@pytest.fixture
def process_rows() -> Callable[..., pl.DataFrame]:
    """Process starts as the Device tables hold them."""

    def make(*rows: dict[str, Any]) -> pl.DataFrame:
        base = {
            "TimeGenerated": WHEN,
            "DeviceName": "ws01.example",
            "AccountName": "anna",
            "ActionType": "ProcessCreated",
            "FolderPath": r"C:\Windows\explorer.exe",
            "FileName": "explorer.exe",
            "ProcessId": 1,
            "ProcessCommandLine": "explorer.exe",
            "ProcessUniqueId": "",
            "InitiatingProcessId": 0,
            "InitiatingProcessFolderPath": "",
            "InitiatingProcessCommandLine": "",
            "InitiatingProcessUniqueId": "",
            "_file": "a.json",
            "_record": 1,
        }
        return pl.DataFrame([{**base, **row} for row in rows]).with_columns(
            pl.col("TimeGenerated").dt.cast_time_unit("us")
        )

    return make
