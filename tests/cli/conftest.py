"""The command line in this process and as its own, and text that means harm."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from huntkit.sources.demo import make_demo

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "\x1b[31mred\x1b[0m \x1b]8;;http://evil.example\x07link\x1b]8;;\x07",
    "invoice\u202efdp.exe",
    "=cmd|' /C calc'!A0",
    "+1+1",
    "-2+3",
    "@SUM(1)",
    "\t=1+1",
    " =1+1",
    "\uff1d1+1",
    "nul\x00inside",
    "c1\x9b31mcsi",
    "line\nbreak | pipe `tick` [link](javascript:alert(1))",
    "http://evil.example/ www.evil.example",
    "{{ 7*7 }} {% raw %}",
    "A" * 1_000_000,
]


@pytest.fixture
def hostile() -> pl.DataFrame:
    return pl.DataFrame({"Text": HOSTILE, "=Number": list(range(len(HOSTILE)))})


@pytest.fixture(scope="session")
def demo_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("demo")
    make_demo(folder)
    return folder / "evidence"


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., "subprocess.CompletedProcess[bytes]"]:
    """`huntkit` as a process of its own, in an empty folder."""

    def start(
        *arguments: object, given: bytes | None = None, **env: str
    ) -> "subprocess.CompletedProcess[bytes]":
        return subprocess.run(
            [sys.executable, "-c", "from huntkit.cli import main; main()", *map(str, arguments)],
            input=given,
            stdin=subprocess.DEVNULL if given is None else None,
            capture_output=True,
            cwd=tmp_path,
            env={**os.environ, "COLUMNS": "120", **env},
            timeout=120,
            check=False,
        )

    return start
