"""Where in the world: points by count, lines between them, and countries; offline."""

import functools
import json
from collections.abc import Sequence
from importlib.resources import files
from typing import Any, Final

import polars as pl

from huntkit.charts import events, stream
from huntkit.charts.chart import Chart
from huntkit.charts.kinds.timeline_values import numbers_of
from huntkit.charts.payload import as_text, coded, json_bytes
from huntkit.charts.tiles import Tiles, check_online
from huntkit.core.errors import UsageError
from huntkit.core.text import visible
from huntkit.runtime.session import Session
from huntkit.tables import frames

LISTED: Final = 200  # places in the data table
VALUES: Final = 8  # different texts that a place tells of each column

_LATITUDES: Final = ("Latitude", "latitude", "lat")
_LONGITUDES: Final = ("Longitude", "longitude", "lon")
_COUNTRIES: Final = (
    "CountryCode", "country_code", "CountryOrRegion", "CountryOrRegionName", "Country", "country",
)  # fmt: skip
# Names of countries as logs write them, where the map's own are abridged.
_ALSO: Final = {
    "united states": "US", "usa": "US", "russia": "RU", "russian federation": "RU", "uk": "GB",
    "great britain": "GB", "czech republic": "CZ", "south korea": "KR", "korea": "KR",
    "north korea": "KP", "iran": "IR", "syria": "SY", "vietnam": "VN", "viet nam": "VN",
    "the netherlands": "NL", "hong kong": "HK", "ivory coast": "CI", "turkey": "TR",
    "türkiye": "TR", "bolivia": "BO", "venezuela": "VE", "moldova": "MD", "tanzania": "TZ",
    "taiwan": "TW", "laos": "LA", "brunei": "BN", "bosnia and herzegovina": "BA",
    "dominican republic": "DO", "north macedonia": "MK", "eswatini": "SZ", "cape verde": "CV",
}  # fmt: skip


def geo_map(
    data: Any,
    *,
    latitude_column: str | None = None,
    longitude_column: str | None = None,
    to_columns: tuple[str, str] | None = None,
    country_column: str | None = None,
    group_by: str | None = None,
    source_columns: Sequence[str] | str | None = None,
    max_groups: int = 6,
    title: str | None = None,
    tiles: Tiles | None = None,
    session: Session | None = None,
) -> Chart:
    """A map of the world with a disc per place, as large as it has rows, without any network.

    The country shapes lie in the package (Natural Earth). Places come from the columns with
    latitude and longitude, such as those that `huntkit.enrich.geo` adds; without any, countries
    are shaded by their rows. Rows with an impossible or missing place are counted.

    Args:
        data: a table of any kind.
        latitude_column: degrees north; by default ``Latitude`` or a column that ends so.
        longitude_column: degrees east; by default the one that belongs to that.
        to_columns: latitude and longitude of a second place, which draws a line to it.
        country_column: ISO codes of two or three letters, or names; shades countries. By default
            ``CountryCode`` and its like, if the table has no coordinates.
        group_by: the column whose values have a colour each.
        source_columns: columns of which a place tells the first different values; by default the
            roles that the table has.
        max_groups: groups with a colour of their own; smaller ones share one.
        title: the heading.
        tiles: a server whose pictures of the ground lie below; the page then asks it, and only
            it, whenever it is opened.
        session: the session whose ``offline`` refuses tiles; by default the default session.

    Raises:
        UnknownColumn: a named column is not in the table.
        UsageError: no column says where, or only one of a pair is named.
        Offline: tiles, in an offline session.

    Examples:
        >>> chart = geo_map(
        ...     pl.DataFrame({"IP_Latitude": [48.2, 48.2, None],
        ...                   "IP_Longitude": [16.4, 16.4, None]}),
        ... )
        >>> chart.summary
        '2 rows at 1 place. 1 row without a usable place not drawn.'
    """
    if not 1 <= max_groups <= 30:
        raise UsageError(f"max_groups is {max_groups}", hint="from 1 to 30 can be told apart")
    if tiles is not None:
        check_online(tiles, session)
    table = frames.to_polars(data)
    sources = events.listed(source_columns)
    pair = _pair(table.columns, latitude_column, longitude_column)
    events.require(
        table.columns,
        [*(pair or ()), *(to_columns or ()), country_column, group_by, *(sources or [])],
    )
    if country_column is None and pair is None:
        country_column = next((n for n in table.columns if n.endswith(_COUNTRIES)), None)
        if country_column is None:
            raise UsageError(
                "no column says where",
                hint="name latitude_column= and longitude_column=, or country_column=; "
                "huntkit.enrich.geo adds them to addresses",
                context={"columns": table.columns},
            )
    places, lines, placeless, groups = _places(
        table, pair, to_columns, group_by, sources, max_groups
    )
    countries, unknown = _countries(table, country_column)
    return _chart(
        places=places,
        lines=lines,
        countries=countries,
        groups=groups,
        group_by=group_by,
        left_out=(placeless, unknown),
        title=visible(title or "Map", limit=200),
        tiles=tiles,
    )


