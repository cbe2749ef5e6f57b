"""Indicators that lie in files here: kept as Parquet, compared with millions of values at once."""

import hashlib
import ipaddress
import os
import tempfile
import warnings
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import orjson
import polars as pl

from huntkit.core.callers import caller_level
from huntkit.core.errors import EvidenceError, UsageError
from huntkit.enrich.parsed_addresses import parsed_addresses
from huntkit.enrich.ti.feed_reading import NAMING, ROWS, read_feed
from huntkit.enrich.ti.feed_values import compared
from huntkit.enrich.ti.provider import SEVERITIES, Severity
from huntkit.runtime.session import default_session
from huntkit.tables import step

_VERSION: Final = "3"  # of what is kept: raise it when reading changes
_MANY: Final = 0.01  # of a file's entries: more than that is worth a warning
_HIT: Final = {"key": pl.String, "value": pl.String, "ioc_type": pl.String, "feed": pl.String,
               "severity": pl.String, "reason": pl.String, "details": pl.String}  # fmt: skip

FeedPaths = str | os.PathLike[str] | Iterable[str | os.PathLike[str]]


@dataclass(frozen=True)
class _Networks:
    """Networks by number; of IPv4 also the stretches that any of them covers."""

    v4: pl.DataFrame  # number, prefix, row
    starts: pl.Series
    ends: pl.Series
    v6: dict[tuple[int, int], list[int]]


