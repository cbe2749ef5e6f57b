"""What Azure knows: virtual machines, Arc machines, network cards and public addresses.

Asked by Azure Resource Graph, a hundred values with one query. Shaped by Microsoft's reference of
its tables and of the REST API; never run against a live subscription. Resource Graph takes no
parameters, so values stand in the query as literals, which nothing in them can leave.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Final

from huntkit.enrich.azure.management import resource_parts
from huntkit.enrich.azure.resources import AzureData
from huntkit.enrich.context.host_names import host_matched, spellings
from huntkit.enrich.context.provider import ContextProvider
from huntkit.enrich.ti.provider import Facts, Lookup
from huntkit.enrich.ti.service_words import MAX_RAW
from huntkit.entities.addresses import parse_address
from huntkit.entities.indicators import indicator_scope
from huntkit.runtime.limits import Limits
from huntkit.signin.azure import AzureIdentity
from huntkit.tables import to_polars

_MACHINES: Final = ("microsoft.compute/virtualmachines", "microsoft.hybridcompute/machines")
_COMMON: Final = "id, name, type, location, resourceGroup, subscriptionId, tags = tostring(tags)"
_MACHINE: Final = f"""| extend computer1 = tostring(properties.osProfile.computerName),
    computer2 = tostring(properties.extended.instanceView.computerName),
    fqdn = tostring(properties.dnsFqdn), osType = tostring(properties.storageProfile.osDisk.osType),
    osName = tostring(properties.extended.instanceView.osName), osSku = tostring(properties.osSku)
| extend computer = iff(isempty(computer1), computer2, computer1),
    os = iff(isempty(osName), osSku, osName)
{{where}}
| project {_COMMON}, computer, fqdn, osType, os,
    size = tostring(properties.hardwareProfile.vmSize), vmId = tostring(properties.vmId),
    power = tostring(properties.extended.instanceView.powerState.displayStatus),
    status = tostring(properties.status), created = tostring(properties.timeCreated)
| order by id asc"""
_CARDS: Final = f"""resources
| where type =~ 'microsoft.network/networkinterfaces'
| mv-expand ip = properties.ipConfigurations
| extend address = tostring(ip.properties.privateIPAddress)
| where address in~ ({{values}})
| project {_COMMON}, address, mac = tostring(properties.macAddress),
    subnet = tostring(ip.properties.subnet.id),
    publicAddress = tostring(ip.properties.publicIPAddress.id),
    securityGroup = tostring(properties.networkSecurityGroup.id),
    machine = tostring(properties.virtualMachine.id)
| order by id asc"""
_PUBLIC: Final = f"""resources
| where type =~ 'microsoft.network/publicipaddresses'
| extend address = tostring(properties.ipAddress)
| where address in~ ({{values}})
| project {_COMMON}, address, dnsName = tostring(properties.dnsSettings.fqdn),
    allocation = tostring(properties.publicIPAllocationMethod),
    attachedTo = tostring(properties.ipConfiguration.id)
