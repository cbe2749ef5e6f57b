"""Advanced hunting by Microsoft Graph, on a stand-in of its documented form."""

from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest

import huntkit.kql
from huntkit.core.errors import BadReply, HuntkitError
from huntkit.runtime.secrets import Secret
from huntkit.runtime.session import Session
from huntkit.sources.driver import Limits, Nothing, Request
from huntkit.sources.drivers.defender import Defender, DefenderSettings
from huntkit.sources.errors import QueryRefused
from huntkit.sources.waiting import now_of
from huntkit.testing import check_driver
from servers import Answer, Asked, in_turn

EVENTS = pl.DataFrame(
    {
        "Timestamp": [datetime(2024, 5, 1, n, tzinfo=UTC) for n in range(3)],
        "DeviceName": ["ws01", "", "ws03"],
        "ProcessId": [1, 2, None],
    }
)
NAMES = {"Timestamp": "DateTime", "DeviceName": "String", "ProcessId": "Int64"}


def service(asked: Asked) -> Answer:
    """``schema`` and ``results``, as Graph's page on runHuntingQuery shows them."""
    assert asked.path == "/v1.0/security/runHuntingQuery"
    try:
        found = huntkit.kql.query(
            asked.json()["Query"], tables={"DeviceEvents": EVENTS}, frame="polars"
        )
    except HuntkitError as problem:
        return Answer(400, json={"error": {"code": "BadRequest", "message": str(problem)}})
    schema = [{"name": n, "type": NAMES.get(n, "Int64")} for n in found.columns]
    results = [
        {n: v.isoformat().replace("+00:00", "Z") if isinstance(v, datetime) else v
         for n, v in row.items() if v is not None}
        for row in found.to_dicts()
    ]  # fmt: skip
    return Answer(
        json={
            "@odata.context": "x",
            "schema": schema,
            "results": [{"@odata.type": "#x", **row} for row in results],
        }
    )


@pytest.fixture
def session() -> Any:
    with Session() as made:
        yield made


def connected(session: Session, url: str) -> Defender:
    made = Defender("M365D", DefenderSettings(endpoint=url, token=Secret.held("good")), session)
    now_of(made.connect())
    return made


def ask(driver: Defender, text: str, **request: Any) -> Any:
    return now_of(driver.run(Request(text=text, options=Nothing(), **request)))


def test_rows_have_their_types_and_what_is_left_out_is_null(http_server, session):
    driver = connected(session, http_server(service).url)
    answer = ask(driver, "DeviceEvents | order by Timestamp asc")
    assert answer.table.to_pylist() == EVENTS.to_dicts()
    assert not answer.partial
    nothing = ask(driver, "DeviceEvents | where ProcessId == 99")
    assert nothing.table.schema.equals(answer.table.schema)


def test_it_keeps_the_promises_of_drivers(http_server, monkeypatch):
    monkeypatch.setenv("GRAPH_TOKEN", "good")
    monkeypatch.setattr(Defender, "limits", Limits(max_parallel=2, max_rows=100_000))
    with Session() as session:
        check_driver(
            Defender,
            settings={"endpoint": http_server(service).url, "token": "env:GRAPH_TOKEN"},
            query="DeviceEvents | order by Timestamp asc",
            empty="DeviceEvents | where ProcessId == 99",
            refused="DeviceEvents | whre 1",
            session=session,
        )


def test_the_time_range_is_sent_and_what_is_too_old_is_said(http_server, session):
    server = http_server(service)
    driver = connected(session, server.url)
    answer = ask(driver, "DeviceEvents", start=datetime(2024, 5, 1, tzinfo=UTC),
                 end=datetime(2024, 5, 2, tzinfo=UTC))  # fmt: skip
    assert server.asked[-1].json()["Timespan"] == "2024-05-01T00:00:00Z/2024-05-02T00:00:00Z"
    (gap,) = answer.gaps
    assert (gap.helps, "30 days" in gap.reason) == ("nothing", True)
    now = datetime.now(UTC)
    assert not ask(driver, "DeviceEvents", start=now - timedelta(days=7), end=now).gaps


def test_refusals_and_broken_replies(http_server, session):
    good = Answer(json={"schema": [], "results": []})
    server = http_server(in_turn(good, Answer(json={"results": None}), Answer(json=[]),
                                 Answer(429, headers={"Retry-After": "0"}), good))  # fmt: skip
    driver = connected(session, server.url)
    for _ in range(2):
        with pytest.raises(BadReply):
            ask(driver, "DeviceEvents")
    assert ask(driver, "DeviceEvents").table.num_rows == 0
    with pytest.raises(QueryRefused, match="whre"):
        ask(connected(session, http_server(service).url), "DeviceEvents | whre 1")
