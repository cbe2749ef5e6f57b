"""Azure Resource Graph, on a stand-in whose form Microsoft's own client confirms."""

from types import SimpleNamespace
from typing import Any

import pytest

from huntkit.core.errors import BadReply
from huntkit.runtime.secrets import Secret
from huntkit.runtime.session import Session
from huntkit.sources.driver import Request
from huntkit.sources.drivers.resource_graph import (
    ResourceGraph,
    ResourceGraphOptions,
    ResourceGraphSettings,
)
from huntkit.sources.errors import QueryRefused
from huntkit.sources.waiting import now_of
from huntkit.testing import check_driver
from servers import Answer, Asked, in_turn

ROWS = [{"id": f"/subscriptions/s/vm{n}", "n": n, "tags": {"env": "x"}} for n in range(5)]
REFUSED = {
    "error": {
        "code": "BadRequest",
        "message": "Please provide below info when asking for support",
        "details": [{"code": "InvalidQuery", "message": "Query is invalid: near 'whre'"}],
    }
}


def service(asked: Asked) -> Answer:
    """Two rows a page, with a token for the next, as the API's page shows it."""
    body = asked.json()
    if "whre" in body["query"]:
        return Answer(400, json=REFUSED)
    rows = [] if "nothing" in body["query"] else ROWS
    start = int((body.get("options") or {}).get("$skipToken") or 0)
    page = rows[start : start + 2]
    reply: dict[str, Any] = {
        "totalRecords": len(rows), "count": len(page), "data": page, "facets": [],
        "resultTruncated": "false",
    }  # fmt: skip
    if start + 2 < len(rows):
        reply["$skipToken"] = str(start + 2)
    return Answer(json=reply)


@pytest.fixture
def session() -> Any:
    with Session() as made:
        made.network.clock  # noqa: B018  the network is made here, and closed with the session
        yield made


def connected(session: Session, url: str, **settings: Any) -> ResourceGraph:
    chosen = ResourceGraphSettings(endpoint=url, token=Secret.held("good"), **settings)
    made = ResourceGraph("ResourceGraph", chosen, session)
    now_of(made.connect())
    return made


def ask(driver: ResourceGraph, text: str, **options: Any) -> Any:
    return now_of(driver.run(Request(text=text, options=ResourceGraphOptions(**options))))


def test_microsofts_own_client_reads_the_stand_in(http_server):
    library = pytest.importorskip("azure.mgmt.resourcegraph")
    server = http_server(service, tls=True)

    class Good:
        def get_token(self, *scopes, **more):
            return SimpleNamespace(token="good", expires_on=2**40)

    client = library.ResourceGraphClient(
        Good(), base_url=server.url, connection_verify=str(server.ca)
    )
    page = client.resources(library.models.QueryRequest(subscriptions=["s"], query="Resources"))
    assert page.data == ROWS[:2]
    assert (page.skip_token, page.total_records) == ("2", 5)


def test_all_pages_come_in_order(http_server, session):
    server = http_server(service)
    driver = connected(session, server.url, subscriptions=("s1",))
    answer = ask(driver, "Resources")
    assert answer.table.column("n").to_pylist() == [0, 1, 2, 3, 4]
    assert answer.table.column("tags")[0].as_py() == '{"env":"x"}'
    assert not answer.partial
    assert server.asked[-1].json() == {
        "query": "Resources",
        "options": {"$top": 1000, "resultFormat": "objectArray", "$skipToken": "4"},
        "subscriptions": ["s1"],
    }
    first = ask(driver, "Resources", max_rows=3)
    assert first.table.num_rows == 3
    assert "first 3 rows" in first.gaps[0].reason


@pytest.mark.long  # the retries wait as they do in earnest
def test_it_keeps_the_promises_of_drivers(http_server, monkeypatch):
    monkeypatch.setenv("ARM_TOKEN", "good")
    with Session() as session:
        check_driver(
            ResourceGraph,
            settings={"endpoint": http_server(service).url, "token": "env:ARM_TOKEN"},
            query="Resources",
            empty="nothing",
            refused="Resources | whre",
            session=session,
        )


def test_a_page_that_repeats_fails_or_is_cut_off_leaves_a_gap(http_server, session):
    again = Answer(json={"data": ROWS[:2], "$skipToken": "2"})
    cut = Answer(json={"data": ROWS[:2], "totalRecords": 9, "resultTruncated": "true"})
    broken = Answer(500, json={})
    server = http_server(in_turn(again, again, again, again, cut, again, broken))
    driver = connected(session, server.url)
    repeated = ask(driver, "Resources")
    assert repeated.table.num_rows == 4
    assert "repeats" in repeated.gaps[0].reason
    last = ask(driver, "Resources")
    assert last.table.num_rows == 4
    assert "after 4 rows of 9" in last.gaps[0].reason


def test_failures_and_refusals(http_server, session):
    server = http_server(service)
    driver = connected(session, server.url)
    with pytest.raises(QueryRefused, match="near 'whre'"):
        ask(driver, "Resources | whre")
    bad = connected(session, http_server(in_turn(Answer(json={"data": []}), Answer(json={}))).url)
    with pytest.raises(BadReply):
        ask(bad, "Resources")
