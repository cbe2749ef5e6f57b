"""Every example in the documentation that is marked as such runs on the demo."""

import inspect
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import huntkit
from huntkit.core.progress import SILENT

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"^```(\w+) demo\n(.*?)^```$", re.MULTILINE | re.DOTALL)
EXAMPLES = [
    pytest.param(  # each is a process or several; those of the first page are tried every time
        kind, text, id=f"{page.name}-{number}", marks=[pytest.mark.long] * (page is not PAGES[0])
    )
    for page in PAGES
    for number, (kind, text) in enumerate(BLOCK.findall(page.read_text(encoding="utf-8")))
]


def run(arguments: list[str], folder: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONWARNINGS": "error"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_the_first_page_has_examples_of_both_kinds() -> None:
    text = PAGES[0].read_text(encoding="utf-8")
    assert {kind for kind, _ in BLOCK.findall(text)} == {"python", "console"}


@pytest.mark.parametrize(("kind", "text"), EXAMPLES)
def test_example_runs(kind: str, text: str, demo_folder: Path, tmp_path: Path) -> None:
    shutil.copytree(demo_folder, tmp_path / "evidence")
    if kind == "python":
        done = run(["-c", text], tmp_path)
        assert done.returncode == 0, done.stderr
        return
    lines = [line.removeprefix("$ ") for line in text.splitlines() if line.startswith("$ ")]
    assert lines
    for line in lines:
        name, *arguments = shlex.split(line)
        assert name == "huntkit"
        done = run(["-c", "from huntkit.cli import main; main()", *arguments], tmp_path)
        assert done.returncode == 0, f"{line}\n{done.stderr}"
        assert done.stdout or "-o" in arguments, line


def test_the_signatures_on_the_page_are_the_real_ones() -> None:
    page = (ROOT / "docs" / "python.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```python signatures\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines()]
    assert len(lines) > 10
    for line in lines:
        name, _, told = line.partition("(")
        value: Any = huntkit
        for part in name.removeprefix("huntkit.").split("."):
            value = getattr(value, part)
        assert told == f"{parameters(value)})", name


def parameters(function: Any) -> str:
    """As on the page: without types and self."""
    shown: list[str] = []
    for each in inspect.signature(function).parameters.values():
        if each.kind is each.KEYWORD_ONLY and not any(one.startswith("*") for one in shown):
            shown.append("*")
        stars = {each.VAR_POSITIONAL: "*", each.VAR_KEYWORD: "**"}.get(each.kind, "")
        default = "SILENT" if each.default is SILENT else repr(each.default)
        if each.name != "self":
            shown.append(
                stars + each.name if each.default is each.empty else f"{each.name}={default}"
            )
            if each.kind is each.POSITIONAL_ONLY:
                shown.append("/")
    return ", ".join(shown)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_to_files(page: Path) -> None:
    targets = re.findall(r"\]\((?!https?://)([^)#]+)\)", page.read_text(encoding="utf-8"))
    missing = [target for target in targets if not (page.parent / target).exists()]
    assert missing == []


def test_every_command_is_documented() -> None:
    from huntkit.cli.app import app

    page = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    names = [command.name for command in app.registered_commands]
    assert [name for name in names if f"huntkit {name}" not in page and name != "demo"] == []


def test_the_promises_are_nine() -> None:
    text = PAGES[0].read_text(encoding="utf-8")
    section = text[
        text.index("## Nine promises") : text.index("## What is there, and what is not yet")
    ]
    assert len(re.findall(r"^\d\. ", section, re.MULTILINE)) == 9


def test_pictures_are_small() -> None:
    assert all(p.stat().st_size < 300_000 for p in (ROOT / "docs" / "images").glob("*.png"))
