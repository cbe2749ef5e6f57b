"""The file that an answer is written to, checked before the work starts."""

from pathlib import Path

from huntkit.cli.options import Writing
from huntkit.core.errors import UsageError

ENDINGS = (".parquet", ".csv", ".ndjson", ".jsonl", ".html", ".md")

_INSTEAD = dict.fromkeys((".xlsx", ".xls", ".ods"), "; spreadsheets open .csv")


def check_output(writing: Writing, *, endings: tuple[str, ...] = ENDINGS) -> None:
    """Complain about the file to write before the work starts, not after it."""
    path = writing.output
    if path is None or str(path) == "-":
        return
    if path.suffix.lower() not in endings:
        raise UsageError(
            f"-o {str(path)!r}: the ending does not say how to write it",
            hint="endings: " + " ".join(endings) + _INSTEAD.get(path.suffix.lower(), ""),
        )
    if path.exists() and not writing.force:
        raise UsageError(f"{str(path)!r} exists", hint="--force replaces it")
    if not path.absolute().parent.is_dir():
        raise UsageError(f"the folder of {str(path)!r} does not exist")


def free_name(stem: str, *, force: bool) -> Path:
    """The first page of that name that does not exist; with `force` the name itself."""
    path, number = Path(f"{stem}.html"), 1
    while path.exists() and not force:
        number += 1
        path = Path(f"{stem}-{number}.html")
    return path
