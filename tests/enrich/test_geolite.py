"""The look-up that notebooks know: its columns, its downloads, and one row out for one in."""

import gzip
import io
import tarfile
import warnings
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pytest

import huntkit
from huntkit.core.errors import AccessDenied, FormatError, HuntkitError, Offline, UsageError
from huntkit.enrich import IpAddress
from huntkit.enrich.geolite import GeoLiteLookup
from huntkit.enrich.geolite_files import EDITIONS, GeoLiteSource, update
from huntkit.enrich.maxmind_files import MaxMindFile
from huntkit.runtime import Secret, Session, Settings
from servers import Answer, Asked

ADDED = [
    "CountryCode",
    "CountryOrRegionName",
    "State",
    "City",
    "Longitude",
    "Latitude",
    "Asn",
    "AsnName",
    "GeoSource",
    "TimeGenerated",
    "Type",
    "IpAddress",
]
KEY = "s3cr3t-licence"


@pytest.fixture
def city(shared_data: Path) -> Path:
    return shared_data / "geo" / "GeoLite2-City-Test.mmdb"


@pytest.fixture
def operators(shared_data: Path) -> Path:
    return shared_data / "geo" / "GeoLite2-ASN-Test.mmdb"


@pytest.fixture
def lookup(city: Path, operators: Path, session: Session) -> GeoLiteLookup:
    return GeoLiteLookup(db_file=[city, operators], max_age_days=36500, session=session)


def test_it_is_a_door() -> None:
    assert huntkit.GeoLiteLookup is GeoLiteLookup


@pytest.mark.data
def test_equal_addresses_make_no_rows(lookup: GeoLiteLookup) -> None:
    frame = pd.DataFrame(
        {"ip": ["81.2.69.142"] * 5 + [None, "junk"], "n": range(7)}, index=range(9, 16)
    )
    found = lookup.df_lookup_ip(frame, "ip")
    assert list(found.columns) == ["ip", "n", *ADDED]
    assert found["n"].tolist() == list(range(7))
    assert list(found.index) == list(range(9, 16))
    assert found["City"].tolist()[:5] == ["London"] * 5
    assert found["City"].isna().tolist() == [False] * 5 + [True] * 2
    assert found["Type"].isna().tolist() == [False] * 5 + [True] * 2


@pytest.mark.data
def test_callers_columns_stay(lookup: GeoLiteLookup) -> None:
    frame = pl.DataFrame({"IpAddress": ["81.2.69.142"], "TimeGenerated": [1], "City": ["mine"]})
    found = lookup.df_lookup_ip(frame, column="IpAddress")
    assert found.select(frame.columns).equals(frame)
    assert found["City_geo"].to_list() == ["London"]
    assert found["TimeGenerated_geo"].dtype == pl.Datetime("us", "UTC")


@pytest.mark.data
def test_each_different_address_is_one_row(lookup: GeoLiteLookup) -> None:
    frame = pl.DataFrame({"ip": ["8.8.8.8", "81.2.69.142", "8.8.8.8", None, "10.0.0.1"]})
    found = lookup.lookup_ips(frame, "ip")
    assert found.columns == ADDED
    assert found["IpAddress"].to_list() == ["8.8.8.8", "81.2.69.142", "10.0.0.1"]
    assert found["CountryCode"].to_list() == ["US", "GB", None]


@pytest.mark.data
def test_one_address_gives_the_record_and_the_place(lookup: GeoLiteLookup) -> None:
    raw, found = lookup.lookup_ip("81.2.69.142")
    assert raw[0]["city"]["names"]["en"] == "London"
    assert found[0].Address == "81.2.69.142"
    assert (found[0].Location.CountryCode, found[0].Location.City) == ("GB", "London")
    raw, found = lookup.lookup_ip(ip_addr_list=["81.2.69.142", "10.0.0.1", "81.2.69.142"])
    assert [each.Location is None for each in found] == [False, True, False]
    assert len(raw) == 3
    assert raw[1] == {}


@pytest.mark.data
def test_an_entity_gets_its_place_in_a_copy(lookup: GeoLiteLookup) -> None:
    mine = IpAddress(Address="81.2.69.142")
    _, (found,) = lookup.lookup_ip(ip_entity=mine)
    assert found.Location.City == "London"
    assert mine.Location is None