def _pair(
    columns: Sequence[str], latitude: str | None, longitude: str | None
) -> tuple[str, str] | None:
    if (latitude is None) != (longitude is None):
        raise UsageError("a place has a latitude and a longitude", hint="name both columns")
    if latitude is not None and longitude is not None:
        return latitude, longitude
    for north, east in zip(_LATITUDES, _LONGITUDES, strict=True):
        for name in columns:
            other = name.removesuffix(north) + east
            bounded = name == north or name[: -len(north)].endswith(("_", ".", "-", " "))
            if name.endswith(north) and bounded and other in columns:
                return name, other
    return None


def _placed(table: pl.DataFrame, pair: tuple[str, str]) -> pl.DataFrame:
    """``lat`` and ``lon`` in degrees, both null where either is impossible."""
    lat, lon = (numbers_of(table[name], parameter="latitude_column") for name in pair)
    degrees = pl.DataFrame([lat.cast(pl.Float64).alias("lat"), lon.cast(pl.Float64).alias("lon")])
    sound = pl.col("lat").is_between(-90, 90) & pl.col("lon").is_between(-180, 180)
    # To about ten metres: what is nearer is one place.
    return degrees.select(
        pl.when(sound).then(pl.col(n).round(4) + 0.0).alias(n) for n in ("lat", "lon")
    )


def _places(
    table: pl.DataFrame,
    pair: tuple[str, str] | None,
    to_columns: tuple[str, str] | None,
    group_by: str | None,
    sources: list[str] | None,
    max_groups: int,
) -> tuple[pl.DataFrame, pl.DataFrame, int, list[dict[str, Any]]]:
    """The places with rows and texts, the lines between them, rows without a place, groups."""
    none = pl.DataFrame(
        schema={"lat": pl.Float64, "lon": pl.Float64, "group": pl.UInt8, "rows": pl.Int64}
    )
    no_lines = pl.DataFrame(schema={"from": pl.Int64, "to": pl.Int64, "rows": pl.Int64})
    if pair is None:
        return none, no_lines, 0, []
    shown = events.shown_columns(table, sources, [*pair, *(to_columns or ()), group_by])
    shown = [name for name in shown if sources is not None or name not in ("_file", "_record")]
    lane = events.lane_names(table[group_by]) if group_by is not None else pl.lit("places")
    told = [
        pl.Series(f"_hk_{i}", as_text(table[n], limit=stream.TEXT_LIMIT), dtype=pl.String)
        for i, n in enumerate(shown)
    ]
    rows = _placed(table, pair).with_columns(lane.alias("lane"), *told)
    ends = _placed(table, to_columns) if to_columns is not None else None
    sound = rows["lat"].is_not_null()
    if ends is not None:
        rows = rows.with_columns(ends["lat"].alias("to_lat"), ends["lon"].alias("to_lon"))
    kept = rows.filter(sound)
    groups, of_row = stream.lanes(
        kept.with_columns(pl.lit(0).cast(pl.Datetime("us", "UTC")).alias("t")),
        max_groups,
        time="t",
        lane="lane",
    )
    kept = kept.with_columns(of_row.alias("group"))
    starts = kept.select("lat", "lon", "group", pl.lit(1).alias("one"), *(t.name for t in told))
    if ends is not None:
        there = kept.drop_nulls("to_lat").select(
            pl.col("to_lat").alias("lat"),
            pl.col("to_lon").alias("lon"),
            "group",
            pl.lit(0).alias("one"),
        )
        starts = pl.concat([starts, there], how="diagonal")
    texts = [
        pl.col(t.name)
        .drop_nulls()
        .filter(pl.col(t.name).drop_nulls() != "")
        .unique(maintain_order=True)
        .head(VALUES)
        for t in told
    ]
    places = (
        starts.group_by("lat", "lon", "group")
        .agg(pl.col("one").sum().cast(pl.Int64).alias("rows"), *texts)
        .sort(["rows", "lat", "lon", "group"], descending=[True, False, False, False])
        .rename({f"_hk_{i}": f"text {name}" for i, name in enumerate(shown)})
    )
    return (
        places,
        no_lines if ends is None else _lines(kept, places),
        rows.height - kept.height,
        groups,
    )


