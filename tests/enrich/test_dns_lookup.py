"""DNS against a server of our own on loopback, which answers, denies, and keeps silent."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from huntkit.core.errors import Offline, RequestFailed, TimedOut, UsageError
from huntkit.enrich import (
    DomainValidator,
    dns_lookup,
    dns_resolve,
    dns_resolve_df,
    ip_rev_resolve,
    ip_rev_resolve_df,
)
from huntkit.enrich.dns_lookup import COLUMNS, _name
from huntkit.runtime import Session, Settings
from name_server import BIG, NameServer


@pytest.fixture
def server(loopback: None) -> Iterator[NameServer]:
    made = NameServer()
    yield made
    made.close()


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


@pytest.mark.parametrize("text", ["10.0.0.300", "1.2.3", "8.8.8.8:x", "a..b", "a@b.com", "\x00"])
def test_what_can_be_no_name_never_leaves(
    text: str, server: NameServer, asked: dict[str, Any]
) -> None:
    assert dns_resolve(text, **asked)["status"] == "not asked"
    assert server.asked == []


def test_what_is_missing_is_not_asked(server: NameServer, asked: dict[str, Any]) -> None:
    for column in (pd.Series(["www.example.com", None, float("nan")]), pl.Series([None, None])):
        found = dns_resolve_df(column, **asked)
        assert found["status"].to_list()[-2:] == ["not asked", "not asked"]
    assert server.asked == [("www.example.com.", "A")]
    assert ip_rev_resolve_df([None, float("nan")], **asked)["status"].n_unique() == 1  # type: ignore[list-item]


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


def test_a_long_answer_comes_over_tcp(server: NameServer, asked: dict[str, Any]) -> None:
    found = dns_resolve("big.example.com", "TXT", **asked)
    assert found["status"] == "ok"
    assert found["rrset"] == sorted(BIG)
    assert server.over_tcp == [("big.example.com.", "TXT")]


@pytest.mark.parametrize("name", ["loop", "ping", "chain", "servfail", "formerr", "garbage"])
def test_what_is_no_answer_is_a_failure_and_never_not_found(
    name: str, asked: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dns_lookup, "_PATIENCE_S", 1.0)
    given = [f"{name}.example.com", "www.example.com", "none.example.com"]
    with pytest.warns(UserWarning, match="1 of 3"):
        found = dns_resolve_df(given, **asked)
    assert found["status"].to_list() == ["failed", "ok", "not found"]
    assert f"{name}.example.com" in found["problem"][0]


def test_silence_is_a_failure_in_time(
    asked: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dns_lookup, "_PATIENCE_S", 0.3)
    with pytest.raises(TimedOut, match=r"silent\.example\.com"):
        dns_resolve("silent.example.com", **asked)


def test_answers_that_nobody_asked_for_are_not_taken(asked: dict[str, Any]) -> None:
    assert dns_resolve("spoofed.example.com", **asked)["rrset"] == ["198.51.100.10"]
    other = dns_resolve("other.example.com", **asked)
    assert (other["status"], other["rrset"]) == ("no data", None)


def test_resolvable_means_an_address_of_either_kind(server: NameServer, session: Session) -> None:
    checks = DomainValidator(session=session, nameservers=["127.0.0.1"], dns_port=server.port)
    assert checks.is_resolvable("http://www.example.com/")
    assert not checks.is_resolvable("none.example.com")
    assert not checks.is_resolvable("example.com")  # it has a mail server, and no address
    with pytest.raises(RequestFailed):  # no answer never reads as "no"
        checks.is_resolvable("refused.example.com")


def test_hostile_records_are_text(asked: dict[str, Any]) -> None:
    assert "<script>" in dns_resolve("evil.example.com", "TXT", **asked)["response"]
    odd = dns_resolve("odd.example.com", "TXT", **asked)["response"]
    assert odd.isprintable()
    assert odd == r'"\027[31m\000\255 \"quoted\""'


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
