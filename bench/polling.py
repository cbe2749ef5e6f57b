"""One strong frequency in each pair of hosts, beside msticpy's on the same rows."""

import tempfile
from pathlib import Path

import numpy as np
import polars as pl

from bench import _beside
from bench.clusters import peer_ml
from bench.iocs import PEER

COUNTS = (10_000, 100_000)
BEATS = 500  # of each pair, over a day

HUNTKIT = """
import polars as pl
import scipy.signal
from huntkit.analyze import PeriodogramPollingDetector
frame = pl.read_parquet(sys.argv[1])
with clock:
    found = PeriodogramPollingDetector(frame, copy=True).detect_polling("at", "pair")
told = found.unique("pair").sort("pair").select("pair", "dominant_interval", "p_value")
clock.tell(told=told.rows())
"""
MSTICPY = """
import pandas as pd
from msticpy.analysis.polling_detection import PeriodogramPollingDetector
frame = pd.read_csv(sys.argv[1])
detector = PeriodogramPollingDetector(frame)
with clock:
    detector.detect_polling("at", "pair")
found = detector.data.drop_duplicates("pair").sort_values("pair")
clock.tell(told=found[["pair", "dominant_interval", "p_value"]].to_numpy().tolist())
"""


def run(_data: Path) -> None:
    """Print speed and memory, and how often the same interval and verdict come out."""
    python = peer_ml()
    with tempfile.TemporaryDirectory(prefix="huntkit-bench-") as folder:
        for count in COUNTS:
            frame = calls(count)
            frame.write_parquet(Path(folder, "calls.parquet"))
            ours = _beside.run(HUNTKIT, str(Path(folder, "calls.parquet")), times=1)
            if python is None:
                print(f"  {count:,} rows: {_beside.cells(ours)}")
                continue
            frame.write_csv(Path(folder, "calls.csv"))
            theirs = _beside.run(
                MSTICPY, str(Path(folder, "calls.csv")), times=1, python=python, most_gb=18
            )
            pairs = list(zip(ours.answer["told"], theirs.answer["told"], strict=True))
            clear = [(a, b) for a, b in pairs if a[2] < 0.01 and b[2] < 0.01]
            equal = sum(abs(a[1] / b[1] - 1) < 0.01 for a, b in clear)
            verdict = sum((a[2] < 0.01) == (b[2] < 0.01) for a, b in pairs)
            told = f"the same verdict for {verdict:,} of {len(pairs):,} pairs, "
            told += f"the same interval for {equal:,} of {len(clear):,} that poll"
            _beside.compared(f"polling, {count:,} rows", ours, theirs, PEER, told)


def calls(count: int) -> pl.DataFrame:
    """Seconds of calls; every other pair calls at a beat, the others as they like."""
    draw = np.random.default_rng(9)
    pairs = max(count // BEATS, 1)
    begin, parts = 1_772_323_200, []
    for pair in range(pairs):
        if pair % 2:
            times = np.sort(draw.integers(0, 86_400, BEATS))
        else:
            interval = int(draw.integers(60, 170))
            times = np.arange(BEATS) * interval + draw.integers(0, interval // 10, BEATS)
        parts.append(pl.DataFrame({"pair": f"pair{pair:05}", "at": begin + times}))
    return pl.concat(parts)
