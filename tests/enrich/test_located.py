import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from huntkit.core.errors import UsageError
from huntkit.enrich import GeoLocation, IpAddress, entity_distance, geo_distance

PLACES = st.tuples(st.floats(-90, 90), st.floats(-180, 180))


def test_a_quarter_of_the_way_round_the_earth() -> None:
    quarter = math.pi / 2 * 6371.0088
    assert geo_distance((0, 0), (0, 90)) == pytest.approx(quarter)
    assert geo_distance((0, 17), (90, -30)) == pytest.approx(quarter)
    assert geo_distance((0, 0), (0, 180)) == pytest.approx(2 * quarter)


@given(PLACES, PLACES)
def test_it_is_a_distance(one: tuple[float, float], other: tuple[float, float]) -> None:
    there = geo_distance(one, other)
    assert 0 <= there <= math.pi * 6371.01
    assert there == pytest.approx(geo_distance(other, one))


@pytest.mark.parametrize("place", [(91, 0), (0, 181), (math.nan, 0), (0, math.inf)])
def test_what_is_no_place_is_refused(place: tuple[float, float]) -> None:
    with pytest.raises(UsageError, match="is no place"):
        geo_distance(place, (0, 0))


def test_distance_of_entities_needs_both_positions() -> None:
    here = IpAddress(Address="203.0.113.1", Location=GeoLocation(Latitude=0.0, Longitude=0.0))
    there = IpAddress(Address="203.0.113.2", Location=GeoLocation(Latitude=0.0, Longitude=1.0))
    assert entity_distance(here, there) == pytest.approx(111.195, abs=0.01)
    with pytest.raises(UsageError, match=r"203\.0\.113\.3"):
        entity_distance(here, IpAddress(Address="203.0.113.3"))
    assert GeoLocation(Latitude=1.0).coordinates is None
