"""Merges that need the rows of all files: one row per process start, whole script blocks."""

from datetime import timedelta

import polars as pl

from huntkit.sources.local.mapping.values import to_json

_NEAR = timedelta(seconds=2)
_ROUNDS = 3
_AT = "_merge_at"
_HOST = "_merge_host"
_FILE = "_merge_file"
_NEEDED = {"_origin", "ActionType", "ProcessId", "DeviceName", "Timestamp", "FileName"}


def merge_table(name: str, rows: pl.DataFrame) -> pl.DataFrame:
    """The table's rows after the merges that need the rows of all files; others as they are.

    ``DeviceProcessEvents``: a Security 4688 and a Sysmon 1 of the same host, pid and time (within
    2 seconds) become one row. Sysmon's values win, gaps are filled from the 4688, and
    ``_merged_file`` and ``_merged_record`` lead to the other raw record.

    ``DeviceEvents``: PowerShell script blocks that were logged in parts become one row; a part
    that is missing is said in the text.
    """
    if name == "DeviceProcessEvents":
        return _processes(rows)
    if name == "DeviceEvents":
        return _scripts(rows)
    return rows


def _processes(rows: pl.DataFrame) -> pl.DataFrame:
    if not set(rows.columns) >= _NEEDED:
        return rows
    marked = rows.with_row_index(_AT).with_columns(_host_keys(rows["DeviceName"]))
    known = (pl.col("ActionType") == "ProcessCreated") & pl.col("ProcessId").is_not_null()
    known = known & (pl.col(_HOST) != "") & pl.col("Timestamp").is_not_null()
    file = pl.col("FileName").str.to_lowercase().alias(_FILE)
    keys = marked.filter(known).select(_AT, _HOST, "ProcessId", "Timestamp", "_origin", file)
    sysmon = keys.filter(pl.col("_origin") == "sysmon").drop("_origin")
    audit = keys.filter(pl.col("_origin") == "security").drop("_origin")
    pairs = _pairs(sysmon, audit)
    return _joined(rows, pairs) if pairs.height else rows


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


def _pairs(sysmon: pl.DataFrame, audit: pl.DataFrame) -> pl.DataFrame:
    """Which 4688 belongs to which Sysmon row: the nearest in time, each used once.

    The program's name must be the same, since a pid may be used again within two seconds. Each
    round gives every Sysmon row its nearest 4688; where two want the same one, the nearer gets it
    and the other tries again.
    """
    found = []
    sysmon, audit = sysmon.sort("Timestamp"), audit.sort("Timestamp")
    for _ in range(_ROUNDS):
        near = sysmon.join_asof(
            audit.with_columns(pl.col("Timestamp").alias("other_time")),
            on="Timestamp",
            by=[_HOST, "ProcessId", _FILE],
            strategy="nearest",
            tolerance=_NEAR,
            suffix="_other",
            check_sortedness=False,
        ).drop_nulls(f"{_AT}_other")
        if near.is_empty():
            break
        near = near.with_columns((pl.col("Timestamp") - pl.col("other_time")).abs().alias("gap"))
        near = near.sort("gap", _AT).unique(f"{_AT}_other", keep="first", maintain_order=True)
        pairs = near.select(_AT, f"{_AT}_other")
        found.append(pairs)
        sysmon = sysmon.join(pairs, on=_AT, how="anti", maintain_order="left")
        audit = audit.join(
            pairs, left_on=_AT, right_on=f"{_AT}_other", how="anti", maintain_order="left"
        )
    return pl.concat(found) if found else pl.DataFrame(schema={_AT: pl.UInt32})


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
