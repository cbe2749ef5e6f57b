from collections.abc import Iterable
from typing import Any, ClassVar

import polars as pl
import pytest

from huntkit.core.errors import UsageError
from huntkit.enrich.ti.asking import Wanted
from huntkit.enrich.ti.inputs import item_of
from huntkit.enrich.ti.looking_up import looked_up
from huntkit.enrich.ti.provider import Facts, Lookup, TIProvider
from huntkit.enrich.ti.results import Finding


class Names(TIProvider):
    """Knows one name, and breaks at another."""

    name = "Names"
    takes: ClassVar = {"dns": ("",)}
    keyless = True

    def ask(self, lookup: Lookup) -> Facts:
        if lookup.value == "broken.example.com":
            raise ValueError("a reply of another shape")
        return Facts(severity="information", reason="known")


def rows(findings: Iterable[Finding], kind: str) -> Any:
    return kind, [(each.item.value, each.status) for each in findings]


@pytest.fixture
def look(session):
    def looked(*values: str, subtype: str = "", **changed: bool) -> Any:
        asked = {"Names": Names(None, session)}
        options = {"show_not_supported": True, "dry_run": False, **changed}
        items = [item_of(each) for each in values]
        wanted = Wanted(subtype=subtype)
        return looked_up(items, asked, wanted, session, rows, kind="polars", **options)

    return looked


def test_rows_stand_in_the_order_of_the_values_in_the_callers_kind_of_frame(look):
    found = [("8.8.8.8", "not supported"), ("a.example.com", "ok")]
    assert look("8.8.8.8", "a.example.com") == ("polars", found)
    assert look("8.8.8.8", "a.example.com", show_not_supported=False) == (
        "polars",
        found[1:],
    )


def test_what_failed_is_a_row_and_a_warning(look):
    with pytest.warns(UserWarning, match="Names: 1 failed"):
        _, found = look("a.example.com", "broken.example.com")
    assert found == [("a.example.com", "ok"), ("broken.example.com", "failed")]


def test_a_dry_run_is_a_forecast(look):
    plan = look("a.example.com", "broken.example.com", dry_run=True)
    assert isinstance(plan, pl.DataFrame)
    assert plan.select("Plan", "Requests").rows() == [("ask", 2)]


def test_a_sub_query_that_nobody_has_is_refused(look):
    with pytest.raises(UsageError, match="passivedns"):
        look("a.example.com", subtype="passivedns")
