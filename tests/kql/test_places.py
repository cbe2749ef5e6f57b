import maxminddb
import polars as pl
import pytest

from huntkit.kql import query
from huntkit.kql.language.errors import KqlUnsupported

LOGONS = pl.DataFrame({"User": ["ann", "bob", "cid", "dot"], "Ip": ["81.2.69.142", "", "no", None]})
ASKED = "L | extend g = geo_info_from_ip_address(Ip) | project User, Country = tostring(g.country)"


class Database:
    """A lookup in a GeoLite file, as users have them."""

    def __init__(self, path):
        self.reader = maxminddb.open_database(path)
        self.asked = []

    def locate(self, addresses):
        self.asked += addresses
        found = {}
        for address in addresses:
            try:
                record = self.reader.get(address)
            except ValueError:
                continue
            if record:
                found[address] = {
                    "CountryOrRegionName": record["country"]["names"]["en"],
                    "City": record.get("city", {}).get("names", {}).get("en"),
                    "Latitude": record["location"]["latitude"],
                    "Network": "81.2.69.142/31",
                }
        return found


@pytest.fixture
def places(shared_data):
    return Database(shared_data / "geo" / "GeoLite2-City-Test.mmdb")


@pytest.mark.data
def test_places_come_from_the_callers_database(places):
    found = query(ASKED, L=LOGONS, geo=places, frame="polars")
    assert sorted(found.rows()) == [
        ("ann", "United Kingdom"),
        ("bob", ""),
        ("cid", ""),
        ("dot", ""),
    ]


@pytest.mark.data
def test_a_place_has_microsofts_names_and_nothing_else(places):
    text = "print tostring(geo_info_from_ip_address('81.2.69.142'))"
    assert query(text, geo=places, frame="polars").item() == (
        '{"country":"United Kingdom","city":"London","latitude":51.5142}'
    )


@pytest.mark.data
def test_an_address_is_asked_for_once(places):
    rows = pl.DataFrame({"Ip": ["81.2.69.142"] * 3000})
    text = "T | where geo_info_from_ip_address(Ip).country == 'United Kingdom' | count"
    assert query(text, T=rows, geo=places, frame="polars").item() == 3000
    assert places.asked == ["81.2.69.142"]


def test_without_a_database_places_are_refused_by_name():
    with pytest.raises(KqlUnsupported, match="geo_info_from_ip_address without a local database"):
        query(ASKED, L=LOGONS)
