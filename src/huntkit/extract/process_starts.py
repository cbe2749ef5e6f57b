"""Process starts, whatever the product: one row for each process, in one set of columns.

The columns are found by their roles. A frame may mix products (Sysmon 1 beside Security 4688): each
kind of event is read by itself, from the columns that it fills.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from huntkit.extract.process_kinds import process_rows
from huntkit.extract.texts import text_of
from huntkit.tables import roles
from huntkit.tables.times import parse_times

SAME_START = "2s"  # two records of one start, Security 4688 and Sysmon 1, are no further apart
STARTS: dict[str, pl.DataType | type[pl.DataType]] = {
    "row": pl.UInt32,
    "rank": pl.UInt8,
    "time": pl.Datetime("us", "UTC"),
    "parent_time": pl.Datetime("us", "UTC"),
    "pid": pl.Int64,
    "parent_pid": pl.Int64,
    "host": pl.String,
    "key": pl.String,
    "parent_guid": pl.String,
    "name": pl.String,
    "parent_name": pl.String,
}
ENDS: dict[str, pl.DataType | type[pl.DataType]] = {
    "host": pl.String,
    "pid": pl.Int64,
    "time": pl.Datetime("us", "UTC"),
}
_ROLES = (
    "time", "host", "process_time", "process_id", "process_key", "process_path", "process_name",
    "command_line", "parent_time", "parent_id", "parent_key", "parent_path", "parent_name",
    "parent_command_line",
)  # fmt: skip
# Who wrote the record, not whom it is about.
_WRITERS = frozenset({"ExecutionProcessID", "SystemProcessId"})
_PID_IN_MESSAGE = r"(?m)^(?:ProcessId:|\s*New Process ID:)\s*(0x[0-9A-Fa-f]+|\d+)\s*$"
_PARENT_IN_MESSAGE = r"(?m)^(?:ParentProcessId:|\s*Creator Process ID:)\s*(0x[0-9A-Fa-f]+|\d+)\s*$"
_NO_KEY = ("{00000000-0000-0000-0000-000000000000}", "00000000-0000-0000-0000-000000000000", "0")


@dataclass(frozen=True)
class Processes:
    """What a table says about processes.

    Attributes:
        starts: one row per process, columns `STARTS`, in the order of time; ``row`` is its place in
            the table and ``rank`` the number of its kind of event.
        ends: columns `ENDS`.
        columns: for each kind of event, the column of each role.
    """

    starts: pl.DataFrame
    ends: pl.DataFrame
    columns: Sequence[Mapping[str, str]]


def process_starts(data: pl.DataFrame, given: Mapping[str, str]) -> Processes:
    """The processes that the table starts; `given` names the columns of roles.

    The same process recorded twice is one start: the first record with a key wins.
    """
    kinds, ended = process_rows(data)
    if not kinds and {"process_id", "process_key"} & given.keys():
        kinds = [pl.int_range(data.height, dtype=pl.UInt32, eager=True)]
    parts: list[pl.DataFrame] = []
    columns: list[Mapping[str, str]] = []
    for rows in kinds:
        part = data if len(rows) == data.height else data[rows]
        known = roles_of(part, given)
        if not known.keys() & {"process_id", "process_key"}:
            continue
        parts.append(_uniform(part, known, rows.cast(pl.UInt32), len(columns)))
        columns.append(known)
    if not parts:
        parts.append(pl.DataFrame(schema=STARTS))
    return Processes(_once(pl.concat(parts)), _ends(data, ended, given), columns)


def roles_of(part: pl.DataFrame, given: Mapping[str, str]) -> dict[str, str]:
    """The column of each role among those that these rows fill."""
    full = [
        name
        for name in part.columns
        if part[name].null_count() < part.height
        and not (part.schema[name] == pl.String and (part[name].fill_null("") == "").all())
    ]
    known: dict[str, str] = {}
    for role in _ROLES:
        column = given.get(role)
        if column is None:
            column = roles.resolve(full or part.columns, role)
        if column is not None and (column not in _WRITERS or role in given):
            known[role] = roles.require(part.columns, role, column)
    return known


def _uniform(
    part: pl.DataFrame, known: Mapping[str, str], places: pl.Series, rank: int
) -> pl.DataFrame:
    time, fallback = times(part, known.get("process_time")), known.get("time")
    if time.null_count():
        time = time.zip_with(time.is_not_null(), times(part, fallback))
    return pl.DataFrame(
        {
            "row": places,
            "rank": pl.repeat(rank, part.height, dtype=pl.UInt8, eager=True),
            "time": time,
            "parent_time": times(part, known.get("parent_time")),
            "pid": _number(part, known.get("process_id"), _PID_IN_MESSAGE),
            "parent_pid": _number(part, known.get("parent_id"), _PARENT_IN_MESSAGE),
            "host": _by_distinct(text(part, known.get("host")), _lower),
            "key": _key(text(part, known.get("process_key"))),
            "parent_guid": _key(text(part, known.get("parent_key"))),
            "name": _program(part, known.get("process_name"), known.get("process_path")),
            "parent_name": _program(part, known.get("parent_name"), known.get("parent_path")),
        },
        schema=STARTS,
    )


def text(part: pl.DataFrame, column: str | None) -> pl.Series:
    """The column as text without nulls; nothing but empty texts where there is none."""
    if column is None:
        return pl.repeat("", part.height, dtype=pl.String, eager=True)
    return text_of(part[column]).fill_null("")


def times(part: pl.DataFrame, column: str | None) -> pl.Series:
    """The column as times, null where it can't be read."""
    if column is None:
        return pl.repeat(None, part.height, dtype=STARTS["time"], eager=True)
    return parse_times(part[column])


