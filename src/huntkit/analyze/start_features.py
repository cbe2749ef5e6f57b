r"""What a process start shows: its programs, where they lie, and what they are for.

A folder is one of four zones: of the system, of programs (only an administrator writes there),
of anybody, and unknown, where the log names no folder. Programs in one folder of anybody are one
unit: an intruder's ten tools, or one tool under ten names, are told of together.
"""

from typing import Any, Final

import polars as pl

from huntkit.analyze.collapsing import pattern_of
from huntkit.analyze.encoded_runs import encoded_length
from huntkit.tables import roles
from huntkit.tables.data_files import data_file

_SYSTEM: Final = (
    r"^[a-z]:\\windows\\(system32|syswow64|sysnative)\\|^[a-z]:\\windows\\[^\\]*$|^/(usr/)?s?bin/"
)
_PROGRAMS: Final = (
    r"^[a-z]:\\(windows|program files|program files \(x86\)|programdata\\microsoft)\\"
    r"|^/(usr|lib|lib64|opt|snap|system|library|applications)/"
)
# Below the system's folders, and yet written by anybody, or used by whoever wants to hide.
_OPEN: Final = (
    r"^[a-z]:\\windows\\(temp|tasks|fonts|tracing|debug|registration|softwaredistribution|pla"
    r"|installer|system32\\(spool|tasks)|syswow64\\tasks)\\"
)
_DEVICE: Final = r"^(\\\?\?\\|\\\\\?\\|\\device\\harddiskvolume\d+)"
_USUAL: Final = 0.3  # of a name's starts in the system's folders: then it is a system's name
# A program that is named as a document is.
_DISGUISE: Final = (
    r"\.(jpe?g|png|gif|bmp|pdf|docx?|xlsx?|pptx?|rtf|txt|csv|html?|zip|mp[34]|avi)\s*"
    r"\.(exe|com|scr|pif|bat|cmd)$"
    # Or that only reads as one: characters that turn the direction of what follows.
    r"|[\x{202a}-\x{202e}\x{2066}-\x{2069}]"
)


def programs(data: pl.DataFrame, side: str, given: str | None = None) -> pl.Series | None:
    """The programs of one side (``process``, ``parent``) of each row, with folders where known.

    Products name the folder and the file apart, or both in one, or only the file.
    """
    path = roles.resolve(data.columns, f"{side}_path", given)
    name = None if given is not None else roles.resolve(data.columns, f"{side}_name")
    if path is None or name is None or path == name:
        chosen = path or name
        return None if chosen is None else _text(data, chosen)
    both = pl.DataFrame({"path": _text(data, path), "name": _text(data, name)})
    whole = pl.col("path").str.to_lowercase().str.ends_with(pl.col("name").str.to_lowercase())
    slash = pl.when(pl.col("path").str.contains("/")).then(pl.lit("/")).otherwise(pl.lit("\\"))
    joined = pl.concat_str(pl.col("path").str.strip_chars_end("\\/"), slash, "name")
    return both.select(
        pl.when(pl.col("path") == "").then("name").when(whole).then("path").otherwise(joined)
    ).to_series()


def features(parents: pl.Series, children: pl.Series, commands: pl.Series) -> pl.DataFrame:
    """One row for each start that names a program.

    Columns: ``row``; ``parent child`` (paths in small letters), ``Parent Child`` (their file
    names, with ``#`` for numbers), ``actor target`` (the units
    that are counted: the name, or the folder of anybody), ``parent_zone child_zone`` (``system
    programs anybody ?``), ``parent_kind child_kind`` (see ``program_kinds.yaml``, empty for
    others; ``foreign`` for a parent of no kind in a folder of anybody), ``dual``, ``posed`` (a
    system's or a document's name outside the system), ``own`` (a program starts another of its
    own folder), ``echo``, ``pattern`` of the command line, ``text`` (length of its longest run
    that looks like base64).
    """
    paths = pl.DataFrame(
        {
            "row": pl.int_range(len(children), dtype=pl.Int64, eager=True),
            "parent": _path(parents),
            "child": _path(children),
            "pattern": pattern_of(commands),
            "text": encoded_length(commands),
        }
    )
    for side in ("parent", "child"):
        paths = paths.with_columns(
            _name(side).alias(side.title()),
            _folder(side).alias(f"{side}_folder"),
            _zone(side).alias(f"{side}_zone"),
        )
        paths = paths.with_columns(_kind(side.title()).alias(f"{side}_kind"))
    return _judged(paths.filter(pl.col("Child") != ""))


