"""Process trees of many processes on many hosts: with keys, without keys, and at half the size.

The processes are made up (the shared data hold a few thousand starts), with the pids of a busy
machine: eight thousand per host, so that each is used again and again. Every parent is known, and
the edges found are compared with it. Time is that of the call (core seconds: of all threads, which
a busy machine does not change); the peak is that of the whole process, with its imports and input.
"""

import json
import shutil
import subprocess
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl

from bench._measure import measure, table
from bench.iocs import PEER, peer

PROCESSES = 1_000_000
HOSTS = 50

CODE = """
import json, sys, time
import polars as pl
from huntkit.extract import process_tree
events = pl.read_parquet(sys.argv[1])
started, used = time.perf_counter(), time.process_time()
tree = process_tree(events)
seconds, used = time.perf_counter() - started, time.process_time() - used
tree.select("proc_key", "parent_key", "Inferred", "Computer", "number", "above").write_parquet(
    sys.argv[2]
)
print(json.dumps({"seconds": seconds, "used": used}))
"""


# The peer links by pid and time, so it gets Security 4688, as CSV, in pandas.
OURS = """
import json, sys, time
import pandas as pd
from huntkit.extract import process_tree
events = pd.read_csv(sys.argv[1], parse_dates=["TimeGenerated"])
process_tree(events.head(10))
started = time.perf_counter()
tree = process_tree(events)
print(json.dumps({"seconds": time.perf_counter() - started, "starts": int((~tree.Inferred).sum())}))
"""
MSTICPY = """
import json, sys, time
import pandas as pd
from msticpy.transform.proc_tree_builder import build_process_tree
events = pd.read_csv(sys.argv[1], parse_dates=["TimeGenerated"])
started = time.perf_counter()
tree = build_process_tree(events, show_summary=False)
took = time.perf_counter() - started
starts = int(tree["CommandLine"].notna().sum())  # parents that were made up have none
print(json.dumps({"seconds": took, "starts": starts}))
"""
FOR_PEER = 20_000


def run(_data: Path) -> None:
    """Print the table."""
    folder = Path(tempfile.mkdtemp(prefix="huntkit-bench-"))
    rows = [
        ("processes", "hosts", "linked by", "seconds", "core seconds", "peak MB", "parents as made")
    ]
    try:
        for size, how in (
            (PROCESSES // 4, "keys"),
            (PROCESSES // 2, "keys"),
            (PROCESSES, "keys"),
            (PROCESSES, "pid, time"),
        ):
            source, target = folder / "events.parquet", folder / "tree.parquet"
            events = make(size)
            if how != "keys":
                events = events.drop("ProcessGuid", "ParentProcessGuid")
            events.write_parquet(source)
            del events
            figure = measure(CODE, str(source), str(target), times=3)
            rows.append(
                (
                    f"{size:,}",
                    str(HOSTS),
                    how,
                    f"{figure.seconds:.2f}",
                    f"{figure.answer['used']:.2f}",
                    f"{figure.peak_bytes / 1e6:,.0f}",
                    f"{right(pl.read_parquet(target)):.3%}",
                )
            )
        table(rows)
        beside_peer(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def beside_peer(folder: Path) -> None:
    """Both on the same rows, one after the other."""
    source = folder / "events.csv"
    as_security(make(FOR_PEER)).write_csv(source)
    ours = measure(OURS, str(source), times=3).answer
    rows = [("with pandas", "processes", "seconds", "of them in the tree")]
    rows.append(("huntkit", f"{FOR_PEER:,}", f"{ours['seconds']:.2f}", f"{ours['starts']:,}"))
    python = peer()
    if python is None:
        rows.append((f"{PEER} can't be installed", "", "", ""))
    else:
        command = [str(python), "-W", "ignore", "-c", MSTICPY, str(source)]
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=600)
        told = json.loads(done.stdout.strip().splitlines()[-1])
        rows.append((PEER, f"{FOR_PEER:,}", f"{told['seconds']:.2f}", f"{told['starts']:,}"))
    table(rows)


def as_security(events: pl.DataFrame) -> pl.DataFrame:
    """The same starts as Security 4688 records them, with every column that the peer asks for."""
    constant = {"EventID": 4688, "SubjectUserName": "u", "SubjectDomainName": "d",
                "SubjectUserSid": "S-1-5-18", "SubjectLogonId": "0x3e7", "TargetLogonId": "0x0",
                "Account": "d-u", "TenantId": "t", "TokenElevationType": "%%1936",
                "SourceComputerId": "c"}  # fmt: skip
    return events.select(
        "TimeGenerated",
        "Computer",
        "CommandLine",
        NewProcessId=pl.format("0x{}", "ProcessId"),
        NewProcessName="Image",
        ProcessId=pl.format("0x{}", "ParentProcessId"),
        ParentProcessName="ParentImage",
        TimeCreatedUtc="TimeGenerated",
        **{name: pl.lit(value) for name, value in constant.items()},
    )


def make(size: int) -> pl.DataFrame:
    """Sysmon starts with their number on the host and that of their parent (-1: not recorded)."""
    random = np.random.default_rng(7)
    each = size // HOSTS
    number = np.arange(each)
    frames = []
    for host in range(HOSTS):
        # A parent is one of the last 7,000 starts, most of them early ones: trees of real machines
        # are wide, and about ten levels deep. A pid comes round after 8,000.
        above = number - 1 - (random.random(each) ** 0.5 * np.minimum(number, 7000)).astype(int)
        pid, image = (number % 8000) * 4 + 8, random.integers(0, 200, each)
        frames.append(
            pl.DataFrame(
                {
                    "host": np.full(each, host),
                    "number": number,
                    "above": np.maximum(above, -1),
                    "pid": pid,
                    "image": image,
                    "parent_pid": np.where(above >= 0, pid[above], 4),
                    "parent_image": np.where(above >= 0, image[above], 999),
                }
            )
        )
    start = pl.lit(datetime(2024, 5, 1, tzinfo=UTC)).dt.cast_time_unit("us")
    return pl.concat(frames).select(
        "number",
        "above",
        EventID=pl.lit(1),
        TimeGenerated=start + pl.duration(milliseconds=pl.col("number") * 50),
        Computer=pl.format("host{}.example", "host"),
        Image=_path("image"),
        CommandLine=pl.format("program{}.exe -n {}", "image", "number"),
        ProcessId=pl.col("pid"),
        ParentProcessId=pl.col("parent_pid"),
        ParentImage=_path("parent_image"),
        ProcessGuid=_guid("number"),
        ParentProcessGuid=pl.when(pl.col("above") >= 0).then(_guid("above")),
    )


def right(tree: pl.DataFrame) -> float:
    """The share of processes whose parent is the one that they were made with."""
    seen = tree.filter(~pl.col("Inferred"))
    parents = seen.select(parent_key="proc_key", on="Computer", found="number")
    joined = seen.join(parents, on="parent_key", how="left")
    if (joined["on"] != joined["Computer"]).any():
        raise AssertionError("an edge joins two hosts")
    return joined.select((pl.col("found").fill_null(-1) == pl.col("above")).mean()).item()


def _path(name: str) -> pl.Expr:
    return pl.format(r"C:\Windows\System32\program{}.exe", name)


def _guid(name: str) -> pl.Expr:
    digits = pl.col(name).cast(pl.String)
    return pl.concat_str(
        pl.lit("{"), pl.col("host").cast(pl.String).str.zfill(8), pl.lit("-0000-0000-0000-"),
        digits.str.zfill(12), pl.lit("}"),
    )  # fmt: skip