def whole_path(path: pl.Series, name: pl.Series) -> pl.Series:
    """Paths with their file names: some products give the folder alone, or the name alone."""
    frame = pl.DataFrame({"path": path, "name": name})
    last = pl.col("path").str.extract(r"([^\\/]*)$").fill_null("").str.to_lowercase()
    start = pl.col("name").str.to_lowercase().str.head(15)  # the kernel cuts names to 15 bytes
    is_folder = (pl.col("name") != "") & ~last.str.starts_with(start)
    is_posix = pl.col("path").str.contains("/", literal=True)
    joint = pl.when(is_posix).then(pl.lit("/")).otherwise(pl.lit("\\"))
    return frame.select(
        pl.when(pl.col("path") == "")
        .then("name")
        .when(is_folder & ~pl.col("name").str.contains(r"[\\/]"))
        .then(pl.concat_str(pl.col("path").str.strip_chars_end("\\/"), joint, "name"))
        .otherwise("path")
    ).to_series()


def _program(part: pl.DataFrame, name: str | None, path: str | None) -> pl.Series:
    """The file name in lower case: products write the same program with and without its folder."""
    names = _by_distinct(text(part, name), _file_name)
    if path is None or path == name or not (names == "").any():
        return names
    return names.zip_with(names != "", _by_distinct(text(part, path), _file_name))


def _by_distinct(column: pl.Series, change: Callable[[pl.Series], pl.Series]) -> pl.Series:
    """The changed column; a few values that come again and again are changed once each."""
    distinct = column.unique()
    if len(distinct) > len(column) // 2:
        return change(column)
    places = column.cast(pl.Enum(distinct)).to_physical()
    return change(distinct).gather(places).alias(column.name)


def _lower(column: pl.Series) -> pl.Series:
    return _without_bars(column.str.to_lowercase())


def _without_bars(column: pl.Series) -> pl.Series:
    """Texts that can be joined with ``|`` and never become alike by it."""
    if not column.str.contains("[|%]").any():
        return column
    return column.str.replace_all("%", "%25", literal=True).str.replace_all(
        "|", "%7c", literal=True
    )


def _file_name(column: pl.Series) -> pl.Series:
    bare = column.str.strip_chars(" \"'")
    return bare.str.extract(r"([^\\/]*)$").fill_null("").str.to_lowercase()


