"""Only queries whose pieces of time put together are the whole are split."""

from datetime import UTC, datetime

import pytest

from huntkit.core.errors import UsageError
from huntkit.core.timespan import TimeSpan
from huntkit.kql.language import plan
from huntkit.kql.language.binder import bind
from huntkit.kql.language.parser import parse
from huntkit.sources.rowwise import Order, orders_of

COLUMNS = {
    "TimeGenerated": "datetime",
    "Ingested": "datetime",
    "Computer": "string",
    "EventID": "long",
    "Items": "dynamic",
}
SPAN = TimeSpan(datetime(2024, 5, 1, tzinfo=UTC), datetime(2024, 5, 3, tzinfo=UTC))
HEAD = "declare query_parameters(start: datetime, end: datetime);\n"
BOUNDS = "| where TimeGenerated >= start and TimeGenerated < end "


def orders(body: str) -> tuple[Order, ...]:
    text = HEAD + body

    def bound(span: TimeSpan, now: int) -> plan.Plan:
        return bind(
            parse(text),
            text=text,
            tables={"T": COLUMNS, "U": COLUMNS},
            now=now,
            parameters={"start": span.start, "end": span.end},
        )

    return orders_of(bound, SPAN)


@pytest.mark.parametrize(
    "body",
    [
        f"T {BOUNDS}",
        f"T {BOUNDS} | where EventID == 4624 | project TimeGenerated, Computer",
        "T | where TimeGenerated >= start | where TimeGenerated < end | where EventID == 1",
        "T | where start <= TimeGenerated and end > TimeGenerated",
        (
            "T | where EventID == 1 and TimeGenerated >= start and Computer == 'x' "
            "and TimeGenerated < end | extend y = EventID + 1"
        ),
        "T | where EventID == 1 | extend When = TimeGenerated | where When >= start and When < end",
        f"T {BOUNDS} | mv-expand Items",
        f"union (T {BOUNDS}), (U {BOUNDS} | where EventID == 1)",
        f"union T, U {BOUNDS}",
        f"T {BOUNDS} | where Computer in (dynamic(['a', 'b']))",
        f"T {BOUNDS} | where Computer in (U | project Computer)",
        f"let n = 3; T {BOUNDS} | where EventID > n",
    ],
)
def test_what_looks_at_one_row_at_a_time_is_split(body: str) -> None:
    assert orders(body) == ()


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (f"T {BOUNDS} | summarize count() by Computer", "summarize"),
        (f"T {BOUNDS} | count", "summarize"),
        (f"T {BOUNDS} | distinct Computer", "distinct"),
        (f"T {BOUNDS} | top 5 by EventID", "top"),
        (f"T {BOUNDS} | take 5", "take"),
        (f"T | take 5 {BOUNDS}", "take"),
        (f"T {BOUNDS} | join kind=inner (U {BOUNDS}) on Computer", "join"),
        (f"T {BOUNDS} | lookup (U) on Computer", "join"),
        (f"T {BOUNDS} | serialize n = row_number()", "neighbouring"),
        (f"T {BOUNDS} | make-series n=count() on TimeGenerated step 1h", "make-series"),
        (f"T {BOUNDS} | evaluate bag_unpack(Items)", "plugin"),
        ("T | where EventID == 1", "half-open bounds"),
        ("T | where TimeGenerated between (start .. end)", "half-open bounds"),
        (
            "T | where TimeGenerated >= datetime(2024-05-01 01:00) and TimeGenerated < end",
            "half-open bounds",
        ),
        ("T | where TimeGenerated >= start + 1h and TimeGenerated < end", "half-open bounds"),
        ("T | where TimeGenerated >= start and TimeGenerated <= end", "half-open bounds"),
        ("T | where TimeGenerated > start and TimeGenerated < end", "half-open bounds"),
        ("T | where TimeGenerated >= start and Ingested < end", "half-open bounds"),
        (f"union (T {BOUNDS}), U", "half-open bounds"),
        (f"union (T {BOUNDS}), (print TimeGenerated = now())", "half-open bounds"),
        (f"T {BOUNDS} | where Ingested >= start and Ingested < end", "more than the bounds"),
        (f"T {BOUNDS} | where Ingested >= start - 1d", "more than the bounds"),
        (f"T {BOUNDS} | extend Length = end - start", "more than the bounds"),
        (f"T {BOUNDS} | where EventID == getyear(start)", "more than the bounds"),
        (f"T {BOUNDS} | where EventID == dayofmonth(end)", "more than the bounds"),
        (f"T {BOUNDS} | where Computer in (U {BOUNDS} | project Computer)", "more than the"),
        (f"T {BOUNDS} | extend Age = now() - TimeGenerated", r"now\(\)"),
        (f"T {BOUNDS} | where Ingested > startofday(ago(7d))", r"now\(\)"),
        (f"T {BOUNDS} | order by tolower(Computer) asc", "computed"),
        (f"T {BOUNDS} | order by EventID asc | project Computer", "does not show"),
    ],
)
def test_what_would_not_be_exact_is_refused_with_the_reason(body: str, why: str) -> None:
    with pytest.raises(UsageError, match=why) as caught:
        orders(body)
    assert caught.value.hint


def test_the_order_is_told_by_the_answers_own_columns() -> None:
    body = f"T {BOUNDS} | order by TimeGenerated desc, Computer asc"
    assert orders(f"{body} | project When = TimeGenerated, Computer") == (
        Order("When", ascending=False, nulls_first=False),
        Order("Computer", ascending=True, nulls_first=True),
    )
