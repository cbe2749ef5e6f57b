"""A reply of another shape, with status 200, never reads as "not found" and never as an answer.

The bodies are those of services that are in repair, of proxies, and of other versions.
"""

from dataclasses import replace
from typing import Any

import pytest

from huntkit.enrich.ti import TILookup
from huntkit.runtime.session import Session, Settings
from servers import Answer

pytestmark = pytest.mark.filterwarnings("ignore:not everything was answered")

BODIES = [
    "{}", "[]", "null", '{"status": "maintenance"}', '"text"', '{"data": null}', '{"error": "x"}',
    "", "true", "7", '{"data": {}}', '{"data": []}', '{"data": "x"}', '{"results": null}',
    '{"message": "come back later"}', "[null]", '["x"]', "[{}]",
]  # fmt: skip
VALUES = {
    "ipv4": "9.9.9.9", "ipv6": "2606:4700::1111", "cidr": "1.10.16.0/20",
    "dns": "evil.example.com", "url": "http://evil.example.com/a", "email": "bob@example.com",
    "md5_hash": "44d88612fea8a8f36de82e1278abb02f",
    "sha1_hash": "3395856ce81f2b7382dee72602f798b642f14140",
    "sha256_hash": "275a021bbfb6489e54d471899f7db9d1663fc695ec2fe2a2c4538aabf651fd0f",
    "sha512_hash": "cf83e1357eefb8bd" + "1" * 112, "cve": "CVE-2021-44228", "asn": "AS13335",
    "mutex": "Global\\mtx1", "registry_key": "HKEY_LOCAL_MACHINE\\Software\\Evil",
}  # fmt: skip
# What is published as "nothing known": these are answers, and no faults.
_RELATED = ("communicating_files", "downloaded_files", "passivedns", "votes")
PUBLISHED = {
    "[]": {("XForce", ""), ("HybridAnalysis", "")},
    '{"data": []}': {("OTX", "malware"), *(("VirusTotal", each) for each in _RELATED)},
}


def said(lookup: TILookup, provider: Any) -> dict[tuple[str, str], str]:
    """Type and sub-query -> status."""
    found = {}
    for subtype in dict.fromkeys(each for its in provider.takes.values() for each in its):
        asked = {v: k for k, v in VALUES.items() if subtype in provider.subtypes(k)}
        if not asked:
            continue
        for row in lookup.lookup_iocs(asked, ioc_query_type=subtype, refresh=True).to_dicts():
            found[row["IocType"], subtype] = row["Status"]
    return found


@pytest.mark.long
@pytest.mark.parametrize("body", BODIES)
def test_no_provider_takes_another_reply_for_an_answer(everyone, http_server, tmp_path, body):
    everyone.url = http_server(Answer(body=body, headers={"Content-Type": "application/json"})).url
    taken: dict[str, dict[tuple[str, str], str]] = {}
    with Session(Settings(cache_dir=tmp_path, frame="polars")) as session:
        providers = everyone.providers(session)
        providers["GreyNoise with a key"] = everyone.providers(session, keyed=True)["GreyNoise"]
        for name, provider in providers.items():
            lookup = TILookup(primary_providers=[provider], session=session)
            told = said(lookup, provider)
            assert told, name
            wrong = {each: status for each, status in told.items() if status != "failed"}
            if wrong:
                taken[name] = wrong
    odd = {(name, each) for name, its in taken.items() for _, each in its}
    assert odd <= PUBLISHED.get(body, set()), taken
    assert all(status == "not found" for its in taken.values() for status in its.values())


def places(value: Any, deep: int = 2) -> list[tuple[str, ...]]:
    """Where the members of a reply stand, also those of the objects in it."""
    if not isinstance(value, dict) or not deep:
        return []
    return [(name, *rest) for name, its in value.items() for rest in ((), *places(its, deep - 1))]


def without(value: Any, place: tuple[str, ...], how: str) -> Any:
    name, *rest = place
    if rest:
        return {**value, name: without(value[name], tuple(rest), how)}
    if how == "missing":
        return {key: each for key, each in value.items() if key != name}
    return {**value, name: None if how == "null" else {"other": "shape"}}


@pytest.mark.long
@pytest.mark.parametrize("how", ["missing", "null", "other"])
def test_a_reply_that_lacks_a_part_never_reads_as_not_found(everyone, http_server, tmp_path, how):
    turn: list[int] = [0]
    changed: list[tuple[str, ...]] = []

    def handler(asked: Any) -> Answer:
        answer = everyone(asked)
        found = places(answer.json)
        if answer.status != 200 or turn[0] >= len(found):
            return Answer(500, json={})
        changed.append(found[turn[0]])
        return replace(answer, json=without(answer.json, found[turn[0]], how))

    everyone.url = http_server(handler).url
    wrong = []
    with Session(Settings(cache_dir=tmp_path, frame="polars")) as session:
        for name in everyone.known:
            for place in range(40):
                turn[0] = place
                changed.clear()
                provider = everyone.providers(session)[name]
                lookup = TILookup(primary_providers=[provider], session=session)
                for subtype in dict.fromkeys(s for its in provider.takes.values() for s in its):
                    asked = {v: k for v, k in everyone.known[name].items()
                             if subtype in provider.subtypes(k)}  # fmt: skip
                    told = lookup.lookup_iocs(asked, ioc_query_type=subtype, refresh=True)
                    published = (name, subtype, how) == ("OTX", "analysis", "null")
                    if "not found" in told["Status"].to_list() and not published:
                        wrong.append((name, subtype, *dict.fromkeys(changed)))
                if not changed:
                    break
    print("WRONG", wrong)
    assert not wrong
