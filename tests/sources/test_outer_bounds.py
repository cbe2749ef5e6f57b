"""A range of time goes beside a query only where nothing of the query lies outside of it."""

from datetime import UTC, datetime

import pytest

from huntkit.core.timespan import TimeSpan
from huntkit.sources.outer_bounds import reads_within
from huntkit.sources.queries import asked_of, built_in, render

DAY = TimeSpan(datetime(2024, 5, 1, tzinfo=UTC), datetime(2024, 5, 2, tzinfo=UTC))
SINCE = "TimeGenerated >= datetime(2024-05-01)"
UNTIL = "TimeGenerated < datetime(2024-05-02)"
BOUNDS = f"{SINCE} and {UNTIL}"


@pytest.mark.parametrize(
    "text",
    [
        f"Heartbeat | where {BOUNDS}",
        f"Heartbeat | where {BOUNDS} | summarize count() by Computer",
        f"Heartbeat | where {SINCE} | where {UNTIL} | take 1",
        f"Heartbeat | where datetime(2024-05-01) <= TimeGenerated and {UNTIL}",
        f"Heartbeat | extend n = 1 | where {BOUNDS} | join (Syslog | where {BOUNDS}) on Computer",
        f"union Syslog, Heartbeat | where {BOUNDS}",
        f"let x = Heartbeat | where {BOUNDS}; x | where Computer in (x | project Computer)",
        "Heartbeat | where TimeGenerated between (datetime(2024-05-01) .. 12h)",
        f"DeviceEvents | where {BOUNDS.replace('TimeGenerated', 'Timestamp')}",
        "print x = 1",
    ],
)  # fmt: skip
def test_it_goes_where_every_table_is_read_within_it(text):
    assert reads_within(text, DAY)


@pytest.mark.parametrize(
    "text",
    [
        "Heartbeat | take 1",
        f"Heartbeat | where {SINCE}",
        f"Heartbeat | where TimeGenerated >= datetime(2024-04-20) and {UNTIL}",
        f"Heartbeat | where {BOUNDS} | join (Syslog | where TimeGenerated > ago(14d)) on Computer",
        f"Heartbeat | where {BOUNDS} | where Computer in (Syslog | project Computer)",
        f"Heartbeat | where {BOUNDS} | extend n = toscalar(Syslog | count)",
        f"Heartbeat | summarize arg_max(TimeGenerated, *) by Computer | where {BOUNDS}",
        f"SigninLogs | extend TimeGenerated = CreatedDateTime | where {BOUNDS}",
        f"SigninLogs | where {BOUNDS.replace('TimeGenerated', 'CreatedDateTime')}",
        f"Heartbeat | where {BOUNDS} or Computer == 'x'",
        f"NoSuchTable | where {BOUNDS}",
        "not kql at all |",
    ],
)  # fmt: skip
def test_it_stays_where_more_may_be_read_or_nobody_can_tell(text):
    assert not reads_within(text, DAY)


def test_most_queries_of_the_library_are_bounded():
    found = {}
    for query in asked_of(built_in(), "MSSentinel"):
        values: dict[str, object] = {"start": DAY.start, "end": DAY.end}
        for each in query.parameters.values():
            if each.required:
                values[each.name] = {"list": ["x"], "int": 1, "table": "Syslog"}.get(each.type, "x")
        found[query.name] = reads_within(render(query, values, now=DAY.end).text, DAY)
    assert sum(found.values()) > 0.7 * len(found) > 70
