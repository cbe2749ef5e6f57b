"""ServiceNow's queries: the same as its own client writes, and nothing that a value adds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from huntkit.core.errors import UsageError
from huntkit.enrich.context.encoded_query import Condition, any_of, checked_column


def test_servicenows_own_client_writes_the_same_queries():
    pysnc = pytest.importorskip("pysnc")
    client = pysnc.ServiceNowClient("https://acme.example", ("a", "b"))
    wanted = client.GlideRecord("cmdb_ci_computer")
    either = wanted.add_query("name", "web01")
    either.add_or_condition("fqdn", "LIKE", "web01")
    either.add_or_condition("fqdn", "STARTSWITH", "web01.")
    wanted.order_by("sys_id")
    ours = any_of(
        [
            Condition("name", "=", "web01"),
            Condition("fqdn", "LIKE", "web01"),
            Condition("fqdn", "STARTSWITH", "web01."),
        ]
    )
    assert ours == wanted.get_encoded_query()


@given(st.text(max_size=30))
def test_a_condition_is_refused_or_whole(text: str):
    try:
        query = any_of([Condition("name", "=", text)])
    except UsageError:
        return
    assert query.split("^") == [f"name={text}", "ORDERBYsys_id"]
    assert not {"\n", "\r", "\x00", ","} & set(text)


@pytest.mark.parametrize(
    "text",
    ["", " ", "a^b", "a,b", "a\nb", "NULL", "null", "JavaScript:x", "javascript :x", "a" * 301],
)
def test_what_means_something_else_there_is_refused(text):
    with pytest.raises(UsageError, match="can't be asked about"):
        any_of([Condition("name", "=", text)])


@pytest.mark.parametrize("name", ["", "Name", "a^b", "a b", "1a", "a..b", "x" * 301, "a=b"])
def test_what_is_no_column_is_refused(name):
    with pytest.raises(UsageError, match="name of a column"):
        checked_column(name)


def test_conditions_hold_as_databases_compare():
    assert Condition("n", "=", "josé").holds("JOSE ")
    assert not Condition("n", "=", "jose").holds("josef")
    assert Condition("n", "LIKE", "10.0.0.1").holds("10.0.0.10, 10.0.0.2")
    assert not Condition("n", "STARTSWITH", "web01.").holds("web01")
