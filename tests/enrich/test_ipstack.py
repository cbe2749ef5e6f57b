"""The key stays hidden, private addresses stay here, and a failure is a row with its reason."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import huntkit
from huntkit.core.errors import AccessDenied, BadReply, Offline, RateLimited, UsageError
from huntkit.enrich.ipstack import IPStackLookup, IPStackSettings
from huntkit.runtime import Secret, Session, Settings
from servers import Answer, Asked

KEY = "k3y-of-ipstack"
# Shaped by the published example of a standard look-up; never checked against the live service.
RECORD = json.loads(
    (Path(__file__).parents[1] / "data" / "enrich" / "ipstack" / "standard.json").read_text()
)

Make = Callable[..., tuple[Any, IPStackLookup]]


@pytest.fixture
def ipstack(http_server: Callable[..., Any], tmp_path: Path) -> Any:
    sessions = []

    def make(handler: Any = None, **more: Any) -> tuple[Any, IPStackLookup]:
        def usual(asked: Asked) -> Answer:
            if asked.params.get("access_key") != KEY:
                return Answer(
                    json={"success": False, "error": {"code": 101, "type": "invalid_access_key"}}
                )
            return Answer(json={**RECORD, "ip": asked.path[1:]})

        server = http_server(handler or usual)
        place = tmp_path / "huntkit.yaml"
        place.write_text(f"OtherProviders:\n  IPStack:\n    Args:\n      BaseUrl: {server.url}\n")
        session = Session(Settings(cache_dir=tmp_path / "cache"), settings_file=place)
        sessions.append(session)
        return server, IPStackLookup(more.pop("key", Secret.held(KEY)), session=session, **more)

    yield make
    for session in sessions:
        session.close()


def test_it_is_a_door_and_asks_by_https() -> None:
    assert huntkit.IPStackLookup is IPStackLookup
    assert IPStackSettings().base_url.startswith("https://")


def test_each_public_address_is_asked_once_and_kept(ipstack: Make) -> None:
    server, lookup = ipstack()
    frame = pl.DataFrame({"ip": ["134.201.250.155", "10.0.0.1", "134.201.250.155", "junk", None]})
    found = lookup.df_lookup_ip(frame, "ip")
    assert found["ip"].equals(frame["ip"])
    assert found["City"].to_list() == ["Los Angeles", None, "Los Angeles", None, None]
    assert found["CountryCode"].to_list()[0] == "US"
    assert found["Asn"].to_list()[0] == 25876
    assert found["GeoError"].null_count() == 5
    assert [asked.path for asked in server.asked] == ["/134.201.250.155"]
    raw, entities = lookup.lookup_ip("134.201.250.155")
    assert raw[0]["continent_code"] == "NA"
    assert entities[0].Location.Latitude == 34.04563903808594
    assert len(server.asked) == 1


def test_asking_anew_asks(ipstack: Make) -> None:
    server, lookup = ipstack(refresh=True)
    lookup.lookup_ip("134.201.250.155")
    lookup.lookup_ip("134.201.250.155")
    assert len(server.asked) == 2


@pytest.mark.parametrize(
    ("code", "error"), [(101, AccessDenied), (105, AccessDenied), (104, RateLimited)]
)
def test_a_refusal_inside_a_good_status_is_an_error(
    ipstack: Make, code: int, error: type[Exception]
) -> None:
    body = {"success": False, "error": {"code": code, "type": "no", "info": f"key {KEY}"}}
    _, lookup = ipstack(lambda _: Answer(json=body))
    with pytest.raises(error) as caught:
        lookup.lookup_ip("134.201.250.155")
    assert KEY not in f"{caught.value!r}{caught.value}"


@pytest.mark.parametrize("body", [b"[]", b"<html>", b'"x"'])
def test_junk_is_an_error(ipstack: Make, body: bytes) -> None:
    _, lookup = ipstack(lambda _: Answer(body=body))
    with pytest.raises(BadReply):
        lookup.lookup_ip("134.201.250.155")


def test_one_failure_of_several_is_a_row_with_its_reason(ipstack: Make) -> None:
    def handler(asked: Asked) -> Answer:
        return Answer(status=404) if asked.path == "/9.9.9.9" else Answer(json=RECORD)

    server, lookup = ipstack(handler)
    with pytest.warns(UserWarning, match="1 of 2 values"):
        found = lookup.df_lookup_ip(pl.DataFrame({"ip": ["9.9.9.9", "8.8.8.8"]}), "ip")
    assert "404" in found["GeoError"][0]
    assert KEY not in found["GeoError"][0]
    assert found["City"].to_list() == [None, "Los Angeles"]
    with pytest.raises(Exception, match="404"):  # a failure is not kept
        lookup.lookup_ip("9.9.9.9")
    assert sum(asked.path == "/9.9.9.9" for asked in server.asked) == 2


def test_hostile_values_are_left_out(ipstack: Make) -> None:
    junk = {"country_code": ["x"], "city": {}, "latitude": 1e9, "longitude": "3", "connection": 5}
    _, lookup = ipstack(lambda _: Answer(json=junk))
    assert lookup.lookup_ip("134.201.250.155")[1][0].Location is None


def test_without_key_or_network_nothing_is_sent(ipstack: Make, tmp_path: Path) -> None:
    server, lookup = ipstack(key=None)
    with pytest.raises(UsageError, match="needs a key"):
        lookup.lookup_ip("134.201.250.155")
    offline = Session(Settings(cache_dir=tmp_path / "c", offline=True))
    with offline, pytest.raises(Offline):
        IPStackLookup(Secret.held(KEY), session=offline).lookup_ip("134.201.250.155")
    assert server.asked == []
