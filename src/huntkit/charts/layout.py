"""Where the nodes of a graph stand: worked out here, so that the same graph looks the same."""

import math
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

ROUNDS: Final = 120  # of pushing and pulling for a small graph; fewer for larger ones
PAIRS: Final = 60_000_000  # at most about so many pushes between pairs of nodes
FEWEST: Final = 24  # rounds that even the largest graph gets
STRIP: Final = 64  # nodes whose pushes are worked out at a time
LEAF: Final = 0.75  # how far a leaf stands from its only neighbour, where edges are about 1

Floats = npt.NDArray[np.float64]


def layout(count: int, edges: Sequence[tuple[int, int]]) -> tuple[list[float], list[float]]:
    """The places of `count` nodes, neighbours near one another, in units of about an edge.

    Parts that do not hang together lie side by side, the biggest first. A node with a single
    neighbour stands in a fan around it, which leaves the slow work to the nodes between.

    Examples:
        >>> xs, ys = layout(2, [(0, 1)])
        >>> round(math.dist((xs[0], ys[0]), (xs[1], ys[1])), 3)
        0.75
    """
    neighbours: list[set[int]] = [set() for _ in range(count)]
    for a, b in edges:
        if a != b:
            neighbours[a].add(b)
            neighbours[b].add(a)
    boxes = [_component(part, neighbours) for part in _components(neighbours)]
    return _packed(count, boxes)


def _components(neighbours: Sequence[set[int]]) -> list[list[int]]:
    """The parts that hang together, the biggest first, each in order of a walk from its hub."""
    seen = bytearray(len(neighbours))
    parts = []
    for start in sorted(range(len(neighbours)), key=lambda n: (-len(neighbours[n]), n)):
        if seen[start]:
            continue
        seen[start] = 1
        part = [start]
        for node in part:
            for other in sorted(neighbours[node], key=lambda n: (-len(neighbours[n]), n)):
                if not seen[other]:
                    seen[other] = 1
                    part.append(other)
        parts.append(part)
    return sorted(parts, key=lambda part: (-len(part), part[0]))


def _component(part: list[int], neighbours: Sequence[set[int]]) -> tuple[list[int], Floats]:
    """The nodes of one part and their places around zero."""
    core = [node for node in part if len(neighbours[node]) > 1] or part[:1]
    leaves: dict[int, list[int]] = {node: [] for node in core}
    for node in part:
        if node not in leaves:
            leaves[next(iter(neighbours[node]))].append(node)
    number = {node: place for place, node in enumerate(core)}
    pairs = [(number[a], number[b]) for a in core for b in neighbours[a] if b in number and a < b]
    reach = np.array([_fan_reach(len(leaves[node])) for node in core])
    places = _pushed(len(core), pairs, reach)
    order, rows = list(core), [places]
    middle = places.mean(axis=0)
    for node in core:
        if leaves[node]:
            at = places[number[node]]
            outwards = math.atan2(*(at - middle)[::-1]) if len(core) > 1 else 0.0
            rows.append(at + _fan(len(leaves[node]), outwards, alone=len(core) == 1))
            order += leaves[node]
    return order, np.concatenate(rows)


def _rings(leaves: int) -> list[int]:
    """How many leaves stand on each ring around their neighbour."""
    rings: list[int] = []
    while leaves > 0:
        room = max(6, int(2 * math.pi * LEAF * (1 + len(rings) * 0.55) / 0.34))
        rings.append(min(leaves, room))
        leaves -= room
    return rings


def _fan_reach(leaves: int) -> float:
    rings = _rings(leaves)
    return LEAF * (1 + 0.55 * (len(rings) - 1)) if rings else 0.0


def _fan(leaves: int, outwards: float, *, alone: bool) -> Floats:
    """Places around zero: few leaves on the outer side, many all around, on several rings."""
    places = []
    for ring, size in enumerate(_rings(leaves)):
        radius = LEAF * (1 + 0.55 * ring)
        width = 2 * math.pi if alone or size > 10 else min(2 * math.pi, 0.45 * size)
        step = width / size
        first = outwards - width / 2 + step / 2 + (ring % 2) * step / 2
        angles = [first + step * nth for nth in range(size)]
        places += [(radius * math.cos(angle), radius * math.sin(angle)) for angle in angles]
    return np.array(places)


