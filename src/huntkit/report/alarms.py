"""How much of what a report found is red."""

import polars as pl

from huntkit.report.facts import Facts
from huntkit.report.risky import tone

NAME = "Alarming"


def alarming(facts: Facts) -> int:
    """Notable events that alarm, and command lines that rules find high or critical."""
    return _notable(facts) + _risky(facts)


def tile(facts: Facts) -> tuple[str, str, str, str]:
    """The first number of the page; it leads to the first of the sections that hold some."""
    count = alarming(facts)
    to = "risky" if _risky(facts) and not _notable(facts) else "notable"
    return NAME, f"{count:,}", to, "alarm" if count else ""


def _notable(facts: Facts) -> int:
    return facts.notable.filter(pl.col("Tone") == "alarm").height if facts.notable.height else 0


def _risky(facts: Facts) -> int:
    if not facts.risky.height:
        return 0
    return sum(tone(severity) == "alarm" for severity in facts.risky["Severity"])
