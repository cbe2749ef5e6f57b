"""Microsoft Sentinel as a place to work in: incidents, rules, bookmarks, watchlists, queries.

Shaped by Microsoft's REST reference, api-version 2025-09-01; never run against a live workspace by
this project. Logs are asked for by ``QueryProvider("MSSentinel")``, not here.
"""

import uuid
from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import unquote

from huntkit.core.errors import UsageError, did_you_mean
from huntkit.enrich.azure.management import Management, resource_parts
from huntkit.runtime.session import Session, default_session
from huntkit.signin.azure import AzureIdentity, AzureTokens

VERSION: Final = "2025-09-01"
_SAVED: Final = "2025-02-01"  # saved searches belong to the workspace
_INSIGHTS: Final = "/providers/Microsoft.SecurityInsights"
_SEVERITIES: Final = ("High", "Medium", "Low", "Informational")
_STATES: Final = ("New", "Active", "Closed")
_HUNTING: Final = "Hunting Queries"
_KEPT: Final = ("title", "severity", "status")  # what an update must send along


class MicrosoftSentinel:
    """One Sentinel workspace, by Azure's management API.

    Args:
        res_id: the workspace's resource id, instead of the next three.
        sub_id: the subscription.
        res_grp: the resource group.
        ws_name: the workspace.
        identity: who asks; by default whoever is signed in on this machine.
        session: network and the kind of frames.
        base_url: another address than the cloud's.

    Lists are frames with a row for each thing, with columns such as ``properties.title``, and
    always complete: every page is asked for.

    Raises:
        UsageError: the workspace is not named wholly.
    """

    def __init__(
        self,
        res_id: str | None = None,
        *,
        sub_id: str | None = None,
        res_grp: str | None = None,
        ws_name: str | None = None,
        identity: AzureIdentity | None = None,
        session: Session | None = None,
        base_url: str | None = None,
    ) -> None:
        if res_id is not None:
            parts = resource_parts(res_id)
            sub_id, res_grp = parts["subscription_id"], parts["resource_group"]
            ws_name = parts["name"]
        if not (sub_id and res_grp and ws_name):
            raise UsageError(
                "which workspace?",
                hint="MicrosoftSentinel(sub_id=..., res_grp=..., ws_name=...), or its resource id",
            )
        self.workspace = {"sub": sub_id, "grp": res_grp, "ws": ws_name}
        self._identity = identity or AzureIdentity()
        self._session = session
        self._base_url = base_url
        self._made: Management | None = None

    @staticmethod
    def workspace_of(portal_url: str) -> str:
        """The resource id of the workspace that a URL of the Azure portal shows.

        Raises:
            UsageError: it shows none.

        Examples:
            >>> MicrosoftSentinel.workspace_of(
            ...     "https://portal.azure.com/#view/Microsoft_Azure_Security_Insights/Main/id/"
            ...     "%2Fsubscriptions%2F1%2FresourceGroups%2Frg%2Fproviders%2F"
            ...     "Microsoft.OperationalInsights%2Fworkspaces%2Fsoc")
            '/subscriptions/1/resourceGroups/rg/providers/Microsoft.OperationalInsights/workspaces/soc'
        """
        text = unquote(portal_url)
        words = text[text.lower().find("/subscriptions/") :].split("/")[:9]
        if len(words) < 9 or words[7].casefold() != "workspaces":
            raise UsageError("this URL shows no workspace", hint="open the workspace in the portal")
        name = words[8].partition("?")[0].partition("&")[0]
        return "/".join([*words[:8], name])

    @property
    def azure(self) -> Management:
        """What asks; made on first use."""
        if self._made is None:
            session = self._session if self._session is not None else default_session()
            self._made = Management(session, self._identity, base_url=self._base_url)
        return self._made

    def connect(self) -> None:
        """Sign in now rather than with the first question.

        Raises:
            AccessDenied: nobody could be signed in.
        """
        scope = f"{self._identity.hosts.management}/.default"
        AzureTokens(self._identity, scope).token(fresh=False)

    # Incidents

    def list_incidents(self, *, filter: str | None = None, orderby: str | None = None) -> Any:  # noqa: A002  OData's word
        """A row for each incident; `filter` and `orderby` in OData, on the server."""
        return self._list("incidents", params={"$filter": filter, "$orderby": orderby})

    def get_incident(
        self,
        incident: str,
        *,
        entities: bool = False,
        alerts: bool = False,
        comments: bool = False,
        bookmarks: bool = False,
    ) -> dict[str, Any]:
        """One incident, by its name (GUID), its number, or its id; with what belongs to it.

        Raises:
            UsageError: no incident has that number.
        """
        name = self._incident(incident)
        found = self._one("incidents/{name}", name=name)
        for wanted, kind in ((entities, "entities"), (alerts, "alerts"), (bookmarks, "bookmarks")):
            if wanted:
                reply = self._send("POST", f"incidents/{{name}}/{kind}", name=name, repeatable=True)
                body = reply.json()
                found[kind] = body.get("entities" if kind == "entities" else "value", [])
        if comments:
            found["comments"] = list(self._all("incidents/{name}/comments", fill={"name": name}))
        return found

    def create_incident(
        self,
        title: str,
        severity: str,
        *,
        status: str = "New",
        description: str | None = None,
        labels: Sequence[str] = (),
        name: str | None = None,
    ) -> str:
        """The name of a new incident. Changes the workspace."""
        facts = _incident_facts({"title": title, "severity": severity, "status": status})
        if description:
            facts["description"] = description
        if labels:
            facts["labels"] = [{"labelName": each} for each in labels]
        name = name or str(uuid.uuid4())
        self._send("PUT", "incidents/{name}", name=name, body={"properties": facts})
        return name

    def update_incident(self, incident: str, update_items: Mapping[str, Any]) -> dict[str, Any]:
        """Change an incident, unless somebody changed it since; gives it as it is then.

        Closing one needs ``classification`` beside ``status``.

        Raises:
            RequestFailed: with status 412: it was changed by somebody else in between.
        """
        name = self._incident(incident)
        now = self._one("incidents/{name}", name=name)
        before = {key: now["properties"][key] for key in _KEPT if key in now["properties"]}
        keep = {k: now["properties"][k] for k in ("owner", "labels", "description",
                "classification", "classificationReason", "classificationComment")
                if now["properties"].get(k) is not None}  # fmt: skip
        facts = _incident_facts({**before, **keep, **update_items})
        body = {"properties": facts, "etag": now.get("etag")}
        reply = self._send(
            "PUT", "incidents/{name}", name=name, body=body, etag=now.get("etag"), repeatable=False
        )
        changed: dict[str, Any] = reply.json()
        return changed

    def post_comment(self, incident: str, comment: str) -> str:
        """Write a comment on an incident; gives the comment's name. Changes the workspace."""
        name, comment_name = self._incident(incident), str(uuid.uuid4())
        self._send(
            "PUT", "incidents/{name}/comments/{comment}", name=name, comment=comment_name,
            body={"properties": {"message": comment}},
        )  # fmt: skip
        return comment_name

    def add_bookmark_to_incident(self, incident: str, bookmark: str) -> str:
        """Tie a bookmark to an incident; gives the relation's name. Changes the workspace."""
        name, relation = self._incident(incident), str(uuid.uuid4())
        ids = f"{self._base}/bookmarks/{{bookmark}}".format(**self.workspace, bookmark=bookmark)
        self._send(
            "PUT", "incidents/{name}/relations/{relation}", name=name, relation=relation,
            body={"properties": {"relatedResourceId": ids}},
        )  # fmt: skip
        return relation

    # Rules, bookmarks, watchlists, queries

    def list_alert_rules(self) -> Any:
        """A row for each analytics rule."""
        return self._list("alertRules")

    def list_analytic_templates(self) -> Any:
        """A row for each template of a rule."""
        return self._list("alertRuleTemplates")

    def delete_analytic_rule(self, rule: str) -> None:
        """Delete an analytics rule by its name. Changes the workspace."""
        self._send("DELETE", "alertRules/{name}", name=rule)

    def list_bookmarks(self) -> Any:
        """A row for each bookmark."""
        return self._list("bookmarks")

    def create_bookmark(
        self, name: str, query: str, *, results: str | None = None, notes: str | None = None,
        labels: Sequence[str] = (),
    ) -> str:  # fmt: skip
        """The id (GUID) of a new bookmark. Changes the workspace."""
        bookmark = str(uuid.uuid4())
        facts: dict[str, Any] = {"displayName": name, "query": query, "labels": list(labels)}
        facts |= {"queryResult": results} if results else {}
        facts |= {"notes": notes} if notes else {}
        self._send("PUT", "bookmarks/{name}", name=bookmark, body={"properties": facts})
        return bookmark

    def delete_bookmark(self, bookmark: str) -> None:
        """Delete a bookmark. Changes the workspace."""
        self._send("DELETE", "bookmarks/{name}", name=bookmark)

    def list_watchlists(self) -> Any:
        """A row for each watchlist."""
        return self._list("watchlists")

    def list_watchlist_items(self, watchlist: str) -> Any:
        """A row for each item of a watchlist, by its alias."""
        things = self._all("watchlists/{name}/watchlistItems", fill={"name": watchlist})
        return self.azure.frame(list(things))

    def delete_watchlist(self, watchlist: str) -> None:
        """Delete a watchlist with its items. Changes the workspace."""
        self._send("DELETE", "watchlists/{name}", name=watchlist)

    def list_saved_queries(self) -> Any:
        """A row for each query that is saved in the workspace."""
        return self.azure.frame(self._saved())

    def list_hunting_queries(self) -> Any:
        """A row for each hunting query."""
        return self.azure.frame(
            [each for each in self._saved() if each["properties"].get("category") == _HUNTING]
        )

    def list_data_connectors(self) -> Any:
        """A row for each data connector."""
        return self._list("dataConnectors")

    def _saved(self) -> list[dict[str, Any]]:
        path = f"{_WORKSPACE}/savedSearches"
        return list(self.azure.all(path, _SAVED, fill=self.workspace))

    def _incident(self, given: str) -> str:
        """The name of an incident that is given by its number, id or name."""
        text = str(given).strip()
        if not text.isdecimal():
            return text.rsplit("/", 1)[-1]
        only = {"$filter": f"properties/incidentNumber eq {int(text)}"}
        for each in self._all("incidents", params=only):
            if each.get("properties", {}).get("incidentNumber") == int(text):
                return str(each["name"])
        raise UsageError(f"the workspace has no incident {text}")

    @property
    def _base(self) -> str:
        return _WORKSPACE + _INSIGHTS

    def _list(self, path: str, **options: Any) -> Any:
        return self.azure.frame(list(self._all(path, **options)))

    def _all(self, path: str, *, fill: Mapping[str, str] | None = None, **options: Any) -> Any:
        filled = {**self.workspace, **(fill or {})}
        return self.azure.all(f"{self._base}/{path}", VERSION, fill=filled, **options)

    def _one(self, path: str, **fill: str) -> dict[str, Any]:
        return self.azure.one(f"{self._base}/{path}", VERSION, fill={**self.workspace, **fill})

    def _send(
        self,
        method: str,
        path: str,
        *,
        body: Any = None,
        etag: str | None = None,
        repeatable: bool | None = None,
        **fill: str,
    ) -> Any:
        return self.azure.ask(
            method, f"{self._base}/{path}", VERSION, fill={**self.workspace, **fill}, body=body,
            etag=etag, repeatable=repeatable,
        )  # fmt: skip


_WORKSPACE: Final = (
    "/subscriptions/{sub}/resourceGroups/{grp}"
    "/providers/Microsoft.OperationalInsights/workspaces/{ws}"
)


def _incident_facts(facts: Mapping[str, Any]) -> dict[str, Any]:
    """The facts, checked here, since the service's own message names no field."""
    for name, known in (("severity", _SEVERITIES), ("status", _STATES)):
        if facts.get(name) not in known:
            raise UsageError(
                f"an incident's {name} is not {facts.get(name)!r}",
                hint=did_you_mean(str(facts.get(name)), known) or f"one of {', '.join(known)}",
            )
    if facts["status"] == "Closed" and not facts.get("classification"):
        raise UsageError(
            "a closed incident needs a classification",
            hint="TruePositive, FalsePositive, BenignPositive or Undetermined",
        )
    return dict(facts)


AzureSentinel = MicrosoftSentinel
"""The same under its older name."""
