"""A million rows with 200,000 different addresses: where are they?

The addresses are drawn from the networks of the databases themselves. One core.
"""

import os
import statistics
from pathlib import Path

from bench._measure import measure, table

MSTICPY = 7_500  # measured once beside this on the same kind of machine, df_lookup_ip

CODE = """
import ipaddress, json, random, sys, time
import polars as pl
from huntkit.enrich import GeoDatabases, geo
from huntkit.enrich.shipped_ranges import shipped
rng = random.Random(1)
rows = int(sys.argv[1])
if sys.argv[2] == "ranges":
    starts, places = shipped("country", 4).starts.to_list(), GeoDatabases()
else:
    import maxminddb
    with maxminddb.open_database(sys.argv[2]) as reader:
        starts = [int(net[0]) for net, _ in reader if net.version == 4 or int(net[0]) < 1 << 32]
    places = GeoDatabases(sys.argv[2], shipped=False)
distinct = [str(ipaddress.IPv4Address(min(rng.choice(starts) + rng.randrange(256), 2**32 - 1)))
            for _ in range(rows // 5)]
seen = pl.DataFrame({"ip": [rng.choice(distinct) for _ in range(rows)]})
geo(seen[:10], "ip", databases=places)
started = time.perf_counter()
found = geo(seen, "ip", databases=places)
seconds = time.perf_counter() - started
assert found["ip"].equals(seen["ip"])
print(json.dumps({"seconds": seconds, "known": found["ip_GeoSource"].count()}))
"""


def run(data: Path) -> None:
    """Print the table."""
    os.environ["POLARS_MAX_THREADS"] = "1"
    rows = [("asked", "rows", "seconds", "rows/s", "known")]
    city = str(data / "geo" / "GeoLite2-City-Test.mmdb")
    for name, where, mark in (("shipped ranges", "ranges", 1e6), ("MaxMind file", city, 3e5)):
        speeds = []
        for count in (10_000, 100_000, 1_000_000):
            figure = measure(CODE, str(count), where, times=3)
            speeds.append(count / figure.seconds)
            known = figure.answer["known"] if isinstance(figure.answer, dict) else 0
            rows.append(
                (name, f"{count:,}", f"{figure.seconds:.3f}", f"{speeds[-1]:,.0f}", f"{known:,}")
            )
        times = speeds[-1] / MSTICPY
        print(
            f"  {name}: {times:,.0f} times the {MSTICPY:,} rows/s of msticpy 3.0.2's GeoLiteLookup"
        )
        print(f"  {name}: {speeds[-1]:,.0f} rows/s (mark: {mark:,.0f})")
        print(f"  median over sizes: {statistics.median(speeds):,.0f}")
    table(rows)
