"""What the tests of the language share: the corpus, and trees as short text."""

import dataclasses
import gzip
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from huntkit.kql.language import syntax

TREES = Path(__file__).resolve().parents[2] / "data" / "kql" / "language"


@pytest.fixture(scope="session")
def corpus(shared_data: Path) -> list[dict[str, Any]]:
    """Public queries with the verdicts of Microsoft's parser and binder."""
    with gzip.open(shared_data / "kql" / "queries.jsonl.gz", "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


@pytest.fixture(scope="session")
def shape() -> Callable[[object], str]:
    """A tree as short text: each node as ``(Class field ...)``, without places and defaults."""
    return _shape


@pytest.fixture(scope="session")
def golden() -> Callable[[str, Callable[[str], str]], None]:
    """Compare trees with a file of ``text`` lines, each followed by its indented tree.

    ``HUNTKIT_REFRESH=1 pytest tests/kql/language`` writes the files anew: read the diff.
    """

    def check(name: str, tree: Callable[[str], str]) -> None:
        path = TREES / f"{name}.txt"
        texts = [line for line in path.read_text("utf-8").splitlines() if line[:1].strip()]
        found = "".join(f"{text}\n    {tree(text)}\n" for text in texts)
        if os.environ.get("HUNTKIT_REFRESH"):
            path.write_text(found, "utf-8")
        assert found.splitlines() == path.read_text("utf-8").splitlines()

    return check


def _shape(node: object) -> str:
    if isinstance(node, tuple):
        return "[" + " ".join(_shape(each) for each in node) + "]"
    if not isinstance(node, syntax.Node):
        return repr(node)
    if isinstance(node, syntax.Name):
        return node.name
    if isinstance(node, syntax.Literal):
        return f"{node.type}:{node.value!r}" if node.type != "long" else repr(node.value)
    if isinstance(node, syntax.Binary):
        return f"({_shape(node.left)} {node.op} {_shape(node.right)})"
    if isinstance(node, syntax.Named):
        names = ",".join(node.names) + "=" if node.names else ""
        return names + _shape(node.value) + (f"::{node.type}" if node.type else "")
    if isinstance(node, syntax.Argument):
        return (f"{node.name}=" if node.name else "") + _shape(node.value)
    if isinstance(node, syntax.Typed):
        default = f"={_shape(node.default)}" if node.default is not None else ""
        return f"{node.name}:{node.type}{default}"
    if isinstance(node, syntax.Call):
        return f"{node.name}({', '.join(_shape(each) for each in node.args)})"
    fields = []
    for field in dataclasses.fields(node):
        value = getattr(node, field.name)
        if field.name not in ("start", "end") and value != field.default:
            first = field.name in ("base", "left", "operand")
            fields.append(_shape(value) if first else f"{field.name}={_shape(value)}")
    return f"({' '.join([type(node).__name__, *fields])})"
