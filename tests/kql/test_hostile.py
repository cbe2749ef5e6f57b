"""Hostile queries through the whole front end: parse, bind, emit, and for some, run.

``HUNTKIT_FUZZ=600 pytest tests/kql/test_hostile.py`` looks for ten minutes.
"""

import gzip
import json
import os
import random
import re
import threading
import time
from collections.abc import Iterator

import duckdb
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from huntkit.core.errors import UsageError
from huntkit.kql import query
from huntkit.kql.frames import Table, connect, prepare
from huntkit.kql.language.emit.tables import Source
from huntkit.kql.language.errors import KqlError
from huntkit.kql.run import Compiled
from huntkit.kql.run import compile as compile_query

SECONDS = float(os.environ.get("HUNTKIT_FUZZ", "6"))
SLOWEST = 20.0
LONGEST = 10.0
ALL_TABLES = re.compile(r"\bunion\b[^|;]*\*|\b(?:search|find)\b")
TOKENS = re.compile(r"\w+|\s+|\"[^\"\n]*\"|'[^'\n]*'|.", re.DOTALL)
POISON = [
    *("'", '"', "`", "\\", "\x00", "\ud800", "\U0001f600", "\r", "\u2028", "--", "/*", "*/", ";"),
    *("9223372036854775808", "-1", "0", "1e309", "dynamic(null)", "datetime(9999-12-31)", "1d"),
    *("$left", "$table", "*", "()", "[]", "{}", "| count", "by", "not(", "in~", "!has_any"),
    *("int(null)", "99999999d", "'\\u0000'", "h@'", "_", "case(", "toscalar(", "materialize("),
]
COLUMNS = {
    "TimeGenerated": "datetime",
    "Timestamp": "datetime",
    "EventID": "int",
    "Account": "string",
    "CommandLine": "string",
    "ProcessCommandLine": "string",
    "DeviceName": "string",
    "Computer": "string",
    "Details": "dynamic",
    "AdditionalFields": "dynamic",
    "Bytes": "long",
    "Score": "real",
    "Span": "timespan",
    "Id": "guid",
    "Ok": "bool",
}
TABLE = pl.DataFrame(
    {
        "TimeGenerated": [None, None, None],
        "EventID": [4624, None, -1],
        "Account": ["", "Ann O'Hara", None],
        "CommandLine": ['a "b" c', "\u0130\u00df\x00", "x" * 2000],
        "Details": ['{"a": [1, {"b": null}]}', "[", None],
        "Bytes": [2**62, -(2**62), None],
        "Score": [float("nan"), float("inf"), None],
        "Ok": [True, None, False],
    },
    schema_overrides={"TimeGenerated": pl.Datetime("us", "UTC")},
)


def mutants(texts: list[str], dice: random.Random) -> Iterator[str]:
    """Queries with pieces removed, doubled, moved, and taken from one another."""
    while True:
        pieces = TOKENS.findall(dice.choice(texts))
        for _ in range(dice.randint(1, 4)):
            if not pieces:
                break
            at, to = dice.randrange(len(pieces)), dice.randrange(len(pieces))
            match dice.randrange(7):
                case 0:
                    del pieces[at : at + dice.randint(1, 6)]
                case 1:
                    pieces[at:at] = pieces[to : to + dice.randint(1, 12)]
                case 2:
                    pieces[at], pieces[to] = pieces[to], pieces[at]
                case 3:
                    pieces[at] = dice.choice(POISON)
                case 4:
                    pieces.insert(at, dice.choice(POISON))
                case 5:
                    pieces[at] = dice.choice(TOKENS.findall(dice.choice(texts)) or [""])
                case _:
                    pieces[at] = pieces[at].swapcase()
        yield "".join(pieces)


class Engine:
    """A connection on which queries run, over one small table and any number of empty ones."""

    def __init__(self, schemas: dict[str, dict[str, str]]) -> None:
        self.connection, sources = connect({"T": Table("T", TABLE, COLUMNS)})
        self.schemas = {**schemas, "T": COLUMNS}
        self.sources = {**dict.fromkeys(schemas, Source("", {})), **sources}
        self.made: set[str] = set()

    def compile(self, text: str) -> Compiled:
        return compile_query(
            text, self.schemas, self.sources, now="2024-01-01", opened=lambda plugin: plugin.schema
        )

    def run(self, compiled: Compiled) -> None:
        """What the engine refuses must be about values, never about the SQL that we wrote."""
        prepare(self.connection, compiled.emitted.needs, self.made)
        timer = threading.Timer(LONGEST, self.connection.interrupt)
        timer.start()
        try:
            self.connection.sql(f"FROM ({compiled.sql}) LIMIT 1000").to_arrow_table()
        except (
            duckdb.InvalidInputException,
            duckdb.OutOfRangeException,
            duckdb.ConversionException,
            duckdb.InterruptException,
        ):
            pass
        finally:
            timer.cancel()


