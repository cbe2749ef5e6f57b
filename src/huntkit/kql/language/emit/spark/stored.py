"""What a Spark table's own columns hold, as KQL's values."""

import datetime as dt
from decimal import Decimal
from typing import Any

from huntkit.kql.language.emit.duckdb.values import dump
from huntkit.kql.language.emit.spark.registry import python, template

template("datetime_of_timestamp", "a", "unix_micros(a) * 10 + 621355968000000000")
template("datetime_of_date", "a", "(cast(unix_date(a) AS bigint) + 719162) * 864000000000")
# without a zone it is UTC, whatever the session's is
template(
    "datetime_of_timestamp_ntz",
    "a",
    "(cast(unix_date(cast(a AS date)) AS bigint) + 719162) * 864000000000"
    " + (hour(a) * 3600 + minute(a) * 60) * 10000000L"
    " + cast(extract(second FROM a) * 10000000 AS bigint)",
)
template("timespan_of_interval", "a", "py_ticks_of_length(a)")
template("timespan_of_bigint", "a", "a * 10")  # microseconds
template(
    "length_of_micros",
    "a",
    "make_dt_interval(cast(a div 86400000000 AS int), 0, 0,"
    " cast((a % 86400000000) / 1000000D AS decimal(18, 6)))",
)
template("interval", "a", "kql_length_of_micros(kql_floor_div(a, 10))")


@python("ticks_of_length", "L")
def ticks_of_length(value: dt.timedelta | None) -> int | None:
    """An interval in ticks."""
    return None if value is None else value // dt.timedelta(microseconds=1) * 10


@python("json_of_value", "V")
def json_of_value(value: Any) -> str | None:
    """An array, struct or map as JSON."""
    return dump(_plain(value))


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(name): _plain(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, dt.datetime):
        return value.isoformat()
    if isinstance(value, dt.date | dt.timedelta):
        return str(value)
    return value
