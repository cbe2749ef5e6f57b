"""Numbers that describe process events, to cluster them by."""

from collections.abc import Callable
from typing import Any, Final
from zlib import crc32

import polars as pl

from huntkit.core.errors import UnknownColumn, UsageError
from huntkit.tables import from_polars, step, to_polars
from huntkit.tables.roles import resolve

DELIMITERS: Final = r"[\s\-\\/\.,\"'|&:;%$()]"
_SYSTEM_SESSIONS: Final = ("0x3e7", "-1")


@step(split="whole")
def add_process_features(
    input_frame: pl.DataFrame, path_separator: str | None = None, *, force: bool = False
) -> pl.DataFrame:
    r"""The process events with numbers about their program and command line, to cluster by.

    Columns ``NewProcessName`` (or ``ProcessName``) give ``processName pathScore pathLogScore
    pathHash``; ``CommandLine`` gives ``commandlineLen commandlineLogLen commandlineTokensFull
    commandlineScore commandlineTokensHash``; ``SubjectLogonId`` gives ``isSystemSession``. Where
    these are absent, the columns of the same role are taken, such as ``FolderPath`` and
    ``ProcessCommandLine``. Nulls count as empty text. Logarithms are to the base of ten, and 0
    for nothing.

    Args:
        input_frame: a table of any kind.
        path_separator: between folders; by default ``/`` if one of the first ten programs that
            have a folder has it, else the backslash.
        force: work out columns anew that the table already has.

    Raises:
        UsageError: the table has none of these columns.

    Examples:
        >>> starts = pl.DataFrame({"NewProcessName": ["/bin/sh"], "CommandLine": ["sh -c x"]})
        >>> add_process_features(starts).select("processName", "commandlineTokensFull").rows()
        [('sh', 3)]
    """
    made: list[pl.Series] = []
    columns = input_frame.columns
    path: str | None = next((n for n in ("NewProcessName", "ProcessName") if n in columns), None)
    path = path or resolve(columns, "process_path")
    if path is not None:
        made += _of_path(input_frame[path].cast(pl.String).fill_null(""), path_separator)
    command = "CommandLine" if "CommandLine" in columns else resolve(columns, "command_line")
    if command is not None:
        made += _of_command(input_frame[command].cast(pl.String).fill_null(""))
    if "SubjectLogonId" in columns:
        session = input_frame["SubjectLogonId"].cast(pl.String)
        found = session.is_in(list(_SYSTEM_SESSIONS)).fill_null(value=False)
        made.append(found.alias("isSystemSession"))
    if not made:
        raise UsageError(
            "the table has no NewProcessName, CommandLine or SubjectLogonId",
            hint=f"rename yours to these; the columns are: {', '.join(columns[:20])}",
        )
    return input_frame.with_columns(each for each in made if force or each.name not in columns)


def _of_path(paths: pl.Series, separator: str | None) -> list[pl.Series]:
    if separator is None:
        first = paths.filter(paths.str.contains(r"[\\/]")).head(10)
        separator = "/" if first.str.contains("/", literal=True).any() else "\\"
    score = _by_value(paths, char_ord_score)
    return [
        paths.str.split(separator).list.last().alias("processName"),
        score.alias("pathScore"),
        _log10(score).alias("pathLogScore"),
        _by_value(paths, crc32_hash).alias("pathHash"),
    ]


def _of_command(commands: pl.Series) -> list[pl.Series]:
    length = commands.str.len_chars().cast(pl.Int64)
    return [
        length.alias("commandlineLen"),
        _log10(length).alias("commandlineLogLen"),
        commands.str.count_matches(DELIMITERS).cast(pl.Int64).alias("commandlineTokensFull"),
        _by_value(commands, char_ord_score).alias("commandlineScore"),
        _by_value(commands, delim_hash).alias("commandlineTokensHash"),
    ]


def _log10(numbers: pl.Series) -> pl.Series:
    column = pl.col("n")
    made = pl.when(column > 0).then(column.log10()).otherwise(0.0)
    return numbers.alias("n").to_frame().select(made.alias("n")).to_series()


