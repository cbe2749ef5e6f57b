"""Depth, path, sizes and loops of bare parent lists."""

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from huntkit.extract.tree_shape import shape


def test_a_very_deep_chain_is_followed_with_a_short_path(hang_guard):
    size = 200_000
    with hang_guard():
        form = shape(pl.Series(range(-1, size - 1)))
    assert form["depth"].to_list() == list(range(size))
    assert form["descendants"][0] == size - 1
    assert form["path"][-1].startswith("…/")
    assert form["path"].str.len_bytes().max() < 64 * 8


def test_one_big_loop_is_cut_above_its_first_node():
    form = shape(pl.Series([2, 0, 1, 1]))
    assert form["parent"].to_list() == [-1, 0, 1, 1]
    assert form["is_cut"].to_list() == [True, False, False, False]
    assert form["path"].to_list() == ["0", "0/1", "0/1/2", "0/1/3"]


def test_labels_stand_in_the_paths():
    form = shape(pl.Series([-1, 0, 9]), pl.Series(["a", "b", "c"]))
    assert form["path"].to_list() == ["a", "a/b", "c"]


def test_no_rows_give_no_rows():
    form = shape(pl.Series([], dtype=pl.UInt32))
    assert form.schema == shape(pl.Series([-1, 0])).schema
    assert form.height == 0


@settings(deadline=None)
@given(st.lists(st.integers(-1, 12), max_size=12))
def test_any_list_of_parents_becomes_a_forest(parents):
    parents = [p if p < len(parents) else -1 for p in parents]
    form = shape(pl.Series(parents, dtype=pl.Int64))
    for place, (parent, depth, path) in enumerate(form.select("parent", "depth", "path").rows()):
        assert path.split("/")[-1] == str(place)
        if parent >= 0:
            assert parent == parents[place]
            assert depth == form["depth"][parent] + 1
            assert path == f"{form['path'][parent]}/{place}"
        else:
            assert depth == 0
    assert form["children"].to_list() == [
        form["parent"].to_list().count(p) for p in range(len(parents))
    ]
    for place, count in enumerate(form["descendants"]):
        below = sum(str(place) in path.split("/")[:-1] for path in form["path"])
        assert count == below
