"""Microsoft Sentinel as a place to work in: incidents, rules, bookmarks, watchlists, indicators.

Shaped by Microsoft's REST reference, api-version 2025-09-01; never run against a live workspace by
this project. Logs are asked for by ``QueryProvider("MSSentinel")``, not here.
"""

from typing import Any, Final

from huntkit.core.errors import UsageError
from huntkit.enrich.azure.resources import AzureData
from huntkit.enrich.azure.sentinel_incidents import SentinelIncidents
from huntkit.enrich.azure.sentinel_indicators import SentinelIndicators
from huntkit.enrich.azure.sentinel_rules import SentinelRules
from huntkit.enrich.azure.sentinel_summaries import SentinelSummaries
from huntkit.enrich.azure.sentinel_watchlists import SentinelWatchlists
from huntkit.enrich.azure.sentinel_workspace import VERSION
from huntkit.runtime.session import Session
from huntkit.signin.azure import AzureIdentity

__all__ = ["VERSION", "AzureSentinel", "MicrosoftSentinel"]

_WORKSPACES: Final = (
    "resources | where type =~ 'microsoft.operationalinsights/workspaces' | where {which}"
    " | project id, name, subscriptionId, resourceGroup, tenantId,"
    " workspaceId = tostring(properties.customerId)"
)


class MicrosoftSentinel(
    SentinelIncidents, SentinelRules, SentinelWatchlists, SentinelIndicators, SentinelSummaries
):
    """One Sentinel workspace, by Azure's management API.

    Args:
        res_id: the workspace's resource id, instead of the next four.
        workspace: its name in the settings file, under ``MSSentinel: Workspaces:``; ``Default`` if
            nothing is said at all.
        sub_id: the subscription.
        res_grp: the resource group.
        ws_name: the workspace.
        identity: who asks; by default whoever is signed in on this machine.
        session: network, settings and the kind of frames.
        base_url: another address than the cloud's.

    Lists are frames with a row for each thing, with columns such as ``properties.title``, and
    always complete: every page is asked for.

    Raises:
        UsageError: the workspace is not named wholly.
    """

    @classmethod
    def get_workspace_settings(
        cls,
        workspace_id: str | None = None,
        resource_id: str | None = None,
        *,
        identity: AzureIdentity | None = None,
        session: Session | None = None,
        base_url: str | None = None,
    ) -> dict[str, dict[str, str]]:
        """What the settings file needs to know of a workspace: name -> its entry.

        Args:
            workspace_id: its id (a GUID), or
            resource_id: its resource id.
            identity: who asks.
            session: network.
            base_url: another address than the cloud's.

        Raises:
            UsageError: nobody can see such a workspace.
        """
        if (workspace_id is None) == (resource_id is None):
            raise UsageError("give workspace_id or resource_id")
        if resource_id is not None:
            which = f"id =~ {_quoted(resource_id)}"
        else:
            which = f"properties.customerId =~ {_quoted(str(workspace_id))}"
        return _settings(AzureData(identity, session=session, base_url=base_url), which)

    @classmethod
    def get_workspace_settings_by_name(
        cls,
        workspace_name: str,
        subscription_id: str = "",
        resource_group: str = "",
        *,
        identity: AzureIdentity | None = None,
        session: Session | None = None,
        base_url: str | None = None,
    ) -> dict[str, dict[str, str]]:
        """The same by the workspace's name; several of that name need more words.

        Raises:
            UsageError: nobody can see such a workspace, or there are several.
        """
        which = f"name =~ {_quoted(workspace_name)}"
        if subscription_id:
            which += f" and subscriptionId =~ {_quoted(subscription_id)}"
        if resource_group:
            which += f" and resourceGroup =~ {_quoted(resource_group)}"
        return _settings(AzureData(identity, session=session, base_url=base_url), which)

    @classmethod
    def get_workspace_details_from_url(
        cls,
        portal_url: str,
        *,
        identity: AzureIdentity | None = None,
        session: Session | None = None,
        base_url: str | None = None,
    ) -> dict[str, dict[str, str]]:
        """The same by a URL of the Azure portal.

        Raises:
            UsageError: the URL shows no workspace, or nobody can see it.
        """
        return cls.get_workspace_settings(
            resource_id=cls.workspace_of(portal_url), identity=identity, session=session,
            base_url=base_url,
        )  # fmt: skip

    @classmethod
    def get_workspace_id(
        cls, workspace_name: str, subscription_id: str = "", resource_group: str = "", **asked: Any
    ) -> str:
        """A workspace's id (GUID) by its name; see `get_workspace_settings_by_name`."""
        found = cls.get_workspace_settings_by_name(
            workspace_name, subscription_id, resource_group, **asked
        )
        return next(iter(found.values()))["WorkspaceId"]

    @classmethod
    def get_workspace_name(
        cls, workspace_id: str | None = None, resource_id: str | None = None, **asked: Any
    ) -> str:
        """A workspace's name by its id; see `get_workspace_settings`."""
        return next(iter(cls.get_workspace_settings(workspace_id, resource_id, **asked)))


def _settings(azure: AzureData, which: str) -> dict[str, dict[str, str]]:
    rows = azure.rows(_WORKSPACES.format(which=which))
    if len(rows) != 1:
        names = ", ".join(str(row.get("id")) for row in rows[:5])
        raise UsageError(
            "there are several such workspaces" if rows else "nobody can see such a workspace",
            hint=names or "is it the right tenant, and may you read it?",
        )
    row = {key: str(value) for key, value in rows[0].items()}
    entry = {
        "WorkspaceId": row["workspaceId"], "TenantId": row["tenantId"],
        "SubscriptionId": row["subscriptionId"], "ResourceGroup": row["resourceGroup"],
        "WorkspaceName": row["name"],
    }  # fmt: skip
    return {row["name"]: entry}


def _quoted(text: str) -> str:
    """A text as a literal of KQL, which it can't leave."""
    inner = text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n").replace("\r", "\\r")
    return f"'{inner}'"


AzureSentinel = MicrosoftSentinel
"""The same under its older name."""
