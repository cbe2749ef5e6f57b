"""Rules, templates, bookmarks, queries and searches of a workspace in a stand-in."""

from typing import Any

import pytest

from huntkit.core.errors import RequestFailed, UsageError
from huntkit.enrich.azure.sentinel import MicrosoftSentinel

TEMPLATE = "65360bb0-8986-4ade-a89d-af3cf44d28aa"
TEMPLATE_FACTS = {
    "severity": "Low", "query": "AWSCloudTrail | where EventName == 'CreateRoute'",
    "queryFrequency": "P1D", "queryPeriod": "P1D", "triggerOperator": "GreaterThan",
    "triggerThreshold": 0, "displayName": "Changes to VPC", "description": "Watches VPC.",
    "tactics": ["PrivilegeEscalation"], "version": "1.0.2", "status": "Available",
    "alertRulesCreatedByTemplateCount": 0, "requiredDataConnectors": [{"connectorId": "AWS"}],
    "entityMappings": [{"entityType": "IP", "fieldMappings": [
        {"identifier": "Address", "columnName": "SourceIpAddress"}]}],
    "eventGroupingSettings": {"aggregationKind": "AlertPerResult"},
}  # fmt: skip


@pytest.fixture
def full(workspace: Any) -> Any:
    """A workspace with templates and saved queries."""
    for n in range(3):
        facts = {**TEMPLATE_FACTS, "displayName": f"Other {n}"}
        workspace.put(f"alertRuleTemplates/o{n}", {"kind": "Scheduled", "properties": facts})
    workspace.put("alertRuleTemplates/f", {"kind": "Fusion", "properties": {"displayName": "F"}})
    workspace.put(
        f"alertRuleTemplates/{TEMPLATE}", {"kind": "Scheduled", "properties": TEMPLATE_FACTS}
    )
    tags = [
        {"name": "description", "value": "Why"},
        {"name": "tactics", "value": "Discovery, Impact"},
    ]
    hunt = {
        "category": "Hunting Queries",
        "displayName": "Rare",
        "query": "T | count",
        "tags": tags,
    }
    workspace.put("savedSearches/a", {"properties": hunt})
    workspace.put("savedSearches/b", {"properties": {"category": "Mine", "displayName": "Rare"}})
    return workspace


def made(workspace: Any, rule: str) -> dict[str, Any]:
    found = workspace.kept[f"alertRules/{rule}"]
    assert found["kind"] == "Scheduled"
    facts: dict[str, Any] = found["properties"]
    return facts


@pytest.mark.parametrize("named", [TEMPLATE, "changes to vpc"])
def test_a_rule_of_a_template_has_all_of_it(
    full: Any, sentinel: MicrosoftSentinel, named: str
) -> None:
    facts = made(full, sentinel.create_analytic_rule(named, severity="High"))
    kept = ("query", "queryFrequency", "displayName", "tactics", "entityMappings",
            "eventGroupingSettings", "description")  # fmt: skip
    assert {key: facts[key] for key in kept} == {key: TEMPLATE_FACTS[key] for key in kept}
    assert (facts["severity"], facts["enabled"], facts["suppressionDuration"]) == (
        "High", True, "PT1H",
    )  # fmt: skip
    assert (facts["alertRuleTemplateName"], facts["templateVersion"]) == (TEMPLATE, "1.0.2")
    assert not {"status", "requiredDataConnectors", "version"} & facts.keys()


def test_a_rule_of_a_hunting_query(full: Any, sentinel: MicrosoftSentinel) -> None:
    facts = made(full, sentinel.create_analytic_rule(hunting_query="Rare", name="Mine"))
    assert facts == {
        "displayName": "Mine", "query": "T | count", "description": "Why",
        "tactics": ["Discovery", "Impact"], "queryFrequency": "PT5H", "queryPeriod": "PT5H",
        "severity": "Medium", "triggerOperator": "GreaterThan", "triggerThreshold": 0,
        "enabled": True, "suppressionDuration": "PT1H", "suppressionEnabled": False,
    }  # fmt: skip


