"""The JSON schema for editors says what the reader says.

``python -m tools.build_query_schema`` writes docs/query.schema.json anew.
"""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from huntkit.sources.queries import QueryFileError, queries_of
from huntkit.sources.queries.file_schema import file_schema

ROOT = Path(__file__).resolve().parents[3]
LIBRARY = sorted((ROOT / "src" / "huntkit" / "sources" / "library").glob("*/*.yaml"))
TYPES: dict[str, Any] = {
    "object": dict,
    "array": list,
    "string": str,
    "integer": int,
    "number": (int, float),
    "null": type(None),
}


def faults(value: Any, schema: dict[str, Any], whole: dict[str, Any], at: str = "") -> list[str]:
    """What the keywords of JSON Schema that we use say against a value."""
    found: list[str] = []
    if "$ref" in schema:
        name = schema["$ref"].removeprefix("#/$defs/")
        return faults(value, whole["$defs"][name], whole, at)
    for each in schema.keys() - {
        *("$schema", "$defs", "title", "description", "examples", "type", "enum", "pattern"),
        *("minLength", "minProperties", "required", "properties", "additionalProperties"),
        *("propertyNames", "items", "oneOf"),
    }:
        raise AssertionError(f"this test does not know the keyword {each}")
    kinds = schema.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if kinds and not any(isinstance(value, TYPES[kind]) for kind in kinds):
        return [f"{at}: {value!r} is no {kinds}"]
    if "enum" in schema and value not in schema["enum"]:
        found.append(f"{at}: {value!r} is none of {schema['enum']}")
    if "oneOf" in schema:
        fitting = [each for each in schema["oneOf"] if not faults(value, each, whole, at)]
        if len(fitting) != 1:
            found.append(f"{at}: {value!r} fits {len(fitting)} forms")
    if isinstance(value, str):
        found += faults_of_text(value, schema, at)
    if isinstance(value, list):
        for place, each in enumerate(value):
            found += faults(each, schema.get("items", {}), whole, f"{at}/{place}")
    if isinstance(value, dict):
        found += faults_of_object(value, schema, whole, at)
    return found


def faults_of_text(value: str, schema: dict[str, Any], at: str) -> list[str]:
    found = []
    if not re.search(schema.get("pattern", ""), value):
        found.append(f"{at}: {value!r} is not as {schema['pattern']}")
    if len(value) < schema.get("minLength", 0):
        found.append(f"{at}: too short")
    return found


def faults_of_object(
    value: dict[str, Any], schema: dict[str, Any], whole: dict[str, Any], at: str
) -> list[str]:
    found = [f"{at}: no {name}" for name in schema.get("required", []) if name not in value]
    if len(value) < schema.get("minProperties", 0):
        found.append(f"{at}: too few")
    for key, each in value.items():
        found += faults(key, schema.get("propertyNames", {}), whole, f"{at}/{key}")
        rest = schema.get("additionalProperties", {})
        inside = schema.get("properties", {}).get(key, rest)
        if inside is False:
            found.append(f"{at}: {key!r} is not known")
        else:
            found += faults(each, inside, whole, f"{at}/{key}")
    return found


def test_the_file_for_editors_is_what_the_code_says() -> None:
    written = (ROOT / "docs" / "query.schema.json").read_text(encoding="utf-8")
    assert json.loads(written) == file_schema()


@pytest.mark.parametrize("path", LIBRARY, ids=lambda each: f"{each.parent.name}/{each.stem}")
def test_files_of_the_library_fit_the_schema(path: Path) -> None:
    schema = file_schema()
    assert not faults(yaml.safe_load(path.read_text(encoding="utf-8")), schema, schema)


GOOD = """
metadata: {data_environments: [MSSentinel], data_families: [X], techniques: [T1078]}
sources:
  q:
    description: a question
    args: {query: "T | where a == {p}"}
    parameters: {p: {description: a value, type: str}}
"""


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("sources:", "source:"),
        ("description: a question", "describe: a question"),
        ("description: a question", "description: [a, question]"),
        ("type: str", "type: strin"),
        ("type: str", "type: str, defaults: x"),
        ("  q:", "  1q:"),
        ("[T1078]", "[1078]"),
        ("[T1078]", "[T078]"),
        ("[MSSentinel]", "{a: b}"),
        ('args: {query: "T | where a == {p}"}', "args: T"),
        ('{query: "T | where a == {p}"}', '{query: ""}'),
        ("parameters: {p:", "parameters: {p-q:"),
    ],
)
def test_schema_and_reader_refuse_the_same(old: str, new: str) -> None:
    schema = file_schema()
    assert not faults(yaml.safe_load(GOOD), schema, schema)
    assert queries_of(GOOD)
    assert old in GOOD
    text = GOOD.replace(old, new)
    assert faults(yaml.safe_load(text), schema, schema)
    with pytest.raises(QueryFileError):
        queries_of(text)
