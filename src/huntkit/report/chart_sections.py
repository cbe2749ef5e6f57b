"""The sections that are mostly pictures: logons, network, trails of cloud services."""

import polars as pl

from huntkit.report import pictures
from huntkit.report.facts import Facts
from huntkit.report.indicators import defanged
from huntkit.report.section import Columns, Section, chart_block, sheet_block

_PAIRS = 40  # rows of the page
_OUTSIDE = 60


def found(facts: Facts) -> list[Section]:
    """Those of which the evidence tells anything."""
    return [each for each in (_logons(facts), _network(facts), _trails(facts)) if each.blocks]


def _logons(facts: Facts) -> Section:
    given = facts.logons
    count = int(given.pairs["Logons"].sum())
    left = (
        f" {given.others:,} logons of machines and services are left out." if given.others else ""
    )
    section = Section(
        "logons",
        "Logons",
        "Logons",
        f"{count:,}",
        f"Who logged on where, and from where; accounts of people.{left}",
    )
    section.blocks += chart_block(
        lambda: pictures.logon_matrix(given),
        "Which account is used where, and how often. A pale cell in a dark row or column is a "
        "place where that account is seldom seen.",
    )
    section.blocks += chart_block(
        lambda: pictures.sessions(given),
        "How long each session lasted. Logons without a logoff in these logs are not drawn: "
        f"{given.sessions['End'].null_count():,}.",
    )
    section.blocks += chart_block(
        lambda: pictures.logon_graph(given),
        "Paths that accounts took. Several hosts reached from one workstation, or a chain of "
        "hosts, is how lateral movement looks; choose an arrow to see its accounts.",
    )
    if count:
        columns: Columns = (
            ("Account", "Account", "text"),
            ("Host", "Host", "text"),
            ("From", "From", "text"),
            ("Type", "Type", "text"),
            ("Logons", "Logons", "number"),
            ("Failed", "Failed", "number"),
            ("First", "First", "second"),
            ("Last", "Last", "second"),
        )
        named = pl.format("{} ({})", "Source", pl.col("SourceHost").str.split(".").list.first())
        rows = given.pairs.filter(pl.col("Logons") > 0).sort("Logons", "First", maintain_order=True)
        rows = rows.with_columns(
            pl.when(pl.col("SourceHost") != "").then(named).otherwise("Source").alias("From")
        )
        section.blocks.append(sheet_block(rows, "Rarest logons first", columns, limit=_PAIRS))
    return section


def _network(facts: Facts) -> Section:
    given = facts.connections
    section = Section(
        "network",
        "Network",
        "Network",
        "",
        "Who spoke with whom; without loopback, multicast and broadcast. "
        f"Addresses outside, which are not private: {given.outside.height:,}.",
    )
    section.blocks += chart_block(
        lambda: pictures.program_graph(given),
        "Which program spoke with which address. Programs that no address expects (a script host, "
        "an office program) and addresses that only one program knows stand alone at the edge.",
    )
    section.blocks += chart_block(
        lambda: pictures.host_graph(given),
        "Which addresses spoke with which, as the network saw it. A host that speaks with many is "
        "a server, or scans.",
    )
    section.blocks += chart_block(
        lambda: pictures.sent_bytes(given),
        "How much left, from those that sent most. A single high bar is what copying data out "
        "looks like.",
    )
    section.blocks += chart_block(
        lambda: pictures.outside_map(given),
        "Where public addresses are registered, by the ranges that huntkit ships: the country of "
        "the network, not of the person.",
    )
    if given.outside.height:
        columns: Columns = (
            ("Defanged", "Address", "code"),
            ("Country", "Country", "text"),
            ("Operator", "Operator", "text"),
            ("Records", "Records", "number"),
            ("Tables", "Tables", "list"),
            ("First", "First", "second"),
            ("Last", "Last", "second"),
        )
        kind = pl.when(pl.col("Address").str.contains(":")).then(pl.lit("ipv6"))
        rows = given.outside.with_columns(
            defanged(kind.otherwise(pl.lit("ipv4")), pl.col("Address")).alias("Defanged")
        )
        if rows["Country"].null_count() == rows.height:  # nothing but addresses of no country
            rows = rows.drop("Country", "Operator")
        caption = "Addresses outside, the rarest first"
        section.blocks.append(sheet_block(rows, caption, columns, limit=_OUTSIDE))
    return section


def _trails(facts: Facts) -> Section:
    section = Section(
        "trails",
        "Cloud trails",
        "Cloud trails",
        f"{sum(each.total for each in facts.trails):,}",
        "Who did what, from where, and what came of it.",
    )
    for each in facts.trails:
        section.blocks += chart_block(
            lambda each=each: pictures.trail(each),  # type: ignore[misc]
            "A line per combination, as thick as it is frequent; drag along an axis to keep what "
            "passes there. Thin lines to an error or a rare operation are worth a look.",
        )
    return section
