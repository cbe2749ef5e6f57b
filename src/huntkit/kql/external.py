"""``externaldata``: rows from local files that the caller mapped to a query's URIs."""

import csv
import gzip
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import polars as pl

from huntkit.core.errors import did_you_mean
from huntkit.kql.language import plan
from huntkit.kql.language.binder.tables import WATCHLIST
from huntkit.kql.language.errors import KqlError, KqlUnsupported

Externals = Mapping[str, str | Path]
_DELIMITERS = {"csv": ",", "tsv": "\t", "psv": "|", "scsv": ";", "sohsv": "\x01"}
_JSON = ("json", "multijson", "ndjson", "jsonl")
MOST_BYTES = 1 << 30


def read(node: plan.External, externals: Externals) -> pl.DataFrame:
    """The rows of an ``externaldata``, every value as text, columns ``k0, k1 ...``.

    Raises:
        KqlError: no file is mapped to one of the URIs, or it can't be read.
        KqlUnsupported: a format that is not read.
    """
    rows: list[list[str]] = []
    for uri in node.uris:
        path = Path(_path_of(uri, externals))
        try:
            rows += _rows(node, path, _format(node, uri))
        except (OSError, UnicodeDecodeError, csv.Error, EOFError) as failure:
            raise KqlError(f"externaldata can't read {path}: {failure}") from failure
    width = len(node.schema)
    columns = zip(*rows, strict=True) if rows else [()] * width
    return pl.DataFrame(
        {f"k{i}": list(values) for i, values in enumerate(columns)},
        schema={f"k{i}": pl.String for i in range(width)},
    )


def watchlists(externals: Externals) -> dict[str, dict[str, str]]:
    """The columns of the watchlists that the caller mapped to CSV files: ``watchlist:<alias>``.

    Raises:
        KqlError: a file can't be read, or has no header.
    """
    found = {}
    for name, path in externals.items():
        if not name.startswith(WATCHLIST):
            continue
        try:
            header = next(csv.reader(_text(Path(path)).splitlines()[:1]), [])
        except (OSError, UnicodeDecodeError, csv.Error, EOFError) as failure:
            raise KqlError(f"the {name} can't be read: {failure}") from failure
        if not header or len(set(header)) < len(header) or "" in header:
            raise KqlError(f"the {name} needs a first line with a name for each column")
        found[name] = dict.fromkeys(header, "string")
    return found


def _path_of(uri: str, externals: Externals) -> str | Path:
    for name in (uri, uri.partition(";")[0], uri.partition("?")[0]):
        if name in externals:
            return externals[name]
    raise KqlUnsupported(
        f"externaldata reads {uri!r}, to which no local file is mapped",
        hint=did_you_mean(uri, externals) or "map it: externals={uri: path}",
    )


def _format(node: plan.External, uri: str) -> str:
    """The format said in the query, else the one that the URI's name ends with."""
    for name, value in node.properties:
        if name.lower() == "format":
            return str(value).lower()
    name = uri.partition("?")[0].partition(";")[0].lower().removesuffix(".gz").removesuffix(".zip")
    ending = name.rpartition(".")[2]
    return ending if ending in (*_DELIMITERS, *_JSON, "txt", "raw", "parquet") else "csv"


def _rows(node: plan.External, path: Path, kind: str) -> Iterable[list[str]]:
    names = [column.name for column in node.schema]
    if kind == "parquet":
        raise KqlUnsupported("externaldata from Parquet")
    text = _text(path)
    if kind in _JSON:
        return [_of_object(record, names) for record in _objects(text)]
    if kind in ("txt", "raw"):
        lines = [text] if kind == "raw" else text.splitlines()
        found = [[line, *[""] * (len(names) - 1)] for line in lines]
    elif kind in _DELIMITERS:
        csv.field_size_limit(MOST_BYTES)
        given = csv.reader(text.splitlines(keepends=True), delimiter=_DELIMITERS[kind])
        found = [(row + [""] * len(names))[: len(names)] for row in given if row]
    else:
        raise KqlUnsupported(f"externaldata with the format {kind!r}")
    skip = any(
        name.lower() == "ignorefirstrecord" and str(value).lower() == "true"
        for name, value in node.properties
    )
    return found[1:] if skip else found


def _text(path: Path) -> str:
    with path.open("rb") as file:
        data = file.read(MOST_BYTES)
    if data[:2] == b"\x1f\x8b":
        with gzip.GzipFile(path) as packed:
            data = packed.read(MOST_BYTES)
    if len(data) == MOST_BYTES:
        raise KqlError(f"externaldata: {path} is larger than 1 GiB")
    return data.decode("utf-8-sig")


def _objects(text: str) -> Iterator[dict[str, Any]]:
    decoder, place = json.JSONDecoder(), 0
    while place < len(text):
        if text[place].isspace() or text[place] == ",":
            place += 1
            continue
        try:
            value, place = decoder.raw_decode(text, place)
        except (ValueError, RecursionError) as failure:
            raise KqlError(f"externaldata: not JSON at character {place}") from failure
        for each in value if isinstance(value, list) else [value]:
            if isinstance(each, dict):
                yield each


def _of_object(record: dict[str, Any], names: list[str]) -> list[str]:
    return [_shown(record.get(name)) for name in names]


def _shown(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
