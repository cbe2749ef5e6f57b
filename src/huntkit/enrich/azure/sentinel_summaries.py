"""Dynamic summaries of a Sentinel workspace: results of a hunt that stay, with facts about them.

Only a preview of the interface has them, version 2023-03-01-preview. Their items are in the table
``DynamicSummary``, which a provider asks: ``QueryProvider("MSSentinel")``.
"""

import uuid
from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson

from huntkit.core.contracts import QueryRunner
from huntkit.core.errors import UsageError
from huntkit.enrich.azure.sentinel_workspace import SentinelWorkspace, is_guid
from huntkit.tables import to_polars

_PREVIEW: Final = "2023-03-01-preview"
_ITEM_FACTS: Final = {
    "summary_item_id": "summaryItemId", "relation_name": "relationName",
    "relation_id": "relationId", "search_key": "searchKey", "tactics": "tactics",
    "techniques": "techniques", "event_time_utc": "eventTimeUTC",
    "observable_type": "observableType", "observable_value": "observableValue",
}  # fmt: skip


class SentinelSummaries(SentinelWorkspace):
    """The part of `MicrosoftSentinel` that deals with dynamic summaries."""

    def list_dynamic_summaries(self) -> Any:
        """A row for each dynamic summary, without its items."""
        path = f"{self._base}/dynamicSummaries"
        return self.azure.frame(list(self.azure.all(path, _PREVIEW, fill=self._workspace)))

    def get_dynamic_summary(
        self, summary_id: str, *, summary_items: bool = False, provider: QueryRunner | None = None
    ) -> Any:
        """One dynamic summary as a dictionary, or its items as a frame.

        Args:
            summary_id: its id (a GUID).
            summary_items: the items, which `provider` asks the workspace's logs for.
            provider: a connected ``QueryProvider("MSSentinel")``.

        Raises:
            UsageError: this is no id, or items are wanted and nobody can ask for them.
        """
        name = _guid(summary_id)
        if not summary_items:
            return self._one("dynamicSummaries/{name}", version=_PREVIEW, name=name)
        if provider is None:
            raise UsageError(
                "the items are in the workspace's logs",
                hint="provider= a connected QueryProvider('MSSentinel')",
            )
        return provider.exec_query(
            "DynamicSummary"
            f" | where SummaryId == '{name}' and SummaryStatus == 'Active'"
            " | where SummaryDataType == 'SummaryItem'"
            " | summarize arg_max(TimeGenerated, *) by SummaryItemId"
        )

    def create_dynamic_summary(
        self,
        name: str,
        description: str = "",
        data: Any = None,
        *,
        summary_id: str | None = None,
        tenant_id: str | None = None,
        azure_tenant_id: str | None = None,
        search_key: str | None = None,
        tactics: Sequence[str] | str = (),
        techniques: Sequence[str] | str = (),
        source_info: Mapping[str, Any] | None = None,
        columns: Mapping[str, str] | None = None,
    ) -> str:
        """The id of a new dynamic summary. Changes the workspace.

        Args:
            name: its name.
            description: what it is about.
            data: any frame; each row becomes an item, with all its columns.
            summary_id: its id (a GUID); made here by default.
            tenant_id: the tenant that it is about.
            azure_tenant_id: the tenant that keeps it.
            search_key: a word by which it is found.
            tactics: of ATT&CK.
            techniques: of ATT&CK.
            source_info: where it is from.
            columns: which columns hold facts that items have themselves: ``search_key``,
                ``event_time_utc``, ``observable_type``, ``observable_value``, ``tactics``,
                ``techniques``, ``relation_name``, ``relation_id`` -> the column's name.
        """
        if not name:
            raise UsageError("a dynamic summary needs a name")
        known = _guid(summary_id) if summary_id else str(uuid.uuid4())
        facts: dict[str, Any] = {
            "summaryId": known, "summaryName": name, "summaryDescription": description or None,
            "tenantId": tenant_id, "azureTenantId": azure_tenant_id, "searchKey": search_key,
            "tactics": _listed(tactics), "techniques": _listed(techniques),
            "sourceInfo": dict(source_info) if source_info else None,
            "rawContent": None if data is None else _items(data, columns or {}),
        }  # fmt: skip
        self._put(known, {key: value for key, value in facts.items() if value is not None})
        return known

    def update_dynamic_summary(
        self,
        summary_id: str,
        data: Any = None,
        *,
        name: str | None = None,
        description: str | None = None,
        search_key: str | None = None,
        tactics: Sequence[str] | str | None = None,
        techniques: Sequence[str] | str | None = None,
        source_info: Mapping[str, Any] | None = None,
        columns: Mapping[str, str] | None = None,
    ) -> str:
        """Change a dynamic summary, unless somebody changed it since; what is not said stays.

        Items are replaced by those of `data`, if it is given; else they stay.

        Raises:
            RequestFailed: with status 404: there is none; 412: it was changed in between.
        """
        known = _guid(summary_id)
        now = self._one("dynamicSummaries/{name}", version=_PREVIEW, name=known)
        said: dict[str, Any] = {
            "summaryName": name, "summaryDescription": description, "searchKey": search_key,
            "tactics": None if tactics is None else _listed(tactics),
            "techniques": None if techniques is None else _listed(techniques),
            "sourceInfo": dict(source_info) if source_info else None,
            "rawContent": None if data is None else _items(data, columns or {}),
        }  # fmt: skip
        facts = {**now.get("properties", {}), "summaryId": known}
        facts |= {key: value for key, value in said.items() if value is not None}
        self._put(known, facts, etag=now.get("etag"))
        return known

    def delete_dynamic_summary(self, summary_id: str) -> None:
        """Delete a dynamic summary. Changes the workspace."""
        name = _guid(summary_id)
        self._send("DELETE", "dynamicSummaries/{name}", version=_PREVIEW, name=name)

    def _put(self, name: str, facts: Mapping[str, Any], *, etag: str | None = None) -> None:
        self._send(
            "PUT", "dynamicSummaries/{name}", version=_PREVIEW, name=name, etag=etag,
            body={"properties": dict(facts)}, repeatable=False if etag else None,
        )  # fmt: skip


def _guid(summary_id: str) -> str:
    name = summary_id.rstrip("/").rsplit("/", 1)[-1]
    if not is_guid(name):
        raise UsageError(f"{summary_id!r:.80} is no id of a dynamic summary")
    return name


def _listed(words: Sequence[str] | str) -> list[str]:
    return [words] if isinstance(words, str) else list(words)


def _items(data: Any, columns: Mapping[str, str]) -> str:
    """The rows as items, as JSON text in JSON: that is how the API takes them."""
    table = to_polars(data)
    for fact, column in columns.items():
        if fact not in _ITEM_FACTS or column not in table.columns:
            raise UsageError(
                f"columns: {fact!r} of {column!r} is not possible",
                hint=f"facts: {', '.join(_ITEM_FACTS)}; columns: {', '.join(table.columns)}",
            )
    items = []
    for row in table.iter_rows(named=True):
        packed = {name: value for name, value in row.items() if value is not None}
        own = {
            _ITEM_FACTS[fact]: _fact(fact, row[column])
            for fact, column in columns.items()
            if row[column] is not None
        }
        items.append({"summaryItemId": str(uuid.uuid4()), **own, "packedContent": packed})
    return orjson.dumps(items, default=str, option=orjson.OPT_UTC_Z).decode()


def _fact(fact: str, value: Any) -> Any:
    if fact in ("tactics", "techniques"):
        return _listed(value)
    return value
