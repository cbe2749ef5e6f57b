"""Threat indicators of a workspace in a stand-in."""

from datetime import UTC, datetime
from typing import Any

import polars as pl
import pytest

from huntkit.core.errors import BadReply, RequestFailed, UnknownColumn, UsageError
from huntkit.enrich.azure.sentinel import VERSION, MicrosoftSentinel
from servers import Answer, Asked

MD5 = "0cc175b9c0f1b6a831c399e269772661"


def patterns(sentinel: MicrosoftSentinel) -> list[str]:
    found: list[str] = sentinel.get_all_indicators()["properties.pattern"].to_list()
    return found


@pytest.mark.parametrize(
    ("text", "ioc_type", "pattern", "kind"),
    [
        ("evil.example.com", "dns", "[domain-name:value = 'evil.example.com']", "domain-name"),
        ("192.0.2.1", "ipv4", "[ipv4-addr:value = '192.0.2.1']", "ipv4-addr"),
        ("2001:db8::1", "ipv6", "[ipv6-addr:value = '2001:db8::1']", "ipv6-addr"),
        ("http://evil.example/a?b='c'\\d", "url",
         "[url:value = 'http://evil.example/a?b=\\'c\\'\\\\d']", "url"),
        (MD5.upper(), "md5_hash", f"[file:hashes.'MD5' = '{MD5}']", "file"),
    ],
)  # fmt: skip
def test_an_indicator_is_made_as_stix_has_it(
    sentinel: MicrosoftSentinel, text: str, ioc_type: str, pattern: str, kind: str
) -> None:
    name = sentinel.create_indicator(text, ioc_type, "Bad", 80, threat_types=["malicious-activity"])
    found = sentinel.get_indicator(name)
    assert found["kind"] == "indicator"
    facts = found["properties"]
    assert (facts["pattern"], facts["patternType"]) == (pattern, kind)
    assert (facts["displayName"], facts["confidence"]) == ("Bad", 80)
    assert (facts["source"], facts["revoked"]) == ("huntkit", False)
    assert facts["validFrom"].endswith("Z")


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        (("evil", "ipv4"), "is no ipv4"),
        (("x' OR '1", "dns"), "is no dns"),
        (("x", "dnss"), "did you mean 'dns'"),
        (("a/b", "linux_path"), "takes no indicators of type 'linux_path'"),
        (("192.0.2.1", "ipv4", "n", 101), "not between 0 and 100"),
    ],
)
def test_what_is_no_indicator_is_refused(
    server: Any, sentinel: MicrosoftSentinel, facts: Any, said: str
) -> None:
    with pytest.raises(UsageError, match=said):
        sentinel.create_indicator(*facts)
    assert server.asked == []


def test_rows_become_indicators_and_what_does_not_is_said(
    sentinel: MicrosoftSentinel, workspace: Any
) -> None:
    table = pl.DataFrame({
        "Observable": ["192.0.2.1", "C:\\x", "192.0.2.1", "evil.example.com", None, "192.0.2.9"],
        "IoCType": ["ipv4", "windows_path", "ipv4", "dns", "dns", "ipv4"],
        "Sure": [10, 20, 30, 40, 50, 101],
    })  # fmt: skip
    with pytest.warns(UserWarning, match="4 not sent of 6"):
        found = sentinel.bulk_create_indicators(table, confidence_column="Sure")
    assert found["outcome"].to_list() == ["went", "not sent", "not sent", "went", "not sent",
                                          "not sent"]  # fmt: skip
    assert found["error"][1].startswith("Sentinel takes no indicators of type")
    assert found["error"][2] == "the same as row 0"
    assert patterns(sentinel) == [
        "[ipv4-addr:value = '192.0.2.1']", "[domain-name:value = 'evil.example.com']",
    ]  # fmt: skip
    assert [each["properties"]["confidence"] for each in workspace.kept.values()] == [10, 40]
    with pytest.raises(UnknownColumn):
        sentinel.bulk_create_indicators(table, "Observabl")


def test_a_bulk_that_breaks_off_says_where(sentinel: MicrosoftSentinel, workspace: Any) -> None:
    count = 0

    def refuses(asked: Asked) -> Answer | None:
        nonlocal count
        count += asked.method == "POST"
        if count == 2:
            return Answer(hang_up=True)
        return Answer(status=403) if count > 2 else None

    workspace.refuses = refuses
    table = pl.DataFrame({"Observable": [f"192.0.2.{n}" for n in range(5)], "IoCType": "ipv4"})
    with pytest.warns(UserWarning, match="1 failed, 1 unknown, 2 not sent of 5"):
        found = sentinel.bulk_create_indicators(table)
    assert found["outcome"].to_list() == ["went", "unknown", "failed", "not sent", "not sent"]
    assert found["name"].is_not_null().to_list() == [True, False, False, False, False]