@pytest.mark.parametrize("given", [{}, {"ip_address": "1.1.1.1", "ip_addr_list": ["1.1.1.1"]}])
def test_exactly_one_thing_is_looked_up(session: Session, given: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="takes one of"):
        GeoLiteLookup(session=session).lookup_ip(**given)


def test_without_any_file_the_shipped_ranges_answer(session: Session) -> None:
    found = GeoLiteLookup(session=session).lookup_ips(pl.DataFrame({"ip": ["8.8.8.8"]}), "ip")
    assert found["Asn"].to_list() == [15169]
    assert found["TimeGenerated"].dt.year().to_list()[0] >= 2026


def test_no_rows_have_the_columns(session: Session) -> None:
    empty = pl.DataFrame(schema={"ip": pl.String})
    assert GeoLiteLookup(session=session).df_lookup_ip(empty, "ip").columns == ["ip", *ADDED]


@pytest.mark.data
def test_an_old_file_is_said_to_be_old(city: Path, session: Session) -> None:
    lookup = GeoLiteLookup(db_file=city, max_age_days=0, session=session)
    with pytest.warns(UserWarning, match="GeoLite2-City .* is old"):
        lookup.lookup_ip("81.2.69.142")


# Downloads, from a stand-in that behaves as the published description says.


def packed(path: Path, edition: str) -> bytes:
    """The archive as MaxMind packs it: a dated folder with a licence and the database."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for name, data in (
            ("COPYRIGHT.txt", b"(c)"),
            (f"{edition}.mmdb", path.read_bytes()),
        ):
            info = tarfile.TarInfo(f"{edition}_20260501/{name}")
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


class MaxMind:
    """The stand-in: it wants the account, redirects to a storage, and tells how new it is."""

    def __init__(self, files: dict[str, bytes], modified: datetime) -> None:
        self.files, self.modified = files, modified
        self.storage = ""

    def __call__(self, asked: Asked) -> Answer:
        if asked.headers.get("authorization") != "Basic MTIzNDU6czNjcjN0LWxpY2VuY2U=":
            return Answer(status=401, body="Invalid license key")
        if asked.params != {"suffix": "tar.gz"}:
            return Answer(status=400)
        edition = asked.path.split("/")[3]
        if asked.method == "HEAD":
            return Answer(headers={"Last-Modified": format_datetime(self.modified, usegmt=True)})
        return Answer(status=302, headers={"Location": f"{self.storage}/{edition}.tar.gz?sig=x"})


@pytest.fixture
def maxmind(
    http_server: Callable[..., Any], city: Path, operators: Path
) -> tuple[Any, Any, MaxMind]:
    files = {e: packed(p, e) for e, p in zip(EDITIONS, (city, operators), strict=True)}
    handler = MaxMind(files, datetime(2020, 1, 1, tzinfo=UTC))
    storage = http_server(lambda asked: Answer(body=handler.files[asked.path[1:].split(".")[0]]))
    handler.storage = storage.url.replace("127.0.0.1", "localhost")  # another host
    return http_server(handler), storage, handler


def source(server: Any, folder: Path, key: str = KEY) -> GeoLiteSource:
    return GeoLiteSource(
        account_id="12345", key=Secret.held(key), folder=folder, base_url=server.url
    )


@pytest.mark.data
def test_databases_are_downloaded_checked_and_put_in_place(
    maxmind: tuple[Any, Any, MaxMind], session: Session, tmp_path: Path, city: Path
) -> None:
    server, storage, _ = maxmind
    done = update(source(server, tmp_path / "geo"), session)
    assert [each.downloaded for each in done] == [True, True]
    assert done[0].path.read_bytes() == city.read_bytes()
    assert sorted(path.name for path in (tmp_path / "geo").iterdir()) == [
        "GeoLite2-ASN.mmdb",
        "GeoLite2-City.mmdb",
    ]
    assert all("authorization" not in asked.headers for asked in storage.asked)
    lookup = GeoLiteLookup(db_folder=tmp_path / "geo", max_age_days=36500, session=session)
    assert lookup.lookup_ip("81.2.69.142")[1][0].Location.City == "London"


@pytest.mark.data
def test_what_is_new_enough_is_not_downloaded_again(
    maxmind: tuple[Any, Any, MaxMind], session: Session, tmp_path: Path
) -> None:
    server, storage, handler = maxmind
    update(source(server, tmp_path), session)
    handler.modified = MaxMindFile(tmp_path / "GeoLite2-City.mmdb").built
    done = update(source(server, tmp_path), session)
    assert not done[0].downloaded
    before = len(storage.asked)
    handler.modified = datetime(2099, 1, 1, tzinfo=UTC)
    assert all(each.downloaded for each in update(source(server, tmp_path), session))
    assert len(storage.asked) == before + 2
    assert all(each.downloaded for each in update(source(server, tmp_path), session, force=True))


@pytest.mark.data
@pytest.mark.parametrize("broken", ["cut", "not a database", "another edition", "nothing in it"])
def test_a_bad_download_leaves_the_old_file(
    maxmind: tuple[Any, Any, MaxMind],
    session: Session,
    tmp_path: Path,
    broken: str,
    operators: Path,
) -> None:
    server, _, handler = maxmind
    update(source(server, tmp_path), session)
    old = (tmp_path / "GeoLite2-City.mmdb").read_bytes()
    junk = tmp_path / "junk"
    junk.write_bytes(b"no database at all" * 100)
    handler.files["GeoLite2-City"] = {
        "cut": handler.files["GeoLite2-City"][:3000],
        "not a database": packed(junk, "GeoLite2-City"),
        "another edition": packed(operators, "GeoLite2-City"),
        "nothing in it": gzip.compress(b""),
    }[broken]
    with pytest.raises(FormatError):
        update(source(server, tmp_path), session, force=True)
    assert (tmp_path / "GeoLite2-City.mmdb").read_bytes() == old
    assert not list(tmp_path.glob(".geolite-*"))


@pytest.mark.data
def test_a_refused_key_is_never_shown(
    maxmind: tuple[Any, Any, MaxMind], session: Session, tmp_path: Path
) -> None:
    server, _, _ = maxmind
    with pytest.raises(AccessDenied) as caught:
        update(source(server, tmp_path, key="wrong-key"), session)
    assert "wrong-key" not in f"{caught.value!r} {caught.value} {caught.value.context}"


def test_nothing_is_downloaded_unasked_or_offline(tmp_path: Path) -> None:
    with Session(Settings(cache_dir=tmp_path, offline=True)) as session:
        known = {"api_key": Secret.held(KEY), "account_id": 12345, "session": session}
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert GeoLiteLookup(**known).lookup_ip("8.8.8.8")[1][0].Location.Asn == 15169
        with pytest.raises(Offline):
            GeoLiteLookup(**known, force_update=True).lookup_ip("8.8.8.8")
        with pytest.raises(Offline):
            GeoLiteLookup(**known, auto_update=True).lookup_ip("8.8.8.8")
        with pytest.raises(UsageError, match="account number"):
            GeoLiteLookup(session=session).update()


@pytest.mark.data
def test_old_files_serve_on_where_newer_ones_cannot_be_had(city: Path, tmp_path: Path) -> None:
    (tmp_path / "GeoLite2-City.mmdb").write_bytes(city.read_bytes())
    with Session(Settings(cache_dir=tmp_path, offline=True)) as session:
        lookup = GeoLiteLookup(
            Secret.held(KEY), 12345, tmp_path, auto_update=True, max_age_days=1, session=session
        )
        with pytest.warns(UserWarning, match="were not updated|is old") as said:
            assert lookup.lookup_ip("81.2.69.142")[1][0].Location.City == "London"
        assert len(said) == 2


@pytest.mark.data
def test_settings_say_where_the_files_are(city: Path, tmp_path: Path) -> None:
    (tmp_path / "GeoLite2-City.mmdb").write_bytes(city.read_bytes())
    place = tmp_path / "huntkit.yaml"
    place.write_text(
        "OtherProviders:\n  GeoIPLite:\n    Args:\n"
        f"      DBFolder: {tmp_path}\n      MaxAgeDays: 36500\n"
    )
    with Session(settings_file=place) as session:
        assert (
            GeoLiteLookup(session=session).lookup_ip("81.2.69.142")[1][0].Location.City == "London"
        )


def test_a_broken_file_is_named(session: Session, tmp_path: Path) -> None:
    (tmp_path / "x.mmdb").write_bytes(b"\xab\xcd\xefMaxMind.com" + b"\xff" * 50)
    with pytest.raises(HuntkitError, match=r"x\.mmdb"):
        GeoLiteLookup(db_file=tmp_path / "x.mmdb", session=session).lookup_ip("8.8.8.8")
