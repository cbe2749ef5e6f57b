"""KQL: how long public queries take to compile, and what a compiled one costs beside SQL by hand.

The rows are the SecurityEvents of the shared data, repeated with shifted times until there are a
million, in one Parquet file. Both statements run on the same connection, in turns, up to a frame;
what compiling takes stands beside them. Their rows are compared first.
"""

import gzip
import json
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

import huntkit
from bench._measure import table
from huntkit.kql import run as kql
from huntkit.kql.frames import finished, prepare
from huntkit.kql.language import plan
from huntkit.kql.language.emit.tables import Physical, Source
from huntkit.kql.language.errors import KqlError
from huntkit.tables import to_polars

ROWS = 1_000_000
TIMES = 15
NOW = "2020-12-01T00:00:00Z"
_STORED = {
    "string": "VARCHAR",
    "guid": "VARCHAR",
    "dynamic": "JSON TEXT",
    "datetime": "TIMESTAMP WITH TIME ZONE",
    "bool": "BOOLEAN",
    "int": "INTEGER",
    "long": "BIGINT",
    "real": "DOUBLE",
}
COLUMNS = [
    *("TimeGenerated", "Computer", "EventID", "Account", "NewProcessName", "ParentProcessName"),
    *("CommandLine", "TargetUserName", "SubjectUserName", "IpAddress", "LogonType"),
]
PAIRS = {
    "filter by number and time, count": (
        """SecurityEvent
        | where TimeGenerated > datetime(2020-06-01) and EventID == 4688
        | summarize Count = count() by Computer, NewProcessName""",
        """SELECT coalesce(Computer, '') AS Computer,
               coalesce(NewProcessName, '') AS NewProcessName, count(*) AS Count
        FROM SecurityEvent
        WHERE TimeGenerated > TIMESTAMPTZ '2020-06-01 00:00:00+00' AND EventID = 4688
        GROUP BY ALL""",
    ),
    "find a term, count by day": (
        """SecurityEvent
        | where CommandLine has "powershell"
        | summarize Count = count(), Hosts = dcount(Computer) by Day = bin(TimeGenerated, 1d)""",
        """SELECT date_trunc('day', TimeGenerated) AS Day, count(*) AS Count,
               count(DISTINCT coalesce(Computer, '')) AS Hosts
        FROM SecurityEvent
        WHERE regexp_matches(lower(CommandLine),
                             '(?:^|[^\\p{L}\\p{N}])powershell(?:$|[^\\p{L}\\p{N}])')
        GROUP BY ALL""",
    ),
    "filter by list and ending, first and last": (
        """SecurityEvent
        | where EventID in (4624, 4625, 4672) and TargetUserName !endswith "$"
        | summarize Count = count(), First = min(TimeGenerated), Last = max(TimeGenerated)
            by TargetUserName, IpAddress""",
        """SELECT coalesce(TargetUserName, '') AS TargetUserName,
               coalesce(IpAddress, '') AS IpAddress, count(*) AS Count,
               min(TimeGenerated) AS First, max(TimeGenerated) AS Last
        FROM SecurityEvent
        WHERE EventID IN (4624, 4625, 4672) AND NOT ends_with(coalesce(TargetUserName, ''), '$')
        GROUP BY ALL""",
    ),
}


