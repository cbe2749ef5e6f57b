"""What the rows of a table have in common: accounts, hosts, addresses, files as a graph."""

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any, Final

import polars as pl

from huntkit.charts import events, graph
from huntkit.charts.chart import Chart
from huntkit.charts.kinds.network import kind_of
from huntkit.core.errors import UsageError
from huntkit.core.text import visible
from huntkit.tables import frames, roles

MOST_COLUMNS: Final = 8
# What makes up the graph of a table without alerts: the first five that have values.
_ROLES: Final = (
    "host", "user", "process_path", "source_ip", "destination_ip", "destination_host",
    "dns_query", "sha256", "file_path",
)  # fmt: skip
_ALERT_NAMES: Final = ("AlertDisplayName", "AlertName", "DisplayName", "Title")
_ENTITIES: Final = "Entities"
# Which fields name an entity of an alert, by its type; several together make one name.
_FIELDS: Final[Mapping[str, tuple[tuple[str, ...], ...]]] = {
    "account": (("NTDomain", "Name"), ("Name",), ("Sid",), ("AadUserId",)),
    "host": (("HostName",), ("NetBiosName",), ("AzureID",)),
    "ip": (("Address",),),
    "file": (("Directory", "Name"), ("Name",)),
    "process": (("CommandLine",), ("ProcessId",)),
    "url": (("Url",),),
    "dns": (("DomainName",),),
    "filehash": (("Value",),),
    "registry-key": (("Hive", "Key"), ("Key",)),
    "registry-value": (("Name",),),
    "malware": (("Name",),),
    "mailbox": (("MailboxPrimaryAddress",),),
    "cloud-application": (("Name",),),
}
_KINDS: Final = {"ip": "address", "dns": "domain", "filehash": "hash", "process": "command"}


def entity_graph(
    data: Any,
    *,
    columns: Sequence[str] | None = None,
    max_nodes: int = 1_000,
    title: str | None = None,
) -> Chart:
    """A graph of the things that rows name: those that stand in one row are linked.

    Alerts with a column ``Entities`` (JSON, as Sentinel and Defender write it) are linked with
    the accounts, hosts, addresses, files and commands that they name. Path, unfolding, search
    and files as with `network`.

    Args:
        data: a table of any kind.
        columns: two to eight columns to link; by default host, account, program, addresses ...
            by their roles, or the alerts' entities.
        max_nodes: of more nodes only those with the most neighbours are drawn, and that is said.
        title: the heading.

    Raises:
        UnknownColumn: a named column is not in the table.
        UsageError: fewer than two columns are known or named, or more than eight named.

    Examples:
        >>> chart = entity_graph(
        ...     pl.DataFrame({"Computer": ["ws1", "ws1"], "User": ["al", "bo"],
        ...                   "Image": ["C:/a.exe", None]}),
        ... )
        >>> chart.summary
        '4 nodes and 4 links; most linked: ws1 (host, 3 neighbours).'
    """
    table = frames.to_polars(data)
    events.require(table.columns, columns or [])
    notes: list[str] = []
    naming = next((name for name in _ALERT_NAMES if name in table.columns), None)
    if columns is None and naming is not None and _ENTITIES in table.columns:
        pairs, unread = _alert_pairs(table, naming)
        if unread:
            notes.append(
                f"{events.number(unread, 'alert')} whose entities can't be read not drawn."
            )
    else:
        pairs = _row_pairs(table, _chosen(table, columns))
    edges = graph.links(pairs, directed=False)
    return graph.chart(
        "entity_graph",
        edges,
        details=(),
        directed=False,
        max_nodes=max_nodes,
        notes=notes,
        title=visible(title or "Entities", limit=200),
    )


def _chosen(table: pl.DataFrame, columns: Sequence[str] | None) -> list[str]:
    if columns is None:
        found = (roles.resolve(table.columns, role) for role in _ROLES)
        known = [name for name in dict.fromkeys(found) if name is not None]
        filled = [name for name in known if (graph.texts(table[name]) != "").any()]
        chosen = (filled or known)[:5]
    else:
        chosen = list(dict.fromkeys(columns))
    if not 2 <= len(chosen) <= MOST_COLUMNS:
        raise UsageError(
            f"a graph links from 2 to {MOST_COLUMNS} columns, not {len(chosen)}",
            hint="name them with columns=",
            context={"columns": table.columns},
        )
    return chosen


def _row_pairs(table: pl.DataFrame, columns: Sequence[str]) -> pl.DataFrame:
    """Every two things that stand in one row."""
    shown = {name: graph.texts(table[name]) for name in columns}
    kinds = {name: kind_of(table.columns, name) or visible(name, limit=40) for name in columns}
    parts = []
    for one, other in combinations(columns, 2):
        pairs = pl.DataFrame({"source": shown[one], "target": shown[other]}).with_columns(
            pl.lit(kinds[one]).alias("source_kind"), pl.lit(kinds[other]).alias("target_kind")
        )
        same = (pl.col("source") == pl.col("target")) & (kinds[one] == kinds[other])
        parts.append(graph.timed(table, pairs).filter(~same))
    return pl.concat(parts)


def _alert_pairs(table: pl.DataFrame, naming: str) -> tuple[pl.DataFrame, int]:
    """Every alert with each of its entities; and how many alerts' entities can't be read."""
    names = graph.texts(table[naming]).to_list()
    rows: list[tuple[int, str, str, str]] = []
    unread = 0
    for at, (name, text) in enumerate(zip(names, table[_ENTITIES].to_list(), strict=True)):
        entities = _parsed(text)
        if entities is None:
            unread += 1
            continue
        rows += [(at, name, kind, value) for kind, value in dict.fromkeys(_named(entities))]
    schema = {"row": pl.Int64, "source": pl.String, "target_kind": pl.String, "target": pl.String}
    found = pl.DataFrame(rows, schema=schema, orient="row").with_columns(
        pl.lit("alert").alias("source_kind"), graph.texts_of("target")
    )
    times = graph.timed(table, pl.DataFrame({"row": pl.int_range(table.height, eager=True)}))
    return found.join(times, on="row", how="left", maintain_order="left").drop("row"), unread


def _parsed(text: object) -> list[Any] | None:
    if isinstance(text, list):
        return text
    try:
        found = json.loads(text) if isinstance(text, str) else None
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, list) else None


def _named(entities: Sequence[Any]) -> Iterator[tuple[str, str]]:
    """The kind and name of each entity that has a name."""
    for entity in entities:
        kind = entity.get("Type") if isinstance(entity, dict) else None
        if not isinstance(kind, str):
            continue
        for fields in _FIELDS.get(kind.lower(), ()):
            values = [entity.get(field) for field in fields]
            if all(isinstance(value, str | int) and value != "" for value in values):
                yield _KINDS.get(kind.lower(), kind.lower()), "\\".join(str(v) for v in values)
                break
