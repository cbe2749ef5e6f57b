r"""Which process starts are unusual, by several kinds of evidence at once.

A rare pair of programs is mostly a rare program at work. What makes a start worth a look is that
several unusual things meet in it: who starts whom, from which folder, under which name, with what
argument. Each is counted in the evidence itself, in bits: how few of all starts are at least so.
"""

from typing import Any, Final

import polars as pl

from huntkit.analyze.clustering import times_of
from huntkit.analyze.collapsing import Column
from huntkit.analyze.rareness import counts, over_columns, required_programs, told_apart
from huntkit.analyze.start_features import doors, features, programs, told
from huntkit.core.text import visible
from huntkit.tables import roles, step

_GIVES: Final = (
    "Parent", "Child", "Command", "Count", "Spread", "Programs", "FirstSeen", "LastSeen", "score",
    "reason", "SourceIndex",
)  # fmt: skip
_PRIOR: Final = 4.0  # starts of anybody that are added to what little is known of one program
_LEAST: Final = 1.0  # bits, from which on a part is worth a word
_TOLD: Final = 4
_COMMAND: Final = 500
_LONGEST: Final = 60
_LAST: Final = r"([^\\/]*)$"
_PAIR: Final = ("of_parent", "of_child", "child_rare", "parent_rare", "command")
_PARTS: Final = (*_PAIR, "folder", "parent_folder", "name", "text", "kinds")


@step(
    split="whole",
    columns=("parent_column", "process_column", "command_column", "over", "time_column"),
    index="SourceIndex",
)
def unusual_starts(
    data: pl.DataFrame,
    *,
    parent_column: str | None = None,
    process_column: str | None = None,
    command_column: str | None = None,
    over: Column | None = None,
    time_column: str | None = None,
) -> pl.DataFrame:
    r"""One row for each pair of programs, parent and child, the most unusual start first.

    The score adds up, in bits, how few starts are so: the pair among all of this parent and all
    of this child (a parent that always starts something new surprises nobody); the rarity of
    both programs, and of the command line's pattern among those of the program; a folder that
    anybody may write to; outside the system's folders, a name as programs of the system or
    documents have it; a long run of base64; and what kind of program starts what kind (an office
    program a shell). What overlaps counts half, and so does the rarity of ordinary programs in
    the folders of programs, and of a program's own helpers; that of consoles does not count.
    Programs that lie in one folder of anybody are taken together.

    Args:
        data: process starts of any kind, of Windows, Linux or macOS.
        parent_column: the parent's path or name; by default found by its role; may be missing.
        process_column: the child's path or name; by default found by its role. Folders are
            judged only where paths are given.
        command_column: the command line; by default found by its role; may be missing.
        over: whose number says how widespread a pair is; by default the host, if there is one.
        time_column: when it happened; by default found by its role, and left out if there is none.

    Returns:
        ``Parent Child Command`` (of the most unusual start of the pair), ``Count Spread``,
        ``Programs`` (different children behind the row), ``FirstSeen LastSeen``, ``score``,
        ``reason`` (its parts, the weightiest first), and ``SourceIndex``. Starts that name no
        program are left out; those without a parent are judged by the rest, unless the same
        start (host, process id, program) stands in the table with its parent.

    Examples:
        >>> system = "C:/Windows/System32/".replace("/", "\\")
        >>> starts = pl.DataFrame({
        ...     "ParentImage": [system + "services.exe"] * 30 + ["C:\\Users\\al\\cv.pdf.exe"],
        ...     "Image": [system + "svchost.exe"] * 29 + [system + "cmd.exe"] * 2,
        ...     "CommandLine": ["svchost -k a"] * 29 + ["cmd /c backup.cmd", "cmd /c whoami"],
        ... })
        >>> unusual_starts(starts).select("Parent", "Child", "Command").rows()[0]
        ('cv.pdf.exe', 'cmd.exe', 'cmd /c whoami')
    """
    children = required_programs(data, "process", process_column)
    nothing = pl.repeat("", data.height, dtype=pl.String, eager=True)
    parents = programs(data, "parent", parent_column)
    command = roles.resolve(data.columns, "command_line", command_column)
    lines = nothing if command is None else data[command].cast(pl.String).fill_null("")
    rows = features(nothing if parents is None else parents, children, lines)
    spread = over_columns(data.columns, over)
    about = data.select(
        told_apart(data.schema, spread),
        times_of(data, time_column).alias("time"),
        pl.int_range(pl.len(), dtype=pl.Int64).alias("row"),
    )
    rows = _once(rows.join(about, on="row", maintain_order="left"), data)
    scored = _scored(_counted(rows))
    pairs = _pairs(scored)
    return pairs.with_columns(
        Command=lines.gather(pairs["SourceIndex"]).str.head(_COMMAND),
        reason=pl.Series([_reason(row) for row in pairs.iter_rows(named=True)], dtype=pl.String),
    ).select(_GIVES)


