"""Incidents: what is written can be read, and nobody is overwritten."""

from datetime import UTC, datetime
from typing import Any

import pytest

from huntkit.core.errors import BadReply, RequestFailed, UsageError
from huntkit.enrich.azure.sentinel import VERSION, MicrosoftSentinel
from servers import Answer, Asked

BASE = (
    "/subscriptions/s1/resourceGroups/rg/providers/Microsoft.OperationalInsights/workspaces/soc"
    "/providers/Microsoft.SecurityInsights/"
)


def test_incidents_are_listed_with_all_pages(server: Any, sentinel: MicrosoftSentinel) -> None:
    names = [sentinel.create_incident(f"Case {n}", "High", labels=["x"]) for n in range(5)]
    found = sentinel.list_incidents(filter="properties/status eq 'New'")
    assert found["name"].to_list() == names
    assert found["properties.title"].to_list() == [f"Case {n}" for n in range(5)]
    assert found["properties.labels"][0] == '[{"labelName":"x"}]'
    first = next(asked for asked in server.asked if asked.method == "GET")
    assert first.params == {"api-version": VERSION, "$filter": "properties/status eq 'New'"}


def test_an_incident_comes_with_what_belongs_to_it(sentinel: MicrosoftSentinel) -> None:
    name = sentinel.create_incident("Case", "Low")
    sentinel.post_comment(name, "seen <b>it</b>")
    found = sentinel.get_incident(name, entities=True, alerts=True, comments=True)
    assert found["entities"] == [{"kind": "Account"}]
    assert found["alerts"] == [{"kind": "SecurityAlert"}]
    assert found["comments"][0]["properties"]["message"] == "seen <b>it</b>"


def test_an_incident_is_found_by_its_number(workspace: Any, sentinel: MicrosoftSentinel) -> None:
    name = sentinel.create_incident("Case", "Low")
    workspace.kept[f"incidents/{name}"]["properties"]["incidentNumber"] = 17
    assert sentinel.get_incident("17")["name"] == name
    with pytest.raises(UsageError, match="no incident 18"):
        sentinel.get_incident("18")


def test_an_update_keeps_what_it_does_not_name(sentinel: MicrosoftSentinel) -> None:
    name = sentinel.create_incident("Case", "Low", description="why")
    changed = sentinel.update_incident(name, {"severity": "High"})
    assert changed["properties"] == {
        "title": "Case", "severity": "High", "status": "New", "description": "why",
    }  # fmt: skip


def test_an_update_never_overwrites_somebody_elses(
    workspace: Any, server: Any, sentinel: MicrosoftSentinel
) -> None:
    name = sentinel.create_incident("Case", "Low")
    handler, path = workspace, f"incidents/{name}"

    def raced(asked: Asked) -> None:
        if asked.method == "PUT" and asked.headers.get("if-match"):
            handler.put(path, {"properties": {"title": "Theirs"}})

    handler.refuses = raced
    with pytest.raises(RequestFailed) as caught:
        sentinel.update_incident(name, {"status": "Active"})
    assert caught.value.status == 412
    assert handler.kept[path]["properties"] == {"title": "Theirs"}


@pytest.mark.parametrize(
    ("facts", "what"),
    [
        ({"severity": "Hihg"}, "did you mean 'High'"),
        ({"status": "Done"}, "one of New"),
        ({"status": "Closed"}, "needs a classification"),
    ],
)
def test_wrong_facts_are_named(
    sentinel: MicrosoftSentinel, facts: dict[str, str], what: str
) -> None:
    name = sentinel.create_incident("Case", "Low")
    with pytest.raises(UsageError, match=what):
        sentinel.update_incident(name, facts)


def test_a_new_incident_has_times_and_bookmarks(
    workspace: Any, sentinel: MicrosoftSentinel
) -> None:
    mark = sentinel.create_bookmark("B", "SecurityEvent | take 1")
    name = sentinel.create_incident(
        "Case", "High", first_activity_time=datetime(2026, 5, 1, 12),
        last_activity_time=datetime(2026, 5, 1, 13, tzinfo=UTC), bookmarks=[mark],
    )  # fmt: skip
    facts = workspace.kept[f"incidents/{name}"]["properties"]
    assert facts["firstActivityTimeUtc"] == "2026-05-01T12:00:00.000000Z"
    assert facts["lastActivityTimeUtc"] == "2026-05-01T13:00:00.000000Z"
    relations = sentinel.get_incident_relations(name)
    assert relations["properties.relatedResourceId"].to_list() == [f"{BASE}bookmarks/{mark}"]


def test_what_belongs_to_an_incident_comes_as_rows(sentinel: MicrosoftSentinel) -> None:
    name = sentinel.create_incident("Case", "Low")
    for text in ("one", "two", "three"):
        sentinel.post_comment(name, text)
    comments = sentinel.get_incident_comments(name)
    assert comments["properties.message"].to_list() == ["one", "two", "three"]
    assert sentinel.get_entities(name)["kind"].to_list() == ["Account"]
    assert sentinel.get_incident_alerts(name)["kind"].to_list() == ["SecurityAlert"]
    assert sentinel.get_incident_bookmarks(name).height == 1
    sentinel.delete_incident(name)
    with pytest.raises(RequestFailed) as caught:
        sentinel.get_incident(name)
    assert caught.value.status == 404


@pytest.mark.parametrize(
    "body", [{}, {"value": 5}, {"value": ["x"]}, [], {"error": {"code": "InternalServerError"}}]
)
def test_entities_that_are_none_are_an_error(
    server: Any, sentinel: MicrosoftSentinel, body: Any
) -> None:
    server.handler = lambda _: Answer(json=body)
    with pytest.raises(BadReply):
        sentinel.get_incident_alerts("8ecf8077-cf51-4820-aadd-14040956f35d")
