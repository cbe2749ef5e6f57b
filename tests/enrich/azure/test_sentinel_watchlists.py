"""Watchlists of a workspace in a stand-in: nothing is overwritten or lost unsaid."""

import csv
import io
from typing import Any

import polars as pl
import pytest

from huntkit.core.errors import AccessDenied, UnknownColumn, UsageError
from huntkit.enrich.azure.sentinel import MicrosoftSentinel
from servers import Answer, Asked

HOSTILE = ['a,"b"', "=1+1", "two\nlines", "\u202e</script>", "'; drop"]


@pytest.fixture
def vips(sentinel: MicrosoftSentinel) -> MicrosoftSentinel:
    sentinel.create_watchlist("vips", "important people", "user")
    sentinel.add_watchlist_item("vips", {"user": "ann", "team": "it"})
    return sentinel


def items(sentinel: MicrosoftSentinel) -> list[tuple[str, str]]:
    found = sentinel.list_watchlist_items("vips")
    names = ("properties.itemsKeyValue.user", "properties.itemsKeyValue.team")
    return list(zip(*(found[name] for name in names), strict=True))


def test_a_watchlist_is_made_with_its_items(workspace: Any, sentinel: MicrosoftSentinel) -> None:
    table = pl.DataFrame({"user": HOSTILE, "n": [1, 2, None, 4, 5]})
    sentinel.create_watchlist("vips", "important", "user", data=table)
    facts = workspace.kept["watchlists/vips"]["properties"]
    rows = list(csv.reader(io.StringIO(facts["rawContent"])))
    texts = ["1", "2", "", "4", "5"]
    assert rows == [["user", "n"], *([u, n] for u, n in zip(HOSTILE, texts, strict=True))]
    assert (facts["itemsSearchKey"], facts["contentType"], facts["numberOfLinesToSkip"]) == (
        "user", "text/csv", 0,
    )  # fmt: skip
    assert sentinel.list_watchlists()["name"].to_list() == ["vips"]


def test_one_that_is_there_is_not_made_again(vips: MicrosoftSentinel) -> None:
    with pytest.raises(UsageError, match="a watchlist 'VIPS' already"):
        vips.create_watchlist("VIPS", "", "user")
    with pytest.raises(UsageError, match="can't be the alias"):
        vips.create_watchlist("../x", "", "user")
    with pytest.raises(UsageError, match="needs a search key"):
        vips.create_watchlist("other", "", "")
    with pytest.raises(UnknownColumn, match="did you mean 'user'"):
        vips.create_watchlist("other", "", "usr", data=pl.DataFrame({"user": ["a"]}))
    with pytest.raises(UsageError, match="takes 3,800,000"):
        vips.create_watchlist("other", "", "u", data=pl.DataFrame({"u": ["x" * 4_000_000]}))


def test_items_are_added_as_they_are(vips: MicrosoftSentinel) -> None:
    found = vips.add_watchlist_item("vips", pl.DataFrame({"user": HOSTILE, "team": [None] * 5}))
    assert found["outcome"].to_list() == ["went"] * 5
    assert found["row"].to_list() == list(range(5))
    assert items(vips) == [("ann", "it"), *((each, None) for each in HOSTILE)]
    vips.add_watchlist_item("vips", pl.DataFrame({"user": ["bob"]}).to_pandas())
    vips.add_watchlist_item("vips", pl.DataFrame({"user": ["cat"]}).to_pandas().iloc[0])
    assert [user for user, _ in items(vips)][-2:] == ["bob", "cat"]


def test_an_item_is_replaced_only_on_demand(vips: MicrosoftSentinel) -> None:
    with pytest.raises(UsageError, match="already, such as 'ann'"):
        vips.add_watchlist_item("vips", {"user": "ann", "team": "hr"})
    assert items(vips) == [("ann", "it")]
    vips.add_watchlist_item("vips", {"user": "ann", "team": "hr"}, overwrite=True)
    assert items(vips) == [("ann", "hr")]


@pytest.mark.parametrize(
    ("item", "said"),
    [
        ({"user": "x", "tem": "it"}, "did you mean 'team'"),
        ({"team": "it"}, "has no 'user'"),
        ({"user": None, "team": "it"}, "has no 'user'"),
        (pl.DataFrame({"user": ["x", "x"]}), "same search key, such as 'x'"),
        (pl.DataFrame({"user": []}, schema={"user": pl.String}), "there are no items"),
    ],
)
def test_items_that_do_not_fit_are_refused(
    vips: MicrosoftSentinel, server: Any, item: Any, said: str
) -> None:
    before = len([asked for asked in server.asked if asked.method == "PUT"])
    with pytest.raises(UsageError, match=said):
        vips.add_watchlist_item("vips", item)
    assert len([asked for asked in server.asked if asked.method == "PUT"]) == before
    with pytest.raises(UsageError, match="did you mean 'vips'"):
        vips.add_watchlist_item("vip", {"user": "x"})


def test_what_went_and_what_did_not_is_told(vips: MicrosoftSentinel, workspace: Any) -> None:
    def refuses(asked: Asked) -> Answer | None:
        if asked.method == "PUT" and "bad" in asked.body.decode():
            return Answer(status=400, json={"error": {"code": "BadRequest", "message": "no"}})
        return None

    workspace.refuses = refuses
    with pytest.warns(UserWarning, match="1 failed of 3"):
        found = vips.add_watchlist_item("vips", pl.DataFrame({"user": ["x", "bad", "y"]}))
    assert found["outcome"].to_list() == ["went", "failed", "went"]
    assert found["status"].to_list() == [None, 400, None]
    assert [user for user, _ in items(vips)] == ["ann", "x", "y"]


def test_where_nothing_may_be_written_it_is_an_error(
    vips: MicrosoftSentinel, workspace: Any
) -> None:
    workspace.refuses = lambda asked: Answer(status=403) if asked.method == "PUT" else None
    with pytest.raises(AccessDenied):
        vips.add_watchlist_item("vips", pl.DataFrame({"user": ["x", "y"]}))
    assert vips.last["outcome"].to_list() == ["failed", "not sent"]


def test_items_and_watchlists_go(vips: MicrosoftSentinel, workspace: Any) -> None:
    vips.delete_watchlist_item("vips", vips.list_watchlist_items("vips")["id"][0])
    assert vips.list_watchlist_items("vips").height == 0
    vips.delete_watchlist("vips")
    assert vips.list_watchlists().height == 0