def test_a_rule_of_ones_own(full: Any, sentinel: MicrosoftSentinel) -> None:
    rule = sentinel.create_analytic_rule(
        name="Mine", query="T | take 1", tactics=["Initial Access"], query_period="P2DT1H30M",
        trigger_threshold=3, enabled=False,
    )  # fmt: skip
    facts = made(full, rule)
    assert (facts["tactics"], facts["queryPeriod"], facts["triggerThreshold"]) == (
        ["InitialAccess"], "P2DT1H30M", 3,
    )  # fmt: skip
    assert sentinel.list_alert_rules()["name"].to_list() == [rule]
    sentinel.delete_analytic_rule("mine")
    assert sentinel.list_alert_rules().height == 0


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"template": "None such"}, "has no template"),
        ({"template": "Othr 1"}, "did you mean 'Other 1'"),
        ({"template": "F"}, "of kind 'Fusion'"),
        ({"hunting_query": "Rar"}, "did you mean 'Rare'"),
        ({"template": "a", "hunting_query": "b"}, "not of both"),
        ({"name": "x"}, "1 to 10,000 letters, not 0"),
        ({"name": "x", "query": "x" * 10_001}, "not 10,001"),
        ({"query": "T"}, "needs a name"),
        ({"name": "x", "query": "T", "severity": "Hihg"}, "did you mean 'High'"),
        ({"name": "x", "query": "T", "query_frequency": "5h"}, "as in PT5H"),
        ({"name": "x", "query": "T", "trigger_operator": ">"}, "one of GreaterThan"),
        ({"name": "x", "query": "T", "tactics": ["Impct"]}, "did you mean 'Impact'"),
    ],
)
def test_wrong_rules_are_refused_before_they_are_sent(
    full: Any, server: Any, sentinel: MicrosoftSentinel, facts: dict[str, Any], said: str
) -> None:
    with pytest.raises(UsageError, match=said):
        sentinel.create_analytic_rule(**facts)
    assert not [asked for asked in server.asked if asked.method == "PUT"]


def test_a_name_of_several_things_is_refused(full: Any, sentinel: MicrosoftSentinel) -> None:
    for _ in range(2):
        sentinel.create_analytic_rule(name="Twice", query="T")
    with pytest.raises(UsageError, match="is the name of 2 rules"):
        sentinel.delete_analytic_rule("Twice")
    assert sentinel.list_alert_rules().height == 2


def test_bookmarks_come_and_go(sentinel: MicrosoftSentinel) -> None:
    sentinel.create_bookmark("B", "SecurityEvent | take 1", notes="n", results="{}", labels=["l"])
    assert sentinel.list_bookmarks()["properties.notes"].to_list() == ["n"]
    sentinel.delete_bookmark("b")
    assert sentinel.list_bookmarks().height == 0
    with pytest.raises(UsageError, match="no bookmark 'b'"):
        sentinel.delete_bookmark("b")


def test_hunting_queries_are_some_of_the_saved_ones(full: Any, sentinel: MicrosoftSentinel) -> None:
    assert sentinel.list_saved_queries()["name"].to_list() == ["a", "b"]
    assert sentinel.list_hunting_queries()["name"].to_list() == ["a"]
    assert sentinel.list_analytic_templates().height == 5
    assert sentinel.list_data_connectors().height == 0


def test_a_search_is_made_watched_and_deleted(
    workspace: Any, server: Any, sentinel: MicrosoftSentinel
) -> None:
    table = sentinel.create_search("Syslog | take 1", "2026-05-01", "2026-05-02", "old_logs")
    assert table == "old_logs_SRCH"
    assert workspace.kept["tables/old_logs_SRCH"]["properties"]["searchResults"] == {
        "query": "Syslog | take 1", "limit": 1000,
        "startSearchTime": "2026-05-01T00:00:00.000000Z",
        "endSearchTime": "2026-05-02T00:00:00.000000Z",
    }  # fmt: skip
    assert not sentinel.check_search_status("old_logs")
    workspace.kept["tables/old_logs_SRCH"]["properties"]["provisioningState"] = "Succeeded"
    assert sentinel.check_search_status(table)
    sentinel.delete_search(table)
    with pytest.raises(RequestFailed) as caught:
        sentinel.check_search_status(table)
    assert caught.value.status == 404
    with pytest.raises(UsageError, match="name of a search"):
        sentinel.create_search("T", search_name="../x")
    made = workspace.kept["tables/" + sentinel.create_search("T")]["properties"]["searchResults"]
    assert made["startSearchTime"] < made["endSearchTime"]
