"""Places on earth: distances on the sphere, and geohashes."""

import math

from sqlglot import exp

from huntkit.kql.language.emit.base import Emitter
from huntkit.kql.language.emit.duckdb.registry import primitive, python, use
from huntkit.kql.language.emit.duckdb.values import dump
from huntkit.kql.language.emit.sql import Sql
from huntkit.kql.language.errors import KqlUnsupported
from huntkit.kql.language.plan import Fn

RADIUS = 6_371_010.0  # metres; the mean one
_LETTERS = "0123456789bcdefghjkmnpqrstuvwxyz"
_LONGEST_HASH = 18


def _is_place(longitude: float | None, latitude: float | None) -> bool:
    if longitude is None or latitude is None:
        return False
    return -180 <= longitude <= 180 and -90 <= latitude <= 90


@python("metres_between", "DDDD", "D")
def metres_between(
    lon: float | None, lat: float | None, lon2: float | None, lat2: float | None
) -> float | None:
    """The shortest way between two places; null where one is none.

    Examples:
        >>> round(metres_between(-122.407628, 47.578557, -118.275287, 34.019056))
        1546754
    """
    if not _is_place(lon, lat) or not _is_place(lon2, lat2):
        return None
    a, b, c, d = (math.radians(each or 0.0) for each in (lon, lat, lon2, lat2))
    half = math.sin((d - b) / 2) ** 2 + math.cos(b) * math.cos(d) * math.sin((c - a) / 2) ** 2
    return 2 * RADIUS * math.asin(min(1.0, math.sqrt(half)))


@primitive("geo_distance_2points")
def _distance(emitter: Emitter, node: Fn, args: list[Sql]) -> Sql:
    if len(node.args) != 4:
        raise KqlUnsupported("geo_distance_2points on the ellipsoid")
    return use(emitter, "metres_between", *args)


@python("geo_point_in_circle", "DDDDD", "B")
def _in_circle(
    lon: float | None,
    lat: float | None,
    lon2: float | None,
    lat2: float | None,
    radius: float | None,
) -> bool | None:
    away = metres_between(lon, lat, lon2, lat2)
    return None if away is None or radius is None or radius < 0 else away <= radius


def _box(geohash: str | None) -> tuple[float, float, float, float] | None:
    """West, east, south, north."""
    if not geohash or len(geohash) > _LONGEST_HASH:
        return None
    bounds = [[-180.0, 180.0], [-90.0, 90.0]]
    axis = 0
    for letter in geohash.lower():
        place = _LETTERS.find(letter)
        if place < 0:
            return None
        for bit in (16, 8, 4, 2, 1):
            low, high = bounds[axis]
            bounds[axis][0 if place & bit else 1] = (low + high) / 2
            axis = 1 - axis
    return bounds[0][0], bounds[0][1], bounds[1][0], bounds[1][1]


@python("geo_geohash_to_central_point", "V", "V")
def _center(geohash: str | None) -> str | None:
    box = _box(geohash)
    if box is None:
        return None
    west, east, south, north = box
    return dump({"type": "Point", "coordinates": [(west + east) / 2, (south + north) / 2]})


@python("geo_geohash_to_polygon", "V", "V")
def _polygon(geohash: str | None) -> str | None:
    box = _box(geohash)
    if box is None:
        return None
    west, east, south, north = box
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return dump({"type": "Polygon", "coordinates": [ring]})


@python("geo_point_to_geohash", "DDL", "V")
def _geohash(lon: float | None, lat: float | None, length: int | None) -> str:
    length = 5 if length is None else length
    if not _is_place(lon, lat) or not 1 <= length <= _LONGEST_HASH:
        return ""
    bounds, values = [[-180.0, 180.0], [-90.0, 90.0]], (lon or 0.0, lat or 0.0)
    letters, axis = [], 0
    for _ in range(length):
        place = 0
        for _bit in range(5):
            low, high = bounds[axis]
            middle = (low + high) / 2
            upper = values[axis] >= middle
            bounds[axis][0 if upper else 1] = middle
            place = place * 2 + upper
            axis = 1 - axis
        letters.append(_LETTERS[place])
    return "".join(letters)


# --- sizes --------------------------------------------------------------------------------------

_BYTES = {"long": 8, "real": 8, "datetime": 8, "timespan": 8, "int": 4, "bool": 1, "guid": 16}


@primitive("estimate_data_size")
def _size(_e: Emitter, node: Fn, args: list[Sql]) -> Sql:
    total: Sql = exp.convert(0)
    for each, value in zip(node.args, args, strict=True):
        if each.type == "string":
            size: Sql = exp.Anonymous(this="strlen", expressions=[value])
        elif each.type in _BYTES:
            size = exp.convert(_BYTES[each.type])
        else:
            raise KqlUnsupported(f"estimate_data_size of a {each.type}")
        total = exp.Add(this=total, expression=size)
    return exp.Paren(this=total)
