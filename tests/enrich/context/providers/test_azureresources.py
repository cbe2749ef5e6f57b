"""Azure as a provider of context, on a Resource Graph whose queries our own KQL runs."""

from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import huntkit.kql
from huntkit.enrich.context import ContextLookup
from huntkit.enrich.context.providers.azureresources import AzureResources, _literal
from huntkit.testing import check_context_provider
from servers import Answer

pytestmark = pytest.mark.filterwarnings("ignore:not everything was answered")

KEY = "canary-key-0123456789abcdef"
GROUP = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg-web/providers/"
STORAGE = f"{GROUP}Microsoft.Storage/storageAccounts/evidence"
MACHINE = f"{GROUP}Microsoft.Compute/virtualMachines/vm-web-01"


def test_it_keeps_the_promises_of_context_providers(graph, azure, session):
    check_context_provider(
        AzureResources,
        settings=azure().chosen,
        known={"10.1.0.4": "ipv4", "fd00:0:0:1::4": "ipv6", "WEB01": "hostname",
               STORAGE: "resource_id"},
        unknown={"10.1.0.6": "ipv4", "web99": "hostname", f"{STORAGE}2": "resource_id"},
        session=session,
    )  # fmt: skip
    assert graph.asked


def test_a_private_address_leads_to_its_card_and_machine(azure, ask):
    found = ask(azure(), "10.1.0.4")
    details = found["Details"]
    assert (found["Status"], details["records"], details["name"]) == ("ok", 1, "nic-web-01")
    assert details["mac"] == "00-0D-3A-00-00-01"
    assert details["machine"]["computer"] == "WEB01"
    assert details["machine"]["power"] == "VM running"
    assert details["machine"]["tags"] == '{"owner":"web-team","env":"prod"}'
    assert found["Reference"].startswith("https://portal.azure.com/#resource/subscriptions/1111")
    second = ask(azure(), "10.1.0.5")["Details"]
    assert (second["address"], second["machine"]["name"]) == ("10.1.0.5", "vm-web-01")
    alone = ask(azure(), "10.2.0.4")["Details"]
    assert (alone["name"], alone.get("machine")) == ("nic-alone", None)
    assert ask(azure(), "10.1.0.400")["Status"] == "bad input"


def test_a_public_address_leads_to_the_machine_behind_it(azure, ask):
    details = ask(azure(), "20.50.60.70")["Details"]
    assert details["dnsName"] == "web-01.westeurope.cloudapp.azure.com"
    assert details["machine"]["name"] == "vm-web-01"
    gateway = ask(azure(), "20.50.60.71")["Details"]
    assert "/virtualNetworkGateways/gw/" in gateway["attachedTo"]
    assert gateway.get("machine") is None


def test_names_are_those_of_the_resource_the_computer_or_dns(azure, ask):
    assert ask(azure(), "web01")["Details"]["matched_by"] == "computer"
    assert ask(azure(), "VM-WEB-01")["Details"]["matched_by"] == "name"
    assert ask(azure(), "file01.corp.example")["Details"]["matched_by"] == "fqdn"
    loose = ask(azure(), "web01.corp.example")["Details"]
    assert loose["matched_by"] == "computer, which says no domain"
    assert ask(azure(), "file01.lab.example")["Status"] == "not found"
    assert ask(azure(), "web0")["Status"] == "not found"


def test_any_resource_is_known_by_its_id(azure, ask):
    storage = ask(azure(), STORAGE.upper().replace("/SUBSCRIPTIONS", "/subscriptions"))
    assert (storage["Details"]["name"], storage["Details"]["sku"]) == ("evidence", "Standard_LRS")
    machine = ask(azure(), MACHINE)["Details"]
    assert (machine["computer"], machine["size"]) == ("WEB01", "Standard_D2s_v5")
    group = ask(azure(), GROUP.removesuffix("/providers/"))["Details"]
    assert (group["name"], group["tags"]) == ("rg-web", '{"owner":"web-team"}')
    assert ask(azure(), GROUP[: len("/subscriptions/") + 36])["Details"]["name"] == "Production"


