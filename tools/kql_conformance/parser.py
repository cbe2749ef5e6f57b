"""Part ``parser``: public queries, accepted and refused as by Microsoft's parser, and how fast."""

import gzip
import json
import statistics
import time
from dataclasses import dataclass
from pathlib import Path

from huntkit.kql.language.errors import KqlSyntaxError
from huntkit.kql.language.parser import parse

ACCEPTED = 0.997
REFUSED = 0.90
MEDIAN_MS = 2.0


@dataclass(frozen=True, slots=True)
class Verdict:
    """What our parser says of one query."""

    name: str
    expected: bool
    refusal: str  # empty: accepted
    milliseconds: float


def main(data: Path, *, verbose: bool = False) -> bool:
    """Print the table; whether every mark is reached."""
    with gzip.open(data / "kql" / "queries.jsonl.gz", "rt", encoding="utf-8") as lines:
        queries = [json.loads(line) for line in lines]
    verdicts = [examine(each["id"], each["query"], each["parses"]) for each in queries]
    for verdict in verdicts:
        wrong = verdict.expected == bool(verdict.refusal)
        if wrong or (verbose and verdict.refusal):
            print(f"  {verdict.name}: {verdict.refusal or 'accepted, which it should not be'}")
    right = [each for each in verdicts if each.expected]
    broken = [each for each in verdicts if not each.expected]
    accepted = sum(not each.refusal for each in right)
    refused = sum(bool(each.refusal) for each in broken)
    times = [each.milliseconds for each in verdicts]
    median, longest = statistics.median(times), max(times)
    print(f"  {'accepted, of those that parse':38} {accepted:5} of {len(right):5}", end="")
    print(f"  {accepted / len(right):7.2%}  mark {ACCEPTED:.1%}")
    print(f"  {'refused, of those that do not':38} {refused:5} of {len(broken):5}", end="")
    print(f"  {refused / len(broken):7.2%}  mark {REFUSED:.1%}")
    print(f"  {'median milliseconds (longest)':38} {median:8.2f} ({longest:.1f})", end="")
    print(f"  mark {MEDIAN_MS:.1f}")
    return (
        accepted >= ACCEPTED * len(right)
        and refused >= REFUSED * len(broken)
        and median <= MEDIAN_MS
    )


def examine(name: str, text: str, expected: bool) -> Verdict:
    """Parse one query under the clock."""
    started, refusal = time.perf_counter(), ""
    try:
        parse(text)
    except KqlSyntaxError as error:
        refusal = str(error)
    return Verdict(name, expected, refusal, (time.perf_counter() - started) * 1_000)
