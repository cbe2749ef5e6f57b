"""What can be told of each command line: its program, its words, what it is for, how odd it is."""

import functools
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import polars as pl

from huntkit.core.progress import SILENT, Progress
from huntkit.extract.command_text import normal, platforms, seen
from huntkit.extract.command_words import split_command
from huntkit.extract.risky_commands import command_risks
from huntkit.extract.texts import also_one_text, text_of
from huntkit.tables import roles, step
from huntkit.tables.data_files import data_file

FEATURES: dict[str, pl.DataType | type[pl.DataType]] = {
    "cmd_normal": pl.String,
    "cmd_platform": pl.String,
    "cmd_program": pl.String,
    "cmd_words": pl.List(pl.String),
    "cmd_tags": pl.List(pl.String),
    "cmd_length": pl.Int64,
    "cmd_entropy": pl.Float64,
    "cmd_special": pl.Float64,
    "cmd_is_encoded": pl.Boolean,
    "cmd_is_obfuscated": pl.Boolean,
    "cmd_severity": pl.String,
    "cmd_rules": pl.List(pl.String),
    "cmd_techniques": pl.List(pl.String),
}
_LONGEST = 65_536  # characters that are split into words; Windows allows 32,767
_OBFUSCATED = ("obfuscated_command", "environment_program", "obfuscated_shell", "unseen_letters")
# Where a program may stand: at the start of a command, or anywhere with its ending; and cmdlets.
_PROGRAM = (
    r"(?:[|;&(`{]|(?:^|\s)(?:/[ck]|-c|-command|sudo|nohup|setsid|env|xargs|exec|call|start|then|do"
    r"|-exec))\s*['\x22]*(?:[^\s'\x22|;&(]*[\\/])?[a-z0-9_][a-z0-9_.+-]*"
    r"|[a-z0-9_.+-]+\.exe\b|\b[a-z]+-[a-z][a-z-]+\b"
)


@also_one_text
@step(split="row", columns=("columns",), gives=FEATURES)
def command_features(
    data: pl.DataFrame,
    columns: str | None = None,
    *,
    rules: str | Path | Sequence[str | Path] | None = None,
    progress: Progress = SILENT,
) -> pl.DataFrame:
    r"""The table with what can be told of each command line; one row in is one row out.

    Args:
        data: any frame, or one text.
        columns: the column with the command lines; the one that plays the role ``command_line`` if
            left out.
        rules: files of your own rules in place of the built-in ones.
        progress: told about each batch; may cancel.

    Returns:
        The columns of `data` and: ``cmd_normal``, the plain form, in which tricks are undone;
        ``cmd_platform`` (``windows``, ``posix`` or empty: may be either); ``cmd_program``, the file
        name of the first word in lower case without ``.exe``; ``cmd_words``, as the program gets
        them (by the rules of Windows unless the platform is ``posix``; of the first 65,536
        characters); ``cmd_tags``, what the programs in it are for (lolbin, shell, network,
        download, persistence, discovery ...); ``cmd_length`` in characters; ``cmd_entropy`` in bits
        a character; ``cmd_special``, the share of characters that are neither letters, digits nor
        spaces; ``cmd_is_encoded`` (a rule matches what was decoded, or announces it);
        ``cmd_is_obfuscated``; ``cmd_severity`` of the worst rule that matches, empty if none does;
        ``cmd_rules`` and ``cmd_techniques``. Null lines give nulls. Columns of `data` with these
        names are replaced.

    Raises:
        UsageError: no column is known to hold command lines.

    Examples:
        >>> frame = pl.DataFrame({"CommandLine": [r'"C:\Windows\System32\Net.exe" us^er eve /add']})
        >>> command_features(frame).select("cmd_normal", "cmd_program", "cmd_severity").rows()
        [('"c:\\windows\\system32\\net.exe" user eve /add', 'net', 'medium')]
    """
    name = roles.require(data.columns, "command_line", columns)
    lines = text_of(data[name]).alias("text")
    rows = pl.DataFrame({"text": lines})
    distinct = rows.drop_nulls().unique(maintain_order=True)
    told = distinct.hstack(_shape(distinct["text"])).hstack(
        _found(distinct, rules=rules, progress=progress)
    )
    found = rows.join(told, on="text", how="left", maintain_order="left").select(FEATURES.keys())
    return data.with_columns(found.get_columns())


