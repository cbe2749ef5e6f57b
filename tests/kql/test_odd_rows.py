"""Every function of the catalogue over columns of extreme values: rows, or a refusal.

``HUNTKIT_FUZZ=600 pytest tests/kql/test_odd_rows.py`` looks for ten minutes.
"""

import itertools
import math
import os
import random
import time
from datetime import datetime, timedelta

import polars as pl
import pytest

from huntkit.kql import KqlError, query
from huntkit.kql.language.catalog import entry

SECONDS = float(os.environ.get("HUNTKIT_FUZZ", "6"))
ROWS = pl.DataFrame(
    {
        "s": ["", "-", "0x1f", "1e400", "%ZZ", "[1,{", "((((", "\x00", "9999-12-31", None],
        "l": [0, -1, 2**63 - 1, -(2**63), 64, 2**31, None, 3, 10**18, 7],
        "i": pl.Series([0, -1, 2**31 - 1, -(2**31), 64, 5, None, 3, 24, 7], dtype=pl.Int32),
        "r": [0.0, -0.0, 1e308, -1e308, math.inf, -math.inf, math.nan, 1e-320, 1e19, None],
        "d": pl.Series(
            [datetime.min, datetime.max, datetime(1970, 1, 1), None]
            + [datetime(2024, 2, 29, hour) for hour in range(6)],
            dtype=pl.Datetime("us"),
        ).dt.replace_time_zone("UTC"),
        "t": [timedelta(0), timedelta(days=-9_999_999), timedelta(days=9_999_999), None]
        + [timedelta(microseconds=n) for n in range(6)],
        "b": [True, False, None, True, False, True, False, True, False, None],
        "y": ["{}", "[]", "null", "[1e400]", "{", '{"a":{"":1}}', '"x"', "-", "[3,1]", "true"],
    }
)  # fmt: skip
SCHEMAS = {"T": {"y": "dynamic"}}
ANY = ("s", "l", "r", "d", "t", "b", "y")
ARGUMENTS = {
    "string": ("s", "'a'"), "text": ("s", "y"), "any": ANY, "common": ("l", "r", "s", "d"),
    "integer": ("l", "i"), "int": ("i",), "long": ("l", "2"), "real": ("r",),
    "number": ("l", "r", "i"), "decimal": ("todecimal(r)",), "numberbool": ("l", "r", "b"),
    "summable": ("l", "r", "d", "t"), "orderable": ("s", "l", "r", "d", "t"),
    "notdynamic": ("s", "l", "d"), "array": ("y", "dynamic([1])"), "bag": ("y",), "dynamic": ("y",),
    "datetime": ("d",), "timespan": ("t", "1h"), "bool": ("b",), "guid": ("toguid(s)",),
    "typeof": ("typeof(long)",), "integer|array": ("l", "y"),
}  # fmt: skip
# An overflow fails the query, as in Kusto; a pattern out of a column must be one.
DOCUMENTED = (
    "Overflow", "out of range", "Out of Range", "can't be cast because", "regexp_replace",
    "missing ", "escape sequence", "assertion failed", "a range of over", "strrep() of over",
)  # fmt: skip


def calls(functions: dict[str, tuple[entry.Signature, ...]]) -> list[str]:
    """Every function with every kind of argument that it takes."""
    found = []
    for each in itertools.chain.from_iterable(functions.values()):
        most = each.least + 2 if each.most is None else min(each.most, each.least + 2)
        for count in range(each.least, most + 1):
            kinds = [each.at(place).kind for place in range(count)]
            given = itertools.product(*(ARGUMENTS.get(kind, ANY) for kind in kinds))
            found += [f"{each.name}({', '.join(arguments)})" for arguments in given]
    return found


@pytest.mark.parametrize("part", range(2))
def test_a_query_over_odd_rows_gives_rows_or_says_why_not(part: int) -> None:
    asked = [
        *(f"T | extend x = {call}" for call in calls(entry.scalars())),
        *(f"T | summarize x = {call}" for call in calls(entry.aggregates())),
    ]
    random.Random(f"{part} {SECONDS}").shuffle(asked)
    end, ran = time.monotonic() + SECONDS / 2, 0
    for text in asked:
        try:
            query(text, T=ROWS, schemas=SCHEMAS, frame="polars").rows()
            ran += 1
        except KqlError as problem:
            said = f"{text}: {problem}"
            assert "the engine" not in said or any(word in said for word in DOCUMENTED), said
        if time.monotonic() > end:
            break
    assert ran
