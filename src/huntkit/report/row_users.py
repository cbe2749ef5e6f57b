r"""Whose a row is, also where only its text names the account: PowerShell's, or syslog's.

The classic PowerShell log (800) has it as ``UserId=`` before the host's name, version and GUID:
these words stand so in every language of Windows. The context of a command (4103) has its lines in
Windows's language but always in the same order: a number, the user, the connected user, the shell.
Where the words name several accounts, or stand elsewhere (a command may print such lines itself),
none is taken: then the SID of the record's own header is the account, where there is one.
"""

from collections.abc import Sequence

from huntkit.report import syslog_commands
from huntkit.report.layouts import Layout, find, own_rows, quoted

# What stands behind the account: only that tells the record's own line from one of a command.
_GUID = "[0-9A-Fa-f]{8}-[0-9A-Fa-f-]{27}"
_DETAIL = (
    r"\n[ \t]*UserId=([^\r\n]+)\r?\n[ \t]*HostName=[^\r\n]*\r?\n[ \t]*HostVersion=[^\r\n]*"
    rf"\r?\n[ \t]*HostId={_GUID}\r?\n[ \t]*HostApplication="
)
_CONTEXT = (
    r"=[ \t]*[0-9]+[ \t]*\r?\n[^=\r\n]*=[ \t]*([^\r\n]*?)[ \t]*\r?\n[^=\r\n]*=[^\r\n]*"
    r"\r?\n[^=\r\n]*=[^\r\n]*\s*$"
)


# Windows' own accounts, the same on every machine.
# https://learn.microsoft.com/windows-server/identity/ad-ds/manage/understand-security-identifiers
_WELL_KNOWN = {"S-1-5-18": "SYSTEM", "S-1-5-19": "LOCAL SERVICE", "S-1-5-20": "NETWORK SERVICE"}
_SID = "_huntkit_sid"  # of the record's header, which only the table of whole records has


def rows_with_sid(layout: Layout, tables: Sequence[Layout]) -> str:
    """`own_rows`, those of PowerShell with the SID that the header of their record names."""
    rows = own_rows(layout, tables)
    if layout.name != "DeviceEvents":
        return rows
    whole = find(tables, "WindowsEvent")
    if whole is None or not {"SystemUserId", "Provider"} <= whole.columns.keys():
        return f"(SELECT *, '' AS {_SID} FROM {rows})"  # noqa: S608
    return f"""(SELECT * FROM {rows} LEFT JOIN
                (SELECT _file, _record, min(CAST("SystemUserId" AS VARCHAR)) AS {_SID}
                 FROM {whole.sql} WHERE "Provider" LIKE '%PowerShell%' AND _record IS NOT NULL
                 GROUP BY 1, 2) USING (_file, _record))"""  # noqa: S608


def names_users(layout: Layout) -> bool:
    """Whether a column of a table names accounts."""
    return bool(layout.user or _of_cloud(layout))


def sql_named(layout: Layout) -> str:
    """The account that a column of a row names, as an expression; empty where none does."""
    # The object itself is no name.
    found = _of_cloud(layout) or [layout.sql_text(layout.user)]
    found = [f"nullif({each}, '')" for each in found]
    return f"coalesce({', '.join(found)}, '')"


def _of_cloud(layout: Layout) -> list[str]:
    """Whom the audit logs of Entra and Azure name, in columns of their own.

    Entra's holds an object: the user as in all other logs, or the application. An ill-formed one
    names nobody.
    """
    if layout.name == "AzureActivity" and "Caller" in layout.columns:
        return [layout.sql_text("Caller")]
    if layout.name != "AuditLogs" or "InitiatedBy" not in layout.columns:
        return []
    text = layout.sql_text("InitiatedBy")
    names = ("$.user.userPrincipalName", "$.user.displayName", "$.app.displayName")
    of_object = ", ".join(f"nullif(json_extract_string({text}, '{name}'), '')" for name in names)
    identity = layout.sql_text("Identity" if "Identity" in layout.columns else None)
    return [f"CASE WHEN json_valid({text}) THEN coalesce({of_object}) END", identity]


def sql_user(layout: Layout) -> str:
    """The account of a row of `rows_with_sid` as an expression; empty where nothing names it."""
    found = [f"nullif({sql_named(layout)}, '')"]
    if layout.name == "DeviceEvents":
        if "AdditionalFields" in layout.columns:
            found.append(_of_context("AdditionalFields"))
        if "ActionType" in layout.columns:
            found.append(
                f"CASE WHEN {quoted('ActionType')} = 'PowerShellCommand' "
                f"THEN {_account_of(_SID)} END"
            )
    elif syslog_commands.tells_commands(layout):
        found.append(syslog_commands.sql_account(layout))
    elif layout.name == "LinuxAudit" and "uid" in layout.columns:
        found.append(f"nullif({layout.sql_text('uid')}, '')")  # few logs name it
    elif layout.name == "WindowsEvent":
        if "EventData" in layout.columns:
            found += [_of_context("EventData"), _of_detail(_unescaped("EventData"))]
        if "RenderedDescription" in layout.columns:
            found.append(_of_detail(layout.sql_text("RenderedDescription")))
        if {"SystemUserId", "Provider"} <= layout.columns.keys():
            found.append(
                f"CASE WHEN {quoted('Provider')} LIKE '%PowerShell%' "
                f"THEN {_account_of(layout.sql_text('SystemUserId'))} END"
            )
    return f"coalesce({', '.join(found)}, '')"


def _account_of(sid: str) -> str:
    names = " ".join(f"WHEN '{each}' THEN '{name}'" for each, name in _WELL_KNOWN.items())
    return f"CASE {sid} {names} ELSE nullif({sid}, '') END"


def _of_detail(text: str) -> str:
    names = f"list_distinct(regexp_extract_all({text}, '{_DETAIL}', 1))"
    return (
        f"CASE WHEN contains({text}, 'UserId=') AND len({names}) = 1 "
        f"THEN nullif(trim({names}[1]), '') END"
    )


def _of_context(column: str) -> str:
    text = f"CAST({quoted(column)} AS VARCHAR)"
    context = f"json_extract_string({text}, '$.ContextInfo')"
    return (  # the word is looked for first: most rows have no such field, and need not be parsed
        f"CASE WHEN contains({text}, '\"ContextInfo\"') AND json_valid({text}) "
        f"THEN nullif(regexp_extract({context}, '{_CONTEXT}', 1), '') END"
    )


def _unescaped(column: str) -> str:
    """JSON as text in which lines end and backslashes stand as they were logged.

    A backslash is kept apart while its neighbours are undone: a folder may be called ``new``.
    """
    text = f"CAST({quoted(column)} AS VARCHAR)"
    apart = rf"replace({text}, '\\', chr(1))"
    lines = rf"replace(replace(replace({apart}, '\r', ''), '\n', chr(10)), '\t', ' ')"
    return f"replace({lines}, chr(1), '\\')"
