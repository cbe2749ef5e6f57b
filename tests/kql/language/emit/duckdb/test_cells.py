import pytest

from huntkit.kql import query

CELL = "862a1072fffffff"
PENTAGON = "8009fffffffffff"  # base cell 4, one of the twelve


def ask(text):
    return query(f"print x = {text}", frame="polars").item()


def test_parents_hold_the_digits_above():
    assert ask(f"geo_h3cell_level('{CELL}')") == 6
    assert ask(f"geo_h3cell_parent('{CELL}')") == "852a1073fffffff"
    assert ask(f"geo_h3cell_parent('{CELL}', 1)") == "812a3ffffffffff"


def test_a_cell_has_seven_children_and_a_pentagon_six():
    assert ask(f"array_length(geo_h3cell_children('{CELL}', 9))") == 7**3
    assert ask(f"array_length(geo_h3cell_children('{PENTAGON}'))") == 6
    # of a pentagon's six children one is a pentagon: 5 * 7 + 6
    assert ask(f"array_length(geo_h3cell_children('{PENTAGON}', 2))") == 41


def test_every_child_has_its_parent():
    text = f"print c = geo_h3cell_children('{CELL}', 8) | mv-expand c to typeof(string)"
    found = query(f"{text} | extend p = geo_h3cell_parent(c, 6)", frame="polars")
    assert found.height == found["c"].n_unique() == 49
    assert set(found["p"]) == {CELL}


@pytest.mark.parametrize(
    "cell", ["", "abc", "123", "962a1072fffffff", "862a1072ffffff0", "8f" * 9, "86-2a1072ffff", "ÿ"]
)
def test_what_is_no_cell_has_no_family(cell):
    assert ask(f"geo_h3cell_level('{cell}')") is None
    assert ask(f"geo_h3cell_parent('{cell}')") == ""
    assert ask(f"geo_h3cell_children('{cell}')") is None


@pytest.mark.parametrize("level", [-1, 7, 15, 100])
def test_levels_out_of_reach_give_nothing(level):
    assert ask(f"geo_h3cell_parent('{CELL}', {level})") == ""
    if level != 7:
        assert ask(f"geo_h3cell_children('{CELL}', {level})") is None
