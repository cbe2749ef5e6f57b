"""Subscriptions, resources, networks and metrics of a stand-in shaped by the REST reference."""

from collections.abc import Callable
from typing import Any

import pytest

from huntkit.core.errors import BadReply, Offline, UsageError
from huntkit.enrich.azure.resources import AzureData
from huntkit.runtime import Session
from huntkit.signin.azure import AzureIdentity
from servers import Answer, Asked

SUB = "/subscriptions/s1"
GROUP = f"{SUB}/resourceGroups/rg"
CARD = f"{GROUP}/providers/Microsoft.Network/networkInterfaces/nic1"
RULES = f"{GROUP}/providers/Microsoft.Network/networkSecurityGroups/nsg1"
VM = f"{GROUP}/providers/Microsoft.Compute/virtualMachines/vm1"
REPLIES: dict[str, Any] = {
    "/subscriptions": {"value": [{"id": SUB, "subscriptionId": "s1", "displayName": "One",
                                  "state": "Enabled", "subscriptionPolicies": {"quotaId": "q"}}]},
    SUB: {"subscriptionId": "s1", "displayName": "One"},
    f"{SUB}/providers/Microsoft.Compute": {
        "resourceTypes": [
            {"resourceType": "disks", "apiVersions": ["2099-01-01"]},
            {"resourceType": "virtualMachines",
             "apiVersions": ["2024-07-01", "2025-01-01-preview", "2023-03-01"]},
        ]
    },
    VM: {"id": VM, "name": "vm1", "properties": {"vmId": "v"}},
    CARD: {"id": CARD, "properties": {
        "ipConfigurations": [{"name": "ip1", "properties": {"privateIPAddress": "10.0.0.4"}}],
        "networkSecurityGroup": {"id": RULES}}},
    RULES: {"properties": {
        "securityRules": [{"name": "ssh", "properties": {"access": "Allow", "priority": 100}}],
        "defaultSecurityRules": [{"name": "deny", "properties": {"access": "Deny"}}]}},
    f"{VM}/providers/microsoft.insights/metrics": {"value": [
        {"name": {"value": "Percentage CPU"}, "unit": "Percent", "timeseries": [
            {"data": [{"timeStamp": "2026-05-01T00:00:00Z", "average": 1.5},
                      {"timeStamp": "2026-05-01T01:00:00Z"}]}]}]},
}  # fmt: skip


class Azure:
    """Answers by path; Resource Graph two rows a page."""

    rows = [{"id": f"{VM}{n}", "name": f"vm{n}"} for n in range(5)]  # noqa: RUF012
    cut = False

    def __call__(self, asked: Asked) -> Answer:
        if asked.path == "/providers/Microsoft.ResourceGraph/resources":
            return self.graph(asked.json())
        return Answer(json=REPLIES[asked.path]) if asked.path in REPLIES else Answer(status=404)

    def graph(self, body: dict[str, Any]) -> Answer:
        start = int(body["options"].get("$skipToken", 0))
        reply: dict[str, Any] = {"data": self.rows[start : start + 2], "resultTruncated": "false"}
        if start + 2 < len(self.rows) and not self.cut:
            reply["$skipToken"] = str(start + 2)
        return Answer(json=reply | ({"resultTruncated": "true"} if self.cut else {}))


@pytest.fixture
def server(http_server: Callable[..., Any]) -> Any:
    handler = Azure()
    made = http_server(handler)
    made.azure = handler
    return made


@pytest.fixture
def data(server: Any, session: Session, identity: AzureIdentity) -> AzureData:
    return AzureData(identity, session=session, base_url=server.url)


def test_subscriptions(data: AzureData) -> None:
    assert data.get_subscriptions()["displayName"].to_list() == ["One"]
    assert data.get_subscriptions()["subscriptionPolicies.quotaId"].to_list() == ["q"]
    assert data.get_subscription_info("s1")["displayName"] == "One"


def test_resources_come_with_all_pages(server: Any, data: AzureData) -> None:
    found = data.get_resources("s1", resource_type="it's' | project x")
    assert found["name"].to_list() == [f"vm{n}" for n in range(5)]
    asked = server.asked[0].json()
    assert asked["subscriptions"] == ["s1"]
    assert "type =~ 'it\\'s\\' | project x'" in asked["query"]


def test_a_cut_answer_is_an_error(server: Any, data: AzureData) -> None:
    server.azure.cut = True
    with pytest.raises(BadReply, match="cut its answer"):
        data.query("resources")


def test_details_use_the_newest_stable_version(server: Any, data: AzureData) -> None:
    assert data.get_resource_details(VM)["properties"] == {"vmId": "v"}
    assert server.asked[-1].params["api-version"] == "2024-07-01"
    with pytest.raises(UsageError, match="no resources of type"):
        data.get_resource_details(VM.replace("virtualMachines", "galleries"))


def test_a_network_card_has_addresses_and_rules(data: AzureData) -> None:
    addresses, rules = data.get_network_details(CARD)
    assert addresses["properties.privateIPAddress"].to_list() == ["10.0.0.4"]
    assert rules["name"].to_list() == ["ssh", "deny"]


def test_metrics_are_rows(server: Any, data: AzureData) -> None:
    found = data.get_metrics("Percentage CPU", VM, start="2026-05-01", end="2026-05-02")
    assert found["average"].to_list() == [1.5, None]
    asked = server.asked[-1].params
    assert asked["timespan"] == "2026-05-01T00:00:00Z/2026-05-02T00:00:00Z"
    assert asked["metricnames"] == "Percentage CPU"


def test_offline_asks_nobody(server: Any, session: Session, identity: AzureIdentity) -> None:
    with session.changed(offline=True) as offline, pytest.raises(Offline):
        AzureData(identity, session=offline, base_url=server.url).get_subscriptions()
    assert server.asked == []
