"""An address and the place where it is, and how far places lie apart."""

from dataclasses import dataclass
from datetime import datetime
from math import asin, cos, radians, sin, sqrt
from typing import Any

from huntkit.core.errors import UsageError

_EARTH_KM = 6371.0088  # the mean radius (IUGG)


@dataclass(frozen=True, slots=True, kw_only=True)
class GeoLocation:
    """Where an address is, as far as a database knows.

    Attributes:
        CountryCode: two letters (ISO 3166-1).
        CountryOrRegionName: in English.
        State: the first subdivision.
        City: in English where the database has it.
        Latitude: in degrees.
        Longitude: in degrees.
        Asn: the number of the operator's autonomous system.
        AsnName: the operator.
        GeoSource: what said so.
        TimeGenerated: of what date that is.
    """

    CountryCode: str | None = None
    CountryOrRegionName: str | None = None
    State: str | None = None
    City: str | None = None
    Latitude: float | None = None
    Longitude: float | None = None
    Asn: int | None = None
    AsnName: str | None = None
    GeoSource: str | None = None
    TimeGenerated: datetime | None = None

    @property
    def coordinates(self) -> tuple[float, float] | None:
        """Latitude and longitude, or None where either is not known."""
        if self.Latitude is None or self.Longitude is None:
            return None
        return self.Latitude, self.Longitude


@dataclass(frozen=True, slots=True, kw_only=True)
class IpAddress:
    """An address and its place; None where nothing is known of it."""

    Address: str
    Location: GeoLocation | None = None


def geo_distance(origin: tuple[float, float], destination: tuple[float, float]) -> float:
    """Kilometres along the surface between two places, each latitude and longitude in degrees.

    The earth is taken for a ball, which is wrong by at most 0.6 %.

    Raises:
        UsageError: a latitude or a longitude that there is not.

    Examples:
        >>> round(geo_distance((51.5, -0.12), (48.86, 2.35)))  # London to Paris
        342
    """
    for latitude, longitude in (origin, destination):
        if not (abs(latitude) <= 90 and abs(longitude) <= 180):
            raise UsageError(
                f"({latitude!r}, {longitude!r}) is no place",
                hint="latitude (-90 to 90) first, then longitude (-180 to 180), in degrees",
            )
    (lat1, lon1), (lat2, lon2) = (tuple(map(radians, place)) for place in (origin, destination))
    half = sin((lat2 - lat1) / 2) ** 2 + cos(lat1) * cos(lat2) * sin((lon2 - lon1) / 2) ** 2
    return 2 * _EARTH_KM * asin(sqrt(min(half, 1.0)))


def entity_distance(ip_src: Any, ip_dest: Any) -> float:
    """Kilometres between two addresses whose places are known, such as `lookup_ip` gives.

    Raises:
        UsageError: the position of one of them is not known.

    Examples:
        >>> paris = GeoLocation(Latitude=48.86, Longitude=2.35)
        >>> there = IpAddress(Address="203.0.113.7", Location=paris)
        >>> entity_distance(there, there)
        0.0
    """
    return geo_distance(_coordinates(ip_src), _coordinates(ip_dest))


def _coordinates(entity: Any) -> tuple[float, float]:
    place = getattr(entity, "Location", None)
    latitude, longitude = getattr(place, "Latitude", None), getattr(place, "Longitude", None)
    if latitude is None or longitude is None:
        raise UsageError(
            f"the position of {getattr(entity, 'Address', entity)!r} is not known",
            hint="look it up in a database of cities first: GeoLiteLookup(db_file=...)",
        )
    return float(latitude), float(longitude)
