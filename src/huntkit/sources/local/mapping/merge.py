"""Merges that need the rows of all files: one row per process start and login, whole scripts."""

from collections.abc import Sequence
from datetime import timedelta

import polars as pl

from huntkit.sources.local.mapping.values import to_json

_NEAR = timedelta(seconds=2)
_ROUNDS = 3
_AT = "_merge_at"
_NO_PAIRS = {_AT: pl.UInt32, f"{_AT}_other": pl.UInt32}
_HOST = "_merge_host"
_FILE = "_merge_file"
_NEEDED = {"_origin", "ActionType", "ProcessId", "DeviceName", "Timestamp", "FileName"}
# What tells a start whose pid the export lost.
_TOLD_BY = {"FolderPath", "ProcessCommandLine", "InitiatingProcessId"}
_LOGON_NEAR = timedelta(seconds=5)  # syslog's clock has whole seconds; the audit line comes later
_LOGON_NEEDED = {"_origin", "ActionType", "InitiatingProcessId", "DeviceName", "Timestamp",
                 "AccountName", "RemoteIP"}  # fmt: skip


def merge_table(name: str, rows: pl.DataFrame) -> pl.DataFrame:
    """The table's rows after the merges that need the rows of all files; others as they are.

    ``DeviceProcessEvents``: a Security 4688 and a Sysmon 1 of the same host, pid and time (within
    2 seconds) become one row. Sysmon's values win, gaps are filled from the 4688, and
    ``_merged_file`` and ``_merged_record`` lead to the other raw record. Some exports lose the pid
    of Sysmon's events: such a start is the 4688 of the same host, image, command line and parent's
    pid, where there is only one in those 2 seconds for it, and it is the only one for that 4688.

    ``DeviceLogonEvents``: a login in the audit log and the same one in sshd's syslog (the same
    host, pid and outcome, within 5 seconds) become one row in the same way. The audit log's values
    win, but for an account that it does not know. An audit log that names no host is that of the
    only host in syslog. So does a session that osquery lists, which is one row however often.

    ``DeviceEvents``: PowerShell script blocks that were logged in parts become one row; a part
    that is missing is said in the text.
    """
    if name == "DeviceProcessEvents":
        return _processes(rows)
    if name == "DeviceLogonEvents":
        return _logons(rows)
    if name == "DeviceEvents":
        return _scripts(rows)
    return rows


def _processes(rows: pl.DataFrame) -> pl.DataFrame:
    if not set(rows.columns) >= _NEEDED:
        return rows
    marked = rows.with_row_index(_AT).with_columns(_host_keys(rows["DeviceName"]))
    known = (pl.col("ActionType") == "ProcessCreated") & pl.col("Timestamp").is_not_null()
    starts = marked.filter(known & (pl.col(_HOST) != ""))
    file = pl.col("FileName").str.to_lowercase().alias(_FILE)
    numbered = starts.filter(pl.col("ProcessId").is_not_null())
    keys = numbered.select(_AT, _HOST, "ProcessId", "Timestamp", "_origin", file)
    sysmon = keys.filter(pl.col("_origin") == "sysmon").drop("_origin")
    audit = keys.filter(pl.col("_origin") == "security").drop("_origin")
    pairs = _pairs(sysmon, audit, by=[_HOST, "ProcessId", _FILE], within=_NEAR)
    pairs = pl.concat([pairs, _pairs_without_pid(starts, pairs)])
    return _joined(rows, pairs) if pairs.height else rows


def _pairs_without_pid(starts: pl.DataFrame, taken: pl.DataFrame) -> pl.DataFrame:
    """Sysmon's starts without a pid and their 4688s, of those that are not paired by it."""
    lost = (pl.col("_origin") == "sysmon") & pl.col("ProcessId").is_null()
    if not set(starts.columns) >= _TOLD_BY or not starts.select(lost.any()).item():
        return pl.DataFrame(schema=_NO_PAIRS)
    told = starts.filter(
        pl.col("FolderPath") != "",
        pl.col("ProcessCommandLine").str.strip_chars() != "",
        pl.col("InitiatingProcessId").is_not_null(),
    ).with_columns(
        pl.col("FolderPath").str.to_lowercase(), pl.col("ProcessCommandLine").str.strip_chars()
    )
    keys = [_AT, "Timestamp", _HOST, *sorted(_TOLD_BY)]
    audit = told.filter(pl.col("_origin") == "security", pl.col("ProcessId").is_not_null())
    audit = audit.filter(~pl.col(_AT).is_in(taken[f"{_AT}_other"].implode()))
    return _only_pairs(
        told.filter(lost).select(keys),
        audit.select(keys),
        by=[_HOST, *sorted(_TOLD_BY)],
        within=_NEAR,
    )


