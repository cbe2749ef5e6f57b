"""Elasticsearch and OpenSearch, on stand-ins whose form the vendors' own clients confirm."""

import warnings
from datetime import UTC, datetime
from typing import Any

import pytest

from huntkit.core.errors import AccessDenied, BadReply, SettingsError, UsageError
from huntkit.runtime.secrets import Secret
from huntkit.runtime.session import Session
from huntkit.sources.driver import Request
from huntkit.sources.drivers.elastic import Elastic, ElasticOptions, ElasticSettings
from huntkit.sources.drivers.opensearch import OpenSearch, OpenSearchSettings
from huntkit.sources.errors import QueryRefused
from huntkit.sources.waiting import now_of
from huntkit.testing import check_driver
from servers import Answer, Asked, in_turn

COLUMNS = [
    {"name": "@timestamp", "type": "date"}, {"name": "host.name", "type": "keyword"},
    {"name": "process.pid", "type": "long"}, {"name": "user", "type": "keyword"},
    {"name": "load", "type": "double"}, {"name": "ports", "type": "integer"},
]  # fmt: skip
ROWS = [
    ["2024-05-01T10:00:00.123Z", "ws01", 7, "ann", 0.5, 1],
    ["2024-05-01T11:00:00.000Z", "ws02", None, ["ann", "bob"], None, [1, 2]],
]
MAPPING = {
    "logs": {
        "mappings": {
            "properties": {
                "@timestamp": {"type": "date"},
                "host": {"properties": {"name": {"type": "keyword"}}},
                "geo": {"type": "geo_point"},
            }
        }
    },
    ".kibana": {"mappings": {}},
}
PRODUCT = {"X-Elastic-Product": "Elasticsearch"}


def elastic(asked: Asked) -> Answer:
    """Columns and values as the ES|QL API's page shows them."""
    if asked.headers.get("authorization") != "ApiKey good":
        return Answer(401, headers=PRODUCT, json={"error": {"reason": "missing"}, "status": 401})
    if asked.path == "/":
        version = {"number": "9.2.0", "build_flavor": "default"}
        return Answer(headers=PRODUCT, json={"name": "n", "version": version,
                                             "tagline": "You Know, for Search"})  # fmt: skip
    if asked.path == "/_mapping":
        return Answer(headers=PRODUCT, json=MAPPING)
    text = asked.json()["query"]
    if "WHRE" in text:
        error = {"type": "parsing_exception", "reason": "line 1:13: mismatched input 'WHRE'"}
        return Answer(400, headers=PRODUCT, json={"error": error, "status": 400})
    rows = [] if "nothing" in text else ROWS
    body: dict[str, Any] = {
        "took": 3, "is_partial": "partial" in text, "columns": COLUMNS, "values": rows,
    }  # fmt: skip
    if "partial" in text:
        body["_clusters"] = {"details": {"eu": {"status": "skipped"}, "(local)": {
            "status": "successful"}}}  # fmt: skip
    return Answer(headers=PRODUCT, json=body)


def opensearch(asked: Asked) -> Answer:
    """Schema and rows as the PPL plugin's page shows them."""
    if asked.path == "/":
        return Answer(json={"version": {"distribution": "opensearch", "number": "3.3.0"}})
    if asked.path == "/_mapping":
        return Answer(json=MAPPING)
    text = asked.json()["query"]
    if "whre" in text:
        error = {"reason": "Invalid Query", "details": "'whre' is not valid", "type": "Syntax"}
        return Answer(400, json={"error": error, "status": 400})
    rows = [] if "nothing" in text else [
        ["2024-05-01 10:00:00.123", "ws01", 7, True], ["2024-05-01 11:00:00", None, None, None],
    ]  # fmt: skip
    schema = [{"name": "time", "type": "timestamp"}, {"name": "host", "type": "string"},
              {"name": "count()", "alias": "n", "type": "integer"},
              {"name": "up", "type": "boolean"}]  # fmt: skip
    total = 9 if "more" in text else len(rows)
    return Answer(json={"schema": schema, "datarows": rows, "total": total, "size": len(rows)})


@pytest.fixture
def session() -> Any:
    with Session() as made:
        yield made


def es(session: Session, url: str, **settings: Any) -> Elastic:
    chosen = ElasticSettings(**{"url": url, "api_key": Secret.held("good")} | settings)
    made = Elastic("Elastic", chosen, session)
    now_of(made.connect())
    return made


def ask(driver: Any, text: str, **request: Any) -> Any:
    options = request.pop("options", driver.options())
    return now_of(driver.run(Request(text=text, options=options, **request)))


def test_elastics_own_client_reads_the_stand_in_and_asks_as_we_do(http_server, session):
    library = pytest.importorskip("elasticsearch")
    server = http_server(elastic)
    with library.Elasticsearch(server.url, api_key="good") as client:
        theirs = client.esql.query(query="FROM logs", format="json").body
    its = server.asked[-1]
    ours = ask(es(session, server.url), "FROM logs")
    assert [row[1] for row in theirs["values"]] == ours.table.column("host.name").to_pylist()
    assert (its.method, its.path) == (server.asked[-1].method, server.asked[-1].path)
    assert its.headers["authorization"] == server.asked[-1].headers["authorization"]


