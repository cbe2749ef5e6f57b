"""Messages of Cisco's firewalls, in the forms that Cisco's guide to them gives."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from huntkit.formats import cisco
from huntkit.formats.cisco import CiscoFirewall, _messages

SAMPLES = {
    "6-302013": (
        ("Built inbound TCP connection 7 for outside:203.0.113.7/50000 (203.0.113.7/50000)"
        "(LOCAL\\ana) to inside:10.0.0.1/80 (198.51.100.1/80)"),
        {
            "act": "Built", "proto": "TCP", "src": "203.0.113.7", "spt": "50000", "dst": "10.0.0.1",
            "dpt": "80", "suser": "LOCAL\\ana", "destinationTranslatedAddress": "198.51.100.1",
            "deviceDirection": "inbound", "deviceInboundInterface": "outside",
        },
    ),
    "6-302015": (
        ("Built outbound UDP connection 8 for outside:2001:db8::1/53 (2001:db8::1/53) to "
        "inside:10.0.0.1/5353 (198.51.100.1/40000)"),
        {
            "src": "10.0.0.1", "spt": "5353", "dst": "2001:db8::1", "dpt": "53",
            "sourceTranslatedAddress": "198.51.100.1", "sourceTranslatedPort": "40000",
        },
    ),
    "6-302020": (
        ("Built inbound ICMP connection for faddr 203.0.113.66/1 gaddr 198.51.100.9/0 "
        "laddr 10.1.2.9/0 type 8 code 0"),
        {"proto": "ICMP", "src": "203.0.113.66", "dst": "10.1.2.9"},
    ),
    "4-106023": (
        ('Deny tcp src outside:203.0.113.66/41234(LOCAL\\x) dst inside:10.1.2.9/22 by access-group '
        '"outside_in" [0x8ed66b60, 0xf8852875]'),
        {"act": "Deny", "proto": "tcp", "src": "203.0.113.66", "dpt": "22", "cs1": "outside_in"},
    ),
    "3-106010": (
        "Deny inbound protocol 41 src outside:203.0.113.66 dst inside:10.1.2.9",
        {"act": "Deny", "proto": "protocol 41", "src": "203.0.113.66", "dst": "10.1.2.9"},
    ),
    "6-106100": (
        ("access-list acl denied tcp outside/203.0.113.66(41234) -> inside/10.1.2.9(3389) "
        "hit-cnt 3 first hit [0x71a87d94, 0x0]"),
        {"act": "denied", "spt": "41234", "dst": "10.1.2.9", "dpt": "3389", "cnt": "3"},
    ),
    "6-106015": (
        "Deny TCP (no connection) from 203.0.113.66/443 to 10.1.2.9/50000 flags RST on interface x",
        {"src": "203.0.113.66", "spt": "443", "dst": "10.1.2.9", "dpt": "50000"},
    ),
    "6-305011": (
        "Built dynamic TCP translation from inside:10.1.2.3/51422 to outside:198.51.100.9/40001",
        {"src": "10.1.2.3", "sourceTranslatedAddress": "198.51.100.9", "translation": "dynamic"},
    ),
    "4-113019": (
        ("Group = VPN, Username = ana, IP = 203.0.113.50, Session disconnected. Session Type: SSL, "
        "Duration: 0h:05m:11s, Bytes xmt: 13424, Bytes rcv: 5443, Reason: User Requested"),
        {"suser": "ana", "src": "203.0.113.50", "in": "13424", "out": "5443", "group": "VPN"},
    ),
    "4-722051": (
        ("Group <VPN> User <ana> IP <203.0.113.50> IPv4 Address <10.9.0.5> IPv6 address <::> "
        "assigned to session"),
        {"suser": "ana", "src": "203.0.113.50", "cs2": "10.9.0.5", "cs2Label": "AssignedAddress"},
    ),
    "6-113005": (
        ("AAA user authentication Rejected : reason = AAA failure : server = 10.1.1.5 : user = eve "
        ": user IP = 203.0.113.66"),
        {"act": "Rejected", "reason": "AAA failure", "suser": "eve", "src": "203.0.113.66"},
    ),
    "6-113015": (
        ("AAA user authentication Rejected : reason = Invalid password : local database : "
        "user = eve: user IP = 203.0.113.66"),
        {"reason": "Invalid password", "suser": "eve", "src": "203.0.113.66"},
    ),
    "6-113004": (
        "AAA user authentication Successful : server =  10.1.1.5 : user = ana",
        {"act": "Successful", "dst": "10.1.1.5", "suser": "ana"},
    ),
    "5-111008": (
        "User 'enable_15' executed the 'write memory' command.",
        {"suser": "enable_15", "command": "write memory"},
    ),
    "5-111010": (
        "User 'ana', running 'CLI' from IP 10.1.1.7, executed 'no logging'",
        {"suser": "ana", "src": "10.1.1.7", "command": "no logging"},
    ),
    "6-605005": (
        'Login permitted from 10.1.1.7/50123 to inside:10.1.1.1/ssh for user "admin"',
        {"act": "permitted", "src": "10.1.1.7", "dst": "10.1.1.1", "app": "ssh", "suser": "admin"},
    ),
    "3-710003": (
        "TCP access denied by ACL from 203.0.113.66/4000 to outside:198.51.100.1/22",
        {"act": "Deny", "src": "203.0.113.66", "dst": "198.51.100.1", "app": "22"},
    ),
    "5-304001": (
        "ana@10.1.2.3 Accessed URL 203.0.113.7:http://bad.example/x",
        {"suser": "ana", "src": "10.1.2.3", "dst": "203.0.113.7", "request": "http://bad.example/x"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("number", SAMPLES)
def test_messages_give_the_fields_of_cef(number: str) -> None:
    text, expected = SAMPLES[number]
    event = CiscoFirewall().event(f"%ASA-{number}: {text}")
    assert event is not None
    assert (event["Severity"], event["DeviceEventClassID"]) == tuple(number.split("-"))
    assert event["Name"]
    assert event["Extensions"]["msg"] == text
    assert {key: event["Extensions"].get(key) for key in expected} == expected


ENDS = "for outside:203.0.113.7/443 to inside:10.1.2.3/51422"
TORN = f"%ASA-6-302014: Teardown TCP connection 7 {ENDS} duration 0:00:07 bytes 9 TCP FINs"
BUILT = (
    "%ASA-6-302013: Built {} TCP connection {} for outside:203.0.113.7/443 (198.51.100.1/443) to "
    "inside:10.1.2.3/51422 (198.51.100.2/51422)"
)


def said(firewall: CiscoFirewall, text: str, device: str = "") -> dict[str, str]:
    event = firewall.event(text, device=device)
    assert event is not None
    found: dict[str, str] = event["Extensions"]
    return found


@pytest.mark.parametrize(
    ("way", "source", "port"),
    [("outbound", "10.1.2.3", "51422"), ("inbound", "203.0.113.7", "443")],
)
def test_a_teardown_has_the_ends_of_its_connection(way: str, source: str, port: str) -> None:
    firewall = CiscoFirewall()
    firewall.event(BUILT.format(way, 7))
    found = said(firewall, TORN)
    assert (found["src"], found["spt"], found["bytes"]) == (source, port, "9")
    assert "end1Address" not in found


def test_a_teardown_alone_does_not_say_who_opened_the_connection() -> None:
    firewall = CiscoFirewall()
    firewall.event(BUILT.format("outbound", 7))
    firewall.event(BUILT.format("outbound", 8))
    said(firewall, TORN)
    again = said(firewall, TORN)  # another connection 7, of which the file has the end only
    elsewhere = said(firewall, TORN.replace("connection 7", "connection 8"), "another firewall")
    expected = {
        "end1Address": "203.0.113.7", "end1Port": "443", "end1Interface": "outside",
        "end2Address": "10.1.2.3", "end2Port": "51422", "end2Interface": "inside",
        "duration": "0:00:07", "bytes": "9", "reason": "TCP FINs", "proto": "TCP",
    }  # fmt: skip
    for found in (again, elsewhere):
        assert {key: found.get(key) for key in expected} == expected
        assert {"src", "dst", "spt", "dpt"}.isdisjoint(found)


def test_connections_are_forgotten_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cisco, "_MOST_CONNECTIONS", 2)
    firewall = CiscoFirewall()
    for connection in (6, 7, 8):
        firewall.event(BUILT.format("outbound", connection))
    torn = [said(firewall, TORN.replace("connection 7", f"connection {n}")) for n in (6, 7, 8)]
    assert [each.get("src") for each in torn] == [None, "10.1.2.3", "10.1.2.3"]


def test_the_firewalls_own_end_has_a_name_with_blanks() -> None:
    firewall = CiscoFirewall()
    built = said(
        firewall,
        "%ASA-6-302013: Built inbound TCP connection 8 for inside:10.1.1.2/12523 "
        "(10.1.1.2/12523) to NP Identity Ifc:10.1.1.1/22 (10.1.1.1/22)",
    )
    torn = said(
        firewall,
        "%ASA-6-302014: Teardown TCP connection 8 for inside:10.1.1.2/12523 to NP Identity "
        "Ifc:10.1.1.1/22 duration 0:00:53 bytes 2436 TCP FINs",
    )
    for found in (built, torn):
        assert (found["src"], found["dst"], found["dpt"]) == ("10.1.1.2", "10.1.1.1", "22")
        assert found["deviceOutboundInterface"] == "NP Identity Ifc"


def test_messages_that_are_not_listed_keep_number_and_text() -> None:
    event = CiscoFirewall().event("%FTD-session-1-199999: Nobody knows")
    assert event is not None
    assert (event["DeviceProduct"], event["Severity"], event["Name"]) == ("FTD", "1", "")
    assert event["Extensions"] == {"msg": "Nobody knows"}


@pytest.mark.parametrize(
    "text", ["%SYS-5-CONFIG_I: Configured", "%ASA-6-30201: x", "see %ASA-6-302013: x", "", "%"]
)
def test_other_texts_are_none(text: str) -> None:
    assert CiscoFirewall().event(text) is None


@given(st.sampled_from(sorted(_messages())), st.text(max_size=200))
def test_no_text_crashes_it(number: str, text: str) -> None:
    event = CiscoFirewall().event(f"%ASA-6-{number}: {text}")
    assert event is not None
    assert event["Extensions"]["msg"] == text
