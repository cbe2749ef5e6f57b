"""Failed logons: who, from where, by which program, and why; each try once."""

from collections.abc import Sequence
from typing import Final

from huntkit.report.layouts import Layout, find

OWN: Final = "('', '-', '::1', '127.0.0.1', '0.0.0.0', '::')"
_SAME_TRY: Final = 5  # seconds between what a host and its domain controller say of one try
_BY_CONTROLLER: Final = (4776, 4771)
# Microsoft's descriptions of the events 4625 and 4776 (status codes), and 4771 (Kerberos' codes).
_REASONS: Final = {
    "0xc000005e": "no logon server", "0xc0000064": "no such account",
    "0xc000006a": "wrong password", "0xc000006d": "wrong name or password",
    "0xc000006e": "account restricted", "0xc000006f": "outside the allowed hours",
    "0xc0000070": "workstation not allowed", "0xc0000071": "password expired",
    "0xc0000072": "account disabled", "0xc00000dc": "server in the wrong state",
    "0xc0000133": "clocks too far apart", "0xc000015b": "kind of logon not granted",
    "0xc000018c": "trust relationship failed", "0xc0000192": "Netlogon not started",
    "0xc0000193": "account expired", "0xc0000224": "password must be changed",
    "0xc0000234": "account locked", "0xc0000371": "no password for this account",
    "0xc0000413": "not allowed to log on to this machine",
    "0x6": "no such account", "0x12": "account disabled, expired or locked",
    "0x17": "password expired", "0x18": "wrong password", "0x25": "clocks too far apart",
}  # fmt: skip
# What other sources than Windows' log write.
_WORDS: Final = {
    "UnknownUser": "no such account", "InvalidUserNameOrPassword": "wrong name or password",
    "AccountRestriction": "account restricted", "LogonHours": "outside the allowed hours",
    "WorkstationRestriction": "workstation not allowed", "PasswordExpired": "password expired",
    "AccountDisabled": "account disabled", "AccountExpired": "account expired",
    "PasswordMustChange": "password must be changed", "AccountLocked": "account locked",
    "LogonTypeNotGranted": "kind of logon not granted",
}  # fmt: skip


def failures_sql(layout: Layout, tables: Sequence[Layout]) -> str:
    """A query: ``t account source host program caller reason seen _file _record`` of each failure.

    ``source`` is the address, else the workstation's name; empty where the record names neither.
    A try that the domain controller checked (4776, 4771) is in its log too: ``seen`` is ``logon``
    for what the host itself tells, ``controller`` for what only the controller does, and
    ``again`` for the controller's word of a try that the host tells of within 5 seconds.
    """
    hosts = _by_hosts(layout)
    security = find(tables, "SecurityEvent")
    if security is None or not {"EventID", "TargetUserName", "Status"} <= set(security.columns):
        return hosts
    key = "lower(account) AS key"
    return f"""
        WITH told AS (SELECT *, {key} FROM ({hosts})),
        controller AS (SELECT *, {key} FROM ({_by_controllers(security)})),
        times AS (SELECT DISTINCT key, t AS at FROM told WHERE t IS NOT NULL),
        before AS (SELECT c.*, b.at AS b FROM controller c ASOF LEFT JOIN times b
                   ON c.key = b.key AND c.t >= b.at),
        around AS (SELECT c.*, a.at AS a FROM before c ASOF LEFT JOIN times a
                   ON c.key = a.key AND c.t <= a.at)
        SELECT * EXCLUDE (key) FROM told UNION ALL BY NAME
        SELECT * EXCLUDE (key, a, b) REPLACE (
            CASE WHEN t - b <= INTERVAL {_SAME_TRY} SECONDS OR a - t <= INTERVAL {_SAME_TRY} SECONDS
            THEN 'again' ELSE seen END AS seen) FROM around"""  # noqa: S608  quoted


def _by_hosts(layout: Layout) -> str:
    fields = f"CAST({layout.sql_text(_held(layout, 'AdditionalFields'))} AS VARCHAR)"
    bag = f"CASE WHEN json_valid({fields}) THEN {fields} ELSE '{{}}' END"
    codes = (f"nullif(lower({bag}->>'$.\"{name}\"'), '0x0')" for name in ("SubStatus", "Status"))
    reason = layout.sql_text(_held(layout, "FailureReason"))
    found = [_mapped(code, _REASONS) for code in codes]
    return f"""SELECT {layout.sql_time()} AS t, {layout.sql_text(_held(layout, "AccountName"))}
                   AS account, {_source(layout, "RemoteIP", "RemoteDeviceName")} AS source,
                   {layout.sql_text(layout.host)} AS host,
                   {layout.sql_text(_held(layout, "InitiatingProcessFileName"))} AS program,
                   {layout.sql_text(_held(layout, "InitiatingProcessAccountName"))} AS caller,
                   coalesce({", ".join(found)}, {_mapped(reason, _WORDS)}, {reason}) AS reason,
                   'logon' AS seen, _file, _record
               FROM {layout.sql} WHERE ActionType = 'LogonFailed'"""  # noqa: S608  quoted


def _by_controllers(layout: Layout) -> str:
    status = f"lower({layout.sql_text('Status')})"
    listed = ", ".join(map(str, _BY_CONTROLLER))
    return f"""SELECT {layout.sql_time()} AS t, {layout.sql_text("TargetUserName")} AS account,
                   {_source(layout, "IpAddress", "Workstation")} AS source,
                   {layout.sql_text(layout.host)} AS host, '' AS program, '' AS caller,
                   coalesce({_mapped(status, _REASONS)}, {status}) AS reason,
                   'controller' AS seen, _file, _record
               FROM {layout.sql}
               WHERE EventID IN ({listed}) AND {status} NOT IN ('', '0x0', '0')"""  # noqa: S608


def _source(layout: Layout, address: str, name: str) -> str:
    """The address, unless it is the host's own; else the workstation's name; else what there is."""
    ip = f"trim({layout.sql_text(_held(layout, address))})"
    # Event 4771 writes IPv4 addresses as ::ffff:192.0.2.1.
    ip = f"regexp_replace({ip}, '^::ffff:([0-9]+[.])', '\\1')"
    workstation = (
        rf"nullif(nullif(ltrim(trim({layout.sql_text(_held(layout, name))}), '\'), ''), '-')"
    )
    return (
        f"CASE WHEN {ip} NOT IN {OWN} THEN {ip} "
        f"ELSE coalesce({workstation}, nullif({ip}, '-'), '') END"
    )


def _mapped(value: str, words: dict[str, str]) -> str:
    cases = " ".join(f"WHEN '{code}' THEN '{told}'" for code, told in words.items())
    return f"CASE {value} {cases} END"


def _held(layout: Layout, name: str) -> str | None:
    return name if name in layout.columns else None
