"""Open PageRank over sockets; shapes as published, never checked against the live service."""

from urllib.parse import parse_qsl, urlsplit

import pytest

from huntkit.enrich.ti import TILookup
from huntkit.enrich.ti.providers.opr import OPR, OPRSettings
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


def service(asked):
    if asked.headers.get("api-opr") != KEY:
        return Answer(403, json={"error": "Invalid API key"})
    names = [v for k, v in parse_qsl(urlsplit(asked.target).query) if k == "domains[]"]
    found = []
    for name in names:
        if name.startswith("no"):
            found.append(
                {
                    "status_code": 404,
                    "error": "Domain not found",
                    "domain": name,
                    "page_rank_integer": 0,
                    "page_rank_decimal": 0,
                    "rank": None,
                }
            )
        elif not name.startswith("gone"):
            found.append(
                {
                    "status_code": 200,
                    "error": "",
                    "page_rank_integer": 4,
                    "page_rank_decimal": 4.2,
                    "rank": "9000",
                    "domain": name,
                }
            )
    return Answer(json={"status_code": 200, "response": found, "last_updated": "1 Nov 2026"})


def provider(url, session, key=KEY):
    return OPR(OPRSettings(base_url=url, auth_key=Secret.held(key)), session)


def test_it_keeps_the_contract(http_server, session):
    server = http_server(service)
    chosen = OPRSettings(base_url=server.url, auth_key=Secret.held(KEY))
    check_ti_provider(
        OPR,
        settings=chosen,
        known={"www.example.com": "dns"},
        unknown={"no.example.com": "dns"},
        session=session,
    )


def test_a_hundred_are_asked_at_once_and_one_left_out_has_failed(http_server, session):
    server = http_server(service)
    names = [f"h{n}.example.com" for n in range(150)] + ["gone.example.com"]
    found = rows(session, provider(server.url, session), names)
    assert len(server.asked) == 2
    assert [each["Status"] for each in found] == ["ok"] * 150 + ["failed"]
    assert "left it out" in found[-1]["Details"]
    assert found[0]["Severity"] == "information"
    assert "page rank 4.2 of 10" in found[0]["Details"]


def test_a_wrong_key_is_said(http_server, session):
    server = http_server(service)
    [row] = rows(session, provider(server.url, session, "wrong"), ["www.example.com"])
    assert row["Status"] == "failed"
