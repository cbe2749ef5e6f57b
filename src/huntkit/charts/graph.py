"""A graph out of log rows: its nodes and edges, its places, and its forms in files."""

import json
from collections.abc import Sequence
from typing import Any, Final
from xml.sax.saxutils import escape, quoteattr

import polars as pl

from huntkit.charts import events, stream
from huntkit.charts.chart import Chart
from huntkit.charts.layout import layout
from huntkit.charts.payload import as_text, json_bytes
from huntkit.core.errors import UsageError
from huntkit.core.text import visible

NAME_LIMIT: Final = 120  # characters of a node's name
VALUES: Final = 5  # different values of an edge's column that are told
LISTED: Final = 200  # nodes in the data table
# Kinds of names whose case says nothing; nor does it in names with a backslash, which are Windows'.
_CASELESS: Final = ("account", "address", "domain", "hash", "host")
_COLOURS: Final = ("#0072b2", "#d55e00", "#00835f", "#b04f8c", "#8f6400", "#2f7fb5", "#5b5b5b")


def links(
    pairs: pl.DataFrame, *, details: Sequence[str] = (), directed: bool = True
) -> pl.DataFrame:
    """Rows that name two things, as edges: how often, from when to when, and some details.

    Args:
        pairs: ``source`` and ``target`` as text, ``source_kind`` and ``target_kind``, and perhaps
            ``time``; rows without either end are left out.
        details: further columns of which an edge tells the first different values.
        directed: whether a pair the other way round is another edge.
    """
    whole = _one_form(pairs.filter((pl.col("source") != "") & (pl.col("target") != "")))
    if not directed:
        whole = _one_way(whole)
    told = [
        pl.col(name).drop_nulls().unique(maintain_order=True).head(VALUES).alias(name)
        for name in details
    ]
    ends = ["source_kind", "source", "target_kind", "target"]
    seen = [pl.col("time").min().alias("first"), pl.col("time").max().alias("last")]
    found = whole.group_by(ends).agg(
        pl.len().alias("rows"), *(seen if "time" in whole.columns else []), *told
    )
    return found.sort(["rows", *ends], descending=[True] + [False] * 4)


def _one_form(pairs: pl.DataFrame) -> pl.DataFrame:
    """Names that differ only in case are one where case says nothing, in their commonest form."""
    ends = [
        pairs.select(pl.col(f"{end}_kind").alias("kind"), pl.col(end).alias("name"))
        for end in ("source", "target")
    ]
    windows = pl.col("name").str.contains("\\", literal=True)
    alike = pl.col("kind").is_in(_CASELESS) | windows
    counted = pl.concat(ends).group_by("kind", "name").agg(pl.len()).filter(alike)
    common = (
        counted.with_columns(pl.col("name").str.to_lowercase().alias("folded"))
        .sort(["len", "name"], descending=[True, False])
        .with_columns(pl.col("name").first().over("kind", "folded").alias("form"))
        .select("kind", "name", "form")
    )
    for end in ("source", "target"):
        known = common.rename({"kind": f"{end}_kind", "name": end})
        pairs = pairs.join(known, on=[f"{end}_kind", end], how="left", maintain_order="left")
        pairs = pairs.with_columns(pl.coalesce("form", end).alias(end)).drop("form")
    return pairs


def _one_way(pairs: pl.DataFrame) -> pl.DataFrame:
    """Each pair with its ends in the order of their names."""
    kind, name = pl.col("source_kind"), pl.col("source")
    turned = (kind > pl.col("target_kind")) | (
        (kind == pl.col("target_kind")) & (name > pl.col("target"))
    )
    ends = ("source", "target", "source_kind", "target_kind")
    others = ("target", "source", "target_kind", "source_kind")
    return pairs.with_columns(
        pl.when(turned).then(pl.col(other)).otherwise(pl.col(end)).alias(end)
        for end, other in zip(ends, others, strict=True)
    )


def texts(column: pl.Series) -> pl.Series:
    """The column as node names: visible, cut, and empty where there is nothing to name."""
    shown = pl.Series(as_text(column, limit=NAME_LIMIT), dtype=pl.String).str.strip_chars()
    return shown.replace("-", "")  # what Windows writes for "none"


