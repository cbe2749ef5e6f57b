"""Part ``run``: public queries on tables made for each, into which its own literals are planted."""

import csv
import gzip
import io
import json
import re
import tempfile
import threading
import time
import traceback
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from huntkit.kql import run
from huntkit.kql.frames import Table, prepare
from huntkit.kql.language import plan
from huntkit.kql.language.binder import bind
from huntkit.kql.language.emit.duckdb.engine import Source
from huntkit.kql.language.errors import KqlError
from huntkit.kql.language.parser import parse
from huntkit.kql.language.pruning import pruned
from huntkit.tables import to_polars
from tools.kql_conformance.planting import rows_of
from tools.kql_conformance.wants import Maker, Want

NOW = "2024-03-07T12:34:56Z"
EPOCH = 621_355_968_000_000_000  # ticks at 1970
Schemas = dict[str, dict[str, str]]
RAN, RETURNED = 0.90, 0.60
ROWS, PLANTED = 24, 10
SECONDS = 10.0
# "union *" and "search" go through a workspace's tables: one of eight, and those that it names
_ALL_TABLES = re.compile(r"\bunion\b[^|;]*\*|\b(?:search|find)\b")
_WORKSPACE = 8
_TYPES: dict[str, Any] = {
    "bool": pl.Boolean,
    "int": pl.Int32,
    "long": pl.Int64,
    "real": pl.Float64,
    "decimal": pl.Float64,
    "datetime": pl.Datetime("us", "UTC"),
    "timespan": pl.Duration("us"),
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one query."""

    name: str
    verdict: str  # ran, refused, failed, crashed
    rows: int = 0
    why: str = ""
    seconds: float = 0.0


def main(data: Path, *, verbose: bool = False) -> bool:
    """Print the table; whether every mark is reached."""
    bench = Bench(data)
    outcomes = [bench.examine(each) for each in bench.queries]
    counts = Counter(each.verdict for each in outcomes)
    for verdict in ("ran", "refused", "failed", "crashed"):
        print(f"  {verdict:8} {counts[verdict]:5}")
    print("  refusals by reason")
    for reason, names in refusals(outcomes)[: None if verbose else 25]:
        print(f"    {len(names):4} {reason}  ({', '.join(names[:3])})")
    for each in outcomes:
        if each.verdict == "crashed" or (verbose and each.verdict == "ran" and not each.rows):
            print(f"  {each.verdict} {each.name}: {each.why or 'no rows'}")
    slow = max(outcomes, key=lambda each: each.seconds)
    print(f"  slowest: {slow.name} {slow.seconds:.1f} s")
    returned = sum(each.rows > 0 for each in outcomes)
    reached = [
        _mark("compiled and ran", counts["ran"], len(outcomes), RAN),
        _mark("returned rows", returned, len(outcomes), RETURNED),
    ]
    return all(reached) and not counts["crashed"]


def _mark(title: str, count: int, total: int, least: float) -> bool:
    reached = count >= least * total
    sign = "ok  " if reached else "FAIL"
    print(f"  {sign} {title}: {count} of {total} = {count / total:.1%} (mark {least:.0%})")
    return reached


def refusals(outcomes: list[Outcome]) -> list[tuple[str, list[str]]]:
    """Reasons, the most frequent first, with the ids of their queries."""
    found: dict[str, list[str]] = {}
    for each in outcomes:
        if each.verdict in ("refused", "failed"):
            reason = re.sub(r"^line \d+, column \d+: |#\d+|\b[0-9a-f]{12,}\b", "", each.why)
            found.setdefault(reason[:110], []).append(each.name)
    return sorted(found.items(), key=lambda pair: -len(pair[1]))


class Anywhere:
    """In place of a database of addresses: every one is somewhere."""

    def locate(self, addresses: Sequence[str]) -> Mapping[str, Mapping[str, Any]]:
        """The same facts for each."""
        return {
            each: {"CountryOrRegionName": "alpha", "City": "alpha", "Latitude": 1.0}
            for each in addresses
        }


class Bench:
    """One engine for all queries, with the tables of one at a time.

    Args:
        data: the folder of shared data.
    """

    def __init__(self, data: Path) -> None:
        with gzip.open(data / "kql" / "queries.jsonl.gz", "rt", encoding="utf-8") as lines:
            self.queries = [each for each in map(json.loads, lines) if each["binds"]]
        with gzip.open(data / "kql" / "schemas.json.gz", "rt", encoding="utf-8") as file:
            known = json.load(file)["tables"]
        self.schemas: Schemas = {n: t["columns"] for n, t in known.items()}
        self.connection = duckdb.connect(config={"threads": 1})
        self.connection.execute("SET TimeZone = 'UTC'")
        self.made: set[str] = set()
        self.places = Anywhere()

    def examine(self, query: dict[str, Any]) -> Outcome:
        """Make one query's tables, and run it."""
        started, name = time.perf_counter(), query["id"]
        try:
            with tempfile.TemporaryDirectory() as folder:
                rows = self._run(query["query"], self._schemas(query), Path(folder))
            outcome = Outcome(name, "ran", rows.height)
        except KqlError as error:
            kind = "failed" if "the engine could not run" in str(error) else "refused"
            outcome = Outcome(name, kind, 0, f"{type(error).__name__}: {error}")
        except Exception:  # noqa: BLE001  the table names it
            last = traceback.format_exc().strip().splitlines()
            outcome = Outcome(name, "crashed", 0, " | ".join(last[-3:])[:300])
        return Outcome(
            name, outcome.verdict, outcome.rows, outcome.why, time.perf_counter() - started
        )

    def _schemas(self, query: dict[str, Any]) -> Schemas:
        if not _ALL_TABLES.search(query["query"]):
            return self.schemas
        names = [*query["tables"], *sorted(self.schemas)[:_WORKSPACE]]
        return {name: self.schemas[name] for name in names if name in self.schemas}

    def _run(self, text: str, schemas: Schemas, folder: Path) -> pl.DataFrame:
        bound = bind(parse(text), text=text, tables=schemas, now=run.ticks_of(NOW))
        sources, files = self._fill(pruned(bound.relation), folder)
        registered = [source.name for source in sources.values()]

        def register(name: str, rows: pl.DataFrame) -> None:
            registered.append(name)
            self.connection.register(name, rows.to_arrow())

        given = run.Files(files, register)
        try:
            compiled = run.prepared(
                text,
                schemas,
                sources,
                self._execute,
                given,
                now=NOW,
                parameters=None,
                places=True,
            )
            with run.refusing():
                return self._execute(compiled)
        finally:
            for each in registered:
                self.connection.unregister(each)

    def _execute(self, compiled: run.Compiled) -> pl.DataFrame:
        prepare(self.connection, compiled.emitted.needs, self.made, self.places)
        timer = threading.Timer(SECONDS, self.connection.interrupt)
        timer.start()
        try:
            return to_polars(self.connection.sql(compiled.sql))
        finally:
            timer.cancel()

    def _fill(
        self, relation: plan.Relation, folder: Path
    ) -> tuple[dict[str, Source], dict[str, Path]]:
        """Rows for every table and every file of the plan."""
        tables: dict[str, list[dict[str, Want]]] = {}
        read: dict[str, dict[str, str]] = {}
        files: dict[str, Path] = {}
        for leaf, wants in rows_of(relation, rows=PLANTED).items():
            if isinstance(leaf, plan.Scan):
                tables.setdefault(leaf.table, []).extend(wants)
                read.setdefault(leaf.table, {}).update(_types(leaf.schema))
            else:
                path = folder / f"{len(files)}"
                path.write_text(file_of(leaf, frame_of(_types(leaf.schema), wants)), "utf-8")
                files |= dict.fromkeys(leaf.uris, path)
        sources: dict[str, Source] = {}
        for name, wants in tables.items():
            types = read[name]
            table = Table(name, frame_of(types, wants), types)
            sources[name] = Source(f"made_{len(sources)}", table.columns)
            self.connection.register(sources[name].name, table.rows.to_arrow())
        return sources, files


def _types(schema: plan.Schema) -> dict[str, str]:
    return {column.name: column.type for column in schema}


def frame_of(types: dict[str, str], planted: list[dict[str, Want]]) -> pl.DataFrame:
    """At least `ROWS` rows: the planted ones, others of no meaning, and one of nothing."""
    now = run.ticks_of(NOW)
    makers = [Maker(row % PLANTED, now) for row in range(len(planted))]
    other = [Maker(row, now) for row in range(max(ROWS - len(planted) - 1, 2))]
    columns = []
    for name, kind in types.items():
        values = [
            maker.value(wants.get(name, _NOTHING), kind, name)
            for maker, wants in zip(makers, planted, strict=True)
        ]
        values += [maker.value(_ANY, kind, name) for maker in other]
        values.append("" if kind == "string" else None)
        columns.append(_series(name, kind, values))
    return pl.DataFrame(columns)


_NOTHING, _ANY = Want(), Want(vary=True)


def _series(name: str, kind: str, values: list[Any]) -> pl.Series:
    if kind == "datetime":
        values = [None if each is None else (each - EPOCH) // 10 for each in values]
        micros = pl.Series(name, values, pl.Int64).cast(pl.Datetime("us"))
        return micros.dt.replace_time_zone("UTC")
    if kind == "timespan":
        values = [None if each is None else int(each) // 10 for each in values]
        return pl.Series(name, values, pl.Int64).cast(pl.Duration("us"))
    return pl.Series(name, values, _TYPES.get(kind, pl.String))


def file_of(node: plan.External, rows: pl.DataFrame) -> str:
    """The text of an ``externaldata`` file, in the format that the query declares."""
    properties = {name.lower(): str(value).lower() for name, value in node.properties}
    ending = re.sub(r"[?;].*|\.gz$|\.zip$", "", node.uris[0].lower()).rpartition(".")[2]
    kind = properties.get("format", ending)
    if "json" in kind:
        return "\n".join(json.dumps(row, default=str) for row in rows.iter_rows(named=True))
    if kind in ("txt", "raw"):
        return "\n".join(str(row[0]) for row in rows.iter_rows())
    delimiter = {"tsv": "\t", "psv": "|", "scsv": ";", "sohsv": "\x01"}.get(kind, ",")
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter)
    if properties.get("ignorefirstrecord") == "true":
        writer.writerow(rows.columns)
    writer.writerows(rows.iter_rows())
    return out.getvalue()
