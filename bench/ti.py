"""Threat intelligence: a million values against a million indicators, and many look-ups at once.

The service is a small one on this machine that takes 50 ms for each answer. Beside it stands what
a bare client does with the same questions at the same width.
"""

from pathlib import Path

from bench._measure import measure, table

FEEDS = """
import json, random, sys, tempfile, time
from pathlib import Path
import polars as pl
from huntkit.enrich.ti.feeds import Feeds, in_feeds
rng = random.Random(1)
count = int(sys.argv[1])
def value(n):
    if n % 4 == 0:
        return ".".join(str(rng.randrange(1, 224)) for _ in range(4))
    if n % 4 == 1:
        return f"h{rng.randrange(10**9)}.evil{rng.randrange(1000)}.com"
    if n % 4 == 2:
        return "%064x" % rng.getrandbits(256)
    return f"http://h{rng.randrange(10**6)}.bad.com/{rng.randrange(10**6)}"
known = [value(n) for n in range(count)]
values = rng.sample(known, count // 10) + [value(n) for n in range(count - count // 10)]
with tempfile.TemporaryDirectory() as folder:
    path = Path(folder) / "feed.txt"
    path.write_text("\\n".join([*known, "198.18.0.0/15", "10.0.0.0/8"]))
    started = time.perf_counter()
    Feeds(path, store=folder).indicators
    reading = time.perf_counter() - started
    feeds = Feeds(path, store=folder)
    started = time.perf_counter()
    found = in_feeds(pl.DataFrame({"value": values}), "value", feeds=feeds)
    seconds = time.perf_counter() - started
hits = found["feeds_severity"].count()
assert hits >= count // 10, hits
print(json.dumps({"seconds": seconds, "reading": reading, "hits": hits}))
"""

SERVICE = """
import asyncio, sys
async def serve(reader, writer):
    try:
        while True:
            await reader.readuntil(b"\\r\\n\\r\\n")
            await asyncio.sleep(0.05)
            body = b'{"score": 10}'
            writer.write(b"HTTP/1.1 200 OK\\r\\nContent-Type: application/json\\r\\n"
                         b"Content-Length: %d\\r\\n\\r\\n%s" % (len(body), body))
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()
async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", 0, backlog=500)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()
asyncio.run(main())
"""

LOOKUPS = """
import asyncio, json, subprocess, sys, tempfile, time
from pathlib import Path
from dataclasses import dataclass
from huntkit.enrich.ti import Endpoint, Facts, HttpTIProvider, TILookup
from huntkit.runtime import Limits, Session, Settings
child = subprocess.Popen([sys.executable, "-c", sys.argv[1]], stdout=subprocess.PIPE, text=True)
url = f"http://127.0.0.1:{int(child.stdout.readline())}"
values = [f"8.8.{n >> 8}.{n & 255}" for n in range(1000)]
@dataclass(frozen=True, kw_only=True)
class Where:
    base_url: str = ""
def provider(name):
    def read(self, lookup, reply):
        return Facts(severity="information", reason="score", details=reply.json())
    body = {"name": name, "takes": {"ipv4": ("",)}, "settings": Where, "base_url": url,
            "limits": Limits(concurrency=50), "read": read,
            "endpoints": {("*", ""): Endpoint(path="/v1/{observable}")}}
    return type(name, (HttpTIProvider,), body)
async def bare():
    import httpx2
    async with httpx2.AsyncClient(limits=httpx2.Limits(max_connections=150)) as client:
        async def ask(gate, value):
            async with gate:
                return (await client.get(f"{url}/v1/{value}")).json()
        gates = [asyncio.Semaphore(50) for _ in range(3)]
        return await asyncio.gather(*(ask(gate, value) for gate in gates for value in values))
try:
    if sys.argv[2] == "bare":
        started = time.perf_counter()
        assert len(asyncio.run(bare())) == 3000
    else:
        with tempfile.TemporaryDirectory() as folder, Session(
            Settings(cache_dir=Path(folder), frame="polars")
        ) as session:
            three = [provider(name)(Where(base_url=url), session) for name in ("A", "B", "C")]
            lookup = TILookup(primary_providers=three, session=session)
            started = time.perf_counter()
            found = lookup.lookup_iocs(values)
            assert found.height == 3000 and found["Result"].all()
    print(json.dumps({"seconds": time.perf_counter() - started}))
finally:
    child.kill()
"""


def run(data: Path) -> None:
    """Print the tables."""
    del data  # the values are made up
    rows = [("values and indicators", "seconds", "hits", "reading the feed, once")]
    for count in (10_000, 100_000, 1_000_000):
        figure = measure(FEEDS, str(count), times=3)
        told = figure.answer if isinstance(figure.answer, dict) else {}
        rows.append(
            (f"{count:,}", f"{figure.seconds:.2f}", f"{told['hits']:,}", f"{told['reading']:.2f} s")
        )
    print(f"  a million against a million: {rows[-1][1]} s (mark: 3 s)")
    table(rows)
    times = {name: measure(LOOKUPS, SERVICE, name, times=3).seconds for name in ("bare", "ours")}
    print(f"  1,000 x 3 at 50 in flight, 50 ms each: {times['ours']:.2f} s (mark: 3.5 s)")
    table([("client", "seconds"), *((name, f"{each:.2f}") for name, each in times.items())])
