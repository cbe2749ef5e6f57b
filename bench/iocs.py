"""Indicators in real event messages, on one core, beside msticpy on the same rows.

The input is every distinct message of the Windows events in the shared data. The peer comes from
PyPI into an environment of its own, made once (HUNTKIT_BENCH_PEERS says where); as it takes
almost a minute for a thousand rows it gets a sample, and both answers on that sample are compared.
"""

import json
import os
import random
import subprocess
import sys
import tempfile
import venv
import zipfile
from collections import Counter
from pathlib import Path

import polars as pl

from bench._measure import measure, table

PEER = "msticpy==3.0.2"
SAMPLE = 500
TYPES = ["ipv4", "ipv6", "dns", "url", "email", "md5_hash", "sha1_hash", "sha256_hash"]

HUNTKIT = """
import sys, time, json, os
os.environ["POLARS_MAX_THREADS"] = "1"
import polars as pl
from huntkit.extract import iocs
frame = pl.read_parquet(sys.argv[1])
types = json.loads(sys.argv[2])
iocs("evil.example.com", ioc_types=types)  # lists and expressions are read once a process
started = time.process_time()
found = iocs(frame, "text", ioc_types=types, include_input=False)
seconds = time.process_time() - started
pairs = sorted(set(found.select("IoCType", "Observable").rows()))
print(json.dumps({"seconds": seconds, "rows": found.height, "pairs": pairs}))
"""
MSTICPY = """
import sys, time, json, warnings, logging
warnings.simplefilter("ignore"); logging.disable(logging.CRITICAL)
import pandas as pd
from msticpy.transform.iocextract import IoCExtract
frame = pd.read_json(sys.argv[1])
types = json.loads(sys.argv[2])
extract = IoCExtract()
extract.extract("see evil.example.com")  # its list of domains is read once
started = time.process_time()
found = extract.extract_df(frame, ["text"], ioc_types=types)
seconds = time.process_time() - started
pairs = sorted(set(zip(found["IoCType"], found["Observable"])))
print(json.dumps({"seconds": seconds, "rows": len(found), "pairs": pairs}))
"""
GROWTH = """
import sys, time, json, os
os.environ["POLARS_MAX_THREADS"] = "1"
import polars as pl
from huntkit.extract import iocs
def cost(text):
    frame = pl.DataFrame({"text": [text]})
    started = time.process_time()
    iocs(frame, "text", ioc_types="all", include_input=False)
    return time.process_time() - started
def ratio(unit, size=400_000):
    one, two = unit * (size // len(unit)), unit * (2 * size // len(unit))
    costs = [(cost(one), cost(two)) for _ in range(4)]
    return min(b for _, b in costs) / min(a for a, _ in costs)
cost("evil.example.com")
units = [chr(code) for code in range(32, 127)] + json.loads(sys.argv[1])
worst = max((ratio(unit), unit) for unit in units)
print(json.dumps({"ratio": worst[0], "unit": worst[1], "units": len(units)}))
"""
UNITS = [
    *("1.", "a.", "::", "http://", "a@b.com,", "[.]", "evil[.]com,", "http://a.com/", "fe80::1,"),
    *(
        "C:\\a b\\",
        "\\\\a\\b ",
        "/usr/",
        "HKLM\\a b\\",
        "CVE-2021-",
        "aa:",
        "ja3=",
        "Global\\",
        "é",
        "中",
    ),
]


def run(data: Path) -> None:
    """Print speed, comparison and growth."""
    with tempfile.TemporaryDirectory(prefix="huntkit-bench-") as folder:
        texts = messages(data)
        whole, part = Path(folder, "messages.parquet"), Path(folder, "sample.parquet")
        frame = pl.DataFrame({"text": texts})
        frame.write_parquet(whole)
        sample = frame[sorted(random.Random(4).sample(range(frame.height), SAMPLE))]
        sample.write_parquet(part)
        Path(folder, "sample.json").write_text(json.dumps(sample.to_dicts()), "utf-8")
        speed(frame, whole)
        compare(sample, part, Path(folder, "sample.json"))
        growth = measure(GROWTH, json.dumps(UNITS)).answer
        print(f"  twice the text, worst of {growth['units']} texts that repeat one thing")
        worst = f"{growth['ratio']:.2f} times the time ({growth['unit']!r})"
        print(f"  (0.4 and 0.8 MB, all types): {worst}")


