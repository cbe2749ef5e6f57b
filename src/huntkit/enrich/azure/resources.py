"""Azure's subscriptions, resources, networks and metrics, by its management API.

Shaped by Microsoft's REST reference (Resource Graph, Resources, Network, Monitor); never run
against a live subscription by this project.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from huntkit.core.errors import BadReply, UsageError
from huntkit.core.timespan import TimeSpan
from huntkit.enrich.azure.management import Management, resource_parts
from huntkit.runtime.session import Session, default_session
from huntkit.signin.azure import AzureIdentity

_SUBSCRIPTIONS: Final = "2022-12-01"
_GRAPH: Final = "2022-10-01"
_PROVIDERS: Final = "2021-04-01"
_NETWORK: Final = "2023-09-01"
_METRICS: Final = "2023-10-01"
_SENTINELS: Final = (
    "resources | where type =~ 'microsoft.operationsmanagement/solutions'"
    " | where name startswith 'SecurityInsights('"
    " | project workspace = tostring(properties.workspaceResourceId), subscriptionId"
)


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

    @property
    def azure(self) -> Management:
        """What asks; made on first use."""
        if self._made is None:
            session = self._session if self._session is not None else default_session()
            self._made = Management(session, self._identity, base_url=self._base_url)
        return self._made

    def get_subscriptions(self) -> Any:
        """A row for each subscription that may be seen."""
        return self.azure.frame(list(self.azure.all("/subscriptions", _SUBSCRIPTIONS)))

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

    def get_resources(self, sub_id: str, *, resource_type: str | None = None) -> Any:
        """A row for each resource of a subscription.

        Args:
            sub_id: the subscription.
            resource_type: only these, such as ``microsoft.compute/virtualmachines``.
        """
        kql = "resources"
        if resource_type is not None:
            kql += f" | where type =~ '{_literal(resource_type)}'"
        return self.azure.frame(self._graph(f"{kql} | order by id asc", [sub_id]))

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

    def get_network_details(self, network_id: str) -> tuple[Any, Any]:
        """A network interface: its addresses, and the rules of its network security group.

        Returns:
            Two frames: a row for each address, and a row for each rule, the default ones too (no
            rows where it has no group).
        """
        card = self.get_resource_details(network_id, api_version=_NETWORK)
        facts = card.get("properties", {})
        group = facts.get("networkSecurityGroup") or {}
        rules: list[dict[str, Any]] = []
        if group.get("id"):
            about = self.get_resource_details(group["id"], api_version=_NETWORK)["properties"]
            rules = [*about.get("securityRules", []), *about.get("defaultSecurityRules", [])]
        return self.azure.frame(facts.get("ipConfigurations", [])), self.azure.frame(rules)

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
            sample_time: the length of a step, as ISO 8601 says it.
        """
        resource_parts(resource_id)
        now = self.azure.session.network.clock.now()
        last = end if end is not None else now
        span = TimeSpan.parse(start if start is not None else _day_before(last, now), last, now=now)
        names = metrics if isinstance(metrics, str) else ",".join(metrics)
        params = {
            "metricnames": names,
            "timespan": f"{_iso(span.start)}/{_iso(span.end)}",
            "interval": sample_time,
            "aggregation": "average,total,minimum,maximum,count",
        }
        path = "/" + resource_id.strip("/") + "/providers/microsoft.insights/metrics"
        found = self.azure.one(path, _METRICS, params=params).get("value", [])
        rows = [
            {"metric": metric["name"]["value"], "unit": metric.get("unit"), **point}
            for metric in found
            for series in metric.get("timeseries", [])
            for point in series.get("data", [])
        ]
        return self.azure.frame(rows)

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
            data = reply.get("data") if isinstance(reply, dict) else None
            if not isinstance(data, list):
                raise BadReply("Resource Graph answered without rows", service="Azure")
            rows += [row for row in data if isinstance(row, dict)]
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
        kind = "/".join(words[at + 2 :: 2]).casefold()
        about = self.azure.one(
            "/subscriptions/{sub}/providers/{provider}", _PROVIDERS,
            fill={"sub": words[1], "provider": words[at + 1]},
        )  # fmt: skip
        for each in about.get("resourceTypes", []):
            if str(each.get("resourceType", "")).casefold() == kind:
                stable = [v for v in each.get("apiVersions", []) if "preview" not in v]
                return str(max(stable or each["apiVersions"]))
        raise UsageError(f"{words[at + 1]} has no resources of type {kind!r}")


def _literal(text: str) -> str:
    return text.replace("\\", "\\\\").replace("'", "\\'")


def _day_before(end: object, now: datetime) -> datetime:
    last = end if isinstance(end, datetime) else TimeSpan.parse("-1s", end, now=now).end
    return last - timedelta(days=1)


def _iso(time: datetime) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")
