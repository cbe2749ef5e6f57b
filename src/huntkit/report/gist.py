"""The first thing that a report says: what was found on which host, by whom, and when."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

import polars as pl

from huntkit.report.facts import Facts
from huntkit.report.finding import Finding
from huntkit.report.names import one_spelling, with_domains
from huntkit.report.section import Columns, Section, sheet_block

_MOST: Final = 12  # hosts
_ACCOUNTS: Final = 6
_LONGEST: Final = 160  # characters of a finding
_KINDS: Final = 6  # of what was found, beside the worst
_FAILED: Final = "Failed logons"
_CRITICAL, _ALARM, _WARN = 0, 1, 2  # ranks of what was found
_SEVERITIES: Final = {"critical": _CRITICAL, "high": _ALARM, "medium": _WARN}
_SCHEMA: Final = pl.Schema(
    {
        "host": pl.String(),
        "rank": pl.Int64(),
        "what": pl.String(),
        "n": pl.Int64(),
        "account": pl.String(),
        "first": pl.Datetime("us", "UTC"),
        "last": pl.Datetime("us", "UTC"),
    }
)
_COLUMNS: Final[Columns] = (
    ("Host", "Host", "name"),
    ("Worst", "Begin with", "text"),
    ("Also", "Also", "text"),
    ("Accounts", "Accounts", "list"),
    ("First", "First", "second"),
    ("Last", "Last", "second"),
)


def gist(facts: Facts) -> pl.DataFrame:
    """One row for each host of which something is told.

    Columns: ``Host Rank Alarms Worst Also Accounts First Last``.

    Counted are notable events that alarm or warn, command lines that rules find at least medium,
    what stands out most, and failed logons. The hosts with most that alarms come first; what names
    no host stands together.
    """
    found = pl.concat([pl.DataFrame(schema=_SCHEMA), *_notable(facts), *_risky(facts),
                       *_standouts(facts), *_failed(facts)])  # fmt: skip
    whole = one_spelling(found["host"].unique())
    kinds = (
        found.with_columns(host=pl.col("host").replace_strict(whole, return_dtype=pl.String))
        .group_by("host", "rank", "what")
        .agg(
            pl.col("n").sum(),
            pl.col("account").unique().sort(),
            pl.col("first").min(),
            pl.col("last").max(),
        )
        # What a count of failed logons means, such as passwords that were sprayed, says more.
        .sort("host", "rank", pl.col("what") == _FAILED, pl.col("n") * -1, "first", "what")
    )
    told = pl.when(pl.col("n") > 1).then(pl.format("{} ({})", "what", "n")).otherwise("what")
    rows = (
        kinds.with_columns(told=told)
        .group_by("host", maintain_order=True)
        .agg(
            Rank=pl.col("rank").first(),
            Alarms=pl.col("n").filter(pl.col("rank") <= _ALARM).sum(),
            Worst=pl.col("told").first(),
            Also=pl.col("told").slice(1, _KINDS),
            left=pl.len().cast(pl.Int64) - 1 - _KINDS,
            Accounts=pl.col("account").explode().drop_nulls().unique().sort(),
            First=pl.col("first").min(),
            Last=pl.col("last").max(),
        )
        .sort("Rank", "Alarms", "First", "host", descending=[False, True, False, False])
        .with_columns(
            Host=pl.when(pl.col("host") == "").then(pl.lit("(no host named)")).otherwise("host"),
            Also=pl.when(pl.col("left") > 0)
            .then(pl.concat_list("Also", pl.format("{} more", "left")))
            .otherwise("Also"),
        )
        .drop("host", "left")
    )
    accounts = [_few(with_domains(names, names)) for names in rows["Accounts"].to_list()]
    return rows.with_columns(pl.Series("Accounts", accounts, dtype=pl.List(pl.String)))


def _few(names: Sequence[str]) -> list[str]:
    names = sorted(names, key=lambda name: name.startswith("S-1-"))  # a bare SID tells least
    left = len(names) - _ACCOUNTS
    return [*names[:_ACCOUNTS], *([f"{left:,} more"] if left > 0 else [])]


def section(facts: Facts) -> Section | None:
    """The section of the page; None where there is nothing to tell."""
    rows = gist(facts)
    if not rows.height:
        return None
    shown = rows.with_columns(pl.col("Also").list.join("; "))
    block = sheet_block(shown, "Hosts, the most alarming first", _COLUMNS, limit=_MOST)
    block["whole"] = True
    for cells, rank in zip(block["sheet"].rows, rows["Rank"], strict=False):
        cells[1] = replace(cells[1], tone="alarm" if rank <= _ALARM else "warn")
    lead = (
        "What alarms or warns on each host, the accounts that it names (a machine's own, which ends"
        " in $, says no more than the host), and from when to when; the sections below say where it"
        " stands in the evidence. A host that is not here is not cleared by that."
    )
    if left := _low_only(facts, rows):
        hosts = "1 host" if left == 1 else f"{left:,} hosts"
        lead += f" Left out: {hosts} of which only low findings are told."
    notes = [{"kind": "note", "text": f"{each}."} for each in (*facts.repeats, *facts.host_notes)]
    return Section("gist", "In short", "In short", f"{rows.height:,}", lead, [block, *notes])


def _low_only(facts: Facts, rows: pl.DataFrame) -> int:
    """How many hosts have risky command lines, but none that is listed."""
    if not facts.risky.height:
        return 0
    seen = facts.risky["Seen"].explode().struct.field("Host").drop_nulls()
    whole = one_spelling([*seen.unique(), *rows["Host"]])
    listed = {whole[name] for name in rows["Host"]}
    return len({whole[name] for name in seen if name} - listed)


def _notable(facts: Facts) -> list[pl.DataFrame]:
    if not facts.notable.height:
        return []
    what = pl.when(pl.col("Name") != "").then("Name").otherwise("Kind")
    tones = {"alarm": _ALARM, "warn": _WARN}
    return [_ranked(facts.notable, "Tone", tones, what=what, account="Account")]


def _risky(facts: Facts) -> list[pl.DataFrame]:
    if not facts.risky.height:
        return []
    what = pl.col("Titles").list.first()
    # A line counts once on each host where it was seen, whoever ran it.
    seen = (
        facts.risky.select("Severity", "Seen", what.alias("what"))
        .with_row_index("line")
        .explode("Seen")
        .unnest("Seen")
        .with_columns(n=pl.int_range(pl.len()).over("line", "Host").eq(0).cast(pl.Int64))
    )
    return [_ranked(seen, "Severity", _SEVERITIES, what=pl.col("what"), account="User")]


def _ranked(
    rows: pl.DataFrame, by: str, ranks: Mapping[str, int], *, what: pl.Expr, account: str
) -> pl.DataFrame:
    """Rows of which a column says how much they alarm; others are left out."""
    return (
        rows.filter(pl.col(by).is_in(list(ranks)))
        .select(
            host=pl.col("Host").fill_null(""),
            rank=pl.col(by).replace_strict(ranks, return_dtype=pl.Int64),
            what=what,
            n=pl.col("n") if "n" in rows.columns else pl.lit(1, pl.Int64),
            account=_named(account),
            first=pl.col("First" if "First" in rows.columns else "TimeGenerated"),
            last=pl.col("Last" if "Last" in rows.columns else "TimeGenerated"),
        )
        .cast(_SCHEMA)
    )


def _standouts(facts: Facts) -> list[pl.DataFrame]:
    rows = [  # a finding may be of "ws01 and 3 more"
        (each.host.partition(" and ")[0], _WARN, _told(each), 1, None, each.first, each.last)
        for each in facts.standouts.findings
        if each.weight >= 1
    ]
    return [pl.DataFrame(rows, schema=_SCHEMA, orient="row")] if rows else []


def _told(finding: Finding) -> str:
    told = f"{finding.kind}: {finding.what}"
    return told if len(told) <= _LONGEST else told[: _LONGEST - 1] + "…"


def _failed(facts: Facts) -> list[pl.DataFrame]:
    if not facts.failed_logons.height:
        return []
    return [
        facts.failed_logons.select(
            host=pl.col("Host").fill_null(""),
            rank=pl.lit(_WARN, pl.Int64),
            what=pl.lit(_FAILED),
            n="Failures",
            account=_named("Account"),
            first="First",
            last="Last",
        ).cast(_SCHEMA)
    ]


def _named(column: str) -> pl.Expr:
    """The account; a machine's own (its name ends in $) says no more than the host does."""
    name = pl.col(column)
    return pl.when(~name.is_in(["", "-"]) & ~name.str.ends_with("$")).then(name)
