"""The different texts of all tables, each once, with where it was first seen."""

from collections.abc import Callable, Sequence

import polars as pl

from huntkit.report.layouts import Evidence, Layout, quoted

MOST_TEXTS = 500_000  # of one table
# Tables that hold once more, whole, what others hold in columns: only their other rows count.
_GENERIC = ("WindowsEvent", "Event", "LinuxAudit", "AuditLog_CL", "NetworkSession")
_SCHEMA = pl.Schema(
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
    evidence: Evidence,
    tables: Sequence[Layout],
    problems: list[str],
    *,
    what: str,
    pattern: str,
    columns: Callable[[Layout], Sequence[str]],
) -> pl.DataFrame:
    """Texts that match a pattern, in the order of their first time.

    Columns: ``text table column rows first last host user _file _record``; the last four of the
    first row that holds the text. What was left out goes into ``problems``.
    """
    parts = [pl.DataFrame(schema=_SCHEMA)]
    for layout in tables:
        source = _source(layout, tables)
        wanted = columns(layout)
        if not wanted:
            continue
        texts = _distinct(evidence, layout, source, wanted, pattern)
        if texts.height >= MOST_TEXTS:
            problems.append(
                f"{what}: only {MOST_TEXTS:,} different texts of {layout.name} were searched"
            )
        parts.append(texts)
    return pl.concat(parts)


def _source(layout: Layout, tables: Sequence[Layout]) -> str:
    """The table, without the rows whose records other tables hold in columns of their own."""
    others = [each for each in tables if each.name not in _GENERIC]
    if layout.name not in _GENERIC or not others:
        return layout.sql
    known = " UNION ALL ".join(f"SELECT _file, _record FROM {each.sql}" for each in others)  # noqa: S608
    return f"(SELECT * FROM {layout.sql} ANTI JOIN ({known}) USING (_file, _record))"  # noqa: S608


def _distinct(
    evidence: Evidence, layout: Layout, source: str, columns: Sequence[str], pattern: str
) -> pl.DataFrame:
    """Each text of each column once; one pass over the table, however many columns it has."""
    time = layout.sql_time()
    place = f"""{{'t': {time}, 'f': _file, 'r': _record, 'h': {layout.sql_text(layout.host)},
                 'u': {layout.sql_text(layout.user)}}}"""
    texts = ", ".join(quoted(column) for column in columns)
    names = ", ".join(f"'{_literal(column)}'" for column in columns)
    rows: pl.DataFrame = evidence.sql(
        f"""SELECT text, '{_literal(layout.name)}' AS "table", "column", rows, first, last,
                   place.h AS host, place.u AS user, place.f AS _file, place.r AS _record
            FROM (SELECT text, "column", count(*) AS rows, min(place.t) AS first,
                         max(place.t) AS last, min(place) AS place
                  FROM (SELECT unnest([{texts}]) AS text, unnest([{names}]) AS "column",
                               {place} AS place FROM {source})
                  WHERE text != '' GROUP BY 1, 2 HAVING regexp_matches(text, '{pattern}'))
            LIMIT {MOST_TEXTS}""",  # noqa: S608  quoted
        frame="polars",
    )
    return rows.cast(_SCHEMA).sort("first", "_file", "_record", "column", "text", nulls_last=True)


def _literal(text: str) -> str:
    return text.replace("'", "''")