@pytest.mark.data
def test_mutated_queries_give_rows_or_a_kql_error(shared_data):
    with gzip.open(shared_data / "kql" / "queries.jsonl.gz", "rt", encoding="utf-8") as lines:
        texts = [json.loads(line)["query"] for line in lines]
    with gzip.open(shared_data / "kql" / "schemas.json.gz", "rt", encoding="utf-8") as file:
        tables = json.load(file)["tables"]
    texts = [text for text in texts if len(text) < 6_000 and not ALL_TABLES.search(text)]
    engine = Engine({name: each["columns"] for name, each in tables.items()})
    dice = random.Random(f"{SECONDS}")  # the same each time
    until, compiled_ones, ran = time.monotonic() + SECONDS, 0, 0
    for text in mutants(texts, dice):
        if time.monotonic() > until:
            break
        started = time.monotonic()
        try:
            compiled = engine.compile(text)
            assert compiled.sql
        except KqlError:
            continue
        finally:
            assert time.monotonic() - started < SLOWEST, text
        compiled_ones += 1
        if compiled_ones % 5 == 0:
            engine.run(compiled)
            ran += 1
    assert ran > 1


PIECES = [
    *("where", "extend", "summarize", "project", "join", "union", "mv-expand", "sort by", "take"),
    *("has", "==", "in~", "between", "matches regex", "contains", "and", "or", "not", "..", "+"),
    *("Account", "EventID", "Details.a[0].b", "TimeGenerated", "Score", "Bytes", "Ok", "T", "x ="),
    *("1", "-1", "1.5", "'a'", '"\\""', "1h", "datetime(2024-01-01)", "dynamic([1,'a',null])"),
    *("count()", "dcount(", "arg_max(", "make_set(", "bin(", "tostring(", "parse_json(", "split("),
    *(
        "extract('(.)', 1, ",
        "iff(",
        "prev(",
        "row_number()",
        "strcat(",
        "toint(",
        "format_datetime(",
    ),
    *("(", ")", "[", "]", ",", "|", "|", "by", "on", "kind=inner", "asc", ";", "let f ="),
]


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=14))
def test_any_mix_of_pieces_runs_or_is_a_kql_error(pieces):
    engine = ENGINE.setdefault("it", Engine({"U": COLUMNS}))
    for head in ("T | where ", "T | extend a = ", "T | summarize ", "T | "):
        try:
            compiled = engine.compile(head + " ".join(pieces))
        except KqlError:
            continue
        engine.run(compiled)


ENGINE: dict[str, Engine] = {}

OUTSIDE = [
    "read_csv('{file}')",
    "read_text('{file}')",
    "read_parquet('{file}') | count",
    "['{file}'] | count",
    "['read_text(''{file}'')'] | count",
    "table('{file}') | count",
    "table('read_text(\"{file}\")') | count",
    "T | extend x = read_text('{file}')",
    "T | extend x = getenv('HOME')",
    "T | extend x = pg_read_file('{file}')",
    "T | where x in (read_csv('{file}'))",
    "T | union ['information_schema.tables'] | count",
    "duckdb_settings() | count",
    "sqlite_master | count",
    "externaldata(a: string)['{file}']",
    "externaldata(a: string)['file://{file}']",
    "T | evaluate sql_request('x', 'select 1')",
    "T | evaluate http_request('http://127.0.0.1:9')",
    "T | evaluate python(typeof(*), 'open(\"{file}\")')",
    "T; DROP TABLE t0",
    "T | extend x = 1; INSTALL httpfs",
    "cluster('c').database('d').T | count",
    ".drop table T",
]


@pytest.mark.parametrize("text", OUTSIDE)
def test_a_query_reaches_nothing_but_the_given_tables(text, tmp_path):
    secret = tmp_path / "secret.csv"
    secret.write_text("a\nsecret\n", encoding="utf-8")
    with pytest.raises((KqlError, UsageError)):
        query(text.format(file=secret), T=pl.DataFrame({"x": [1]}))


STRANGE = [
    "a'; DROP TABLE t0; --",
    "a\" FROM read_text('/etc/passwd') --",
    "a\\' || version() || '",
    "line\nbreak",
    "tab\tquote\"'`",
    "\u202e reversed \u0000 nul",
    "%s {0} $1 ? :name",
    "select",
    "",
]


@pytest.mark.parametrize("name", STRANGE)
def test_strange_names_and_texts_stay_what_they_are(name):
    rows = pl.DataFrame({name or "x": ["v", name]})
    literal = json.dumps(name, ensure_ascii=True)
    column = f"[{json.dumps(name or 'x', ensure_ascii=True)}]"
    found = query(f"T | where {column} == {literal}", tables={"T": rows}, frame="polars")
    assert found.columns == [name or "x"]
    assert found.rows() == [(name,)]
    assert query(f"print a = {literal}", frame="polars").item() == name
    answer = query("['odd name'] | count", tables={"odd name": rows, name or "y": rows})
    assert answer["Count"].tolist() == [2]


def test_the_callers_frames_are_never_changed():
    rows = pl.DataFrame({"x": [2, 1]})
    query("T | extend x = x * 2 | sort by x asc", T=rows)
    assert rows["x"].to_list() == [2, 1]
