"""Incidents of a Sentinel workspace, with what belongs to them."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from huntkit.core.errors import BadReply, UsageError, did_you_mean
from huntkit.enrich.azure.management import iso_utc
from huntkit.enrich.azure.sentinel_workspace import SentinelWorkspace

SEVERITIES: Final = ("High", "Medium", "Low", "Informational")
_STATES: Final = ("New", "Active", "Closed")
_CLASSES: Final = ("TruePositive", "FalsePositive", "BenignPositive", "Undetermined")
_KEPT: Final = ("title", "severity", "status")  # what an update must send along
_KEPT_TOO: Final = (
    "owner", "labels", "description", "classification", "classificationReason",
    "classificationComment", "firstActivityTimeUtc", "lastActivityTimeUtc",
)  # fmt: skip


class SentinelIncidents(SentinelWorkspace):
    """The part of `MicrosoftSentinel` that deals with incidents."""

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
                found[kind] = self._belonging(name, kind)
        if comments:
            found["comments"] = list(self._all("incidents/{name}/comments", fill={"name": name}))
        return found

    def get_entities(self, incident: str) -> Any:
        """A row for each entity of an incident."""
        return self.azure.frame(self._belonging(self._incident(incident), "entities"))

    def get_incident_alerts(self, incident: str) -> Any:
        """A row for each alert of an incident."""
        return self.azure.frame(self._belonging(self._incident(incident), "alerts"))

    def get_incident_bookmarks(self, incident: str) -> Any:
        """A row for each bookmark of an incident."""
        return self.azure.frame(self._belonging(self._incident(incident), "bookmarks"))

    def get_incident_comments(self, incident: str) -> Any:
        """A row for each comment on an incident."""
        return self._list("incidents/{name}/comments", fill={"name": self._incident(incident)})

    def get_incident_relations(self, incident: str) -> Any:
        """A row for everything that is tied to an incident: bookmarks, alerts, entities."""
        return self._list("incidents/{name}/relations", fill={"name": self._incident(incident)})

    def create_incident(
        self,
        title: str,
        severity: str,
        *,
        status: str = "New",
        description: str | None = None,
        first_activity_time: datetime | None = None,
        last_activity_time: datetime | None = None,
        labels: Sequence[str] = (),
        bookmarks: Sequence[str] = (),
        name: str | None = None,
    ) -> str:
        """The name of a new incident. Changes the workspace.

        Args:
            title: its title.
            severity: ``High``, ``Medium``, ``Low`` or ``Informational``.
            status: ``New``, ``Active`` or ``Closed``.
            description: what it is about.
            first_activity_time: when it began; without a zone in UTC.
            last_activity_time: when something last happened.
            labels: its tags.
            bookmarks: names of bookmarks that are tied to it.
            name: its name (a GUID); made here by default.
        """
        facts = _checked({"title": title, "severity": severity, "status": status})
        if description:
            facts["description"] = description
        if labels:
            facts["labels"] = [{"labelName": each} for each in labels]
        if first_activity_time is not None:
            facts["firstActivityTimeUtc"] = iso_utc(first_activity_time)
        if last_activity_time is not None:
            facts["lastActivityTimeUtc"] = iso_utc(last_activity_time)
        name = name or str(uuid.uuid4())
        self._send("PUT", "incidents/{name}", name=name, body={"properties": facts})
        for each in bookmarks:
            self.add_bookmark_to_incident(name, each)
        return name

    def update_incident(self, incident: str, update_items: Mapping[str, Any]) -> dict[str, Any]:
        """Change an incident, unless somebody changed it since; gives it as it is then.

        Closing one needs ``classification`` beside ``status``.

        Raises:
            RequestFailed: with status 412: it was changed by somebody else in between.
        """
        name = self._incident(incident)
        now = self._one("incidents/{name}", name=name)
        facts = now["properties"]
        before = {key: facts[key] for key in _KEPT if key in facts}
        keep = {key: facts[key] for key in _KEPT_TOO if facts.get(key) is not None}
        body = {"properties": _checked({**before, **keep, **update_items}), "etag": now.get("etag")}
        reply = self._send(
            "PUT", "incidents/{name}", name=name, body=body, etag=now.get("etag"), repeatable=False
        )
        changed: dict[str, Any] = reply.json()
        return changed

    def delete_incident(self, incident: str) -> None:
        """Delete an incident. Changes the workspace."""
        self._send("DELETE", "incidents/{name}", name=self._incident(incident))

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
        mark = bookmark.rstrip("/").rsplit("/", 1)[-1]
        place = f"{self.resource_id}/providers/Microsoft.SecurityInsights/bookmarks/{mark}"
        self._send(
            "PUT", "incidents/{name}/relations/{relation}", name=name, relation=relation,
            body={"properties": {"relatedResourceId": place}},
        )  # fmt: skip
        return relation

    def _belonging(self, name: str, kind: str) -> list[dict[str, Any]]:
        reply = self._send("POST", f"incidents/{{name}}/{kind}", name=name, repeatable=True)
        body = reply.json()
        listed = body.get("entities" if kind == "entities" else "value") if body else None
        if not isinstance(listed, list) or not all(isinstance(each, dict) for each in listed):
            raise BadReply(f"Azure answered without the incident's {kind}", service="Azure")
        return listed

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


def _checked(facts: Mapping[str, Any]) -> dict[str, Any]:
    """The facts, checked here, since the service's own message names no field."""
    for name, known in (("severity", SEVERITIES), ("status", _STATES)):
        if facts.get(name) not in known:
            raise UsageError(
                f"an incident's {name} is not {facts.get(name)!r}",
                hint=did_you_mean(str(facts.get(name)), known) or f"one of {', '.join(known)}",
            )
    if facts["status"] == "Closed" and facts.get("classification") not in _CLASSES:
        raise UsageError(
            "a closed incident needs a classification", hint=f"one of {', '.join(_CLASSES)}"
        )
    return dict(facts)
