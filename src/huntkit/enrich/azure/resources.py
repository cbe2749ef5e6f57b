"""Azure's subscriptions, resources, machines, networks and metrics, by its management API.

Shaped by Microsoft's REST reference (Resource Graph, Resources, Compute, Network, Monitor); never
run against a live subscription by this project.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import polars as pl

from huntkit.core.errors import BadReply, UsageError
from huntkit.core.timespan import TimeSpan
from huntkit.enrich.azure.management import Management, flat, record, resource_parts
from huntkit.enrich.azure.networks import Network
from huntkit.runtime.session import Session, default_session
from huntkit.signin.azure import AzureIdentity, AzureTokens
from huntkit.tables import as_kind
from huntkit.tables.times import parse_times

_SUBSCRIPTIONS: Final = "2022-12-01"
_GRAPH: Final = "2022-10-01"
_PROVIDERS: Final = "2021-04-01"
_COMPUTE: Final = "2024-07-01"
_METRICS: Final = "2023-10-01"
_SENTINELS: Final = (
    "resources | where type =~ 'microsoft.operationsmanagement/solutions'"
    " | where name startswith 'SecurityInsights('"
    " | project workspace = tostring(properties.workspaceResourceId), subscriptionId"
)
_RESOURCES: Final = (
    " | order by id asc | project resource_id = id, name, resource_type = type, location, tags,"
    " plan, kind, managed_by = managedBy, sku, identity,"
    " state = tostring(properties.extended.instanceView.powerState.displayStatus),"
    " resource_group = resourceGroup, subscription_id = subscriptionId"
)
_KNOWN: Final = (
    "resource_id", "name", "resource_type", "location", "tags", "plan", "properties", "kind",
    "managed_by", "sku", "identity", "state", "resource_group", "subscription_id",
)  # fmt: skip
_NAMES: Final = {
    "subscriptionId": "Subscription ID", "displayName": "Display Name", "state": "State",
}  # fmt: skip
_STEPS: Final = {"minute": "PT1M", "hour": "PT1H", "day": "P1D"}
_POINT: Final = ("average", "total", "minimum", "maximum", "count")


class AzureData:
    """What Azure knows about subscriptions and what is in them.

    Args:
        identity: who asks; by default whoever is signed in on this machine.
        session: network and the kind of frames.
        base_url: another address than the cloud's.
    """

    def __init__(
        self,
        identity: AzureIdentity | None = None,
        *,
        session: Session | None = None,
        base_url: str | None = None,
    ) -> None:
        self._identity = identity or AzureIdentity()
        self._session = session
        self._base_url = base_url
        self._made: Management | None = None
        self._versions: dict[str, dict[str, list[str]]] = {}

    def connect(self) -> None:
        """Sign in now rather than with the first question.

        Raises:
            AccessDenied: nobody could be signed in.
        """
        AzureTokens(self._identity, f"{self._identity.hosts.management}/.default").token(
            fresh=False
        )

    @property
    def azure(self) -> Management:
        """What asks; made on first use."""
        if self._made is None:
            session = self._session if self._session is not None else default_session()
            self._made = Management(session, self._identity, base_url=self._base_url)
        return self._made

    def get_subscriptions(self) -> Any:
        """A row for each subscription that may be seen.

        Returns:
            A frame: ``Subscription ID``, ``Display Name``, ``State``, and what else Azure says.
        """
        table = flat(list(self.azure.all("/subscriptions", _SUBSCRIPTIONS)))
        table = table.rename({k: v for k, v in _NAMES.items() if k in table.columns})
        missing = [
            pl.lit(None, pl.String).alias(n) for n in _NAMES.values() if n not in table.columns
        ]
        first = list(_NAMES.values())
        table = table.with_columns(missing).select(*first, pl.exclude(first))
        return as_kind(table, self.azure.session.frame)

    def get_subscription_info(self, sub_id: str) -> dict[str, Any]:
        """What is known about one subscription."""
        return self.azure.one("/subscriptions/{sub}", _SUBSCRIPTIONS, fill={"sub": sub_id})

    def query(self, kql: str, subscriptions: Sequence[str] = ()) -> Any:
        """The answer of Azure Resource Graph to a query in its KQL, all pages of it.

        Raises:
            BadReply: the answer is cut without saying where it goes on.
        """
        return self.azure.frame(self._graph(kql, subscriptions))

    def rows(self, kql: str, subscriptions: Sequence[str] = ()) -> list[dict[str, Any]]:
        """The same as `query` gives, as records."""
        return self._graph(kql, subscriptions)

    def get_resources(
        self,
        sub_id: str,
        rgroup: str | None = None,
        *,
        resource_type: str | None = None,
        get_props: bool = False,
    ) -> Any:
        """A row for each resource of a subscription.

        Args:
            sub_id: the subscription.
            rgroup: only those of this resource group.
            resource_type: only these, such as ``microsoft.compute/virtualmachines``.
            get_props: with all their properties, as JSON text.

        Returns:
            A frame: ``resource_id name resource_type location tags plan properties kind managed_by
            sku identity state resource_group subscription_id``; what is nested is JSON text, and
            `state` is how a machine runs, such as ``VM running``.
        """
        kql = "resources"
        if resource_type is not None:
            kql += f" | where type =~ '{_literal(resource_type)}'"
        if rgroup is not None:
            kql += f" | where resourceGroup =~ '{_literal(rgroup)}'"
        kql += _RESOURCES + (", properties" if get_props else "")
        rows = [
            {name: row.get(name) or None for name in _KNOWN} for row in self._graph(kql, [sub_id])
        ]
        table = (
            flat(rows, deep=False)
            if rows
            else pl.DataFrame(schema=dict.fromkeys(_KNOWN, pl.String))
        )
        return as_kind(table, self.azure.session.frame)

    def list_sentinel_workspaces(self, sub_id: str) -> dict[str, str]:
        """The workspaces of a subscription that have Sentinel: name -> resource id."""
        found = [str(row.get("workspace", "")) for row in self._graph(_SENTINELS, [sub_id])]
        return {resource_parts(each)["name"]: each for each in found if each}

    def get_resource_details(
        self, resource_id: str, *, api_version: str | None = None
    ) -> dict[str, Any]:
        """Everything about one resource, by the newest stable version of its interface."""
        resource_parts(resource_id)
        version = api_version or self._newest(resource_id)
        return self.azure.one("/" + resource_id.strip("/"), version)

    def get_vm_details(self, resource_id: str) -> dict[str, Any]:
        """What matters of a virtual machine: how it runs, what on, and with which cards and disks.

        Returns:
            ``resource_id name location computer_name vm_id size os_type os_name os_version state
            agent_version admin_user network_interfaces disks zones tags created``; None where Azure
            does not say.

        Raises:
            UsageError: this is no virtual machine.
        """
        if "/virtualmachines/" not in resource_id.casefold():
            raise UsageError(f"{resource_id!r:.200} is no virtual machine")
        resource_parts(resource_id)
        found = self.azure.one(
            "/" + resource_id.strip("/"), _COMPUTE, params={"$expand": "instanceView"}
        )
        return _machine(found)

    def get_network_details(self, network_id: str) -> tuple[Any, Any]:
        """A network interface: its addresses, and the rules that hold for it.

        Returns:
            Two frames. A row for each address: ``interface_id name private_ip
            private_ip_allocation public_ip public_ip_allocation app_sec_group subnet subnet_nsg
            subnet_route_table``; and a row for each rule of the interface's and of its subnets'
            network security groups, the default ones too: ``rule_name description protocol
            direction src_ports dst_ports src_addrs dst_addrs action priority nsg attached_to``.
            What may not be read is null, and you are warned.
        """
        return Network(self.azure).details(network_id)

    def get_api_versions(self, sub_id: str, resource_type: str) -> list[str]:
        """The versions of a resource type's interface, the newest first.

        Args:
            sub_id: a subscription.
            resource_type: such as ``Microsoft.Compute/virtualMachines``.

        Raises:
            UsageError: there is no such type.
        """
        provider, slash, kind = resource_type.partition("/")
        if not (slash and provider and kind):
            raise UsageError(
                f"{resource_type!r:.100} is no type of resources",
                hint="Microsoft.Compute/virtualMachines",
            )
        key = f"{sub_id}/{provider}".casefold()
        if key not in self._versions:
            about = self.azure.one(
                "/subscriptions/{sub}/providers/{provider}", _PROVIDERS,
                fill={"sub": sub_id, "provider": provider},
            )  # fmt: skip
            self._versions[key] = {
                str(each.get("resourceType", "")).casefold(): [
                    str(v) for v in each.get("apiVersions") or []
                ]
                for each in about.get("resourceTypes") or []
            }
        found = self._versions[key].get(kind.casefold())
        if not found:
            raise UsageError(f"{provider} has no resources of type {kind!r}")
        return sorted(found, reverse=True)

    def get_metrics(
        self,
        metrics: str | Sequence[str],
        resource_id: str,
        *,
        start: object = None,
        end: object = None,
        sample_time: str = "PT1H",
    ) -> Any:
        """The averages, totals and extremes of a resource's metrics: a row for each point in time.

        Args:
            metrics: one name or several, such as ``Percentage CPU``.
            resource_id: the resource.
            start: from then on; a day before `end` by default.
            end: until then; now by default.
            sample_time: the length of a step: ``minute``, ``hour``, ``day``, or as ISO 8601 says
                it.

        Returns:
            A frame: ``metric unit timeStamp average total minimum maximum count``; null where
            nothing was measured.

        Raises:
            BadReply: a metric could not be computed.
        """
        resource_parts(resource_id)
        now = self.azure.session.network.clock.now()
        last = end if end is not None else now
        span = TimeSpan.parse(start if start is not None else _day_before(last, now), last, now=now)
        names = metrics if isinstance(metrics, str) else ",".join(metrics)
        params = {
            "metricnames": names,
            "timespan": f"{_iso(span.start)}/{_iso(span.end)}",
            "interval": _STEPS.get(sample_time, sample_time),
            "aggregation": ",".join(_POINT),
        }
        path = "/" + resource_id.strip("/") + "/providers/microsoft.insights/metrics"
        found = self.azure.one(path, _METRICS, params=params).get("value")
        if not isinstance(found, list):
            raise BadReply("Azure answered without metrics", service="Azure")
        for each in found:
            if each.get("errorCode") not in (None, "", "Success"):
                said = f"{each['errorCode']}: {each.get('errorMessage') or ''}"
                raise BadReply(
                    f"Azure could not compute {_metric(each)!r}: {said:.200}", service="Azure"
                )
        rows = [
            (_metric(each), each.get("unit"), point.get("timeStamp"),
             *(_number(point.get(name)) for name in _POINT))
            for each in found
            for series in each.get("timeseries") or []
            for point in series.get("data") or []
        ]  # fmt: skip
        schema = dict.fromkeys(("metric", "unit", "timeStamp"), pl.String)
        table = pl.DataFrame(
            rows, schema={**schema, **dict.fromkeys(_POINT, pl.Float64)}, orient="row"
        )
        table = table.with_columns(parse_times(table["timeStamp"]))
        return as_kind(table, self.azure.session.frame)

    def _graph(self, kql: str, subscriptions: Sequence[str]) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = []
        token: str | None = None
        while True:
            body: dict[str, Any] = {
                "query": kql,
                "options": {
                    "resultFormat": "objectArray",
                    **({"$skipToken": token} if token else {}),
                },
            }
            if subscriptions:
                body["subscriptions"] = list(subscriptions)
            reply = self.azure.ask(
                "POST", "/providers/Microsoft.ResourceGraph/resources", _GRAPH, body=body,
                repeatable=True,
            ).json()  # fmt: skip
            data = record(reply).get("data")
            if not isinstance(data, list):
                raise BadReply("Resource Graph answered without rows", service="Azure")
            if not all(isinstance(row, dict) for row in data):
                raise BadReply("Resource Graph answered with rows that are none", service="Azure")
            rows += data
            before, token = token, reply.get("$skipToken")
            if not token:
                if str(reply.get("resultTruncated", "false")).lower() == "true":
                    raise BadReply(
                        f"Resource Graph cut its answer after {len(rows):,} rows", service="Azure",
                        hint="let the query project id, or narrow it",
                    )  # fmt: skip
                return rows
            if token == before:
                raise BadReply("Resource Graph's pages lead in a circle", service="Azure")

    def _newest(self, resource_id: str) -> str:
        """The newest stable api-version of a resource's type."""
        words = resource_id.strip("/").split("/")
        places = [at for at, word in enumerate(words) if word.casefold() == "providers"]
        if not places or len(words) < places[-1] + 4:
            raise UsageError(f"{resource_id!r:.200} names no resource of a provider")
        at = places[-1]
        kind = "/".join(words[at + 2 :: 2])
        found = self.get_api_versions(words[1], f"{words[at + 1]}/{kind}")
        return next((each for each in found if "preview" not in each.casefold()), found[0])


