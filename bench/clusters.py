"""A million command lines as patterns, and density clusters beside msticpy on the same rows.

The command lines are real ones (process starts of the shared data), each with numbers and a host
of its own, so that all differ. The peer is that of ``bench.iocs``.
"""

import json
import os
import random
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import polars as pl

from bench import _beside
from bench._measure import measure, table
from bench.iocs import PEER, peer

PATTERNS = """
import json, sys, time
import polars as pl
from huntkit.analyze import clusters
frame = pl.read_parquet(sys.argv[1])
started = time.perf_counter()
found = clusters(frame, "CommandLine")
print(json.dumps({"seconds": time.perf_counter() - started, "found": found.height}))
"""
HUNTKIT = """
import polars as pl
import sklearn.cluster
from huntkit.analyze import dbcluster_events
frame = pl.read_parquet(sys.argv[1])
with clock:
    found, model, _ = dbcluster_events(frame, ["x", "y", "z"], time_column="TimeGenerated")
clock.tell(found=found.height, labels=model.labels_.tolist())
"""
MSTICPY = """
import pandas as pd
from msticpy.analysis.eventcluster import dbcluster_events
frame = pd.read_json(sys.argv[1])
frame["TimeGenerated"] = pd.to_datetime(frame["TimeGenerated"], utc=True)
with clock:
    found, model, _ = dbcluster_events(frame, ["x", "y", "z"], time_column="TimeGenerated")
clock.tell(found=len(found), labels=model.labels_.tolist())
"""


def run(data: Path) -> None:
    """Print speed, memory and the comparison."""
    with tempfile.TemporaryDirectory(prefix="huntkit-bench-") as folder:
        rows = [("command lines", "seconds", "peak MB", "clusters")]
        for count in (250_000, 1_000_000):
            path = Path(folder, f"{count}.parquet")
            commands(data, count).write_parquet(path)
            figure = measure(PATTERNS, str(path), times=3)
            peak = f"{figure.peak_bytes / 1e6:,.0f}"
            rows.append(
                (f"{count:,}", f"{figure.seconds:.2f}", peak, f"{figure.answer['found']:,}")
            )
        table(rows)
        for count in (10_000, 30_000):
            density(Path(folder), count)


def density(folder: Path, count: int) -> None:
    """Density clusters of distinct rows; the peer needs 12 GB and two minutes for 30,000."""
    frame = features(count)
    frame.write_parquet(folder / "features.parquet")
    ours = _beside.run(HUNTKIT, str(folder / "features.parquet"))
    python = peer_ml()
    if python is None or count > _peer_manages():
        table([(f"density, {count:,} rows", *_beside.COLUMNS), ("huntkit", *_beside.cells(ours))])
        print(f"  {PEER} would need more memory than there is")
        return
    path = folder / "features.json"
    path.write_text(
        json.dumps(frame.with_columns(pl.col("TimeGenerated").cast(pl.String)).to_dicts())
    )
    theirs = _beside.run(MSTICPY, str(path), times=1, python=python, most_gb=18)
    labels = ours.answer["labels"]
    told = f"the same label for every row: {labels == theirs.answer['labels']}"
    told += f" ({len(set(labels)) - 1:,} clusters, {labels.count(-1):,} rows in none)"
    _beside.compared(f"density, {count:,} rows", ours, theirs, PEER, told)


def _peer_manages() -> int:
    """How many rows the peer can cluster in the memory that is free."""
    free = os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return int((free / 16) ** 0.5)


def peer_ml() -> str | None:
    """Python of the peer's environment, with what the peer needs for analysis."""
    python = peer()
    if python is None:
        return None
    needed = "import matplotlib, sklearn, statsmodels, rrcf"
    if subprocess.run([python, "-c", needed], check=False).returncode:
        more = ["matplotlib", "scikit-learn", "statsmodels", "rrcf", "setuptools<81"]
        subprocess.run([python, "-m", "pip", "install", "--quiet", *more], check=True)
    return python


def commands(data: Path, count: int) -> pl.DataFrame:
    """Different command lines made of real ones."""
    logs = data / "logs"
    real = [
        *pl.read_csv(logs / "mde_proc_cs1.csv", infer_schema=False)["CreatedProcessCommandLine"],
        *pl.read_csv(logs / "processes_on_host.csv", infer_schema=False)["CommandLine"],
    ]
    known = [text[:400] for text in real if text]
    draw = random.Random(9)
    lines = [
        f"{draw.choice(known)} /run:{draw.randrange(10**9)} SRV{draw.randrange(5000):05}"
        for _ in range(count)
    ]
    return pl.DataFrame({"CommandLine": lines})


def features(count: int) -> pl.DataFrame:
    """Rows of three numbers as process features are: most are alike, some are not."""
    draw = np.random.default_rng(9)
    length = draw.lognormal(4, 1, count)
    start = pl.datetime(2026, 3, 1, time_unit="us", time_zone="UTC")
    few = np.arange(count) % 30 == 0
    frame = pl.DataFrame(
        {
            "x": np.where(few, draw.lognormal(6, 2, count), length),
            "y": np.where(few, draw.lognormal(6, 2, count), length / 7 + draw.random(count)),
            "z": np.where(few, draw.lognormal(6, 2, count), length * 80),
        }
    )
    return frame.with_columns(TimeGenerated=start + pl.duration(seconds=pl.int_range(count)))
