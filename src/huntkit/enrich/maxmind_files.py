"""Databases in MaxMind's format: GeoLite2 and GeoIP2, DB-IP, IPinfo, ip-location-db.

The format: MaxMind DB File Format Specification 2.0. A file is data of somebody else's: what its
records hold is taken only where it has the expected type, and a broken file is an error with its
name, never a crash or an empty answer.
"""

from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import UTC, datetime
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path
from typing import Any, Final

import maxminddb
import polars as pl

from huntkit.core.errors import FormatError, UsageError
from huntkit.enrich.parsed_addresses import parsed_addresses
from huntkit.enrich.place_columns import COLUMNS
from huntkit.entities.addresses import address_text, embedded_ipv4, parse_address

_LANGUAGES = ("en", "de", "fr", "es")

Record = dict[str, Any]


class MaxMindFile:
    """One database file.

    Args:
        path: the file; it is opened for each batch of look-ups, and mapped, not read.

    Attributes:
        built: when its maker built it.
        kind: what its maker calls it, such as ``GeoLite2-City``.
        source: both, for people.

    Raises:
        UsageError: there is no such file.
        FormatError: it is no database of this format, or it is damaged.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path).expanduser()
        with closing(self._reader()) as reader:
            about = reader.metadata()
        try:
            self.built = datetime.fromtimestamp(about.build_epoch, UTC)
        except (ValueError, OverflowError, OSError, TypeError) as fault:
            raise self._broken(fault) from fault
        self.kind = str(about.database_type)
        self.source = f"{self.kind} {self.built:%Y-%m-%d}"
        self._knows_v6 = about.ip_version == 6

    def facts(self, texts: Sequence[str]) -> pl.DataFrame:
        """What the file knows of each address: the columns of `COLUMNS`, a row each.

        Addresses of one network are looked up once. A network costs some five microseconds,
        another address of it one.
        """
        numbers = parsed_addresses(texts)
        found = _Found()
        with closing(self._reader()) as reader:
            at_v4 = self._search(reader, numbers.v4, IPv4Address, 32, found)
            at_v6 = self._search(reader, numbers.v6, IPv6Address, 128, found)
        at = pl.select(pl.coalesce(at_v4, at_v6)).to_series()
        return found.frame(self.source).select(pl.all().gather(at))

    def _search(
        self,
        reader: maxminddb.Reader,
        numbers: pl.Series,
        make: type[IPv4Address | IPv6Address],
        bits: int,
        found: "_Found",
    ) -> pl.Series:
        """Where in `found` the facts of each number are; null for null, and for nothing known."""
        if numbers.null_count() == len(numbers) or (bits == 128 and not self._knows_v6):
            return pl.Series("at", [None] * len(numbers), dtype=pl.UInt32)
        order = numbers.arg_sort(nulls_last=True).head(len(numbers) - numbers.null_count())
        places: list[int | None] = []
        last, place = -1, None
        try:
            for number in numbers.gather(order).to_list():
                if number > last:
                    record, size = reader.get_with_prefix_len(make(number))
                    host = bits - size
                    last = number | (1 << host) - 1 if 0 <= host <= bits else number
                    place = found.add(record)
                places.append(place)
        except (maxminddb.InvalidDatabaseError, ValueError, UnicodeDecodeError) as fault:
            raise self._broken(fault) from fault
        empty = pl.Series("at", [None], dtype=pl.UInt32).new_from_index(0, len(numbers))
        return empty.scatter(order, pl.Series(places, dtype=pl.UInt32))

    def records(self, texts: Sequence[str]) -> list[Record]:
        """What the file holds about each address, as it is; empty where it holds nothing."""
        with closing(self._reader()) as reader:
            return [self._record(reader, text) or {} for text in texts]

    def _reader(self) -> maxminddb.Reader:
        try:
            return maxminddb.open_database(self.path)
        except FileNotFoundError:
            raise UsageError(f"there is no file {str(self.path)!r}") from None
        except (maxminddb.InvalidDatabaseError, OSError, ValueError) as fault:
            raise self._broken(fault) from fault

    def _record(self, reader: maxminddb.Reader, text: str) -> Record | None:
        address = parse_address(text)
        if address is None:
            return None
        inner = embedded_ipv4(address)
        if inner is not None:
            address = inner
        elif address.version == 6 and not self._knows_v6:
            return None
        try:
            found = reader.get(address_text(address).partition("%")[0])
        except (maxminddb.InvalidDatabaseError, ValueError, UnicodeDecodeError) as fault:
            raise self._broken(fault) from fault
        return found if isinstance(found, dict) else None

    def _broken(self, fault: Exception) -> FormatError:
        return FormatError(
            f"{str(self.path)!r} is not a sound MaxMind database: {fault}",
            hint="download it again",
            context={"path": str(self.path)},
        )


class _Found:
    """The facts of networks, each once."""

    def __init__(self) -> None:
        self._rows: list[tuple[Any, ...]] = []

    def add(self, record: Any) -> int | None:
        """Where they are; None if the record holds nothing that is known."""
        if not isinstance(record, dict):
            return None
        row = tuple([take(record) for take in _TAKE])
        if row == _NOTHING:
            return None
        self._rows.append(row)
        return len(self._rows) - 1

    def frame(self, source: str) -> pl.DataFrame:
        """A row for each, in the columns of `COLUMNS`."""
        names = [name for name in COLUMNS if name != "GeoSource"]
        values = zip(*self._rows, strict=True) if self._rows else ((),) * len(names)
        facts = pl.DataFrame(
            [
                pl.Series(name, each, dtype=COLUMNS[name])
                for name, each in zip(names, values, strict=True)
            ]
        )
        return facts.with_columns(GeoSource=pl.lit(source)).select(*COLUMNS)


def _name(record: Any) -> str | None:
    names = record.get("names") if isinstance(record, dict) else None
    if isinstance(names, dict):
        for language in _LANGUAGES:
            if isinstance(name := names.get(language), str):
                return name
    return None


def _text(*paths: str) -> Callable[[Record], str | None]:
    """The first of several places, each at most two deep, that holds a text."""
    places = [(outer, inner) for outer, _, inner in (path.partition(".") for path in paths)]

    def take(record: Record) -> str | None:
        for outer, inner in places:
            value = record.get(outer)
            if inner:
                value = value.get(inner) if isinstance(value, dict) else None
            if isinstance(value, str) and value:
                return value
        return None

    return take


_COUNTRY_NAME: Final = _text("country_name", "country")


def _country_name(record: Record) -> str | None:
    return (
        _name(record.get("country"))
        or _name(record.get("registered_country"))
        or _COUNTRY_NAME(record)
    )


def _degrees(name: str, limit: float) -> Callable[[Record], float | None]:
    def take(record: Record) -> float | None:
        place = record.get("location")
        value = place.get(name) if isinstance(place, dict) else None
        if value is None:
            value = record.get(name)
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            return None
        try:
            degrees = float(value)
        except ValueError:
            return None
        return degrees if abs(degrees) <= limit else None

    return take


def _number(record: Record) -> int | None:
    value = record.get("autonomous_system_number", record.get("asn"))
    if isinstance(value, str):
        digits = value.upper().removeprefix("AS")
        value = (
            int(digits) if digits.isascii() and digits.isdecimal() and len(digits) < 12 else None
        )
    in_range = isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 32
    return value if in_range else None


def _state(record: Record) -> str | None:
    parts = record.get("subdivisions")
    first = parts[0] if isinstance(parts, list) and parts else None
    return _name(first) or _STATE(record)


def _city(record: Record) -> str | None:
    return _name(record.get("city")) or _CITY(record)


_STATE: Final = _text("region", "state1", "state")
_CITY: Final = _text("city")
# In the order of COLUMNS, without the source.
_TAKE: Final[tuple[Callable[[Record], Any], ...]] = (
    _text("country.iso_code", "registered_country.iso_code", "country_code"),
    _country_name,
    _state,
    _city,
    _degrees("latitude", 90),
    _degrees("longitude", 180),
    _number,
    _text("autonomous_system_organization", "as_name"),
)
_NOTHING: Final = (None,) * len(_TAKE)
