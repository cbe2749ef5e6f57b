import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from huntkit.charts import geo_map
from huntkit.charts.chart import Chart
from huntkit.core.errors import UnknownColumn, UsageError


def places(chart: Chart) -> list[tuple[float, float, int]]:
    found = json.loads(chart.blobs["places"])
    return list(zip(found["lat"], found["lon"], found["rows"], strict=True))


def countries(chart: Chart) -> dict[str, int]:
    return {each["code"]: each["rows"] for each in json.loads(chart.blobs["places"])["countries"]}


def at(*pairs: tuple[Any, Any], **more: list[Any]) -> pl.DataFrame:
    data = {"Latitude": [a for a, _ in pairs], "Longitude": [b for _, b in pairs], **more}
    return pl.DataFrame(data, strict=False)


def test_rows_of_one_place_are_one_mark_the_largest_first() -> None:
    chart = geo_map(at((1, 2), (48.2, 16.4), (48.20001, 16.40001)))
    assert places(chart) == [(48.2, 16.4, 2), (1.0, 2.0, 1)]
    assert chart.summary == "3 rows at 2 places."


@pytest.mark.parametrize("nowhere", [(None, 1), (91, 0), (0, 181), (float("nan"), 3), ("x", 4)])
def test_an_impossible_place_is_counted_not_drawn(nowhere: tuple[Any, Any]) -> None:
    frame = at((1, 2), nowhere).cast(pl.String)
    chart = geo_map(frame)
    assert places(chart) == [(1.0, 2.0, 1)]
    assert "1 row without a usable place not drawn." in chart.summary


def test_nought_nought_is_drawn_and_doubted() -> None:
    assert "1 row at 0°, 0°, which often stands for nowhere." in geo_map(at((0, 0))).summary


@pytest.mark.parametrize(
    ("lat", "lon"),
    [("IP_Latitude", "IP_Longitude"), ("lat", "lon"), ("geo.latitude", "geo.longitude")],
)
def test_pairs_of_columns_are_found(lat: str, lon: str) -> None:
    assert places(geo_map(pl.DataFrame({lat: [1.0], lon: [2.0]}))) == [(1.0, 2.0, 1)]


def test_words_that_end_alike_are_no_places() -> None:
    with pytest.raises(UsageError, match="no column says where"):
        geo_map(pl.DataFrame({"flat": [1.0], "flon": [2.0]}))


def test_countries_are_known_by_code_and_name_and_the_others_counted() -> None:
    names = ["AT", "aut", " Austria ", "USA", "United States", "XK", "Türkiye", "Atlantis", None]
    chart = geo_map(pl.DataFrame({"CountryCode": names}))
    assert countries(chart) == {"AT": 3, "US": 2, "TR": 1, "XK": 1}
    assert "2 rows without a country that the map knows not drawn." in chart.summary
    assert chart.table[1] == ("Austria", "AT", "3")


def test_lines_join_two_places_and_both_ends_are_drawn() -> None:
    frame = at((1, 2), (1, 2), (5, 6), a=[3.0, 3.0, None], b=[4.0, 4.0, None])
    chart = geo_map(frame, to_columns=("a", "b"))
    found = json.loads(chart.blobs["places"])
    ends = [
        (found["lat"][a], found["lat"][b]) for a, b in zip(found["from"], found["to"], strict=True)
    ]
    assert ends == [(1.0, 3.0)]
    assert found["line_rows"] == [2]
    assert sorted(places(chart)) == [(1.0, 2.0, 2), (3.0, 4.0, 0), (5.0, 6.0, 1)]


def test_groups_and_texts_are_told() -> None:
    frame = at((1, 2), (1, 2), host=["a", "b"], city=["Wien", "Wien"])
    chart = geo_map(frame, group_by="host", source_columns="city")
    assert [group["name"] for group in chart.spec["groups"]] == ["a", "b"]
    assert json.loads(chart.blobs["places"])["texts"][0]["values"] == ["Wien"]
    assert chart.data.columns == ["lat", "lon", "group", "rows", "city"]


@pytest.mark.parametrize(
    "name", ["latitude_column", "country_column", "group_by", "source_columns", "to_columns"]
)
def test_unknown_columns_are_refused(name: str) -> None:
    given: dict[str, Any] = {name: "nowhere"}
    if name == "latitude_column":
        given["longitude_column"] = "Longitude"
    if name == "to_columns":
        given[name] = ("Latitude", "nowhere")
    with pytest.raises(UnknownColumn):
        geo_map(at((1, 2)), **given)


def test_half_a_place_is_refused() -> None:
    with pytest.raises(UsageError, match="name both"):
        geo_map(at((1, 2)), latitude_column="Latitude")


def test_nothing_to_draw_says_so_and_carries_no_world() -> None:
    chart = geo_map(at((None, None)).cast(pl.Float64))
    assert chart.spec["places"] == 0
    assert 'id="hk-library' not in chart.to_html()


@pytest.mark.data
def test_real_addresses_are_placed(shared_data: Path) -> None:
    frame = pl.read_csv(shared_data / "logs/ip_locs.csv")
    chart = geo_map(frame)
    assert sum(rows for _, _, rows in places(chart)) == frame.height
    assert geo_map(frame).to_html() == chart.to_html()
    assert len(chart.to_html()) < 130_000
