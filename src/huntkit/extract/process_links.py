"""Which process started which: by keys first, then by host, pid and the time in which it ran."""

import polars as pl

from huntkit.extract.process_starts import STARTS

_TOLERANCE = "2s"
_EPOCH = pl.datetime(1970, 1, 1, time_unit="us", time_zone="UTC")


def link(starts: pl.DataFrame, ends: pl.DataFrame) -> pl.DataFrame:
    """Starts and inferred parents with ``node`` (a key) and ``above`` (a place; null: a root).

    A parent is the process with the parent's key on the same host. Without keys it is the last
    process with the parent's pid on that host that started before the child (or within two seconds
    after it, as records arrive late), had not ended, and has the file name that the child's record
    gives for its parent. A parent that is named but was never seen becomes a row of its own with
    ``inferred`` true and ``row`` null.
    """
    nodes = starts.with_columns(node=_node_key(), host_id=_code("host")).unique(
        "node", keep="first", maintain_order=True
    )
    nodes = nodes.with_row_index("place")
    by_key = _by_key(nodes)
    rest = nodes if not by_key.height else nodes.join(by_key, on="place", how="anti")
    by_pid = _by_pid(rest, nodes, ends)
    edges = pl.concat([by_key, by_pid.select("place", "above")])
    linked = nodes.join(edges, on="place", how="left", maintain_order="left")
    orphans = linked.filter(pl.col("above").is_null()).join(
        by_pid.select("place", "last"), on="place", how="left", maintain_order="left"
    )
    last = nodes["node"].gather(orphans["last"])
    orphans = orphans.with_columns(last=last.fill_null("")).with_columns(wanted=_parent_key())
    inferred = _inferred(orphans, nodes).with_row_index("above", offset=nodes.height)
    guessed = orphans.select("place", node="wanted").join(
        inferred.select("node", "above"), on="node", how="inner"
    )
    linked = linked.join(
        guessed.select("place", guess="above"), on="place", how="left", maintain_order="left"
    ).with_columns(above=pl.coalesce("above", "guess"), inferred=pl.lit(value=False))
    columns = [*STARTS, "node", "above", "inferred"]
    guesses = inferred.with_columns(above=pl.lit(None, pl.UInt32), inferred=pl.lit(value=True))
    return pl.concat([linked.select(columns), guesses.select(columns)])


def _code(name: str) -> pl.Expr:
    """A number for each distinct text: joins on numbers are several times faster."""
    return pl.col(name).cast(pl.Categorical).to_physical()


def _node_key() -> pl.Expr:
    started = pl.coalesce(pl.col("time").dt.strftime("%Y-%m-%dT%H:%M:%S%.6fZ"), pl.lit("-"))
    by_pid = pl.concat_str(
        "host", pl.col("pid").cast(pl.String).fill_null("-"), started, "name", separator="|"
    )
    return (
        pl.when(pl.col("key") != "")
        .then(pl.concat_str("host", "key", separator="|"))
        .otherwise(by_pid)
    )


def _by_key(nodes: pl.DataFrame) -> pl.DataFrame:
    """Edges whose parent's key is there (``place``, ``above``); no process is its own parent."""
    children = nodes.filter(pl.col("parent_guid") != "")
    there = nodes.filter(pl.col("key") != "").select("host_id", parent_guid="key", above="place")
    return (
        children.select("place", "host_id", "parent_guid")
        .join(there, on=["host_id", "parent_guid"], how="inner")
        .filter(pl.col("above") != pl.col("place"))
        .select("place", "above")
    )


def _by_pid(children: pl.DataFrame, nodes: pl.DataFrame, ends: pl.DataFrame) -> pl.DataFrame:
    """``place``, ``above`` (null: none fits) and ``last``, the last start that had the pid."""
    asked = children.filter(pl.col("parent_pid").is_not_null()).select(
        "place", "host", "host_id", "parent_guid", "parent_name", "parent_time",
        pid="parent_pid", at=pl.col("time").fill_null(_EPOCH),
    ).sort("at")  # fmt: skip
    there = nodes.filter(pl.col("pid").is_not_null()).select(
        "host_id", "pid", at=pl.col("time").fill_null(_EPOCH), last="place", last_name="name",
        last_key="key", last_time="time",
    ).sort("at")  # fmt: skip
    keys = ["host_id", "pid"]
    before = asked.join_asof(there, on="at", by=keys, check_sortedness=False)
    before = _still_there(before, ends).with_columns(fits=_fits())
    late = (
        before.filter(~pl.col("fits") & (pl.col("parent_name") != ""))
        .select(asked.columns)
        .join_asof(
            there, on="at", by=keys, strategy="forward", tolerance=_TOLERANCE,
            check_sortedness=False,
        )
        .with_columns(gone=pl.lit(value=False))
        # Only a name that agrees makes a later start the parent of an earlier one.
        .filter(_fits() & (pl.col("last_name") != ""))
        .select("place", later="last")
    )  # fmt: skip
    return before.join(late, on="place", how="left", maintain_order="left").select(
        "place", above=pl.when(pl.col("fits")).then("last").otherwise("later"), last="last"
    )