def _key(column: pl.Series) -> pl.Series:
    lower = column.str.to_lowercase().str.strip_chars()
    frame = pl.DataFrame({"key": _without_bars(lower)})
    nothing = pl.col("key").is_in((*_NO_KEY, "-"))
    return frame.select(pl.when(nothing).then(pl.lit("")).otherwise("key")).to_series()


def _number(part: pl.DataFrame, column: str | None, in_message: str = "") -> pl.Series:
    """Process ids: whole numbers, text of them, hexadecimal text as in 4688; others are null.

    NXLog writes its own ``ProcessId`` over that of the event; the message still has it.
    """
    ids = pl.repeat(None, part.height, dtype=pl.Int64, eager=True)
    if column is not None and part.schema[column].is_integer():
        ids = part[column].cast(pl.Int64, strict=False)
    elif column is not None:
        ids = _whole(text_of(part[column]))
    if in_message and ids.null_count() and part.schema.get("Message") == pl.String:
        told = _whole(part["Message"].str.extract(in_message))
        ids = ids.zip_with(ids.is_not_null(), told)
    return ids


def _whole(written: pl.Series) -> pl.Series:
    frame = pl.DataFrame({"text": written.str.strip_chars().str.to_lowercase()})
    is_hex = pl.col("text").str.contains("^0x[0-9a-f]{1,15}$")
    digits = pl.col("text").str.extract(r"^(\d{1,18})(?:\.0+)?$")
    return frame.select(
        pl.when(is_hex)
        .then(pl.col("text").str.strip_prefix("0x").str.to_integer(base=16, strict=False))
        .otherwise(digits.cast(pl.Int64, strict=False))
    ).to_series()


def _once(starts: pl.DataFrame) -> pl.DataFrame:
    """Each process once, in the order of time: by its key, or by host, pid, time and file name."""
    starts = starts.sort("time", nulls_last=True, maintain_order=True)
    if (starts["key"] != "").all():
        return distinct_rows(starts, ["host", "key"])
    keyed = distinct_rows(starts.filter(pl.col("key") != ""), ["host", "key"])
    bare = starts.filter(pl.col("key") == "")
    if keyed.height:
        bare = _without_known(bare, keyed)
    bare = distinct_rows(bare, ["host", "pid", "time", "name"])
    both = pl.concat([keyed, bare])
    return both.sort("time", "rank", "row", nulls_last=True, maintain_order=True)


def _without_known(bare: pl.DataFrame, keyed: pl.DataFrame) -> pl.DataFrame:
    """Starts without a key, without those that another product recorded with one."""
    there = keyed.filter(pl.col("time").is_not_null()).select(
        "host", "pid", "name", "time", seen=pl.lit(value=True)
    )
    joined = bare.join_asof(
        there, on="time", by=["host", "pid", "name"], strategy="nearest", tolerance=SAME_START,
        check_sortedness=False,
    )  # fmt: skip
    return joined.filter(pl.col("seen").is_null()).drop("seen")


def distinct_rows(frame: pl.DataFrame, names: Sequence[str]) -> pl.DataFrame:
    """The first row of each combination of values, in the order of the rows.

    Hashes tell most rows apart without a look at their texts; only equal ones are compared.
    """
    twice = frame.select(pl.struct(names).hash().is_duplicated()).to_series()
    if not twice.any():
        return frame
    numbered = frame.with_row_index("_place")
    alike = numbered.filter(twice).unique(list(names), keep="first", maintain_order=True)
    kept = pl.concat([numbered.filter(~twice)["_place"], alike["_place"]]).sort()
    return frame[kept]


def _ends(data: pl.DataFrame, ended: pl.Series, given: Mapping[str, str]) -> pl.DataFrame:
    if not len(ended):
        return pl.DataFrame(schema=ENDS)
    part = data[ended]
    known = roles_of(part, given)
    return pl.DataFrame(
        {
            "host": _lower(text(part, known.get("host"))),
            "pid": _number(part, known.get("process_id")),
            "time": times(part, known.get("time")),
        },
        schema=ENDS,
    ).drop_nulls()
