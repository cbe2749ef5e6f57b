"""Subscriptions, resources, machines and metrics of a stand-in shaped by the REST reference."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import polars as pl
import pytest

from huntkit.core.errors import AccessDenied, BadReply, Offline, RateLimited, UsageError
from huntkit.enrich.azure.resources import AzureData
from huntkit.runtime import Session
from huntkit.signin.azure import AzureIdentity
from servers import Answer, Asked

TOKEN = "t0ken-of-azure"
SUB = "/subscriptions/s1"
GROUP = f"{SUB}/resourceGroups/rg"
VM = f"{GROUP}/providers/Microsoft.Compute/virtualMachines/vm1"
METRICS = f"{VM}/providers/microsoft.insights/metrics"
REPLIES: dict[str, Any] = {
    "/subscriptions": {"value": [{"id": SUB, "subscriptionId": "s1", "displayName": "One",
                                  "state": "Enabled", "subscriptionPolicies": {"quotaId": "q"}}]},
    SUB: {"subscriptionId": "s1", "displayName": "One"},
    f"{SUB}/providers/Microsoft.Compute": {
        "resourceTypes": [
            {"resourceType": "disks", "apiVersions": ["2099-01-01"]},
            {"resourceType": "previews", "apiVersions": ["2024-01-01-preview"]},
            {"resourceType": "virtualMachines/extensions", "apiVersions": ["2022-01-01"]},
            {"resourceType": "virtualMachines",
             "apiVersions": ["2024-07-01", "2025-01-01-preview", "2023-03-01"]},
        ]
    },
    VM: {"id": VM, "name": "vm1", "location": "westeurope", "tags": {"a": "b"}, "properties": {
        "vmId": "v", "timeCreated": "2026-05-01T00:00:00Z",
        "hardwareProfile": {"vmSize": "Standard_D2s_v3"},
        "osProfile": {"computerName": "model-name", "adminUsername": "root2"},
        "storageProfile": {"osDisk": {"osType": "Windows", "name": "os"},
                           "dataDisks": [{"name": "data"}]},
        "networkProfile": {"networkInterfaces": [{"id": f"{GROUP}/x/nic1"}]},
        "instanceView": {"computerName": "VM1", "osName": "Windows Server", "osVersion": "10.0",
                         "vmAgent": {"vmAgentVersion": "2.7"},
                         "statuses": [{"code": "ProvisioningState/succeeded"},
                                      {"code": "PowerState/running",
                                       "displayStatus": "VM running"}]}}},
    METRICS: {"value": [
        {"name": {"value": "Percentage CPU"}, "unit": "Percent", "errorCode": "Success",
         "timeseries": [{"data": [{"timeStamp": "2026-05-01T00:00:00Z", "average": 1.5},
                                  {"timeStamp": "2026-05-01T01:00:00Z"}]}]}]},
}  # fmt: skip


class Azure:
    """Answers by path; Resource Graph two rows a page."""

    rows = [  # noqa: RUF012
        {"resource_id": f"{VM}{n}", "name": f"vm{n}", "tags": {"a": n}, "state": "VM running"}
        for n in range(5)
    ]
    cut = False

    def __init__(self) -> None:
        self.first: list[Answer] = []

    def __call__(self, asked: Asked) -> Answer:
        if self.first:
            return self.first.pop(0)
        if asked.headers.get("authorization") != f"Bearer {TOKEN}":
            said = {"error": {"code": "ExpiredAuthenticationToken", "message": "expired"}}
            return Answer(status=401, json=said)
        if asked.path == "/providers/Microsoft.ResourceGraph/resources":
            return self.graph(asked.json())
        return Answer(json=REPLIES[asked.path]) if asked.path in REPLIES else Answer(status=404)

    def graph(self, body: dict[str, Any]) -> Answer:
        start = int((body.get("options") or {}).get("$skipToken") or 0)
        data = self.rows[start : start + 2]
        reply: dict[str, Any] = {"data": data, "resultTruncated": "false", "count": len(data),
                                 "totalRecords": len(self.rows), "facets": []}  # fmt: skip
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


def test_microsofts_client_finds_the_stand_in_right(http_server: Callable[..., Any]) -> None:
    library = pytest.importorskip("azure.mgmt.resourcegraph")
    models = pytest.importorskip("azure.mgmt.resourcegraph.models")
    azure = Azure()

    def closing(asked: Asked) -> Answer:
        return replace(azure(asked), headers={"Connection": "close"})

    server = http_server(closing, tls=True)
    credential = SimpleNamespace(
        get_token=lambda *_, **__: SimpleNamespace(token=TOKEN, expires_on=2**31)
    )
    client = library.ResourceGraphClient(
        credential, base_url=server.url, connection_verify=str(server.ca)
    )
    names, token = [], None
    while True:
        options = models.QueryRequestOptions(skip_token=token, result_format="objectArray")
        found = client.resources(models.QueryRequest(query="resources", options=options))
        names += [row["name"] for row in found.data]
        token = found.skip_token
        if not token:
            break
    client.close()
    assert names == [f"vm{n}" for n in range(5)]


def test_subscriptions(data: AzureData, server: Any) -> None:
    found = data.get_subscriptions()
    assert found.columns[:3] == ["Subscription ID", "Display Name", "State"]
    assert found.row(0)[:3] == ("s1", "One", "Enabled")
    assert found["subscriptionPolicies.quotaId"].to_list() == ["q"]
    assert data.get_subscription_info("s1")["displayName"] == "One"
    server.azure.first = [Answer(json={"value": []})]
    assert data.get_subscriptions().columns[:3] == found.columns[:3]


def test_resources_come_with_all_pages(server: Any, data: AzureData) -> None:
    found = data.get_resources("s1", "r'g", resource_type="it's' | project x")
    assert found["name"].to_list() == [f"vm{n}" for n in range(5)]
    assert found["tags"].to_list()[1] == '{"a":1}'
    assert found["state"].unique().to_list() == ["VM running"]
    asked = server.asked[0].json()
    assert asked["subscriptions"] == ["s1"]
    assert "type =~ 'it\\'s\\' | project x'" in asked["query"]
    assert "resourceGroup =~ 'r\\'g'" in asked["query"]
    assert not asked["query"].endswith("properties")
    server.azure.rows = []
    empty = data.get_resources("s1", get_props=True)
    assert (empty.height, empty.columns) == (0, found.columns)
    assert server.asked[-1].json()["query"].endswith(", properties")


def test_a_cut_answer_is_an_error(server: Any, data: AzureData) -> None:
    server.azure.cut = True
    with pytest.raises(BadReply, match="cut its answer"):
        data.get_resources("s1")


def test_a_circle_of_pages_ends(server: Any, data: AzureData) -> None:
    page = {"data": [{"name": "x"}], "$skipToken": "same", "resultTruncated": "false"}
    server.handler = lambda _: Answer(json=page)
    with pytest.raises(BadReply, match="in a circle"):
        data.query("resources")


@pytest.mark.parametrize("body", [[], {}, {"data": {}}, {"data": [1]}, {"data": None}])
def test_rows_that_are_none_are_an_error(server: Any, data: AzureData, body: Any) -> None:
    server.handler = lambda _: Answer(json=body)
    with pytest.raises(BadReply):
        data.query("resources")


def test_an_error_that_comes_as_an_answer_is_one(server: Any, data: AzureData) -> None:
    said = {"error": {"code": "InternalServerError", "message": "try\u202e later"}}
    server.handler = lambda _: Answer(status=200, json=said)
    for ask in (
        data.get_subscriptions, lambda: data.get_subscription_info("s1"),
        lambda: data.query("resources"), lambda: data.get_metrics("x", VM),
    ):  # fmt: skip
        with pytest.raises(BadReply, match="InternalServerError: try⟦RLO⟧ later"):
            ask()


def test_a_busy_service_is_asked_when_it_says(server: Any, data: AzureData, clock: Any) -> None:
    server.azure.first = [
        Answer(status=429, headers={"Retry-After": "17"}),
        Answer(status=429, headers={"x-ms-user-quota-remaining": "0",
                                    "x-ms-user-quota-resets-after": "00:00:05"}),
    ]  # fmt: skip
    assert data.get_resources("s1").height == 5
    assert sum(clock.waited) == pytest.approx(22, abs=2)
    server.azure.first = [Answer(status=429, headers={"Retry-After": "9999"})]
    with pytest.raises(RateLimited) as caught:
        data.get_resources("s1")
    assert caught.value.retry_after == 9999


def test_an_expired_token_is_renewed_once(server: Any, session: Session) -> None:
    class Signed:
        asked = 0

        def get_token(self, scope: str) -> Any:
            assert scope == "https://management.azure.com/.default"
            self.asked += 1
            token = "expired" if self.asked == 1 else TOKEN
            return SimpleNamespace(token=token, expires_on=2**31)

    credential = Signed()
    data = AzureData(AzureIdentity(credential=credential), session=session, base_url=server.url)
    data.connect()
    assert server.asked == []
    assert data.get_subscriptions().height == 1
    assert credential.asked == 2
    server.handler = lambda _: Answer(status=401, json={"error": {"code": "Expired"}})
    with pytest.raises(AccessDenied):
        data.get_subscriptions()


def test_a_body_that_breaks_off_is_asked_for_again(
    server: Any, data: AzureData, clock: Any
) -> None:
    whole = b'{"value": [{"subscriptionId": "s1"}]}'
    server.azure.first = [Answer(body=whole, reset_after=9), Answer(body=whole[:-3], length=99)]
    assert data.get_subscriptions().height == 1
    assert len(server.asked) == 3
    server.azure.first = [Answer(body=whole[:-3])]
    with pytest.raises(BadReply, match="no JSON"):
        data.get_subscriptions()


def test_details_use_the_newest_stable_version(server: Any, data: AzureData) -> None:
    assert data.get_resource_details(VM)["properties"]["vmId"] == "v"
    assert server.asked[-1].params["api-version"] == "2024-07-01"
    data.get_resource_details(VM)
    assert [asked.path for asked in server.asked].count(f"{SUB}/providers/Microsoft.Compute") == 1
    with pytest.raises(UsageError, match="no resources of type"):
        data.get_resource_details(VM.replace("virtualMachines", "galleries"))
    with pytest.raises(UsageError, match="names no resource of a provider"):
        data.get_resource_details(GROUP)


def test_versions_of_a_type(data: AzureData, monkeypatch: pytest.MonkeyPatch) -> None:
    kind = "microsoft.compute/VirtualMachines"
    with pytest.raises(UsageError, match="no type of resources"):
        data.get_api_versions("s1", "virtualMachines")
    types = REPLIES[f"{SUB}/providers/Microsoft.Compute"]
    monkeypatch.setitem(REPLIES, f"{SUB}/providers/microsoft.compute", types)
    assert data.get_api_versions("s1", kind) == ["2025-01-01-preview", "2024-07-01", "2023-03-01"]
    assert data.get_api_versions("s1", f"{kind}/extensions") == ["2022-01-01"]


def test_what_matters_of_a_machine(server: Any, data: AzureData) -> None:
    assert data.get_vm_details(VM) == {
        "resource_id": VM, "name": "vm1", "location": "westeurope", "computer_name": "VM1",
        "vm_id": "v", "size": "Standard_D2s_v3", "os_type": "Windows",
        "os_name": "Windows Server", "os_version": "10.0", "state": "VM running",
        "agent_version": "2.7", "admin_user": "root2", "network_interfaces": [f"{GROUP}/x/nic1"],
        "disks": ["os", "data"], "zones": [], "tags": {"a": "b"},
        "created": "2026-05-01T00:00:00Z",
    }  # fmt: skip
    assert server.asked[-1].params["$expand"] == "instanceView"
    server.handler = lambda _: Answer(json={"id": VM, "properties": {}})
    bare = data.get_vm_details(VM)
    assert (bare["state"], bare["computer_name"], bare["disks"]) == (None, None, [])
    with pytest.raises(UsageError, match="no virtual machine"):
        data.get_vm_details(VM.replace("virtualMachines", "disks"))


def test_metrics_are_rows(server: Any, data: AzureData) -> None:
    found = data.get_metrics(
        "Percentage CPU", VM, start="2026-05-01", end="2026-05-02", sample_time="minute"
    )
    assert found["average"].to_list() == [1.5, None]
    assert found["timeStamp"].to_list()[1] == datetime(2026, 5, 1, 1, tzinfo=UTC)
    asked = server.asked[-1].params
    assert asked["timespan"] == "2026-05-01T00:00:00Z/2026-05-02T00:00:00Z"
    assert (asked["metricnames"], asked["interval"]) == ("Percentage CPU", "PT1M")
    server.azure.first = [Answer(json={"value": []})]
    empty = data.get_metrics(["a", "b"], VM)
    assert (empty.height, empty.schema) == (0, found.schema)
    assert server.asked[-1].params["metricnames"] == "a,b"


def test_a_metric_that_could_not_be_computed_is_an_error(server: Any, data: AzureData) -> None:
    bad = {"name": {"value": "cpu"}, "errorCode": "Throttled", "errorMessage": "later"}
    server.handler = lambda _: Answer(json={"value": [bad]})
    with pytest.raises(BadReply, match="'cpu': Throttled: later"):
        data.get_metrics("cpu", VM)
    server.handler = lambda _: Answer(json={})
    with pytest.raises(BadReply, match="without metrics"):
        data.get_metrics("cpu", VM)


def test_offline_asks_nobody(server: Any, session: Session, identity: AzureIdentity) -> None:
    with session.changed(offline=True) as offline, pytest.raises(Offline):
        AzureData(identity, session=offline, base_url=server.url).get_subscriptions()
    assert server.asked == []


def test_frames_are_the_sessions_kind(
    server: Any, session: Session, identity: AzureIdentity
) -> None:
    with session.changed(frame="pandas") as pandas:
        found = AzureData(identity, session=pandas, base_url=server.url).get_resources("s1")
    assert list(found["name"]) == [f"vm{n}" for n in range(5)]
    assert not isinstance(found, pl.DataFrame)
