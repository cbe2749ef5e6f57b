"""Texts as patterns: what differs from machine to machine and from run to run is collapsed.

A pattern is for grouping and for reading. It is made by a few regular expressions, one after
the other, on whole columns, and twice on what is distinct only: a million command lines are
mostly a few thousand that differ in numbers.
"""

from collections.abc import Callable, Sequence
from typing import Final

import polars as pl

from huntkit.analyze.digit_runs import in_parts, without_digits
from huntkit.core.errors import UsageError
from huntkit.tables import roles, step

# Words whose digits mean what they say. They travel without digits, behind characters of the
# private use area, which a text of a log has no use for.
_KEPT_WORDS: Final = (
    "system32", "syswow64", "rundll32", "regsvr32", "base64", "wow64", "win32", "x86", "x64",
    "sha256", "sha1", "md5", "ps2exe", "w32tm", "shell32", "user32", "kernel32", "advapi32",
)  # fmt: skip
_OWN: Final = r"[\x{e000}-\x{e0ff}]"
_CODES: Final = tuple(chr(0xE000 + place) for place in range(len(_KEPT_WORDS)))

# On raw text: what digits are needed to tell.
_EARLY: Final = (
    (r"\{?[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}\}?", "<guid>"),
    (r"[A-Za-z0-9+]{32,}[A-Za-z0-9+/=]*", "<blob>"),
)
# On text in small letters whose runs of digits are `#`.
_ADDRESSES: Final = (
    (r"\b[a-z][a-z#+.-]{1,15}://[^\s\"'<>|]+", "<url>"),
    (r"[a-z#._+-]+@[a-z#-]+(?:\.[a-z#-]+)+", "<user>"),
    (r"#\.#\.#\.#(?:/#)?", "<ip>"),
    (r"(?:\b[a-f#]+:){3,7}[a-f#:.]*|\b[a-f#]*(?::[a-f#]+)*::[a-f#:.]*#[a-f#:.]*", "<ip>"),
)
_FOLDERS: Final = (
    # Folders may hold blanks, but not at their ends; the last name stays, it tells most.
    (
        r"(?:\b[a-z]:|%[a-z_#()]+%|\\\\[^\\\s\"'<>|]+)(?:\\[^\\/:*?\"'<>|\r\n]+)*\\",
        "<path>\\",
    ),
    (r"(^|[\s\"'=:,(])[~.]{0,2}(?:/[^\s/\"'<>|;:=,()]+)+/", "${1}<path>/"),
)
_WORDS: Final = (
    (r"\b[a-z]*#[a-z]+#[a-z#]*\b|\b[a-z]*#[a-z]+#[a-z#]*", "<id>"),
    (r"\"(<[^\"]*)\"|'(<[^']*)'", "${1}${2}"),
    (r"\"([a-z.\-]*)\"|'([a-z.\-]*)'", "${1}${2}"),
    (r"\"[^\"\s]*\"|'[^'\s]*'", "<text>"),
)
_HOMES: Final = (
    (r"\\(users|documents and settings)\\[^\\]+\\", "\\${1}\\<user>\\"),
    (r"/(home|users)/[^/\s]+/", "/${1}/<user>/"),
)
_PROGRAM: Final = (
    r"^(\s*(?:\"[^\"]*\"|"
    r"(?:[a-z]:|%[a-z_]+%|\\\\|\\\?\?\\)[^\"<>|]*?\.(?:exe|com|bat|cmd|scr|msc)\b|\S+))"
)
_NAME_OR_NOT: Final = r"[a-z#_.$-]+|[^a-z#_.$-]+"
_SHORTEST_NAME: Final = 3
# Accounts that exist everywhere, and whose names are words of other commands.
_COMMON_NAMES: Final = frozenset(
    {"system", "root", "local service", "network service", "administrator", "admin", "user",
     "net", "guest", "default", "service", "localhost", "nobody", "none", "null", "nan",
     "name", "path", "text", "blob", "guid", "odd", "url"}
)  # fmt: skip
Column = str | Sequence[str]


@step(split="row", columns=("columns", "name_columns"))
def patterns(
    data: pl.DataFrame,
    columns: Column,
    *,
    name_columns: Column | None = None,
    suffix: str = "_pattern",
) -> pl.DataFrame:
    r"""The rows with the pattern of each named text column beside it.

    Collapsed are GUIDs ``<guid>``, long runs of letters and digits ``<blob>`` (hashes, base64),
    ``<url>``, ``<ip>``, mail addresses ``<user>``, folders ``<path>\``, words of letters and
    digits mixed ``<id>``, quoted values ``<text>``, all other numbers ``#``, and letters are
    made small. The program, which is a text's first word, keeps its folders. Quoted text with
    blanks is taken word by word: it may be a command itself.

    Args:
        data: a table of any kind.
        columns: one text column or several; other types keep their values as text.
        name_columns: columns that hold names of hosts or users, which become ``<name>`` in the
            texts (not in the program); by default the columns with the roles host and user.
        suffix: of the new columns' names.

    Examples:
        >>> frame = pl.DataFrame({"cmd": [r"schtasks /run /tn Job17 /s SRV01",
        ...                               r"cscript C:\a b\run.vbs 'X=1' 10.0.0.7"]})
        >>> patterns(frame, "cmd")["cmd_pattern"].to_list()
        ['schtasks /run /tn job# /s srv#', 'cscript <path>\\run.vbs <text> <ip>']
    """
    names = [columns] if isinstance(columns, str) else list(columns)
    found = known_names(data, name_columns)
    return data.with_columns(
        pattern_of(data[name], found).alias(f"{name}{suffix}") for name in names
    )


