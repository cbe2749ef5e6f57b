"""Process starts, whatever the product: one row for each process, in one set of columns.

The columns are found by their roles. A frame may mix products (Sysmon 1 beside Security 4688): each
kind of event is read by itself, from the columns that it fills.
"""

from collections.abc import Mapping

import polars as pl

from huntkit.core.errors import UsageError
from huntkit.tables import roles
from huntkit.tables.times import parse_times

SAME_START = "2s"  # two records of one start, Security 4688 and Sysmon 1, are no further apart
_TEXT_ROLES = {
    "host": "host",
    "process_key": "key",
    "parent_key": "parent_guid",
    "process_path": "image",
    "process_name": "name",
    "command_line": "command_line",
    "parent_path": "parent_image",
    "parent_name": "parent_name",
    "parent_command_line": "parent_command_line",
}
STARTS: dict[str, pl.DataType | type[pl.DataType]] = {
    "row": pl.UInt32,
    "time": pl.Datetime("us", "UTC"),
    "parent_time": pl.Datetime("us", "UTC"),
    "pid": pl.Int64,
    "parent_pid": pl.Int64,
    "rank": pl.UInt8,
    **dict.fromkeys(_TEXT_ROLES.values(), pl.String),
    "host_written": pl.String,
}
_ENDS: dict[str, pl.DataType | type[pl.DataType]] = {
    "host": pl.String,
    "pid": pl.Int64,
    "time": pl.Datetime("us", "UTC"),
}
# Who wrote the record, not whom it is about.
_WRITERS = frozenset({"ExecutionProcessID", "SystemProcessId"})
_PID_IN_MESSAGE = r"(?m)^(?:ProcessId:|\s*New Process ID:)\s*(0x[0-9A-Fa-f]+|\d+)\s*$"
_PARENT_IN_MESSAGE = r"(?m)^(?:ParentProcessId:|\s*Creator Process ID:)\s*(0x[0-9A-Fa-f]+|\d+)\s*$"
_NO_KEY = ("{00000000-0000-0000-0000-000000000000}", "00000000-0000-0000-0000-000000000000", "0")


def process_starts(
    data: pl.DataFrame, given: Mapping[str, str]
) -> tuple[pl.DataFrame, pl.DataFrame, dict[str, str]]:
    """The starts (columns `STARTS`), the ends (host, pid, time), and the columns of the main roles.

    ``row`` is the place in `data`. The same process recorded twice is one start: the first record
    with a key wins.

    Raises:
        UsageError: no column holds a process id or key.
    """
    kinds, ended = _kinds(data)
    parts: list[pl.DataFrame] = []
    used: dict[str, str] = {}
    for rank, rows in enumerate(kinds):
        part = data if rows is None else data[rows]
        known = _roles_of(part, given)
        places = pl.int_range(data.height, dtype=pl.UInt32, eager=True) if rows is None else rows
        uniform = _uniform(part, known, places.alias("row"), rank)
        has_ids = uniform["pid"].null_count() < part.height or (uniform["key"] != "").any()
        if has_ids or rows is not None:
            parts.append(uniform)
            used = used or known
    if not parts:
        roles.require(data.columns, "process_id", given.get("process_id"))
        raise UsageError("no row of this table starts a process")
    return _once(pl.concat(parts)), _ends(data, ended, given), used


