"""Databases in MaxMind's format: GeoLite2 and GeoIP2, DB-IP, IPinfo, ip-location-db.

The format: MaxMind DB File Format Specification 2.0. A file is data of somebody else's: what its
records hold is taken only where it has the expected type, and a broken file is an error with its
name, never a crash or an empty answer.
"""

from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import maxminddb
import polars as pl

from huntkit.core.errors import FormatError, UsageError
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

        Costs one to three microseconds an address.
        """
        rows = []
        with closing(self._reader()) as reader:
            for text in texts:
                record = self._record(reader, text)
                found = _facts(record) if record else {}
                if found:
                    found["GeoSource"] = self.source
                rows.append(found)
        return (
            pl.DataFrame(rows, schema=COLUMNS, orient="row")
            if rows
            else pl.DataFrame(schema=COLUMNS)
        )

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


def _facts(record: Record) -> Record:
    found = {name: take(record) for name, take in _TAKE.items()}
    return {name: value for name, value in found.items() if value is not None}


def _inside(record: Any, *path: str | int) -> Any:
    for step in path:
        if isinstance(step, int):
            record = record[step] if isinstance(record, list) and len(record) > step else None
        else:
            record = record.get(step) if isinstance(record, dict) else None
    return record


def _name(record: Any) -> str | None:
    names = _inside(record, "names")
    for language in _LANGUAGES:
        if isinstance(name := _inside(names, language), str):
            return name
    return None


def _text(*paths: str) -> Callable[[Record], str | None]:
    def take(record: Record) -> str | None:
        for path in paths:
            value = _inside(record, *path.split("."))
            if isinstance(value, str) and value:
                return value
        return None

    return take


def _country_name(record: Record) -> str | None:
    return (
        _name(record.get("country"))
        or _name(record.get("registered_country"))
        or _text("country_name", "country")(record)
    )


def _degrees(name: str, limit: float) -> Callable[[Record], float | None]:
    def take(record: Record) -> float | None:
        value = _inside(record, "location", name)
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


_TAKE: dict[str, Callable[[Record], Any]] = {
    "CountryCode": _text("country.iso_code", "registered_country.iso_code", "country_code"),
    "CountryOrRegionName": _country_name,
    "State": lambda record: (
        _name(_inside(record, "subdivisions", 0)) or _text("region", "state1", "state")(record)
    ),
    "City": lambda record: _name(record.get("city")) or _text("city")(record),
    "Latitude": _degrees("latitude", 90),
    "Longitude": _degrees("longitude", 180),
    "Asn": _number,
    "AsnName": _text("autonomous_system_organization", "as_name"),
}
