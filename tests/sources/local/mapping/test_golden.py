"""What each data set becomes: tables, rows, times, hosts, and how full the telling columns are.

Refresh, then read the difference like code:

    HUNTKIT_REFRESH=1 .venv/bin/pytest tests/sources/local/mapping/test_golden.py -p no:randomly
"""

import io
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from huntkit import formats
from huntkit.formats.archive import walk
from huntkit.formats.format import ReadOptions
from huntkit.formats.limits import Limits
from huntkit.sources.local.mapping import Mapper, merge_table

GOLDEN = Path(__file__).parents[3] / "data" / "sources" / "local" / "mapping" / "golden.json"
LIMITS = Limits()
HOSTS = ("Computer", "DeviceName")
TELLING = (
    "AccountName", "Account", "FileName", "FolderPath", "ProcessId", "ProcessCommandLine",
    "InitiatingProcessId", "InitiatingProcessFileName", "ProcessUniqueId", "SHA256", "RemoteIP",
    "RemotePort", "RegistryKey", "LogonType", "Activity", "EventData", "cmdline", "SyslogMessage",
    "EventName", "UserId", "AlertName", "id_orig_h", "_merged_record",
)  # fmt: skip


def data_sets(folder: Path) -> Iterator[Path]:
    for part in ("security-datasets", "logs", "evtx"):
        for path in sorted((folder / part).rglob("*")):
            if path.suffix.lower() in {".yaml", ".yml"} or path.name.startswith("LICENSE"):
                continue
            if part == "evtx" and path.suffix != ".evtx":
                continue
            if path.is_file():
                yield path


def tables(path: Path) -> tuple[int, set[int], dict[str, pl.DataFrame]]:
    frames: dict[str, list[pl.DataFrame]] = {}
    kept = 0
    landed: set[int] = set()
    for at, member in enumerate(walk(path, limits=LIMITS)):
        with member.open() as stream:
            content = stream.read()
        found = formats.detect(content[:65536], member.name)
        assert found is not None, member.name
        mapper = Mapper(name=member.name)
        made = []
        stream = io.BytesIO(content)
        for batch in found.read(stream, name=member.name, limits=LIMITS, options=ReadOptions()):
            kept += len(batch.numbers)
            made += mapper.map(batch)
        for table, rows in made + mapper.finish():
            landed |= {(at << 40) + number for number in rows["_record"]}
            frames.setdefault(table, []).append(rows.with_columns(_file=pl.lit(member.name)))
    whole = {name: pl.concat(each, how="diagonal_relaxed") for name, each in frames.items()}
    return kept, landed, {name: merge_table(name, rows) for name, rows in whole.items()}


def share(column: pl.Series) -> float:
    empty = column.is_null() | (column == "") if column.dtype == pl.String else column.is_null()
    return round(1 - (empty.sum() / len(column)), 2)


def summary(rows: pl.DataFrame) -> dict[str, Any]:
    made: dict[str, Any] = {"rows": rows.height}
    if "TimeGenerated" in rows.columns:
        first, last = rows["TimeGenerated"].min(), rows["TimeGenerated"].max()
        made["first"], made["last"] = str(first), str(last)
    host = next((name for name in HOSTS if name in rows.columns), None)
    if host:
        made["hosts"] = sorted(rows[host].unique())
    made["filled"] = {n: share(rows[n]) for n in TELLING if n in rows.columns}
    return made


def readable(golden: dict[str, Any]) -> str:
    lines = ["{"]
    for at, (name, found) in enumerate(golden.items()):
        lines.append(f" {json.dumps(name)}: {{")
        inside = [f"  {json.dumps(k)}: {json.dumps(v)}" for k, v in found.items()]
        lines.append(",\n".join(inside))
        lines.append(" }" if at == len(golden) - 1 else " },")
    return "\n".join([*lines, "}", ""])


@pytest.mark.data
def test_every_data_set_becomes_what_it_was_seen_to_become(shared_data: Path) -> None:
    made: dict[str, Any] = {}
    for path in data_sets(shared_data):
        kept, landed, found = tables(path)
        name = str(path.relative_to(shared_data))
        assert kept, name
        if not name.endswith("_zeek_logs.zip"):
            assert len(landed) == kept, name
        if path.suffix == ".evtx":
            name = path.parent.name
        made[name] = {table: summary(rows) for table, rows in found.items()}
    if os.environ.get("HUNTKIT_REFRESH"):
        GOLDEN.parent.mkdir(parents=True, exist_ok=True)
        GOLDEN.write_text(readable(made), encoding="utf-8")
    assert made == json.loads(GOLDEN.read_text(encoding="utf-8"))


@pytest.mark.data
def test_encoded_powershell_of_a_real_attack_has_its_parent(shared_data: Path) -> None:
    """The raw records 4688 and Sysmon 1 of wscript starting PowerShell, as one process start."""
    path = next((shared_data / "security-datasets").rglob("empire_launcher_vbs.zip"))
    _, _, found = tables(path)
    starts = found["DeviceProcessEvents"].filter(
        (pl.col("ActionType") == "ProcessCreated")
        & pl.col("ProcessCommandLine").str.contains("-enc", literal=True)
    )
    assert starts.height >= 1
    row = starts.row(0, named=True)
    assert (row["FileName"].lower(), row["InitiatingProcessFileName"].lower()) == (
        "powershell.exe", "wscript.exe",
    )  # fmt: skip
    assert row["_merged_record"] is not None
    assert row["AccountName"] == "pgustavo"
    assert row["DeviceName"] == "WORKSTATION5.theshire.local"