def _logons(rows: pl.DataFrame) -> pl.DataFrame:
    if not set(rows.columns) >= _LOGON_NEEDED:
        return rows
    rows = _listed_once(rows)
    for ours, other in ((("auditd",), "syslog"), (("auditd", "syslog"), "osquery")):
        rows = _told_by_two(rows, ours, other)
    return rows


def _listed_once(rows: pl.DataFrame) -> pl.DataFrame:
    """Sessions stand in every snapshot of osquery again, and in two tables of it."""
    keys = ["DeviceName", "AccountName", "InitiatingProcessId", "Timestamp"]
    listed = rows.with_row_index(_AT).filter(
        pl.col("_origin") == "osquery", pl.col("Timestamp").is_not_null()
    )
    again = listed.filter(~pl.struct(keys).is_first_distinct())[_AT]
    return rows.filter(~pl.int_range(pl.len()).is_in(again.implode())) if len(again) else rows


def _told_by_two(rows: pl.DataFrame, ours: Sequence[str], other: str) -> pl.DataFrame:
    marked = rows.with_row_index(_AT).with_columns(_host_keys(rows["DeviceName"]))
    known = pl.col("InitiatingProcessId").is_not_null() & pl.col("Timestamp").is_not_null()
    by = [_HOST, "InitiatingProcessId", "ActionType"]
    keys = marked.filter(known).select(_AT, *by, "Timestamp", "_origin")
    first = keys.filter(pl.col("_origin").is_in(list(ours))).drop("_origin")
    second = keys.filter(pl.col("_origin") == other).drop("_origin")
    if not (first[_HOST] != "").any():  # audit logs seldom name their host: it is the only one
        hosts = second[_HOST].unique()
        first = first.with_columns(pl.lit(hosts[0]).alias(_HOST)) if len(hosts) == 1 else first
    pairs = _pairs(first, second, by=by, within=_LOGON_NEAR)
    if not pairs.height:
        return rows
    # The audit log writes "(unknown user)" for an account that the host does not have.
    unknown = (pl.col("_origin") == "auditd") & pl.col("AccountName").str.starts_with("(")
    named = pl.when(unknown & pl.int_range(pl.len()).is_in(pairs[_AT].implode()))
    return _joined(
        rows.with_columns(AccountName=named.then(pl.lit("")).otherwise("AccountName")), pairs
    )


def _host_keys(names: pl.Series) -> pl.Series:
    """What tells hosts apart, one key for all spellings of a host's name.

    One log may hold a host's short name and another its full one, so that the first part is the
    key. Where that part stands in several domains (or the name is an address) the whole name is,
    and a short name is nobody's: a start in two rows is better than two hosts' starts in one.
    """
    whole = pl.col("name")
    parts = whole.str.splitn(".", 2)
    label, domain = parts.struct.field("field_0"), parts.struct.field("field_1")
    several = domain.drop_nulls().n_unique() > 1
    keys = pl.DataFrame([names.str.to_lowercase().str.strip_chars_end(".").alias("name")])
    return keys.select(
        pl.when(whole.str.contains(r"^[0-9.]+$") | several.over(label))
        .then(whole)
        .otherwise(label)
        .alias(_HOST)
    ).to_series()


def _pairs(
    ours: pl.DataFrame, others: pl.DataFrame, *, by: list[str], within: timedelta
) -> pl.DataFrame:
    """Which of the others belongs to which of ours: the nearest in time, each used once.

    Of process starts the program's name must be the same, since a pid may be used again within two
    seconds. Each round gives every one of ours its nearest other; where two want the same one, the
    nearer gets it and the other tries again.
    """
    found = []
    ours, others = ours.sort("Timestamp"), others.sort("Timestamp")
    for _ in range(_ROUNDS):
        near = ours.join_asof(
            others.with_columns(pl.col("Timestamp").alias("other_time")),
            on="Timestamp",
            by=by,
            strategy="nearest",
            tolerance=within,
            suffix="_other",
            check_sortedness=False,
        ).drop_nulls(f"{_AT}_other")
        if near.is_empty():
            break
        near = near.with_columns((pl.col("Timestamp") - pl.col("other_time")).abs().alias("gap"))
        near = near.sort("gap", _AT).unique(f"{_AT}_other", keep="first", maintain_order=True)
        pairs = near.select(_AT, f"{_AT}_other")
        found.append(pairs)
        ours = ours.join(pairs, on=_AT, how="anti", maintain_order="left")
        others = others.join(
            pairs, left_on=_AT, right_on=f"{_AT}_other", how="anti", maintain_order="left"
        )
    return pl.concat(found) if found else pl.DataFrame(schema=_NO_PAIRS)


def _only_pairs(
    ours: pl.DataFrame, others: pl.DataFrame, *, by: list[str], within: timedelta
) -> pl.DataFrame:
    """Pairs in which each is the only one that the other could belong to."""
    forth = _only_near(ours, others, by=by, within=within)
    back = _only_near(others, ours, by=by, within=within)
    return forth.join(back, left_on=[_AT, f"{_AT}_other"], right_on=[f"{_AT}_other", _AT])


