"""Which events of a log start and end logon sessions, and what they say.

Each function gives a row for every row of the table, with ``is_start`` (null where the row is
neither start nor end), ``alone`` (whether the session's number is its own on this host) and the
details; or None where the table is not of its kind.

Sources: Microsoft's descriptions of the events 4624, 4634 and 4647; pam_unix(8); audit event
types of the Linux audit project's message dictionary.
"""

from typing import Final

import polars as pl

from huntkit.core.errors import UsageError
from huntkit.tables import roles

_LOGON: Final = "4624"
_LOGOFFS: Final = ("4634", "4647")
_PACKED: Final = ("TargetLogonId", "TargetUserName", "LogonType", "IpAddress")
_NOBODY: Final = ("4294967295", "-1", "unset")  # an audit user, or session, that was never set
_NOT_DONE: Final = ("failed", "0", "no")  # the result of an audit event
_PAM: Final = (
    r"pam_(?:unix|sss|systemd|limits)\((?P<service>[^:)]+):session\): session "
    r"(?P<what>opened|closed) for user (?P<target>[^\s(]+)(?:\(uid=\d+\))?"
    r"(?: by (?P<by>[^\s(]*)\(uid=\d+\))?"
)
_ACCEPTED: Final = r"Accepted \S+ for \S+ from (?P<address>\S+) port \d+"
_FOR_OTHERS: Final = (
    r"^(?:su|sudo|doas|runuser|pkexec|polkit)\b"  # others name themselves: LOGIN, gdm
)
_PID: Final = r"\[(\d+)\]:"


def windows(data: pl.DataFrame) -> pl.DataFrame | None:
    """Of Windows' Security log."""
    event_id = roles.resolve(data.columns, "event_id")
    if event_id is None:
        return None
    event = text_or_null(data, event_id)
    if _named(data, "TargetLogonId") is None:
        is_logon = event.is_in([_LOGON, *_LOGOFFS]).fill_null(value=False)
        if not is_logon.any():
            return None
        data = _unpacked(data, is_logon)
    number = _named(data, "TargetLogonId")
    user = text_or_null(data, _named(data, "TargetUserName"))
    columns = {
        "event": event,
        "SessionId": text_or_null(data, number).str.to_lowercase(),
        "User": user,
        "Target": user,
        "Type": text_or_null(data, _named(data, "LogonTypeName") or _named(data, "LogonType")),
        "Source": text_or_null(data, _named(data, "IpAddress")),
    }
    told = pl.DataFrame([column.alias(name) for name, column in columns.items()])
    return told.with_columns(
        is_start=pl.when(pl.col("event") == _LOGON).then(statement=True)
        .when(pl.col("event").is_in(_LOGOFFS)).then(statement=False),
        alone=pl.col("SessionId").is_not_null(),
    ).drop("event")  # fmt: skip


def _unpacked(data: pl.DataFrame, is_logon: pl.Series) -> pl.DataFrame:
    """The table with the details of its logons that are JSON in EventData, as in WindowsEvent."""
    packed = _named(data, "EventData")
    if packed is not None and data.schema[packed] == pl.String:
        text = data[packed].zip_with(is_logon, pl.Series([None], dtype=pl.String))
        absent = [name for name in _PACKED if _named(data, name) is None]
        data = data.with_columns(text.str.json_path_match(f"$.{n}").alias(n) for n in absent)
        if data["TargetLogonId"].count():
            return data
    raise UsageError(
        f"{is_logon.sum():,} logon events have no TargetLogonId",
        hint="take a table with a column of that name, such as SecurityEvent, or with the event's "
        "data as JSON in EventData",
    )


