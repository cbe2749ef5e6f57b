"""TAXII 2.1: medallion serves the collections; its own client is asked first, then we are."""

import json
import threading
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest

from huntkit.enrich.ti import TILookup
from huntkit.enrich.ti.providers.taxii import TAXII, TAXIISettings
from huntkit.runtime.secrets import Secret
from huntkit.runtime.session import Session, Settings
from huntkit.testing import check_ti_provider
from servers import Answer

pytestmark = pytest.mark.filterwarnings("ignore:not everything was answered")
PASSWORD = "canary-password"
COLLECTION = "91a7b528-80eb-42ed-a74d-c6fbd5a26116"
SHA256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
SHA512 = "cf83e1357eefb8bd" + "1" * 112
MD5 = "d41d8cd98f00b204e9800998ecf8427e"
SHA1 = "da39a3ee5e6b4b0d3255bfef95601890afd80709"


def indicator(number, pattern, modified="2026-11-01T00:00:00.000Z", **more):
    return {
        "type": "indicator", "spec_version": "2.1", "pattern_type": "stix", "pattern": pattern,
        "id": f"indicator--00000000-0000-4000-8000-{number:012}", "name": f"number {number}",
        "created": "2026-10-01T00:00:00.000Z", "modified": modified,
        "valid_from": "2026-10-01T00:00:00Z", "indicator_types": ["malicious-activity"], **more,
    }  # fmt: skip


OBJECTS = [
    indicator(1, "[ipv4-addr:value = '9.9.9.9']"),
    indicator(2, "[ipv6-addr:value = '2606:4700:0::1111' OR domain-name:value = 'A.example.com']"),
    indicator(3, "[url:value = 'http://evil.example.com/']", confidence=40, indicator_types=[]),
    indicator(4, f"[file:hashes.'SHA-256' = '{SHA256}' OR file:hashes.MD5 = '{MD5}']"),
    indicator(5, f"[file:hashes.'SHA-1' = '{SHA1}' OR file:hashes.'SHA-512' = '{SHA512}']"),
    indicator(6, "[email-addr:value = 'bob@example.com'] OR [mutex:name = 'Global\\\\\\\\mtx1']"),
    indicator(7, "[ipv4-addr:value = '1.10.16.0/20'] OR [vulnerability:name = 'CVE-2021-44228']"),
    indicator(8, "[ipv4-addr:value = '8.8.8.8']"),
    indicator(8, "[ipv4-addr:value = '8.8.8.8']", "2026-11-02T00:00:00.000Z", revoked=True),
    indicator(9, "[ipv4-addr:value = '1.1.1.1']", valid_until="2026-10-05T00:00:00Z"),
    indicator(10, "[windows-registry-key:key = 'HKEY_LOCAL_MACHINE\\\\\\\\Software\\\\\\\\Evil']"),
    {"type": "malware", "spec_version": "2.1", "is_family": False, "name": "x",
     "id": "malware--00000000-0000-4000-8000-000000000099",
     "created": "2026-10-01T00:00:00.000Z", "modified": "2026-10-01T00:00:00.000Z"},
]  # fmt: skip
KNOWN = {
    "9.9.9.9": "ipv4", "2606:4700::1111": "ipv6", "a.example.com": "dns",
    "http://evil.example.com/": "url", SHA256: "sha256_hash", MD5: "md5_hash",
    SHA1: "sha1_hash", SHA512: "sha512_hash", "bob@example.com": "email",
    "1.10.16.0/20": "cidr", "CVE-2021-44228": "cve",
}  # fmt: skip