def test_many_values_take_few_questions_and_all_pages(graph, azure, session):
    graph.page = 1
    provider = azure(subscriptions=("s1", "s2"))
    lookup = ContextLookup(primary_providers=[provider], session=session)
    values = [f"10.1.{n // 250}.{n % 250 + 1}" for n in range(90)]
    found = lookup.lookup_observables([*values, "WEB01", "db01"])
    assert found["Status"].value_counts(sort=True).rows() == [("not found", 87), ("ok", 5)]
    assert 4 <= len(graph.asked) <= 10
    assert {tuple(asked.json()["subscriptions"]) for asked in graph.asked} == {("s1", "s2")}


FAULTS = {
    "401": (Answer(401, json={}), "failed"),
    "403": (Answer(403, json={"error": {"code": "AuthorizationFailed"}}), "failed"),
    "429": (Answer(429, headers={"Retry-After": "900"}, json={}), "rate limited"),
    "400": (Answer(400, json={"error": {"code": "BadRequest"}}), "failed"),
    "error with 200": (Answer(json={"error": {"code": "InternalError"}}), "failed"),
    "list": (Answer(json=[1]), "failed"),
    "cut": (Answer(json={"data": [], "resultTruncated": "true"}), "failed"),
    "HTML": (Answer(body="<html>", headers={"Content-Type": "text/html"}), "failed"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_no_failure_reads_as_an_answer(graph, azure, ask, fault):
    answer, status = FAULTS[fault]
    graph.instead = lambda asked: answer
    found = ask(azure(), "10.1.0.4")
    assert (found["Status"], found["Result"]) == (status, False)
    assert found["Details"]["reason"]


HOSTILE = ["10.1.0.4') or 1 == 1 //", "web01' or name != '", "web01\\", "web01\n| take 1", "*", "%",
           "web01|project id", "/subscriptions/s/resourceGroups/rg'/providers/p/t/n"]  # fmt: skip


def test_hostile_values_are_no_values(graph, azure, session):
    found = ContextLookup(primary_providers=[azure()], session=session).lookup_observables(HOSTILE)
    assert found["Status"].to_list() == ["bad input"] * len(HOSTILE)
    assert not graph.asked


@settings(max_examples=10)
@given(st.lists(st.text(max_size=20), min_size=1, max_size=30))
def test_a_literal_holds_its_text_and_nothing_leaves_it(texts: list[str]):
    texts = [text.encode("utf-8", "ignore").decode() for text in texts]
    query = "print " + ", ".join(f"x{n} = {_literal(text)}" for n, text in enumerate(texts))
    found: Any = huntkit.kql.query(query, frame="polars")
    assert list(found.row(0)) == texts


def test_what_the_service_tells_stays_text(graph, azure, ask):
    hostile = "</script><img src=x onerror=alert(1)>=cmd|' /C calc'!A0"
    card = {"id": MACHINE, "name": hostile, "address": "10.1.0.4", "tags": hostile}
    graph.instead = lambda asked: Answer(json={"data": [card], "resultTruncated": "false"})
    found = ask(azure(), "10.1.0.4")
    assert found["Details"]["name"] == hostile
    assert "<" not in found["Reference"]


def test_microsofts_own_client_reads_the_stand_in(http_server, graph):
    library = pytest.importorskip("azure.mgmt.resourcegraph")
    server = http_server(graph, tls=True)
    graph.page = 2

    class Signed:
        def get_token(self, *scopes: str, **more: Any) -> SimpleNamespace:
            return SimpleNamespace(token=KEY, expires_on=2**40)

    with library.ResourceGraphClient(
        Signed(), base_url=server.url, connection_verify=str(server.ca)
    ) as client:
        names = []
        token = None
        while token is not None or not names:
            options = library.models.QueryRequestOptions(skip_token=token)
            query = "resources | where type has 'compute' or type has 'network' | project name"
            request = library.models.QueryRequest(
                subscriptions=["s"], query=f"{query} | order by name asc", options=options
            )
            page = client.resources(request)
            names += [row["name"] for row in page.data]
            token = page.skip_token
    assert names == [
        "nic-alone", "nic-db-01", "nic-web-01", "pip-gateway", "pip-web-01",
        "vm-db-01", "vm-web-01",
    ]  # fmt: skip
