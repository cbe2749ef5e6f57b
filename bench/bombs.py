"""What is made to burst, decoded in a process of its own: CPU seconds, peak memory, which limit.

The bombs are those of the tests, which hold the limits and the memory; the time is told here.
"""

import importlib.util
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from types import ModuleType
from typing import Any

from bench._measure import table

MARK_S = 2.0
MARK_BYTES = 512 << 20
_TESTS = Path(__file__).parents[1] / "tests" / "extract" / "test_decoding_bombs.py"


def run(data: Path) -> None:  # noqa: ARG001  every benchmark takes it; bombs are made here
    """Print each bomb's seconds and peak."""
    tests = _module()
    rows = [("bomb", "seconds (CPU)", "peak MB", "limits")]
    worst, highest = 0.0, 0
    with tempfile.TemporaryDirectory(prefix="huntkit-bench-") as folder:
        for name, (make, _limit) in tests.BOMBS.items():
            given = Path(folder, "bomb.txt")
            given.write_text(make(), encoding="utf-8")
            told = [_told(tests.CHILD, given) for _ in range(3)]
            seconds = sorted(each["seconds"] for each in told)[1]
            peak = max(each["peak"] for each in told)
            worst, highest = max(worst, seconds), max(highest, peak)
            limits = ", ".join(told[0]["limits"])
            rows.append((name, f"{seconds:.2f}", f"{peak / 2**20:.0f}", limits))
    table(rows)
    print(
        f"  worst {worst:.2f} s (mark: {MARK_S:g} s) and {highest / 2**20:.0f} MB"
        f" (mark: {MARK_BYTES / 2**20:.0f} MB)"
    )


def _module() -> ModuleType:
    spec = importlib.util.spec_from_file_location("bombs", _TESTS)
    if spec is None or spec.loader is None:
        raise FileNotFoundError(_TESTS)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _told(child: str, given: Path) -> dict[str, Any]:
    command = [sys.executable, "-c", child, str(given)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    told: dict[str, Any] = json.loads(done.stdout)
    return told
