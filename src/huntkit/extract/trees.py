"""Process trees out of process events of any product."""

from collections.abc import Mapping, Sequence
from typing import TypeVar

import polars as pl

from huntkit.core.errors import UsageError
from huntkit.extract.process_links import link
from huntkit.extract.process_starts import Processes, process_starts, text, times, whole_path
from huntkit.extract.tree_shape import shape
from huntkit.tables import roles as known_roles
from huntkit.tables import step
from huntkit.tables.frames import is_spark

F = TypeVar("F")

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
    "Fault": pl.String,
}
_PAIR = ("_program", "_parent_program")
_OWN_IDS = ("process_id", "process_key")
_PARENTS = ("parent_id", "parent_key", "parent_name", "parent_path")


def process_tree(data: F, *, roles: Mapping[str, str] | None = None) -> F:
    """The processes that a table starts, one row each, with their place in the tree.

    The result may have more rows than the input: parents that no row shows are added.

    Works on any table whose columns are known by their roles: Sysmon 1, Security 4688, Defender,
    auditd, osquery, Velociraptor, CrowdStrike ..., also mixed. Rows that start no process are left
    out; a process recorded twice (4688 and Sysmon 1) is one row. Parents are found by the products'
    own keys, otherwise by host, pid and time, so that a reused pid and a second host never mix. A
    parent that no row shows is added with ``Inferred`` true and what its children say of it; its
    other texts are empty, other values null. Loops and processes that claim to be their own parent
    are cut, and ``Fault`` says so. On Spark the hosts are worked on apart, wherever they lie.

    Args:
        data: any frame.
        roles: the column of a role, where it can't be known by its name, such as
            ``{"host": "box", "process_id": "number"}``.

    Returns:
        The columns of `data` (one that is named like a column below gets ``_source`` behind its
        name) and: ``proc_key`` and ``parent_key`` (empty for a root); ``IsRoot``, ``IsLeaf`` (no
        children), ``IsBranch`` (has parent and children); ``path``, numbers from the root down,
        where a process has the number at which it comes among the result's rows of its host;
        ``Depth`` (0 for a root); ``Descendants``; ``Rarity``, 1 divided by how many processes have
        the same file name and the same parent's file name in the whole table: 1 is unique, null for
        inferred rows; ``Inferred``; ``Fault``: ``own parent``, ``loop`` (cut above this process) or
        empty. Sorted by time; inferred rows last.

    Raises:
        UsageError: no column holds a process id or key, or none says who the parent was, or no row
            starts a process.

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
    if is_spark(data):
        host = (roles or {}).get("host")
        return _rarity(_trees_of_hosts(data, roles=roles, host=host))
    return _process_tree(data, roles=roles)


@step(split="whole", may_name=("roles",), gives=TREE_COLUMNS)
def _process_tree(data: pl.DataFrame, *, roles: Mapping[str, str] | None) -> pl.DataFrame:
    tree = _rarity.on_polars(_trees_of_hosts.on_polars(data, roles=roles))
    if data.height and not tree.height:
        raise UsageError(
            "no row of this table starts a process",
            hint="name the column with roles={'process_id': ...} if its rows are process starts",
        )
    return tree


@step(split="group", group=("host",), may_name=("roles", "host"))
def _trees_of_hosts(
    data: pl.DataFrame, *, roles: Mapping[str, str] | None = None, host: str | None = None
) -> pl.DataFrame:
    """Trees without their rarity, for which all hosts count. `host` says what makes a group."""
    del host
    given = dict(roles or {})
    for role, column in given.items():
        known_roles.require(data.columns, role, column)
    clash = {name: f"{name}_source" for name in data.columns if name in {*TREE_COLUMNS, *_PAIR}}
    if taken := [new for new in clash.values() if new in data.columns]:
        raise UsageError(
            f"the column {taken[0]!r} is in the way", hint="rename it; that name is needed here"
        )
    if data.columns:
        _require_columns(data.columns, given)
    found = process_starts(data, given)
    if not found.starts.height:
        columns = {name: kind for name, kind in TREE_COLUMNS.items() if name != "Rarity"}
        empty = {**columns, **dict.fromkeys(_PAIR, pl.String)}
        return (
            data.clear()
            .rename(clash)
            .with_columns(pl.lit(None, kind).alias(name) for name, kind in empty.items())
        )
    nodes = link(found.starts, found.ends)
    guesses = _as_rows(nodes.filter("inferred")["row"], data, found)
    order = nodes.filter(~pl.col("inferred"))["row"]
    is_sorted = len(order) == data.height and order.equals(
        pl.int_range(data.height, dtype=pl.UInt32, eager=True)
    )
    seen = data if is_sorted else data[order]
    rows = pl.concat([seen, guesses], how="vertical") if guesses.height else seen
    return rows.rename(clash).hstack(_tree(nodes))


@step(split="group", group=_PAIR)
def _rarity(tree: pl.DataFrame) -> pl.DataFrame:
    """The trees with the rarity of each program under its parent's."""
    seen = (~pl.col("Inferred")).sum().over(_PAIR)
    rarity = pl.when(~pl.col("Inferred")).then(1.0 / seen).alias("Rarity")
    place = tree.columns.index("Inferred")
    with_rarity = tree.with_columns(rarity).drop(_PAIR)
    return with_rarity.select(
        *tree.columns[:place],
        "Rarity",
        *(name for name in tree.columns[place:] if name not in _PAIR),
    )


