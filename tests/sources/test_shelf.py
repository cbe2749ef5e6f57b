"""Which of several queries with one name stands."""

from huntkit.sources.queries.definition import Query
from huntkit.sources.shelf import Shelf


def query(text: str, *families: str, name: str = "q") -> Query:
    return Query(name=name, text=text, families=families)


def test_of_two_that_are_loaded_the_first_stands_and_what_is_added_takes_its_place() -> None:
    shelf = Shelf(lambda: [query("first", "A", "B"), query("second", "A")])
    assert shelf.find("A.q")[1].text == "first"
    assert shelf.add([query("own", "A")]) == ["A.q"]
    assert shelf.find("a.Q")[1].text == "own"
    assert shelf.find("B.q")[1].text == "first"
    assert shelf.add([query("newer", "A")]) == ["A.q"]
    assert shelf.find("A.q")[1].text == "newer"


def test_what_is_added_before_anything_is_loaded_stands_too() -> None:
    loads: list[int] = []
    shelf = Shelf(lambda: loads.append(1) or [query("loaded", "A")])  # type: ignore[func-returns-value]
    shelf.add([query("own", "A")])
    assert not loads
    assert shelf.find("A.q")[1].text == "own"
    assert shelf.names() == ["A.q"]
    assert loads == [1]


def test_one_query_in_two_families_is_found_by_its_name_alone() -> None:
    shelf = Shelf(lambda: [query("T", "MDE", "MDATP")])
    assert shelf.find("q")[1].text == "T"
    assert shelf.families() == ["MDATP", "MDE"]


def test_an_empty_shelf_is_a_table_with_columns() -> None:
    table = Shelf(list).table()
    assert table.is_empty()
    assert table.columns[:3] == ["Family", "Query", "Description"]


def test_globs_are_for_whole_names_and_other_words_for_parts() -> None:
    shelf = Shelf(lambda: [query("T", "A", name=name) for name in ("list_x", "list_xy", "x[1]")])
    assert shelf.names("list_x") == ["A.list_x", "A.list_xy"]
    assert shelf.names("list_x?") == ["A.list_xy"]
    assert shelf.names("*x") == ["A.list_x"]
    assert shelf.names("B.*") == []
