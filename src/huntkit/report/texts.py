"""The different texts of all tables, each once, with where it was first seen."""

from collections.abc import Callable, Sequence

import polars as pl

from huntkit.report.layouts import Evidence, Layout, quoted

MOST_TEXTS = 300_000  # of one column
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
        filled = _filled(evidence, source, columns(layout), pattern)
        if not filled:
            continue
        texts = _distinct(evidence, layout, source, filled, pattern)
        parts.append(texts)
        for column, count in texts.group_by("column").len().iter_rows():
            if count >= MOST_TEXTS:
                problems.append(
                    f"{what}: only the first {MOST_TEXTS:,} different texts of "
                    f"{layout.name}.{column} were searched"
                )
    return pl.concat(parts)


def _source(layout: Layout, tables: Sequence[Layout]) -> str:
    """The table, without the rows whose records other tables hold in columns of their own."""
    others = [each for each in tables if each.name not in _GENERIC]
    if layout.name not in _GENERIC or not others:
        return layout.sql
    known = " UNION ALL ".join(f"SELECT _file, _record FROM {each.sql}" for each in others)  # noqa: S608
    return f"(SELECT * FROM {layout.sql} ANTI JOIN ({known}) USING (_file, _record))"  # noqa: S608


def _filled(evidence: Evidence, source: str, columns: Sequence[str], pattern: str) -> list[str]:
    """The columns in which anything matches."""
    if not columns:
        return []
    tests = ", ".join(
        f"coalesce(bool_or(regexp_matches({quoted(name)}, '{pattern}')), false)" for name in columns
    )
    row = evidence.sql(f"SELECT {tests} FROM {source}", frame="polars").row(0)  # noqa: S608
    return [name for name, possible in zip(columns, row, strict=True) if possible]


def _distinct(
    evidence: Evidence, layout: Layout, source: str, columns: Sequence[str], pattern: str
) -> pl.DataFrame:
    """Each text of each column once, all columns in one statement."""
    time = layout.sql_time()
    place = f"""{{'t': {time}, 'f': _file, 'r': _record, 'h': {layout.sql_text(layout.host)},
                 'u': {layout.sql_text(layout.user)}}}"""
    statements = [
        f"""(SELECT {quoted(column)} AS text, '{_literal(column)}' AS "column", count(*) AS rows,
                    min({time}) AS first, max({time}) AS last, min({place}) AS place
             FROM {source} WHERE regexp_matches({quoted(column)}, '{pattern}')
             GROUP BY 1 LIMIT {MOST_TEXTS})"""  # noqa: S608  quoted
        for column in columns
    ]
    rows: pl.DataFrame = evidence.sql(
        f"""SELECT text, '{_literal(layout.name)}' AS "table", "column", rows, first, last,
                   place.h AS host, place.u AS user, place.f AS _file, place.r AS _record
            FROM ({" UNION ALL ".join(statements)})""",  # noqa: S608  quoted
        frame="polars",
    )
    return rows.cast(_SCHEMA).sort("first", "_file", "_record", "column", "text", nulls_last=True)


def _literal(text: str) -> str:
    return text.replace("'", "''")