def _once(rows: pl.DataFrame, data: pl.DataFrame) -> pl.DataFrame:
    """Without starts that two logs tell of, where one of them does not name the parent."""
    pid, host = (roles.resolve(data.columns, role) for role in ("process_id", "host"))
    if pid is None or host is None or rows["Parent"].ne("").all():
        return rows
    same = ["_pid", "_host", "Child"]
    both = rows.with_columns(
        data[pid].cast(pl.String).gather(rows["row"]).alias("_pid"),
        data[host].cast(pl.String).str.to_lowercase().gather(rows["row"]).alias("_host"),
    )
    whole = both.filter(pl.col("Parent") != "").select(same).unique()
    alone = both.filter(pl.col("Parent") == "").join(whole, on=same, how="anti").select("row")
    known = pl.concat([alone, both.filter(pl.col("Parent") != "").select("row")])
    return rows.join(known, on="row", how="semi", maintain_order="left")


def _counted(rows: pl.DataFrame) -> pl.DataFrame:
    """How many starts each part of a start has."""
    return rows.with_columns(
        kinds=pl.when(pl.col("dual") & (pl.col("parent_kind") != ""))
        .then(pl.format("{} {}", "parent_kind", "child_kind"))
        .otherwise(pl.lit("")),
        in_open=pl.col("child_zone") == "anybody",
        from_open=(pl.col("parent_zone") == "anybody") & ~pl.col("own") & ~pl.col("echo"),
    ).with_columns(
        rows=pl.len(),
        n_child=pl.len().over("target"),
        n_parent=pl.len().over("actor"),
        n_pair=pl.len().over("actor", "target"),
        n_pattern=pl.len().over("target", "pattern"),
        n_kinds=pl.len().over("kinds"),
        n_folder=pl.col("in_open").sum(),
        n_parent_folder=(pl.col("parent_zone") == "anybody").sum(),
        n_name=pl.col("posed").sum(),
        n_text=pl.col("text").rank("max", descending=True),
    )


def _scored(rows: pl.DataFrame) -> pl.DataFrame:
    """The bits of each part, and their sum.

    A share of few starts says little, so all starts' share is added to it as so many more.
    """
    known = pl.col("Parent") != ""
    rows = rows.with_columns(
        of_parent=pl.when(known).then(_among("actor", "n_pair")).otherwise(0.0),
        of_child=pl.when(known).then(_among("target", "n_pair")).otherwise(0.0),
        child_rare=_as_rare("n_child") / 2,
        parent_rare=pl.when(known).then(_as_rare("n_parent") / 2).otherwise(0.0),
        command=pl.when((pl.col("pattern") != "") & (pl.col("n_child") > 1))
        .then(_among("target", "n_pattern"))
        .otherwise(0.0),
        folder=_bits("in_open", "n_folder"),
        parent_folder=_bits("from_open", "n_parent_folder"),
        name=_bits("posed", "n_name"),
        # `text` is taken by its length from here on.
        text_bits=pl.when((pl.col("text") > 0) & pl.col("dual"))
        .then(-(pl.col("n_text") / pl.len()).log(2) / 2)
        .otherwise(0.0),
        kinds_bits=pl.when(pl.col("kinds") != "")
        .then(-(pl.col("n_kinds") / pl.len()).log(2) / 2)
        .otherwise(0.0),
    )
    worth = (
        pl.col("dual")
        | pl.col("in_open")
        | (pl.col("parent_zone") == "anybody")
        | pl.col("parent_kind").is_in(doors())
    ) & ~pl.col("own")
    weight = pl.when(pl.col("echo")).then(0.0).when(worth).then(1.0).otherwise(0.5)
    rows = rows.with_columns(pl.col(part) * weight for part in _PAIR)
    return rows.with_columns(score=pl.sum_horizontal(_bits_of(part) for part in _PARTS))