def _shape(texts: pl.Series) -> pl.DataFrame:
    """What the text itself tells."""
    plain = normal(texts)
    where = platforms(seen(texts))
    words = [
        split_command(line[:_LONGEST], "posix" if at == "posix" else "windows")
        for line, at in zip(texts.to_list(), where.to_list(), strict=True)
    ]
    length = texts.str.len_chars().cast(pl.Int64)
    special = texts.str.count_matches(r"[^\p{L}\p{N}\s]").cast(pl.Float64)
    split = pl.Series("cmd_words", words, dtype=pl.List(pl.String))
    first = split.list.first().fill_null("").str.strip_chars("\"' @&(")
    program = first.str.extract(r"([^\\/]*)$").str.to_lowercase().str.strip_suffix(".exe")
    return pl.DataFrame(
        {
            "cmd_normal": plain,
            "cmd_platform": where,
            "cmd_program": program.fill_null(""),
            "cmd_words": split,
            "cmd_tags": _tags(plain, program.fill_null("")),
            "cmd_length": length,
            "cmd_entropy": pl.Series([_entropy(line) for line in texts], dtype=pl.Float64),
            "cmd_special": (special / length).fill_nan(0.0),
        }
    )


def _entropy(text: str) -> float:
    """Bits a character, after Shannon."""
    size = len(text)
    return -sum(n / size * math.log2(n / size) for n in Counter(text).values()) + 0.0


@functools.cache
def _known_programs() -> Mapping[str, list[str]]:
    tags: dict[str, list[str]] = {}
    for tag, programs in data_file("huntkit.extract", "command_programs.yaml").items():
        for program in programs:
            tags.setdefault(program, []).append(tag)
    return tags


def _tags(plain: pl.Series, programs: pl.Series) -> pl.Series:
    """What the programs named in the lines are for; and ``url`` where one stands in it."""
    known = _known_programs()
    book = pl.DataFrame({"token": list(known), "tag": list(known.values())}).explode("tag")
    lines = pl.DataFrame({"text": plain, "first": programs}).with_row_index("line")
    named = pl.col("text").str.extract_all(_PROGRAM)
    tokens = (
        lines.select("line", token=pl.concat_list("first", named))
        .explode("token")
        .with_columns(pl.col("token").str.extract(r"([a-z0-9_.+-]+)$").str.strip_suffix(".exe"))
        .drop_nulls()
        .unique()
    )
    urls = lines.filter(pl.col("text").str.contains(r"(?:https?|ftp)://")).select(
        "line", tag=pl.lit("url")
    )
    found = pl.concat([tokens.join(book, on="token").select("line", "tag"), urls]).unique()
    grouped = found.group_by("line").agg(pl.col("tag").sort())
    empty = pl.lit([], dtype=pl.List(pl.String))
    return (
        lines.join(grouped, on="line", how="left", maintain_order="left")
        .select(pl.col("tag").fill_null(empty))
        .to_series()
    )


def _found(
    lines: pl.DataFrame, *, rules: str | Path | Sequence[str | Path] | None, progress: Progress
) -> pl.DataFrame:
    """What the rules find in each line."""
    hits = command_risks.on_polars(lines, "text", rules=rules, progress=progress)
    is_encoded = (pl.col("Depth") > 0) | (pl.col("Rule") == "powershell_encoded")
    grouped = hits.group_by("SourceIndex", maintain_order=True).agg(
        cmd_is_encoded=is_encoded.any(),
        cmd_is_obfuscated=pl.col("Rule").is_in(_OBFUSCATED).any(),
        cmd_severity=pl.col("Severity").first(),  # the most severe comes first
        cmd_rules=pl.col("Rule"),
        cmd_techniques=pl.col("Technique").unique().sort(),
    )
    empty = pl.lit([], dtype=pl.List(pl.String))
    numbers = pl.DataFrame({"SourceIndex": pl.int_range(lines.height, eager=True)})
    return numbers.join(grouped, on="SourceIndex", how="left", maintain_order="left").select(
        pl.col("cmd_is_encoded", "cmd_is_obfuscated").fill_null(value=False),
        pl.col("cmd_severity").fill_null(""),
        pl.col("cmd_rules", "cmd_techniques").fill_null(empty),
    )