def _kinds(data: pl.DataFrame) -> tuple[list[pl.Series | None], pl.Series | None]:
    """The places of the rows of each kind of start, and those of process ends.

    A table without any mark of its events is taken to hold nothing but starts.
    """
    number = next((n for n in ("EventID", "EventId", "event_id", "EventCode") if n in data), None)
    places = pl.int_range(data.height, dtype=pl.UInt32, eager=True)
    if number is not None:
        ids = data[number].cast(pl.String, strict=False).cast(pl.Int64, strict=False)
        is_sysmon = _filled(data, ("ProcessGuid", "Image"))
        sysmon, security = (ids == 1) & is_sysmon, ids == 4688
        if sysmon.any() or security.any():
            ends = ((ids == 5) & is_sysmon) | (ids == 4689)
            found = [mask for mask in (sysmon, security) if mask.any()]
            return [places.filter(mask) for mask in found], places.filter(ends)
    for name, start, end in (
        ("ActionType", "(?i)processcreated", "(?i)processterminated"),
        ("EventType", r"(?i)^(?:SYSCALL_)?EXECVE", ""),
        ("type", r"^EXECVE$", ""),
    ):
        if name in data.columns and data.schema[name] == pl.String:
            mask = data[name].str.contains(start).fill_null(value=False)
            if mask.any():
                ended = (
                    data[name].str.contains(end).fill_null(value=False)
                    if end
                    else ~places.is_not_null()
                )
                return [places.filter(mask)], places.filter(ended)
    return [None], None


def _filled(data: pl.DataFrame, names: tuple[str, ...]) -> pl.Series:
    there = [data[n].cast(pl.String, strict=False).fill_null("") != "" for n in names if n in data]
    return (
        pl.select(pl.any_horizontal(there)).to_series()
        if there
        else pl.repeat(value=False, n=data.height, eager=True)
    )


def _roles_of(part: pl.DataFrame, given: Mapping[str, str]) -> dict[str, str]:
    """The column of each role among those that these rows fill."""
    full = [
        name
        for name in part.columns
        if part[name].null_count() < part.height
        and not (part.schema[name] == pl.String and (part[name].fill_null("") == "").all())
    ]
    wanted = (*_TEXT_ROLES, "time", "process_time", "parent_time", "process_id", "parent_id")
    known: dict[str, str] = {}
    for role in wanted:
        column = given.get(role) or roles.resolve(full or part.columns, role)
        if column is not None and (column not in _WRITERS or role in given):
            known[role] = roles.require(part.columns, role, column)
    return known


def _uniform(
    part: pl.DataFrame, known: Mapping[str, str], places: pl.Series, rank: int
) -> pl.DataFrame:
    columns: dict[str, pl.Series] = {"row": places}
    for role, name in _TEXT_ROLES.items():
        columns[name] = _text(part, known.get(role))
    time = _times(part, known.get("process_time"))
    fallback = _times(part, known.get("time"))
    columns["time"] = (
        fallback if time.null_count() == len(time) else time.zip_with(time.is_not_null(), fallback)
    )
    columns["parent_time"] = _times(part, known.get("parent_time"))
    columns["host_written"] = columns["host"]
    columns["pid"] = _number(part, known.get("process_id"), _PID_IN_MESSAGE)
    columns["parent_pid"] = _number(part, known.get("parent_id"), _PARENT_IN_MESSAGE)
    frame = pl.DataFrame(columns).with_columns(rank=pl.lit(rank, pl.UInt8))
    return frame.select(pl.col(name).cast(dtype) for name, dtype in STARTS.items()).with_columns(
        pl.col("host").str.to_lowercase(),
        _without_zero("key"),
        _without_zero("parent_guid"),
        name=_file_name("image", "name"),
        parent_name=_file_name("parent_image", "parent_name"),
        parent_image=_whole_path("parent_image", "parent_name"),
        image=pl.when(pl.col("image") == "").then("name").otherwise("image"),
    )


def _whole_path(path: str, name: str) -> pl.Expr:
    """The path with its file name: some products give the folder alone, or the name alone."""
    last = pl.col(path).str.extract(r"([^\\/]*)$").fill_null("").str.to_lowercase()
    start = pl.col(name).str.to_lowercase().str.head(15)  # the kernel cuts names to 15 bytes
    is_folder = (pl.col(name) != "") & ~last.str.starts_with(start)
    is_posix = pl.col(path).str.contains("/", literal=True)
    joint = pl.when(is_posix).then(pl.lit("/")).otherwise(pl.lit("\\"))
    return (
        pl.when(pl.col(path) == "")
        .then(name)
        .when(is_folder & ~pl.col(name).str.contains(r"[\\/]"))
        .then(pl.concat_str(pl.col(path).str.strip_chars_end("\\/"), joint, name))
        .otherwise(path)
    )


