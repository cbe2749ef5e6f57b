"""A million rows with 200,000 different addresses: where are they? Beside msticpy on a part.

The addresses are drawn from the networks of the databases themselves: the shipped ranges (IPv4 as
the mark was set, and half of them IPv6), and MaxMind's test databases, most of whose networks are
IPv6. One core; seconds are those of the processor, so that a busy machine tells the same.
"""

import ipaddress
import json
import random
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import maxminddb
import polars as pl

from bench._measure import measure, table
from bench.iocs import PEER, peer
from huntkit.enrich import GeoDatabases
from huntkit.enrich.shipped_ranges import shipped

ROWS = (10_000, 100_000, 1_000_000)
SHARE = 5  # of so many rows one is a different address
PEER_ROWS = 5_000
# Rows a second that are wanted of a million rows.
MARKS = {"shipped ranges": 1e6, "MaxMind file": 3e5}

CODE = """
import json, os, sys, time
os.environ["POLARS_MAX_THREADS"] = "1"
import polars as pl
from huntkit.enrich import GeoDatabases, geo
seen = pl.read_parquet(sys.argv[1])
files = sys.argv[2:]
places = GeoDatabases(files, shipped=not files)
geo(seen[:10], "ip", databases=places)  # tables are read once a process
started = time.process_time()
found = geo(seen, "ip", databases=places)
seconds = time.process_time() - started
assert found["ip"].equals(seen["ip"])
print(json.dumps({"seconds": seconds, "known": found["ip_GeoSource"].count()}))
"""
APART = """
import json, os, random, sys, time
os.environ["POLARS_MAX_THREADS"] = "1"
import maxminddb, polars as pl
from huntkit.enrich import GeoDatabases, geo
from huntkit.enrich import maxmind_files
class Forgetful:  # a reader that says of each address that it is a network of its own
    def __init__(self, reader):
        self.get, self.close, self.metadata = reader.get, reader.close, reader.metadata
        self.ask = reader.get_with_prefix_len
    def get_with_prefix_len(self, address):
        return self.ask(address)[0], address.max_prefixlen
opened = maxminddb.open_database
maxmind_files.maxminddb.open_database = lambda path: Forgetful(opened(path))
seen = pl.read_parquet(sys.argv[1])
places = GeoDatabases(sys.argv[2], shipped=False)
geo(seen[:10], "ip", databases=places)
started = time.process_time()
geo(seen, "ip", databases=places)
print(json.dumps({"seconds": time.process_time() - started}))
"""
MSTICPY = """
import json, logging, sys, time, warnings
warnings.simplefilter("ignore"); logging.disable(logging.CRITICAL)
import pandas as pd
from msticpy.context.geoip import GeoLiteLookup
seen = pd.read_json(sys.argv[1], dtype=False)
lookup = GeoLiteLookup(api_key="none", account_id="1", db_folder=sys.argv[2], auto_update=False)
lookup.lookup_ip(ip_address=seen["ip"][0])  # it opens its file with the first
started = time.process_time()
found = lookup.df_lookup_ip(seen, "ip")
seconds = time.process_time() - started
columns = ["ip", "CountryCode", "CountryOrRegionName", "State", "City", "Latitude", "Longitude"]
rows = found[columns].drop_duplicates()
rows = rows.astype(object).where(rows.notna(), None).to_numpy().tolist()
print(json.dumps({"seconds": seconds, "rows": len(found), "facts": rows}))
"""


def run(data: Path) -> None:
    """Print the tables."""
    city = data / "geo" / "GeoLite2-City-Test.mmdb"
    asn = data / "geo" / "GeoLite2-ASN-Test.mmdb"
    asked: list[tuple[str, str, Callable[[], Iterator[str]], list[Path]]] = [
        ("shipped ranges", "IPv4", lambda: of_ranges(4), []),
        ("shipped ranges", "half IPv6", lambda: both(of_ranges(4), of_ranges(6)), []),
        ("MaxMind file", "City", lambda: of_file(city), [city]),
        ("MaxMind file", "City and ASN", lambda: both(of_file(city), of_file(asn)), [city, asn]),
    ]
    rows = [("asked", "addresses", "rows", "different", "CPU s", "rows/s", "mark", "known")]
    with tempfile.TemporaryDirectory(prefix="huntkit-bench-") as folder:
        path = Path(folder, "seen.parquet")
        for name, what, draw, files in asked:
            for count in ROWS:
                seen = rows_of(draw(), count)
                seen.write_parquet(path)
                figure = measure(CODE, str(path), *map(str, files), times=5)
                speed, mark = count / figure.seconds, MARKS[name]
                verdict = f"{mark:,.0f} {'reached' if speed >= mark else 'MISSED'}"
                known = figure.answer["known"] if isinstance(figure.answer, dict) else 0
                rows.append(
                    (name, what, f"{count:,}", f"{seen['ip'].n_unique():,}",
                     f"{figure.seconds:.3f}", f"{speed:,.0f}",
                     verdict if count == ROWS[-1] else "", f"{known:,}")
                )  # fmt: skip
        table(rows)
        rows_of(of_file(city), ROWS[-1]).write_parquet(path)
        figure = measure(APART, str(path), str(city), times=3)
        print(
            f"  were each of the {ROWS[-1] // SHARE:,} addresses in a network of its own, as in a"
            f" file of millions: {ROWS[-1] / figure.seconds:,.0f} rows/s"
        )
        compare(rows_of(of_file(city), PEER_ROWS), city, Path(folder))


