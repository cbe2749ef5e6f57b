"""The list of exits over sockets; shapes as Onionoo publishes them, never checked live."""

import pytest

from huntkit.enrich.ti import TILookup
from huntkit.enrich.ti.providers.tor import Tor, TorSettings
from huntkit.runtime.session import Session, Settings
from huntkit.testing import check_ti_provider
from servers import Answer

pytestmark = pytest.mark.filterwarnings("ignore:not everything was answered")


@pytest.fixture
def session(tmp_path):
    with Session(Settings(cache_dir=tmp_path, frame="polars")) as made:
        yield made


def rows(session, provider, values):
    lookup = TILookup(primary_providers=[provider], session=session)
    return lookup.lookup_iocs(values).to_dicts()


RELAYS = [
    {
        "nickname": "a",
        "or_addresses": ["9.9.9.9:9001", "[2606:4700:0::1111]:9001"],
        "exit_addresses": ["9.9.9.10"],
        "first_seen": "2020-01-01 00:00:00",
        "running": True,
    },
    {"nickname": "b", "or_addresses": ["1.1.1.1:443"]},
]
LIST = Answer(json={"version": "8.0", "relays": RELAYS, "bridges": []})
KNOWN = {"9.9.9.9": "ipv4", "9.9.9.10": "ipv4", "1.1.1.1": "ipv4", "2606:4700::1111": "ipv6"}


def test_it_keeps_the_contract(http_server, session):
    server = http_server(LIST)
    check_ti_provider(
        Tor,
        settings=TorSettings(base_url=server.url),
        known=KNOWN,
        unknown={"8.8.8.8": "ipv4", "2606:4700::1001": "ipv6"},
        session=session,
    )


def test_the_list_is_fetched_once_and_no_address_is_told(http_server, session):
    server = http_server(LIST)
    made = Tor(TorSettings(base_url=server.url), session)
    found = rows(session, made, [*KNOWN, "8.8.8.8", "10.0.0.1"])
    assert [each["Status"] for each in found] == ["ok"] * 4 + ["not found", "refused"]
    assert {each["Severity"] for each in found[:4]} == {"warning"}
    assert rows(session, made, ["8.8.4.4"])[0]["Status"] == "not found"
    assert len(server.asked) == 1
    assert "9.9.9.9" not in server.asked[0].target


@pytest.mark.parametrize(
    "reply",
    [
        Answer(json={"relays": []}),
        Answer(json={"version": "8.0"}),
        Answer(json={"relays": [{"or_addresses": ["nonsense"]}]}),
        Answer(body="<html>busy", headers={"content-type": "text/html"}),
        Answer(body='{"relays": [', headers={"content-type": "application/json"}),
    ],
)
def test_a_list_that_can_not_be_is_a_failure_not_an_empty_one(reply, http_server, session):
    server = http_server(reply)
    [row] = rows(session, Tor(TorSettings(base_url=server.url), session), ["8.8.8.8"])
    assert (row["Status"], row["Severity"]) == ("failed", "unknown")
