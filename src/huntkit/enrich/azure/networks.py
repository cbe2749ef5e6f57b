"""A network interface of Azure with what stands in other resources: public addresses, rules."""

import warnings
from collections.abc import Iterator, Mapping
from typing import Any, Final

import orjson
import polars as pl

from huntkit.core.errors import RequestFailed
from huntkit.enrich.azure.management import Management, resource_parts
from huntkit.tables import as_kind

_NETWORK: Final = "2023-09-01"
_NOT_OURS: Final = (403, 404)
_ADDRESS: Final = dict.fromkeys(
    (
        "interface_id", "name", "private_ip", "private_ip_allocation", "public_ip",
        "public_ip_allocation", "app_sec_group", "subnet", "subnet_nsg", "subnet_route_table",
    ),
    pl.String,
)  # fmt: skip
_RULE: Final = {
    "rule_name": pl.String, "description": pl.String, "protocol": pl.String,
    "direction": pl.String, "src_ports": pl.String, "dst_ports": pl.String,
    "src_addrs": pl.String, "dst_addrs": pl.String, "action": pl.String, "priority": pl.Int64,
    "nsg": pl.String, "attached_to": pl.String,
}  # fmt: skip


class Network:
    """Asks for one interface and what it refers to; each thing once."""

    def __init__(self, azure: Management) -> None:
        self._azure = azure
        self._seen: dict[str, dict[str, Any]] = {}
        self._unread: list[str] = []

    def details(self, network_id: str) -> tuple[Any, Any]:
        """The addresses and the rules of an interface, as two frames."""
        resource_parts(network_id)
        card = self._azure.one("/" + network_id.strip("/"), _NETWORK).get("properties") or {}
        addresses = [self._address(network_id, each) for each in card.get("ipConfigurations") or []]
        groups = {_id(card.get("networkSecurityGroup")): "interface"}
        groups |= {each["subnet_nsg"]: "subnet" for each in addresses
                   if each["subnet_nsg"] not in groups}  # fmt: skip
        rules = [
            rule for group, where in groups.items() if group for rule in self._rules(group, where)
        ]
        if self._unread:
            warnings.warn(
                f"not everything about the interface could be read: {', '.join(self._unread[:5])}",
                stacklevel=3,
            )
        kind = self._azure.session.frame
        return (
            as_kind(pl.DataFrame(addresses, schema=_ADDRESS), kind),
            as_kind(pl.DataFrame(rules, schema=_RULE), kind),
        )

    def _address(self, card: str, configuration: Mapping[str, Any]) -> dict[str, Any]:
        facts = configuration.get("properties") or {}
        public = self._facts(_id(facts.get("publicIPAddress")))
        place = _id(facts.get("subnet"))
        subnet = self._facts(place)
        groups = [_id(each) for each in facts.get("applicationSecurityGroups") or []]
        return {
            "interface_id": card,
            "name": configuration.get("name"),
            "private_ip": facts.get("privateIPAddress") or facts.get("privateIPAddressPrefix"),
            "private_ip_allocation": facts.get("privateIPAllocationMethod"),
            "public_ip": public.get("ipAddress"),
            "public_ip_allocation": public.get("publicIPAllocationMethod"),
            "app_sec_group": orjson.dumps(groups).decode() if groups else None,
            "subnet": place.rsplit("/", 1)[-1] or None,
            "subnet_nsg": _id(subnet.get("networkSecurityGroup")) or None,
            "subnet_route_table": _id(subnet.get("routeTable")) or None,
        }

    def _rules(self, group: str, where: str) -> Iterator[dict[str, Any]]:
        about = self._facts(group)
        for rule in [
            *(about.get("securityRules") or []),
            *(about.get("defaultSecurityRules") or []),
        ]:
            facts = rule.get("properties") or {}
            yield {
                "rule_name": rule.get("name"),
                "description": facts.get("description"),
                "protocol": facts.get("protocol"),
                "direction": facts.get("direction"),
                "src_ports": _several(facts, "sourcePortRange"),
                "dst_ports": _several(facts, "destinationPortRange"),
                "src_addrs": _several(facts, "sourceAddressPrefix", "es"),
                "dst_addrs": _several(facts, "destinationAddressPrefix", "es"),
                "action": facts.get("access"),
                "priority": facts.get("priority"),
                "nsg": group,
                "attached_to": where,
            }

    def _facts(self, place: str) -> dict[str, Any]:
        """What another resource says; nothing where it may not be read, which is noted."""
        if not place:
            return {}
        if place not in self._seen:
            resource_parts(place)
            try:
                found = self._azure.one("/" + place.strip("/"), _NETWORK)
            except RequestFailed as problem:
                if problem.status not in _NOT_OURS:
                    raise
                self._unread.append(place)
                found = {}
            self._seen[place] = found.get("properties") or {}
        return self._seen[place]


def _id(reference: Any) -> str:
    return str(reference.get("id") or "") if isinstance(reference, Mapping) else ""


def _several(facts: Mapping[str, Any], name: str, plural: str = "s") -> str | None:
    """One value or several of a rule, which Azure keeps under two names."""
    values = [facts.get(name), *(facts.get(name + plural) or [])]
    if name.endswith("Prefix"):
        side = name.removesuffix("AddressPrefix")
        groups = facts.get(f"{side}ApplicationSecurityGroups") or []
        values += [_id(each).rsplit("/", 1)[-1] for each in groups]
    return ", ".join(str(each) for each in values if each) or None