def linux_audit(data: pl.DataFrame) -> pl.DataFrame | None:
    """Of Linux's audit events: PAM sessions, by the audit session that they belong to."""
    kind = _named(data, "EventType") or _named(data, "type")
    session = _named(data, "ses")
    if kind is None or session is None:
        return None
    columns = {
        "what": data[kind].cast(pl.String, strict=False),
        "SessionId": text_or_null(data, session),
        "Target": text_or_null(data, _named(data, "acct")),
        "audit_user": text_or_null(data, _named(data, "audit_user")),
        "auid": text_or_null(data, _named(data, "auid")),
        "Type": text_or_null(data, _named(data, "exe")).str.extract(r"([^/]+)$"),
        "Source": text_or_null(data, _named(data, "addr")),
        "res": text_or_null(data, _named(data, "res")).str.to_lowercase(),
    }
    told = pl.DataFrame([column.alias(name) for name, column in columns.items()])
    calls = pl.col("Type").str.contains(_FOR_OTHERS)
    is_done = ~pl.col("res").fill_null("").is_in(_NOT_DONE)
    return told.with_columns(
        is_start=pl.when((pl.col("what") == "USER_START") & is_done).then(statement=True)
        .when(pl.col("what") == "USER_END").then(statement=False),
        # A name is better than a number, but who called sudo or su is not the session's account.
        User=pl.coalesce(
            _set("audit_user"), pl.when(calls).then(_set("auid")), "Target", _set("auid")
        ),
        SessionId=_set("SessionId"),
        alone=pl.lit(value=False),
    ).drop("what", "audit_user", "auid", "res")  # fmt: skip


def _set(name: str) -> pl.Expr:
    return pl.when(~pl.col(name).is_in(_NOBODY)).then(name)


def linux_syslog(data: pl.DataFrame) -> pl.DataFrame | None:
    """Of syslog: what PAM writes when a session is opened and closed."""
    message = _named(data, "SyslogMessage") or roles.resolve(data.columns, "message")
    if message is None or data.schema[message] not in (pl.String, pl.Categorical):
        return None
    text = data[message].cast(pl.String).alias("text")
    process = _named(data, "ProcessID") or roles.resolve(data.columns, "process_id")
    sudoer = text_or_null(data, _named(data, "User") or _named(data, "Sudoer"))
    told = pl.DataFrame([text, text_or_null(data, process).alias("pid"), sudoer.alias("named")])
    told = told.with_columns(
        pl.coalesce("pid", pl.col("text").str.extract(_PID)).alias("SessionId"),
        pl.col("text").str.extract_groups(_PAM).alias("pam"),
        pl.col("text").str.extract(_ACCEPTED.replace("?P<address>", "")).alias("address"),
    ).unnest("pam")
    host = roles.resolve(data.columns, "host")
    told = told.with_columns(text_or_null(data, host).alias("host"))
    # sshd says in an own line, of the same process, where the session comes from.
    said = told.filter(pl.col("address").is_not_null() & pl.col("SessionId").is_not_null())
    known = said.unique(["host", "SessionId"], keep="none").select(
        "host", "SessionId", Source="address"
    )
    told = told.join(
        known, on=["host", "SessionId"], how="left", nulls_equal=True, maintain_order="left"
    )
    caller = pl.when(pl.col("service").str.contains(_FOR_OTHERS)).then("by")
    return told.select(
        is_start=pl.when(pl.col("what").is_not_null()).then(pl.col("what") == "opened"),
        SessionId="SessionId",
        alone=pl.lit(value=False),
        User=pl.coalesce("named", caller.replace("", None), "target"),
        Target="target",
        Type="service",
        Source="Source",
    )


def _named(data: pl.DataFrame, name: str) -> str | None:
    """The column of that name, in any case, alone or as Winlogbeat writes it."""
    folded = {column.lower(): column for column in reversed(data.columns)}
    wanted = name.lower()
    return folded.get(wanted) or folded.get(f"winlog.event_data.{wanted}")


def text_or_null(data: pl.DataFrame, column: str | None) -> pl.Series:
    """The column as text, without what means nothing; null where there is no such column."""
    if column is None:
        return pl.Series([None] * data.height, dtype=pl.String)
    if data.schema[column].is_nested():
        return pl.Series([None] * data.height, dtype=pl.String)
    values = data[column]
    if values.dtype.is_float():  # numbers of a pandas column with gaps
        values = values.cast(pl.Int64, strict=False)
    return values.cast(pl.String, strict=False).str.strip_chars().replace(["", "-", "?"], None)
