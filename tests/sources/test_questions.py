"""Values of a call become those of the query's own parameters."""

from datetime import UTC, datetime

import pytest

from huntkit.core.errors import UsageError
from huntkit.core.timespan import TimeSpan
from huntkit.sources.queries import Parameter, Query
from huntkit.sources.questions import Clock, of_query

NOW = datetime(2024, 5, 2, tzinfo=UTC)
CLOCK = Clock(now=NOW, chosen=None, usual=lambda: TimeSpan(datetime(2024, 5, 1, tzinfo=UTC), NOW))
QUERY = Query(
    name="q",
    text="declare query_parameters(host_name: string); Heartbeat | where Computer =~ host_name",
    parameters={"host_name": Parameter(name="host_name", aliases=("hostname",))},
)


def test_an_alias_is_the_parameter() -> None:
    question = of_query("F.q", QUERY, {"hostname": "ws01"}, CLOCK)
    assert question.words(None).parameters["host_name"] == "ws01"


def test_one_parameter_under_two_names_is_refused() -> None:
    with pytest.raises(UsageError, match="host_name is given twice"):
        of_query("F.q", QUERY, {"host_name": "a", "hostname": "b"}, CLOCK)


@pytest.mark.parametrize("empty", ["", "  "])
def test_an_empty_text_for_what_is_needed_is_refused(empty: str) -> None:
    with pytest.raises(UsageError, match=r"host_name= of q is empty"):
        of_query("F.q", QUERY, {"host_name": empty}, CLOCK)