def known_names(data: pl.DataFrame, columns: Column | None) -> list[str]:
    """Names of hosts and users in the table, as they stand in collapsed text, the longest first."""
    if columns is None:
        chosen = [roles.resolve(data.columns, role) for role in ("host", "user")]
    else:
        chosen = [columns] if isinstance(columns, str) else list(columns)
    found: set[str] = set()
    for column in dict.fromkeys(chosen):
        if column is None or data.schema[column] not in (pl.String, pl.Categorical):
            continue
        values = without_digits(data[column].cast(pl.String).drop_nulls().unique()).unique()
        for value in values:
            whole = value.strip().rstrip("$")
            account = whole.rpartition("\\")[2].partition("@")[0]
            found.update((whole, account, account.partition(".")[0]))
    kept = (n for n in found if len(n) >= _SHORTEST_NAME and n not in _COMMON_NAMES)
    return sorted((n for n in kept if n.strip("#")), key=lambda n: (-len(n), n))


def pattern_of(column: pl.Series, names: Sequence[str] = ()) -> pl.Series:
    """The pattern of each text; null stays null, and other types are their text."""
    if column.dtype not in (pl.String, pl.Categorical, pl.Enum):
        if column.dtype.is_nested() or column.dtype in (pl.Binary, pl.Object):
            raise UsageError(
                f"the column {column.name!r} holds {column.dtype}, not text",
                hint="choose text columns, or make text of it first",
            )
        return column.cast(pl.String)
    return _by_distinct(
        in_parts(column.cast(pl.String), _first_pass), lambda part: _second_pass(part, names)
    )


def _by_distinct(column: pl.Series, work: Callable[[pl.Series], pl.Series]) -> pl.Series:
    """What `work` makes of the column, asked once per distinct value."""
    distinct = column.drop_nulls().unique()
    if len(distinct) > len(column) // 2:
        return in_parts(column, work)
    made = in_parts(distinct, work)
    return column.replace_strict(distinct, made, return_dtype=pl.String).alias(column.name)


def _first_pass(column: pl.Series) -> pl.Series:
    """Without digits, GUIDs and blobs: after it, few texts are distinct."""
    if column.str.contains(_OWN).any():
        column = column.str.replace_all(_OWN, "<odd>")
    for expression, marker in _EARLY:
        column = column.str.replace_all(expression, marker)
    kept = column.str.replace_many(
        list(_KEPT_WORDS), list(_CODES), ascii_case_insensitive=True, leftmost=True
    )
    return without_digits(kept)


def _second_pass(column: pl.Series, names: Sequence[str]) -> pl.Series:
    split = column.to_frame("text").select(
        program=pl.col("text").str.extract(_PROGRAM).fill_null(""), text=pl.col("text")
    )
    rest = split.select(
        pl.col("text").str.slice(pl.col("program").str.len_chars())
    ).to_series()  # fmt: skip
    program = split["program"].str.replace_all('"', "", literal=True)
    for expression, marker in (*_ADDRESSES, *_HOMES, *_WORDS[:1]):
        program = program.str.replace_all(expression, marker)
    for expression, marker in (*_ADDRESSES, *_FOLDERS):
        rest = rest.str.replace_all(expression, marker)
    rest = _without_names(rest, names)
    for expression, marker in _WORDS:
        rest = rest.str.replace_all(expression, marker)
    whole = program.str.strip_chars() + rest.str.replace_all(r"\s+", " ").str.strip_chars_end()
    return whole.str.replace_many(list(_CODES), list(_KEPT_WORDS)).alias(column.name)


def _without_names(column: pl.Series, names: Sequence[str]) -> pl.Series:
    """Words that are names become ``<name>``: looked up, so that it does not matter how many."""
    if not names:
        return column
    core = pl.col("word").str.strip_chars(".-$")
    words = (
        column.alias("word")
        .to_frame()
        .with_row_index("row")
        .drop_nulls("word")
        .with_columns(pl.col("word").str.extract_all(_NAME_OR_NOT))
        .explode("word")
        .with_columns(
            word=pl.when(core.is_in(list(names))).then(pl.lit("<name>")).otherwise("word")
        )
        .with_columns(pl.col("word").fill_null(""))
    )
    joined = words.group_by("row").agg(pl.col("word").str.join(""))
    rows = column.is_null().alias("none").to_frame().with_row_index("row")
    whole = rows.join(joined, on="row", how="left", maintain_order="left")
    text = pl.when(~pl.col("none")).then(pl.col("word").fill_null(""))
    return whole.select(text.alias(column.name)).to_series()
