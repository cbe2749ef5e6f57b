"""Pages to the end, and no id that leads elsewhere."""

from collections.abc import Callable
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from huntkit.core.errors import AccessDenied, BadReply, UsageError
from huntkit.enrich.azure.management import Management, flat, resource_parts
from huntkit.runtime import Session
from huntkit.signin.azure import AzureIdentity
from servers import Answer, Asked


def test_all_pages_are_asked_for_with_the_token(
    http_server: Callable[..., Any], session: Session, identity: AzureIdentity
) -> None:
    def handler(asked: Asked) -> Answer:
        page = int(asked.params.get("page", 0))
        if asked.params.get("page") == "1" and len(server.asked) == 2:
            return Answer(status=429, headers={"Retry-After": "0"})
        body: dict[str, Any] = {"value": [{"n": page}]}
        if page < 2:
            body["nextLink"] = f"{server.url}/list?page={page + 1}"
        return Answer(json=body)

    server = http_server(handler)
    azure = Management(session, identity, base_url=server.url)
    found = list(azure.all("/list", "2022-12-01", params={"$filter": "a eq 'b'"}))
    assert found == [{"n": 0}, {"n": 1}, {"n": 2}]
    assert server.asked[0].params == {"api-version": "2022-12-01", "$filter": "a eq 'b'"}
    assert {asked.headers["authorization"] for asked in server.asked} == {"Bearer t0ken-of-azure"}


@pytest.mark.parametrize("body", [[], {}, {"value": 5}, {"value": ["x"]}])
def test_what_is_no_list_is_an_error(
    http_server: Callable[..., Any], session: Session, identity: AzureIdentity, body: Any
) -> None:
    server = http_server(Answer(json=body))
    with pytest.raises(BadReply):
        list(Management(session, identity, base_url=server.url).all("/list", "1"))


def test_a_circle_of_pages_ends(
    http_server: Callable[..., Any], session: Session, identity: AzureIdentity
) -> None:
    server = http_server(lambda _: Answer(json={"value": [], "nextLink": f"{server.url}/again"}))
    with pytest.raises(BadReply, match="leads back"):
        list(Management(session, identity, base_url=server.url).all("/list", "1"))


def test_the_next_page_is_never_another_host(
    http_server: Callable[..., Any], session: Session, identity: AzureIdentity
) -> None:
    other = http_server(Answer(json={"value": []}))
    link = other.url.replace("127.0.0.1", "localhost")
    server = http_server(Answer(json={"value": [], "nextLink": f"{link}/x"}))
    with pytest.raises(UsageError, match="not its own"):
        list(Management(session, identity, base_url=server.url).all("/list", "1"))
    assert other.asked == []


def test_a_refusal_hides_the_token(
    http_server: Callable[..., Any], session: Session, identity: AzureIdentity
) -> None:
    server = http_server(Answer(status=403, body="no t0ken-of-azure for you"))
    with pytest.raises(AccessDenied) as caught:
        Management(session, identity, base_url=server.url).one("/x", "1")
    assert "t0ken-of-azure" not in f"{caught.value!r}{caught.value}"


def test_things_become_rows() -> None:
    table = flat([
        {"id": "1", "p": {"n": 1, "deep": {"x": [1, 2]}}, "mixed": 1},
        {"id": "2", "p": {"n": None}, "mixed": "text", "big": 2**70, "f": 1.5},
    ])  # fmt: skip
    assert table.to_dict(as_series=False) == {
        "id": ["1", "2"],
        "p.n": [1, None],
        "p.deep.x": ["[1,2]", None],
        "mixed": ["1", "text"],
        "big": [None, str(2**70)],
        "f": [None, 1.5],
    }
    beside = flat([{"a.b": 1, "a": {"b": 2}}])
    assert beside.to_dict(as_series=False) == {"a.b": [1], "a.b_": [2]}
    assert flat([]).schema == pl.Schema({"id": pl.String, "name": pl.String})


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats() | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(st.lists(st.dictionaries(st.text(max_size=3), VALUES, max_size=4), max_size=5))
def test_any_things_are_as_many_rows(things: list[dict[str, Any]]) -> None:
    table = flat(things)
    assert table.height == len(things)


@pytest.mark.parametrize(
    "resource_id",
    ["", "/subscriptions", "vm1", "/subscriptions/1/resourceGroups", "/subscriptions/../x/y",
     "/subscriptions/1/resourceGroups/a?b", "/subscriptions/{sub}", "/subscriptions/1/a/%2e%2e",
     "/subscriptions/1//x", "/subscriptions/1/a/b#c", "/subscriptions/1/a/b\n"],
)  # fmt: skip
def test_what_is_no_resource_id_is_refused(resource_id: str) -> None:
    with pytest.raises(UsageError):
        resource_parts(resource_id)