def test_opensearchs_own_client_reads_the_stand_in(http_server):
    library = pytest.importorskip("opensearchpy")
    server = http_server(opensearch)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        client = library.OpenSearch(server.url)
        theirs = client.transport.perform_request(
            "POST", "/_plugins/_ppl", body={"query": "source=logs"}
        )
        client.close()
    assert theirs["datarows"][0][1] == "ws01"


def test_rows_have_their_types_and_lists_are_json(http_server, session):
    answer = ask(es(session, http_server(elastic).url), "FROM logs")
    assert answer.table.to_pylist() == [
        {"@timestamp": datetime(2024, 5, 1, 10, 0, 0, 123000, tzinfo=UTC), "host.name": "ws01",
         "process.pid": 7, "user": "ann", "load": 0.5, "ports": "1"},
        {"@timestamp": datetime(2024, 5, 1, 11, tzinfo=UTC), "host.name": "ws02",
         "process.pid": None, "user": '["ann","bob"]', "load": None, "ports": "[1,2]"},
    ]  # fmt: skip
    assert (answer.statistics, answer.partial) == ({"took_ms": 3}, False)


def test_every_query_has_a_limit_and_reaching_it_is_said(http_server, session):
    server = http_server(elastic)
    driver = es(session, server.url)
    cut = ask(driver, "FROM logs", options=ElasticOptions(max_rows=2))
    assert server.asked[-1].json()["query"] == "FROM logs\n| LIMIT 2"
    assert cut.gaps[0].reason == "only the first 2 rows"
    partial = ask(driver, "FROM logs | EVAL partial = 1")
    assert [each.helps for each in partial.gaps] == ["again", "again"]
    assert "'eu' is skipped" in partial.gaps[1].reason


def test_time_ranges_are_a_filter_beside_the_text(http_server, session):
    server = http_server(elastic)
    ask(es(session, server.url), "FROM logs", start=datetime(2024, 5, 1, tzinfo=UTC),
        end=datetime(2024, 5, 2, tzinfo=UTC),
        options=ElasticOptions(filter={"term": {"host.name": "ws01"}}))  # fmt: skip
    (given, between) = server.asked[-1].json()["filter"]["bool"]["filter"]
    assert given == {"term": {"host.name": "ws01"}}
    assert between["range"]["@timestamp"] == {
        "gte": "2024-05-01T00:00:00+00:00", "lt": "2024-05-02T00:00:00+00:00",
        "format": "strict_date_optional_time",
    }  # fmt: skip


def test_they_keep_the_promises_of_drivers(http_server, monkeypatch):
    monkeypatch.setenv("ES_KEY", "good")
    with Session() as session:
        check_driver(
            Elastic, settings={"url": http_server(elastic).url, "api_key": "env:ES_KEY"},
            query="FROM logs", empty="FROM logs | WHERE nothing", refused="FROM logs | WHRE x",
            session=session,
        )  # fmt: skip
        check_driver(
            OpenSearch, settings={"url": http_server(opensearch).url, "user": "ann",
                                  "password": "env:ES_KEY"},
            query="source=logs", empty="source=logs | where nothing=1", refused="source=l | whre x",
            session=session,
        )  # fmt: skip


def test_opensearchs_rows_times_and_what_is_missing(http_server, session):
    driver = OpenSearch("OpenSearch", OpenSearchSettings(url=http_server(opensearch).url), session)
    now_of(driver.connect())
    answer = ask(driver, "source=logs")
    assert answer.table.to_pylist()[0] == {
        "time": datetime(2024, 5, 1, 10, 0, 0, 123000, tzinfo=UTC), "host": "ws01", "n": 7,
        "up": True,
    }  # fmt: skip
    assert ask(driver, "source=logs | more").gaps[0].reason == "2 of 9 rows"
    with pytest.raises(QueryRefused, match="Invalid Query: 'whre' is not valid"):
        ask(driver, "source=logs | whre x=1")
    schema = now_of(driver.schema())
    assert schema == {"logs": {"@timestamp": "datetime", "geo": "dynamic", "host.name": "string"}}


def test_refusals_settings_and_broken_replies(http_server, session):
    server = http_server(elastic)
    driver = es(session, server.url)
    with pytest.raises(QueryRefused, match="line 1:13"):
        ask(driver, "FROM logs | WHRE x")
    with pytest.raises(AccessDenied):
        es(session, server.url, api_key=Secret.held("bad"))
    with pytest.raises(UsageError, match="which cluster"):
        es(session, "")
    with pytest.raises(SettingsError, match="password"):
        es(session, server.url, api_key=None, user="ann")
    with pytest.raises(SettingsError, match="cloud_id"):
        es(session, "", cloud_id="lab:!!!")
    with pytest.raises(BadReply, match="no Elasticsearch"):
        es(session, http_server(Answer(json={"x": 1})).url)
    good = Answer(json={"version": {}})
    broken = es(
        session, http_server(in_turn(good, Answer(json={"rows": 1}), Answer(body=b"{"))).url
    )
    for _ in range(2):
        with pytest.raises(BadReply):
            ask(broken, "FROM logs")
