"""Anomalies of an hourly series: statsmodels' STL, the built-in method, and msticpy's."""

import tempfile
from pathlib import Path

import numpy as np
import polars as pl

from bench import _beside
from bench._measure import Figure, table
from bench.clusters import peer_ml
from bench.iocs import PEER

COUNTS = (10_000, 100_000, 1_000_000)
PLANTED = 40

HUNTKIT = """
import polars as pl
import statsmodels.tsa.seasonal  # the peer imports it before the clock runs, too
from huntkit.analyze import ts_anomalies_stl
frame = pl.read_parquet(sys.argv[1])
with clock:
    found = ts_anomalies_stl(frame, time_column="TimeGenerated", data_column="bytes",
                             method=sys.argv[2])
found.select("residual", "anomalies").write_parquet(sys.argv[3])
clock.tell()
"""
MSTICPY = """
import pandas as pd
from msticpy.analysis.timeseries import ts_anomalies_stl
frame = pd.read_csv(sys.argv[1])
frame["TimeGenerated"] = pd.to_datetime(frame["TimeGenerated"], utc=True, format="ISO8601")
with clock:
    found = ts_anomalies_stl(frame, time_column="TimeGenerated", data_column="bytes")
found[["residual", "anomalies"]].to_csv(sys.argv[3], index=False)
clock.tell()
"""


def run(_data: Path) -> None:
    """Print speed and memory, and how far the answers agree."""
    quality = [("points", "method", "planted found", "of them dips", "others marked")]
    with tempfile.TemporaryDirectory(prefix="huntkit-bench-") as folder:
        for count in COUNTS:
            quality += beside(Path(folder), count)
    table(quality)


def beside(folder: Path, count: int) -> list[tuple[str, ...]]:
    """All three on one series."""
    frame, peaks, dips = series(count)
    frame.write_parquet(folder / "series.parquet")
    told, figures = [], {}
    for method in ("stl", "light"):
        out = folder / f"{method}.parquet"
        source = str(folder / "series.parquet")
        figures[method] = _beside.run(HUNTKIT, source, method, str(out), times=_times(count))
        marked = pl.read_parquet(out)["anomalies"].to_numpy()
        told.append((f"{count:,}", f"huntkit, {method}", *_found(marked, peaks, dips)))
    light: Figure = figures["light"]
    table([("the built-in method", *_beside.COLUMNS), (f"{count:,}", *_beside.cells(light))])
    python = peer_ml()
    if python is None:
        return told
    frame.with_columns(pl.col("TimeGenerated").dt.to_string("iso:strict")).write_csv(
        folder / "series.csv"
    )
    out = folder / "peer.csv"
    source = str(folder / "series.csv")
    theirs = _beside.run(MSTICPY, source, "", str(out), times=_times(count), python=python)
    rows = pl.read_csv(out)
    ours = pl.read_parquet(folder / "stl.parquet")
    apart = int((ours["residual"].cast(pl.Int64) != rows["residual"]).sum())
    agreement = f"remainders that differ, cut to whole numbers as msticpy does: {apart:,}"
    title = f"STL of {count:,} points"
    _beside.compared(title, figures["stl"], theirs, PEER, agreement)
    told.append((f"{count:,}", PEER, *_found(rows["anomalies"].to_numpy(), peaks, dips)))
    return told


def series(count: int) -> tuple[pl.DataFrame, np.ndarray, np.ndarray]:
    """Whole numbers by the hour with a daily season and a trend; planted peaks and dips."""
    draw = np.random.default_rng(9)
    hours = np.arange(count)
    values = 50_000 + hours * 0.01 + 20_000 * np.sin(hours * np.pi / 12)
    values += draw.normal(0, 1500, count)
    places = draw.choice(count - 200, PLANTED, replace=False) + 100
    peaks, dips = places[: PLANTED // 2], places[PLANTED // 2 :]
    values[peaks] += 15_000
    values[dips] -= 15_000
    begin = pl.datetime(1990, 1, 1, time_unit="us", time_zone="UTC")
    frame = pl.DataFrame({"bytes": values.astype(np.int64)}).with_columns(
        TimeGenerated=begin + pl.duration(hours=pl.int_range(count))
    )
    return frame, peaks, dips


def _times(count: int) -> int:
    return 1 if count > 100_000 else 3


def _found(marked: np.ndarray, peaks: np.ndarray, dips: np.ndarray) -> tuple[str, str, str]:
    right = int((marked[peaks] == 1).sum()), int((marked[dips] == -1).sum())
    others = int((marked != 0).sum()) - int((marked[[*peaks, *dips]] != 0).sum())
    return (f"{sum(right)} of {PLANTED}", f"{right[1]} of {len(dips)}", f"{others:,}")
