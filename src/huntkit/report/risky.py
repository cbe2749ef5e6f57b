"""Command lines and scripts that the rules of `extract.command_risks` find risky."""

from collections.abc import Sequence

import polars as pl

from huntkit import extract
from huntkit.charts import foremost
from huntkit.extract.command_rules import LEVELS
from huntkit.report.command_lines import MOST_LINES, command_lines
from huntkit.report.layouts import Evidence, Layout

_ALARMING = ("critical", "high")
_KEPT = ("TimeGenerated", "Host", "User", "Mentions", "Places", "Table", "_file", "_record",
         "First", "Last", "Hosts", "Users", "Seen")  # fmt: skip
_RANK = pl.col("Severity").replace_strict(
    {name: place for place, name in enumerate(LEVELS)}, return_dtype=pl.Int64
)


def risky(evidence: Evidence, tables: Sequence[Layout], problems: list[str]) -> pl.DataFrame:
    """One row for each different line that a rule finds, the most severe first.

    Columns: ``Severity Titles Techniques Reasons Rules Input TimeGenerated Host User Mentions
    Places Table _file _record First Last Hosts Users Seen``; the last as of `command_lines`. The
    lists of what rules say are in the order of severity, which is that of their
    first. Each different line is judged once. What was left out goes into ``problems``.
    """
    return judged(evidence, tables, problems)[0]


def judged(
    evidence: Evidence, tables: Sequence[Layout], problems: list[str]
) -> tuple[pl.DataFrame, int]:
    """What `risky` gives, and how many different lines were judged."""
    lines = command_lines(evidence, tables, most=MOST_LINES, problems=problems)
    hits = extract.command_risks(lines, "text", lowest=foremost.LOWEST, keep=_KEPT)
    return by_line(hits), lines.height


def by_line(hits: pl.DataFrame) -> pl.DataFrame:
    """Hits of rules as one row for each line, the most severe first, then by what else is found.

    Of rules that say the same of a line (that of Windows and that of Linux) the first is enough.
    """
    kept = [name for name in _KEPT if name in hits.columns]
    lines = (
        hits.unique(["SourceIndex", "Technique", "Why"], keep="first", maintain_order=True)
        .group_by("SourceIndex", maintain_order=True)  # the most severe of a line is its first
        .agg(
            pl.col("Severity").first(),
            pl.col("Title").alias("Titles"),
            pl.col("Technique").unique(maintain_order=True).alias("Techniques"),
            pl.col("Why").alias("Reasons"),
            pl.col("Rule").alias("Rules"),
            pl.col("Input").first(),
            pl.col(kept).first(),
        )
        .with_columns(_RANK.alias("rank"), pl.col("Rules").list.len().alias("found"))
    )
    order = ["rank", "found", "SourceIndex"]
    return lines.sort(order, descending=[True, True, False]).drop("rank", "found", "SourceIndex")


def tone(severity: str) -> str:
    """How a severity looks on the page.

    Examples:
        >>> tone("critical"), tone("medium"), tone("low")
        ('alarm', 'warn', '')
    """
    return "alarm" if severity in _ALARMING else "warn" if severity == "medium" else ""
