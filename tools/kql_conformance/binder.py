"""Part ``binder``: result columns and refusals of public queries, against Microsoft's binder."""

import gzip
import json
import statistics
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from huntkit.kql.language import plan
from huntkit.kql.language.binder import TableFunction, bind
from huntkit.kql.language.errors import KqlError
from huntkit.kql.language.parser import parse

EQUAL = 0.95
REFUSED = 0.90
_NOW = 638_400_000_000_000_000  # 2024-01-05: any fixed instant


@dataclass(frozen=True, slots=True)
class Verdict:
    """What our binder makes of one query."""

    name: str
    binds: bool
    expected: list[list[str]] | None
    columns: list[list[str]] | None  # None: refused
    refusal: str
    helpful: bool  # the refusal has a position and a suggestion
    milliseconds: float

    @property
    def exempt(self) -> bool:
        """Whether Microsoft's binder itself does not know a type."""
        return self.expected is None or any(kind == "unknown" for _, kind in self.expected)


def main(data: Path, *, verbose: bool = False) -> bool:
    """Print the table; whether every mark is reached."""
    with gzip.open(data / "kql" / "queries.jsonl.gz", "rt", encoding="utf-8") as lines:
        queries = [json.loads(line) for line in lines]
    tables, functions = schemas(data)
    verdicts = [examine(each, tables, functions) for each in queries if each["parses"]]
    right = [each for each in verdicts if each.binds and not each.exempt]
    wrong = [each for each in verdicts if not each.binds]
    equal = [each for each in right if each.columns == each.expected]
    refused = [each for each in wrong if each.columns is None]
    helpful = [each for each in refused if each.helpful]
    for each in verdicts if verbose else []:
        if each.binds and not each.exempt and each.columns != each.expected:
            print(f"  {each.name}: {each.refusal or difference(each)}")
        elif not each.binds and not (each.columns is None and each.helpful):
            print(f"  {each.name}: {each.refusal or 'bound, which it should not be'}")
    times = [each.milliseconds for each in verdicts]
    _line("columns and types equal", len(equal), len(right), EQUAL)
    _line("refused, of those that do not bind", len(refused), len(wrong), REFUSED)
    _line("... with a position and a suggestion", len(helpful), len(wrong), REFUSED)
    print(f"  {'median milliseconds (longest)':38} {statistics.median(times):8.2f}", end="")
    print(f" ({max(times):.1f})")
    return len(equal) >= EQUAL * len(right) and len(helpful) >= REFUSED * len(wrong)


def _line(label: str, count: int, whole: int, mark: float) -> None:
    print(f"  {label:38} {count:5} of {whole:5}  {count / whole:7.2%}  mark {mark:.1%}")


def schemas(data: Path) -> tuple[dict[str, dict[str, str]], dict[str, TableFunction]]:
    """The tables and stored functions that the queries are written against."""
    with gzip.open(data / "kql" / "schemas.json.gz", "rt", encoding="utf-8") as file:
        stored = json.load(file)
    tables = {name: each["columns"] for name, each in stored["tables"].items()}
    functions = {
        name: TableFunction(
            tuple(p["Name"] for p in each["FunctionParameters"]),
            tuple(plan.Column(c["Name"], c["Type"]) for c in each["FunctionResultColumns"]),
            sum(bool(p["IsRequired"]) for p in each["FunctionParameters"]),
        )
        for name, each in stored["functions"].items()
    }
    return tables, functions


def examine(
    query: Mapping[str, Any],
    tables: Mapping[str, Mapping[str, str]],
    functions: Mapping[str, TableFunction],
) -> Verdict:
    """Parse and bind one query under the clock."""
    text: str = query["query"]
    columns, refusal, helpful = None, "", False
    started = time.perf_counter()
    try:
        bound = bind(parse(text), text=text, tables=tables, functions=functions, now=_NOW)
        columns = [[column.name, column.type] for column in bound.relation.schema]
    except KqlError as error:
        refusal = f"{type(error).__name__}: {error}"
        helpful = bool(error.line and error.hint)
    spent = (time.perf_counter() - started) * 1_000
    return Verdict(
        query["id"], bool(query["binds"]), query["columns"], columns, refusal, helpful, spent
    )


def difference(verdict: Verdict) -> str:
    """The first columns that differ."""
    ours, theirs = verdict.columns or [], verdict.expected or []
    pairs = [(a, b) for a, b in zip(ours, theirs, strict=False) if a != b][:2]
    return f"{len(ours)} columns, not {len(theirs)}: {pairs}"
