"""500,000 rows from services to frames, and the first result of evidence that is known already.

The services are stand-ins in a process of their own, which send replies that were made before, so
that what is measured is reading: HTTP, JSON, types, the frame. Microsoft's own client reads the
same reply beside ours, and the rows of both are compared.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench._measure import Figure, measure, table
from bench._services import ROWS, make

DIGEST = """
import json, hashlib
def digest(frame):
    made = {}
    for name in frame.columns:
        values = frame[name]
        if str(values.dtype).startswith("datetime"):
            values = values.astype("int64") // {"ns": 1000, "us": 1}[values.dt.unit]
        texts = ["" if v is None or v != v else str(v) for v in values.tolist()]
        if name == "AdditionalFields":
            texts = [json.dumps(json.loads(v) if isinstance(v, str) else v, sort_keys=True)
                     for v in frame[name].tolist()]
        made[name] = hashlib.sha256("\\n".join(texts).encode()).hexdigest()[:16]
    return made
"""
OURS = (
    DIGEST
    + """
import sys, time
import huntkit
from huntkit.runtime.secrets import Secret
place, kind, port = sys.argv[1], sys.argv[2], sys.argv[3]
url = f"http://127.0.0.1:{port}"
chosen = {
    "Kusto": {"cluster": url, "database": "d", "anonymous": True},
    "MSSentinel": {"workspace_id": "w", "endpoint": url, "token": Secret.held("t")},
    "Elastic": {"url": url, "api_key": Secret.held("t")},
    "Splunk": {"host": "127.0.0.1", "port": int(port), "scheme": "http",
               "token": Secret.held("t")},
}[place]
text = {"Splunk": "search index=main", "Elastic": "FROM logs"}.get(place, "Rows")
options = {"max_rows": 600_000} if place == "Elastic" else {}
provider = huntkit.QueryProvider(place, frame=kind)
provider.connect(**chosen)
import warnings; warnings.simplefilter("ignore")
started, busy = time.perf_counter(), time.process_time()
rows = provider.exec_query(text, refresh=True, **options)
seconds, busy = time.perf_counter() - started, time.process_time() - busy
answer = {"seconds": seconds, "busy": busy, "rows": len(rows)}
if kind == "pandas" and place == "Kusto":
    answer["digest"] = digest(rows)
print(json.dumps(answer))
"""
)
THEIRS = (
    DIGEST
    + """
import sys, time
from azure.kusto.data import KustoClient, KustoConnectionStringBuilder
from azure.kusto.data.helpers import dataframe_from_result_table
port = sys.argv[1]
builder = KustoConnectionStringBuilder.with_no_authentication(f"http://127.0.0.1:{port}")
with KustoClient(builder) as client:
    client.execute("d", "print Connected = 1")
    started, busy = time.perf_counter(), time.process_time()
    rows = dataframe_from_result_table(client.execute("d", "Rows").primary_results[0])
    seconds, busy = time.perf_counter() - started, time.process_time() - busy
print(json.dumps({"seconds": seconds, "busy": busy, "rows": len(rows), "digest": digest(rows)}))
"""
)
FIRST = """
import sys
import huntkit
provider = huntkit.QueryProvider("Local", data=sys.argv[1])
rows = provider.exec_query(sys.argv[2])
import json
print(json.dumps({"rows": len(rows)}))
"""
FIRST_BY_NAME = """
import sys
import huntkit
provider = huntkit.QueryProvider("Local", data=sys.argv[1])
rows = provider.WindowsSecurity.list_logons_by_account(account_name="wardog")
import json
print(json.dumps({"rows": len(rows)}))
"""


def run(data: Path) -> None:
    """Print the tables."""
    with tempfile.TemporaryDirectory() as held:
        folder = Path(held)
        os.environ["HUNTKIT_CACHE_DIR"] = str(folder / "cache")
        _services(folder)
        _first_results(data / "security-datasets")


def _services(folder: Path) -> None:
    replies = folder / "replies"
    replies.mkdir()
    make(replies)
    lines = [("asked", "frame", "seconds", "rows/s", "of processor", "peak MB")]
    ours: Figure | None = None
    with _served(replies) as port:
        for place in ("Kusto", "MSSentinel", "Elastic", "Splunk"):
            for kind in ("pandas", "arrow"):
                figure = measure(OURS, place, kind, port, times=3)
                ours = figure if ours is None else ours
                lines.append(_line(f"huntkit, {place}", kind, figure))
        theirs = measure(THEIRS, port, times=3)
    lines.append(_line("azure-kusto-data", "pandas", theirs))
    table(lines)
    same = _told(ours)["digest"] == _told(theirs)["digest"]
    print(f"  rows of both clients are the same: {same}")
    if not same:
        raise SystemExit("the clients disagree")


def _line(what: str, kind: str, figure: Figure) -> tuple[str, ...]:
    if _told(figure)["rows"] != ROWS:
        raise SystemExit(f"{what} gave {_told(figure)['rows']} rows")
    busy = float(str(_told(figure)["busy"]))  # what other work on the machine does not slow down
    return (
        what, kind, f"{figure.seconds:.2f}", f"{ROWS / figure.seconds:,.0f}", f"{busy:.2f}",
        f"{figure.peak_bytes / 1e6:,.0f}",
    )  # fmt: skip


def _told(figure: Figure | None) -> dict[str, object]:
    answer = figure.answer if figure else None
    return answer if isinstance(answer, dict) else {}


@contextmanager
def _served(folder: Path) -> Iterator[str]:
    child = subprocess.Popen(
        [sys.executable, "-m", "bench._services", str(folder)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert child.stdout is not None
        yield child.stdout.readline().strip()
    finally:
        child.terminate()
        child.wait()


def _first_results(evidence: Path) -> None:
    lines = [("first result of known evidence, from a fresh process", "seconds", "rows")]
    asked = [
        ("SecurityEvent | count", FIRST, "SecurityEvent | count"),
        ("SecurityEvent | take 10", FIRST, "SecurityEvent | take 10"),
        ("a library query", FIRST_BY_NAME, ""),
    ]
    measure(FIRST, str(evidence), "SecurityEvent | count")  # reads the files, keeps the tables
    for name, code, text in asked:
        figure = measure(code, str(evidence), text, times=5)
        lines.append((name, f"{figure.seconds:.2f}", str(_told(figure)["rows"])))
    table(lines)
