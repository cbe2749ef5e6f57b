"""Trails of cloud services: who did what from where, and what came of it."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from huntkit.report.connections import WITH_PORT
from huntkit.report.layouts import Evidence, Layout, find
from huntkit.tables.data_files import data_file

MOST_ROWS = 20_000
TABLES = 2  # of these in a report, those with most rows
_ARN = r"^arn:[^:]*:[^:]*:[^:]*:[^:]*:"  # what stands before the name of an account or role
_LONG = 12  # characters; a shorter beginning takes no room
_FEWEST = 10  # rows; fewer are read in the table itself


@dataclass(frozen=True, slots=True)
class Trail:
    """One trail.

    Attributes:
        table: its table.
        rows: the columns that tell, of the first rows in the order of time.
        total: how many rows the table has.
    """

    table: str
    rows: pl.DataFrame
    total: int


def trails(evidence: Evidence, tables: Sequence[Layout]) -> list[Trail]:
    """The trails with most rows, each with the columns of ``trails.yaml`` that tell something."""
    known = [find(tables, name) for name in data_file("huntkit.report", "trails.yaml")]
    held = [each for each in known if each is not None and each.rows >= _FEWEST]
    chosen = sorted(held, key=lambda each: (-each.rows, each.name))[:TABLES]
    found = [_trail(evidence, each) for each in chosen]
    return [each for each in found if each.rows.width > 1]


def _trail(evidence: Evidence, layout: Layout) -> Trail:
    axes = data_file("huntkit.report", "trails.yaml")[layout.name]
    columns = [name for names in axes for name in [n for n in names if n in layout.columns][:1]]
    listed = ", ".join(f'{layout.sql_text(name)} AS "{name}"' for name in columns)
    rows: pl.DataFrame = evidence.sql(
        f"SELECT {listed or 1} FROM {layout.sql} ORDER BY {layout.sql_time()}, _file, _record "  # noqa: S608
        f"LIMIT {MOST_ROWS}",
        frame="polars",
    )
    for pattern in WITH_PORT:
        rows = rows.with_columns(pl.all().str.replace(pattern, "${1}"))
    telling = [shortened(rows[name]) for name in rows.columns if rows[name].n_unique() > 1]
    return Trail(layout.name, pl.DataFrame(telling), layout.rows)


def shortened(texts: pl.Series) -> pl.Series:
    """Texts without the long beginning that all share; of names of Amazon's the part that tells.

    Examples:
        >>> names = pl.Series(["arn:aws:iam::11:user/al", "arn:aws:iam::11:user/bo"])
        >>> shortened(names).to_list()
        ['user/al', 'user/bo']
    """
    filled = texts.filter(texts != "")
    # Of sorted texts the first and the last share what all share.
    ends = zip(str(filled.min() or ""), str(filled.max() or ""), strict=False)
    shared = "".join(a for a, _ in itertools.takewhile(lambda pair: pair[0] == pair[1], ends))
    if filled.len() and filled.str.contains(_ARN).all():
        bare = filled.unique().str.replace(_ARN, "")
        if bare.n_unique() == filled.n_unique():
            return texts.str.replace(_ARN, "")
    cut = max(shared.rfind(sign) for sign in ":/\\") + 1
    if cut < _LONG:
        return texts
    whole = pl.col(texts.name)
    shorter = pl.when(whole == "").then(whole).otherwise("…" + whole.str.slice(cut))
    return texts.to_frame().select(shorter.alias(texts.name)).to_series()
