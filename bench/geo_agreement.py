"""How far the shipped countries agree with a second source that is installed here.

That is the list of ranges that Tor uses (Debian: ``apt-get install tor-geoipdb``) and the package
``iptocc``. Counted are addresses of which both say something: by address space, and by stretch in
which neither changes, where a small stretch counts as much as a large one.
"""

import bisect
import importlib
import importlib.util
import ipaddress
import random
from collections.abc import Callable, Iterator
from pathlib import Path

from huntkit.enrich.parsed_addresses import parsed_addresses
from huntkit.enrich.shipped_ranges import RangeTable, shipped

FOLDER = Path("/usr/share/tor")
UNKNOWN = ("??", "", "ZZ", "A1", "A2", "A3", "T1", "XD", "EU", "AP")  # no countries
Ranges = list[tuple[int, int, str]]


def run(data: Path) -> None:  # noqa: ARG001  every benchmark is given it
    """Print the figures of each source that there is."""
    found = [(4, FOLDER / "geoip"), (6, FOLDER / "geoip6")]
    for version, path in found:
        if path.is_file():
            _compare_ranges(f"{path}, IPv{version}", version, sorted(_read(path, version)))
        else:
            print(f"  there is no {path}: apt-get install tor-geoipdb")
    if importlib.util.find_spec("iptocc"):
        country_of = importlib.import_module("iptocc").country_code
        _compare_samples("iptocc, IPv4", shipped("country", 4), country_of)


def _read(path: Path, version: int) -> Iterator[tuple[int, int, str]]:
    for line in path.read_text("ascii").splitlines():
        if not line.startswith("#"):
            first, last, country = line.split(",")
            if country not in UNKNOWN:
                yield _number(first, version), _number(last, version), country


def _number(text: str, version: int) -> int:
    return int(text) if version == 4 else int(ipaddress.IPv6Address(text))


def _compare_ranges(name: str, version: int, other: Ranges) -> None:
    """Lay both over one another: between two edges neither of them changes."""
    mine = shipped("country", version)
    starts, countries = mine.starts.to_list(), mine.facts["country"].to_list()
    same = both = same_pieces = pieces = 0
    for first, last, country in other:
        at = max(bisect.bisect_right(starts, first) - 1, 0)
        while at < len(starts) and starts[at] <= last:
            end = starts[at + 1] - 1 if at + 1 < len(starts) else last
            size = min(end, last) - max(starts[at], first) + 1
            if countries[at] is not None and size > 0:
                both, pieces = both + size, pieces + 1
                if countries[at] == country:
                    same, same_pieces = same + size, same_pieces + 1
            at += 1
    print(f"  {name} ({mine.source}):")
    print(f"    {100 * same / both:.2f} % of the address space that both know,")
    print(f"    {100 * same_pieces / pieces:.2f} % of {pieces:,} stretches")


def _compare_samples(name: str, table: RangeTable, ask: Callable[[str], str | None]) -> None:
    chance = random.Random(1)
    numbers = [chance.randrange(1 << 24, 224 << 24) for _ in range(100_000)]
    texts = [str(ipaddress.IPv4Address(number)) for number in numbers]
    same = both = 0
    mine = table.find(parsed_addresses(texts).v4)["country"].to_list()
    for text, country in zip(texts, mine, strict=True):
        told = ask(text)
        if country is not None and told:
            both, same = both + 1, same + (country == told)
    print(f"  {name} ({table.source}): {100 * same / both:.2f} % of {both:,} addresses by chance")