def _without_zero(name: str) -> pl.Expr:
    lower = pl.col(name).str.to_lowercase().str.strip_chars()
    return (
        pl.when(lower.is_in(_NO_KEY) | (lower == "-")).then(pl.lit("")).otherwise(lower).alias(name)
    )


def _file_name(path: str, name: str) -> pl.Expr:
    """The file name in lower case: products write the same program with and without its folder."""
    full = pl.when(pl.col(name) == "").then(path).otherwise(name)
    return full.str.strip_chars(" \"'").str.extract(r"([^\\/]*)$").fill_null("").str.to_lowercase()


def _text(part: pl.DataFrame, column: str | None) -> pl.Series:
    if column is None:
        return pl.repeat("", part.height, dtype=pl.String, eager=True)
    return part[column].cast(pl.String, strict=False).fill_null("")


def _times(part: pl.DataFrame, column: str | None) -> pl.Series:
    if column is None:
        return pl.repeat(None, part.height, dtype=STARTS["time"], eager=True)
    return parse_times(part[column])


def _number(part: pl.DataFrame, column: str | None, in_message: str = "") -> pl.Series:
    """Process ids: whole numbers, text of them, hexadecimal text as in 4688; others are null.

    NXLog writes its own ``ProcessId`` over that of the event; the message still has it.
    """
    ids = pl.repeat(None, part.height, dtype=pl.Int64, eager=True)
    if column is not None and part.schema[column].is_integer():
        ids = part[column].cast(pl.Int64, strict=False)
    elif column is not None:
        ids = _whole(part[column].cast(pl.String, strict=False))
    if in_message and ids.null_count() and part.schema.get("Message") == pl.String:
        told = _whole(part["Message"].str.extract(in_message))
        ids = ids.zip_with(ids.is_not_null(), told)
    return ids


def _whole(text: pl.Series) -> pl.Series:
    text = text.str.strip_chars().str.to_lowercase()
    frame = pl.DataFrame({"text": text})
    is_hex = pl.col("text").str.contains("^0x[0-9a-f]{1,15}$")
    digits = pl.col("text").str.extract(r"^(\d{1,18})(?:\.0+)?$")
    return frame.select(
        pl.when(is_hex)
        .then(pl.col("text").str.strip_prefix("0x").str.to_integer(base=16, strict=False))
        .otherwise(digits.cast(pl.Int64, strict=False))
    ).to_series()


def _once(starts: pl.DataFrame) -> pl.DataFrame:
    """Each process once: by its key, or by host, pid, time and file name."""
    starts = starts.sort("time", "rank", "row", nulls_last=True, maintain_order=True)
    keyed = starts.filter(pl.col("key") != "").unique(
        ["host", "key"], keep="first", maintain_order=True
    )
    bare = starts.filter(pl.col("key") == "")
    if keyed.height and bare.height:
        there = keyed.filter(pl.col("time").is_not_null()).select(
            "host", "pid", "name", "time", seen=pl.lit(value=True)
        )
        bare = (
            bare.join_asof(
                there,
                on="time",
                by=["host", "pid", "name"],
                strategy="nearest",
                tolerance=SAME_START,
                check_sortedness=False,
            )
            .filter(pl.col("seen").is_null())
            .drop("seen")
        )
    bare = bare.unique(["host", "pid", "time", "name"], keep="first", maintain_order=True)
    return pl.concat([keyed, bare]).sort(
        "time", "rank", "row", nulls_last=True, maintain_order=True
    )


def _ends(data: pl.DataFrame, ended: pl.Series | None, given: Mapping[str, str]) -> pl.DataFrame:
    if ended is None or not len(ended):
        return pl.DataFrame(schema=_ENDS)
    part = data[ended]
    known = _roles_of(part, given)
    return pl.DataFrame(
        {
            "host": _text(part, known.get("host")).str.to_lowercase(),
            "pid": _number(part, known.get("process_id")),
            "time": _times(part, known.get("time")),
        },
        schema=_ENDS,
    ).drop_nulls()