def speed(frame: pl.DataFrame, path: Path) -> None:
    """Default and all types on every distinct message."""
    size = frame["text"].str.len_bytes().sum() / 1e6
    rows = [("types", "seconds (CPU)", "MB/s per core", "rows/s", "found")]
    for name in ("default", "all"):
        figure = measure(HUNTKIT, str(path), json.dumps([name]), times=5)
        rows.append(
            (
                name,
                f"{figure.seconds:.2f}",
                f"{size / figure.seconds:.0f}",
                f"{frame.height / figure.seconds:,.0f}",
                f"{figure.answer['rows']:,}",
            )
        )
    print(f"  {frame.height:,} distinct messages, {size:.1f} MB, one thread")
    table(rows)


def compare(sample: pl.DataFrame, path: Path, for_peer: Path) -> None:
    """Both on the same rows and the peer's types."""
    size = sample["text"].str.len_bytes().sum() / 1e6
    ours = measure(HUNTKIT, str(path), json.dumps(TYPES), times=5)
    python = peer()
    if python is None:
        print(f"  {PEER} can't be installed: no comparison")
        return
    command = [python, "-c", MSTICPY, str(for_peer), json.dumps(TYPES)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=for_peer.parent)
    theirs = json.loads(done.stdout.strip().splitlines()[-1])
    rows = [("on the same rows", "seconds (CPU)", "MB/s", "rows/s", "found")]
    for name, seconds, found in (
        ("huntkit", ours.seconds, ours.answer["rows"]),
        (PEER, theirs["seconds"], theirs["rows"]),
    ):
        rate = f"{sample.height / seconds:,.0f}"
        rows.append((name, f"{seconds:.3f}", f"{size / seconds:.2f}", rate, str(found)))
    print(f"  {sample.height:,} of these messages, {size:.2f} MB, types {' '.join(TYPES)}")
    table(rows)
    print(f"  huntkit is {theirs['seconds'] / ours.seconds:,.0f} times as fast")
    both, only_ours, only_theirs = compared(ours.answer["pairs"], theirs["pairs"])
    print(f"  distinct values: in both {sum(both.values())}, by type {dict(both)}")
    for name, only in (("huntkit", only_ours), (PEER, only_theirs)):
        print(f"  only {name}: {sum(map(len, only.values()))}")
        for kind, values in sorted(only.items()):
            print(f"    {kind} {len(values)}: {', '.join(sorted(values)[:4])[:150]}")


def compared(
    ours: list[list[str]], theirs: list[list[str]]
) -> tuple[Counter[str], dict[str, set[str]], dict[str, set[str]]]:
    """Values by type in both answers and in one only; letters' case does not count."""
    mine = {(kind, value.lower()) for kind, value in ours}
    others = {(kind, value.lower()) for kind, value in theirs}
    apart: list[dict[str, set[str]]] = []
    for one, other in ((mine, others), (others, mine)):
        found: dict[str, set[str]] = {}
        for kind, value in one - other:
            found.setdefault(kind, set()).add(value)
        apart.append(found)
    return Counter(kind for kind, _ in mine & others), apart[0], apart[1]


def messages(data: Path) -> list[str]:
    """Every distinct message of the Windows events."""
    found: dict[str, None] = {}
    for path in sorted((data / "security-datasets/atomic/windows").rglob("*.zip")):
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                for line in archive.read(name).splitlines():
                    try:
                        message = json.loads(line).get("Message")
                    except ValueError:
                        continue
                    if isinstance(message, str):
                        found[message] = None
    return list(found)


def peer() -> str | None:
    """Python of the environment that has the peer, made at the first call."""
    home = os.environ.get("HUNTKIT_BENCH_PEERS") or Path(tempfile.gettempdir(), "huntkit-peers")
    folder = Path(home) / PEER.replace("==", "-")
    python = folder / "bin" / "python"
    if not (folder / ".made").exists():
        print(f"  installing {PEER} into {folder}", flush=True)
        venv.create(folder, with_pip=True, clear=True)
        command = [python, "-m", "pip", "install", "--quiet", PEER]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            print(done.stderr[-2000:], file=sys.stderr)
            return None
        (folder / ".made").touch()
    return str(python)
