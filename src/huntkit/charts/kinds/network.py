"""Who spoke with whom: a graph of two columns."""

from collections.abc import Sequence
from typing import Any, Final

import polars as pl

from huntkit.charts import events, graph, processes, stream
from huntkit.charts.chart import Chart
from huntkit.charts.payload import as_text
from huntkit.core.errors import UsageError
from huntkit.core.text import visible
from huntkit.tables import frames, roles

# Pairs of roles that make a graph by themselves, the best first.
_PAIRS: Final = (
    ("source_ip", "destination_ip"),
    ("source_ip", "host"),
    ("parent_path", "process_path"),
    ("user", "host"),
)
KINDS: Final = {
    "source_ip": "address",
    "destination_ip": "address",
    "host": "host",
    "destination_host": "host",
    "user": "account",
    "process_path": "program",
    "process_name": "program",
    "parent_path": "program",
    "parent_name": "program",
    "dns_query": "domain",
    "url": "URL",
    "sha256": "hash",
    "file_path": "file",
}
"""What the values of a role are, so that one thing is one node in whatever column it stands."""


def network(
    data: Any,
    *,
    source_column: str | None = None,
    target_column: str | None = None,
    edge_columns: Sequence[str] | str | None = None,
    directed: bool = True,
    max_nodes: int = 1_000,
    title: str | None = None,
) -> Chart:
    """A graph with a node per value of two columns and a link per pair that occurs.

    Find the path between two nodes, unfold neighbours in place, go back, search. The same value
    in both columns is one node, unless the columns are known to hold different things. Rows
    that lack one of the two are not drawn but counted.

    Args:
        data: a table of any kind.
        source_column: where links begin; by default the source address, parent program or user.
        target_column: where they end; by default what belongs to that.
        edge_columns: columns of which a link tells its first different values.
        directed: whether links have arrows.
        max_nodes: of more nodes only those with the most neighbours are drawn, and that is said.
        title: the heading.

    `Chart.save` also writes the graph to ``.graphml``, ``.json`` and ``.svg``.

    Raises:
        UnknownColumn: a named column is not in the table.
        UsageError: no columns make a graph, or only one is named.

    Examples:
        >>> chart = network(
        ...     pl.DataFrame({"SourceIp": ["192.0.2.1", "192.0.2.1", "192.0.2.2"],
        ...                   "DestinationIp": ["192.0.2.2", "192.0.2.2", "192.0.2.3"]}),
        ... )
        >>> chart.summary
        '3 nodes and 2 links; most linked: 192.0.2.2 (address, 2 neighbours).'
    """
    table = frames.to_polars(data)
    details = events.listed(edge_columns) or []
    events.require(table.columns, [source_column, target_column, *details])
    source, target = _columns(table, source_column, target_column)
    kinds = _kinds(table, source, target)
    pairs = pl.DataFrame(
        {
            "source": graph.texts(_values(table, source, given=source_column)),
            "target": graph.texts(_values(table, target, given=target_column)),
            "source_kind": pl.repeat(kinds[0], table.height, eager=True, dtype=pl.String),
            "target_kind": pl.repeat(kinds[1], table.height, eager=True, dtype=pl.String),
        }
    ).with_columns(_told(table[name]).alias(f"_{place}") for place, name in enumerate(details))
    pairs = graph.timed(table, pairs)
    lacking = int(((pairs["source"] == "") | (pairs["target"] == "")).sum())
    numbered = [f"_{place}" for place in range(len(details))]
    edges = graph.links(pairs, details=numbered, directed=directed)
    free = [events.free_name(name, graph_columns(edges)) for name in details]
    edges = edges.rename({f"_{place}": name for place, name in enumerate(free)})
    note = f"{events.number(lacking, 'row')} without both ends not drawn." if lacking else ""
    return graph.chart(
        "network",
        edges,
        details=free,
        directed=directed,
        max_nodes=max_nodes,
        notes=[note] if note else [],
        title=visible(title or f"{source} to {target}", limit=200),
    )


def _told(column: pl.Series) -> pl.Series:
    """The column as texts, whatever it holds; null where it says nothing."""
    texts = pl.Series(as_text(column, limit=stream.TEXT_LIMIT), dtype=pl.String)
    return texts.replace({"": None})


def graph_columns(edges: pl.DataFrame) -> list[str]:
    """The columns that a graph has by itself."""
    return [name for name in edges.columns if not name.startswith("_")]


def _columns(table: pl.DataFrame, source: str | None, target: str | None) -> tuple[str, str]:
    if source is not None and target is not None:
        return source, target
    if source is not None or target is not None:
        raise UsageError("one column makes no graph", hint="name source_column= and target_column=")
    for one, other in _PAIRS:
        a, b = roles.resolve(table.columns, one), roles.resolve(table.columns, other)
        if a is not None and b is not None and a != b:
            return a, b
    raise UsageError(
        "no two columns are known to make a graph",
        hint="name source_column= and target_column=",
        context={"columns": table.columns},
    )


def kind_of(columns: Sequence[str], name: str) -> str | None:
    """What a column's values are, if a role says so."""
    for role, kind in KINDS.items():
        if name in roles.candidates(columns, role):
            return kind
    return None


def _values(table: pl.DataFrame, name: str, *, given: str | None) -> pl.Series:
    """The column's values; of programs, the whole path, even if the column has only the folder."""
    for path, file in (("process_path", "process_name"), ("parent_path", "parent_name")):
        if given is None and roles.resolve(table.columns, path) == name:
            found = roles.resolve(table.columns, file)
            files = (
                None
                if found is None
                else pl.Series(as_text(table[found], limit=500), dtype=pl.String)
            )
            whole = processes.program(
                pl.Series(as_text(table[name], limit=4_000), dtype=pl.String), files
            )
            return table[name] if whole is None else whole
    return table[name]


def _kinds(table: pl.DataFrame, source: str, target: str) -> tuple[str, str]:
    known = kind_of(table.columns, source), kind_of(table.columns, target)
    if known[0] is None and known[1] is None:
        return "node", "node"
    shown = [k or visible(n, limit=40) for k, n in zip(known, (source, target), strict=True)]
    return shown[0], shown[1]
