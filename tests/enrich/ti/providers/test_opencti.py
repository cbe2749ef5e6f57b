"""OpenCTI over sockets; shapes as its schema has them, never checked against a platform."""

import json

import pytest

from huntkit.enrich.ti import TILookup
from huntkit.enrich.ti.providers.opencti import OpenCTI, OpenCTISettings
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
KNOWN = {
    "9.9.9.9": "ipv4", "2606:4700::1111": "ipv6", "evil.example.com": "dns",
    "http://evil.example.com/": "url", "bob@example.com": "email", MD5: "md5_hash",
    SHA1: "sha1_hash", SHA256: "sha256_hash", SHA512: "sha512_hash",
}  # fmt: skip


def edges(*nodes, after=None):
    return {"edges": [{"node": node} for node in nodes],
            "pageInfo": {"hasNextPage": after is not None, "endCursor": after}}  # fmt: skip


def indicator(pattern, **more):
    return {"id": "1f", "name": "C2", "pattern": pattern, "pattern_type": "stix",
            "revoked": False, "x_opencti_score": 85, "objectLabel": [{"value": "apt"}],
            "objectMarking": [{"definition": "TLP:AMBER"}], **more}  # fmt: skip


def service(asked):
    if asked.headers.get("authorization") != f"Bearer {KEY}":
        message = {"message": "You must be logged in", "extensions": {"code": "AUTH_REQUIRED"}}
        return Answer(json={"errors": [message], "data": None})
    body = asked.json()
    wanted = {v: each["key"] for each in body["variables"]["seen"]["filters"]
              for v in each["values"]}  # fmt: skip
    assert not any(value in body["query"] for value in wanted)
    said_of = body["variables"]["said"]["filters"][0]["values"]
    assert sorted(said_of) == sorted(f"'{each}'" for each in wanted)
    if "200.0.0.200" in wanted:  # the platform stumbles over one value
        return Answer(json={"errors": [{"message": "Unexpected failure"}], "data": None})
    seen = [observable(value, key) for value, key in wanted.items() if value in KNOWN]
    said = [indicator("[ipv4-addr:value = '9.9.9.9']", id="2a")] if "9.9.9.9" in wanted else []
    if "1.1.1.1" in wanted:
        said += [indicator("[ipv4-addr:value = '1.1.1.1']", revoked=True, id="2b"),
                 indicator("[ipv4-addr:value = '11.1.1.1']", id="2c")]  # fmt: skip
    return Answer(json={"data": {"stixCyberObservables": edges(*seen),
                                 "indicators": edges(*said)}})  # fmt: skip


def observable(value, key):
    held = {"id": f"0b-{value}", "x_opencti_score": 40, "objectLabel": [],
            "created_at": "2024-05-01T00:00:00Z", "updated_at": "2024-06-01T00:00:00Z"}  # fmt: skip
    if key == "value":
        return {**held, "entity_type": "X", "observable_value": value.upper()}
    algorithm = key.removeprefix("hashes.")
    return {**held, "entity_type": "StixFile", "observable_value": "evil.exe",
            "hashes": [{"algorithm": algorithm, "hash": value.upper()}]}  # fmt: skip


def provider(url, session, key=KEY):
    return OpenCTI(OpenCTISettings(base_url=url, auth_key=Secret.held(key)), session)


def test_it_keeps_the_contract(http_server, session):
    server = http_server(service)
    chosen = OpenCTISettings(base_url=server.url, auth_key=Secret.held(KEY))
    check_ti_provider(OpenCTI, settings=chosen, known=KNOWN, session=session,
                      unknown={"8.8.8.8": "ipv4", "1.1.1.1": "ipv4"})  # fmt: skip


