"""From `QueryProvider("Local", data=...)` to the first rows of evidence that is kept already.

Also what the provider itself adds: a library query in one piece and in many.
"""

import tempfile
from pathlib import Path

from bench._measure import measure, table

FIRST = """
import json, os, sys, time
os.environ["HUNTKIT_CACHE_DIR"] = sys.argv[2]
from huntkit import QueryProvider
started = time.perf_counter()
provider = QueryProvider("Local", data=sys.argv[1])
rows = provider.exec_query("SecurityEvent | where EventID == 4624 | take 100")
print(json.dumps({"seconds": time.perf_counter() - started, "rows": len(rows)}))
"""

PIECES = """
import json, os, sys, time
os.environ["HUNTKIT_CACHE_DIR"] = sys.argv[2]
from huntkit import QueryProvider
provider = QueryProvider("Local", data=sys.argv[1], frame="polars")
ask = provider.WindowsSecurity.list_all_logons_by_host
whole = ask(host_name="a")
how = {"split_by": sys.argv[3]} if len(sys.argv) > 3 else {}
started = time.perf_counter()
rows = ask(host_name="lark-dc01", start="-1d", end="now", **how)
print(json.dumps({"seconds": time.perf_counter() - started, "rows": rows.height}))
"""


def run(data: Path) -> None:
    """Print the tables."""
    rows = [("evidence", "first rows", "seconds")]
    with tempfile.TemporaryDirectory() as cache:
        demo = str(Path(cache) / "demo")
        measure(f"from huntkit.sources.demo import make_demo\nmake_demo({demo!r})")
        for name, folder in (
            ("demo", f"{demo}/evidence"),
            ("evtx", str(data / "evtx")),
            ("security-datasets", str(data / "security-datasets")),
        ):
            measure(FIRST, folder, cache)  # reads and keeps it
            figure = measure(FIRST, folder, cache, times=5)
            count = figure.answer["rows"] if isinstance(figure.answer, dict) else 0
            rows.append((name, f"{count:,}", f"{figure.seconds:.2f}"))
        table(rows)
        pieces = [("asked", "rows", "seconds")]
        for by in ("", "1h", "10min"):
            figure = measure(PIECES, f"{demo}/evidence", cache, *([by] if by else []), times=3)
            count = figure.answer["rows"] if isinstance(figure.answer, dict) else 0
            pieces.append((f"in pieces of {by}" if by else "whole", f"{count:,}",
                           f"{figure.seconds:.2f}"))  # fmt: skip
        table(pieces)