| order by id asc"""
_HOLDERS: Final = f"""resources
| where type =~ 'microsoft.network/networkinterfaces' and id in~ ({{values}})
| project {_COMMON}, machine = tostring(properties.virtualMachine.id)
| order by id asc"""
_RESOURCES: Final = f"""{{table}}
| where id in~ ({{values}})
| project {_COMMON}, kind, sku = tostring(sku.name), created = tostring(properties.timeCreated)
| order by id asc"""
_SHOWN: Final = 20

Row = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class AzureResourcesSettings(AzureIdentity):
    """Who asks, and for which part of Azure.

    Attributes:
        subscriptions: their ids; all that the identity may see if it is empty.
        base_url: Azure Resource Manager's address, where it is not the cloud's own.
    """

    subscriptions: tuple[str, ...] = ()
    base_url: str = ""


class AzureResources(ContextProvider):
    """Azure: machines, network cards, public addresses and any resource by its id."""

    name = "AzureResources"
    takes: ClassVar = dict.fromkeys(("ipv4", "ipv6", "hostname", "resource_id"), ("",))
    settings = AzureResourcesSettings
    limits = Limits(concurrency=2)  # how often is the business of what asks Azure
    batch = 100
    home = "https://learn.microsoft.com/azure/governance/resource-graph/"
    terms = "your own subscriptions; what the identity may not read is not told, and not found"

    @property
    def identity(self) -> str:
        """Identities see different resources."""
        chosen = self.chosen
        who = (chosen.cloud, chosen.tenant_id, chosen.client_id, chosen.base_url)
        return f"context {self.name} {' '.join(map(str, [*who, *sorted(chosen.subscriptions)]))}"

    def lacking(self) -> str:
        """That the session is offline; who asks is seen when it is asked."""
        return "this session is offline" if self.session.offline else ""

    @cached_property
    def azure(self) -> AzureData:
        """What asks; nobody is asked before the first query."""
        base = self.chosen.base_url or None
        return AzureData(self.chosen, session=self.session, base_url=base)

    def ask(self, lookup: Lookup) -> Facts:
        """What is known about one value."""
        return self.ask_many([lookup])[lookup]

    def ask_many(self, lookups: Sequence[Lookup]) -> Mapping[Lookup, Facts]:
        """The same for many, by one query for each kind of resource."""
        found: dict[Lookup, Facts] = {}
        for kind, ask in (("hostname", self._hosts), ("resource_id", self._resources)):
            found |= ask([each for each in lookups if each.ioc_type == kind])
        return found | self._addresses([e for e in lookups if e.ioc_type in ("ipv4", "ipv6")])

    def _hosts(self, lookups: Sequence[Lookup]) -> dict[Lookup, Facts]:
        if not lookups:
            return {}
        names = _list(each for lookup in lookups for each in spellings(lookup.value))
        full = "".join(
            f" or {column} startswith {_literal(lookup.value + '.')}"
            for lookup in lookups if "." not in lookup.value
            for column in ("name", "computer", "fqdn")
        )  # fmt: skip
        rows = self._machines(
            f"| where name in~ ({names}) or computer in~ ({names}) or fqdn in~ ({names}){full}"
        )
        return {
            lookup: _facts([
                {**row, "matched_by": how} for row in rows
                if (how := host_matched(lookup.value, {n: str(row.get(n) or "") for n in _NAMES}))
            ])
            for lookup in lookups
        }  # fmt: skip

    def _resources(self, lookups: Sequence[Lookup]) -> dict[Lookup, Facts]:
        if not lookups:
            return {}
        rows: list[Row] = []
        for table, within in (("resources", True), ("resourcecontainers", False)):
            ids = _list(e.value for e in lookups if ("/providers/" in e.value) is within)
            if ids:  # groups and subscriptions stand in a table of their own
                rows += self._rows(_RESOURCES.format(table=table, values=ids))
        machines = {_key(row["id"]): row for row in self._machines_of(rows, "id")}
        return {
            lookup: _facts([machines.get(lookup.value, row) for row in rows
                            if _key(row["id"]) == lookup.value])
            for lookup in lookups
        }  # fmt: skip

    def _addresses(self, lookups: Sequence[Lookup]) -> dict[Lookup, Facts]:
        if not lookups:
            return {}
        rows = self._rows(_CARDS.format(values=_list(_written(lookups))))
        public = [each for each in lookups if indicator_scope(each.ioc_type, each.value) in _OPEN]
        if public:
            rows += self._attached(self._rows(_PUBLIC.format(values=_list(_written(public)))))
        machines = {_key(row["id"]): row for row in self._machines_of(rows, "machine")}
        whole = [{**row, "machine": machines.get(_key(row.get("machine")), row.get("machine"))}
                 for row in rows]  # fmt: skip
        return {
            lookup: _facts([
                row for row in whole
                if parse_address(str(row.get("address"))) == parse_address(lookup.value)
            ])
            for lookup in lookups
        }  # fmt: skip

    def _attached(self, rows: list[Row]) -> list[Row]:
        """Public addresses with the machine whose card they belong to."""
        cards = {_key(_card_of(row.get("attachedTo"))) for row in rows} - {""}
        if not cards:
            return rows
        held = self._rows(_HOLDERS.format(values=_list(sorted(cards))))
        machine = {_key(row["id"]): row.get("machine") for row in held}
        return [{**row, "machine": machine.get(_key(_card_of(row.get("attachedTo"))))}
                for row in rows]  # fmt: skip

    def _machines_of(self, rows: Sequence[Row], column: str) -> list[Row]:
        """The machines whose ids stand in a column."""
        ids = sorted({_key(row.get(column)) for row in rows} - {""})
        ids = [each for each in ids if any(f"/{kind}/" in each for kind in _MACHINES)]
        return self._machines(f"| where id in~ ({_list(ids)})") if ids else []

    def _machines(self, where: str) -> list[Row]:
        kinds = _list(_MACHINES)
        return self._rows(
            f"resources\n| where type in~ ({kinds})\n" + _MACHINE.replace("{where}", where)
        )

    def _rows(self, kql: str) -> list[Row]:
        frame = to_polars(self.azure.query(kql, self.chosen.subscriptions))
        return [
            {name: value for name, value in row.items() if value not in (None, "")}
            for row in frame.to_dicts()
            if row.get("id")
        ]


_NAMES: Final = ("name", "computer", "fqdn")
_OPEN: Final = ("", "public")


def _facts(rows: Sequence[Row]) -> Facts:
    if not rows:
        return Facts.unknown()
    details: dict[str, Any] = {"records": len(rows)}
    details |= rows[0] if len(rows) == 1 else {"matches": list(rows[:_SHOWN])}
    return Facts(details=details, raw=list(rows[:MAX_RAW]), reference=_page(rows[0]))


def _page(row: Row) -> str:
    """The resource in the portal."""
    try:
        resource_parts(str(row["id"]))
    except ValueError:
        return ""
    return f"https://portal.azure.com/#resource{row['id']}" if " " not in row["id"] else ""


def _written(lookups: Iterable[Lookup]) -> Iterable[str]:
    """Addresses as Azure may write them."""
    for each in lookups:
        yield each.value
        address = parse_address(each.value)
        if address is not None and address.version == 6:
            yield address.exploded


def _card_of(attached: object) -> str:
    """The network card that an ipConfiguration belongs to; empty where it is another thing's."""
    text = str(attached or "")
    card, found, _ = text.partition("/ipConfigurations/")
    return card if found and "/networkinterfaces/" in card.casefold() else ""


def _key(resource_id: object) -> str:
    return str(resource_id or "").casefold()


def _list(values: Iterable[str]) -> str:
    return ", ".join(map(_literal, dict.fromkeys(values)))


def _literal(text: str) -> str:
    r"""A text in KQL's quotes; what is not plain is written by its number.

    Examples:
        >>> print(_literal("it's"), _literal("a" + chr(10) + "b"))
        'it\u0027s' 'a\u000ab'
    """
    return "'" + "".join(c if _is_plain(c) else _escaped(c) for c in text) + "'"


def _is_plain(char: str) -> bool:
    return (char.isascii() and char.isalnum()) or char in " ._-/:@"


def _escaped(char: str) -> str:
    points = char.encode("utf-16-be")
    return "".join(f"\\u{points[n : n + 2].hex()}" for n in range(0, len(points), 2))