def run(data: Path) -> None:
    """Print the tables."""
    _compile(data)
    folder = Path(tempfile.mkdtemp(prefix="huntkit-bench-"))
    try:
        _beside_sql(data, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _compile(data: Path) -> None:
    with gzip.open(data / "kql" / "queries.jsonl.gz", "rt", encoding="utf-8") as lines:
        queries = [each["query"] for each in map(json.loads, lines) if each["binds"]]
    with gzip.open(data / "kql" / "schemas.json.gz", "rt", encoding="utf-8") as file:
        schemas = {n: each["columns"] for n, each in json.load(file)["tables"].items()}
    sources = {
        name: Source(
            f"t{place}",
            {
                c: Physical(f"k{i}", _STORED.get(kind, "OTHER"))
                for i, (c, kind) in enumerate(each.items())
            },
        )
        for place, (name, each) in enumerate(schemas.items())
    }

    def external(node: plan.External) -> Source:
        return Source("x", {c.name: Physical(f"k{i}", "TEXT") for i, c in enumerate(node.schema)})

    times = []
    for text in queries:
        started = time.perf_counter()
        try:
            compiled = kql.compile(
                text,
                schemas,
                sources,
                now=NOW,
                opened=lambda plugin: plugin.schema,
                external=external,
                places=True,
            )
            assert compiled.sql
        except KqlError:
            continue
        times.append((time.perf_counter() - started) * 1_000)
    times.sort()
    rows = [
        ("compiled queries", "median ms", "p95 ms", "longest ms"),
        (
            f"{len(times)} of {len(queries)}",
            f"{statistics.median(times):.1f}",
            f"{times[int(len(times) * 0.95)]:.1f}",
            f"{times[-1]:.0f}",
        ),
    ]
    table(rows)
    print(f"  median: {statistics.median(times):.1f} ms (mark: 10)")


def _beside_sql(data: Path, folder: Path) -> None:
    path = folder / "SecurityEvent.parquet"
    schema = write_events(data, path, folder)
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute(f"CREATE VIEW SecurityEvent AS FROM read_parquet('{path}')")
    columns = {name: Physical(name, _STORED[kind]) for name, kind in schema.items()}
    sources = {"SecurityEvent": Source("SecurityEvent", columns)}
    made: set[str] = set()

    def compiled(text: str) -> kql.Compiled:
        return kql.compile(text, {"SecurityEvent": schema}, sources, now=NOW)

    def answer(given: kql.Compiled, sql: str) -> pl.DataFrame:
        prepare(connection, given.emitted.needs, made)
        return finished(to_polars(connection.sql(sql)), given.emitted)

    rows = [("on a million rows", "rows", "compile ms", "KQL ms", "SQL ms", "KQL / SQL")]
    for title, (text, sql) in PAIRS.items():
        given = compiled(text)
        statement = given.sql
        ours, theirs = answer(given, statement), to_polars(connection.sql(sql))
        if not same(ours, theirs):
            raise AssertionError(f"{title}: KQL and SQL give other rows")
        compiling, mine, hand = _turns(
            lambda t=text: compiled(t).sql,
            lambda g=given, s=statement: answer(g, s),
            lambda s=sql: to_polars(connection.sql(s)),
        )
        figures = [f"{each * 1e3:.1f}" for each in (compiling, mine, hand)]
        rows.append((title, f"{ours.height}", *figures, f"{mine / hand:.2f}"))
    table(rows)
    print(f"  worst: {max(float(row[-1]) for row in rows[1:]):.2f} (mark: 1.3)")


def same(one: pl.DataFrame, two: pl.DataFrame) -> bool:
    """Whether two frames have the same rows, in any order."""
    return one.columns == two.columns and sorted(one.rows()) == sorted(two.rows())


def _turns(*each: Callable[[], Any]) -> list[float]:
    """Median seconds of functions that run in turns."""
    spent: list[list[float]] = [[] for _ in each]
    for _ in range(TIMES):
        for place, function in enumerate(each):
            started = time.perf_counter()
            function()
            spent[place].append(time.perf_counter() - started)
    return [statistics.median(seconds) for seconds in spent]


def write_events(data: Path, target: Path, folder: Path) -> dict[str, str]:
    """Write a million SecurityEvents; their columns' KQL types."""
    source = data / "security-datasets"
    with huntkit.open(source, frame="polars", cache_dir=folder / "cache") as evidence:
        events = evidence.table("SecurityEvent", columns=COLUMNS)
        kinds = evidence.schema("SecurityEvent")
    rounds = -(-ROWS // events.height)
    shifted = [
        events.with_columns(pl.col("TimeGenerated") + pl.duration(days=7 * each))
        for each in range(rounds)
    ]
    pl.concat(shifted).head(ROWS).write_parquet(target)
    return {name: kinds[name] for name in COLUMNS}
