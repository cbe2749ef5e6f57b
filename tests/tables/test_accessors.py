import sys
from collections.abc import Iterator
from types import ModuleType

import pandas as pd
import polars as pl
import pytest

from huntkit.tables import accessors, step


@step(split="row", columns=("column",))
def shout(table: pl.DataFrame, column: str) -> pl.DataFrame:
    """The table in capitals."""
    return table.with_columns(pl.col(column).str.to_uppercase())


def draw(data: object, *, title: str = "") -> tuple[str, str]:
    return (type(data).__name__, title)


def fake_package(name: str, **content: object) -> ModuleType:
    module = ModuleType(name)
    module.__all__ = sorted(content)  # type: ignore[attr-defined]
    module.__spec__ = type(sys.__spec__)(name, None)
    vars(module).update(content)
    return module


@pytest.fixture
def hk(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setitem(sys.modules, "steps_x", fake_package("steps_x", shout=shout, Kind=int))
    monkeypatch.setitem(
        sys.modules, "pictures_x", fake_package("pictures_x", draw=draw, shout=lambda data: "drawn")
    )
    before = accessors.Methods.packages, accessors.Methods.catalogs
    accessors.register(("steps_x", "no_such_package_x", "pictures_x"))
    yield
    accessors.Methods.packages, accessors.Methods.catalogs = before


@pytest.mark.usefixtures("hk")
def test_functions_are_methods_of_every_frame() -> None:
    assert pd.DataFrame({"a": ["x"]}).hk.shout("a")["a"].tolist() == ["X"]
    assert pl.DataFrame({"a": ["x"]}).hk.shout(column="a")["a"].to_list() == ["X"]
    assert isinstance(pl.LazyFrame({"a": ["x"]}).hk.shout("a"), pl.LazyFrame)
    assert pd.DataFrame().hk.draw(title="t") == ("DataFrame", "t")


@pytest.mark.usefixtures("hk")
def test_where_two_packages_share_a_name_both_can_be_reached() -> None:
    frame = pl.DataFrame({"a": ["x"]})
    assert frame.hk.shout("a").height == 1
    assert frame.hk.pictures_x.shout() == "drawn"
    assert dir(frame.hk.pictures_x) == ["draw", "pictures_x", "shout"]


@pytest.mark.usefixtures("hk")
def test_names_complete_and_help_shows_the_rest_of_the_signature() -> None:
    frame = pd.DataFrame()
    assert dir(frame.hk) == ["draw", "pictures_x", "shout", "steps_x"]
    assert "shout" in repr(frame.hk)
    assert frame.hk.shout.__doc__ == "The table in capitals."
    assert str(__import__("inspect").signature(frame.hk.shout)).startswith("(column: str)")


@pytest.mark.usefixtures("hk")
def test_an_unknown_name_is_an_attribute_error_with_a_suggestion() -> None:
    with pytest.raises(AttributeError, match="did you mean 'shout'"):
        pd.DataFrame().hk.shoot  # noqa: B018
    with pytest.raises(AttributeError):
        pd.DataFrame().hk.Kind  # noqa: B018
    assert not hasattr(pd.DataFrame().hk, "_repr_html_")


@pytest.mark.usefixtures("hk")
def test_a_column_named_hk_stays_reachable_and_registering_again_is_quiet() -> None:
    accessors.register(("steps_x",))
    assert pd.DataFrame({"hk": [1]})["hk"].tolist() == [1]
    assert dir(pl.DataFrame().hk) == ["shout", "steps_x"]
