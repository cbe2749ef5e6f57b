"""Encoded commands and scripts of all tables, decoded layer by layer."""

import re
from typing import Any

import polars as pl

from huntkit import extract
from huntkit.core.text import visible
from huntkit.report.sheets import shortened, time_text

ITEMS = 40  # on the page
_LINES = 40
_WIDTH = 1_000
_GIVEN = 300
# Where people hide code: what such columns are called, whatever the product.
_COLUMNS = re.compile(
    r"command|cmd|script|payload|imagepath|servicefilename|taskcontent|valuedata|additionalfields"
    r"|eventdata|message|details|argument|parameter|context",
    re.IGNORECASE,
)
_RUN = re.compile(r"[A-Za-z0-9+/=_-]{32,}")  # what is encoded
_LAYER = pl.Struct({"Encoding": pl.String(), "Decoded": pl.String(), "Note": pl.String()})
_SCHEMA = pl.Schema(
    {
        "TimeGenerated": pl.Datetime("us", "UTC"),
        "Host": pl.String(),
        "User": pl.String(),
        "Given": pl.String(),
        "Layers": pl.List(_LAYER),
        "Mentions": pl.Int64(),
        "Table": pl.String(),
        "Column": pl.String(),
        "_file": pl.String(),
        "_record": pl.Int64(),
    }
)


def encoded(texts: pl.DataFrame, *, xor: bool = False) -> pl.DataFrame:
    """One row per different decoded content that something says is a command, by its first time.

    Columns: ``TimeGenerated Host User Given Layers Mentions Table Column _file _record``.
    ``Layers`` is a list of what came out, from outside to inside. `xor` tries masks of one byte.
    """
    columns = [name for name in texts["column"].unique() if _COLUMNS.search(name)]
    texts = texts.filter(pl.col("column").is_in(columns))
    if not texts.height:
        return pl.DataFrame(schema=_SCHEMA)
    layers: pl.DataFrame = extract.decode(texts, "text", xor=xor, include_input=False)
    gathered = (
        layers.filter((pl.col("Decoded") != "") & pl.col("Announced").any().over("SourceIndex"))
        .group_by("SourceIndex", maintain_order=True)
        .agg(pl.struct("Encoding", "Decoded", "Note").alias("Layers"))
        .sort("SourceIndex")
    )
    found = pl.concat(
        [texts.select(pl.all().gather(gathered["SourceIndex"])), gathered.select("Layers")],
        how="horizontal",
    )
    return _once(found)


def _once(found: pl.DataFrame) -> pl.DataFrame:
    """The same content stands in command lines, scripts and raw events: one row is enough.

    Of several columns of one record the shortest text is the clearest.
    """
    content = pl.col("Layers").list.eval(pl.element().struct.field("Decoded")).list.join("\x1f")
    return (
        found.with_columns(content.alias("content"))
        .sort(
            "first", pl.col("text").str.len_chars(), "table", nulls_last=True, maintain_order=True
        )
        .group_by("content", maintain_order=True)
        .agg(
            pl.col("first").first().alias("TimeGenerated"),
            pl.col("host").first().alias("Host"),
            pl.col("user").first().alias("User"),
            pl.col("text").first().alias("Given"),
            pl.col("Layers").first(),
            pl.col("rows").sum().alias("Mentions"),
            pl.col("table").first().alias("Table"),
            pl.col("column").first().alias("Column"),
            pl.col("_file", "_record").first(),
        )
        .select(list(_SCHEMA))
        .cast(_SCHEMA)
    )


def items(rows: pl.DataFrame) -> list[dict[str, Any]]:
    """The first rows, ready for the page."""
    shown = rows.head(ITEMS).iter_rows(named=True) if rows.height else []
    return [_item(row, number) for number, row in enumerate(shown, start=1)]


def runs(text: str) -> set[str]:
    """What looks encoded in a text."""
    return set(_RUN.findall(text))


def place_of(text: str, rows: pl.DataFrame) -> str:
    """The id of the item on the page that decodes what stands in a text; empty if none does."""
    its = runs(text)
    if not its or not rows.height:
        return ""
    for number, given in enumerate(rows.head(ITEMS)["Given"], start=1):
        if its & runs(given):
            return f"decoded-{number}"
    return ""


def _item(row: dict[str, Any], number: int) -> dict[str, Any]:
    shown, more = shortened(row["Given"], _GIVEN)
    mentions = "1 mention" if row["Mentions"] == 1 else f"{row['Mentions']:,} mentions"
    return {
        "id": f"decoded-{number}",
        "time": time_text(row["TimeGenerated"])[:19] + " UTC" if row["TimeGenerated"] else "",
        "host": row["Host"],
        "user": row["User"],
        "place": f"{row['Table']}.{row['Column']}, {mentions}",
        "given": shown,
        "given_more": more,
        "layers": [_layer(layer) for layer in row["Layers"][:12]],
    }


def _layer(layer: dict[str, str]) -> dict[str, Any]:
    lines = layer["Decoded"].splitlines()
    shown = [visible(line, limit=_WIDTH) for line in lines[:_LINES]]
    cut = len(lines) - len(shown)
    told = [each for each in (layer["Note"], f"{cut:,} more lines" if cut else "") if each]
    return {"how": layer["Encoding"], "lines": shown, "more": "; ".join(told)}
