"""Risky command lines: which rule finds them, why, and what of ATT&CK it is."""

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from huntkit.core.errors import UnknownColumn, UsageError
from huntkit.core.progress import SILENT, Progress
from huntkit.extract.command_rules import LEVELS, Rule, built_in_rules, matches, read_rules
from huntkit.extract.command_text import normal, platforms, seen, written
from huntkit.extract.decoding import decode
from huntkit.extract.texts import also_one_text, batches, text_of
from huntkit.tables import roles, step

_OWN: dict[str, pl.DataType | type[pl.DataType]] = {
    "Rule": pl.String,
    "Title": pl.String,
    "Severity": pl.String,
    "Technique": pl.String,
    "Tactic": pl.String,
    "Why": pl.String,
    "Matched": pl.String,
    "Depth": pl.Int64,
    "Encoding": pl.String,
    "SourceIndex": pl.Int64,
    "input_column": pl.String,
    "Input": pl.String,
}


@also_one_text
@step(split="row", columns=("columns", "keep"), index="SourceIndex", gives=_OWN)
def command_risks(
    data: pl.DataFrame,
    columns: str | None = None,
    *,
    rules: str | Path | Sequence[str | Path] | None = None,
    decoded: bool = True,
    lowest: str = "informational",
    keep: Sequence[str] = (),
    progress: Progress = SILENT,
) -> pl.DataFrame:
    r"""What is risky in command lines: one row for each rule that finds something in a line.

    The rules know programs, options and patterns of Windows, Linux and macOS, and name the
    technique of MITRE ATT&CK. A line is matched in its plain form, with carets, quotes, pieces of
    variables and joined strings undone, so spelling does not hide it; and what is encoded in it is
    decoded and matched too. A hit says that someone should look, not that something bad happened:
    many of these commands are administrators' daily work, those of ``low`` nearly always.

    Args:
        data: any frame, or one text.
        columns: the column with the command lines; the one that plays the role ``command_line`` if
            left out.
        rules: a file of your own rules, or several, in place of the built-in ones.
        decoded: whether encoded text is decoded and matched as well.
        lowest: leave out what is less severe: informational, low, medium, high, critical.
        keep: columns of `data` to carry along, such as the time and the host.
        progress: told about each batch; may cancel.

    Returns:
        ``Rule Title Severity Technique Tactic Why Matched Depth Encoding SourceIndex input_column
        Input`` and the columns of `keep`. ``Matched`` is the place that the rule means, in the
        plain form; ``Depth`` is 0 for the line as written, and otherwise the layer that decoding
        found, with its ``Encoding``. Sorted by row, then the most severe first. A line has at most
        one row for each rule.

    Raises:
        UsageError: no column is known to hold command lines, or there is no such severity.
        UnknownColumn: a column that `data` lacks.
        SettingsError: rules that can't be used.

    Examples:
        >>> found = command_risks(pl.DataFrame({"CommandLine": [
        ...     "cert^util -url\"\"cache -f http://files.example/a a.exe", "ping host1"]}))
        >>> found.select("Rule", "Technique", "Severity", "SourceIndex").rows()
        [('certutil_download', 'T1105', 'high', 0)]
    """
    name = roles.require(data.columns, "command_line", columns)
    if clash := [each for each in keep if each in _OWN]:
        raise UnknownColumn(
            clash[0], data.columns, hint="that name belongs to the result; rename the column first"
        )
    chosen = _chosen(rules, lowest)
    parts = [pl.DataFrame(schema=_OWN)]
    with progress.task("matching command lines", total=data.height) as task:
        for start, texts in batches(text_of(data[name])):
            task.check_cancelled()
            found = _in_texts(texts, chosen, decoded=decoded)
            parts.append(
                found.with_columns(
                    SourceIndex=pl.col("SourceIndex") + start, input_column=pl.lit(name)
                ).select(*_OWN)
            )
            task.advance(len(texts))
    result = pl.concat(parts)
    return result.hstack([data[each].gather(result["SourceIndex"]) for each in keep])


def _chosen(rules: str | Path | Sequence[str | Path] | None, lowest: str) -> tuple[Rule, ...]:
    if lowest not in LEVELS:
        raise UsageError(
            f"there is no severity {lowest!r:.40}", hint=f"one of: {', '.join(LEVELS)}"
        )
    if rules is None:
        known: Sequence[Rule] = built_in_rules()
    else:
        files = [rules] if isinstance(rules, str | Path) else rules
        known = [rule for each in files for rule in read_rules(each)]
    return tuple(rule for rule in known if LEVELS.index(rule.level) >= LEVELS.index(lowest))


def _in_texts(texts: pl.Series, rules: Sequence[Rule], *, decoded: bool) -> pl.DataFrame:
    """Hits in each row; each distinct text is looked at once."""
    rows = pl.DataFrame({"text": texts}).with_row_index("SourceIndex").drop_nulls("text")
    lines = rows.select("text").unique(maintain_order=True).with_row_index("place")
    layers = lines.select("place", "text", Depth=pl.lit(0, pl.Int64), Encoding=pl.lit(""))
    if decoded and lines.height:
        inner = decode.on_polars(lines.select("text"), "text", include_input=False)
        layers = pl.concat(
            [
                layers,
                inner.filter(pl.col("Decoded") != "").select(
                    pl.col("SourceIndex").cast(pl.UInt32).alias("place"),
                    pl.col("Decoded").alias("text"), "Depth", pl.col("Encoding").fill_null(""),
                ),
            ]
        )  # fmt: skip
    plain = pl.DataFrame(
        {
            "written": written(layers["text"]),
            "normal": normal(layers["text"]),
            "platform": platforms(seen(layers["text"])),
        }
    )
    hits = matches(plain, rules)
    told = pl.DataFrame(
        {
            "Rule": [rule.id for rule in rules],
            "Title": [rule.title for rule in rules],
            "Severity": [rule.level for rule in rules],
            "Technique": [rule.technique for rule in rules],
            "Tactic": [rule.tactic for rule in rules],
            "Why": [rule.why for rule in rules],
            "rank": [-LEVELS.index(rule.level) for rule in rules],
        },
        schema_overrides={"Rule": pl.String, "Title": pl.String, "Severity": pl.String,
                          "Technique": pl.String, "Tactic": pl.String, "Why": pl.String,
                          "rank": pl.Int64},
    )  # fmt: skip
    found = hits.select("Matched", "rule").hstack(layers[hits["line"]].drop("text"))
    found = found.sort("place", "Depth", maintain_order=True).unique(
        ["place", "rule"], keep="first", maintain_order=True
    )
    found = found.hstack(told[found["rule"]])
    whose = rows.join(lines, on="text").select("SourceIndex", "place", Input="text")
    return (
        found.join(whose, on="place")
        .sort("SourceIndex", "rank", "Depth", "rule")
        .with_columns(pl.col("SourceIndex").cast(pl.Int64))
    )
