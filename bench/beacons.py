"""Beacons: ten million connections, and how well planted ones are found among real gaps.

The background is 5,000 pairs over 24 hours whose gaps between connections are drawn from those of
real captures (Zeek and Sysmon of the shared data, the attackers' machines left out), once as they
are and once stretched over the day. Fifty beacons are planted: 30 seconds to an hour, up to 30 %
of jitter, every fifth call lost.
"""

import tempfile
from pathlib import Path

import numpy as np
import polars as pl

import huntkit
from bench._measure import measure, table

CODE = """
import json, sys, time
import polars as pl
from huntkit.analyze import beacons
calls = pl.read_parquet(sys.argv[1])
started = time.perf_counter()
found = beacons(calls)
print(json.dumps({"seconds": time.perf_counter() - started, "found": found.height}))
"""
QUIET, PLANTED, DAY = 5_000, 50, 86_400
ATTACKERS = ["192.168.0.4", "192.168.1.43", "10.0.10.106", "10.10.10.5"]
LOGS = (
    ("compound/apt29", "Zeek_conn", "id_orig_h", "id_resp_h"),
    ("compound/LSASS_campaign_02", "Zeek_conn", "id_orig_h", "id_resp_h"),
    ("atomic/windows", "DeviceNetworkEvents", "DeviceName", "RemoteIP"),
)


def run(data: Path) -> None:
    """Print speed and memory, then the quality."""
    rows = [("connections", "pairs", "seconds", "peak MB", "judged")]
    with tempfile.TemporaryDirectory(prefix="huntkit-bench-") as folder:
        for count in (1_000_000, 2_500_000, 10_000_000):
            path = Path(folder, "calls.parquet")
            connections(count).write_parquet(path)
            figure = measure(CODE, str(path), times=1 if count > 5_000_000 else 3)
            rows.append(
                (
                    f"{count:,}",
                    f"{count // 100:,}",
                    f"{figure.seconds:.1f}",
                    f"{figure.peak_bytes / 1e6:,.0f}",
                    f"{figure.answer['found']:,}",
                )
            )
    table(rows)
    gaps = real_gaps(data)
    told = [("background", "seed", "ROC AUC", "precision at 20", "precision at 50")]
    for name, stretched in (("as it is", False), ("over the day", True)):
        told += [(name, str(seed), *quality(gaps, seed, stretched=stretched)) for seed in (1, 2, 3)]
    table(told)


def connections(count: int) -> pl.DataFrame:
    """Connections of one day, a hundred for each pair."""
    draw = np.random.default_rng(1)
    pair = draw.integers(0, count // 100, count)
    start = 1_700_000_000_000_000
    frame = pl.DataFrame(
        {"pair": pair, "ts": start + draw.integers(0, DAY * 1_000_000, count),
         "orig_bytes": draw.integers(100, 10_000, count)}
    )  # fmt: skip
    place = pl.col("pair")
    return frame.select(
        pl.col("ts").cast(pl.Datetime("us", "UTC")),
        "orig_bytes",
        id_orig_h=pl.format("10.{}.{}.{}", place // 65_536, place // 256 % 256, place % 256),
        id_resp_h=pl.format("203.{}.{}.9", place // 7 % 256, place // 1_792 % 256),
    )


def real_gaps(data: Path) -> np.ndarray:
    """Seconds between two connections of the same pair, in the captures."""
    parts = []
    for folder, name, source, target in LOGS:
        evidence = huntkit.open(data / "security-datasets" / folder)
        rows = evidence.table(name, frame="polars").drop_nulls([source, target])
        rows = rows.filter(~pl.col(source).is_in(ATTACKERS) & ~pl.col(target).is_in(ATTACKERS))
        gap = pl.col("TimeGenerated").sort().diff().dt.total_microseconds() / 1e6
        parts.append(rows.group_by(source, target).agg(gap=gap.drop_nulls()).explode("gap")["gap"])
    gaps = pl.concat(parts).drop_nulls()
    return gaps.filter(gaps < DAY).sort().to_numpy()


def quality(gaps: np.ndarray, seed: int, *, stretched: bool) -> tuple[str, str, str]:
    """Area under the ROC curve, and how many of the first 20 and 50 were planted."""
    draw = np.random.default_rng(seed)
    parts = []
    for pair in range(QUIET):
        times = np.cumsum(draw.choice(gaps, int(np.exp(draw.uniform(np.log(10), np.log(1000))))))
        if stretched:
            times = times * draw.uniform(0.5, 1) * DAY / times[-1]
        parts.append((f"quiet{pair}", times[times < DAY]))
    for pair in range(PLANTED):
        interval, jitter = np.exp(draw.uniform(np.log(30), np.log(3600))), draw.uniform(0, 0.3)
        sleeps = interval * (1 + draw.uniform(-jitter, jitter, int(DAY / interval * 1.6) + 9))
        times = np.cumsum(sleeps)
        times = times[times < DAY]
        parts.append((f"planted{pair}", times[draw.random(len(times)) >= 0.2]))
    calls = pl.concat(
        pl.DataFrame({"src_ip": name, "dst_ip": "203.0.113.9", "ts": 1.7e9 + times})
        for name, times in parts
        if len(times)
    )
    found = huntkit.analyze.beacons(calls)
    names = pl.DataFrame({"Source": [name for name, _ in parts]})
    ranked = names.join(found.select("Source", "score"), on="Source", how="left").with_columns(
        pl.col("score").fill_null(0), planted=pl.col("Source").str.starts_with("planted")
    )  # what was not judged was not found
    rank = ranked["score"].rank("average").filter(ranked["planted"]).sum()
    area = (rank - PLANTED * (PLANTED + 1) / 2) / (PLANTED * QUIET)
    top = found["Source"].str.starts_with("planted")
    return f"{area:.4f}", f"{top.head(20).mean():.2f}", f"{top.head(50).mean():.2f}"
