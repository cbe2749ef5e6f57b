"""Analytics rules, their templates, bookmarks, saved queries and searches of a workspace."""

import re
import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from huntkit.core.errors import UsageError, did_you_mean
from huntkit.core.timespan import TimeSpan
from huntkit.enrich.azure.management import iso_utc
from huntkit.enrich.azure.sentinel_workspace import WORKSPACE, SentinelWorkspace, is_guid

_TABLES: Final = "2025-02-01"  # saved searches and tables belong to the workspace itself
_HUNTING: Final = "Hunting Queries"
_SEVERITIES: Final = ("High", "Medium", "Low", "Informational")
_OPERATORS: Final = ("GreaterThan", "LessThan", "Equal", "NotEqual")
_TACTICS: Final = (
    "Reconnaissance", "ResourceDevelopment", "InitialAccess", "Execution", "Persistence",
    "PrivilegeEscalation", "DefenseEvasion", "CredentialAccess", "Discovery", "LateralMovement",
    "Collection", "Exfiltration", "CommandAndControl", "Impact", "PreAttack",
    "ImpairProcessControl", "InhibitResponseFunction",
)  # fmt: skip
_OF_TEMPLATE: Final = (
    "query", "queryFrequency", "queryPeriod", "severity", "triggerOperator", "triggerThreshold",
    "displayName", "description", "tactics", "techniques", "entityMappings", "customDetails",
    "alertDetailsOverride", "eventGroupingSettings",
)  # fmt: skip
_DURATION: Final = re.compile(r"P(?=\d|T\d)(?:\d{1,3}D)?(?:T(?:\d{1,4}H)?(?:\d{1,4}M)?)?")
_LONGEST_QUERY: Final = 10_000
_SEARCH: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,57}")
_ENDING: Final = "_SRCH"