def _fits() -> pl.Expr:
    """Whether the last start with the parent's pid can be the parent."""
    both_named = (pl.col("parent_name") != "") & (pl.col("last_name") != "")
    apart = (pl.col("parent_time") - pl.col("last_time")).abs() > pl.duration(seconds=2)
    # Both sides have keys and they differ: these are two processes, whatever the pid.
    other_key = (pl.col("parent_guid") != "") & (pl.col("last_key") != "")
    return (
        pl.col("last").is_not_null()
        & (pl.col("last") != pl.col("place"))
        & ~(both_named & (_program("parent_name") != _program("last_name")))
        & ~apart.fill_null(value=False)
        & ~other_key
        & ~pl.col("gone").fill_null(value=False)
    )


def _program(name: str) -> pl.Expr:
    # auditd and the kernel cut names to 15 bytes; ".exe" is not written by every product.
    return pl.col(name).str.strip_suffix(".exe").str.head(15)


def _still_there(found: pl.DataFrame, ends: pl.DataFrame) -> pl.DataFrame:
    """Mark candidates that had ended before the child started."""
    if not ends.height:
        return found.with_columns(gone=pl.lit(value=False))
    stopped = ends.select("host", "pid", at="time", ended="time").sort("at")
    return found.sort("at").join_asof(
        stopped, on="at", by=["host", "pid"], check_sortedness=False
    ).with_columns(
        gone=(pl.col("ended") >= pl.col("last_time"))
        & (pl.col("ended") + pl.duration(seconds=2) < pl.col("at"))
    ).drop("ended")  # fmt: skip


def _parent_key() -> pl.Expr:
    """The key of a parent that was never seen; null if nothing is known of it.

    The last real start with its pid is a part of it: children before and after that start had
    different parents, though pid and name are the same.
    """
    by_pid = pl.concat_str(
        "host",
        pl.col("parent_pid").cast(pl.String).fill_null("-"),
        pl.coalesce(pl.col("parent_time").dt.strftime("%Y-%m-%dT%H:%M:%S%.6fZ"), pl.lit("?")),
        "parent_name",
        pl.when(pl.col("last").fill_null("") == "")
        .then(pl.lit(""))
        .otherwise(pl.lit("after ") + pl.col("last")),
        separator="|",
    ).str.strip_chars_end("|")
    known = (pl.col("parent_pid").fill_null(0) != 0) | (pl.col("parent_name") != "")
    itself = (pl.col("parent_pid") == pl.col("pid")).fill_null(value=False) & (
        (pl.col("parent_name") == "") | (pl.col("parent_name") == pl.col("name"))
    )
    return (
        pl.when((pl.col("parent_guid") != "") & (pl.col("parent_guid") == pl.col("key")))
        .then(None)
        .when(pl.col("parent_guid") != "")
        .then(pl.concat_str("host", "parent_guid", separator="|"))
        .when(known & ~itself)
        .then(by_pid)
    )


def _inferred(orphans: pl.DataFrame, nodes: pl.DataFrame) -> pl.DataFrame:
    """A row for each parent that is named by its children only."""
    found = (
        orphans.drop("node")
        .rename({"wanted": "node"})
        .filter(pl.col("node").is_not_null())
        .unique("node", keep="first", maintain_order=True)
        .join(nodes.select("node"), on="node", how="anti", maintain_order="left")
    )
    return found.select(
        row=pl.lit(None, pl.UInt32),
        time="parent_time",
        parent_time=pl.lit(None, STARTS["time"]),
        pid="parent_pid",
        parent_pid=pl.lit(None, pl.Int64),
        rank="rank",
        host="host",
        key="parent_guid",
        parent_guid=pl.lit(""),
        image="parent_image",
        name="parent_name",
        command_line="parent_command_line",
        parent_image=pl.lit(""),
        parent_name=pl.lit(""),
        parent_command_line=pl.lit(""),
        host_written="host_written",
        node="node",
    )
