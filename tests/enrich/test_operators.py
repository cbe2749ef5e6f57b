"""Autonomous systems: of the shipped ranges, and of registries on loopback."""

import ipaddress
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from huntkit.core.errors import Offline, UsageError
from huntkit.enrich import (
    GeoDatabases,
    IpAddress,
    asn_whois,
    get_asn_details,
    get_asn_from_ip,
    get_asn_from_name,
)
from huntkit.enrich.whois_lookup import ASN_COLUMNS, Registries, asn_text
from huntkit.runtime import Session, Settings
from servers import Answer, Asked

RECORDS = Path(__file__).parents[1] / "data" / "enrich" / "rdap"
AUTNUM = json.loads((RECORDS / "autnum.json").read_text())
NETWORK = json.loads((RECORDS / "network.json").read_text())


@pytest.fixture
def registry(http_server: Callable[..., Any]) -> Any:
    """IANA's lists and a registry; it knows AS13335 and every network."""

    def handler(asked: Asked) -> Answer:
        if asked.path in ("/asn.json", "/ipv4.json"):
            held = ["13312-14335", "1-10", "23456"] if "asn" in asked.path else ["9.0.0.0/8"]
            return Answer(json={"services": [[held, [f"http://{asked.headers['host']}/reg/"]]]})
        if asked.path.startswith("/reg/ip/"):
            return Answer(json=NETWORK)
        return Answer(json=AUTNUM) if asked.path.endswith("/13335") else Answer(status=404)

    return http_server(handler)


@pytest.fixture
def places(registry: Any) -> Registries:
    return Registries(iana=registry.url, whois=None)


def test_a_registry_tells_of_a_number(registry: Any, places: Registries, session: Session) -> None:
    given = ["AS13335", "13335", "AS7", "AS64512", "AS23456", "junk", "as 13335"]
    found = asn_whois(given, session=session, registries=places)
    assert found.columns == list(ASN_COLUMNS)
    assert found["query"].to_list() == given
    assert found["status"].to_list() == [
        "ok", "ok", "not found", "not asked", "not asked", "not asked", "ok",
    ]  # fmt: skip
    row = found.row(0, named=True)
    assert (row["asn"], row["name"], row["range"]) == (
        "AS13335", "CLOUD-EXAMPLE", "AS13335 - AS13335",
    )  # fmt: skip
    assert (row["organisation"], row["abuse_email"]) == (
        "Cloud Example, Inc.", "abuse@cloud.example",
    )  # fmt: skip
    assert (row["asn_registry"], row["asn_country_code"]) == ("arin", "US")
    assert row["asn_date"] == "2010-07-14"
    asked = sorted(each.path for each in registry.asked)
    assert asked == ["/asn.json", "/reg/autnum/13335", "/reg/autnum/7"]
    again = asn_whois(13335, session=session, registries=places)
    assert again["name"].to_list() == ["CLOUD-EXAMPLE"]
    assert len(registry.asked) == 3  # kept


def test_a_number_in_no_registrys_range_is_a_failure_with_its_reason(
    places: Registries, session: Session
) -> None:
    with pytest.warns(UserWarning, match="1 of 2"):
        found = asn_whois(["AS13335", "AS400000"], session=session, registries=places)
    assert found["status"].to_list() == ["ok", "failed"]
    assert "no RDAP registry is listed" in found["problem"][1]


def test_details_are_told_offline(tmp_path: Path) -> None:
    with Session(Settings(cache_dir=tmp_path, offline=True, frame="polars")) as session:
        details = get_asn_details("as13335", session=session)
        assert details["Autonomous Number"] == "AS13335"
        assert details["AS Name"] == "Cloudflare, Inc."
        assert details["Contact"] is None
        assert details["Source"].startswith("ip-location-db asn ")
        assert "1.1.1.0/24" in details["ranges"]
        assert any(":" in network for network in details["ranges"])
        several = get_asn_details(["15169", "AS4199999999", "x", 15169], session=session)
        assert several["Autonomous Number"].to_list() == [
            "AS15169", "AS4199999999", None, "AS15169",
        ]  # fmt: skip
        assert several["ranges"].list.len().to_list()[1:3] == [0, 0]
        assert several["ranges"][0].to_list() == several["ranges"][3].to_list()
        assert get_asn_details([], session=session).height == 0
        with pytest.raises(Offline):
            get_asn_details("AS13335", online=True, session=session)
        with pytest.raises(Offline):
            asn_whois("AS13335", session=session)


def test_the_ranges_of_a_number_are_those_whose_addresses_have_it(session: Session) -> None:
    networks = [
        ipaddress.ip_network(text) for text in get_asn_details("AS19281", session=session)["ranges"]
    ]
    edges = [str(end) for network in networks for end in (network[0], network[-1])]
    assert len(edges) >= 16
    assert set(GeoDatabases().facts(edges)["Asn"].to_list()) == {19281}
    before = [str(network[0] - 1) for network in networks]
    inside = [any(ipaddress.ip_address(text) in n for n in networks) for text in before]
    others = GeoDatabases().facts(before)["Asn"].to_list()
    assert [number == 19281 for number in others] == inside


def test_a_registry_fills_what_the_ranges_do_not_know(places: Registries, session: Session) -> None:
    details = get_asn_details(13335, online=True, session=session, registries=places)
    assert (details["Description"], details["Contact"]) == (
        "Cloud Example, Inc.", "abuse@cloud.example",
    )  # fmt: skip
    assert details["Last Updated"] == "2017-02-17T18:02:07-05:00"
    assert "; RDAP http://127.0.0.1" in details["Source"]
    told = get_asn_from_ip("9.9.9.9", online=True, session=session, registries=places)
    assert (told["AS"], told["Registry"], told["Allocated"]) == ("19281", "arin", "2017-09-13")


def test_an_address_leads_to_its_number() -> None:
    known = get_asn_from_ip("8[.]8.8.8")
    assert list(known) == [
        "AS", "IP", "BGP Prefix", "CC", "Registry", "Allocated", "AS Name", "Source",
    ]  # fmt: skip
    assert (known["AS"], known["CC"]) == ("15169", "US")
    assert get_asn_from_ip(ip_address=IpAddress(Address="8.8.8.8")) == {**known, "IP": "8.8.8.8"}
    assert get_asn_from_ip("junk")["AS"] is None
    with pytest.raises(UsageError):
        get_asn_from_ip()


def test_names_lead_to_numbers() -> None:
    assert "AS13335" in get_asn_from_name("CLOUDFLARE")
    assert get_asn_from_name("no such operator [.*") == {}


@given(st.one_of(st.text(), st.integers().map(str), st.integers(0, 1 << 33).map("AS{}".format)))
def test_any_text_is_a_number_or_none(text: str) -> None:
    found = asn_text(text)
    assert found is None or 0 < int(found.removeprefix("AS")) < 1 << 32


def test_any_text_has_details(session: Session) -> None:
    found = get_asn_details(["\x00", "AS" + "9" * 400, "", "AS1\n"], session=session)
    assert isinstance(found, pl.DataFrame)
    assert found.height == 4
