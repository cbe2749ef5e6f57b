"""Part ``spark``: public queries through Spark's analyser, on a server without a JVM (pysail)."""

import gzip
import importlib
import json
import re
import time
import warnings
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from huntkit.kql import run, spark
from huntkit.kql.language import plan
from huntkit.kql.language.binder import bind
from huntkit.kql.language.emit.duckdb.engine import Physical, Source
from huntkit.kql.language.emit.spark.engine import emit, text_of
from huntkit.kql.language.emit.spark.registry import functions_of
from huntkit.kql.language.errors import KqlError
from huntkit.kql.language.parser import parse
from tools.kql_conformance.run import NOW, Outcome, refusals

ANALYSED = 0.70
_ALL_TABLES = re.compile(r"\bunion\b[^|;]*\*|\b(?:search|find)\b")
_WORKSPACE = 8
_SPARK = {
    "bool": "boolean",
    "int": "int",
    "long": "bigint",
    "real": "double",
    "decimal": "decimal(38,18)",
    "datetime": "timestamp",
    "timespan": "interval day to second",
}


def main(data: Path, *, verbose: bool = False) -> bool:
    """Print the table; whether the mark is reached."""
    with gzip.open(data / "kql" / "queries.jsonl.gz", "rt", encoding="utf-8") as lines:
        queries = [each for each in map(json.loads, lines) if each["binds"]]
    with gzip.open(data / "kql" / "schemas.json.gz", "rt", encoding="utf-8") as file:
        schemas = {name: t["columns"] for name, t in json.load(file)["tables"].items()}
    with server() as session:
        analyser = Analyser(session, schemas)
        outcomes = [analyser.examine(each) for each in queries]
    counts = Counter(each.verdict for each in outcomes)
    for verdict in ("analysed", "refused", "failed", "crashed"):
        print(f"  {verdict:8} {counts[verdict]:5}")
    print("  refusals by reason")
    for reason, names in refusals(outcomes)[: None if verbose else 25]:
        print(f"    {len(names):4} {reason}  ({', '.join(names[:3])})")
    for each in outcomes:
        if each.verdict == "crashed":
            print(f"  crashed {each.name}: {each.why}")
    reached = counts["analysed"] >= ANALYSED * len(outcomes)
    share = counts["analysed"] / len(outcomes)
    print(
        f"  {'ok  ' if reached else 'FAIL'} pass Spark's analyser: {counts['analysed']} of"
        f" {len(outcomes)} = {share:.1%} (mark {ANALYSED:.0%})"
    )
    return reached and not counts["crashed"]


@contextmanager
def server() -> Iterator[Any]:
    """A session on a server of its own."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pyspark's, about pandas 3
        sail, sql = (importlib.import_module(name) for name in ("pysail.spark", "pyspark.sql"))
    running = sail.SparkConnectServer("127.0.0.1", 0)
    running.start(background=True)
    host, port = running.listening_address
    session = sql.SparkSession.builder.remote(f"sc://{host}:{port}").create()
    try:
        yield session
    finally:
        session.stop()
        running.stop()


class Analyser:
    """Spark with empty tables of the corpus' schemas.

    Args:
        session: Spark's.
        schemas: table -> column -> KQL type.
    """

    def __init__(self, session: Any, schemas: dict[str, dict[str, str]]) -> None:
        self.session = session
        self.schemas = schemas
        self.sources: dict[str, Source] = {}
        self.files: dict[plan.Schema, Source] = {}
        self.known: set[str] = set()

    def examine(self, query: dict[str, Any]) -> Outcome:
        """Whether one query's statement is one to Spark."""
        started, name, text = time.perf_counter(), query["id"], query["query"]
        try:
            schemas = self._schemas(query)
            bound = bind(parse(text), text=text, tables=schemas, now=run.ticks_of(NOW))
            self._analyse(bound, schemas)
            outcome = Outcome(name, "analysed")
        except KqlError as error:
            outcome = Outcome(name, "refused", 0, f"{type(error).__name__}: {error}")
        except Exception as error:  # noqa: BLE001  the table names it
            spark_says = type(error).__module__.startswith("pyspark")
            why = f"{type(error).__name__}: {error}".replace("\n", " ")[:300]
            outcome = Outcome(name, "failed" if spark_says else "crashed", 0, why)
        return Outcome(name, outcome.verdict, 0, outcome.why, time.perf_counter() - started)

    def _schemas(self, query: dict[str, Any]) -> dict[str, dict[str, str]]:
        if not _ALL_TABLES.search(query["query"]):
            return self.schemas
        names = [*query["tables"], *sorted(self.schemas)[:_WORKSPACE]]
        return {name: self.schemas[name] for name in names if name in self.schemas}

    def _analyse(self, bound: plan.Plan, schemas: dict[str, dict[str, str]]) -> None:
        emitted = emit(bound, Tables(self, schemas), self.file)
        new = emitted.needs - self.known
        spark.register(self.session, functions_of(new))
        self.known |= new
        found = self.session.sql(text_of(emitted)).schema
        assert len(found.fields) == len(bound.relation.schema)

    def table(self, name: str) -> Source:
        """An empty table of a known schema."""
        if name not in self.sources:
            self.sources[name] = self._made(f"table_{len(self.sources)}", self.schemas[name])
        return self.sources[name]

    def file(self, node: plan.External) -> Source:
        """An empty table for ``externaldata``."""
        if node.schema not in self.files:
            columns = {column.name: "TEXT" for column in node.schema}
            self.files[node.schema] = self._made(f"file_{len(self.files)}", columns)
        return self.files[node.schema]

    def _made(self, view: str, columns: dict[str, str]) -> Source:
        kinds = {
            name: kind if kind == "TEXT" else _SPARK.get(kind, "string")
            for name, kind in columns.items()
        }
        items = [
            f"CAST(NULL AS {'string' if kind == 'TEXT' else kind}) AS k{place}"
            for place, kind in enumerate(kinds.values())
        ]
        query = f"SELECT {', '.join(items)} WHERE false"
        self.session.sql(query).createOrReplaceTempView(view)
        pairs = enumerate(kinds.items())
        return Source(view, {name: Physical(f"k{i}", kind) for i, (name, kind) in pairs})


class Tables(dict[str, Source]):
    """The tables of a workspace, each made when a query first reads it."""

    def __init__(self, analyser: Analyser, schemas: dict[str, dict[str, str]]) -> None:
        super().__init__()
        self.analyser = analyser
        self.schemas = schemas

    def get(self, name: str, default: Any = None) -> Any:
        """A table by its name."""
        return self.analyser.table(name) if name in self.schemas else default
