"""OData 4 and Graph's alerts, on a stand-in of their documented form."""

from datetime import UTC, datetime
from typing import Any

import pytest

from huntkit.core.errors import AccessDenied, BadReply, SettingsError, UsageError
from huntkit.runtime.secrets import Secret
from huntkit.runtime.session import Session
from huntkit.sources.driver import Request
from huntkit.sources.drivers.odata import OData, ODataOptions, ODataSettings
from huntkit.sources.errors import QueryRefused
from huntkit.sources.waiting import now_of
from huntkit.testing import check_driver
from servers import Answer, Asked, in_turn

ALERTS = [
    {"id": f"a{n}", "severity": "high" if n % 2 else "low", "createdDateTime":
     f"2024-05-01T0{n}:00:00.1234567Z", "evidence": [{"@odata.type": "#x", "n": n}]}
    for n in range(5)
]  # fmt: skip
METADATA = b"""<?xml version="1.0"?>
<edmx:Edmx Version="4.0" xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx">
<edmx:DataServices><Schema Namespace="s" xmlns="http://docs.oasis-open.org/odata/ns/edm">
<EntityType Name="alert"><Property Name="id" Type="Edm.String"/>
<Property Name="createdDateTime" Type="Edm.DateTimeOffset"/>
<Property Name="evidence" Type="Collection(s.evidence)"/></EntityType>
<EntityContainer Name="c"><EntitySet Name="alerts_v2" EntityType="s.alert"/></EntityContainer>
</Schema></edmx:DataServices></edmx:Edmx>"""


def service(asked: Asked) -> Answer:
    """Two alerts a page with a link to the next, as Graph sends them."""
    if asked.headers.get("authorization") != "Bearer good":
        return Answer(401, json={"error": {"code": "InvalidAuthenticationToken"}})
    if asked.path.endswith("$metadata"):
        return Answer(body=METADATA, headers={"Content-Type": "application/xml"})
    if asked.path.endswith("/nothing"):
        return Answer(404, json={"error": {"code": "ResourceNotFound", "message": "no 'nothing'"}})
    if not asked.path.endswith("/alerts_v2"):
        return Answer(json={"value": [{"name": "alerts_v2", "url": "alerts_v2"}]})
    wanted = asked.params.get("$filter", "")
    if "bad" in wanted:
        return Answer(400, json={"error": {"code": "BadRequest", "message": "near 'bad'"}})
    rows = [each for each in ALERTS if f"'{each['severity']}'" in wanted or not wanted]
    rows = rows if "none" not in wanted else []
    start = int(asked.params.get("$skiptoken", "0"))
    body: dict[str, Any] = {"@odata.context": "x", "value": rows[start : start + 2]}
    if start + 2 < len(rows):
        host = asked.headers["host"]
        body["@odata.nextLink"] = (
            f"http://{host}/v1.0/security/alerts_v2?$filter={wanted.replace(' ', '%20')}"
            f"&$skiptoken={start + 2}"
        )
    return Answer(json=body)


@pytest.fixture
def session() -> Any:
    with Session() as made:
        yield made


def connected(session: Session, url: str, environment: str = "MSGraph", **settings: Any) -> OData:
    chosen = ODataSettings(
        **{"root": f"{url}/v1.0/security", "token": Secret.held("good")} | settings
    )
    made = OData(environment, chosen, session)
    now_of(made.connect())
    return made


def ask(driver: OData, text: str, **options: Any) -> Any:
    return now_of(driver.run(Request(text=text, options=ODataOptions(**options))))


def test_all_pages_come_with_times_as_times_and_bags_as_json(http_server, session):
    server = http_server(service)
    driver = connected(session, server.url)
    answer = ask(driver, "alerts_v2")
    assert answer.table.column("id").to_pylist() == ["a0", "a1", "a2", "a3", "a4"]
    assert answer.table.to_pylist()[1] == {
        "id": "a1", "severity": "high",
        "createdDateTime": datetime(2024, 5, 1, 1, 0, 0, 123456, tzinfo=UTC),
        "evidence": '[{"@odata.type":"#x","n":1}]',
    }  # fmt: skip
    assert not answer.partial
    high = ask(driver, "alerts_v2?$filter=severity eq 'high'")
    assert high.table.column("id").to_pylist() == ["a1", "a3"]
    assert ask(driver, "alerts_v2", max_rows=3).gaps[0].reason == "only the first 3 rows"


def test_values_that_were_encoded_for_the_address_arrive_as_they_were(http_server, session):
    server = http_server(service)
    ask(connected(session, server.url), "alerts_v2?$filter=title%20eq%20'a%26b%23''c%2B'&$top=5")
    assert server.asked[-1].params == {"$filter": "title eq 'a&b#''c+'", "$top": "5"}


def test_it_keeps_the_promises_of_drivers(http_server, monkeypatch):
    monkeypatch.setenv("GRAPH_TOKEN", "good")
    root = http_server(service).url
    with Session() as session:
        check_driver(
            OData,
            settings={"root": f"{root}/v1.0/security", "token": "env:GRAPH_TOKEN"},
            query="alerts_v2",
            empty="alerts_v2?$filter=none",
            refused="alerts_v2?$filter=bad",
            session=session,
        )  # fmt: skip


def test_the_schema_is_read_from_the_services_description(http_server, session):
    driver = connected(session, http_server(service).url)
    assert now_of(driver.schema()) == {
        "alerts_v2": {"id": "string", "createdDateTime": "datetime", "evidence": "dynamic"}
    }
    bomb = Answer(body=b"<!DOCTYPE x [<!ENTITY a 'b'>]><x/>")
    bad = connected(session, http_server(in_turn(Answer(json={"value": []}), bomb)).url)
    with pytest.raises(BadReply, match="entities of its own"):
        now_of(bad.schema())


def test_pages_that_repeat_fail_or_lead_elsewhere_leave_a_gap(http_server, session):
    def page(link):
        return Answer(json={"value": ALERTS[:2], "@odata.nextLink": link})

    first = Answer(json={"value": []})
    for link, words in (
        ("{url}/v1.0/security/alerts_v2?x=1", "repeats its page"),
        ("http://elsewhere.example/alerts", "elsewhere.example"),
    ):
        answers = [first]
        server = http_server(lambda _, answers=answers: answers.pop(0) if len(answers) > 1
                             else answers[0])  # fmt: skip
        driver = connected(session, server.url)
        answers[:] = [page(link.format(url=server.url))]
        answer = ask(driver, "alerts_v2")
        assert answer.table.num_rows in (2, 4)
        assert words in answer.gaps[0].reason


def test_refusals_and_settings(http_server, session):
    server = http_server(service)
    driver = connected(session, server.url)
    with pytest.raises(QueryRefused, match="near 'bad'"):
        ask(driver, "alerts_v2?$filter=bad")
    with pytest.raises(QueryRefused, match="no 'nothing'"):
        ask(driver, "nothing")
    with pytest.raises(AccessDenied):
        connected(session, server.url, token=Secret.held("bad"))
    with pytest.raises(UsageError, match="which service"):
        connected(session, server.url, "OData", root="")
    with pytest.raises(SettingsError, match="password"):
        connected(session, server.url, "OData", user="ann")
    basic = http_server(Answer(json={"value": []}))
    connected(session, basic.url, "OData", user="ann", password=Secret.held("pw"), token=None)
    assert basic.asked[0].headers["authorization"].startswith("Basic ")
