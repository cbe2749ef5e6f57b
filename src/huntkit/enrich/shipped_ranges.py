"""The address ranges that come with the package: country and network operator, offline.

See ``data/ATTRIBUTION.txt`` for their makers and licence, and ``tools/build_geo.py`` for how they
are made.
"""

import functools
import importlib.resources
import io
from dataclasses import dataclass

import polars as pl

from huntkit.enrich.parsed_addresses import ParsedAddresses
from huntkit.enrich.place_columns import COLUMNS
from huntkit.tables.data_files import data_file

_COUNTRY = {"country": pl.String}
_ASN = {"asn": pl.Int64, "name": pl.String}


@dataclass(frozen=True, slots=True)
class RangeTable:
    """Where ranges begin, sorted, and what holds from there on; null means that nothing is known.

    Attributes:
        starts: UInt32 for IPv4, UInt128 for IPv6.
        facts: one row for each start.
        source: the data set and its date.
    """

    starts: pl.Series
    facts: pl.DataFrame
    source: str

    def find(self, numbers: pl.Series) -> pl.DataFrame:
        """The facts of each address, a row each; nulls for null. One bisection an address."""
        at = self.starts.search_sorted(numbers.fill_null(0), side="right").cast(pl.Int64) - 1
        at = at.set((at < 0) | numbers.is_null(), None)
        return self.facts.select(pl.all().gather(at))


@functools.cache
def shipped(kind: str, version: int) -> RangeTable:
    """A table of the package: ``country`` or ``asn``, for IPv4 or IPv6. Loads in some 20 ms."""
    name = f"{kind}_v{version}.parquet"
    path = importlib.resources.files("huntkit.enrich").joinpath("data", name)
    # Polars reads it in a tenth of the time that pyarrow takes, whose import alone is 0.1 s.
    content = path.read_bytes()
    source = pl.read_parquet_metadata(io.BytesIO(content)).get("source", "")
    frame = pl.read_parquet(io.BytesIO(content))
    if version == 4:
        starts = frame["start"]
    else:
        high, low = (pl.col(half).cast(pl.UInt128) for half in ("high", "low"))
        starts = frame.select((high * (1 << 64) + low).alias("start"))["start"]
    types = _COUNTRY if kind == "country" else _ASN
    return RangeTable(starts, frame.select(pl.col(n).cast(t) for n, t in types.items()), source)


def shipped_places(addresses: ParsedAddresses) -> pl.DataFrame:
    """The country of each address, in the columns of `place_columns.COLUMNS`."""
    names = data_file("huntkit.enrich", "data/countries.yaml")
    code = pl.col("country")
    name = code.replace_strict(names, default=code, return_dtype=pl.String)
    return _either(addresses, "country").select(
        _columns({"CountryCode": code, "CountryOrRegionName": name}, "country")
    )


def shipped_operators(addresses: ParsedAddresses) -> pl.DataFrame:
    """The network operator of each address, in the columns of `place_columns.COLUMNS`."""
    facts = {"Asn": pl.col("asn"), "AsnName": pl.col("name")}
    return _either(addresses, "asn").select(_columns(facts, "asn"))


def _columns(facts: dict[str, pl.Expr], kind: str) -> list[pl.Expr]:
    facts["GeoSource"] = pl.when(pl.col(kind).is_not_null()).then(pl.lit(shipped(kind, 4).source))
    nothing = pl.lit(None)
    return [facts.get(name, nothing).cast(dtype).alias(name) for name, dtype in COLUMNS.items()]


def _either(addresses: ParsedAddresses, kind: str) -> pl.DataFrame:
    four = shipped(kind, 4).find(addresses.v4)
    if addresses.v6.null_count() == len(addresses.v6):
        return four
    six = shipped(kind, 6).find(addresses.v6)
    return four.select(pl.coalesce(column, six[column.name]) for column in four.iter_columns())
