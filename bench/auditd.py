"""Linux audit lines to events: the step, a file, and opening it as evidence; beside msticpy.

The input is the shared data's audit log, repeated with shifted times and serials.
"""

import json
import re
import subprocess
import tempfile
from pathlib import Path

from bench._measure import measure, table
from bench.iocs import PEER, peer

TIMES = 200
_KEY = re.compile(r"audit\((\d+)\.(\d+):(\d+)\)")

STEP = """
import sys, time, json, os
os.environ["POLARS_MAX_THREADS"] = "1"
import polars as pl
from huntkit.extract import auditd
frame = pl.DataFrame({"line": open(sys.argv[1]).read().splitlines()})
auditd(frame.head(100))
started = time.process_time()
found = auditd(frame)
print(json.dumps({"seconds": time.process_time() - started, "events": found.height}))
"""
FILE = """
import sys, time, json, os
os.environ["POLARS_MAX_THREADS"] = "1"
from huntkit.extract import read_from_file
started = time.process_time()
found = read_from_file(sys.argv[1], frame="polars")
print(json.dumps({"seconds": time.process_time() - started, "events": found.height}))
"""
LINES = """
import sys, time, json
from huntkit.formats.audit_lines import LineParser
lines = open(sys.argv[1]).read().splitlines()
parse = LineParser().parse
started = time.process_time()
for line in lines:
    parse(line)
print(json.dumps({"seconds": time.process_time() - started, "events": 0}))
"""
OPEN = """
import sys, time, json
import huntkit
started = time.perf_counter()
with huntkit.open(sys.argv[1], cache=False, frame="polars") as evidence:
    events = int(evidence.sql("SELECT count(*) AS n FROM LinuxAudit")["n"][0])
print(json.dumps({"seconds": time.perf_counter() - started, "events": events}))
"""
MSTICPY = """
import sys, time, json, warnings, logging
warnings.simplefilter("ignore"); logging.disable(logging.CRITICAL)
from msticpy.transform.auditdextract import read_from_file
started = time.process_time()
found = read_from_file(sys.argv[1])
print(json.dumps({"seconds": time.process_time() - started, "events": len(found)}))
"""


def run(data: Path) -> None:
    """Print the table."""
    source = data / "logs/auditd_log.txt"
    with tempfile.TemporaryDirectory(prefix="huntkit-bench-") as folder:
        path = Path(folder, "audit.log")
        lines = write(source, path)
        rows = [("reader", "lines", "seconds", "lines/s", "peak MB", "events")]
        for name, code, times in (
            ("lines alone, one core, CPU", LINES, 3),
            ("extract.auditd, one core, CPU", STEP, 3),
            ("read_from_file, one core, CPU", FILE, 3),
            ("huntkit.open, cold, wall clock", OPEN, 1),
        ):
            figure = measure(code, str(path), times=times)
            rows.append(
                (
                    name,
                    f"{lines:,}",
                    f"{figure.seconds:.2f}",
                    f"{lines / figure.seconds:,.0f}",
                    f"{figure.peak_bytes / 1e6:.0f}",
                    f"{figure.answer['events']:,}",
                )
            )
        rows.append(_of_peer(source, folder))
        table(rows)
        print("  mark: 100,000 lines/s; the test file alone has 938 events")


def _of_peer(source: Path, folder: str) -> tuple[str, ...]:
    python = peer()
    if python is None:
        return (f"{PEER} can't be installed", "", "", "", "", "")
    command = [python, "-c", MSTICPY, str(source.resolve())]
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder)
    count = len(source.read_text().splitlines())
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["failed"])[-1][:60]
        return (f"{PEER}, the test file", f"{count:,}", "failed", "", "", reason)
    answer = json.loads(done.stdout.strip().splitlines()[-1])
    speed = f"{count / answer['seconds']:,.0f}"
    return (
        f"{PEER}, the test file", f"{count:,}", f"{answer['seconds']:.2f}", speed, "",
        f"{answer['events']:,} of 938",
    )  # fmt: skip


def write(source: Path, target: Path) -> int:
    """Write the log `TIMES` times over, each later than the last; how many lines it has."""
    text = source.read_text()
    with target.open("w") as out:
        for time in range(TIMES):

            def shifted(found: re.Match[str], time: int = time) -> str:
                second, serial = int(found[1]) + time * 20_000, int(found[3]) + time * 10_000
                return f"audit({second}.{found[2]}:{serial})"

            out.write(_KEY.sub(shifted, text))
    return TIMES * len(text.splitlines())
