"""Threat intelligence: a million values against a million indicators, and many look-ups at once.

The service is a small one on this machine that takes 50 ms for each answer. Beside it stands what
a bare client does with the same questions at the same width, whose answers must be the same.
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
            head = await reader.readuntil(b"\\r\\n\\r\\n")
            value = head[: head.index(b" HTTP")].rpartition(b"/")[2]
            await asyncio.sleep(0.05)
            body = b'{"score": 10, "value": "%s"}' % value
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
import asyncio, hashlib, json, subprocess, sys, tempfile, time
from pathlib import Path
from dataclasses import dataclass
from huntkit.enrich.ti import Endpoint, Facts, HttpTIProvider, TILookup
from huntkit.runtime import Limits, Session, Settings
child = subprocess.Popen([sys.executable, "-c", sys.argv[1]], stdout=subprocess.PIPE, text=True)
url = f"http://127.0.0.1:{int(child.stdout.readline())}"
client, names = sys.argv[2], sys.argv[3].split(",")
values = [f"8.8.{n >> 8}.{n & 255}" for n in range(int(sys.argv[4]))]
@dataclass(frozen=True, kw_only=True)
class Where:
    base_url: str = ""
def provider(name):
    def read(self, lookup, reply):
        return Facts(severity="information", reason="score", details=reply.json())
    body = {"name": name, "takes": {"ipv4": ("",)}, "settings": Where, "base_url": url,
            "limits": Limits(concurrency=50), "read": read,
            "endpoints": {("*", ""): Endpoint(path=f"/{name}/{{observable}}")}}
    return type(name, (HttpTIProvider,), body)
async def bare():  # one client, fifty workers for each provider
    import httpx2
    most = 50 * len(names)
    width = httpx2.Limits(max_connections=most, max_keepalive_connections=most)
    found = []
    async with httpx2.AsyncClient(limits=width) as http:
        async def work(name, left):
            for value in left:
                told = (await http.get(f"{url}/{name}/{value}")).json()
                found.append([name, value, told["score"], told["value"]])
        shares = [(name, iter(values)) for name in names]
        await asyncio.gather(*(work(*share) for share in shares for _ in range(50)))
    return found
def ours(session):
    lookup = TILookup(
        primary_providers=[provider(name)(Where(base_url=url), session) for name in names],
        session=session,
    )
    return lookup.lookup_iocs(values)
try:
    with tempfile.TemporaryDirectory() as folder, Session(
        Settings(cache_dir=Path(folder), frame="polars")
    ) as session:
        used, started = time.process_time(), time.perf_counter()
        found = asyncio.run(bare()) if client == "bare" else ours(session)
        seconds, used = time.perf_counter() - started, time.process_time() - used
    if client == "ours":
        assert found["Result"].all() and set(found["Status"]) == {"ok"}
        told = map(json.loads, found["Details"])
        found = [[name, ioc, each["score"], each["value"]]
                 for name, ioc, each in zip(found["Provider"], found["SafeIoc"], told)]
    assert len(found) == len(values) * len(names)
    digest = hashlib.sha256(json.dumps(sorted(found)).encode()).hexdigest()
    print(json.dumps({"seconds": seconds, "used": used, "digest": digest}))
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
    three = {
        name: measure(LOOKUPS, SERVICE, name, "A,B,C", "1000", times=3) for name in ("bare", "ours")
    }
    told = [each.answer for each in three.values() if isinstance(each.answer, dict)]
    same = len({each["digest"] for each in told}) == 1
    seconds = three["ours"].seconds
    print(f"  1,000 x 3 at 50 in flight, 50 ms each: {seconds:.2f} s (mark: 3.5 s)")
    print(f"  the bare client's answers and ours are the same: {'yes' if same else 'NO'}")
    rows = [("client", "seconds", "of processor time")]
    rows += [
        (name, f"{each.seconds:.2f}", f"{used['used']:.2f}")
        for (name, each), used in zip(three.items(), told, strict=True)
    ]
    table(rows)
    rate = 3000 / measure(LOOKUPS, SERVICE, "ours", "A", "3000", times=3).seconds
    print(
        f"  one provider at its limit of 50: {rate:,.0f} answers/s,"
        f" {rate * 0.05 / 50:.2f} of concurrency / delay (mark: 0.8)"
    )
