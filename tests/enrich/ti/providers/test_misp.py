"""MISP: the stand-in is first asked by pymisp, then by us."""

import json
from zlib import crc32

import pytest

from huntkit.enrich.ti import TILookup
from huntkit.enrich.ti.providers.misp import MISP, MISPSettings
from huntkit.runtime.secrets import Secret
from huntkit.runtime.session import Session, Settings
from huntkit.testing import check_ti_provider
from servers import Answer

pytestmark = pytest.mark.filterwarnings("ignore:not everything was answered")
KEY = "canary-key-of-this-test"


@pytest.fixture
def session(tmp_path):
    with Session(Settings(cache_dir=tmp_path, frame="polars")) as made:
        yield made


def rows(session, provider, values):
    lookup = TILookup(primary_providers=[provider], session=session)
    return lookup.lookup_iocs(values).to_dicts()


MD5 = "d41d8cd98f00b204e9800998ecf8427e"
SHA1 = "da39a3ee5e6b4b0d3255bfef95601890afd80709"
SHA256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
SHA512 = "cf83e1357eefb8bd" + "1" * 112
EVENT = {"id": "12", "info": "Phishing wave", "threat_level_id": "1",
         "Tag": [{"name": "tlp:amber"}]}  # fmt: skip


def attribute(kind, value, **more):
    number = str(crc32(value.encode()))
    return {"id": number, "event_id": "12", "type": kind, "value": value, "to_ids": True,
            "deleted": False, "category": "Network activity", "comment": "C2", "Event": EVENT,
            "timestamp": "1763000000",
            **more}  # fmt: skip


HELD = [
    attribute("ip-dst|port", "9.9.9.9|443"),
    attribute("ip-src", "2606:4700::1111"),
    attribute("ip-dst", "1.10.16.0/20"),
    attribute("domain|ip", "evil.example.com|9.9.9.10", Sighting=[{"id": "1"}]),
    attribute("url", "http://evil.example.com/a%20b"),
    attribute("email-src", "bob@example.com"),
    attribute("filename|md5", f"a.exe|{MD5}"),
    attribute("sha1", SHA1, to_ids=False),
    attribute("sha256", SHA256),
    attribute("sha512", SHA512),
    attribute("vulnerability", "CVE-2021-44228"),
    attribute("AS", "13335"),
    attribute("url", "http://evil.example.com/aXXb"),
]
KNOWN = {
    "9.9.9.9": "ipv4", "2606:4700::1111": "ipv6", "1.10.16.0/20": "cidr",
    "evil.example.com": "dns", "http://evil.example.com/a%20b": "url", "bob@example.com": "email",
    MD5: "md5_hash", SHA1: "sha1_hash", SHA256: "sha256_hash", SHA512: "sha512_hash",
    "CVE-2021-44228": "cve", "AS13335": "asn",
}  # fmt: skip


def service(asked):
    if asked.headers.get("authorization") != KEY:
        return Answer(403, json={"name": "Authentication failed.", "url": asked.path})
    if asked.path == "/servers/getVersion":
        return Answer(json={"version": "2.5.34", "perm_sync": True, "perm_sighting": True})
    if asked.path == "/users/view/me":
        return Answer(json={"User": {"id": "1"}, "Role": {"id": "1"}, "UserSetting": []})
    if asked.path != "/attributes/restSearch":
        return Answer(404, json={"message": asked.path})
    values = asked.json()["value"]
    values = [values] if isinstance(values, str) else values
    if "200.0.0.200" in values:  # the server stumbles over one value
        return Answer(500, json={"message": "An internal error has occurred"})
    found = [each for each in HELD if any(v in each["value"].split("|") or ("%" in v and
             each["value"].startswith(v.split("%")[0])) for v in values)]  # fmt: skip
    return Answer(json={"response": {"Attribute": found}})


def provider(url, session, key=KEY):
    return MISP(MISPSettings(base_url=url, auth_key=Secret.held(key)), session)


def test_pymisp_understands_the_stand_in(http_server):
    pymisp = pytest.importorskip("pymisp")
    server = http_server(service)
    client = pymisp.PyMISP(server.url, KEY)
    found = client.search("attributes", value="9.9.9.9", pythonify=True)
    assert [(each.type, each.value) for each in found] == [("ip-dst|port", "9.9.9.9|443")]


def test_it_keeps_the_contract(http_server, session):
    server = http_server(service)
    chosen = MISPSettings(base_url=server.url, auth_key=Secret.held(KEY))
    check_ti_provider(MISP, settings=chosen, known=KNOWN, unknown={"8.8.8.8": "ipv4"},
                      session=session)  # fmt: skip
    assert all(KEY not in asked.target for asked in server.asked)
    assert all(isinstance(asked.json()["value"], list) for asked in server.asked)


def test_the_event_decides_and_wildcards_find_only_the_value_itself(http_server, session):
    server = http_server(service)
    found = rows(
        session,
        provider(server.url, session),
        ["evil.example.com", "http://evil.example.com/a%20b", SHA1, "10.0.0.7"],
    )
    details = [json.loads(each["Details"]) for each in found]
    assert [each["Severity"] for each in found] == ["high", "high", "information", "unknown"]
    assert [each["Status"] for each in found] == ["ok", "ok", "ok", "not found"]
    assert details[0]["events"] == {"12": "Phishing wave"}
    assert details[0]["tags"] == ["tlp:amber"]
    assert details[0]["sightings"] == 1
    assert details[1]["attributes"] == 1