def test_all_pages_of_a_query_come(sentinel: MicrosoftSentinel, server: Any) -> None:
    for n in range(5):
        sentinel.create_indicator(f"192.0.2.{n}", "ipv4")
    server.asked.clear()
    order = {"itemKey": "lastUpdatedTimeUtc", "sortOrder": "descending"}
    found = sentinel.query_indicators(
        keywords="x", min_confidence=5, sort_by=order, pattern_types=["ipv4-addr"],
        min_valid_until=datetime(2026, 5, 1, tzinfo=UTC),
    )  # fmt: skip
    assert found.height == 5
    bodies = [asked.json() for asked in server.asked]
    assert bodies[0] == {
        "includeDisabled": False, "keywords": ["x"], "minConfidence": 5, "maxConfidence": 100,
        "minValidUntil": "2026-05-01T00:00:00.000000Z", "patternTypes": ["ipv4-addr"],
        "sortBy": [order],
    }  # fmt: skip
    assert [body.get("skipToken") for body in bodies] == [None, "2", "4"]
    assert {asked.params["api-version"] for asked in server.asked} == {VERSION}
    assert sentinel.query_indicators(limit=3).height == 3
    assert sentinel.get_all_indicators(limit=1, orderby="name desc").height == 1
    assert server.asked[-1].params["$top"] == "1"
    with pytest.raises(UsageError, match="sort_by is no sorting"):
        sentinel.query_indicators(sort_by={"itemKey": "x"})


def test_a_query_that_does_not_say_how_it_goes_on_is_an_error(
    sentinel: MicrosoftSentinel, server: Any
) -> None:
    server.handler = lambda _: Answer(json={"value": [{}], "nextLink": f"{server.url}/more?x=1"})
    with pytest.raises(BadReply, match="how it goes on"):
        sentinel.query_indicators()
    server.handler = lambda _: Answer(json={"value": [{}], "nextLink": "x?$skipToken=1"})
    with pytest.raises(BadReply, match="leads back"):
        sentinel.query_indicators()


def test_an_update_keeps_what_it_does_not_name(sentinel: MicrosoftSentinel, workspace: Any) -> None:
    name = sentinel.create_indicator("192.0.2.1", "ipv4", "Bad", 80, labels=["one"])
    before = sentinel.get_indicator(name)["properties"]
    changed = sentinel.update_indicator(name, confidence=20, revoked=True, description="<b>")
    assert changed["properties"] == {
        **before, "confidence": 20, "revoked": True, "description": "<b>",
    }  # fmt: skip
    sentinel.add_tag(name, "two")
    assert sentinel.get_indicator(name)["properties"]["threatIntelligenceTags"] == ["one", "two"]
    path = f"threatIntelligence/main/indicators/{name}"

    def raced(asked: Asked) -> None:
        if asked.method == "PUT":
            workspace.put(path, {"kind": "indicator", "properties": {"displayName": "Theirs"}})

    workspace.refuses = raced
    with pytest.raises(RequestFailed) as caught:
        sentinel.update_indicator(name, name="Mine")
    assert caught.value.status == 412
    assert workspace.kept[path]["properties"] == {"displayName": "Theirs"}


def test_what_else_an_indicator_says(sentinel: MicrosoftSentinel) -> None:
    name = sentinel.create_indicator(
        "evil.example.com", "dns", kill_chain_phases=["delivery"], valid_to=datetime(2030, 1, 1),
        external_references=["https://report.example/1", {"sourceName": "us"}],
    )  # fmt: skip
    facts = sentinel.get_indicator(name)["properties"]
    assert facts["killChainPhases"] == [
        {"phaseName": "delivery", "killChainName": "lockheed-martin"}
    ]
    assert facts["externalReferences"] == [
        {"url": "https://report.example/1"}, {"sourceName": "us"},
    ]  # fmt: skip
    assert facts["validUntil"] == "2030-01-01T00:00:00.000000Z"
    sentinel.delete_indicator(name)
    assert sentinel.get_all_indicators().height == 0


def test_how_many_there_are_of_each_kind(sentinel: MicrosoftSentinel) -> None:
    assert sentinel.get_ti_metrics().rows() == [("patternTypeMetrics", "url", 20)]
