"""One million real Windows events from JSON lines to tables: parse, map, keep, open again.

The input is every Windows event of the shared data, repeated with shifted times until there are
a million (2.3 GB). Beside it in the same run: what orjson alone parses on one core, pandas'
and DuckDB's JSON readers without any mapping; orjson in two processes at once, which tells what
the machine's second core is worth (less where both are threads of one core); and
the floor: the least that Python can do for a
table of events, which is to parse each line, take the common fields out, write the others as JSON
again, make columns and write them; no second table, no types, no checks.
"""

import json
import re
import shutil
import statistics
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bench._measure import Figure, measure, median, table

EVENTS = 1_000_000
ROUNDS = 3
_BARE, _COLD = "orjson alone, one core", "huntkit.open, cold"
_DATE = re.compile(rb"\b(20\d\d)-(\d\d)-(\d\d)(?=[T ]\d\d:)")

ORJSON = """
import sys, time, orjson, json
started = time.perf_counter(); rows = 0
with open(sys.argv[1], "rb") as file:
    for line in file:
        orjson.loads(line); rows += 1
print(json.dumps({"seconds": time.perf_counter() - started, "rows": rows}))
"""
FLOOR = """
import os
os.environ.update(POLARS_MAX_THREADS="1", OPENBLAS_NUM_THREADS="1")
import sys, time, json, orjson, gc
from itertools import repeat
import polars, pyarrow.parquet
names = ("EventID Channel SourceName ProviderName Hostname Computer Task OpcodeValue Keywords"
         " Version RecordNumber ExecutionProcessID ThreadID UserID Message EventTime @timestamp"
         " TimeCreated").split()
gc.disable()
started = time.perf_counter(); rows = 0
def put(taken, rest, at):
    columns = [polars.Series(n, v, dtype=polars.String, strict=False)
               for n, v in zip(names, zip(*taken))]
    frame = polars.DataFrame([*columns, polars.Series("rest", rest).cast(polars.String)])
    pyarrow.parquet.write_table(frame.to_arrow(compat_level=polars.CompatLevel.newest()),
                                f"{sys.argv[2]}-{at}", compression="zstd", compression_level=1)
nothing = repeat(None); taken = []; rest = []
with open(sys.argv[1], "rb") as file:
    for line in file:
        row = orjson.loads(line); rows += 1
        taken.append(tuple(map(row.pop, names, nothing)))
        rest.append(orjson.dumps(row))
        if len(rest) == 8192:
            put(taken, rest, rows); taken = []; rest = []
if rest:
    put(taken, rest, rows)
print(json.dumps({"seconds": time.perf_counter() - started, "rows": rows}))
"""
PANDAS = """
import sys, time, json, pandas
started = time.perf_counter(); rows = 0
for frame in pandas.read_json(sys.argv[1], lines=True, chunksize=20000):
    rows += len(frame)
print(json.dumps({"seconds": time.perf_counter() - started, "rows": rows}))
"""
DUCKDB = """
import sys, time, json, duckdb
started = time.perf_counter()
duckdb.sql("set memory_limit='6GB'; set preserve_insertion_order=false")
duckdb.sql(f"copy (from read_json('{sys.argv[1]}', format='newline_delimited',"
           f" sample_size=-1, union_by_name=true, maximum_object_size=33554432))"
           f" to '{sys.argv[2]}' (format parquet)")
rows = duckdb.sql(f"select count(*) from '{sys.argv[2]}'").fetchall()[0][0]
print(json.dumps({"seconds": time.perf_counter() - started, "rows": rows}))
"""
HUNTKIT = """
import sys, time, json
started = time.perf_counter()
import huntkit
evidence = huntkit.open(sys.argv[1], cache_dir=sys.argv[2], frame="polars")
files = evidence.files
tables = dict(evidence.tables.select("name", "rows").iter_rows())
print(json.dumps({"seconds": time.perf_counter() - started, "rows": files["kept"].sum(),
                  "skipped": files["skipped"].sum(), "tables": tables}))
"""


