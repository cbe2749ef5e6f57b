"""Rows unlike the others: both forests, beside msticpy's on the same rows.

The peer's random cut forest is left out: a thousand rows took it five minutes.
"""

import tempfile
from pathlib import Path

import numpy as np
import polars as pl

from bench import _beside
from bench._measure import table
from bench.clusters import peer_ml
from bench.iocs import PEER

PLANTED = 20

STEP = """
import polars as pl
import sklearn.ensemble
from huntkit.analyze import outliers
frame = pl.read_parquet(sys.argv[1])
with clock:
    found = outliers(frame, ["a", "b", "c"], method=sys.argv[2])
odd = found.head(20)["place"].to_list()
clock.tell(odd=odd)
"""
CALLS = """
import numpy as np
import sklearn.ensemble
try:
    from huntkit.analyze import identify_outliers
except ImportError:
    from msticpy.analysis.outliers import identify_outliers
points = np.load(sys.argv[1])
with clock:
    _, _, labels = identify_outliers(points, points, 20 / len(points))
clock.tell(odd=np.flatnonzero(labels == -1).tolist())
"""


def run(_data: Path) -> None:
    """Print speed and memory, and whether the same rows are found."""
    python = peer_ml()
    with tempfile.TemporaryDirectory(prefix="huntkit-bench-") as name:
        folder = Path(name)
        rows = [("rows", "method", *_beside.COLUMNS, "planted among the first 20")]
        sizes = {"random_cut_forest": (10_000, 100_000), "isolation_forest": (10_000, 1_000_000)}
        for method, counts in sizes.items():
            for count in counts:
                points, planted = plane(count)
                frame = pl.DataFrame(points, schema=["a", "b", "c"]).with_row_index("place")
                frame.write_parquet(folder / "rows.parquet")
                figure = _beside.run(STEP, str(folder / "rows.parquet"), method, times=1)
                hits = len(planted & set(figure.answer["odd"]))
                cells = _beside.cells(figure)
                rows.append((f"{count:,}", method, *cells, f"{hits} of {PLANTED}"))
        table(rows)
        if python is None:
            return
        for count in (10_000, 1_000_000):
            beside(folder, python, count)


def beside(folder: Path, python: str, count: int) -> None:
    """Both on the same rows, by the call that notebooks know."""
    points, planted = plane(count)
    np.save(folder / "rows.npy", points)
    source = str(folder / "rows.npy")
    ours = _beside.run(CALLS, source, times=1 if count > 100_000 else 3)
    theirs = _beside.run(CALLS, source, times=1, python=python)
    mine, other = set(ours.answer["odd"]), set(theirs.answer["odd"])
    told = f"the same rows: {mine == other}"
    told += f"; planted ones: {len(mine & planted)} and {len(other & planted)} of {PLANTED}"
    _beside.compared(f"isolation forest, {count:,} rows", ours, theirs, PEER, told)


def plane(count: int) -> tuple[np.ndarray, set[int]]:
    """Rows of three numbers that go together, and some that do not."""
    draw = np.random.default_rng(9)
    size = draw.lognormal(3, 0.4, count)
    points = np.column_stack([size, size * 2 + draw.normal(0, 3, count), draw.normal(50, 5, count)])
    places = draw.choice(count, PLANTED, replace=False)
    points[places] += draw.choice([-1, 1], (PLANTED, 3)) * np.array([120.0, 200.0, 60.0])
    return points, {int(place) for place in places}
