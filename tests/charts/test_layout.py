import math
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from huntkit.charts.layout import layout

EDGES = st.lists(st.tuples(st.integers(0, 14), st.integers(0, 14)), max_size=40)


@given(EDGES)
def test_every_node_has_a_finite_place_of_its_own(edges: list[tuple[int, int]]) -> None:
    xs, ys = layout(15, edges)
    assert len(xs) == len(ys) == 15
    assert all(math.isfinite(each) and each >= 0 for each in xs + ys)
    assert len(set(zip(xs, ys, strict=True))) == 15


@given(EDGES)
def test_the_same_graph_has_the_same_layout(edges: list[tuple[int, int]]) -> None:
    assert layout(15, edges) == layout(15, edges)


def test_neighbours_stand_nearer_than_strangers() -> None:
    # two rings of eight, joined by one link
    ring = [(i, (i + 1) % 8) for i in range(8)]
    edges = [*ring, *((a + 8, b + 8) for a, b in ring), (0, 8)]
    xs, ys = layout(16, edges)

    def apart(a: int, b: int) -> float:
        return math.dist((xs[a], ys[a]), (xs[b], ys[b]))

    joined = [apart(a, b) for a, b in edges]
    strangers = [apart(a, b) for a in range(8) for b in range(9, 16)]
    assert sum(joined) / len(joined) < 0.6 * sum(strangers) / len(strangers)


def test_parts_that_do_not_hang_together_do_not_lie_over_each_other() -> None:
    edges = [(0, 1), (1, 2), (2, 0), (3, 4), (4, 5), (5, 3)]
    xs, ys = layout(6, edges)
    one, other = xs[:3], xs[3:]
    beside = max(one) < min(other) or max(other) < min(one)
    below = max(ys[:3]) < min(ys[3:]) or max(ys[3:]) < min(ys[:3])
    assert beside or below


def test_a_hub_of_hundreds_keeps_its_leaves_apart() -> None:
    xs, ys = layout(301, [(0, i) for i in range(1, 301)])
    nearest = min(math.dist((xs[a], ys[a]), (xs[b], ys[b])) for a in range(301) for b in range(a))
    assert nearest > 0.25


@pytest.mark.parametrize(("nodes", "links"), [(1_000, 5_000), (1_000, 20_000), (3_000, 12_000)])
def test_a_dense_graph_is_laid_out_soon(nodes: int, links: int, hang_guard: Any) -> None:
    rng = random.Random(7)
    edges = [(rng.randrange(nodes), rng.randrange(nodes)) for _ in range(links)]
    with hang_guard():
        xs, ys = layout(nodes, edges)
    assert len(set(zip(xs, ys, strict=True))) == nodes


def test_groups_that_are_dense_inside_stand_apart() -> None:
    rng = random.Random(7)
    inside = [(g * 50 + rng.randrange(50), g * 50 + rng.randrange(50)) for g in range(20)
              for _ in range(250)]  # fmt: skip
    edges = [*inside, *((g * 50, (g + 1) % 20 * 50) for g in range(20))]
    xs, ys = layout(1_000, edges)
    middles = [(sum(xs[g * 50 : g * 50 + 50]) / 50, sum(ys[g * 50 : g * 50 + 50]) / 50)
               for g in range(20)]  # fmt: skip
    reach = [
        sum(math.dist((xs[i], ys[i]), middles[i // 50]) for i in range(g * 50, g * 50 + 50)) / 50
        for g in range(20)
    ]
    apart = min(math.dist(a, b) for i, a in enumerate(middles) for b in middles[:i])
    assert sum(reach) / 20 < apart


def test_no_nodes_have_no_places() -> None:
    assert layout(0, []) == ([], [])