def chart(
    kind: str,
    edges: pl.DataFrame,
    *,
    details: Sequence[str],
    directed: bool,
    max_nodes: int,
    notes: Sequence[str],
    title: str,
) -> Chart:
    """The chart of some edges as `links` gives them.

    Raises:
        UsageError: `max_nodes` is below 2 or above 3,000.
    """
    if not 2 <= max_nodes <= 3_000:
        raise UsageError(f"max_nodes is {max_nodes}", hint="from 2 to 3,000 can be laid out")
    nodes = _nodes(edges)
    kept = nodes.head(max_nodes)
    ends = _ends(edges, kept)
    drawn = edges[ends["row"]]
    pairs = list(zip(ends["a"].to_list(), ends["b"].to_list(), strict=True))
    xs, ys = layout(kept.height, pairs)
    kinds = kept["kind"].unique(maintain_order=True).to_list()
    summary = _summary(nodes, edges, kept, drawn, notes)
    content = {
        "kinds": [kinds.index(each) for each in kept["kind"]],
        "names": kept["name"].to_list(),
        "rows": kept["rows"].to_list(),
        "x": xs,
        "y": ys,
        "source": [a for a, _ in pairs],
        "target": [b for _, b in pairs],
        "weights": drawn["rows"].to_list(),
        **_seen(drawn),
        "details": [_detail(drawn[name]) for name in details],
    }
    spec = {
        "kind": kind,
        "title": title,
        "summary": summary,
        "description": f"Graph: {title}. {summary} Press ? for keys, p for paths.",
        "message": "There are no links to draw.",
        "zone": "UTC",
        "directed": directed,
        "nodes": kept.height,
        "kinds": [{"name": each, "count": int((kept["kind"] == each).sum())} for each in kinds],
        "height": 860,
    }
    return Chart(
        data=edges,
        find=lambda marks: _touching(edges, kept, marks),
        spec=spec,
        blobs={"graph": json_bytes(content)},
        table=_table(kept),
        forms={
            ".graphml": lambda: graphml(kept, drawn, pairs, directed=directed),
            ".json": lambda: node_link(kept, drawn, pairs, directed=directed),
            ".svg": lambda: svg(kept, pairs, (xs, ys), title=title),
        },
    )


def _touching(edges: pl.DataFrame, nodes: pl.DataFrame, marks: Sequence[int]) -> pl.DataFrame:
    """The links of some nodes."""
    named = nodes[[m for m in marks if 0 <= m < nodes.height]].select("kind", "name").unique()
    ends = [
        edges.with_row_index("row").join(
            named, left_on=[f"{end}_kind", end], right_on=["kind", "name"], how="semi"
        )["row"]
        for end in ("source", "target")
    ]
    return edges[pl.concat(ends).unique().sort()]


def _nodes(edges: pl.DataFrame) -> pl.DataFrame:
    """Every node with its kind, its neighbours and its rows; those with most neighbours first."""
    ends = [
        edges.select(
            pl.col(f"{one}_kind").alias("kind"),
            pl.col(one).alias("name"),
            pl.concat_str([f"{other}_kind", other], separator="\0").alias("other"),
            "rows",
        )
        for one, other in (("source", "target"), ("target", "source"))
    ]
    itself = pl.concat_str(["kind", "name"], separator="\0")
    found = pl.concat(ends).with_columns(itself.alias("self")).group_by("kind", "name")
    others = pl.col("other").filter(pl.col("other") != pl.col("self"))
    counted = found.agg(
        others.n_unique().cast(pl.Int64).alias("neighbours"),
        pl.col("rows").sum().cast(pl.Int64),
    )
    return counted.sort(
        ["neighbours", "rows", "kind", "name"], descending=[True, True, False, False]
    )


def _ends(edges: pl.DataFrame, nodes: pl.DataFrame) -> pl.DataFrame:
    """For each edge between kept nodes: its row, and the numbers of its nodes."""
    numbered = nodes.select("kind", "name").with_row_index("number")
    found = edges.select("source_kind", "source", "target_kind", "target").with_row_index("row")
    for end, number in (("source", "a"), ("target", "b")):
        known = numbered.select(
            pl.col("kind").alias(f"{end}_kind"),
            pl.col("name").alias(end),
            pl.col("number").alias(number),
        )
        found = found.join(known, on=[f"{end}_kind", end], how="inner", maintain_order="left")
    return found.sort("row")


def _seen(edges: pl.DataFrame) -> dict[str, list[str]]:
    if "first" not in edges.columns:
        return {}
    return {
        name: ["" if moment is None else events.stamp(moment) for moment in edges[name]]
        for name in ("first", "last")
    }


def _detail(column: pl.Series) -> dict[str, Any]:
    values = [
        "; ".join(each for each in as_text(values, limit=stream.TEXT_LIMIT) if each)
        for values in column
    ]
    return {
        "name": visible(column.name, limit=events.NAME_LIMIT),
        "values": [visible(value, limit=600) for value in values],
    }


def _summary(
    nodes: pl.DataFrame,
    edges: pl.DataFrame,
    kept: pl.DataFrame,
    drawn: pl.DataFrame,
    notes: Sequence[str],
) -> str:
    if not nodes.height:
        return " ".join(["No links to draw.", *notes])
    name, kind, neighbours = nodes.select("name", "kind", "neighbours").row(0)
    size = f"{events.number(nodes.height, 'node')} and {events.number(edges.height, 'link')}"
    hub = f"{name} ({kind}, {events.number(neighbours, 'neighbour')})"
    parts = [f"{size}; most linked: {hub}."]
    if kept.height < nodes.height:
        parts.append(
            f"Drawn are the {kept.height:,} most linked nodes and the {drawn.height:,} links "
            "between them."
        )
    return " ".join([*parts, *notes])