def run(data: Path) -> None:
    """Print the table."""
    folder = Path(tempfile.mkdtemp(prefix="huntkit-bench-"))
    try:
        source = folder / "events.json"
        size = write_events(data, source) / 1e6
        print(f"  {EVENTS:,} events, {size:,.0f} MB")
        rows = [("reader", "seconds", "MB/s", "peak MB", "rows")]
        figures = {}
        ratios, cores = [], []
        runs: dict[str, list[Figure]] = {_BARE: [], _COLD: []}
        for round_number in range(ROUNDS):  # in turns: the machine may change its mind meanwhile
            cache = folder / "cache"
            shutil.rmtree(cache, ignore_errors=True)
            for name, code, arguments in ((_BARE, ORJSON, ()), (_COLD, HUNTKIT, (str(cache),))):
                runs[name].append(measure(code, str(source), *arguments))
            bare, cold = (runs[name][-1].seconds for name in (_BARE, _COLD))
            ratios.append(bare / cold)
            cores.append(2 * bare / _two_at_once(source))
            print(
                f"  round {round_number + 1}: {bare:.2f} s, {cold:.2f} s: {bare / cold:.2f};"
                f" two cores are worth {cores[-1]:.2f}"
            )
        for name, its in runs.items():
            figures[name] = median(its)
            rows.append(_row(name, figures[name], size))
        for name, code, times, arguments in (
            ("huntkit.open, again", HUNTKIT, 3, (str(folder / "cache"),)),
            ("the floor, one core", FLOOR, 2, (str(folder / "floor"),)),
            ("DuckDB to Parquet, no mapping", DUCKDB, 1, (str(folder / "duck.parquet"),)),
            ("pandas.read_json, no mapping", PANDAS, 1, ()),
        ):
            try:
                figures[name] = measure(code, str(source), *arguments, times=times)
            except RuntimeError as failure:  # a peer that can't read real logs is a result too
                rows.append((name, "failed", "", "", str(failure)))
            else:
                rows.append(_row(name, figures[name], size))
            print("  " + "  ".join(rows[-1]), flush=True)
        table(rows)
        cold, bare = figures[_COLD], figures[_BARE]
        print(f"  cold / orjson: {statistics.median(ratios):.2f} (mark: 0.35)")
        worth = statistics.median(cores)
        print(f"  per core's worth: {statistics.median(ratios) / worth:.2f} (mark: 0.175)")
        if floor := figures.get("the floor, one core"):
            best = 2 * bare.seconds / floor.seconds
            print(f"  the floor on two cores / orjson: {best:.2f} at best, without any mapping")
        print(f"  tables: {json.dumps(cold.answer['tables'])}")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _two_at_once(source: Path) -> float:
    """Seconds that orjson takes over the whole input in each of two processes at once, at worst."""
    with ThreadPoolExecutor(2) as pool:
        both = list(pool.map(lambda _: measure(ORJSON, str(source)), range(2)))
    return max(each.seconds for each in both)


def _row(name: str, figure: Figure, size: float) -> tuple[str, ...]:
    answer = figure.answer if isinstance(figure.answer, dict) else {}
    return (
        name,
        f"{figure.seconds:.2f}",
        f"{size / figure.seconds:.0f}",
        f"{figure.peak_bytes / 1e6:.0f}",
        f"{answer.get('rows'):,}",
    )


def write_events(data: Path, target: Path) -> int:
    """Write the events; the bytes written."""
    lines = list(_windows_events(data))
    written = 0
    with target.open("wb") as out:
        for round_number in range(-(-EVENTS // len(lines))):
            shift = _shifter(timedelta(days=7 * round_number))
            left = EVENTS - round_number * len(lines)
            for line in lines[:left]:
                written += out.write(_DATE.sub(shift, line) if round_number else line)
    return written


def _shifter(by: timedelta):
    known: dict[bytes, bytes] = {}

    def shift(match: re.Match[bytes]) -> bytes:
        text = match.group()
        if text not in known:
            try:
                day = datetime.strptime(text.decode(), "%Y-%m-%d").replace(tzinfo=UTC) + by
                known[text] = day.strftime("%Y-%m-%d").encode()
            except ValueError:
                known[text] = text
        return known[text]

    return shift


def _windows_events(data: Path) -> Iterator[bytes]:
    archives = data / "security-datasets"
    for path in sorted(archives.rglob("*")):
        windows = "windows" in path.parts or "LSASS_campaign_02" in path.parts
        if windows and path.suffix == ".zip" and "zeek" not in path.name:
            with zipfile.ZipFile(path) as archive:
                for name in archive.namelist():
                    yield from _lines(archive.read(name))
        elif windows and path.name.endswith(".tar.gz"):
            with tarfile.open(path) as archive:
                for member in archive:
                    if file := archive.extractfile(member):
                        yield from _lines(file.read())


def _lines(text: bytes) -> Iterator[bytes]:
    for line in text.splitlines():
        if line.strip():
            yield line + b"\n"
