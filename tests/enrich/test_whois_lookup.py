"""RDAP over http on loopback, whois on a socket; a row for each input, whatever happens.

The records are shaped by RFC 9083; `whoisit`, which reads the same records, was run by hand as a
second reader and said the same.
"""

import json
import socketserver
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import anyio
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from huntkit.core.errors import BadReply, Offline, RequestFailed, UsageError
from huntkit.enrich import domain_whois, get_whois_df, get_whois_info, ip_whois, rdap, whois_port
from huntkit.enrich.whois_lookup import IP_COLUMNS, NAME_COLUMNS, Registries
from huntkit.enrich.whois_port import fields
from huntkit.runtime import Session, Settings
from servers import Answer, Asked

DATA = Path(__file__).parents[1] / "data" / "enrich" / "rdap"
NETWORK = json.loads((DATA / "network.json").read_text())
DOMAIN = json.loads((DATA / "domain.json").read_text())
WHOIS = """% This is the Example registry
inetnum:        41.0.0.0 - 41.255.255.255
netname:        EXAMPLE-NET
country:        za
descr:          Example Holding
source:         AFRINIC # Filtered
"""


class Registry:
    """IANA's lists and a registry, in one server."""

    def __init__(self) -> None:
        self.url = ""
        self.lists = {"ipv4": ["9.0.0.0/8", "1.0.0.0/8"], "ipv6": ["2600::/12"], "dns": ["com"]}
        self.answer: Callable[[Asked], Answer] = self.usual

    def __call__(self, asked: Asked) -> Answer:
        kind = asked.path[1:].removesuffix(".json")
        if kind in self.lists:
            return Answer(json={"services": [[self.lists[kind], [f"{self.url}/reg/"]]]})
        return self.answer(asked)

    @staticmethod
    def usual(asked: Asked) -> Answer:
        if asked.path.startswith("/reg/domain/"):
            return (
                Answer(json=DOMAIN) if asked.path.endswith("/example.com") else Answer(status=404)
            )
        if asked.path.startswith("/reg/ip/1."):
            return Answer(status=404, json={"errorCode": 404})
        return Answer(json=NETWORK)


@pytest.fixture
def registry(http_server: Callable[..., Any]) -> Any:
    handler = Registry()
    server = http_server(handler)
    handler.url = server.url
    server.registry = handler
    return server


@pytest.fixture
def places(registry: Any) -> Registries:
    return Registries(iana=registry.url, whois=None)


