"""A million sessions put together and scored, and msticpy on a part of them."""

import json
import tempfile
from pathlib import Path

import numpy as np
import polars as pl

from bench import _beside
from bench._measure import table
from bench.clusters import peer_ml
from bench.iocs import PEER

COUNTS = (250_000, 1_000_000)
BESIDE = 20_000

HUNTKIT = """
import polars as pl
from huntkit.analyze import score_sessions
frame = pl.read_parquet(sys.argv[1])
with clock:
    found = score_sessions(frame, "did", 3)
least = found["rarest_window3_likelihood"].head(20_000).to_list()
clock.tell(found=found.height, least=least)
"""
MSTICPY = """
import math
import pandas as pd
from msticpy.analysis.anomalous_sequence.anomalous import score_sessions
frame = pd.read_json(sys.argv[1])
with clock:
    found = score_sessions(frame, "did", 3)
least = [None if math.isnan(v) else v for v in found["rarest_window3_likelihood"].head(20_000)]
clock.tell(found=len(found), least=least)
"""
TOGETHER = """
import polars as pl
from huntkit.analyze import sessionize_data
frame = pl.read_parquet(sys.argv[1])
with clock:
    found = sessionize_data(frame, ["who"], "at", 20, 2, "did")
told = found.select("who", "did_list").head(20_000).rows()
clock.tell(found=found.height, told=told)
"""
MSTICPY_TOGETHER = """
import pandas as pd
from msticpy.analysis.anomalous_sequence.sessionize import sessionize_data
frame = pd.read_csv(sys.argv[1], dtype={"who": str})
frame["at"] = pd.to_datetime(frame["at"], utc=True, format="ISO8601")
with clock:
    found = sessionize_data(frame, ["who"], "at", 20, 2, "did")
found = found.sort_values(["who", "at_min"], kind="stable").head(20_000)
clock.tell(found=len(found), told=[[w, list(d)] for w, d in zip(found["who"], found["did_list"])])
"""


def run(data: Path) -> None:
    """Print speed, memory and the comparison."""
    events = pl.read_csv(data / "logs/demo_exchange_data.csv", infer_schema=False)["Operation"]
    with tempfile.TemporaryDirectory(prefix="huntkit-bench-") as folder:
        path = Path(folder, "sessions.parquet")
        rows = [("sessions scored", *_beside.COLUMNS)]
        for count in COUNTS:
            sessions(events, count).write_parquet(path)
            rows.append((f"{count:,}", *_beside.cells(_beside.run(HUNTKIT, str(path)))))
        table(rows)
        for count in (BESIDE, COUNTS[-1]):
            compare(sessions(events, count), Path(folder))
        compare_sessions(events, Path(folder))


def compare(frame: pl.DataFrame, folder: Path) -> None:
    """Both score the same sessions."""
    frame.write_parquet(folder / "part.parquet")
    ours = _beside.run(HUNTKIT, str(folder / "part.parquet"))
    python = peer_ml()
    if python is None:
        return
    path = folder / "part.json"
    path.write_text(json.dumps(frame.to_dicts()), "utf-8")
    theirs = _beside.run(MSTICPY, str(path), times=1, python=python)
    pairs = zip(ours.answer["least"], theirs.answer["least"], strict=True)
    apart = sum(
        (a is None) != (b is None) or (a is not None and abs(a / b - 1) > 1e-9) for a, b in pairs
    )
    told = f"likelihoods that differ: {apart}"
    _beside.compared(f"scores of {frame.height:,} sessions", ours, theirs, PEER, told)


def compare_sessions(events: pl.Series, folder: Path) -> None:
    """Both put the same events together."""
    draw = np.random.default_rng(9)
    python = peer_ml()
    rows = [("events put together", *_beside.COLUMNS)]
    for count in (BESIDE, 1_000_000):
        begin = pl.datetime(2026, 3, 1, time_unit="us", time_zone="UTC")
        frame = pl.DataFrame(
            {
                "who": pl.Series(draw.integers(0, 200, count)).cast(pl.String),
                "s": draw.permutation(count * 4)[:count],
                "did": events.gather(pl.Series(draw.integers(0, len(events), count))),
            }
        ).select("who", "did", at=begin + pl.duration(seconds="s"))
        frame.write_parquet(folder / "events.parquet")
        ours = _beside.run(TOGETHER, str(folder / "events.parquet"))
        if python is None or count > BESIDE:
            rows.append((f"{count:,}", *_beside.cells(ours)))
            continue
        path = folder / "events.csv"
        frame.with_columns(pl.col("at").dt.to_string("iso:strict")).write_csv(path)
        theirs = _beside.run(MSTICPY_TOGETHER, str(path), times=1, python=python)
        same = ours.answer["told"] == theirs.answer["told"]
        told = f"the same {ours.answer['found']:,} sessions: {same}"
        _beside.compared(f"sessions of {count:,} events", ours, theirs, PEER, told)
    table(rows)


def sessions(events: pl.Series, count: int) -> pl.DataFrame:
    """Sessions of one to nine real operations, as often as they are in the real data."""
    draw = np.random.default_rng(9)
    lengths = draw.integers(1, 10, count)
    flat = events.gather(pl.Series(draw.integers(0, len(events), lengths.sum())))
    of = pl.Series(np.repeat(np.arange(count), lengths))
    frame = pl.DataFrame({"session": of, "did": flat})
    return frame.group_by("session", maintain_order=True).agg("did").select("did")
