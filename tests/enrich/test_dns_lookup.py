"""DNS against a server of our own on loopback, which answers, denies, and keeps silent."""

import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from huntkit.core.errors import Offline, RequestFailed, UsageError
from huntkit.enrich import (
    DomainValidator,
    dns_resolve,
    dns_resolve_df,
    ip_rev_resolve,
    ip_rev_resolve_df,
)
from huntkit.enrich.dns_lookup import COLUMNS, _name
from huntkit.runtime import Session, Settings

ZONE: dict[tuple[str, str], list[str]] = {
    ("www.example.com.", "A"): ["198.51.100.7", "198.51.100.8"],
    ("alias.example.com.", "CNAME"): ["www.example.com."],
    ("example.com.", "MX"): ["10 mail.example.com."],
    ("evil.example.com.", "TXT"): ['"<script>alert(1)</script>"'],
    ("xn--bcher-kva.example.com.", "A"): ["198.51.100.9"],
    ("7.100.51.198.in-addr.arpa.", "PTR"): ["www.example.com."],
    ("1.0.0.0." + "0." * 20 + "8.b.d.0.1.0.0.2.ip6.arpa.", "PTR"): ["six.example.com."],
}
NAMES = {name for name, _ in ZONE}


class NameServer:
    """A name server of one zone over UDP."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self) -> None:
        while True:
            try:
                wire, place = self.socket.recvfrom(65_535)
            except OSError:
                return
            reply = self.reply(dns.message.from_wire(wire))
            if reply is not None:
                self.socket.sendto(reply.to_wire(), place)

    def reply(self, query: dns.message.Message) -> dns.message.Message | None:
        question = query.question[0]
        name, kind = question.name.to_text().lower(), dns.rdatatype.to_text(question.rdtype)
        self.asked.append((name, kind))
        reply = dns.message.make_response(query)
        reply.flags |= dns.flags.RA
        if name.startswith("refused."):
            reply.set_rcode(dns.rcode.REFUSED)
            return reply
        if (name, "CNAME") in ZONE and kind != "CNAME":
            reply.answer.append(dns.rrset.from_text(name, 60, "IN", "CNAME", *ZONE[name, "CNAME"]))
            name = ZONE[name, "CNAME"][0]
        if (name, kind) in ZONE:
            reply.answer.append(dns.rrset.from_text(name, 300, "IN", kind, *ZONE[name, kind]))
        elif name not in NAMES:
            reply.set_rcode(dns.rcode.NXDOMAIN)
        return reply


@pytest.fixture
def server(loopback: None) -> Iterator[NameServer]:
    made = NameServer()
    yield made
    made.socket.close()


@pytest.fixture
def asked(server: NameServer, session: Session) -> dict[str, Any]:
    return {"nameservers": ["127.0.0.1"], "port": server.port, "session": session}


def test_a_name_leads_to_addresses(asked: dict[str, Any]) -> None:
    found = dns_resolve("https://www.example[.]com/a", **asked)
    assert list(found) == list(COLUMNS)
    assert (found["status"], found["rdtype"], found["ttl"]) == ("ok", "A", 300)
    assert found["rrset"] == ["198.51.100.7", "198.51.100.8"]
    assert found["qname"] == "www.example.com"
    alias = dns_resolve("alias.example.com", **asked)
    assert (alias["canonical_name"], len(alias["rrset"])) == ("www.example.com", 2)
    assert dns_resolve("b\u00fccher.example.com", **asked)["rrset"] == ["198.51.100.9"]
    assert dns_resolve("example.com", "mx", **asked)["response"] == "10 mail.example.com."


def test_each_input_is_a_row_and_each_name_one_question(
    server: NameServer, asked: dict[str, Any]
) -> None:
    given = ["www.example.com", "none.example.com", "203.0.113.5", "WWW.example.com.", "x y", ""]
    found = dns_resolve_df(given, **asked)
    assert found["query"].to_list() == given
    wanted = ["ok", "not found", "not asked", "ok", "not asked", "not asked"]
    assert found["status"].to_list() == wanted
    assert len(server.asked) == 2
    assert dns_resolve_df(given, **asked)["status"].to_list() == wanted
    assert len(server.asked) == 2
    dns_resolve("www.example.com", refresh=True, **asked)
    assert len(server.asked) == 3


def test_a_name_without_such_records_says_so(asked: dict[str, Any]) -> None:
    assert dns_resolve("www.example.com", "AAAA", **asked)["status"] == "no data"


def test_addresses_lead_to_names(asked: dict[str, Any]) -> None:
    assert ip_rev_resolve("198.51.100.7", **asked)["rrset"] == ["www.example.com."]
    found = ip_rev_resolve_df(["2001:db8::1", "198.51.100.7%1", "203.0.113.1", "x"], **asked)
    assert found["query"].to_list() == ["2001:db8::1", "198.51.100.7%1", "203.0.113.1", "x"]
    assert found["status"].to_list() == ["ok", "not asked", "not found", "not asked"]


def test_one_failure_of_several_is_a_row(asked: dict[str, Any]) -> None:
    with pytest.warns(UserWarning, match="1 of 2"):
        found = dns_resolve_df(["refused.example.com", "www.example.com"], **asked)
    assert found["status"].to_list() == ["failed", "ok"]
    assert "refused.example.com" in found["problem"][0]
    with pytest.raises(RequestFailed):  # a failure is not kept
        dns_resolve("refused.example.com", **asked)


def test_resolvable_means_an_address_of_either_kind(server: NameServer, session: Session) -> None:
    checks = DomainValidator(session=session, nameservers=["127.0.0.1"], dns_port=server.port)
    assert checks.is_resolvable("http://www.example.com/")
    assert not checks.is_resolvable("none.example.com")
    assert not checks.is_resolvable("example.com")  # it has a mail server, and no address
    with pytest.raises(RequestFailed):  # no answer never reads as "no"
        checks.is_resolvable("refused.example.com")


def test_hostile_records_are_text(asked: dict[str, Any]) -> None:
    assert "<script>" in dns_resolve("evil.example.com", "TXT", **asked)["response"]


def test_wrong_types_are_named(asked: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="did you mean 'AAAA'"):
        dns_resolve("www.example.com", "AAA", **asked)


def test_no_names_give_the_columns(session: Session) -> None:
    found = dns_resolve_df([], session=session)
    assert found.schema == pl.Schema(COLUMNS)


def test_offline_asks_nobody(tmp_path: Path, server: NameServer) -> None:
    settings = Settings(cache_dir=tmp_path, offline=True, frame="polars")
    with Session(settings) as session, pytest.raises(Offline):
        dns_resolve("www.example.com", nameservers=["127.0.0.1"], port=server.port, session=session)
    assert server.asked == []


@given(st.text())
def test_what_is_asked_is_a_name(text: str) -> None:
    name = _name(text)
    assert name is None or (name.isascii() and len(name) <= 253 and " " not in name)