class Feeds:
    r"""Files of indicators: lists, CSV, STIX bundles, MISP exports.

    Each file is read once; what was read is kept as Parquet, until the file changes. Values are
    compared as a whole: an address also with the networks of the feeds, a URL not with the names
    of hosts.

    Args:
        paths: files, and folders of files.
        severity: of indicators whose feed gives no verdict.
        store: the folder for what was read; the cache by default.

    Examples:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp())
        >>> written = (folder / "bad.txt").write_text("evil[.]example[.]com\n203.0.113.0/24\n")
        >>> feeds = Feeds(folder / "bad.txt", store=folder)
        >>> feeds.find(["evil.example.com", "203.0.113.9", "a.example"])["value"].to_list()
        ['evil.example.com', '203.0.113.0/24']
    """

    def __init__(
        self,
        paths: FeedPaths,
        *,
        severity: Severity = "warning",
        store: str | os.PathLike[str] | None = None,
    ) -> None:
        given = [paths] if isinstance(paths, str | os.PathLike) else list(paths)
        self._given = tuple(Path(each).expanduser() for each in given)
        self._store = None if store is None else Path(store).expanduser()
        self.severity = severity
        if severity not in SEVERITIES:
            raise UsageError(f"there is no severity {severity!r}", hint=", ".join(SEVERITIES))

    def __getstate__(self) -> dict[str, Any]:
        """Where the files are; whoever gets it loads them anew (Spark's workers)."""
        state = {n: v for n, v in self.__dict__.items() if n in ("_given", "_store", "severity")}
        return {**state, "_store": self._store or default_session().cache_dir / "ti-feeds"}

    @cached_property
    def _parts(self) -> list[tuple[Path, pl.DataFrame, dict[str, Any]]]:
        store = self._store or default_session().cache_dir / "ti-feeds"
        parts = [(path, *_loaded(path, store)) for path in _files(self._given)]
        _check(parts)
        return parts

    @property
    def files(self) -> pl.DataFrame:
        """A row for each file: ``path kind entries indicators skipped reasons``.

        Raises:
            EvidenceError: a file can't be read, has no known shape, or none of its entries is an
                indicator; or all files together have none.
        """
        rows = [
            (str(path), told["kind"], told["entries"], rows.height, sum(told["skipped"].values()),
             "; ".join(f"{count:,} {why}" for why, count in told["skipped"].items()))
            for path, rows, told in self._parts
        ]  # fmt: skip
        schema = {"path": pl.String, "kind": pl.String, "entries": pl.Int64,
                  "indicators": pl.Int64, "skipped": pl.Int64, "reasons": pl.String}  # fmt: skip
        return pl.DataFrame(rows, schema=schema, orient="row")

    @cached_property
    def indicators(self) -> pl.DataFrame:
        """All indicators: ``key value ioc_type feed severity reason details valid_until``."""
        parts = [rows.with_columns(feed=pl.lit(path.name)) for path, rows, _ in self._parts]
        if not parts:
            return pl.DataFrame(schema={"key": pl.String, **ROWS, "feed": pl.String})
        return pl.concat(parts).with_row_index("row")

    def find(
        self, values: Sequence[str] | pl.Series, *, now: datetime | None = None
    ) -> pl.DataFrame:
        """A row for each value and each indicator that it is, in the order of the feeds.

        Args:
            values: any texts; those that are no indicators are simply not found.
            now: indicators whose time was over by then are ``information``.

        Returns:
            ``key value ioc_type feed severity reason details``: `key` is the value as it was
            compared, `value` the indicator.
        """
        return self.find_compared(compared(pl.Series("key", values, dtype=pl.String)), now=now)

    def find_compared(self, keys: pl.Series, *, now: datetime | None = None) -> pl.DataFrame:
        """The same for values that are in that form already (`feed_values.compared`)."""
        keys = keys.rename("key").drop_nulls().unique()
        known = self.indicators
        if known.is_empty() or keys.is_empty():
            return pl.DataFrame(schema=_HIT)
        exact = known.join(keys.to_frame(), on="key", how="semi")
        hits = [exact.drop("row"), self._in_networks(keys)]
        found = pl.concat([each.select(*_HIT, "valid_until") for each in hits])
        over = pl.col("valid_until") < (now or datetime.now(UTC))
        silent = pl.col("severity").is_null()
        why = pl.coalesce("reason", pl.format("on the list {}, which gives no verdict", "feed"))
        old = pl.format("its time was over on {}; {}", pl.col("valid_until").dt.date(), why)
        return found.with_columns(
            severity=pl.when(over).then(pl.lit("information"))
            .when(silent).then(pl.lit(self.severity)).otherwise("severity"),
            reason=pl.when(over).then(old).otherwise(why),
        ).drop("valid_until")  # fmt: skip

    @cached_property
    def _networks(self) -> _Networks:
        v4: list[tuple[int, int, int]] = []
        v6: dict[tuple[int, int], list[int]] = {}
        nets = self.indicators.filter(pl.col("ioc_type") == "cidr").select("value", "row")
        for value, row in nets.iter_rows():
            network = ipaddress.ip_network(value)
            first, prefix = int(network.network_address), network.prefixlen
            if network.version == 4:
                v4.append((first >> (32 - prefix), prefix, row))
            else:
                v6.setdefault((first >> (128 - prefix), prefix), []).append(row)
        schema = {"number": pl.UInt32, "prefix": pl.UInt32, "row": pl.UInt32}
        table = pl.DataFrame(v4, schema=schema, orient="row")
        spans: list[list[int]] = []
        for start, end in sorted((n << (32 - p), ((n + 1) << (32 - p)) - 1) for n, p, _ in v4):
            if spans and start <= spans[-1][1] + 1:
                spans[-1][1] = max(spans[-1][1], end)
            else:
                spans.append([start, end])
        starts, ends = ([each[at] for each in spans] for at in (0, 1))
        return _Networks(
            table, pl.Series(starts, dtype=pl.UInt32), pl.Series(ends, dtype=pl.UInt32), v6
        )

    def _in_networks(self, keys: pl.Series) -> pl.DataFrame:
        """Indicators whose network an address is in."""
        nets = self._networks
        pairs = [pl.DataFrame(schema={"key": pl.String, "row": pl.UInt32})]
        if nets.v4.height:
            texts = keys.filter(keys.str.contains(r"^\d{1,3}(?:\.\d{1,3}){3}$"))
            numbers = parsed_addresses(texts.to_list()).v4
            at = nets.starts.search_sorted(numbers, side="right").cast(pl.Int64) - 1
            end = nets.ends.gather(at.clip(0))
            inside = (at >= 0) & (numbers <= end) & numbers.is_not_null()
            hits = pl.DataFrame({"key": texts, "address": numbers}).filter(inside)
            for prefix in nets.v4["prefix"].unique() if hits.height else ():
                shifted = hits.select("key", number=pl.col("address") // (1 << (32 - prefix)))
                those = nets.v4.filter(pl.col("prefix") == prefix)
                pairs.append(shifted.with_columns(pl.col("number").cast(pl.UInt32))
                             .join(those, on="number").select("key", "row"))  # fmt: skip
        if nets.v6:
            pairs.append(_in_v6(keys, nets.v6))
        found = pl.concat(pairs).sort("row", "key")
        return self.indicators.drop("key")[found["row"]].with_columns(found["key"])

    @property
    def identity(self) -> str:
        """Tells these files in this state from others."""
        return hashlib.sha256(
            "\n".join(_name(path) for path in _files(self._given)).encode()
        ).hexdigest()[:16]


def _in_v6(keys: pl.Series, networks: dict[tuple[int, int], list[int]]) -> pl.DataFrame:
    texts = keys.filter(keys.str.count_matches(":", literal=True) >= 2)
    prefixes = {prefix for _, prefix in networks}
    pairs = [
        (text, row)
        for text in texts
        if (number := _six(text)) is not None
        for prefix in prefixes
        for row in networks.get((number >> (128 - prefix), prefix), ())
    ]
    return pl.DataFrame(pairs, schema={"key": pl.String, "row": pl.UInt32}, orient="row")


def _six(text: str) -> int | None:
    try:
        return int(ipaddress.IPv6Address(text))
    except ValueError:
        return None


def _files(given: Iterable[Path]) -> list[Path]:
    found: list[Path] = []
    for path in given:
        if path.is_dir():
            found += sorted(each for each in path.iterdir()
                            if each.is_file() and not each.name.startswith("."))  # fmt: skip
        elif path.is_file():
            found.append(path)
        else:
            raise EvidenceError(f"there is no feed {str(path)!r}")
    return found


def _name(path: Path) -> str:
    state = path.stat()
    told = f"{_VERSION} {path.absolute()} {state.st_size} {state.st_mtime_ns}"
    return hashlib.sha256(told.encode("utf-8", "surrogateescape")).hexdigest()[:32]


def _loaded(path: Path, store: Path) -> tuple[pl.DataFrame, dict[str, Any]]:
    """The indicators of a file, out of the store if it did not change."""
    kept, told_file = (store / f"{_name(path)}{end}" for end in (".parquet", ".json"))
    try:
        return pl.read_parquet(kept), orjson.loads(told_file.read_bytes())
    except (OSError, pl.exceptions.PolarsError, orjson.JSONDecodeError):
        pass  # not there, or not whole: read anew
    read = read_feed(path)
    rows = read.rows.with_columns(compared(read.rows["value"]).alias("key"))
    told = {"kind": read.kind, "entries": read.entries, "skipped": dict(read.skipped)}
    store.mkdir(parents=True, exist_ok=True, mode=0o700)
    _write(kept, rows.write_parquet)
    _write(told_file, lambda stream: stream.write(orjson.dumps(told)))
    return rows, told


def _check(parts: Sequence[tuple[Path, pl.DataFrame, dict[str, Any]]]) -> None:
    """Refuse feeds in which nothing could ever be found, and say what is left out of the others.

    Raises:
        EvidenceError: a file has entries and no indicator, or there is no indicator at all.
    """
    nothing = all(rows.is_empty() for _, rows, _ in parts)
    for path, rows, told in parts:
        entries, skipped = told["entries"], Counter(told["skipped"])
        left_out = sum(skipped.values())
        why = ", ".join(f"{count:,} {reason}" for reason, count in skipped.most_common(3))
        if rows.is_empty() and entries:
            raise EvidenceError(
                f"{path}: there is no indicator in it; of {entries:,} entries are left out: {why}",
                hint=NAMING,
            )
        if rows.is_empty() and nothing:
            raise EvidenceError(f"{path}: there is no indicator in it: it has no entries")
        if rows.is_empty():
            warnings.warn(f"{path.name}: it has no entries", stacklevel=caller_level())
        elif left_out > _MANY * max(entries, 1):
            warnings.warn(
                f"{path.name}: {left_out:,} of {entries:,} entries are left out: {why}",
                stacklevel=caller_level(),
            )
    if not parts:
        raise EvidenceError("there is no file of indicators: the folder is empty")


def _write(path: Path, write: Any) -> None:
    """Write a file whole or not at all; only its owner may read it."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".huntkit-")
    try:
        with os.fdopen(handle, "wb") as stream:
            write(stream)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


@step(split="row", columns=("column",))
def in_feeds(
    table: pl.DataFrame, column: str, *, feeds: Feeds | FeedPaths, now: datetime | None = None
) -> pl.DataFrame:
    r"""The table with columns that say which values of a column are indicators in files here.

    Args:
        table: any frame; rows and their order stay.
        column: the column with addresses, names, URLs, hashes ...
        feeds: files or folders with indicators, or `Feeds`.
        now: indicators whose time was over by then are ``information``.

    Returns:
        The table with ``feeds_severity`` (the worst), ``feeds_names`` (the files), and
        ``feeds_indicator`` and ``feeds_reason`` of the worst. Null where no feed has the value:
        that says nothing about it, and never "clean".

    Cost: a million values against a million indicators take one to two seconds.

    Examples:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp())
        >>> written = (folder / "bad.txt").write_text("evil.example.com\n")
        >>> seen = pl.DataFrame({"Name": ["evil.example.com", "a.example"]})
        >>> in_feeds(seen, "Name", feeds=Feeds(folder / "bad.txt", store=folder)).rows()[0][:3]
        ('evil.example.com', 'warning', 'bad.txt')
    """
    known = feeds if isinstance(feeds, Feeds) else Feeds(feeds)
    keys = compared(table[column].cast(pl.String, strict=False).rename("key"))
    hits = known.find_compared(keys, now=now)
    rank = pl.col("severity").replace_strict(
        {name: at for at, name in enumerate(SEVERITIES)}, return_dtype=pl.Int8
    )
    of_each = hits.with_columns(rank=rank).sort("rank", descending=True, maintain_order=True)
    told = of_each.group_by("key", maintain_order=True).agg(
        feeds_severity=pl.col("severity").first(),
        feeds_names=pl.col("feed").unique(maintain_order=True).str.join("; "),
        feeds_indicator=pl.col("value").first(),
        feeds_reason=pl.col("reason").first(),
    )
    joined = keys.to_frame().join(told, on="key", how="left", maintain_order="left").drop("key")
    return table.hstack(
        joined.rename({name: _free(name, table.columns) for name in joined.columns})
    )


def _free(name: str, taken: Sequence[str]) -> str:
    while name in taken:
        name += "_"
    return name
