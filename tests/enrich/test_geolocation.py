"""Every network of the test databases is found; rows and order stay; nothing breaks on junk."""

import contextlib
import ipaddress
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import maxminddb
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from huntkit.core.contracts import GeoLookup
from huntkit.core.errors import FormatError, UnknownColumn, UsageError
from huntkit.enrich import GeoDatabases, geo
from huntkit.enrich.shipped_ranges import shipped
from huntkit.entities.addresses import embedded_ipv4

KNOWN = [
    "CountryCode",
    "CountryOrRegionName",
    "State",
    "City",
    "Latitude",
    "Longitude",
    "Asn",
    "AsnName",
    "GeoSource",
]


def networks(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """The first address of every network in a file, in the text that a log would hold."""
    with maxminddb.open_database(path) as reader:
        for network, record in reader:
            first = network.network_address
            yield str(embedded_ipv4(first) or first), record


@pytest.mark.data
def test_every_network_of_the_city_database_is_found(shared_data: Path) -> None:
    path = shared_data / "geo" / "GeoLite2-City-Test.mmdb"
    addresses, records = zip(*networks(path), strict=True)
    found = GeoDatabases(path, shipped=False).facts(addresses).to_dicts()
    assert len(found) == len(records) > 200
    for record, facts in zip(records, found, strict=True):
        country = record.get("country") or record.get("registered_country") or {}
        assert facts["CountryCode"] == country.get("iso_code")
        assert facts["CountryOrRegionName"] == country.get("names", {}).get("en")
        assert facts["City"] == record.get("city", {}).get("names", {}).get("en")
        states = record.get("subdivisions") or [{}]
        assert facts["State"] == states[0].get("names", {}).get("en")
        assert facts["Latitude"] == record.get("location", {}).get("latitude")
        assert facts["Longitude"] == record.get("location", {}).get("longitude")


@pytest.mark.data
def test_every_network_of_the_operator_database_is_found(shared_data: Path) -> None:
    path = shared_data / "geo" / "GeoLite2-ASN-Test.mmdb"
    addresses, records = zip(*networks(path), strict=True)
    found = GeoDatabases(path, shipped=False).facts(addresses)
    assert found["Asn"].to_list() == [each.get("autonomous_system_number") for each in records]
    assert found["AsnName"].to_list() == [
        each.get("autonomous_system_organization") for each in records
    ]


@pytest.mark.data
def test_every_network_of_the_country_database_is_found(shared_data: Path) -> None:
    path = shared_data / "geo" / "GeoLite2-Country-Test.mmdb"
    addresses, records = zip(*networks(path), strict=True)
    found = GeoDatabases(path, shipped=False).facts(addresses)
    wanted = [
        (r.get("country") or r.get("registered_country") or {}).get("iso_code") for r in records
    ]
    assert found["CountryCode"].to_list() == wanted


@pytest.mark.data
def test_databases_fill_one_another_and_say_which_they_are(shared_data: Path) -> None:
    folder = shared_data / "geo"
    both = GeoDatabases([folder / "GeoLite2-City-Test.mmdb", folder / "GeoLite2-ASN-Test.mmdb"])
    london = both.locate(["81.2.69.142"])["81.2.69.142"]
    assert (london["City"], london["CountryCode"]) == ("London", "GB")
    assert london["GeoSource"].startswith("GeoLite2-City 2")
    telstra = both.locate(["1.128.0.0"])["1.128.0.0"]
    assert telstra["Asn"] == 1221
    assert telstra["CountryCode"] == "AU"  # from the shipped ranges: no test file knows the place
    assert "GeoLite2-ASN" in telstra["GeoSource"]
    assert "geo-whois-asn-country" in telstra["GeoSource"]


def test_the_shipped_ranges_are_searched_rightly() -> None:
    table = shipped("country", 4)
    starts, codes = table.starts.to_list(), table.facts["country"].to_list()
    assert starts == sorted(set(starts))
    wanted = {}
    for at in range(0, len(starts) - 1, 997):  # the first and the last address of a range
        for number in (starts[at], starts[at + 1] - 1):
            wanted[str(ipaddress.IPv4Address(number))] = codes[at]
    found = GeoDatabases().facts(list(wanted))["CountryCode"].to_list()
    assert found == list(wanted.values())


def test_the_shipped_ranges_know_ipv6() -> None:
    table = shipped("asn", 6)
    at = len(table.starts) // 2
    text = str(ipaddress.IPv6Address(table.starts[at]))
    assert GeoDatabases().facts([text])["Asn"].to_list() == [table.facts["asn"][at]]


def test_rows_and_their_order_stay() -> None:
    table = pl.DataFrame({"n": range(6), "ip": ["8.8.8.8", None, "junk", "8.8.8.8", "1.1.1.1", ""]})
    found = geo(table, "ip")
    assert found["n"].to_list() == list(range(6))
    assert found["ip_Asn"].to_list() == [15169, None, None, 15169, 13335, None]
    assert found.columns == ["n", "ip", *(f"ip_{name}" for name in KNOWN)]


def test_callers_columns_are_never_overwritten() -> None:
    found = geo(pl.DataFrame({"ip": ["8.8.8.8"], "ip_City": ["mine"]}), "ip")
    assert found["ip_City"].to_list() == ["mine"]
    assert "ip_City_geo" in found.columns


def test_each_kind_of_frame_comes_back_as_itself() -> None:
    rows = {"ip": ["8.8.8.8", "10.0.0.1"]}
    frame = pd.DataFrame(rows, index=[7, 9])
    as_pandas = geo(frame, "ip")
    assert list(as_pandas.index) == [7, 9]
    assert list(frame.columns) == ["ip"]
    assert geo(pa.table(rows), "ip")["ip_CountryCode"].to_pylist() == ["US", None]
    assert geo(pl.LazyFrame(rows), "ip").collect()["ip_Asn"].to_list() == [15169, None]


def test_private_and_special_addresses_have_no_place() -> None:
    special = [
        "10.0.0.1",
        "192.168.1.1",
        "127.0.0.1",
        "169.254.1.1",
        "::1",
        "fe80::1%eth0",
        "fc00::1",
    ]
    assert GeoDatabases().locate(special) == {}


def test_an_address_inside_another_tells_the_place() -> None:
    found = GeoDatabases().facts(["::ffff:8.8.8.8", "64:ff9b::808:808", "[2001:4860:4860::8888]"])
    assert found["Asn"].to_list() == [15169, 15169, 15169]


@pytest.mark.data
def test_addresses_with_ports_have_places(shared_data: Path) -> None:
    """As Exchange's audit log writes them."""
    table = pl.read_csv(shared_data / "logs" / "demo_exchange_data.csv")
    found = geo(table, "ClientIP")
    assert found["ClientIP"].equals(table["ClientIP"])
    given = table["ClientIP"].is_not_null()
    assert found["ClientIP_CountryCode"].is_not_null().to_list() == given.to_list()
    assert given.sum() > 60
    lists = pl.DataFrame({"ip": [["8.8.8.8"]]})
    with pytest.raises(UsageError, match="explode"):
        geo(lists, "ip")


def test_it_is_a_geo_lookup() -> None:
    assert isinstance(GeoDatabases(), GeoLookup)


def test_a_missing_column_and_file_are_named() -> None:
    with pytest.raises(UnknownColumn, match="did you mean 'ip'"):
        geo(pl.DataFrame({"ip": ["1.1.1.1"]}), "ipp")
    with pytest.raises(UsageError, match=r"nowhere\.mmdb"):
        GeoDatabases("nowhere.mmdb")
    with pytest.raises(UsageError, match="no database"):
        GeoDatabases(shipped=False)


@pytest.mark.data
@pytest.mark.parametrize("keep", [0, 1, 100, 0.5, 0.9, 0.999])
def test_a_cut_file_is_an_error_with_its_name(
    shared_data: Path, tmp_path: Path, keep: float
) -> None:
    whole = (shared_data / "geo" / "GeoLite2-City-Test.mmdb").read_bytes()
    path = tmp_path / "cut.mmdb"
    path.write_bytes(whole[: int(keep if keep > 1 or keep in (0, 1) else len(whole) * keep)])
    with pytest.raises(FormatError, match=r"cut\.mmdb"):
        GeoDatabases(path)


@pytest.mark.data
@given(at=st.integers(0, 20_000), junk=st.binary(min_size=1, max_size=40))
def test_a_damaged_file_gives_an_answer_or_an_error(
    shared_data: Path, tmp_path_factory: pytest.TempPathFactory, at: int, junk: bytes
) -> None:
    data = bytearray((shared_data / "geo" / "GeoLite2-City-Test.mmdb").read_bytes())
    data[at : at + len(junk)] = junk
    path = tmp_path_factory.mktemp("geo") / "bad.mmdb"
    path.write_bytes(bytes(data))
    with contextlib.suppress(FormatError):
        found = GeoDatabases(path, shipped=False).facts(["81.2.69.142", "2001:218::1", "9.9.9.9"])
        assert found.height == 3


@given(
    st.lists(st.one_of(st.none(), st.text(max_size=60), st.ip_addresses().map(str)), max_size=30)
)
def test_any_text_is_a_normal_value(values: list[str | None]) -> None:
    found = geo(pl.DataFrame({"ip": values}, schema={"ip": pl.String}), "ip")
    assert found["ip"].to_list() == values
