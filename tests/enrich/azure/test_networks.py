"""A network interface with its public address and all rules that hold for it."""

from collections.abc import Callable
from typing import Any

import pytest

from huntkit.core.errors import RequestFailed, UsageError
from huntkit.enrich.azure.resources import AzureData
from huntkit.runtime import Session
from huntkit.signin.azure import AzureIdentity
from servers import Answer

NET = "/subscriptions/s1/resourceGroups/rg/providers/Microsoft.Network"
CARD = f"{NET}/networkInterfaces/nic1"
OWN, SUBNETS = f"{NET}/networkSecurityGroups/own", f"{NET}/networkSecurityGroups/subnets"
SUBNET = f"{NET}/virtualNetworks/vnet/subnets/default"
PUBLIC = f"{NET}/publicIPAddresses/ip"


def rule(name: str, **facts: Any) -> dict[str, Any]:
    usual = {"protocol": "Tcp", "direction": "Inbound", "access": "Allow", "priority": 100}
    return {"name": name, "properties": {**usual, **facts}}


def replies() -> dict[str, dict[str, Any]]:
    addresses = [
        {"name": "ip1", "properties": {
            "privateIPAddress": "10.0.0.4", "privateIPAllocationMethod": "Dynamic",
            "publicIPAddress": {"id": PUBLIC}, "subnet": {"id": SUBNET},
            "applicationSecurityGroups": [{"id": f"{NET}/applicationSecurityGroups/web"}]}},
        {"name": "ip2", "properties": {"privateIPAddress": None, "subnet": {"id": SUBNET},
                                       "privateIPAddressPrefix": "10.0.0.16/28"}},
    ]  # fmt: skip
    return {
        CARD: {"ipConfigurations": addresses, "networkSecurityGroup": {"id": OWN}},
        PUBLIC: {"ipAddress": "203.0.113.5", "publicIPAllocationMethod": "Static"},
        SUBNET: {"networkSecurityGroup": {"id": SUBNETS},
                 "routeTable": {"id": f"{NET}/routeTables/rt"}},
        OWN: {
            "securityRules": [rule(
                "ssh", sourcePortRange="*", destinationPortRanges=["22", "2222"],
                sourceAddressPrefixes=["203.0.113.0/24", "198.51.100.0/24"],
                destinationAddressPrefix="*", description="=1+1",
            )],
            "defaultSecurityRules": [rule("deny", access="Deny", priority=65500)],
        },
        SUBNETS: {
            "securityRules": [rule(
                "web", destinationPortRange="443",
                sourceApplicationSecurityGroups=[{"id": f"{NET}/applicationSecurityGroups/front"}],
            )],
            "defaultSecurityRules": [],
        },
    }  # fmt: skip


@pytest.fixture
def known() -> dict[str, dict[str, Any]]:
    return replies()


@pytest.fixture
def server(http_server: Callable[..., Any], known: dict[str, dict[str, Any]]) -> Any:
    return http_server(
        lambda asked: (
            Answer(json={"id": asked.path, "properties": known[asked.path]})
            if asked.path in known
            else Answer(status=403, json={"error": {"code": "AuthorizationFailed"}})
        )
    )


@pytest.fixture
def data(server: Any, session: Session, identity: AzureIdentity) -> AzureData:
    return AzureData(identity, session=session, base_url=server.url)


def test_addresses_come_with_what_other_resources_say(server: Any, data: AzureData) -> None:
    addresses, _ = data.get_network_details(CARD)
    first, second = addresses.to_dicts()
    assert first == {
        "interface_id": CARD, "name": "ip1", "private_ip": "10.0.0.4",
        "private_ip_allocation": "Dynamic", "public_ip": "203.0.113.5",
        "public_ip_allocation": "Static",
        "app_sec_group": f'["{NET}/applicationSecurityGroups/web"]', "subnet": "default",
        "subnet_nsg": SUBNETS, "subnet_route_table": f"{NET}/routeTables/rt",
    }  # fmt: skip
    assert (second["private_ip"], second["public_ip"]) == ("10.0.0.16/28", None)
    paths = [asked.path for asked in server.asked]
    assert len(paths) == len(set(paths)) == 5  # each once


def test_rules_of_the_interface_and_its_subnet_come(data: AzureData) -> None:
    _, rules = data.get_network_details(CARD)
    assert rules.select("rule_name", "action", "priority", "nsg", "attached_to").rows() == [
        ("ssh", "Allow", 100, OWN, "interface"),
        ("deny", "Deny", 65500, OWN, "interface"),
        ("web", "Allow", 100, SUBNETS, "subnet"),
    ]
    ssh = rules.row(0, named=True)
    assert (ssh["src_ports"], ssh["dst_ports"]) == ("*", "22, 2222")
    assert ssh["src_addrs"] == "203.0.113.0/24, 198.51.100.0/24"
    assert rules.row(2, named=True)["src_addrs"] == "front"


def test_what_may_not_be_read_is_said(known: dict[str, dict[str, Any]], data: AzureData) -> None:
    del known[PUBLIC], known[SUBNET]
    with pytest.warns(UserWarning, match="publicIPAddresses/ip.*subnets/default"):
        addresses, rules = data.get_network_details(CARD)
    assert addresses["public_ip"].to_list() == [None, None]
    assert rules["rule_name"].to_list() == ["ssh", "deny"]
    del known[CARD]
    with pytest.raises(RequestFailed):
        data.get_network_details(CARD)


def test_an_interface_with_nothing_has_the_same_columns(
    known: dict[str, dict[str, Any]], data: AzureData
) -> None:
    full = data.get_network_details(CARD)
    known[CARD] = {}
    empty = data.get_network_details(CARD)
    assert [each.height for each in empty] == [0, 0]
    assert [each.schema for each in empty] == [each.schema for each in full]


def test_a_reference_never_leads_elsewhere(
    known: dict[str, dict[str, Any]], data: AzureData
) -> None:
    known[CARD]["networkSecurityGroup"] = {"id": "https://elsewhere.example/x"}
    with pytest.raises(UsageError, match="no resource id"):
        data.get_network_details(CARD)
