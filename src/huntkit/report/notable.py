"""Events that an analyst wants to be told first; which ones is said in ``notable.yaml``."""

from collections.abc import Sequence
from typing import Any

import polars as pl

from huntkit.report.layouts import Evidence, Layout, find, quoted
from huntkit.tables.data_files import data_file

MOST = 5_000  # of one kind; a service that is installed a million times does not fill memory
_SAME_EVENT = "5s"  # between what two logs say of one event
MOST_DETAIL = 20_000  # characters
_SCHEMA = pl.Schema(
    {
        "TimeGenerated": pl.Datetime("us", "UTC"),
        "Kind": pl.String(),
        "Name": pl.String(),
        "Tone": pl.String(),
        "Host": pl.String(),
        "Account": pl.String(),
        "Detail": pl.String(),
        "Table": pl.String(),
        "_file": pl.String(),
        "_record": pl.Int64(),
    }
)


def notable(evidence: Evidence, tables: Sequence[Layout]) -> pl.DataFrame:
    """Notable events in the order of time.

    Columns: ``TimeGenerated Kind Name Tone Host Account Detail Table _file _record``; the name is
    that of an alert. A record that several tables hold counts once, by the one that tells more.
    """
    statements = []
    windows = find(tables, "WindowsEvent")
    if windows is not None:
        statements += [_from_windows(windows, rule) for rule in _rules()["windows"]]
    for rule in _rules()["tables"]:
        layout = find(tables, rule["table"])
        if layout is not None:
            statements.append(_from_table(layout, rule))
    if not statements:
        return pl.DataFrame(schema=_SCHEMA)
    rows: pl.DataFrame = evidence.sql(" UNION ALL ".join(statements), frame="polars")
    found = rows.cast(_SCHEMA).with_columns(pl.col(pl.String).fill_null(""))
    return _one_service(
        found.sort(pl.col("Detail") == "", pl.col("Table") != "WindowsEvent", maintain_order=True)
        .unique(["_file", "_record", "Kind"], keep="first", maintain_order=True)
        .sort("TimeGenerated", "_file", "_record", nulls_last=True, maintain_order=True)
    )


def tables_of(tables: Sequence[Layout]) -> list[Layout]:
    """The tables in which notable events are looked for."""
    names = {"WindowsEvent", *(rule["table"] for rule in _rules()["tables"])}
    return [each for each in tables if each.name in names]


def _one_service(found: pl.DataFrame) -> pl.DataFrame:
    """A service that two logs tell of is one event, which names the other log's record.

    Security (4697) says who did it, System (7045) does not: the former stays.
    """
    service = pl.col("Detail").str.extract(r"^ServiceName: ([^;]+); (?:ImagePath|ServiceFile)", 1)
    rows = found.with_row_index("row").with_columns(
        service.alias("service"), pl.col("Host").str.to_lowercase().alias("host")
    )
    rows = rows.filter(
        pl.col("Kind") == "Service installed",
        pl.col("service").is_not_null(),
        pl.col("TimeGenerated").is_not_null(),
    ).sort("TimeGenerated", "row")
    system = pl.col("Detail").str.contains("; ImagePath: ", literal=True)
    security = rows.filter(~system).select("TimeGenerated", "host", "service", kept="row")
    pairs = (
        rows.filter(system)
        .join_asof(
            security,
            on="TimeGenerated",
            by=["host", "service"],
            strategy="nearest",
            tolerance=_SAME_EVENT,
            check_sortedness=False,
        )
        .drop_nulls("kept")
        .unique("kept", keep="first", maintain_order=True)
        .select(pl.col("kept").alias("row"), "_record", dropped="row")
    )
    if not pairs.height:
        return found
    told = found.with_row_index("row").join(
        pairs.select("row", also="_record"), on="row", how="left", maintain_order="left"
    )
    return (
        told.filter(~pl.col("row").is_in(pairs["dropped"].to_list()))
        .with_columns(
            pl.when(pl.col("also").is_not_null())
            .then(pl.format("{}; also told by 7045, record {}", "Detail", "also"))
            .otherwise("Detail")
            .alias("Detail")
        )
        .select(list(_SCHEMA))
    )


def _rules() -> dict[str, Any]:
    rules: dict[str, Any] = data_file("huntkit.report", "notable.yaml")
    return rules


def _from_windows(layout: Layout, rule: dict[str, Any]) -> str:
    listed = ", ".join(str(int(each)) for each in rule["ids"])
    shown = ", ".join(
        f"'{key}: ' || nullif(nullif(EventData->>'$.\"{key}\"', ''), '-')" for key in rule["data"]
    )
    inner = f"""SELECT * REPLACE (CASE WHEN json_valid(EventData) THEN EventData ELSE '{{}}' END
                AS EventData) FROM {layout.sql}
                WHERE EventID IN ({listed}) AND Provider = '{rule["provider"]}'"""  # noqa: S608
    account = """coalesce(nullif(nullif(EventData->>'$."SubjectUserName"', ''), '-'), '')"""
    return _select(
        layout,
        rule,
        source=f"({inner})",
        where=rule.get("and", "true"),
        account=account,
        detail=f"concat_ws('; ', {shown})",
    )


def _from_table(layout: Layout, rule: dict[str, Any]) -> str:
    where = f"({rule['where']}) AND ({rule.get('and', 'true')})"
    if "unless" in rule:
        where += f" AND NOT ({rule['unless']})"
    may_lack = _rules()["may_lack"].get(layout.name, ())
    lacking = "".join(f", '' AS {quoted(name)}" for name in may_lack if name not in layout.columns)
    return _select(
        layout,
        rule,
        source=f"(SELECT *{lacking} FROM {layout.sql})" if lacking else layout.sql,  # noqa: S608
        where=where,
        account=rule["account"],
        detail=rule["detail"],
    )


def _select(
    layout: Layout, rule: dict[str, Any], *, source: str, where: str, account: str, detail: str
) -> str:
    return f"""(SELECT {layout.sql_time()} AS TimeGenerated, '{rule["kind"]}' AS Kind,
                       coalesce(CAST({rule.get("name", "''")} AS VARCHAR), '') AS Name,
                       {rule.get("tone_of", f"'{rule['tone']}'")} AS Tone,
                       {layout.sql_text(layout.host)} AS Host,
                       CAST({account} AS VARCHAR) AS Account,
                       left(CAST({detail} AS VARCHAR), {MOST_DETAIL}) AS Detail,
                       '{layout.name}' AS "Table", _file, _record
                FROM {source} WHERE {where} ORDER BY 1, _file, _record LIMIT {MOST})"""  # noqa: S608  our own rules