def told(kind: str) -> str:
    """What a kind of program is, in words."""
    if kind == "foreign":
        return "a program from outside the program folders"
    return str(_kinds()["kinds"][kind]["told"])


def doors() -> list[str]:
    """Kinds through which intruders come in."""
    return [*_kinds()["doors"], "foreign"]


def _judged(rows: pl.DataFrame) -> pl.DataFrame:
    """With what follows from both sides."""
    foreign = (pl.col("parent_kind") == "") & (pl.col("parent_zone") == "anybody")
    bare = pl.col("Child").str.replace(r"\.exe$", "")
    of_system = (pl.col("child_zone") == "system").mean().over("Child") >= _USUAL
    expected = pl.col("child_kind").is_in([*_kinds()["dual"], "core"]) & ~bare.is_in(
        _kinds()["brought"]
    )
    anybody = pl.col("child_zone") == "anybody"
    rows = rows.with_columns(
        pl.when(foreign).then(pl.lit("foreign")).otherwise("parent_kind").alias("parent_kind"),
        _unit("parent").alias("actor"),
        _unit("child").alias("target"),
        posed=anybody & (of_system | expected | pl.col("child").str.contains(_DISGUISE)),
        dual=pl.col("child_kind").is_in(_kinds()["dual"]) | bare.is_in(_kinds()["visits"]),
    )
    return rows.with_columns(
        own=(pl.col("parent_zone") == "anybody")
        & anybody
        & ~pl.col("posed")
        & pl.col("child_folder").str.starts_with(pl.col("parent_folder")),
        echo=bare.is_in(_kinds()["echoes"]) & ~pl.col("posed"),
    )


def _kinds() -> Any:
    return data_file("huntkit.analyze", "program_kinds.yaml")


def _text(data: pl.DataFrame, column: str) -> pl.Series:
    return data[column].cast(pl.String).fill_null("")


def _path(column: pl.Series) -> pl.Series:
    whole = column.str.strip_chars(' "').str.to_lowercase().str.replace(_DEVICE, "")
    # What follows a device's number is the folder on some drive, mostly the first.
    return whole.str.replace(r"^\\(windows|users|program)", r"c:\${1}")


def _name(side: str) -> pl.Expr:
    return pl.col(side).str.extract(r"([^\\/]*)$").str.replace_all("[0-9]+", "#")


def _folder(side: str) -> pl.Expr:
    return (
        pl.col(side)
        .str.extract(r"^(.*)[\\/][^\\/]*$")
        .fill_null("")
        .str.replace_all(r"[0-9a-f]*[0-9][0-9a-f]*", "#")
        .str.replace(r"^([a-z]:\\users|/home|/users)([\\/])[^\\/]+", "${1}${2}<user>")
    )


def _zone(side: str) -> pl.Expr:
    path = pl.col(side)
    return (
        pl.when(~path.str.contains(r"[\\/]"))
        .then(pl.lit("?"))
        .when(path.str.contains(_OPEN))
        .then(pl.lit("anybody"))
        .when(path.str.contains(_SYSTEM))
        .then(pl.lit("system"))
        .when(path.str.contains(_PROGRAMS))
        .then(pl.lit("programs"))
        .otherwise(pl.lit("anybody"))
    )


def _kind(name: str) -> pl.Expr:
    by_name = {each: kind for kind, known in _kinds()["kinds"].items() for each in known["names"]}
    bare = pl.col(name).str.replace(r"\.exe$", "")
    return bare.replace_strict(by_name, default="", return_dtype=pl.String)


def _unit(side: str) -> pl.Expr:
    open_folder = pl.format("{}\\*", f"{side}_folder")
    return pl.when(pl.col(f"{side}_zone") == "anybody").then(open_folder).otherwise(side.title())
