"""Indicators of all tables, with counts and the places where they stand."""

from collections.abc import Sequence
from typing import Final

import polars as pl

from huntkit import extract
from huntkit.core.progress import SILENT, Progress
from huntkit.report.commonplace import commonplace

IN_DECODED: Final = "in decoded text"
IN_RISKY: Final = "in a risky command line"
INSIDE: Final = ("private", "loopback", "link_local", "multicast", "broadcast", "unspecified")
_DECODED: Final = " (decoded)"  # behind the column of what was decoded

_EMPTY = pl.Schema(
    {
        "IoCType": pl.String(),
        "Observable": pl.String(),
        "Defanged": pl.String(),
        "Scope": pl.String(),
        "Note": pl.String(),
        "Mentions": pl.Int64(),
        "Where": pl.String(),
        "First": pl.Datetime("us", "UTC"),
        "Last": pl.Datetime("us", "UTC"),
        "Table": pl.String(),
        "_file": pl.String(),
        "_record": pl.Int64(),
    }
)


def indicators(
    texts: pl.DataFrame,
    *,
    decoded: pl.DataFrame | None = None,
    risky: pl.DataFrame | None = None,
    ioc_types: Sequence[str] | None = None,
    progress: Progress = SILENT,
) -> pl.DataFrame:
    """One row per indicator, what stands in code first, then by type, the rarest first.

    Columns: ``IoCType Observable Defanged Scope Note Mentions Where First Last Table _file
    _record``. ``Mentions`` counts fields, so a record that two tables hold counts twice, and each
    decoded text once; ``Where`` says how often each column of each table mentions it; the last
    three name the first such row. ``Note`` is why it stands first (in decoded text, in a risky
    command line), or what it is where every machine has it: that stands last of its type, as do
    addresses inside. With `decoded` (what `encoded` gave), indicators inside encoded text are found
    too; with `risky` (what `risky.risky` gave), those of its lines that are not of low severity.
    """
    if decoded is not None and decoded.height:
        texts = pl.concat([texts, _decoded_texts(decoded).select(texts.columns)])
    if not texts.height:
        return pl.DataFrame(schema=_EMPTY)
    found: pl.DataFrame = extract.iocs(
        texts,
        "text",
        ioc_types=ioc_types,
        include_input=False,
        keep=["table", "column", "rows", "first", "last", "_file", "_record"],
        progress=progress,
        named_by="column",
    )
    return _ordered(_summed(found), _in_risky(risky, ioc_types))


def defanged(kind: pl.Expr, value: pl.Expr) -> pl.Expr:
    """An indicator as nobody can click it.

    Examples:
        >>> frame = pl.DataFrame({"t": ["url", "ipv4"], "v": ["http://a.example/x", "192.0.2.1"]})
        >>> frame.select(defanged(pl.col("t"), pl.col("v")))["v"].to_list()
        ['hxxp://a[.]example/x', '192[.]0[.]2[.]1']
    """
    dotted = value.str.replace_all(".", "[.]", literal=True)
    at = dotted.str.replace("@", "[@]", literal=True)
    scheme, rest = (
        value.str.extract(r"^([A-Za-z][A-Za-z0-9+.-]*://[^/?#]*)", 1).fill_null(value),
        value.str.extract(r"^[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*(.*)$", 1).fill_null(""),
    )
    url = (
        scheme.str.replace(r"^(?i)http", "hxxp")
        .str.replace(r"^(?i)ftp", "fxp")
        .str.replace_all(".", "[.]", literal=True)
        + rest
    )
    return (
        pl.when(kind == "url")
        .then(url)
        .when(kind == "email")
        .then(at)
        .when(kind.is_in(["ipv4", "cidr", "dns"]))
        .then(dotted)
        .when(kind == "ipv6")
        .then(value.str.replace(":", "[:]", literal=True))
        .otherwise(value)
        .alias(value.meta.output_name())
    )


def _decoded_texts(decoded: pl.DataFrame) -> pl.DataFrame:
    """Decoded layers as texts like the others; their column says that they were decoded.

    Each counts once: an agent that logs its own script in every event is not thereby common.
    """
    layers = decoded.explode("Layers").select(
        pl.col("Layers").struct.field("Decoded").alias("text"),
        pl.col("Table").alias("table"),
        (pl.col("Column") + _DECODED).alias("column"),
        pl.lit(1, pl.Int64).alias("rows"),
        pl.col("TimeGenerated").alias("first"),
        pl.col("TimeGenerated").alias("last"),
        pl.col("Host").alias("host"),
        pl.col("User").alias("user"),
        "_file",
        "_record",
    )
    return layers.unique("text", keep="first", maintain_order=True)


def _in_risky(risky: pl.DataFrame | None, ioc_types: Sequence[str] | None) -> pl.DataFrame:
    """The indicators of command lines that rules find risky, but for those of low severity."""
    lines = pl.DataFrame({"Input": []}, schema={"Input": pl.String})
    if risky is not None and risky.height:
        lines = risky.filter(pl.col("Severity") != "low").select("Input")
    found: pl.DataFrame = extract.iocs(lines, "Input", ioc_types=ioc_types, include_input=False)
    return found.select("IoCType", "Observable", pl.lit(IN_RISKY).alias("risky")).unique()


def _ordered(rows: pl.DataFrame, risky: pl.DataFrame) -> pl.DataFrame:
    """What stands in code first; what is inside or stands everywhere last of its type."""
    common = [commonplace(*each) for each in rows.select("IoCType", "Observable", "Scope").rows()]
    in_code = pl.coalesce(
        pl.when(pl.col("IoCType") == "attack_technique").then(pl.lit("")),  # no place to go to
        pl.when(pl.col("Where").str.contains(_DECODED, literal=True)).then(pl.lit(IN_DECODED)),
        "risky",
        pl.lit(""),
    )
    everywhere = pl.col("common") != ""
    note = pl.when(everywhere).then("common").otherwise(in_code)
    is_first = pl.col("Note").is_in([IN_DECODED, IN_RISKY])
    # A URL says more than its address: what was fetched from a machine inside is no background.
    inside = pl.col("Scope").is_in(INSIDE) & ~is_first & (pl.col("IoCType") != "url")
    return (
        rows.with_columns(pl.Series("common", common, dtype=pl.String))
        .join(risky, on=["IoCType", "Observable"], how="left")
        .with_columns(note.alias("Note"))
        .sort(~is_first, "IoCType", everywhere, inside, "Mentions", "Observable")
        .select(list(_EMPTY))
        .cast(_EMPTY)
    )


def _summed(found: pl.DataFrame) -> pl.DataFrame:
    places = found.group_by("IoCType", "Observable", "table", "column").agg(pl.col("rows").sum())
    where = (
        places.sort("rows", "table", "column", descending=[True, False, False])
        .group_by("IoCType", "Observable", maintain_order=True)
        .agg(
            pl.col("rows").sum().alias("Mentions"),
            pl.format("{}.{} {}", "table", "column", "rows").str.join(" · ").alias("Where"),
        )
    )
    first = (
        found.sort("first", "_file", "_record", "table", nulls_last=True)
        .group_by("IoCType", "Observable", maintain_order=True)
        .agg(
            pl.col("scope").first().fill_null("").alias("Scope"),
            pl.col("first").min().alias("First"),
            pl.col("last").max().alias("Last"),
            pl.col("table").first().alias("Table"),
            pl.col("_file", "_record").first(),
        )
    )
    return first.join(where, on=["IoCType", "Observable"]).with_columns(
        defanged(pl.col("IoCType"), pl.col("Observable")).alias("Defanged")
    )
