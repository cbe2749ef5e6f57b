"""Which processes are worth a look first: one order for pictures, reports and terminals.

A process weighs the bits of its start, where that is unusual, plus what rules say of its command
line. So browsers and updaters, which are merely rare, stand behind payloads; but rules know only
what is in them, and an attack that looks like everybody's work ranks by its rarity alone.
"""

from typing import Final

import polars as pl

from huntkit.analyze import unusual_starts
from huntkit.analyze.start_features import programs
from huntkit.core.errors import UsageError
from huntkit.extract import command_risks
from huntkit.tables import roles
from huntkit.tables.stand_ins import exactly

FEWEST: Final = 50
"""Starts; of fewer nobody can say what is usual."""
LEAST: Final = 10.0
"""Bits, from which on a start is unusual."""
TELLING: Final = 10.0
"""The weight from which on a process is worth a look, however often it started."""
LOWEST: Final = "low"
_BITS: Final = {
    "critical": 30.0, "high": 20.0, "medium": 10.0, "low": 5.0, "informational": 0.0,
}  # fmt: skip
_PARENT: Final = "_parent"
_SCORED: Final = pl.Schema({"proc_key": pl.String(), "score": pl.Float64()})
_RISKY: Final = pl.Schema({"Input": pl.String(), "Severity": pl.String(), "Title": pl.String()})


def weights(
    tree: pl.DataFrame, *, risky: pl.DataFrame | None = None, starts: pl.DataFrame | None = None
) -> pl.DataFrame:
    """Row by row of a process tree: ``weight severity title odd``.

    ``weight`` is in bits: ``odd``, those of the start where it is unusual (`scored`), plus 30, 20,
    10 or 5 for the worst that a rule finds in the command line, which is ``severity`` and
    ``title``. Both are null where there is nothing.

    Args:
        tree: what `huntkit.extract.process_tree` gave.
        risky: a row for each command line that rules find risky, with ``Input Severity Title``;
            looked for if left out.
        starts: how unusual starts are (`scored`); looked for if left out.

    Examples:
        >>> tree = pl.DataFrame(
        ...     {
        ...         "proc_key": ["a", "b"],
        ...         "parent_key": [None, "a"],
        ...         "CommandLine": ["vssadmin delete shadows /all /quiet", "notepad.exe"],
        ...     }
        ... )
        >>> weights(tree)["weight"].to_list()
        [30.0, 0.0]
    """
    keys = tree.select(
        key=pl.col("proc_key").cast(pl.String), line=_lines(tree), row=pl.int_range(tree.height)
    )
    found = scored(tree) if starts is None else starts
    found = found if found.height else pl.DataFrame(schema=_SCORED)
    odd = found.select(key="proc_key", odd="score").filter(pl.col("odd") >= LEAST)
    lines = _risky(keys["line"]) if risky is None else risky.select(_RISKY.names())
    named = lines.rename({"Input": "line", "Severity": "severity", "Title": "title"})
    return (
        keys.join(odd.unique("key", keep="first"), on="key", how="left")
        .join(named.unique("line", keep="first"), on="line", how="left")
        .sort("row")
        .select(
            weight=pl.col("odd").fill_null(0.0)
            + pl.col("severity").replace_strict(_BITS, default=0.0, return_dtype=pl.Float64),
            severity="severity",
            title="title",
            odd="odd",
        )
    )


def why(severity: str | None, title: str | None, odd: float | None) -> str:
    """What weighs in a process, in words.

    Examples:
        >>> why("high", "Shadow copies deleted", 12.4)
        'high: Shadow copies deleted; unusual start, 12 bits'
    """
    told = [f"{severity}: {title}"] if severity else []
    return "; ".join([*told, *([f"unusual start, {odd:.0f} bits"] if odd else [])])


def places(weight: pl.Series, rarity: pl.Series) -> pl.Series:
    """The place of each process, 0 for the foremost: by weight, rarity, then its own order."""
    both = pl.DataFrame({"weight": weight, "rarity": rarity}).fill_null(0.0).with_row_index("row")
    ordered = both.sort("weight", "rarity", "row", descending=[True, True, False])
    return ordered.select("row", place=pl.int_range(pl.len())).sort("row")["place"]


def scored(tree: pl.DataFrame, *, fewest: int = FEWEST) -> pl.DataFrame:
    """The pairs of programs, the most unusual first; no rows where there are fewer starts.

    As `huntkit.analyze.unusual_starts`; ``SourceIndex`` is the row among those that were not
    inferred (`starts_of`), ``proc_key`` the process.
    """
    if tree.height < fewest:
        return pl.DataFrame(schema=_SCORED)
    rows = starts_of(tree)
    if rows.height < fewest:
        return pl.DataFrame(schema=_SCORED)
    try:
        found: pl.DataFrame = unusual_starts(rows, parent_column=_PARENT)
    except UsageError:  # a tree that names no programs
        return pl.DataFrame(schema=_SCORED)
    return found.with_columns(proc_key=rows["proc_key"].gather(found["SourceIndex"]))


def starts_of(tree: pl.DataFrame) -> pl.DataFrame:
    """The processes that an event shows, with the programs of their parents.

    Where a row does not name its parent's program, the parent's own row does.
    """
    named = programs(tree, "parent")
    own = programs(tree, "process")
    said = pl.repeat("", tree.height, eager=True) if own is None else own
    known = pl.DataFrame({"parent_key": tree["proc_key"], "known": said}).unique(
        "parent_key", keep="first"
    )
    given = pl.lit("") if named is None else pl.lit(named)
    both = (
        tree.with_columns(given.alias(_PARENT))
        .join(known, on="parent_key", how="left", maintain_order="left")
        .with_columns(
            pl.when(pl.col(_PARENT) == "").then("known").otherwise(_PARENT).alias(_PARENT)
        )
    )
    if "Inferred" not in both.columns:
        return both
    return both.filter(~pl.col("Inferred").fill_null(value=False))


def _lines(tree: pl.DataFrame) -> pl.Expr:
    column = roles.resolve(tree.columns, "command_line")
    if column is None or tree[column].dtype.is_nested():
        return pl.lit(None, dtype=pl.String)
    return exactly(column).cast(pl.String)


def _risky(lines: pl.Series) -> pl.DataFrame:
    """The worst that rules find in each different line."""
    texts = lines.drop_nulls().unique(maintain_order=True).to_frame("text")
    if not texts.height:
        return pl.DataFrame(schema=_RISKY)
    hits: pl.DataFrame = command_risks(texts, "text", lowest=LOWEST)
    worst = hits.unique("SourceIndex", keep="first", maintain_order=True)
    return worst.select("Severity", "Title", Input=texts["text"].gather(worst["SourceIndex"]))