def _pushed(count: int, pairs: list[tuple[int, int]], reach: Floats) -> Floats:
    """Places after rounds of pushing all nodes apart and pulling neighbours together."""
    turn = np.arange(count) * math.pi * (3 - math.sqrt(5))  # a sunflower: even and reproducible
    spread = np.sqrt(np.arange(count)) * (0.9 + reach.mean())
    places = np.stack([spread * np.cos(turn), spread * np.sin(turn)], axis=1)
    if count < 2:
        return places
    rounds = max(FEWEST, min(ROUNDS, PAIRS // (count * count)))
    ends = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    linked = np.bincount(ends.ravel(), minlength=count)
    wanted = 1.0 + reach[ends[:, 0]] + reach[ends[:, 1]]
    # A hub is as large as it has neighbours, and they are held loosely: else all lie on its head.
    size = 0.7 + reach + 0.16 * np.sqrt(linked)
    hold = 0.5 / np.sqrt(np.maximum(np.minimum(linked[ends[:, 0]], linked[ends[:, 1]]), 1))
    heat = float(spread.max()) / 4 + 0.5
    pushes = _Pushes(size)
    for turn_number in range(rounds):
        moves = pushes.on(places)
        between = places[ends[:, 1]] - places[ends[:, 0]]
        distance = np.sqrt((between**2).sum(axis=1)) + 1e-9
        pull = between * ((distance - wanted) / distance * hold)[:, None]
        np.add.at(moves, ends[:, 0], pull)
        np.add.at(moves, ends[:, 1], -pull)
        moves -= places * 0.01
        length = np.sqrt((moves**2).sum(axis=1)) + 1e-9
        most = heat * (1 - turn_number / rounds) + 0.01
        places = places + moves * (np.minimum(length, most) / length)[:, None]
    return places


class _Pushes:
    """How each node is pushed by all others: strongly where they are nearer than their sizes.

    Every pair counts, in single precision and in strips small enough to stay in the processor's
    cache: at 3,000 nodes that is faster than any tree of squares would be in Python.
    """

    def __init__(self, size: Floats) -> None:
        small = size.astype(np.float32)
        self._strips = [slice(at, at + STRIP) for at in range(0, len(small), STRIP)]
        self._strengths = [(small[strip, None] + small) ** 2 * 0.35 for strip in self._strips]

    def on(self, places: Floats) -> Floats:
        """The pushes on nodes that stand at these places."""
        x, y = np.ascontiguousarray(places.T, dtype=np.float32)
        moves = np.empty_like(places)
        for strip, strength in zip(self._strips, self._strengths, strict=True):
            across, down = x[strip, None] - x, y[strip, None] - y
            near = across * across
            near += down * down
            np.maximum(near, 1e-4, out=near)
            np.sqrt(near, out=near)
            np.reciprocal(near, out=near)
            force = near * near
            force *= strength
            np.minimum(force, 4.0, out=force)
            force *= near
            # Not by matrix products: those start threads, whose sums differ between machines.
            moves[strip, 0] = np.einsum("ij,ij->i", force, across)
            moves[strip, 1] = np.einsum("ij,ij->i", force, down)
        return moves


def _packed(
    count: int, boxes: Sequence[tuple[list[int], Floats]]
) -> tuple[list[float], list[float]]:
    """The parts in rows, the biggest first, so that all of them fill a wide rectangle."""
    sizes: list[Any] = [places.max(axis=0) - places.min(axis=0) + 1.1 for _, places in boxes]
    area = sum(float(size[0] * size[1]) for size in sizes)
    widest = max([math.sqrt(area * 2.1), *(float(size[0]) for size in sizes)], default=0.0)
    xs, ys = [0.0] * count, [0.0] * count
    left = top = row = 0.0
    for (nodes, places), size in zip(boxes, sizes, strict=True):
        if left + float(size[0]) > widest + 1e-9 and left > 0:
            left, top, row = 0.0, top + row, 0.0
        corner = places.min(axis=0)
        for node, (x, y) in zip(nodes, places - corner, strict=True):
            xs[node], ys[node] = round(float(x) + left, 3), round(float(y) + top, 3)
        left, row = left + float(size[0]), max(row, float(size[1]))
    return xs, ys
