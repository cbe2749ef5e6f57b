"""A million sessions put together and scored, and msticpy on a part of them."""

import json
import tempfile
from pathlib import Path

import numpy as np
import polars as pl

from bench._measure import measure, table
from bench.clusters import figures, peer_ml
from bench.iocs import PEER

COUNTS = (250_000, 1_000_000)
BESIDE = 20_000

HUNTKIT = """
import json, sys, time
import polars as pl
from huntkit.analyze import score_sessions
frame = pl.read_parquet(sys.argv[1])
started = time.perf_counter()
found = score_sessions(frame, "did", 3)
seconds = time.perf_counter() - started
least = found["rarest_window3_likelihood"].head(20_000).to_list()
print(json.dumps({"seconds": seconds, "found": found.height, "least": least}))
"""
MSTICPY = """
import json, sys, time, warnings, logging, math
warnings.simplefilter("ignore"); logging.disable(logging.CRITICAL)
import pandas as pd
from msticpy.analysis.anomalous_sequence.anomalous import score_sessions
frame = pd.read_json(sys.argv[1])
started = time.perf_counter()
found = score_sessions(frame, "did", 3)
seconds = time.perf_counter() - started
least = [None if math.isnan(v) else v for v in found["rarest_window3_likelihood"]]
print(json.dumps({"seconds": seconds, "found": len(found), "least": least}))
"""


def run(data: Path) -> None:
    """Print speed, memory and the comparison."""
    events = pl.read_csv(data / "logs/demo_exchange_data.csv", infer_schema=False)["Operation"]
    with tempfile.TemporaryDirectory(prefix="huntkit-bench-") as folder:
        path = Path(folder, "sessions.parquet")
        rows = [("sessions", "seconds", "peak MB", "scored")]
        for count in COUNTS:
            sessions(events, count).write_parquet(path)
            figure = measure(HUNTKIT, str(path), times=3)
            rows.append(
                figures(f"{count:,}", figure.seconds, figure.peak_bytes, figure.answer["found"])
            )
        table(rows)
        compare(sessions(events, BESIDE), Path(folder))


def compare(frame: pl.DataFrame, folder: Path) -> None:
    """Both on the same sessions."""
    frame.write_parquet(folder / "part.parquet")
    ours = measure(HUNTKIT, str(folder / "part.parquet"), times=3)
    python = peer_ml()
    if python is None:
        return
    path = folder / "part.json"
    path.write_text(json.dumps(frame.to_dicts()), "utf-8")
    code = (
        f"import subprocess; print(subprocess.run([{python!r}, '-c', {MSTICPY!r}, {str(path)!r}], "
    )
    code += "capture_output=True, text=True, check=True).stdout)"
    theirs = measure(code)
    rows = [("the same sessions", "seconds", "peak MB", "scored")]
    rows += [
        figures(name, each.seconds, each.peak_bytes, each.answer["found"])
        for name, each in (("huntkit", ours), (PEER, theirs))
    ]
    table(rows)
    pairs = zip(ours.answer["least"], theirs.answer["least"], strict=True)
    apart = sum(
        (a is None) != (b is None) or (a is not None and abs(a / b - 1) > 1e-9) for a, b in pairs
    )
    times = theirs.seconds / ours.seconds
    print(f"  likelihoods that differ: {apart}; huntkit is {times:,.0f} times as fast")


def sessions(events: pl.Series, count: int) -> pl.DataFrame:
    """Sessions of one to nine real operations, as often as they are in the real data."""
    draw = np.random.default_rng(9)
    lengths = draw.integers(1, 10, count)
    flat = events.gather(pl.Series(draw.integers(0, len(events), lengths.sum())))
    of = pl.Series(np.repeat(np.arange(count), lengths))
    frame = pl.DataFrame({"session": of, "did": flat})
    return frame.group_by("session", maintain_order=True).agg("did").select("did")