def _lines(rows: pl.DataFrame, places: pl.DataFrame) -> pl.DataFrame:
    numbered = places.select("lat", "lon", "group").with_row_index("number")
    here = rows.drop_nulls("to_lat").select("lat", "lon", "group", "to_lat", "to_lon")
    to = numbered.rename({"lat": "to_lat", "lon": "to_lon", "number": "to"})
    found = here.join(numbered.rename({"number": "from"}), on=["lat", "lon", "group"]).join(
        to, on=["to_lat", "to_lon", "group"]
    )
    lines = found.group_by("from", "to").agg(pl.len().cast(pl.Int64).alias("rows"))
    return lines.filter(pl.col("from") != pl.col("to")).sort("from", "to")


@functools.cache
def _world() -> tuple[dict[str, dict[str, Any]], dict[str, str]]:
    """The map's countries by their code, and the code of every way to write one, in lower case."""
    text = (files("huntkit.charts") / "assets" / "countries.json").read_text("utf-8")
    known = {each["code"]: each for each in json.loads(text) if each["code"]}
    codes = {written: code for written, code in _ALSO.items() if code in known}
    for code, each in known.items():
        codes |= {code.lower(): code, each["three"].lower(): code, each["name"].lower(): code}
    return known, codes


def _countries(table: pl.DataFrame, column: str | None) -> tuple[list[dict[str, Any]], int]:
    """The countries with their rows, those with most first; and rows of no known country."""
    if column is None:
        return [], 0
    known, codes = _world()
    names = pl.Series(as_text(table[column], limit=100), dtype=pl.String).str.strip_chars()
    found = names.str.to_lowercase().replace_strict(codes, default=None, return_dtype=pl.String)
    counted = found.drop_nulls().alias("code").to_frame().group_by("code").len()
    counted = counted.sort(["len", "code"], descending=[True, False])
    countries = [
        {
            "code": code,
            "name": known[code]["name"],
            "lon": known[code]["lon"],
            "lat": known[code]["lat"],
            "rows": rows,
        }
        for code, rows in counted.iter_rows()
    ]
    return countries, int(found.null_count())