def _machine(found: dict[str, Any]) -> dict[str, Any]:
    facts = found.get("properties") or {}
    view = facts.get("instanceView") or {}
    storage, profile = facts.get("storageProfile") or {}, facts.get("osProfile") or {}
    system = storage.get("osDisk") or {}
    states = [
        each.get("displayStatus") for each in view.get("statuses") or []
        if str(each.get("code", "")).startswith("PowerState/")
    ]  # fmt: skip
    cards = (facts.get("networkProfile") or {}).get("networkInterfaces") or []
    return {
        "resource_id": found.get("id"),
        "name": found.get("name"),
        "location": found.get("location"),
        "computer_name": view.get("computerName") or profile.get("computerName"),
        "vm_id": facts.get("vmId"),
        "size": (facts.get("hardwareProfile") or {}).get("vmSize"),
        "os_type": system.get("osType"),
        "os_name": view.get("osName"),
        "os_version": view.get("osVersion"),
        "state": next(iter(states), None),
        "agent_version": (view.get("vmAgent") or {}).get("vmAgentVersion"),
        "admin_user": profile.get("adminUsername"),
        "network_interfaces": [each["id"] for each in cards if each.get("id")],
        "disks": [each.get("name") for each in [system, *(storage.get("dataDisks") or [])] if each],
        "zones": found.get("zones") or [],
        "tags": found.get("tags") or {},
        "created": facts.get("timeCreated"),
    }


def _literal(text: str) -> str:
    return text.replace("\\", "\\\\").replace("'", "\\'")


def _day_before(end: object, now: datetime) -> datetime:
    last = end if isinstance(end, datetime) else TimeSpan.parse("-1s", end, now=now).end
    return last - timedelta(days=1)


def _metric(about: dict[str, Any]) -> str:
    name = about.get("name") or {}
    return str(name.get("value", "")) if isinstance(name, dict) else str(name)


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def _iso(time: datetime) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")