class WhoisServer:
    """Answers lines on a socket; the text may depend on what is asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.text: Callable[[str], bytes | Iterable[bytes]] = lambda _: WHOIS.encode()
        outer = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                outer.asked.append(self.rfile.readline().decode())
                try:
                    said = outer.text(outer.asked[-1].strip())
                    for piece in [said] if isinstance(said, bytes) else said:
                        self.wfile.write(piece)
                except OSError:
                    return  # the other side has had enough

        self.server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()


@pytest.fixture
def whois(loopback: None) -> Iterator[WhoisServer]:
    server = WhoisServer()
    yield server
    server.server.shutdown()
    server.server.server_close()


def test_a_network_is_told_by_its_registry(places: Registries, session: Session) -> None:
    row = ip_whois("9.9.9.9", session=session, registries=places).row(0, named=True)
    assert (row["query"], row["status"], row["problem"]) == ("9.9.9.9", "ok", None)
    assert (row["name"], row["cidr"]) == ("QUAD-EXAMPLE", "9.9.9.0/24")
    assert row["range"] == "9.9.9.0 - 9.9.9.255"
    assert row["organisation"] == "Example Networks"
    assert row["abuse_email"] == "abuse@networks.example"
    assert (row["asn_registry"], row["asn_country_code"]) == ("arin", "US")
    assert row["asn_date"] == "2017-09-13"
    assert row["asn"] == "19281"  # Quad9, of the shipped ranges
    assert json.loads(row["raw"])["handle"] == NETWORK["handle"]
    [net] = row["nets"]
    assert (net["cidr"], net["description"], net["country"]) == (
        "9.9.9.0/24", "Example Networks", "US",
    )  # fmt: skip
    assert row["source"].startswith("RDAP http://127.0.0.1")


def test_each_input_is_a_row_and_each_address_one_request(
    registry: Any, places: Registries, session: Session
) -> None:
    given = ["9.9.9.9", "10.0.0.1", "1.1.1.1", "9[.]9[.]9[.]9", "junk", "9.9.9.9"]
    found = ip_whois(given, session=session, registries=places)
    assert found.columns == list(IP_COLUMNS)
    assert found["query"].to_list() == given
    wanted = ["ok", "not asked", "not found", "ok", "not asked", "ok"]
    assert found["status"].to_list() == wanted
    paths = [asked.path for asked in registry.asked]
    assert sorted(paths) == ["/ipv4.json", "/reg/ip/1.1.1.1", "/reg/ip/9.9.9.9"]
    again = ip_whois(given, session=session, registries=places)
    assert again["status"].to_list() == wanted
    assert len(registry.asked) == 3
    ip_whois("9.9.9.9", session=session, registries=places, refresh=True)
    assert len(registry.asked) == 4  # the list of registries is still good


def test_a_frame_keeps_its_rows_and_columns(places: Registries, session: Session) -> None:
    seen = pl.DataFrame(
        {"ip": ["9.9.9.9", None, "10.0.0.1", "9.9.9.9"], "AsnDescription": range(4)}
    )
    found = get_whois_df(seen, "ip", whois_col="raw", session=session, registries=places)
    assert found.select(seen.columns).equals(seen)
    assert found["AsnDescription_whois"].to_list()[0] == "Quad9"
    assert found["whois_status"].to_list() == ["ok", None, "not asked", "ok"]
    wide = get_whois_df(seen, "ip", all_columns=True, session=session, registries=places)
    assert set(IP_COLUMNS) - {"status", "problem"} <= set(wide.columns)


def test_one_address_gives_a_pair(places: Registries, session: Session) -> None:
    words, row = get_whois_info("9.9.9.9", session=session, registries=places)
    assert (words, row["name"]) == ("Quad9", "QUAD-EXAMPLE")
    with pytest.raises(UsageError, match="'colour'"):
        get_whois_info("9.9.9.9", colour=1)


def test_a_registry_may_send_us_to_another(
    registry: Any, http_server: Callable[..., Any], places: Registries, session: Session
) -> None:
    other = http_server(Answer(json={**NETWORK, "name": "ELSEWHERE"}))
    url = other.url.replace("127.0.0.1", "localhost")
    registry.registry.answer = lambda _: Answer(status=302, headers={"Location": f"{url}/ip/x"})
    [name] = ip_whois("9.9.9.9", session=session, registries=places)["name"]
    assert name == "ELSEWHERE"


def test_names_are_asked_by_what_was_registered(
    registry: Any, places: Registries, session: Session
) -> None:
    given = ["https://www.example.com:8443/a", "EXAMPLE[.]com", "none.com", "host.local"]
    found = domain_whois(given, session=session, registries=places)
    assert found.columns == list(NAME_COLUMNS)
    assert found["status"].to_list() == ["ok", "ok", "not found", "not asked"]
    row = found.row(0, named=True)
    assert row["domain"] == "example.com"
    assert row["registrar"] == "Example Registrar, Inc."
    assert (row["created"], row["expires"]) == ("1995-08-14T04:00:00Z", "2027-08-13T04:00:00Z")
    assert row["name_servers"] == "a.ns.example; b.ns.example"
    assert row["states"] == "client transfer prohibited; active"
    assert row["abuse_email"] == "abuse@registrar.example"
    assert sum(asked.path == "/reg/domain/example.com" for asked in registry.asked) == 1


def test_whois_answers_where_rdap_does_not(
    registry: Any, whois: WhoisServer, session: Session
) -> None:
    first = ("127.0.0.1", whois.port)
    places = Registries(iana=registry.url, whois=first, whois_port=whois.port)
    row = ip_whois("41.1.2.3", session=session, registries=places).row(0, named=True)
    assert (row["status"], row["name"], row["asn_country_code"]) == ("ok", "EXAMPLE-NET", "ZA")
    assert row["source"] == "whois 127.0.0.1"
    assert row["raw"] == WHOIS
    assert whois.asked == ["41.1.2.3\r\n"]


def test_referrals_are_followed_but_not_into_other_networks(
    registry: Any, whois: WhoisServer, session: Session
) -> None:
    with socketserver.TCPServer(("127.0.0.1", 0), socketserver.BaseRequestHandler) as other:
        port = other.server_address[1]
    # IANA's answer names the next server; this one names a port on which nobody listens.
    whois.text = lambda _: f"refer: 127.0.0.1:{port}\nnetname: FIRST\n".encode()
    places = Registries(iana=registry.url, whois=("127.0.0.1", whois.port), whois_port=1)
    [name] = ip_whois("41.1.2.3", session=session, registries=places)["name"]
    assert name == "FIRST"  # what was said before the broken referral stands
    whois.text = lambda _: b"refer: 169.254.169.254\nnetname: SECOND\n"
    [name] = ip_whois("41.1.2.4", session=session, registries=places)["name"]
    assert name == "SECOND"


def test_referrals_in_a_circle_end(registry: Any, whois: WhoisServer, session: Session) -> None:
    places = Registries(iana=registry.url, whois=("127.0.0.1", whois.port), whois_port=whois.port)
    whois.text = lambda _: f"refer: 127.0.0.1:{whois.port}\nnetname: ITSELF\n".encode()
    assert ip_whois("41.1.2.3", session=session, registries=places)["name"].to_list() == ["ITSELF"]
    assert len(whois.asked) == 1
    # each names another, as far as names tell: four servers, then it is enough
    names = iter(f"whois{number}.example.com" for number in range(100))
    whois.text = lambda _: f"refer: {next(names)}\nnetname: CHAIN\n".encode()
    resolved = {"port": whois.port}

    async def everywhere(place: Any, name: str) -> str:
        assert place[1] == resolved["port"]
        return "127.0.0.1"

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(whois_port.Whois, "_target", staticmethod(everywhere))
        found = ip_whois("41.1.2.4", session=session, registries=places)
    assert found["source"].to_list() == ["whois whois2.example.com"]
    assert len(whois.asked) == 1 + 4


@pytest.mark.parametrize(
    "refer",
    ["localhost", "10.0.0.1", "[::1]", "http://whois.example.com", "whois.example.com:25",
     "whois://whois.example.com:6379", "a b", "--help", "x" * 300],
)  # fmt: skip
def test_no_referral_leads_to_something_else_than_whois(
    registry: Any, whois: WhoisServer, session: Session, refer: str
) -> None:
    whois.text = lambda _: f"refer: {refer}\nnetname: FIRST\n".encode()
    places = Registries(iana=registry.url, whois=("127.0.0.1", whois.port))
    asked: list[Any] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(anyio, "getaddrinfo", lambda *given, **_: asked.append(given))
        [name] = ip_whois("41.1.2.3", session=session, registries=places)["name"]
    assert (name, asked) == ("FIRST", [])


def test_a_referral_to_a_name_of_ones_own_network_is_not_followed(
    registry: Any, whois: WhoisServer, session: Session
) -> None:
    whois.text = lambda _: b"refer: intranet.example.com\nnetname: FIRST\n"
    places = Registries(iana=registry.url, whois=("127.0.0.1", whois.port), whois_port=whois.port)

    async def found(host: str, port: int, **_: Any) -> list[Any]:
        assert host == "intranet.example.com"
        return [(0, 0, 0, "", ("127.0.0.1", port)), (0, 0, 0, "", ("192.168.3.4", port))]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(anyio, "getaddrinfo", found)
        [name] = ip_whois("41.1.2.3", session=session, registries=places)["name"]
    assert name == "FIRST"
    assert len(whois.asked) == 1


def test_a_whois_in_latin_letters_is_read(
    registry: Any, whois: WhoisServer, session: Session
) -> None:
    places = Registries(iana=registry.url, whois=("127.0.0.1", whois.port))
    whois.text = lambda _: "netname: CAF\u00c9\ncountry: fr\n".encode("latin-1")
    assert ip_whois("41.1.2.3", session=session, registries=places)["name"].to_list() == [
        "CAF\u00c9"
    ]


def test_a_whois_that_drips_is_left_in_time(
    registry: Any, whois: WhoisServer, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every piece is in time; all of them together are not."""
    monkeypatch.setattr(whois_port, "_PATIENCE_S", 0.4)
    stopped = threading.Event()
    whois.text = lambda _: (b"x" for _ in range(200) if not stopped.wait(0.05))
    places = Registries(iana=registry.url, whois=("127.0.0.1", whois.port))
    with pytest.raises(RequestFailed, match="did not answer"):
        ip_whois("41.1.2.3", session=session, registries=places)
    stopped.set()


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (Answer(status=302, headers={"Location": "/reg/ip/9.9.9.9"}), "redirected too often"),
        (Answer(status=302, headers={"Location": "file:///etc/passwd"}), "no web address"),
        (Answer(pieces=[b" " * (1 << 20)] * 6), "larger than"),
        (Answer(json=[1]), "no RDAP record"),
        (Answer(json={"errorCode": 500}), "no RDAP record"),
        (Answer(body=b"\xff\xfe{}", headers={"Content-Type": "application/rdap+json"}), "JSON"),
        (Answer(body="[" * 100_000), "JSON"),
    ],
    ids=["circle", "file", "huge", "list", "no class", "charset", "deep"],
)
def test_what_is_no_record_is_a_failure(
    registry: Any, places: Registries, session: Session, answer: Answer, why: str
) -> None:
    registry.registry.answer = lambda _: answer
    with pytest.raises(RequestFailed, match=why):
        ip_whois("9.9.9.9", session=session, registries=places)


