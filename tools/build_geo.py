"""Write the address ranges that the package ships: country and network operator of every address.

    npm pack @ip-location-db/geo-whois-asn-country @ip-location-db/asn
    python tools/build_geo.py ip-location-db-*.tgz

Both data sets are CC BY 4.0; ``ATTRIBUTION.txt`` beside the written files names their makers.
A table holds where each range begins and what holds from there to the next beginning: neighbours
that say the same are one range, and a gap is a range that says nothing. Where ranges lie over one
another, the innermost (the most specific) holds. Special-purpose addresses belong to nobody.
"""

import csv
import io
import json
import re
import sys
import tarfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from huntkit.entities.addresses import scope_ranges

OUT = Path(__file__).resolve().parents[1] / "src" / "huntkit" / "enrich" / "data"
LOW_BITS = 64

Value = tuple[str, ...]
Range = tuple[int, int, Value]
Edge = tuple[int, Value | None]


def main(packages: list[str]) -> None:
    """Read the packages and write the tables."""
    OUT.mkdir(parents=True, exist_ok=True)
    for path in map(Path, packages):
        with tarfile.open(path) as archive:
            about = json.load(_member(archive, "package/package.json"))
            kind = "asn" if about["name"].endswith("/asn") else "country"
            for version in (4, 6):
                stem = "asn" if kind == "asn" else about["name"].rpartition("/")[2]
                raw = _member(archive, f"package/{stem}-ipv{version}-num.csv")
                edges = list(_joined(_public(list(_cuts(_ranges(raw))), version)))
                target = OUT / f"{kind}_v{version}.parquet"
                _write(target, edges, version, f"ip-location-db {stem} {_day(about['version'])}")
                sys.stdout.write(
                    f"{target.name}: {len(edges)} ranges, {target.stat().st_size} bytes\n"
                )


def _member(archive: tarfile.TarFile, name: str) -> io.BufferedReader:
    found = archive.extractfile(name)
    if found is None:
        raise SystemExit(f"{name} is missing")
    return found


def _day(version: str) -> str:
    """The day in a version such as 2.3.2026061719."""
    found = re.search(r"(\d{4})(\d\d)(\d\d)\d*$", version)
    return "-".join(found.groups()) if found else version


def _ranges(raw: io.BufferedReader) -> Iterator[Range]:
    for row in csv.reader(io.TextIOWrapper(raw, encoding="utf-8", newline="")):
        yield int(row[0]), int(row[1]), tuple(row[2:])


def _joined(edges: Iterable[Edge]) -> Iterator[Edge]:
    """Where each run of equal values begins."""
    said: Value | None = None
    for start, value in edges:
        if value != said:
            yield start, value
            said = value


def _public(edges: list[Edge], version: int) -> list[Edge]:
    """Nothing is known of addresses that nobody can own, whatever a feed claims."""
    for first, last in _special(version):
        before = [edge for edge in edges if edge[0] < first]
        after = [edge for edge in edges if edge[0] > last + 1]
        said = [value for start, value in edges if start <= last + 1]
        edges = [*before, (first, None), (last + 1, said[-1] if said else None), *after]
    return edges


def _special(version: int) -> Iterator[tuple[int, int]]:
    """Runs of addresses that are not public, by the special-purpose registries."""
    starts, scopes = scope_ranges(version)
    ends = [*(start - 1 for start in starts[1:]), (1 << (32 if version == 4 else 128)) - 1]
    for start, end, scope in zip(starts, ends, scopes, strict=True):
        if scope != "public":
            yield start, end


def _cuts(ranges: Iterable[Range]) -> Iterator[Edge]:
    """Every place where another range begins to hold. Of ranges over one another the innermost."""
    open_ones: list[tuple[int, Value]] = []
    last: dict[int, Value | None] = {}
    inner_last = sorted(ranges, key=lambda each: (each[0], -each[1]))
    for start, end, value in [*inner_last, (1 << 128, 1 << 128, ("",))]:
        while open_ones and open_ones[-1][0] < start:
            ended = open_ones.pop()[0]
            while open_ones and open_ones[-1][0] <= ended:
                open_ones.pop()
            last[ended + 1] = open_ones[-1][1] if open_ones else None
        last[start] = value
        open_ones.append((end, value))
    last.pop(1 << 128)
    yield from sorted(last.items())


def _write(path: Path, edges: list[Edge], version: int, source: str) -> None:
    columns: dict[str, pa.Array] = {}
    encodings = {}
    if version == 4:
        edges = [(start, value) for start, value in edges if start < 1 << 32]
        columns["start"] = pa.array([start for start, _ in edges], pa.uint32())
        encodings["start"] = "DELTA_BINARY_PACKED"
    else:
        columns["high"] = pa.array([s >> LOW_BITS for s, _ in edges], pa.uint64())
        columns["low"] = pa.array([s & ((1 << LOW_BITS) - 1) for s, _ in edges], pa.uint64())
        encodings["high"] = "DELTA_BINARY_PACKED"
    if len(next(value for _, value in edges if value)) == 1:
        columns["country"] = pa.array([v[0] if v else None for _, v in edges], pa.string())
    else:
        columns["asn"] = pa.array([int(v[0]) if v else None for _, v in edges], pa.uint32())
        columns["name"] = pa.array([v[1] if v else None for _, v in edges], pa.string())
    table = pa.table(columns).replace_schema_metadata({"source": source})
    pq.write_table(
        table,
        path,
        compression="zstd",
        compression_level=19,
        use_dictionary=[name for name in columns if name not in ("start", "high")],
        column_encoding=encodings,
        data_page_size=1 << 22,
        dictionary_pagesize_limit=1 << 24,
        row_group_size=1 << 24,
        write_statistics=False,
    )


if __name__ == "__main__":
    main(sys.argv[1:])
