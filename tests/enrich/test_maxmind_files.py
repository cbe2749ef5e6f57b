"""Every edge of every network of MaxMind's test files, by the format's other reader."""

import ipaddress
import random
from pathlib import Path
from typing import Any

import maxminddb
import polars as pl
import pytest

from huntkit.core.errors import FormatError, UsageError
from huntkit.enrich.maxmind_files import MaxMindFile
from huntkit.enrich.place_columns import COLUMNS
from huntkit.entities.addresses import embedded_ipv4


def named(record: Any) -> str | None:
    found: str | None = (record or {}).get("names", {}).get("en")
    return found


def wanted(record: dict[str, Any] | None) -> tuple[Any, ...]:
    """What the records of these files say, spelt out."""
    record = record or {}
    country = record.get("country") or record.get("registered_country") or {}
    place = record.get("location", {})
    return (
        country.get("iso_code"),
        named(country),
        named((record.get("subdivisions") or [{}])[0]),
        named(record.get("city")),
        place.get("latitude"),
        place.get("longitude"),
        record.get("autonomous_system_number"),
        record.get("autonomous_system_organization"),
    )


@pytest.mark.data
@pytest.mark.parametrize("edition", ["City", "ASN", "Country"])
def test_both_ends_of_every_network_and_their_neighbours(shared_data: Path, edition: str) -> None:
    """maxminddb's reader in plain Python says what each holds; order and company do not matter."""
    path = shared_data / "geo" / f"GeoLite2-{edition}-Test.mmdb"
    with maxminddb.open_database(path, maxminddb.MODE_MEMORY) as reader:
        networks = [network for network, _ in reader]
        edges = {
            int(end) + beside: end.version
            for network in networks
            for end in (network[0], network[-1])
            for beside in (-1, 0, 1)
        }
        addresses = [
            ipaddress.IPv4Address(number) if version == 4 else ipaddress.IPv6Address(number)
            for number, version in edges.items()
            if 0 <= number < 1 << (32 if version == 4 else 128)
        ]
        random.Random(7).shuffle(addresses)
        records = [reader.get(embedded_ipv4(address) or address) for address in addresses]
    assert len(networks) > 240
    found = MaxMindFile(path).facts([str(address) for address in addresses])
    assert found.columns == list(COLUMNS)
    rows = [wanted(record if isinstance(record, dict) else None) for record in records]
    assert found.drop("GeoSource").rows() == rows
    known = [any(value is not None for value in row) for row in rows]
    assert (found["GeoSource"].is_not_null()).to_list() == known
    assert 240 < sum(known) < len(known)


@pytest.mark.data
def test_equal_addresses_and_other_texts_keep_their_places(shared_data: Path) -> None:
    file = MaxMindFile(shared_data / "geo" / "GeoLite2-City-Test.mmdb")
    texts = ["81.2.69.142", "junk", "::ffff:81.2.69.142", "2001:218::1", "81.2.69.142", "", "::"]
    codes = file.facts(texts)["CountryCode"].to_list()
    assert codes == ["GB", None, "GB", "JP", "GB", None, None]
    assert file.facts([]).schema == pl.Schema(COLUMNS)
    assert file.facts(["junk"]).rows() == [(None,) * len(COLUMNS)]


def test_what_is_no_database_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"nowhere\.mmdb"):
        MaxMindFile(tmp_path / "nowhere.mmdb")
    (tmp_path / "bad.mmdb").write_bytes(b"\xab\xcd\xefMaxMind.com\xff" * 3)
    with pytest.raises(FormatError, match=r"bad\.mmdb"):
        MaxMindFile(tmp_path / "bad.mmdb")
    with pytest.raises((UsageError, FormatError)):
        MaxMindFile(tmp_path)