class SentinelRules(SentinelWorkspace):
    """The part of `MicrosoftSentinel` that deals with rules and queries."""

    def list_alert_rules(self) -> Any:
        """A row for each analytics rule."""
        return self._list("alertRules")

    def list_analytic_templates(self) -> Any:
        """A row for each template of a rule."""
        return self._list("alertRuleTemplates")

    def create_analytic_rule(
        self,
        template: str | None = None,
        name: str | None = None,
        *,
        hunting_query: str | None = None,
        query: str | None = None,
        enabled: bool = True,
        query_frequency: str | None = None,
        query_period: str | None = None,
        severity: str | None = None,
        suppression_duration: str = "PT1H",
        suppression_enabled: bool = False,
        trigger_operator: str | None = None,
        trigger_threshold: int | None = None,
        description: str | None = None,
        tactics: Sequence[str] | None = None,
    ) -> str:
        """The name (GUID) of a new scheduled rule. Changes the workspace.

        What is not said comes from the template or the hunting query; else it is the usual: every
        five hours over five hours, severity Medium, an alert if there is any row.

        Args:
            template: the name or displayed name of a template.
            name: the rule's displayed name.
            hunting_query: the name or displayed name of a hunting query.
            query: the rule's KQL.
            enabled: whether it runs from now on.
            query_frequency: how often, as ISO 8601 says it: ``PT5H``.
            query_period: how far back it looks.
            severity: ``High``, ``Medium``, ``Low`` or ``Informational``.
            suppression_duration: how long it rests after an alert.
            suppression_enabled: whether it rests.
            trigger_operator: ``GreaterThan``, ``LessThan``, ``Equal`` or ``NotEqual``.
            trigger_threshold: how many rows that compares with.
            description: what it is about.
            tactics: of ATT&CK: ``InitialAccess`` or ``Initial Access`` ...

        Raises:
            UsageError: something of that is wrong, or there is no such template or query.
        """
        if sum(each is not None for each in (template, hunting_query)) > 1:
            raise UsageError("a rule is made of a template or of a hunting query, not of both")
        facts: dict[str, Any] = {"queryFrequency": "PT5H", "queryPeriod": "PT5H",
                                 "severity": "Medium", "triggerOperator": "GreaterThan",
                                 "triggerThreshold": 0}  # fmt: skip
        if template is not None:
            facts |= self._of_template(template)
        elif hunting_query is not None:
            facts |= self._of_hunting_query(hunting_query)
        said = {"displayName": name, "query": query, "queryFrequency": query_frequency,
                "queryPeriod": query_period, "severity": severity, "description": description,
                "triggerOperator": trigger_operator, "triggerThreshold": trigger_threshold,
                "tactics": list(tactics) if tactics is not None else None}  # fmt: skip
        facts |= {key: value for key, value in said.items() if value is not None}
        facts |= {"enabled": enabled, "suppressionDuration": suppression_duration,
                  "suppressionEnabled": suppression_enabled}  # fmt: skip
        rule = str(uuid.uuid4())
        body = {"kind": "Scheduled", "properties": _rule(facts)}
        self._send("PUT", "alertRules/{name}", name=rule, body=body)
        return rule

    def delete_analytic_rule(self, analytic_rule: str) -> None:
        """Delete an analytics rule by its name, id or displayed name. Changes the workspace.

        Raises:
            UsageError: there is no such rule, or there are several.
        """
        name = analytic_rule.rstrip("/").rsplit("/", 1)[-1]
        if not is_guid(name):
            name = str(self._by_name(self._all("alertRules"), analytic_rule, "rule")["name"])
        self._send("DELETE", "alertRules/{name}", name=name)

    def list_bookmarks(self) -> Any:
        """A row for each bookmark."""
        return self._list("bookmarks")

    def create_bookmark(
        self,
        name: str,
        query: str,
        results: str | None = None,
        notes: str | None = None,
        labels: Sequence[str] = (),
    ) -> str:
        """The id (GUID) of a new bookmark. Changes the workspace."""
        bookmark = str(uuid.uuid4())
        facts: dict[str, Any] = {"displayName": name, "query": query, "labels": list(labels)}
        facts |= {"queryResult": results} if results else {}
        facts |= {"notes": notes} if notes else {}
        self._send("PUT", "bookmarks/{name}", name=bookmark, body={"properties": facts})
        return bookmark

    def delete_bookmark(self, bookmark: str) -> None:
        """Delete a bookmark by its name, id or displayed name. Changes the workspace.

        Raises:
            UsageError: there is no such bookmark, or there are several.
        """
        name = bookmark.rstrip("/").rsplit("/", 1)[-1]
        if not is_guid(name):
            name = str(self._by_name(self._all("bookmarks"), bookmark, "bookmark")["name"])
        self._send("DELETE", "bookmarks/{name}", name=name)

    def list_saved_queries(self) -> Any:
        """A row for each query that is saved in the workspace."""
        return self.azure.frame(self._saved())

    def list_hunting_queries(self) -> Any:
        """A row for each hunting query."""
        return self.azure.frame(self._hunting())

    def list_data_connectors(self) -> Any:
        """A row for each data connector."""
        return self._list("dataConnectors")

    def create_search(
        self,
        query: str,
        start: object = None,
        end: object = None,
        search_name: str | None = None,
        *,
        limit: int = 1000,
    ) -> str:
        """Let the workspace search in old data; gives the table in which the rows will be.

        It takes minutes to hours: `check_search_status` says when it is done. Changes the
        workspace, and costs by what is searched.

        Args:
            query: KQL on one table.
            start: from then on; a day before `end` by default.
            end: until then; now by default.
            search_name: the table's name without ``_SRCH``; made here by default.
            limit: at most so many rows.
        """
        name = search_name or f"huntkit_{uuid.uuid4().hex[:12]}"
        table = _search_table(name)
        now = self.azure.session.network.clock.now()
        last = now if end is None else end
        first = start
        if first is None:
            until = last if isinstance(last, datetime) else TimeSpan.parse("-1s", last, now=now).end
            first = until - timedelta(days=1)
        span = TimeSpan.parse(first, last, now=now)
        facts = {"query": query, "limit": limit, "startSearchTime": iso_utc(span.start),
                 "endSearchTime": iso_utc(span.end)}  # fmt: skip
        self.azure.ask(
            "PUT", f"{WORKSPACE}/tables/{{table}}", _TABLES,
            fill={**self._workspace, "table": table}, body={"properties": {"searchResults": facts}},
        )  # fmt: skip
        return table

    def check_search_status(self, search_name: str) -> bool:
        """Whether a search is done, and its table complete.

        Raises:
            RequestFailed: with status 404: there is no such search.
        """
        fill = {**self._workspace, "table": _search_table(search_name)}
        found = self.azure.one(f"{WORKSPACE}/tables/{{table}}", _TABLES, fill=fill)
        return bool(found.get("properties", {}).get("provisioningState") == "Succeeded")

    def delete_search(self, search_name: str) -> None:
        """Delete a search and its table. Changes the workspace."""
        fill = {**self._workspace, "table": _search_table(search_name)}
        self.azure.ask("DELETE", f"{WORKSPACE}/tables/{{table}}", _TABLES, fill=fill)

    def _of_template(self, template: str) -> dict[str, Any]:
        found = self._by_name(self._all("alertRuleTemplates"), template, "template")
        if found.get("kind") != "Scheduled":
            raise UsageError(f"{template!r:.100} is a template of kind {found.get('kind')!r}")
        about = found.get("properties", {})
        facts = {key: about[key] for key in _OF_TEMPLATE if about.get(key) is not None}
        facts["alertRuleTemplateName"] = found["name"]
        if about.get("version"):
            facts["templateVersion"] = about["version"]
        return facts

    def _of_hunting_query(self, wanted: str) -> dict[str, Any]:
        found = self._by_name(iter(self._hunting()), wanted, "hunting query")
        about = found["properties"]
        tags = {str(each.get("name")): str(each.get("value")) for each in about.get("tags") or []}
        facts = {"displayName": about.get("displayName"), "query": about.get("query"),
                 "description": tags.get("description")}  # fmt: skip
        if tags.get("tactics"):
            facts["tactics"] = [each.strip() for each in tags["tactics"].split(",")]
        return {key: value for key, value in facts.items() if value}

    def _saved(self) -> list[dict[str, Any]]:
        return list(self.azure.all(f"{WORKSPACE}/savedSearches", _TABLES, fill=self._workspace))

    def _hunting(self) -> list[dict[str, Any]]:
        saved = self._saved()
        return [each for each in saved if each.get("properties", {}).get("category") == _HUNTING]