def test_a_registry_that_drips_is_left_in_time(
    registry: Any, places: Registries, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    patient = replace(rdap._LIMITS, attempts=1, total_timeout_s=0.5)
    monkeypatch.setattr(rdap, "_LIMITS", patient)
    registry.registry.answer = lambda _: Answer(pieces=[b" "] * 100, pause_s=0.1)
    with pytest.raises(RequestFailed, match=r"0\.5 s"):
        ip_whois("9.9.9.9", session=session, registries=places)


@pytest.mark.parametrize(
    "lists", [{}, {"services": []}, {"services": [["9.0.0.0/8", "x"]]}, [], {"services": 5}]
)
def test_an_unreadable_list_of_registries_is_an_error(
    http_server: Callable[..., Any], session: Session, lists: Any
) -> None:
    places = Registries(iana=http_server(Answer(json=lists)).url, whois=None)
    with pytest.raises(BadReply, match="empty or unreadable"):
        ip_whois("9.9.9.9", session=session, registries=places)


def test_an_unencrypted_registry_is_not_asked(
    http_server: Callable[..., Any], session: Session
) -> None:
    body = {"services": [[["9.0.0.0/8"], ["http://registry.example/", "ftp://x", "no url"]]]}
    places = Registries(iana=http_server(Answer(json=body)).url, whois=None)
    with pytest.raises(RequestFailed, match="no RDAP registry is listed"):
        ip_whois("9.9.9.9", session=session, registries=places)


@pytest.mark.parametrize("text", [b"", b"% no entries found\n", b"\x00\xff" * 100])
def test_an_empty_whois_is_not_found(
    registry: Any, whois: WhoisServer, session: Session, text: bytes
) -> None:
    whois.text = lambda _: text
    places = Registries(iana=registry.url, whois=("127.0.0.1", whois.port))
    assert ip_whois("41.1.2.3", session=session, registries=places)["status"].to_list() == [
        "not found"
    ]


def test_an_endless_whois_is_an_error(registry: Any, whois: WhoisServer, session: Session) -> None:
    whois.text = lambda _: b"a: b\n" * 200_000
    places = Registries(iana=registry.url, whois=("127.0.0.1", whois.port))
    with pytest.raises(RequestFailed, match="sent more than"):
        ip_whois("41.1.2.3", session=session, registries=places)


def test_one_failure_of_several_is_a_row(
    registry: Any, places: Registries, session: Session
) -> None:
    def answer(asked: Asked) -> Answer:
        return Answer(body="<html>") if asked.path.endswith("9.9.9.9") else Answer(json=NETWORK)

    registry.registry.answer = answer
    with pytest.warns(UserWarning, match="1 of 2"):
        found = ip_whois(["9.9.9.9", "9.9.9.10"], session=session, registries=places)
    assert found["status"].to_list() == ["failed", "ok"]
    assert "JSON" in found["problem"][0]
    with pytest.raises(BadReply):  # not kept
        ip_whois("9.9.9.9", session=session, registries=places)


def test_a_record_of_wrong_types_is_a_row(
    registry: Any, places: Registries, session: Session
) -> None:
    wrong = {**dict.fromkeys(NETWORK, 5), "objectClassName": "ip network"}
    registry.registry.answer = lambda _: Answer(json=wrong)
    row = ip_whois("9.9.9.9", session=session, registries=places).row(0, named=True)
    assert (row["status"], row["name"], row["cidr"]) == ("ok", None, None)
    assert json.loads(row["raw"]) == wrong


@given(st.text())
def test_any_text_has_fields(text: str) -> None:
    assert all(name == name.lower() and value for name, value in fields(text).items())


def test_offline_gives_what_is_kept(
    registry: Any, places: Registries, session: Session, tmp_path: Path
) -> None:
    ip_whois("9.9.9.9", session=session, registries=places)
    with session.changed(offline=True) as offline, pytest.warns(UserWarning, match="1 of 2"):
        found = ip_whois(["9.9.9.9", "9.9.9.8"], session=offline, registries=places)
    assert found["status"].to_list() == ["ok", "failed"]
    assert "offline" in found["problem"][1]


def test_offline_asks_nobody_and_says_so(tmp_path: Path, whois: WhoisServer) -> None:
    settings = Settings(cache_dir=tmp_path, offline=True, frame="polars")
    with Session(settings) as session:
        places = Registries(whois=("127.0.0.1", whois.port))
        with pytest.raises(Offline):
            ip_whois("9.9.9.9", session=session, registries=places)
        found = ip_whois(["10.0.0.1"], session=session, registries=places)
        assert found["status"].to_list() == ["not asked"]
    assert whois.asked == []
