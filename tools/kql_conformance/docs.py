"""Part ``docs``: the examples of Microsoft's documentation, against their printed results."""

import gzip
import html
import json
import math
import re
import traceback
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from huntkit.kql.language.errors import KqlError
from huntkit.kql.language.instants import parse_datetime, parse_timespan
from huntkit.kql.run import examine

NOW = "2024-01-01T00:00:00Z"
RIGHT_OF_COMPILED = 0.98
RIGHT_OF_ALL = 0.60
RIGHT_OF_FREQUENT = 0.85
EXCEPTIONS = Path(__file__).with_name("docs_exceptions.json")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one example."""

    pair: dict[str, Any]
    verdict: str  # right, wrong, refused, broken
    why: str = ""


def main(data: Path, *, verbose: bool = False) -> bool:
    """Print the table; whether every mark is reached."""
    excused = {each["id"]: each["reason"] for each in json.loads(EXCEPTIONS.read_text("utf-8"))}
    frequent = known_functions(data)
    outcomes = [check(pair) for pair in strict_pairs(data)]
    outcomes = [
        Outcome(o.pair, "excused", excused[o.pair["id"]])
        if o.verdict == "wrong" and o.pair["id"] in excused
        else o
        for o in outcomes
    ]
    counts = Counter(o.verdict for o in outcomes)
    fair = [o for o in outcomes if o.verdict != "excused"]
    usual = [o for o in fair if functions_of(o.pair["query"]) <= frequent]
    good = sum(o.verdict == "right" for o in usual)
    ran = counts["right"] + counts["wrong"] + counts["broken"]
    for verdict in ("right", "excused", "wrong", "broken", "refused"):
        print(f"  {verdict:8} {counts[verdict]:4}")
    for outcome in outcomes:
        if outcome.verdict in ("wrong", "broken") or (verbose and outcome.verdict == "refused"):
            page = outcome.pair["page"].rpartition("/")[2]
            print(f"  {outcome.verdict} {outcome.pair['id']} {page}: {outcome.why}")
    marks = [
        ("right, of those that compile", counts["right"], ran, RIGHT_OF_COMPILED),
        ("right, of all strict pairs", counts["right"], len(outcomes), RIGHT_OF_ALL),
        ("right, of those with usual functions", good, len(usual), RIGHT_OF_FREQUENT),
    ]
    reached = [mark(*each) for each in marks]
    return all(reached)


def mark(title: str, count: int, total: int, least: float) -> bool:
    """Print one figure beside its mark."""
    share = count / total if total else 0.0
    reached = share >= least
    sign = "ok  " if reached else "FAIL"
    print(f"  {sign} {title}: {count} of {total} = {share:.1%} (mark {least:.0%})")
    return reached


def strict_pairs(data: Path) -> list[dict[str, Any]]:
    """The examples whose printed result is complete and the same each time."""
    with gzip.open(data / "kql" / "doc_examples.json.gz", "rt", encoding="utf-8") as file:
        pairs: list[dict[str, Any]] = json.load(file)["pairs"]
    return [
        pair
        for pair in pairs
        if pair["self_contained"]
        and pair["output_heading"]
        and not pair["partial"]
        and not pair["nondeterministic"]
    ]


def known_functions(data: Path) -> frozenset[str]:
    """The functions and plugins that real queries use."""
    found = json.loads((data / "kql" / "frequency.json").read_text("utf-8"))
    return frozenset({*found["fn"], *found["plugins"]})


_WORDS = frozenset(
    [
        "datatable",
        "in",
        "on",
        "dynamic",
        "datetime",
        "timespan",
        "time",
        "with",
        "by",
        "int",
        "long",
        "real",
        "decimal",
        "guid",
        "bool",
        "double",
        "string",
        "has_any",
        "has_all",
        "between",
        "join",
        "union",
        "let",
        "lookup",
        "where",
        "and",
        "or",
        "materialize",
        "toscalar",
        "typeof",
        "of",
        "print",
        "invoke",
        "view",
        "partition",
        "date",
        "uuid",
        "apply",
        "expand",
        "as",
        "declare",
        "external_data",
        "inner",
        "none",
        "all",
        "query_parameters",
        "summarize",
    ]
)


def functions_of(query: str) -> set[str]:
    """What a query calls, its own functions left out."""
    bare = re.sub(r"//.*|\"[^\"\n]*\"|'[^'\n]*'", "", query)
    own = set(re.findall(r"\blet\s+(\w+)\s*=", bare))
    return set(re.findall(r"\b([a-z_]\w*)\s*\(", bare)) - own - _WORDS


def check(pair: dict[str, Any]) -> Outcome:
    """Run one example and compare."""
    try:
        rows, schema, ordered = examine(pair["query"], now=NOW)
    except KqlError as error:
        kind = "broken" if "the engine could not run" in str(error) else "refused"
        return Outcome(pair, kind, f"{type(error).__name__}: {error}"[:300])
    except Exception:  # noqa: BLE001  the table names it
        return Outcome(pair, "broken", traceback.format_exc().strip().splitlines()[-1][:300])
    types = [column.type for column in schema]
    if len(pair["columns"]) != len(types):
        return Outcome(pair, "wrong", f"columns {[c.name for c in schema]}, not {pair['columns']}")
    wanted = [list(row) for row in pair["rows"]]
    if not rows and not any(map(any, wanted)):  # no rows are printed as blanks
        return Outcome(pair, "right")
    if len(wanted) != len(rows):
        return Outcome(pair, "wrong", f"{len(rows)} rows, not {len(wanted)}: {rows[:4]}")
    if ordered:
        unlike = [(a, b) for a, b in zip(rows, wanted, strict=True) if not same_row(a, b, types)]
    else:
        unlike = _unmatched(rows, wanted, types)
    if unlike:
        return Outcome(pair, "wrong", f"{unlike[0][0]} is not {unlike[0][1]}"[:600])
    return Outcome(pair, "right")


def _unmatched(rows: list[Any], wanted: list[Any], types: list[str]) -> list[tuple[Any, Any]]:
    """Rows without a partner, in any order."""
    left = list(wanted)
    alone = []
    for row in rows:
        place = next((i for i, other in enumerate(left) if same_row(row, other, types)), None)
        if place is None:
            alone.append(row)
        else:
            left.pop(place)
    return list(zip(alone, left, strict=False))


def same_row(row: Any, printed: list[str], types: list[str]) -> bool:
    """Whether every cell is as printed."""
    return len(row) == len(printed) and all(map(same, row, printed, types))


def same(value: Any, printed: str, kind: str) -> bool:
    """Whether a value is what the documentation prints."""
    shown = html.unescape(re.sub(r"<br\s*/?>", "\n", printed)).strip().strip("`")
    shown = re.sub(r"^\[(\S+)\]\(\1\)$", r"\1", shown)  # a link to itself
    if value is None:
        return shown in ("", "null", "(null)", "NaN" if kind == "real" else "")
    if kind in ("string", "guid"):
        plain = " ".join(str(value).split())  # a table's cell holds no line breaks
        return plain in (" ".join(shown.split()), shown.strip("\"'<>"))
    if kind == "bool":
        return shown.lower() in (("true", "1") if value else ("false", "0"))
    if kind in ("int", "long"):
        return shown.replace(",", "") == str(value)
    if kind in ("real", "decimal"):
        return same_number(float(value), shown)
    if kind == "datetime":
        return bool(parse_datetime(shown) == value)
    if kind == "timespan":
        return bool(parse_timespan(shown) == value)
    return isinstance(value, str) and same_json(value, shown)


def same_number(value: float, shown: str) -> bool:
    """Whether a number rounds to the printed digits."""
    try:
        wanted = float(shown.replace(",", "").replace("∞", "inf"))
    except ValueError:
        return str(value).lower() == shown.lower()
    if value == wanted or (value != value and wanted != wanted):
        return True
    if not math.isfinite(value) or not math.isfinite(wanted):
        return False
    mantissa, _, exponent = shown.lower().replace(",", "").partition("e")
    decimals = len(mantissa.partition(".")[2])
    unit = 10.0 ** (int(exponent or 0) - decimals)
    return abs(value - wanted) <= 0.5000001 * unit or (
        len(mantissa.strip("-0.")) >= 15 and abs(value - wanted) <= 1e-14 * abs(wanted) * 10
    )


def same_json(value: str, shown: str) -> bool:
    """Whether a dynamic is the printed JSON; numbers to the printed digits."""
    try:
        one, two = json.loads(value), json.loads(shown, parse_float=Printed)
    except ValueError:
        plain = json.loads(value)
        return (plain if isinstance(plain, str) else value).strip() == shown
    return same_value(one, two)


class Printed(str):
    """A number as it was printed."""

    __slots__ = ()


def same_value(a: Any, b: Any) -> bool:
    """Whether two JSON values are the same."""
    if isinstance(b, Printed):
        return isinstance(a, int | float) and same_number(float(a), str(b))
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(same_value, a, b))
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same_value(a[key], b[key]) for key in a)
    return (type(a) is type(b) and a == b) or (
        isinstance(a, float) and isinstance(b, int) and not isinstance(b, bool) and a == b
    )
