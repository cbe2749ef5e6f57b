"""A workspace that lives in a stand-in: what is written can be read, and nobody is overwritten."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from huntkit.core.errors import RequestFailed, UsageError
from huntkit.enrich.azure.sentinel import VERSION, MicrosoftSentinel
from huntkit.runtime import Session
from huntkit.signin.azure import AzureIdentity
from servers import Answer, Asked

WORKSPACE = (
    "/subscriptions/s1/resourceGroups/rg/providers/Microsoft.OperationalInsights/workspaces/soc"
)
BASE = f"{WORKSPACE}/providers/Microsoft.SecurityInsights/"


class Workspace:
    """Keeps what is put, by path; two things a page."""

    def __init__(self) -> None:
        self.url = ""
        self.kept: dict[str, dict[str, Any]] = {}
        self.version = 0

    def put(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        self.version += 1
        thing = {"id": BASE + path, "name": path.rsplit("/", 1)[-1], "etag": f'"{self.version}"',
                 "properties": body["properties"]}  # fmt: skip
        self.kept[path] = thing
        return thing

    def __call__(self, asked: Asked) -> Answer:
        if asked.path == f"{WORKSPACE}/savedSearches":
            return Answer(
                json={
                    "value": [
                        {"name": "a", "properties": {"category": "Hunting Queries"}},
                        {"name": "b", "properties": {"category": "Mine"}},
                    ]
                }
            )
        assert asked.path.startswith(BASE), asked.path
        path = asked.path.removeprefix(BASE)
        if asked.method == "PUT":
            tag = asked.headers.get("if-match")
            if tag and tag != self.kept[path]["etag"]:
                return Answer(status=412, json={"error": {"code": "PreconditionFailed"}})
            return Answer(status=201, json=self.put(path, asked.json()))
        if asked.method == "DELETE":
            return Answer(status=200 if self.kept.pop(path, None) else 204)
        if asked.method == "POST":
            if path.endswith("/entities"):
                return Answer(json={"entities": [{"kind": "Account"}], "metaData": []})
            return Answer(json={"value": [{"kind": "SecurityAlert"}]})
        if path in self.kept:
            return Answer(json=self.kept[path])
        return self.list(path, asked)

    def list(self, path: str, asked: Asked) -> Answer:
        things = [t for p, t in self.kept.items() if re.fullmatch(re.escape(path) + "/[^/]+", p)]
        start = int(asked.params.get("$skipToken", 0))
        body: dict[str, Any] = {"value": things[start : start + 2]}
        if start + 2 < len(things):
            body["nextLink"] = f"{self.url}{asked.path}?$skipToken={start + 2}"
        return Answer(json=body)


@pytest.fixture
def server(http_server: Callable[..., Any]) -> Any:
    handler = Workspace()
    made = http_server(handler)
    handler.url = made.url
    made.workspace = handler
    return made


@pytest.fixture
def sentinel(server: Any, session: Session, identity: AzureIdentity) -> MicrosoftSentinel:
    return MicrosoftSentinel(WORKSPACE, identity=identity, session=session, base_url=server.url)


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


def test_an_incident_is_found_by_its_number(server: Any, sentinel: MicrosoftSentinel) -> None:
    name = sentinel.create_incident("Case", "Low")
    server.workspace.kept[f"incidents/{name}"]["properties"]["incidentNumber"] = 17
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
    server: Any, sentinel: MicrosoftSentinel
) -> None:
    name = sentinel.create_incident("Case", "Low")
    handler, path = server.workspace, f"incidents/{name}"
    usual = handler.__class__.__call__

    def raced(self: Any, asked: Asked) -> Answer:
        if asked.method == "PUT" and asked.headers.get("if-match"):
            self.put(path, {"properties": {"title": "Theirs"}})
        return usual(self, asked)

    server.handler = lambda asked: raced(handler, asked)
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


def test_bookmarks_watchlists_rules_and_queries(server: Any, sentinel: MicrosoftSentinel) -> None:
    mark = sentinel.create_bookmark("B", "SecurityEvent | take 1", notes="n")
    assert sentinel.list_bookmarks()["properties.notes"].to_list() == ["n"]
    case = sentinel.create_incident("Case", "Low")
    sentinel.add_bookmark_to_incident(case, mark)
    relation = next(t for p, t in server.workspace.kept.items() if "/relations/" in p)
    assert relation["properties"]["relatedResourceId"] == f"{BASE}bookmarks/{mark}"
    sentinel.delete_bookmark(mark)
    assert sentinel.list_bookmarks().height == 0
    server.workspace.put(
        "watchlists/vips/watchlistItems/1", {"properties": {"itemsKeyValue": {"u": "a"}}}
    )
    server.workspace.put("alertRules/r1", {"properties": {"displayName": "R"}})
    assert sentinel.list_watchlist_items("vips")["properties.itemsKeyValue.u"].to_list() == ["a"]
    assert sentinel.list_alert_rules()["name"].to_list() == ["r1"]
    sentinel.delete_analytic_rule("r1")
    assert sentinel.list_alert_rules().height == 0
    assert sentinel.list_saved_queries().height == 2
    assert sentinel.list_hunting_queries()["name"].to_list() == ["a"]


def test_names_never_leave_their_place(server: Any, sentinel: MicrosoftSentinel) -> None:
    server.handler = lambda _: Answer(json={"value": []})
    sentinel.list_watchlist_items("../../x?y=1")
    assert "%2F" in server.asked[-1].target
    assert server.asked[-1].params == {"api-version": VERSION}


def test_a_workspace_is_named_wholly() -> None:
    with pytest.raises(UsageError, match="which workspace"):
        MicrosoftSentinel(sub_id="s1", ws_name="soc")
    with pytest.raises(UsageError, match="shows no workspace"):
        MicrosoftSentinel.workspace_of("https://portal.azure.com/#home")
