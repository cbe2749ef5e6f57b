"""A million command lines as patterns, and density clusters beside msticpy on the same rows.

The command lines are real ones (process starts of the shared data), each with numbers and a host
of its own, so that all differ. The peer is that of ``bench.iocs``.
"""

import json
import random
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import polars as pl

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
import json, sys, time
import polars as pl
import sklearn.cluster
from huntkit.analyze import dbcluster_events
frame = pl.read_parquet(sys.argv[1])
started = time.perf_counter()
found, model, _ = dbcluster_events(frame, ["x", "y", "z"], time_column="TimeGenerated")
seconds = time.perf_counter() - started
print(json.dumps({"seconds": seconds, "found": found.height, "labels": model.labels_.tolist()}))
"""
MSTICPY = """
import json, sys, time, warnings, logging
warnings.simplefilter("ignore"); logging.disable(logging.CRITICAL)
import pandas as pd
from msticpy.analysis.eventcluster import dbcluster_events
frame = pd.read_json(sys.argv[1])
frame["TimeGenerated"] = pd.to_datetime(frame["TimeGenerated"], utc=True)
started = time.perf_counter()
found, model, _ = dbcluster_events(frame, ["x", "y", "z"], time_column="TimeGenerated")
seconds = time.perf_counter() - started
print(json.dumps({"seconds": seconds, "found": len(found), "labels": model.labels_.tolist()}))
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
            density(Path(folder), count, beside=count <= 10_000)


def density(folder: Path, count: int, *, beside: bool) -> None:
    """Density clusters of distinct rows; the peer needs 11 GB for 30,000, so it gets 10,000."""
    frame = features(count)
    frame.write_parquet(folder / "features.parquet")
    ours = measure(HUNTKIT, str(folder / "features.parquet"), times=3)
    rows = [
        (f"density, {count:,} rows", "seconds", "peak MB", "result rows"),
        figures("huntkit", ours.seconds, ours.peak_bytes, ours.answer["found"]),
    ]
    python = peer_ml() if beside else None
    if python is None:
        table(rows)
        return
    path = folder / "features.json"
    path.write_text(
        json.dumps(frame.with_columns(pl.col("TimeGenerated").cast(pl.String)).to_dicts())
    )
    code = (
        f"import subprocess; print(subprocess.run([{python!r}, '-c', {MSTICPY!r}, {str(path)!r}], "
    )
    code += "capture_output=True, text=True, check=True).stdout)"
    theirs = measure(code)
    rows.append(figures(PEER, theirs.seconds, theirs.peak_bytes, theirs.answer["found"]))
    table(rows)
    same = ours.answer["labels"] == theirs.answer["labels"]
    times = theirs.seconds / ours.seconds
    print(f"  the same label for every row: {same}; huntkit is {times:,.0f} times as fast")


def peer_ml() -> str | None:
    """Python of the peer's environment, with what the peer needs for analysis."""
    python = peer()
    if python is None:
        return None
    if subprocess.run(
        [python, "-c", "import matplotlib, sklearn, statsmodels"], check=False
    ).returncode:
        more = ["matplotlib", "scikit-learn", "statsmodels", "setuptools<81"]
        subprocess.run([python, "-m", "pip", "install", "--quiet", *more], check=True)
    return python


def figures(name: str, seconds: float, peak: int, found: int) -> tuple[str, ...]:
    """One line of a table."""
    return (name, f"{seconds:.2f}", f"{peak / 1e6:,.0f}", f"{found:,}")


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
    """Rows of three numbers as process features are: lengths, counts and sums of characters."""
    draw = np.random.default_rng(9)
    length = draw.lognormal(4, 1, count)
    start = pl.datetime(2026, 3, 1, time_unit="us", time_zone="UTC")
    frame = pl.DataFrame({"x": length, "y": length / 7 + draw.random(count), "z": length * 80})
    return frame.with_columns(TimeGenerated=start + pl.duration(seconds=pl.int_range(count)))
