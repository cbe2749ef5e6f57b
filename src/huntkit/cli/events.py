"""Rows of any tables as one timeline: when, where, who and what, in the same columns."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import polars as pl

from huntkit.sources.local.evidence import Evidence
from huntkit.sources.local.parts import time_column
from huntkit.tables import roles
from huntkit.tables.stand_ins import exactly

_FRONT = ("TimeGenerated", "Table", "Host", "User", "Detail", "_file", "_record")
_DETAIL = 300
# What says best what happened, the first that has a value; then whatever text there is.
_TELLING = (
    *("ProcessCommandLine", "CommandLine", "ActionType", "Activity", "RemoteUrl", "query", "uri"),
    *("SyslogMessage", "EventName", "OperationName", "RenderedDescription", "Message", "message"),
)
# The word for what happened says little without what it happened to.
_ABOUT = {
    "ActionType": (
        *("InitiatingProcessFileName", "LogonType", "FailureReason", "FolderPath", "RegistryKey"),
        *("RegistryValueName", "RegistryValueData", "RemoteDeviceName", "RemoteUrl", "RemoteIP"),
        "RemotePort",
    ),
    "Activity": (
        *("TargetUserName", "MemberName", "LogonTypeName", "IpAddress", "WorkstationName"),
        *("ServiceName", "ServiceFileName", "TaskName", "ShareName", "ObjectName"),
        "NewProcessName",
    ),
}
_LOGGED_ON = ("AccountName", "TargetUserName")
_DULL = ("Type", "TenantId", "_time_note", "_extra", "Channel", "_channel", "Provider")


def notable(found: pl.DataFrame) -> pl.DataFrame:
    """Notable events in the columns of a timeline, and what kind they are."""
    named = found.rename({"Account": "User"})
    return named.select(*_FRONT, pl.exclude(_FRONT))


def events(
    evidence: Evidence, tables: Sequence[str], *, start: datetime | None, end: datetime | None
) -> pl.DataFrame:
    """All rows of some tables in the order of time; those without a time stand last.

    The first columns are the same for every table: ``TimeGenerated Table Host User Detail _file
    _record``; the table's own follow.
    """
    frames = [_events(evidence, name, start, end) for name in tables]
    rows: pl.DataFrame = pl.concat(frames, how="diagonal_relaxed")
    return rows.sort("TimeGenerated", maintain_order=True, nulls_last=True).select(
        *_FRONT, pl.exclude(_FRONT)
    )


def _events(
    evidence: Evidence, name: str, start: datetime | None, end: datetime | None
) -> pl.DataFrame:
    schema = evidence.schema(name)
    timed = time_column(list(schema))
    timed = timed if timed and schema[timed] == "datetime" else None
    given: dict[str, Any] = {"start": start, "end": end} if timed else {}
    rows: pl.DataFrame = evidence.table(name, frame="polars", **given)
    if not timed and (start or end):
        rows = rows.clear()  # without a time it is not known to be in any span
    host, user = (roles.resolve(rows.columns, role) for role in ("host", "user"))
    made = rows.select(
        (exactly(timed) if timed else pl.lit(None, pl.Datetime("us", "UTC"))).alias(
            "TimeGenerated"
        ),
        pl.lit(name).alias("Table"),
        _column(host).alias("Host"),
        _user(rows, user).alias("User"),
        _detail(rows, {timed, host, user}).alias("Detail"),
        "_file",
        "_record",
    )
    same = {timed, host, user, "_file", "_record"}
    more = [
        exactly(each).alias(f"{each}_2" if each in made.columns else each)
        for each in rows.columns
        if each not in made.columns or each not in same
    ]
    return pl.concat([made, rows.select(more)], how="horizontal") if more else made


def _column(name: str | None) -> pl.Expr:
    return exactly(name).cast(pl.String).fill_null("") if name else pl.lit("")


def _user(rows: pl.DataFrame, user: str | None) -> pl.Expr:
    """Who did it; of a logon, who logged on or tried to."""
    named = [name for name in _LOGGED_ON if rows.schema.get(name) == pl.String]
    if "LogonType" not in rows.columns or not named:
        return _column(user)
    is_logon = _said("LogonType").is_not_null()
    return pl.coalesce(*(pl.when(is_logon).then(_said(name)) for name in named), _column(user))


def _said(name: str) -> pl.Expr:
    """The text of a column where it says something."""
    text = exactly(name).cast(pl.String)
    return pl.when(~text.is_in(["", "-"])).then(text)


def _happened(rows: pl.DataFrame, name: str) -> pl.Expr:
    """What happened, and to what."""
    known = [each for each in _ABOUT.get(name, ()) if each in rows.columns]
    if not known:
        return _said(name)
    about = pl.concat_str(*map(_said, known), separator=", ", ignore_nulls=True)
    return pl.concat_str(
        _said(name), pl.when(about != "").then(about), separator=": ", ignore_nulls=True
    )


def _detail(rows: pl.DataFrame, known: set[str | None]) -> pl.Expr:
    telling = [each for each in _TELLING if rows.schema.get(each) == pl.String]
    others = [
        name
        for name, kind in rows.schema.items()
        if kind == pl.String and name not in {*known, *telling, *_DULL} and not name.startswith("_")
    ]
    told = [
        pl.when(exactly(each) != "").then(_happened(rows, each))
        for each in dict.fromkeys([*telling, *others])
    ]
    return pl.coalesce(*told, pl.lit("")).str.slice(0, _DETAIL)