def test_indicators_count_before_observables(http_server, session):
    server = http_server(service)
    found = rows(session, provider(server.url, session), ["9.9.9.9", "evil.example.com"])
    assert [each["Severity"] for each in found] == ["high", "warning"]
    assert json.loads(found[0]["Details"])["markings"] == ["TLP:AMBER"]


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (Answer(json={"errors": [{"message": "x", "name": "FORBIDDEN_ACCESS"}]}), "the key"),
        (Answer(json={"errors": [{"message": "bad field"}], "data": {}}), "bad field"),
        (Answer(json={"data": {"indicators": "x"}}), "shape"),
        (Answer(json={"data": {"stixCyberObservables": None, "indicators": None}}), "shape"),
        (
            Answer(
                json={"data": {"stixCyberObservables": {"edges": []}, "indicators": {"edges": []}}}
            ),
            "shape",
        ),
        (Answer(json=[]), "shape"),
    ],
)
def test_errors_in_good_statuses_are_no_answers(reply, words, http_server, session):
    server = http_server(reply)
    [row] = rows(session, provider(server.url, session), ["9.9.9.9"])
    assert (row["Status"], row["Severity"]) == ("failed", "unknown")
    assert words in row["Details"]


def test_a_wrong_token_is_said(http_server, session):
    server = http_server(service)
    [row] = rows(session, provider(server.url, session, "wrong"), ["9.9.9.9"])
    assert row["Status"] == "failed"
    assert "refused the key" in row["Details"]


def test_many_are_asked_at_once_and_each_gets_its_own(http_server, session):
    server = http_server(service)
    values = [*KNOWN, "8.8.8.8", "1.1.1.1"]
    found = rows(session, provider(server.url, session), values)
    assert len(server.asked) == 1
    assert [each["Status"] for each in found] == ["ok"] * len(KNOWN) + ["not found"] * 2
    for row in found[: len(KNOWN)]:
        [held] = json.loads(row["RawResult"])["stixCyberObservables"]
        assert held["id"] == f"0b-{row['SafeIoc']}"
    assert [json.loads(each["Details"])["indicators"] for each in found[:2]] == [1, 0]


def test_a_value_that_spoils_the_batch_costs_no_other(http_server, session):
    server = http_server(service)
    values = [f"20.0.{n}.1" for n in range(20)] + ["200.0.0.200", "9.9.9.9"]
    found = {row["SafeIoc"]: row for row in rows(session, provider(server.url, session), values)}
    assert found["200.0.0.200"]["Status"] == "failed"
    assert "Unexpected failure" in found["200.0.0.200"]["Details"]
    assert found["9.9.9.9"]["Severity"] == "high"
    assert {found[value]["Status"] for value in values[:20]} == {"not found"}


def test_all_pages_are_read(http_server, session):
    def paged(asked):
        after = asked.json()["variables"].get("seenAfter")
        some = [observable(f"20.0.0.{n}", "value") for n in range(3)]
        more = [observable("9.9.9.9", "value")]
        seen = edges(*more) if after == "c1" else edges(*some, after="c1")
        return Answer(json={"data": {"stixCyberObservables": seen, "indicators": edges()}})

    server = http_server(paged)
    [row] = rows(session, provider(server.url, session), ["9.9.9.9"])
    assert (row["Status"], len(server.asked)) == ("ok", 2)
    endless = http_server(
        Answer(json={"data": {"stixCyberObservables": edges(observable("1.2.3.4", "value"),
                                                            after="c1"),
                              "indicators": edges()}})
    )  # fmt: skip
    [row] = rows(session, provider(endless.url, session), ["9.9.9.9"])
    assert row["Status"] == "failed"
    assert "repeats" in row["Details"]


def test_only_what_held_in_the_range_counts(http_server, session):
    server = http_server(service)
    lookup = TILookup(primary_providers=[provider(server.url, session)], session=session)

    def status(start, end):
        return lookup.lookup_ioc("evil.example.com", start=start, end=end)["Status"][0]

    assert status("2024-05-20", "2024-05-21") == "ok"
    assert status("2024-06-02", "2024-06-03") == "not found"
    assert status("2024-04-01", "2024-04-30") == "not found"
    found = lookup.lookup_ioc("evil.example.com", start="2024-06-02", end="2024-06-03")
    assert "nothing from the time" in found["Details"][0]
