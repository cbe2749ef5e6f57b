"""Which process started which: by keys first, then by host, pid and the time in which it ran."""

import polars as pl

_TOLERANCE = "2s"
_EPOCH = pl.datetime(1970, 1, 1, time_unit="us", time_zone="UTC")
LINKED: dict[str, pl.DataType | type[pl.DataType]] = {
    "row": pl.UInt32,
    "node": pl.String,
    "host": pl.String,
    "name": pl.String,
    "above": pl.UInt32,
    "inferred": pl.Boolean,
    "is_own_parent": pl.Boolean,
}


def link(starts: pl.DataFrame, ends: pl.DataFrame) -> pl.DataFrame:
    """Starts, which must be distinct, and inferred parents: columns `LINKED`.

    A parent is the process with the parent's key on the same host. Without keys it is the last
    process with the parent's pid on that host that started before the child (or within two seconds
    after it, as records arrive late), had not ended, and has the file name that the child's record
    gives for its parent. A parent that is named but was never seen becomes a row of its own with
    ``inferred`` true.

    ``node`` is a key, ``above`` the place of the parent in the result (null: a root); ``row`` is
    the row of `starts`' table: of an inferred parent that of the first child that names it.
    """
    nodes = starts.with_columns(
        node=_node_key(),
        host_id=_code(starts["host"], "host"),
        place=pl.int_range(pl.len(), dtype=pl.UInt32),
    )
    by_key = _by_key(nodes)
    is_linked = _marked(nodes.height, by_key["place"])
    rest = nodes.filter(~is_linked)
    by_pid = _by_pid(rest, nodes, ends)
    above = _scattered(nodes.height, [by_key, by_pid.select("place", "above").drop_nulls()])
    orphans = by_pid.filter(pl.col("above").is_null()).select("place", "last")
    told = nodes[orphans["place"]].with_columns(
        last=nodes["node"].gather(orphans["last"]).fill_null(""),
    )
    told = told.with_columns(wanted=_parent_key(), own=_is_own_parent())
    inferred = _inferred(told, nodes).with_columns(
        guess=pl.int_range(nodes.height, nodes.height + pl.len(), dtype=pl.UInt32)
    )
    guessed = told.select("place", node="wanted").join(
        inferred.select("node", above="guess"), on="node", how="inner"
    )
    above = above.zip_with(
        above.is_not_null(), _scattered(nodes.height, [guessed.select("place", "above")])
    )
    own = told.filter("own")["place"]
    return pl.concat(
        [
            nodes.select(
                "row", "node", "host", "name", above=above, inferred=pl.lit(value=False),
                is_own_parent=_marked(nodes.height, own),
            ),
            inferred.select(
                "row", "node", "host", name="parent_name", above=pl.lit(None, pl.UInt32),
                inferred=pl.lit(value=True), is_own_parent=pl.lit(value=False),
            ),
        ]
    ).cast(pl.Schema(LINKED))  # fmt: skip


def _code(distinct_of: pl.Series, name: str) -> pl.Expr:
    """A number for each distinct text: joins on numbers are several times faster."""
    return pl.col(name).cast(pl.Enum(distinct_of.unique())).to_physical()


def _marked(size: int, places: pl.Series) -> pl.Series:
    marks = pl.repeat(value=False, n=size, eager=True)
    return marks.scatter(places, True) if len(places) else marks


def _scattered(size: int, edges: list[pl.DataFrame]) -> pl.Series:
    above = pl.repeat(None, size, dtype=pl.UInt32, eager=True)
    for each in edges:
        if each.height:
            above = above.scatter(each["place"], each["above"])
    return above


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
    children = nodes.filter(pl.col("parent_guid") != "").select(
        "host_id", "place", "parent_guid", code=_hash("parent_guid")
    )
    there = nodes.filter(pl.col("key") != "").select(
        "key", code=_hash("key"), above="place", above_host="host_id"
    )
    # Hashes are compared fast; hosts and texts decide.
    return (
        children.join(there, on="code", how="inner")
        .filter(
            pl.col("host_id") == pl.col("above_host"),
            pl.col("parent_guid") == pl.col("key"),
            pl.col("above") != pl.col("place"),
        )
        .select("place", "above")
    )


def _hash(key: str) -> pl.Expr:
    return pl.col(key).hash() ^ pl.col("host_id").hash()


def _by_pid(children: pl.DataFrame, nodes: pl.DataFrame, ends: pl.DataFrame) -> pl.DataFrame:
    """``place``, ``above`` (null: none fits) and ``last``, the last start that had the pid."""
    asked = children.select(
        "place", "host_id", "host", "parent_guid", "parent_name", "parent_time",
        pid="parent_pid", at=pl.col("time").fill_null(_EPOCH),
    ).sort("at")  # fmt: skip
    wanted = asked["pid"].drop_nulls().unique().implode()
    there = nodes.filter(pl.col("pid").is_in(wanted)).select(
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


def _is_own_parent() -> pl.Expr:
    """Whether the record claims that the process started itself."""
    same_pid = (pl.col("parent_pid") == pl.col("pid")) & (pl.col("pid") != 0)
    same_name = (pl.col("parent_name") == "") | (pl.col("parent_name") == pl.col("name"))
    no_keys = (pl.col("parent_guid") == "") | (pl.col("key") == "")
    by_pid = no_keys & same_pid.fill_null(value=False) & same_name
    return by_pid | ((pl.col("parent_guid") != "") & (pl.col("parent_guid") == pl.col("key")))


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
    return (
        pl.when(_is_own_parent())
        .then(None)
        .when(pl.col("parent_guid") != "")
        .then(pl.concat_str("host", "parent_guid", separator="|"))
        .when(known)
        .then(by_pid)
    )


def _inferred(told: pl.DataFrame, nodes: pl.DataFrame) -> pl.DataFrame:
    """A row for each parent that is named by its children only, as the first child tells it."""
    return (
        told.select("row", "host", "parent_name", node="wanted")
        .filter(pl.col("node").is_not_null())
        .unique("node", keep="first", maintain_order=True)
        .join(nodes.select("node"), on="node", how="anti", maintain_order="left")
    )
