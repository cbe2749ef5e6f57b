"""Rare values with their spread over hosts, beside the same with pandas."""

import tempfile
from pathlib import Path

import numpy as np
import polars as pl

from bench import _beside
from bench._measure import table

COUNTS = (10_000, 100_000, 1_000_000)

HUNTKIT = """
import polars as pl
from huntkit.analyze import rare
frame = pl.read_parquet(sys.argv[1])
with clock:
    found = rare(frame, ["Image", "User"])
counts = found.sort("Image", "User").select("Count", "Spread")
clock.tell(found=found.height, counts=counts.hash_rows().sum(), sums=counts.sum().row(0))
"""
PANDAS = """
import pandas as pd
frame = pd.read_parquet(sys.argv[1])
with clock:
    groups = frame.groupby(["Image", "User"], dropna=False, sort=False)
    found = groups.agg(Count=("Image", "size"), Spread=("Computer", "nunique"),
                       First=("TimeGenerated", "min"), Last=("TimeGenerated", "max"))
    found = found.reset_index().sort_values(["Count", "Spread"], kind="stable")
import polars as pl
counts = pl.from_pandas(found.sort_values(["Image", "User"])[["Count", "Spread"]])
clock.tell(found=len(found), counts=counts.hash_rows().sum(), sums=counts.sum().row(0))
"""
PAIRS = """
import polars as pl
from huntkit.analyze import rare_pairs
frame = pl.read_parquet(sys.argv[1])
with clock:
    found = rare_pairs(frame, parent_column="Parent", process_column="Image", over="Computer")
clock.tell(found=found.height)
"""


def run(_data: Path) -> None:
    """Print speed and memory, and whether the counts are the same."""
    with tempfile.TemporaryDirectory(prefix="huntkit-bench-") as folder:
        path = Path(folder, "starts.parquet")
        pairs = [("rare parent and child", *_beside.COLUMNS, "pairs")]
        for count in COUNTS:
            starts(count).write_parquet(path)
            ours = _beside.run(HUNTKIT, str(path))
            theirs = _beside.run(PANDAS, str(path))
            same = {k: ours.answer[k] for k in ("found", "counts", "sums")} == {
                k: theirs.answer[k] for k in ("found", "counts", "sums")
            }
            told = f"the same counts of {ours.answer['found']:,} values: {same}"
            _beside.compared(f"rare, {count:,} rows", ours, theirs, "pandas", told)
            figure = _beside.run(PAIRS, str(path))
            pairs.append((f"{count:,}", *_beside.cells(figure), f"{figure.answer['found']:,}"))
        table(pairs)


def starts(count: int) -> pl.DataFrame:
    """Process starts: few programs often, many seldom, on a thousand hosts."""
    draw = np.random.default_rng(9)
    image = np.minimum(draw.zipf(1.3, count), 50_000)
    parent = np.minimum(draw.zipf(1.6, count), 500)
    begin = pl.datetime(2026, 3, 1, time_unit="us", time_zone="UTC")
    frame = pl.DataFrame(
        {
            "i": image,
            "p": parent,
            "h": draw.integers(0, 1000, count),
            "u": draw.integers(0, 20, count),
            "s": draw.integers(0, 86_400 * 7, count),
        }
    )
    return frame.select(
        TimeGenerated=begin + pl.duration(seconds="s"),
        Computer=pl.format("ws{}.example", "h"),
        User=pl.format("user{}", "u"),
        Image=pl.format("C:\\Program Files\\p{}\\app{}.exe", "i", "i"),
        Parent=pl.format("C:\\Program Files\\p{}\\app{}.exe", "p", "p"),
    )
