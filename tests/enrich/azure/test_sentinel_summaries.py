"""Dynamic summaries of a workspace in a stand-in."""

import json
from datetime import UTC, datetime
from typing import Any

import polars as pl
import pytest

from huntkit.core.errors import RequestFailed, UsageError
from huntkit.enrich.azure.sentinel import MicrosoftSentinel

TABLE = pl.DataFrame({
    "Host": ["ws1", "=cmd"], "At": [datetime(2026, 5, 1, tzinfo=UTC), None], "Tags": [["a"], None],
})  # fmt: skip


def content(workspace: Any, name: str) -> list[dict[str, Any]]:
    text = workspace.kept[f"dynamicSummaries/{name}"]["properties"]["rawContent"]
    found: list[dict[str, Any]] = json.loads(text)
    return found


def test_a_summary_keeps_rows_as_items(
    workspace: Any, server: Any, sentinel: MicrosoftSentinel
) -> None:
    name = sentinel.create_dynamic_summary(
        "Hunt", "what we saw", TABLE, tactics="Discovery", source_info={"from": "us"},
        columns={"search_key": "Host", "event_time_utc": "At"},
    )  # fmt: skip
    facts = dict(workspace.kept[f"dynamicSummaries/{name}"]["properties"])
    assert len(facts.pop("rawContent")) > 0
    assert facts == {
        "summaryId": name, "summaryName": "Hunt", "summaryDescription": "what we saw",
        "tactics": ["Discovery"], "techniques": [], "sourceInfo": {"from": "us"},
    }  # fmt: skip
    first, second = content(workspace, name)
    assert first.pop("summaryItemId") != second.pop("summaryItemId")
    assert first == {
        "searchKey": "ws1", "eventTimeUTC": "2026-05-01T00:00:00Z",
        "packedContent": {"Host": "ws1", "At": "2026-05-01T00:00:00Z", "Tags": ["a"]},
    }  # fmt: skip
    assert second == {"searchKey": "=cmd", "packedContent": {"Host": "=cmd"}}
    assert {asked.params["api-version"] for asked in server.asked} == {"2023-03-01-preview"}


def test_summaries_are_listed_changed_and_deleted(
    workspace: Any, sentinel: MicrosoftSentinel
) -> None:
    names = [sentinel.create_dynamic_summary(f"Hunt {n}", data=TABLE) for n in range(3)]
    found = sentinel.list_dynamic_summaries()
    assert found["properties.summaryName"].to_list() == ["Hunt 0", "Hunt 1", "Hunt 2"]
    before = content(workspace, names[0])
    sentinel.update_dynamic_summary(names[0], description="later")
    facts = sentinel.get_dynamic_summary(names[0])["properties"]
    assert (facts["summaryName"], facts["summaryDescription"]) == ("Hunt 0", "later")
    assert content(workspace, names[0]) == before
    sentinel.update_dynamic_summary(names[0], TABLE.head(1))
    assert len(content(workspace, names[0])) == 1
    sentinel.delete_dynamic_summary(names[0])
    with pytest.raises(RequestFailed) as caught:
        sentinel.update_dynamic_summary(names[0], name="x")
    assert caught.value.status == 404


def test_items_are_asked_for_in_the_logs(sentinel: MicrosoftSentinel) -> None:
    class Provider:
        def exec_query(self, query: str, /, **parameters: Any) -> Any:
            return query

    name = "8ecf8077-cf51-4820-aadd-14040956f35d"
    asked = sentinel.get_dynamic_summary(name, summary_items=True, provider=Provider())
    assert asked.startswith(f"DynamicSummary | where SummaryId == '{name}'")
    with pytest.raises(UsageError, match="in the workspace's logs"):
        sentinel.get_dynamic_summary(name, summary_items=True)
    with pytest.raises(UsageError, match="is no id"):
        sentinel.get_dynamic_summary("x' or 1==1", summary_items=True, provider=Provider())


def test_wrong_summaries_are_refused(server: Any, sentinel: MicrosoftSentinel) -> None:
    with pytest.raises(UsageError, match="needs a name"):
        sentinel.create_dynamic_summary("")
    for columns in ({"search_key": "Hst"}, {"serch_key": "Host"}):
        with pytest.raises(UsageError, match="is not possible"):
            sentinel.create_dynamic_summary("x", data=TABLE, columns=columns)
    assert server.asked == []
