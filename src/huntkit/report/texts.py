"""The different texts of all tables, each once, with where it was first seen."""

from collections.abc import Sequence

import polars as pl

from huntkit.report.layouts import Evidence, Layout, per_table, quoted
from huntkit.report.row_users import rows_with_sid, sql_user

MOST_TEXTS = 500_000  # of one table
# Tables that hold once more, whole, what others hold in columns: only their other rows count.
# Columns that hold neither, but a different text in every row.
_KEYS = ("guid", "uniqueid", "sid", "logonid", "recordid", "reportid", "tenantid", "_key")
# Every indicator has a dot between word characters, two colons, or 32 hex digits; what is encoded
# is a long run of letters and digits, or is announced.
_POSSIBLE = r"[\w\]\)][.\[\(\{]+\w|:[^:]{0,4}:|[A-Za-z0-9+/_\-]{16,}|(?i:base64|[-/]e[nc]+\s)"
SCHEMA = pl.Schema(
    {
        "text": pl.String(),
        "table": pl.String(),
        "column": pl.String(),
        "rows": pl.Int64(),
        "first": pl.Datetime("us", "UTC"),
        "last": pl.Datetime("us", "UTC"),
        "host": pl.String(),
        "user": pl.String(),
        "_file": pl.String(),
        "_record": pl.Int64(),
    }
)


def distinct_texts(
    evidence: Evidence, tables: Sequence[Layout], problems: list[str]
) -> pl.DataFrame:
    """Texts that may hold an indicator or something encoded, in the order of their first time.

    Columns: ``text table column rows first last host user _file _record``; the last four of the
    first row that holds the text. What was left out goes into ``problems``.
    """
    chosen = tables_of(tables)
    parts = per_table(lambda layout: _distinct(evidence, layout, tables), chosen)
    problems += [
        f"indicators and decoding: only {MOST_TEXTS:,} different texts of {layout.name} "
        "were searched"
        for layout, texts in zip(chosen, parts, strict=True)
        if texts.height >= MOST_TEXTS
    ]
    return pl.concat([pl.DataFrame(schema=SCHEMA), *parts])


def tables_of(tables: Sequence[Layout]) -> list[Layout]:
    """The tables that hold texts."""
    return [layout for layout in tables if _columns(layout)]


def _columns(layout: Layout) -> list[str]:
    skipped = {layout.host, "Type", "Channel", "Provider", "ActionType"}
    return [
        name for name in layout.texts() if name not in skipped and not name.lower().endswith(_KEYS)
    ]


def _distinct(evidence: Evidence, layout: Layout, tables: Sequence[Layout]) -> pl.DataFrame:
    """Each text of each column once; one pass over the table, however many columns it has."""
    source, columns = rows_with_sid(layout, tables), _columns(layout)
    time = layout.sql_time()
    place = f"""{{'t': {time}, 'f': _file, 'r': _record, 'h': {layout.sql_text(layout.host)},
                 'u': {sql_user(layout)}}}"""
    texts = ", ".join(quoted(column) for column in columns)
    names = ", ".join(f"'{_literal(column)}'" for column in columns)
    rows: pl.DataFrame = evidence.sql(
        f"""SELECT text, '{_literal(layout.name)}' AS "table", "column", rows, first, last,
                   place.h AS host, place.u AS user, place.f AS _file, place.r AS _record
            FROM (SELECT text, "column", count(*) AS rows, min(place.t) AS first,
                         max(place.t) AS last, min(place) AS place
                  FROM (SELECT unnest([{texts}]) AS text, unnest([{names}]) AS "column",
                               {place} AS place FROM {source})
                  WHERE text != '' GROUP BY 1, 2 HAVING regexp_matches(text, '{_POSSIBLE}'))
            LIMIT {MOST_TEXTS}""",  # noqa: S608  quoted
        frame="polars",
    )
    return rows.cast(SCHEMA).sort("first", "_file", "_record", "column", "text", nulls_last=True)


def _literal(text: str) -> str:
    return text.replace("'", "''")