@pytest.mark.parametrize(
    ("reply", "status"),
    [
        (Answer(403, json={"message": "no"}), "failed"),
        (Answer(json={"errors": "x"}), "failed"),
        (Answer(json={"response": {"Attribute": "x"}}), "failed"),
        (Answer(json={"response": {}}), "failed"),
        (Answer(json={"response": None}), "failed"),
        (Answer(json={"response": "down for maintenance"}), "failed"),
        (Answer(json={"response": []}), "not found"),
    ],
)
def test_errors_are_no_answers(reply, status, http_server, session):
    server = http_server(reply)
    [row] = rows(session, provider(server.url, session), ["9.9.9.9"])
    assert (row["Status"], row["Severity"]) == (status, "unknown")
    assert KEY not in str(row)


def test_many_are_asked_at_once_and_each_gets_its_own(http_server, session):
    server = http_server(service)
    found = rows(session, provider(server.url, session), [*KNOWN, "8.8.8.8", "9.9.9.10"])
    assert len(server.asked) == 1
    by_value = {row["SafeIoc"]: row for row in found}
    held = {v: [each["value"] for each in json.loads(row["RawResult"])]
            for v, row in by_value.items() if row["Status"] == "ok"}  # fmt: skip
    assert held["9.9.9.9"] == ["9.9.9.9|443"]
    assert held["9.9.9.10"] == held["evil.example.com"] == ["evil.example.com|9.9.9.10"]
    assert held[MD5] == [f"a.exe|{MD5}"]
    assert held["AS13335"] == ["13335"]
    assert by_value["8.8.8.8"]["Status"] == "not found"
    assert set(held) == {*KNOWN, "9.9.9.10"}


def test_other_spellings_of_the_same_are_the_same(http_server, session):
    spelt = [attribute("domain", "Evil.Example.COM"), attribute("sha256", SHA256.upper()),
             attribute("ip-dst", "2606:4700:0000:0000:0000:0000:0000:1111"),
             attribute("url", "hxxp://evil[.]example[.]com/a")]  # fmt: skip
    server = http_server(Answer(json={"response": {"Attribute": spelt}}))
    values = ["evil.example.com", SHA256, "2606:4700::1111", "http://evil.example.com/a", "x.com"]
    found = rows(session, provider(server.url, session), values)
    assert [row["Status"] for row in found] == ["ok"] * 4 + ["not found"]
    assert "2606:4700:0000:0000:0000:0000:0000:1111" in server.asked[0].json()["value"]


@pytest.mark.long  # the retries of each half that fails wait as they do in earnest
def test_a_value_that_spoils_the_batch_costs_no_other(http_server, session):
    server = http_server(service)
    values = [f"20.0.{n}.1" for n in range(20)] + ["200.0.0.200", "9.9.9.9"]
    found = {row["SafeIoc"]: row for row in rows(session, provider(server.url, session), values)}
    assert found["200.0.0.200"]["Status"] == "failed"
    assert found["9.9.9.9"]["Severity"] == "high"
    assert {found[value]["Status"] for value in values[:20]} == {"not found"}


def test_all_pages_are_read_and_endless_ones_are_no_answer(http_server, session):
    others = [attribute("ip-dst", f"20.{n // 250}.{n % 250}.1") for n in range(1000)]

    def paged(asked):
        page = asked.json()["page"]
        return Answer(json={"response": {"Attribute": others if page == 1 else HELD}})

    server = http_server(paged)
    [row] = rows(session, provider(server.url, session), ["9.9.9.9"])
    assert (row["Status"], len(server.asked)) == ("ok", 2)
    endless = http_server(Answer(json={"response": {"Attribute": others}}))
    [row] = rows(session, provider(endless.url, session), ["9.9.9.9"])
    assert row["Status"] == "failed"
    assert "repeats" in row["Details"]


def test_only_what_was_seen_in_the_range_counts(http_server, session):
    held = [
        attribute("ip-dst", "9.9.9.9", first_seen="2024-05-01T00:00:00.000000+00:00",
                  last_seen="2024-06-01T00:00:00.000000+00:00"),
        attribute("ip-dst", "9.9.9.10", timestamp="1714600000",
                  Sighting=[{"id": "1", "date_sighting": "1720000000"}]),
    ]  # fmt: skip
    server = http_server(Answer(json={"response": {"Attribute": held}}))
    lookup = TILookup(primary_providers=[provider(server.url, session)], session=session)

    def statuses(start, end):
        found = lookup.lookup_iocs(["9.9.9.9", "9.9.9.10"], start=start, end=end)
        assert not found["Cached"].any()
        return found["Status"].to_list()

    assert statuses("2024-05-20", "2024-05-21") == ["ok", "not found"]  # between first and last
    assert statuses("2024-05-01", "2024-05-03") == ["ok", "ok"]  # changed on the first of May
    assert statuses("2024-07-03", "2024-07-04") == ["not found", "ok"]  # sighted
    assert statuses("2023-01-01", "2023-02-01") == ["not found", "not found"]