def of_ranges(version: int) -> Iterator[str]:
    """Addresses of the shipped ranges, by chance."""
    chance = random.Random(version)
    starts = shipped("country", version).starts.to_list()
    make = ipaddress.IPv4Address if version == 4 else ipaddress.IPv6Address
    span = 256 if version == 4 else 1 << 64
    last = (1 << (32 if version == 4 else 128)) - 1
    while True:
        yield str(make(min(chance.choice(starts) + chance.randrange(span), last)))


def of_file(path: Path) -> Iterator[str]:
    """Addresses of a file's networks, by chance; each network is as likely as another."""
    chance = random.Random(path.name)
    with maxminddb.open_database(path) as reader:
        networks = [network for network, _ in reader]
    while True:
        network = chance.choice(networks)
        yield str(network[chance.randrange(network.num_addresses)])


def both(one: Iterator[str], other: Iterator[str]) -> Iterator[str]:
    """By turns."""
    while True:
        yield next(one)
        yield next(other)


def rows_of(addresses: Iterator[str], count: int) -> pl.DataFrame:
    """So many rows, of which a fifth are different."""
    chance = random.Random(count)
    distinct: dict[str, None] = {}
    while len(distinct) < count // SHARE:
        distinct[next(addresses)] = None
    texts = list(distinct)
    rows = texts + [chance.choice(texts) for _ in range(count - len(texts))]
    chance.shuffle(rows)
    return pl.DataFrame({"ip": rows})


def compare(seen: pl.DataFrame, city: Path, folder: Path) -> None:
    """Both on the same rows, and whether they say the same."""
    seen.write_parquet(folder / "part.parquet")
    ours = measure(CODE, str(folder / "part.parquet"), str(city), times=5)
    python = peer()
    if python is None:
        print(f"  {PEER} can't be installed: no comparison")
        return
    (folder / "part.json").write_text(json.dumps(seen.to_dicts()), "utf-8")
    (folder / "peer").mkdir()
    shutil.copy(city, folder / "peer" / "GeoLite2-City.mmdb")
    command = [python, "-c", MSTICPY, str(folder / "part.json"), str(folder / "peer")]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=folder)
    theirs = json.loads(done.stdout.strip().splitlines()[-1])
    print(f"  {seen.height:,} rows with {seen['ip'].n_unique():,} addresses of {city.name}")
    rows = [("on the same rows", "CPU s", "rows/s", "rows that come back")]
    for name, seconds, back in (
        ("huntkit", ours.seconds, seen.height),
        (PEER, theirs["seconds"], theirs["rows"]),
    ):
        rows.append((name, f"{seconds:.3f}", f"{seen.height / seconds:,.0f}", f"{back:,}"))
    table(rows)
    print(f"  huntkit is {theirs['seconds'] / ours.seconds:,.0f} times as fast")
    agree(theirs["facts"], city)


def agree(facts: list[list[object]], city: Path) -> None:
    """Say what differs, address by address."""
    mine = GeoDatabases(city, shipped=False).facts([str(row[0]) for row in facts])
    columns = ["CountryCode", "CountryOrRegionName", "State", "City", "Latitude", "Longitude"]
    apart = [
        (row[0], name, own[name], other)
        for own, row in zip(mine.iter_rows(named=True), facts, strict=True)
        for name, other in zip(columns, row[1:], strict=True)
        if (own[name] or None) != (other or None)
    ]
    print(f"  of {len(facts) * len(columns):,} values {len(apart):,} differ")
    kinds = {name: sum(each[1] == name for each in apart) for name in columns}
    for name in filter(kinds.get, columns):
        address, _, own, other = next(each for each in apart if each[1] == name)
        print(f"    {name} {kinds[name]}: {address}: huntkit {own!r}, {PEER} {other!r}")
