"""SecurityEvent: a Windows Security event's own fields as columns, and what Sentinel adds."""

import re
from functools import cache
from typing import Any

import polars as pl

from huntkit.sources.local import schemas
from huntkit.sources.local.mapping import rules
from huntkit.sources.local.mapping.series import filled, typed
from huntkit.sources.local.mapping.verbs import Fields

_FIELD = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}\Z")
_NEW_COLUMNS = 400
_TARGET_EVENTS = (4624, 4625, 4634, 4647, 4768, 4769, 4770, 4771, 4776)
_NOTHING = ("", "-\\-", "-")
_MADE = frozenset(
    {"TimeGenerated", "Channel", "Computer", "EventID", "EventLevelName", "Task", "Opcode", "Level",
     "EventLevel", "Keywords", "Version", "Correlation", "SystemUserId", "SystemProcessId",
     "SystemThreadId", "EventRecordId", "EventSourceName", "Provider", "EventData", "Activity",
     "Account", "AccountType", "SubjectAccount", "TargetAccount", "Process", "Type",
     "LogonTypeName", "RenderedDescription", "ReportId"}
)  # fmt: skip
_LOGON_TYPES = {
    0: "System", 2: "Interactive", 3: "Network", 4: "Batch", 5: "Service", 7: "Unlock",
    8: "NetworkCleartext", 9: "NewCredentials", 10: "RemoteInteractive", 11: "CachedInteractive",
    12: "CachedRemoteInteractive", 13: "CachedUnlock",
}  # fmt: skip  # from Microsoft's description of event 4624
_LEFT_OUT = ("EventData", "ReportId", "RenderedDescription", "_extra")


@cache
def _kinds() -> dict[str, str]:
    return schemas.known("SecurityEvent") or {}


@cache
def _activities() -> dict[int, str]:
    return {int(event): str(text) for event, text in rules.data("activities").items()}


def security_events(
    groups: list[tuple[int, list[int], Fields]], base: pl.DataFrame, new_columns: set[str]
) -> pl.DataFrame:
    """The rows of these groups of events: their id, their places in ``base``, their fields.

    ``new_columns`` are the columns beyond Sentinel's that the file has brought; they are limited,
    because names come from the log. What gets no column is still in WindowsEvent.EventData.
    """
    at = pl.Series([i for _, its, _ in groups for i in its], dtype=pl.UInt32)
    names = sorted({name for _, _, fields in groups for name in fields.lists})
    flat = all(fields.flat for _, _, fields in groups)
    columns = []
    for name in names:
        if not _takes(name, new_columns):
            continue
        values: list[Any] = []
        for _, _, fields in groups:
            values += fields[name]
        columns.append(typed(name, values, _kinds().get(name, "string"), flat=flat))
    labels: list[str] = []
    for event, its, _ in groups:
        text = _activities().get(event)
        labels += [f"{event} - {text}" if text else str(event)] * len(its)
    frame = base.select(name for name in base.columns if name not in _LEFT_OUT)[at]
    frame = frame.rename({"Provider": "EventSourceName"}, strict=False)
    if "EventLevel" in frame.columns:
        level = pl.col("EventLevel").cast(pl.String).fill_null("")
        frame = frame.with_columns(level.alias("Level")).drop("EventLevel")
    columns.append(pl.Series("Activity", labels, dtype=pl.String))
    return _accounts(frame.hstack(filled(pl.DataFrame(columns))))


def _takes(name: Any, new_columns: set[str]) -> bool:
    """Whether an event's field becomes a column."""
    if name in _MADE or not isinstance(name, str):
        return False
    if name in _kinds() or name in new_columns:
        return True
    if len(new_columns) >= _NEW_COLUMNS or not _FIELD.match(name):
        return False
    new_columns.add(name)
    return True


def _accounts(frame: pl.DataFrame) -> pl.DataFrame:
    """Account, AccountType, SubjectAccount, TargetAccount and Process, as Sentinel writes them."""

    def text(name: str) -> pl.Expr:
        return pl.col(name) if name in frame.columns else pl.lit("")

    def account(side: str) -> pl.Expr:
        user, domain = text(f"{side}UserName"), text(f"{side}DomainName")
        return (
            pl.when(user == "").then(pl.lit(""))
            .when(domain == "").then(user)
            .otherwise(domain + "\\" + user)
            .alias(f"{side}Account")
        )  # fmt: skip

    made = frame.with_columns(account("Subject"), account("Target"))
    subject, target = pl.col("SubjectAccount"), pl.col("TargetAccount")
    targeted = pl.col("EventID").is_in(_TARGET_EVENTS) & ~target.is_in(_NOTHING)
    which = pl.when(targeted | subject.is_in(_NOTHING)).then(target).otherwise(subject)
    made = made.with_columns(
        pl.when(which.is_in(_NOTHING)).then(pl.lit("")).otherwise(which).alias("Account")
    )
    path = (
        pl.when(text("NewProcessName") != "")
        .then(text("NewProcessName"))
        .otherwise(text("ProcessName"))
    )
    if "LogonType" in made.columns:
        names = {number: f"{number} - {name}" for number, name in _LOGON_TYPES.items()}
        named = pl.col("LogonType").replace_strict(names, default="", return_dtype=pl.String)
        made = made.with_columns(named.alias("LogonTypeName"))
    who = pl.col("Account")
    return made.with_columns(
        pl.when(who == "").then(pl.lit(""))
        .when(who.str.ends_with("$")).then(pl.lit("Machine"))
        .otherwise(pl.lit("User")).alias("AccountType"),
        path.str.split("\\").list.last().fill_null("").alias("Process"),
    )  # fmt: skip
