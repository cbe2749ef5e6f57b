"""Objects give values to parameters that they have attributes for, and never pieces of query."""

from dataclasses import dataclass
from datetime import datetime

import pandas as pd
import pytest

from huntkit.core.errors import UsageError
from huntkit.core.timespan import TimeSpan
from huntkit.sources.queries import Parameter, Query, values_from

QUERY = Query(
    name="q",
    text="T",
    parameters={
        "start": Parameter(name="start", type="datetime"),
        "end": Parameter(name="end", type="datetime"),
        "host_name": Parameter(name="host_name", aliases=("hostname", "computer")),
        "ip_list": Parameter(name="ip_list", type="list", aliases=("address",)),
        "table": Parameter(name="table", type="table", default="T"),
        "add_query_items": Parameter(name="add_query_items", type="kql", default=""),
        "host_op": Parameter(name="host_op", type="op", choices=("has", "=="), default="has"),
    },
)


@dataclass
class Host:
    HostName: str = "ws01"
    Address: str = ""
    table: str = "Secrets"
    add_query_items: str = "| union Secrets"
    host_op: str = "=="

    def start(self) -> str:
        return "a method is no value"


class Broken:
    @property
    def host_name(self) -> str:
        raise AttributeError("not here")


def test_attributes_match_by_name_and_alias_in_any_spelling() -> None:
    assert values_from(QUERY, [Host()]) == {"host_name": "ws01"}
    assert values_from(QUERY, [{"Computer": "ws02", "address": ["203.0.113.7"]}]) == {
        "host_name": "ws02",
        "ip_list": ["203.0.113.7"],
    }


def test_pieces_of_query_are_never_taken_from_objects() -> None:
    hostile = {"table": "Secrets", "add_query_items": "| union Secrets", "host_op": "=="}
    assert values_from(QUERY, [hostile, Host(), pd.Series(hostile)]) == {"host_name": "ws01"}


def test_the_first_object_that_has_a_value_gives_it() -> None:
    span = TimeSpan(datetime(2024, 5, 1), datetime(2024, 5, 2))
    other = TimeSpan(datetime(2024, 6, 1), datetime(2024, 6, 2))
    found = values_from(
        QUERY, [Host(HostName=""), span, {"host_name": "a"}, {"host_name": "b"}, other]
    )
    assert found == {"start": span.start, "end": span.end, "host_name": "a"}


def test_rows_and_alerts_give_values() -> None:
    row = pd.DataFrame({"Computer": ["ws03"], "index": [1]}).iloc[0]
    assert values_from(QUERY, [row]) == {"host_name": "ws03"}

    class Alert:
        def __init__(self) -> None:
            self.query_params = {"start": "2024-05-01", "hostname": "ws04"}

    assert values_from(QUERY, [Alert()]) == {"start": "2024-05-01", "host_name": "ws04"}
    assert values_from(QUERY, [Broken()]) == {}


@pytest.mark.parametrize("value", ["ws01", 5, None, True, b"x"])
def test_a_plain_value_needs_a_name(value: object) -> None:
    with pytest.raises(UsageError, match="without a name"):
        values_from(QUERY, [value])