def _bits_of(part: str) -> str:
    return f"{part}_bits" if part in ("text", "kinds") else part


def _as_rare(count: str) -> pl.Expr:
    """Bits: of all starts, those whose count is as low."""
    return -(pl.col(count).rank("max") / pl.len()).log(2)


def _among(group: str, count: str) -> pl.Expr:
    """Bits: of the group's starts, those whose count is as low."""
    everywhere = pl.col(count).rank("max") / pl.len()
    inside = pl.col(count).rank("max").over(group)
    return -((inside + _PRIOR * everywhere) / (pl.len().over(group) + _PRIOR)).log(2)


def _bits(flag: str, count: str) -> pl.Expr:
    rare = -((pl.col(count) + 1) / (pl.len() + 2)).log(2)
    return pl.when(flag).then(rare).otherwise(0.0)


def _pairs(scored: pl.DataFrame) -> pl.DataFrame:
    """The most unusual start of each pair, with the pair's counts; the most unusual pair first."""
    ordered = scored.sort("score", "row", descending=[True, False])
    whole = ordered.with_columns(SourceIndex="row").group_by("actor", "target").agg(
        *(each for each in counts() if each.meta.output_name() != "SourceIndex"),
        pl.col("Child").n_unique().cast(pl.Int64).alias("Programs"),
    )  # fmt: skip
    first = ordered.unique(["actor", "target"], keep="first", maintain_order=True)
    return first.join(whole, on=["actor", "target"], maintain_order="left").with_columns(
        Parent=pl.col("parent").str.extract(_LAST),
        Child=pl.col("child").str.extract(_LAST),
        SourceIndex="row",
    )


def _reason(row: dict[str, Any]) -> str:
    """What the score rests on, the weightiest first."""
    rows = row["rows"]
    parent, child = (visible(row[side], limit=_LONGEST) for side in ("Parent", "Child"))
    pair, of_parent, of_child = row["n_pair"], row["n_parent"], row["n_child"]
    texts = {
        "pair": f"{pair:,} of {of_parent:,} starts by {_unit(row, 'actor', parent)}, "
        f"{pair:,} of {of_child:,} starts of {_unit(row, 'target', child)}",
        "child_rare": f"{child} is {of_child:,} of {rows:,} starts",
        "parent_rare": f"{parent} made {of_parent:,} of {rows:,} starts",
        "command": f"{row['n_pattern']:,} of {of_child:,} starts of {child} have this command "
        "line's pattern",
        "folder": f"in a folder that users can write to, as {row['n_folder']:,} of {rows:,}",
        "parent_folder": "started from a folder that users can write to, as "
        f"{row['n_parent_folder']:,} of {rows:,} starts",
        "name": "named as a program of the system or a document, and lies elsewhere, as "
        f"{row['n_name']:,} of {rows:,} starts",
        "text": f"{row['text']:,} letters of base64, {row['n_text']:,.0f} of {rows:,} starts have "
        "as many",
        "kinds": _kinds(row),
    }
    bits = {part: row[_bits_of(part)] for part in _PARTS[2:]}
    bits["pair"] = row["of_parent"] + row["of_child"]
    ranked = sorted(bits, key=lambda part: -bits[part])
    chosen = [part for part in ranked if bits[part] >= _LEAST][:_TOLD] or ranked[:1]
    return "; ".join(texts[part] for part in chosen)


def _kinds(row: dict[str, Any]) -> str:
    if not row["kinds"]:
        return ""
    parent, _, child = row["kinds"].partition(" ")
    count = f"{row['n_kinds']:,} of {row['rows']:,} starts"
    return f"{told(parent)} starts {told(child)}: {count}"


def _unit(row: dict[str, Any], side: str, name: str) -> str:
    """The program, or the folder whose programs are counted together."""
    unit: str = row[side]
    return visible(unit, limit=_LONGEST) if unit.endswith("\\*") else name
