"""Evidence as a place to query."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

import huntkit
from huntkit.core.errors import UnknownTable, UsageError
from huntkit.kql import KqlError
from huntkit.runtime.session import Session
from huntkit.sources.driver import Request
from huntkit.sources.drivers.local import Local, LocalOptions, LocalSettings
from huntkit.testing import check_driver


def event(time: str, computer: str = "pc1.example", **more: object) -> dict[str, object]:
    return {
        "EventID": 4688,
        "Channel": "Security",
        "Computer": computer,
        "TimeCreated": time,
        "NewProcessName": "C:\\x\\a.exe",
        **more,
    }


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    events = [event("2026-01-02T03:04:05Z"), event("2026-01-02T05:00:00Z", "pc2.example")]
    (tmp_path / "events.json").write_text("\n".join(map(json.dumps, events)))
    return tmp_path


def local(**settings: object) -> Local:
    return Local("Local", LocalSettings(**settings), Session())  # type: ignore[arg-type]


def ask(driver: Local, text: str, **parameters: object) -> list[dict[str, object]]:
    request = Request(text=text, options=LocalOptions(), parameters=parameters)
    return driver.run(request).table.to_pylist()


def test_it_keeps_the_promises_of_drivers(folder: Path) -> None:
    check_driver(
        Local,
        settings={"data": str(folder)},
        query="SecurityEvent | project Computer, TimeGenerated | order by Computer asc",
        empty="SecurityEvent | where Computer == 'nobody'",
        refused="NoSuchTable | take 1",
    )


def test_values_enter_as_declared_parameters(folder: Path) -> None:
    text = "declare query_parameters(host: string); SecurityEvent | where Computer == host | count"
    assert ask(local(data=folder), text, host="pc1.example") == [{"Count": 1}]
    assert ask(local(data=folder), text, host='" or true //') == [{"Count": 0}]


def test_relative_times_count_from_the_last_event_and_the_span_is_all_of_it(folder: Path) -> None:
    driver = local(data=folder)
    assert driver.now == datetime(2026, 1, 2, 5, tzinfo=UTC)
    span = driver.span()
    assert span is not None
    assert span.start == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert span.end == datetime(2026, 1, 2, 5, 0, 0, 1, tzinfo=UTC)
    [row] = ask(driver, "SecurityEvent | where TimeGenerated > ago(1h) | project Computer")
    assert row == {"Computer": "pc2.example"}


def test_open_evidence_can_be_given_and_stays_open(folder: Path) -> None:
    with huntkit.open(folder, frame="polars") as evidence:
        driver = local(data=evidence)
        assert ask(driver, "SecurityEvent | count") == [{"Count": 2}]
        assert "EventID" in driver.schema()["SecurityEvent"]
        driver.close()
        assert evidence.kql("SecurityEvent | count").rows() == [(2,)]


def test_the_identity_changes_with_the_content(folder: Path, tmp_path_factory: object) -> None:
    one, same = local(data=folder), local(data=[folder])
    one.connect()
    same.connect()
    (folder / "more.json").write_text(json.dumps(event("2026-01-02T06:00:00Z")))
    other = local(data=folder)
    other.connect()
    assert one.identity == same.identity != other.identity


def test_evidence_that_could_not_all_be_read_gives_partial_answers(folder: Path) -> None:
    (folder / "broken.zip").write_bytes(b"PK\x03\x04" + b"\x00" * 50)
    driver = local(data=folder)
    answer = driver.run(Request(text="SecurityEvent | count", options=LocalOptions()))
    assert answer.partial
    assert "broken.zip" in answer.gaps[0].reason
    assert answer.gaps[0].helps == "nothing"


def test_no_evidence_is_a_clear_mistake() -> None:
    with pytest.raises(UsageError, match="say which evidence"):
        local().run(Request(text="print 1", options=LocalOptions()))


def test_a_wrong_query_keeps_its_own_error(folder: Path) -> None:
    with pytest.raises((KqlError, UnknownTable), match="SecurtyEvent"):
        ask(local(data=folder), "SecurtyEvent | count")