def _by_value(texts: pl.Series, work: Callable[[str], int]) -> pl.Series:
    """What `work` gives for each text, asked once per distinct one."""
    distinct = texts.drop_nulls().unique()
    made = pl.Series([work(text) for text in distinct], dtype=pl.Int64)
    return texts.replace_strict(distinct, made, default=None, return_dtype=pl.Int64)


def char_ord_score(value: str, scale: int = 1) -> int:
    """The sum of the characters' numbers, divided by `scale` and rounded down.

    Examples:
        >>> char_ord_score("ab"), char_ord_score("ab", scale=10)
        (195, 19)
    """
    if scale <= 0:
        raise UsageError(f"scale is {scale}", hint="it must be above 0")
    return sum(map(ord, value)) // scale


def delim_count(value: str, delim_list: str = DELIMITERS) -> int:
    """How many delimiters a text has; `delim_list` is a regular expression.

    Examples:
        >>> delim_count("cmd /c dir")
        3
    """
    return int(pl.Series([value]).str.count_matches(delim_list)[0])


def delim_hash(value: str, delim_list: str = DELIMITERS) -> int:
    """A number (CRC-32) for the sequence of delimiters in a text.

    Examples:
        >>> delim_hash("cmd /c dir") == delim_hash("net /x use")
        True
    """
    found = pl.Series([value]).str.extract_all(delim_list).list.join("")[0]
    return crc32(found.encode())


def token_count(value: str, delimiter: str = " ") -> int:
    """How many parts a delimiter cuts a text into.

    Examples:
        >>> token_count("cmd /c dir")
        3
    """
    if not delimiter:
        raise UsageError("the delimiter is empty")
    return len(value.split(delimiter))


def crc32_hash(value: str) -> int:
    """The CRC-32 of a text in UTF-8.

    Examples:
        >>> crc32_hash("cmd.exe")
        723907552
    """
    return crc32(value.encode("utf-8", "surrogatepass"))


def _given_back(column: pl.Series, data: Any) -> Any:
    """The column as the caller's kind of frame would give it; a lazy frame has none of its own."""
    if isinstance(data, pl.DataFrame | pl.LazyFrame):
        return column
    return from_polars(column.to_frame(), like=data)[column.name]


def _column(data: Any, column: str) -> pl.Series:
    table = to_polars(data)
    if column not in table.columns:
        raise UnknownColumn(column, table.columns)
    return table[column].cast(pl.String)


def delim_count_df(data: Any, column: str, delim_list: str = DELIMITERS) -> Any:
    """`delim_count` of each value of a column; null stays null.

    Examples:
        >>> delim_count_df(pl.DataFrame({"cmd": ["cmd /c x", None]}), "cmd").to_list()
        [3, None]
    """
    return _given_back(_column(data, column).str.count_matches(delim_list).cast(pl.Int64), data)


def token_count_df(data: Any, column: str, delimiter: str = " ") -> Any:
    """`token_count` of each value of a column; null stays null.

    Examples:
        >>> token_count_df(pl.DataFrame({"cmd": ["cmd /c x", None]}), "cmd").to_list()
        [3, None]
    """
    return _given_back(_by_value(_column(data, column), lambda t: token_count(t, delimiter)), data)


def crc32_hash_df(data: Any, column: str) -> Any:
    """`crc32_hash` of each value of a column; null stays null.

    Examples:
        >>> crc32_hash_df(pl.DataFrame({"cmd": ["cmd.exe", None]}), "cmd").to_list()
        [723907552, None]
    """
    return _given_back(_by_value(_column(data, column), crc32_hash), data)


def char_ord_score_df(data: Any, column: str, scale: int = 1) -> Any:
    """`char_ord_score` of each value of a column; null stays null.

    Examples:
        >>> char_ord_score_df(pl.DataFrame({"name": ["ab", None]}), "name").to_list()
        [195, None]
    """
    return _given_back(
        _by_value(_column(data, column), lambda text: char_ord_score(text, scale)), data
    )