def _table(nodes: pl.DataFrame) -> tuple[tuple[str, ...], ...]:
    if not nodes.height:
        return ()
    rows = nodes.head(LISTED).select("name", "kind", "neighbours", "rows").iter_rows()
    return (
        ("node", "kind", "neighbours", "rows"),
        *((name, kind, f"{count:,}", f"{seen:,}") for name, kind, count, seen in rows),
    )


def texts_of(name: str) -> pl.Expr:
    """`texts` for a column of a frame."""
    return pl.col(name).map_batches(texts, return_dtype=pl.String)


def timed(table: pl.DataFrame, pairs: pl.DataFrame) -> pl.DataFrame:
    """The pairs with their rows' times, where the table has any."""
    try:
        name = events.time_of(table, None)
    except UsageError:
        return pairs
    if name not in table.columns or table[name].null_count() == table.height:
        return pairs
    return pairs.with_columns(events.moments(table[name]).alias("time"))


def graphml(
    nodes: pl.DataFrame, edges: pl.DataFrame, pairs: Sequence[tuple[int, int]], *, directed: bool
) -> str:
    """The graph as GraphML, for Gephi, yEd, networkx; see http://graphml.graphdrawing.org."""
    keys = (
        '<key id="name" for="node" attr.name="name" attr.type="string"/>'
        '<key id="kind" for="node" attr.name="kind" attr.type="string"/>'
        '<key id="rows" for="edge" attr.name="rows" attr.type="long"/>'
    )
    points = [
        f'<node id="n{at}"><data key="name">{escape(name)}</data>'
        f'<data key="kind">{escape(kind)}</data></node>'
        for at, (name, kind) in enumerate(nodes.select("name", "kind").iter_rows())
    ]
    lines = [
        f'<edge source="n{a}" target="n{b}"><data key="rows">{rows}</data></edge>'
        for (a, b), rows in zip(pairs, edges["rows"], strict=True)
    ]
    content = "\n".join([*points, *lines])
    way = "directed" if directed else "undirected"
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<graphml xmlns="http://graphml.graphdrawing.org/xmlns">'
        f'{keys}\n<graph id="G" edgedefault="{way}">\n{content}\n</graph>\n</graphml>\n'
    )


def node_link(
    nodes: pl.DataFrame, edges: pl.DataFrame, pairs: Sequence[tuple[int, int]], *, directed: bool
) -> str:
    """The graph as JSON in the node-link form that d3 and networkx read."""
    points = [
        {"id": at, "name": name, "kind": kind}
        for at, (name, kind) in enumerate(nodes.select("name", "kind").iter_rows())
    ]
    lines = [
        {"source": a, "target": b, "rows": rows}
        for (a, b), rows in zip(pairs, edges["rows"].to_list(), strict=True)
    ]
    whole = {"directed": directed, "multigraph": False, "nodes": points, "links": lines}
    return json.dumps(whole, ensure_ascii=True, indent=1) + "\n"


def svg(
    nodes: pl.DataFrame,
    pairs: Sequence[tuple[int, int]],
    places: tuple[list[float], list[float]],
    *,
    title: str,
) -> str:
    """The graph as a picture for documents, on a white ground."""
    unit, air = 60.0, 40.0
    xs = [air + x * unit for x in places[0]]
    ys = [air + y * unit for y in places[1]]
    wide, tall = max(xs, default=0.0) + 3 * air, max(ys, default=0.0) + air
    kinds = nodes["kind"].unique(maintain_order=True).to_list()
    lines = [
        f'<line x1="{xs[a]:.1f}" y1="{ys[a]:.1f}" x2="{xs[b]:.1f}" y2="{ys[b]:.1f}"/>'
        for a, b in pairs
    ]
    points = []
    for at, (name, kind) in enumerate(nodes.select("name", "kind").iter_rows()):
        colour = _COLOURS[kinds.index(kind) % len(_COLOURS)]
        points.append(
            f'<circle cx="{xs[at]:.1f}" cy="{ys[at]:.1f}" r="5" fill="{colour}"/>'
            f'<text x="{xs[at] + 8:.1f}" y="{ys[at] + 3.5:.1f}">'
            f"{escape(visible(name, limit=40))}</text>"
        )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide:.0f} {tall:.0f}" '
        f'role="img" aria-label={quoteattr(title)}>\n'
        f'<rect width="100%" height="100%" fill="#ffffff"/>\n'
        f'<g stroke="#8c959f" stroke-opacity="0.6">{"".join(lines)}</g>\n'
        f'<g font-family="sans-serif" font-size="10" fill="#1f2328">{"".join(points)}</g>\n</svg>\n'
    )