def _only_near(
    ours: pl.DataFrame, others: pl.DataFrame, *, by: list[str], within: timedelta
) -> pl.DataFrame:
    """Those of ours that have exactly one other in reach: the first there is also the last."""
    others = others.sort("Timestamp", _AT)
    found = ours.sort("Timestamp", _AT).select(_AT, *by, "Timestamp")
    for name, offset in (("first", -within), ("last", within)):
        found = found.with_columns((pl.col("Timestamp") + offset).alias("edge")).join_asof(
            others.select(*by, pl.col(_AT).alias(name), pl.col("Timestamp").alias(f"{name}_time")),
            left_on="edge",
            right_on=f"{name}_time",
            by=by,
            strategy="forward" if name == "first" else "backward",
            tolerance=2 * within,
            check_sortedness=False,
        )
    only = found.filter(pl.col("first") == pl.col("last"))
    return only.select(_AT, pl.col("first").alias(f"{_AT}_other"))


def _joined(rows: pl.DataFrame, pairs: pl.DataFrame) -> pl.DataFrame:
    first, second = pairs[_AT], pairs[f"{_AT}_other"]
    winner, loser = rows[first], rows[second]
    filled = []
    for name in rows.columns:
        if name.startswith("_") or name in ("ReportId", "AdditionalFields"):
            continue
        column = winner[name]
        empty = column.is_null() | (column == "") if column.dtype == pl.String else column.is_null()
        if empty.any():
            filled.append(column.zip_with(~empty, loser[name]))
    merged = winner.with_columns(filled)
    if "_file" in rows.columns:
        merged = merged.with_columns(loser["_file"].alias("_merged_file"))
    merged = merged.with_columns(loser["_record"].alias("_merged_record"))
    at = pl.concat([first.cast(pl.UInt32), second.cast(pl.UInt32)])
    places = rows.with_row_index(_AT)
    others = places.filter(~pl.col(_AT).is_in(at.implode()))
    both = [others, merged.with_columns(first.alias(_AT))]
    result = pl.concat(both, how="diagonal_relaxed").sort(_AT).drop(_AT)
    return result.with_columns(pl.col(pl.String).fill_null(""))


def _scripts(rows: pl.DataFrame) -> pl.DataFrame:
    if not {"_script_id", "_script_part", "_script_parts"} <= set(rows.columns):
        return rows
    in_parts = (pl.col("_script_parts") > 1) & (pl.col("_script_id") != "")
    in_parts = in_parts.fill_null(value=False)
    marked = rows.with_row_index(_AT)
    parts = marked.filter(in_parts)
    if parts.is_empty():
        return rows
    parts = parts.sort("_script_part", _AT, nulls_last=True)
    parts = parts.unique(
        ["DeviceName", "_script_id", "_script_part"], keep="first", maintain_order=True
    )
    text = pl.col("ProcessCommandLine")
    whole = parts.group_by("DeviceName", "_script_id", maintain_order=True).agg(
        pl.exclude("ProcessCommandLine").first(),
        text.str.join("").alias("_whole"),
        text.alias("_texts"),
        pl.col("_script_part").alias("_numbers"),
        pl.col("_record").alias("_records"),
    )
    put = [
        _put_together(texts, numbers, total, plain)
        for texts, numbers, total, plain in zip(
            whole["_texts"], whole["_numbers"], whole["_script_parts"], whole["_whole"], strict=True
        )
    ]
    lists = [to_json(found.to_list()) for found in whole["_records"]]
    whole = whole.with_columns(
        pl.Series("ProcessCommandLine", put, dtype=pl.String),
        pl.Series("_merged_records", lists, dtype=pl.String),
    ).drop("_whole", "_texts", "_numbers", "_records")
    both = [marked.filter(~in_parts), whole.select(*marked.columns, "_merged_records")]
    result = pl.concat(both, how="diagonal_relaxed").sort(_AT).drop(_AT)
    return result.with_columns(pl.col(pl.String).fill_null(""))


def _put_together(texts: pl.Series, numbers: pl.Series, total: int, plain: str) -> str:
    """The parts in order; where some are missing, a line that says so."""
    found = [number for number in numbers.to_list() if number is not None]
    if len(found) >= total or not found:
        return plain
    made: list[str] = []
    last = 0
    for number, text in zip(numbers.to_list(), texts.to_list(), strict=True):
        if number is not None:
            if number > last + 1:
                made.append(_gap(last + 1, number - 1, total))
            last = number
        made.append(text)
    if last < total:
        made.append(_gap(last + 1, total, total))
    return "".join(made)


def _gap(first: int, last: int, total: int) -> str:
    which = f"part {first}" if first == last else f"parts {first} to {last}"
    return f"\n<# {which} of {total} not in the log #>\n"
