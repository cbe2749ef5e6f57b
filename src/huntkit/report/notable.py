"""Events that an analyst wants to be told first; which ones is said in ``notable.yaml``."""

import functools
from collections.abc import Sequence
from importlib import resources
from typing import Any

import polars as pl
import yaml

from huntkit.report.layouts import Evidence, Layout, find

MOST = 5_000  # of one kind; a service that is installed a million times does not fill memory
_SCHEMA = pl.Schema(
    {
        "TimeGenerated": pl.Datetime("us", "UTC"),
        "Kind": pl.String,
        "Tone": pl.String,
        "Host": pl.String,
        "Account": pl.String,
        "Detail": pl.String,
        "Table": pl.String,
        "_file": pl.String,
        "_record": pl.Int64,
    }
)


def notable(evidence: Evidence, tables: Sequence[Layout]) -> pl.DataFrame:
    """Notable events in the order of time.

    Columns: ``TimeGenerated Kind Tone Host Account Detail Table _file _record``. A record that
    several tables hold counts once.
    """
    found = [pl.DataFrame(schema=_SCHEMA)]
    windows = find(tables, "WindowsEvent")
    if windows is not None:
        found += [_from_windows(evidence, windows, rule) for rule in _rules()["windows"]]
    for rule in _rules()["tables"]:
        layout = find(tables, rule["table"])
        if layout is not None:
            found.append(_from_table(evidence, layout, rule))
    return (
        pl.concat(found)
        .unique(["_file", "_record", "Kind"], keep="first", maintain_order=True)
        .sort("TimeGenerated", "_file", "_record", nulls_last=True, maintain_order=True)
    )


@functools.lru_cache(maxsize=1)
def _rules() -> dict[str, Any]:
    text = resources.files("huntkit.report").joinpath("notable.yaml").read_text(encoding="utf-8")
    rules: dict[str, Any] = yaml.safe_load(text)
    return rules


def _from_windows(evidence: Evidence, layout: Layout, rule: dict[str, Any]) -> pl.DataFrame:
    listed = ", ".join(str(int(each)) for each in rule["ids"])
    shown = ", ".join(
        f"'{key}: ' || nullif(nullif(EventData->>'$.\"{key}\"', ''), '-')" for key in rule["data"]
    )
    inner = f"""SELECT * REPLACE (CASE WHEN json_valid(EventData) THEN EventData ELSE '{{}}' END
                AS EventData) FROM {layout.sql}
                WHERE EventID IN ({listed}) AND Provider = '{rule["provider"]}'"""  # noqa: S608
    account = """coalesce(nullif(nullif(EventData->>'$."SubjectUserName"', ''), '-'), '')"""
    return _select(
        evidence,
        layout,
        rule,
        source=f"({inner})",
        where=rule.get("and", "true"),
        account=account,
        detail=f"concat_ws('; ', {shown})",
    )


def _from_table(evidence: Evidence, layout: Layout, rule: dict[str, Any]) -> pl.DataFrame:
    return _select(
        evidence,
        layout,
        rule,
        source=layout.sql,
        where=rule["where"],
        account=rule["account"],
        detail=rule["detail"],
    )


def _select(
    evidence: Evidence,
    layout: Layout,
    rule: dict[str, Any],
    *,
    source: str,
    where: str,
    account: str,
    detail: str,
) -> pl.DataFrame:
    rows: pl.DataFrame = evidence.sql(
        f"""SELECT {layout.sql_time()} AS TimeGenerated, '{rule["kind"]}' AS Kind,
                   '{rule["tone"]}' AS Tone, {layout.sql_text(layout.host)} AS Host,
                   CAST({account} AS VARCHAR) AS Account, CAST({detail} AS VARCHAR) AS Detail,
                   '{layout.name}' AS "Table", _file, _record
            FROM {source} WHERE {where} ORDER BY 1, _file, _record LIMIT {MOST}""",  # noqa: S608  our own rules
        frame="polars",
    )
    return rows.cast(_SCHEMA).with_columns(pl.col(pl.String).fill_null(""))
