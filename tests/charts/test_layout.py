import math
import random
import time

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


def test_a_thousand_nodes_are_laid_out_in_seconds() -> None:
    rng = random.Random(7)
    edges = [(rng.randrange(i), i) for i in range(1, 1_000)]
    start = time.process_time()
    layout(1_000, edges)
    assert time.process_time() - start < 15


def test_no_nodes_have_no_places() -> None:
    assert layout(0, []) == ([], [])
