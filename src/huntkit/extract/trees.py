"""Process trees out of process events of any product."""

from collections.abc import Mapping

import polars as pl

from huntkit.core.errors import UsageError
from huntkit.extract.process_links import link
from huntkit.extract.process_starts import process_starts
from huntkit.extract.tree_shape import shape
from huntkit.tables import roles as known_roles
from huntkit.tables import step

TREE_COLUMNS = {
    "proc_key": pl.String,
    "parent_key": pl.String,
    "IsRoot": pl.Boolean,
    "IsLeaf": pl.Boolean,
    "IsBranch": pl.Boolean,
    "path": pl.String,
    "Depth": pl.Int64,
    "Descendants": pl.Int64,
    "Rarity": pl.Float64,
    "Inferred": pl.Boolean,
}


@step(split="whole", gives=TREE_COLUMNS)
def process_tree(data: pl.DataFrame, *, roles: Mapping[str, str] | None = None) -> pl.DataFrame:
    """The processes that a table starts, one row each, with their place in the tree.

    The result may have more rows than the input: parents that no row shows are added.

    Works on any table whose columns are known by their roles: Sysmon 1, Security 4688, Defender,
    auditd, osquery, Velociraptor ..., also mixed. Rows that start no process are left out; a
    process recorded twice (4688 and Sysmon 1) is one row. Parents are found by the products' own
    keys, otherwise by host, pid and time, so that a reused pid and a second host never mix. A
    parent that no row shows is added with ``Inferred`` true and what its children say of it; its
    other texts are empty, other values null. Loops and processes that claim to be their own parent
    are cut.

    Args:
        data: any frame.
        roles: the column of a role, where it can't be known by its name, such as
            ``{"host": "box", "process_id": "number"}``.

    Returns:
        The columns of `data` (one that is named like a column below gets ``_source`` behind its
        name) and: ``proc_key`` and ``parent_key`` (empty for a root); ``IsRoot``, ``IsLeaf`` (no
        children), ``IsBranch`` (has parent and children); ``path``, the row numbers of the result
        from the root down; ``Depth`` (0 for a root); ``Descendants``; ``Rarity``, 1 divided by how
        many processes have the same file name and the same parent's file name in the whole table:
        1 is unique, null for inferred rows; ``Inferred``. Sorted by time; inferred rows last.

    Raises:
        UsageError: no column holds a process id or key.

    Examples:
        >>> from datetime import datetime
        >>> tree = process_tree(pl.DataFrame({
        ...     "TimeGenerated": [datetime(2024, 5, 1, 10), datetime(2024, 5, 1, 11)],
        ...     "Computer": ["host1", "host1"],
        ...     "NewProcessId": ["0x10", "0x20"], "ProcessId": ["0x4", "0x10"],
        ...     "NewProcessName": ["C:/cmd.exe", "C:/whoami.exe"],
        ...     "ParentProcessName": ["C:/explorer.exe", "C:/cmd.exe"]}))
        >>> tree.select("NewProcessName", "path", "Depth", "Inferred").rows()
        [('C:/cmd.exe', '2/0', 1, False), ('C:/whoami.exe', '2/0/1', 2, False),
         ('C:/explorer.exe', '2', 0, True)]
    """
    given = dict(roles or {})
    for role, column in given.items():
        known_roles.require(data.columns, role, column)
    clash = {name: f"{name}_source" for name in data.columns if name in TREE_COLUMNS}
    if taken := [new for new in clash.values() if new in data.columns]:
        raise UsageError(
            f"the column {taken[0]!r} is in the way", hint="rename it; that name is needed here"
        )
    if not data.height:
        empty = [pl.lit(None, dtype).alias(name) for name, dtype in TREE_COLUMNS.items()]
        return data.rename(clash).with_columns(empty)
    starts, ends, used = process_starts(data, given)
    nodes = link(starts, ends)
    rows = data.rename(clash)[nodes["row"].drop_nulls()]
    shown = {role: clash.get(column, column) for role, column in used.items()}
    guesses = _as_rows(nodes.filter(pl.col("inferred")), rows, shown)
    return pl.concat([rows, guesses], how="vertical").hstack(_tree(nodes))


def _tree(nodes: pl.DataFrame) -> pl.DataFrame:
    """The columns of the tree for nodes with keys."""
    form = shape(nodes["above"].cast(pl.Int64).fill_null(-1))
    places = form["parent"].replace(-1, None)
    parent_names, keys = nodes["name"].gather(places), nodes["node"].gather(places)
    pair = [pl.col("name"), pl.col("above")]
    return form.with_columns(
        nodes["name"], parent_names.fill_null("").alias("above"), nodes["inferred"]
    ).select(
        proc_key=nodes["node"],
        parent_key=keys.fill_null(""),
        IsRoot=pl.col("parent") < 0,
        IsLeaf=pl.col("children") == 0,
        IsBranch=(pl.col("parent") >= 0) & (pl.col("children") > 0),
        path="path",
        Depth="depth",
        Descendants="descendants",
        Rarity=pl.when(~pl.col("inferred")).then(1.0 / (~pl.col("inferred")).sum().over(pair)),
        Inferred="inferred",
    )


def _as_rows(nodes: pl.DataFrame, rows: pl.DataFrame, used: Mapping[str, str]) -> pl.DataFrame:
    """Inferred parents in the columns of the table, with what their children say of them."""
    values: dict[str, pl.Series] = {}
    for role, name in (
        ("host", "host_written"),
        ("process_name", "name"),
        ("process_path", "image"),
        ("process_id", "pid"),
        ("command_line", "command_line"),
        ("process_key", "key"),
        ("process_time", "time"),
    ):
        column = used.get(role)
        if column is None:
            continue
        dtype = rows.schema[column]
        value = nodes[name]
        if role == "process_id" and dtype == pl.String:
            value = _pid_text(value, rows[column])
        if dtype == pl.String and value.dtype == pl.Datetime("us", "UTC"):
            value = value.dt.strftime("%Y-%m-%d %H:%M:%S%.6f")
        values[column] = value.cast(dtype, strict=False).alias(column)
    frame = pl.DataFrame(
        {
            name: values.get(name, pl.repeat(None, nodes.height, dtype=dtype, eager=True))
            for name, dtype in rows.schema.items()
        },
        schema=rows.schema,
    )
    return frame.with_columns(pl.col(pl.String).fill_null(""))  # text is never null


def _pid_text(pids: pl.Series, like: pl.Series) -> pl.Series:
    """Pids written as the table writes its own: hexadecimal where those are."""
    is_hex = like.drop_nulls().head(100).str.starts_with("0x").any()
    if not is_hex:
        return pids.cast(pl.String)
    return pl.Series([None if pid is None else hex(pid) for pid in pids], dtype=pl.String)