def _chart(
    *,
    places: pl.DataFrame,
    lines: pl.DataFrame,
    countries: list[dict[str, Any]],
    groups: list[dict[str, Any]],
    group_by: str | None,
    left_out: tuple[int, int],
    title: str,
    tiles: Tiles | None,
) -> Chart:
    texts = [name for name in places.columns if name.startswith("text ")]
    told = []
    for name in texts:
        joined = pl.Series(
            ["; ".join(values) for values in places[name].to_list()], dtype=pl.String
        )
        said = visible(name.removeprefix("text "), limit=events.NAME_LIMIT)
        told.append({"name": said, **coded(joined, limit=600)})
    content = {
        "lat": places["lat"].to_list(),
        "lon": places["lon"].to_list(),
        "rows": places["rows"].to_list(),
        "groups": places["group"].to_list(),
        "texts": told,
        "from": lines["from"].to_list(),
        "to": lines["to"].to_list(),
        "line_rows": lines["rows"].to_list(),
        "countries": countries,
    }
    summary = _summary(places, lines, countries, left_out)
    if tiles is not None:
        summary += f" Opening this page asks {tiles.origin} for pictures of the ground in view."
    spec = {
        "kind": "geo_map",
        "title": title,
        "summary": summary,
        "description": f"Map: {title}. {summary} Press ? for keys.",
        "message": "There are no places to draw.",
        "places": places.height + len(countries),
        "group_title": None if group_by is None else visible(group_by, limit=events.NAME_LIMIT),
        "groups": [
            {"name": each["name"], "count": each["count"], "rest": each["rest"]} for each in groups
        ],
        "height": 840,
    }
    if tiles is not None:
        spec["tiles"] = tiles.spec()
    drawn = _drawn(places, countries, groups)
    return Chart(
        data=drawn,
        spec=spec,
        blobs={"places": json_bytes(content)},
        libraries=("world",) if spec["places"] else (),
        origins=() if tiles is None else (tiles.origin,),
        table=_table(drawn, countries),
    )


def _drawn(
    places: pl.DataFrame, countries: list[dict[str, Any]], groups: list[dict[str, Any]]
) -> pl.DataFrame:
    """The places with their groups' names, or else the countries."""
    if not places.height:
        schema = {"code": pl.String, "name": pl.String, "rows": pl.Int64}
        rows = [[each[name] for name in schema] for each in countries]
        return pl.DataFrame(rows, schema=schema, orient="row")
    names = pl.Series([each["name"] for each in groups], dtype=pl.String)
    own = ["lat", "lon", "group", "rows"]
    shown: dict[str, str] = {}
    for name in places.columns:
        if name.startswith("text "):
            shown[name] = events.free_name(name.removeprefix("text "), [*own, *shown.values()])
    return places.with_columns(names.gather(places["group"]).alias("group")).rename(shown)


def _summary(
    places: pl.DataFrame,
    lines: pl.DataFrame,
    countries: list[dict[str, Any]],
    left_out: tuple[int, int],
) -> str:
    placeless, unknown = left_out
    parts = []
    if places.height:
        rows = int(places["rows"].sum())
        parts.append(f"{events.number(rows, 'row')} at {events.number(places.height, 'place')}.")
    if lines.height:
        parts.append(f"{events.number(lines.height, 'line')} between them.")
    if countries:
        first = ", ".join(f"{each['name']} {each['rows']:,}" for each in countries[:3])
        many = "1 country" if len(countries) == 1 else f"{len(countries)} countries"
        parts.append(f"Rows in {many}, most in {first}.")
    if not parts:
        parts.append("No places to draw.")
    null = places.filter((pl.col("lat") == 0) & (pl.col("lon") == 0))["rows"].sum()
    if null:
        parts.append(
            f"{events.number(int(null), 'row')} at 0°, 0°, which often stands for nowhere."
        )
    if placeless:
        parts.append(f"{events.number(placeless, 'row')} without a usable place not drawn.")
    if unknown:
        parts.append(
            f"{events.number(unknown, 'row')} without a country that the map knows not drawn."
        )
    return " ".join(parts)


def _table(places: pl.DataFrame, countries: list[dict[str, Any]]) -> tuple[tuple[str, ...], ...]:
    if countries:
        return (
            ("country", "code", "rows"),
            *((c["name"], c["code"], f"{c['rows']:,}") for c in countries[:LISTED]),
        )
    if not places.height:
        return ()
    rows = places.head(LISTED).select("lat", "lon", "group", "rows").iter_rows()
    head = ("latitude", "longitude", "group", "rows")
    return (head, *((f"{a:g}", f"{b:g}", g, f"{n:,}") for a, b, g, n in rows))