class Quiet(WSGIRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture
def medallion(tmp_path, loopback):
    """A TAXII server of OASIS's own, in memory, on loopback; gives its address."""
    taxii = pytest.importorskip("medallion")
    root = {
        "information": {"title": "x", "versions": ["application/taxii+json;version=2.1"],
                        "max_content_length": 9_765_625},
        "status": [],
        "collections": [{
            "id": COLLECTION, "title": "C2", "can_read": True, "can_write": False,
            "media_types": ["application/stix+json;version=2.1"],
            "objects": OBJECTS,
            "manifest": [{
                "id": each["id"], "version": each["modified"],
                "date_added": f"2026-11-03T00:00:{at:02}.000000Z",
                "media_type": "application/stix+json;version=2.1",
            } for at, each in enumerate(OBJECTS)],
        }],
    }  # fmt: skip
    data = tmp_path / "data.json"
    data.write_text(json.dumps({
        "/discovery": {"title": "x", "default": "{}", "api_roots": ["root"]}, "root": root,
    }))  # fmt: skip
    backend = {
        "module": "medallion.backends.memory_backend",
        "module_class": "MemoryBackend",
        "filename": str(data),
    }
    config = {
        "taxii": {"max_page_size": 4},
        "backend": backend,
        "users": {"analyst": PASSWORD},
    }
    app = taxii.application_instance
    for part in config:
        taxii.set_config(app, part, config)
    if not app.blueprints:  # there is one application in each process
        taxii.register_blueprints(app)
    server = make_server("127.0.0.1", 0, app, handler_class=Quiet)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/root"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def session(tmp_path):
    with Session(Settings(cache_dir=tmp_path / "cache", frame="polars")) as made:
        yield made


def settings(url, **more):
    given = {"user": "analyst", "password": Secret.held(PASSWORD), "collections": (COLLECTION,)}
    return TAXIISettings(base_url=url, **{**given, **more})


def rows(session, chosen, values):
    lookup = TILookup(primary_providers=[TAXII(chosen, session)], session=session)
    return lookup.lookup_iocs(values).to_dicts()


def test_the_vendors_client_reads_the_server(medallion):
    client = pytest.importorskip("taxii2client.v21")
    found = client.Collection(
        f"{medallion}/collections/{COLLECTION}/", user="analyst", password=PASSWORD
    )
    ids = [each["id"] for page in client.as_pages(found.get_objects, per_request=4)
           for each in page.get("objects", [])]  # fmt: skip
    assert len(set(ids)) == 11
    found.close()


def test_all_pages_are_read_and_the_newest_version_counts(medallion, session):
    values = [*KNOWN, "8.8.8.8", "1.1.1.1", "8.8.4.4"]
    found = {row["SafeIoc"]: row for row in rows(session, settings(medallion), values)}
    assert {found[each]["Status"] for each in KNOWN} == {"ok"}
    told = {each: (found[each]["Status"], found[each]["Severity"]) for each in
            ("9.9.9.9", "http://evil.example.com/", "8.8.8.8", "1.1.1.1", "8.8.4.4")}  # fmt: skip
    assert told == {
        "9.9.9.9": ("ok", "high"),
        "http://evil.example.com/": ("ok", "warning"),
        "8.8.8.8": ("not found", "unknown"),
        "1.1.1.1": ("ok", "information"),
        "8.8.4.4": ("not found", "unknown"),
    }
    assert PASSWORD not in str(found)


def test_a_wrong_password_is_a_failure(medallion, session):
    chosen = settings(medallion, password=Secret.held("wrong"))
    [row] = rows(session, chosen, ["9.9.9.9"])
    assert row["Status"] == "failed"


def page(number, **more):
    return Answer(json={"objects": [indicator(number, f"[ipv4-addr:value = '9.9.9.{number}']")],
                        **more})  # fmt: skip


def test_pages_are_followed_by_the_last_time_where_there_is_no_next(http_server, session):
    def service(asked):
        if "added_after" in asked.params:
            return page(2)
        first = page(1, more=True)
        first.headers = {"X-TAXII-Date-Added-Last": "2026-11-03T00:00:00Z"}
        return first

    server = http_server(service)
    found = rows(session, settings(server.url), ["9.9.9.1", "9.9.9.2"])
    assert [each["Status"] for each in found] == ["ok", "ok"]
    assert server.asked[0].headers["accept"] == "application/taxii+json;version=2.1"
    assert server.asked[0].path == f"/collections/{COLLECTION}/objects/"


@pytest.mark.parametrize(
    "reply",
    [page(1, more=True), page(1, more=True, next="same"), Answer(json={"objects": "x"}),
     Answer(json=[]), Answer(404), Answer(body="<html>")],
)  # fmt: skip
def test_half_a_collection_is_a_failure_and_never_not_found(reply, http_server, session):
    server = http_server(reply)
    [row] = rows(session, settings(server.url), ["8.8.4.4"])
    assert (row["Status"], row["Severity"]) == ("failed", "unknown")


def test_what_is_missing_in_the_settings_is_said(session):
    [row] = rows(session, TAXIISettings(), ["9.9.9.9"])
    assert "Collections" in row["Details"]


def test_it_keeps_the_contract():
    check_ti_provider(TAXII)


def test_an_empty_envelope_is_an_answer_and_anything_else_is_not(http_server, session):
    def status(body, kind="application/taxii+json;version=2.1"):
        server = http_server(Answer(body=body, headers={"Content-Type": kind}))
        chosen = TAXIISettings(base_url=server.url, collections=(COLLECTION,))
        lookup = TILookup(primary_providers=[TAXII(chosen, session)], session=session)
        return lookup.lookup_ioc("9.9.9.9")["Status"][0]

    assert status("{}") == "not found"  # what the specification calls an empty envelope
    assert status('{"more": false}') == "not found"
    assert status('{"objects": []}', "application/json") == "not found"
    assert status("{}", "application/json") == "failed"
    assert status('{"status": "maintenance"}') == "failed"
    assert status('{"objects": null}') == "failed"