def _tree(nodes: pl.DataFrame) -> pl.DataFrame:
    """The columns of the tree for nodes with keys."""
    labels = nodes.select(pl.int_range(pl.len()).over("host")).to_series()
    form = shape(nodes["above"], labels)
    places = form["parent"].replace(-1, None)
    return form.with_columns(
        nodes["node"],
        nodes["name"],
        nodes["inferred"],
        nodes["is_own_parent"],
        nodes["name"].gather(places).fill_null("").alias("parent_name"),
        nodes["node"].gather(places).fill_null("").alias("parent_key"),
    ).select(
        proc_key="node",
        parent_key="parent_key",
        IsRoot=pl.col("parent") < 0,
        IsLeaf=pl.col("children") == 0,
        IsBranch=(pl.col("parent") >= 0) & (pl.col("children") > 0),
        path="path",
        Depth="depth",
        Descendants="descendants",
        Inferred="inferred",
        Fault=pl.when("is_cut")
        .then(pl.lit("loop"))
        .when("is_own_parent")
        .then(pl.lit("own parent"))
        .otherwise(pl.lit("")),
        _program="name",
        _parent_program="parent_name",
    )


def _as_rows(tellers: pl.Series, data: pl.DataFrame, found: Processes) -> pl.DataFrame:
    """Inferred parents in the columns of the table, as the rows of their first children tell."""
    known = found.starts.select("row", "rank", "parent_pid").sort("row")
    known = known[known["row"].search_sorted(tellers)].with_row_index("place")
    parts = [
        _told(data[part["row"]], part["parent_pid"], columns, found.columns[0])
        for rank, columns in enumerate(found.columns)
        for part in [known.filter(pl.col("rank") == rank)]
    ]
    places = known.sort("rank", maintain_order=True)["place"]
    return pl.concat(parts)[places.arg_sort()]


def _told(
    children: pl.DataFrame, pids: pl.Series, child: Mapping[str, str], shown: Mapping[str, str]
) -> pl.DataFrame:
    """What the rows of children say of their parents, in the columns that are shown."""
    name = text(children, child.get("parent_name"))
    said = {
        "host": text(children, child.get("host")),
        "process_name": name.str.extract(r"([^\\/]*)$").fill_null(""),
        "process_path": whole_path(text(children, child.get("parent_path")), name),
        "process_id": pids,
        "command_line": text(children, child.get("parent_command_line")),
        "process_key": text(children, child.get("parent_key")),
        "process_time": times(children, child.get("parent_time")),
    }
    values: dict[str, pl.Series] = {}
    for role, value in said.items():
        if (column := shown.get(role)) is not None:
            values[column] = _written(value, children[column])
    frame = pl.DataFrame(
        {
            column: values.get(column, pl.repeat(None, children.height, dtype=dtype, eager=True))
            for column, dtype in children.schema.items()
        },
        schema=children.schema,
    )
    return frame.with_columns(pl.col(pl.String).fill_null(""))  # text is never null


def _written(value: pl.Series, like: pl.Series) -> pl.Series:
    """Values as a column of the table writes its own."""
    if like.dtype == pl.String and value.dtype == pl.Datetime("us", "UTC"):
        value = value.dt.strftime("%Y-%m-%d %H:%M:%S%.6f")
    elif like.dtype == pl.String and value.dtype.is_integer():
        is_hex = like.drop_nulls().head(100).str.starts_with("0x").any()
        if is_hex:
            value = pl.Series([None if n is None else hex(n) for n in value], dtype=pl.String)
    clocks = value.dtype.is_temporal(), like.dtype == pl.Datetime
    is_plain = like.dtype == pl.String or like.dtype.is_numeric()
    if clocks != (True, True) and (any(clocks) or not is_plain):  # an id that is a flag or a list
        return pl.repeat(None, len(value), dtype=like.dtype, eager=True).alias(like.name)
    return value.cast(like.dtype, strict=False).alias(like.name)


def _require_columns(columns: Sequence[str], given: Mapping[str, str]) -> None:
    """Refuse tables of sockets, logons ... that name processes, but not who started them."""
    if not any(r in given or known_roles.resolve(columns, r) for r in _OWN_IDS):
        known_roles.require(columns, "process_id")
    if not any(r in given or known_roles.resolve(columns, r) for r in _PARENTS):
        known_roles.require(columns, "parent_id")
