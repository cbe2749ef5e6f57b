"""Who talked to whom: a table's connections as edges, and as a networkx graph."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

import polars as pl

from huntkit.core import extras
from huntkit.core.errors import UnknownColumn, UsageError
from huntkit.extract.texts import text_of
from huntkit.tables import roles, step, to_polars
from huntkit.tables.times import parse_times, pick_time_column

_TIME = pl.Datetime("us", "UTC")
_EDGES: dict[str, pl.DataType | type[pl.DataType]] = {
    "Source": pl.String,
    "Target": pl.String,
    "Count": pl.Int64,
    "First": _TIME,
    "Last": _TIME,
    "BytesSent": pl.Int64,
    "BytesReceived": pl.Int64,
    "Ports": pl.List(pl.String),
    "Protocols": pl.List(pl.String),
    "Hosts": pl.List(pl.String),
    "Processes": pl.List(pl.String),
    "Users": pl.List(pl.String),
}
_SETS = {
    "Ports": "destination_port",
    "Protocols": "protocol",
    "Hosts": "host",
    "Processes": "process_name",
    "Users": "user",
}
_SUMS = {"BytesSent": "bytes_sent", "BytesReceived": "bytes_received"}
_EXACT = 2**53  # below it, a float holds every whole number
_SOURCES = ("source_ip", "host")
_TARGETS = ("destination_ip", "destination_host", "dns_query", "url")


@step(split="whole", may_name=("source", "target", "by", "time_column"), gives=_EDGES)
def network_edges(
    data: pl.DataFrame,
    source: str | None = None,
    target: str | None = None,
    *,
    by: str | Sequence[str] = (),
    time_column: str | None = None,
) -> pl.DataFrame:
    """Who talked to whom: one row for each pair, with how often, when and how much.

    Every row of `data` is counted: where one end is empty, it is empty text. A column of lists
    gives an edge for each of its values.

    Args:
        data: any frame: connections, flows, DNS queries, logons ...
        source: the column, or the role, of the one end; ``source_ip``, else ``host``, if left out.
        target: that of the other end; ``destination_ip``, else ``destination_host``,
            ``dns_query`` or ``url``.
        by: columns or roles whose values make edges of their own, such as ``destination_port``.
        time_column: the column of the time, if it can't be known.

    Returns:
        ``Source Target``, the columns of `by`, ``Count``, ``First`` and ``Last`` (null without
        times), ``BytesSent`` and ``BytesReceived`` (sums, null where none is known), and the
        distinct values of ``Ports Protocols Hosts Processes Users``. The most frequent first.

    Raises:
        UsageError: no column is known to hold an end.
        UnknownColumn: a column or role that there is not.

    Examples:
        >>> frame = pl.DataFrame({
        ...     "SourceIp": ["192.0.2.1", "192.0.2.1"], "DestinationIp": ["203.0.113.9"] * 2,
        ...     "DestinationPort": [443, 80]})
        >>> network_edges(frame).select("Source", "Target", "Count", "Ports").rows()
        [('192.0.2.1', '203.0.113.9', 2, ['443', '80'])]
    """
    names = data.columns
    ends = {"Source": _end(names, source, _SOURCES), "Target": _end(names, target, _TARGETS)}
    more = {each: _column(names, each) for each in ([by] if isinstance(by, str) else by)}
    if clash := [name for name in more.values() if name in _EDGES]:
        raise UsageError(f"the column {clash[0]!r} is in the way", hint="rename it first")
    for name in dict.fromkeys(ends.values()):
        if isinstance(data.schema[name], pl.List):
            data = data.explode(name)
    known = {name: roles.resolve(names, role) for name, role in {**_SETS, **_SUMS}.items()}
    columns = {
        **{name: text_of(data[column]).fill_null("") for name, column in ends.items()},
        **{column: data[column] for column in more.values()},
        "time": _times(data, time_column),
        **{name: _texts(data, known[name]) for name in _SETS},
        **{name: _numbers(data, known[name]) for name in _SUMS},
    }
    keys = ["Source", "Target", *dict.fromkeys(more.values())]
    edges = (
        pl.DataFrame(columns)
        .group_by(keys, maintain_order=True)
        .agg(
            Count=pl.len().cast(pl.Int64),
            First=pl.col("time").min(),
            Last=pl.col("time").max(),
            **{name: _sum(name) for name in _SUMS},
            **{name: pl.col(name).drop_nulls().unique().sort() for name in _SETS},
        )
    )
    return edges.sort("Count", descending=True, maintain_order=True)


def _end(names: Sequence[str], given: str | None, wanted: Sequence[str]) -> str:
    if given is not None:
        return _column(names, given)
    found = [role for role in wanted if roles.resolve(names, role) is not None]
    return roles.require(names, found[0] if found else wanted[0])


def _column(names: Sequence[str], given: str) -> str:
    """The column of that name, or the one that plays the role of that name."""
    if given in names:
        return given
    if given in roles.names():
        return roles.require(names, given)
    raise UnknownColumn(given, [*names, *roles.names()])


def _times(data: pl.DataFrame, given: str | None) -> pl.Series:
    if given is None and roles.resolve(data.columns, "time") is None:
        return pl.repeat(None, data.height, dtype=_TIME, eager=True)
    return parse_times(data[pick_time_column(data, given)])


def _texts(data: pl.DataFrame, column: str | None) -> pl.Series:
    if column is None:
        return pl.repeat(None, data.height, dtype=pl.String, eager=True)
    return text_of(_whole(data[column])).replace("", None)


def _whole(values: pl.Series) -> pl.Series:
    """Whole numbers as such: a column of ports with a gap is one of floats in pandas and in CSV."""
    if not values.dtype.is_float():
        return values
    known = values.fill_nan(None).drop_nulls()
    if not ((known % 1 == 0) & (known.abs() < _EXACT)).all():
        return values
    return values.cast(pl.Int64, strict=False)


def _numbers(data: pl.DataFrame, column: str | None) -> pl.Series:
    if column is None:
        return pl.repeat(None, data.height, dtype=pl.Int64, eager=True)
    if data.schema[column].is_numeric():
        return data[column].cast(pl.Int64, strict=False)
    texts = text_of(data[column]).str.strip_chars()
    whole = texts.cast(pl.Int64, strict=False)
    return whole.fill_null(texts.cast(pl.Float64, strict=False).cast(pl.Int64, strict=False))


def _sum(name: str) -> pl.Expr:
    return pl.when(pl.col(name).count() > 0).then(pl.col(name).sum())


def df_to_networkx(
    data: Any,
    source_col: str,
    target_col: str,
    source_attrs: Iterable[str] | None = None,
    target_attrs: Iterable[str] | None = None,
    edge_attrs: Iterable[str] | None = None,
    graph_type: Literal["graph", "digraph"] = "graph",
) -> Any:
    """A networkx graph of the rows: a node for each value of two columns, an edge for each pair.

    Nodes have ``node_role`` (``source``, ``target`` or ``both``) and ``node_type`` (the column, of
    ``both`` the source's); edges have ``count``. An attribute with one value keeps it; several
    different ones are joined with commas, as text. Rows in which one end is null or empty are no
    edge; their number is ``graph.graph["rows_without_ends"]``.

    Args:
        data: any frame.
        source_col: the column, or role, of the one end.
        target_col: that of the other end.
        source_attrs: columns that become attributes of the source nodes.
        target_attrs: columns that become attributes of the target nodes.
        edge_attrs: columns that become attributes of the edges.
        graph_type: ``graph``, in which a pair is one edge in either direction, or ``digraph``.

    Raises:
        MissingExtra: networkx is not installed.
        UnknownColumn: a column that `data` lacks.
        UsageError: there is no such type of graph.

    Examples:
        >>> frame = pl.DataFrame({"a": ["x", "x"], "b": ["y", "y"], "port": [80, 443]})
        >>> graph = df_to_networkx(frame, "a", "b", edge_attrs=["port"], graph_type="digraph")
        >>> list(graph.edges(data=True))
        [('x', 'y', {'port': '80, 443', 'count': 2})]
    """
    if graph_type not in ("graph", "digraph"):
        raise UsageError(f"there is no graph type {graph_type!r}", hint="one of: graph, digraph")
    networkx = extras.require("networkx", extra="network")
    frame = to_polars(data)
    wanted = {
        "source": [_column(frame.columns, each) for each in source_attrs or ()],
        "target": [_column(frame.columns, each) for each in target_attrs or ()],
        "edge": [_column(frame.columns, each) for each in edge_attrs or ()],
    }
    ends = {
        "source": _column(frame.columns, source_col),
        "target": _column(frame.columns, target_col),
    }
    texts = [text_of(frame[column]).alias(end) for end, column in ends.items()]
    rows = frame.select(list(dict.fromkeys(each for names in wanted.values() for each in names)))
    rows = rows.select(pl.all().name.prefix("attr ")).with_columns(texts)
    linked = rows.filter(pl.col("source") != "", pl.col("target") != "")
    graph = networkx.Graph() if graph_type == "graph" else networkx.DiGraph()
    graph.graph["rows_without_ends"] = rows.height - linked.height
    nodes: dict[str, dict[str, list[Any]]] = {}
    for end, column in ends.items():
        for (node,), attributes in _gathered(linked, [end], wanted[end]):
            known = nodes.setdefault(node, {"node_role": [], "node_type": []})
            for name, values in {"node_role": [end], "node_type": [column], **attributes}.items():
                known[name] = list(dict.fromkeys([*known.get(name, []), *values]))
    for node, attributes in nodes.items():
        role = "both" if len(attributes["node_role"]) == 2 else attributes["node_role"][0]
        kind = attributes["node_type"][0]
        told = {name: _joined(values) for name, values in attributes.items()}
        graph.add_node(node, **{**told, "node_role": role, "node_type": kind})
    if graph_type == "graph":
        low, high = pl.min_horizontal("source", "target"), pl.max_horizontal("source", "target")
        linked = linked.with_columns(source=low, target=high)
    for (start, stop), attributes in _gathered(linked, ["source", "target"], wanted["edge"]):
        told = {name: _joined(values) for name, values in attributes.items()}
        graph.add_edge(start, stop, **told)
    counts = linked.group_by("source", "target").len().rows()
    networkx.set_edge_attributes(graph, {(one, two): count for one, two, count in counts}, "count")
    return graph


def _gathered(
    rows: pl.DataFrame, keys: Sequence[str], names: Sequence[str]
) -> Iterable[tuple[tuple[Any, ...], Mapping[str, list[Any]]]]:
    """Each combination of keys with the distinct values of its attributes."""
    values = [pl.col(f"attr {name}").drop_nulls().unique(maintain_order=True) for name in names]
    groups = rows.group_by(keys, maintain_order=True).agg(values)
    for row in groups.iter_rows(named=True):
        yield tuple(row[key] for key in keys), {name: row[f"attr {name}"] for name in names}


def _joined(values: Sequence[Any]) -> Any:
    if len(values) == 1:
        return values[0]
    return ", ".join(str(value) for value in values)