def _rule(facts: dict[str, Any]) -> dict[str, Any]:
    """The facts of a rule, checked here, since the service's own message names no field."""
    faults = []
    query = str(facts.get("query") or "")
    if not facts.get("displayName"):
        faults.append("a rule needs a name")
    if not 0 < len(query) <= _LONGEST_QUERY:
        faults.append(f"a rule's query has 1 to {_LONGEST_QUERY:,} letters, not {len(query):,}")
    for key, known in (("severity", _SEVERITIES), ("triggerOperator", _OPERATORS)):
        if facts[key] not in known:
            near = did_you_mean(str(facts[key]), known) or f"one of {', '.join(known)}"
            faults.append(f"{key} is not {facts[key]!r} ({near})")
    faults += [
        f"{key} is not {facts[key]!r} (as in PT5H or P1D)"
        for key in ("queryFrequency", "queryPeriod", "suppressionDuration")
        if not _DURATION.fullmatch(str(facts[key]))
    ]
    if "tactics" in facts:
        facts["tactics"] = [str(each).replace(" ", "") for each in facts["tactics"]]
        faults += [
            f"there is no tactic {each!r} {did_you_mean(each, _TACTICS)}".strip()
            for each in facts["tactics"]
            if each not in _TACTICS
        ]
    if faults:
        raise UsageError("; ".join(faults), context={"faults": faults})
    return facts


def _search_table(name: str) -> str:
    """The table of a search, whose name always ends in ``_SRCH``."""
    bare = name.removesuffix(_ENDING)
    if not _SEARCH.fullmatch(bare):
        raise UsageError(
            f"{name!r:.80} can't be the name of a search",
            hint="letters, digits and _, a letter first",
        )
    return bare + _ENDING
