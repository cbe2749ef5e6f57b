"""The sections of the report, each from its facts."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import PurePath
from typing import Any

import polars as pl
from polars.exceptions import PanicException

from huntkit.report import alarms, encoded, judged, pictures, risky_section, standout_section
from huntkit.report.activity import Activity
from huntkit.report.chart_sections import found as picture_sections
from huntkit.report.drawing import activity_svg
from huntkit.report.facts import Facts
from huntkit.report.indicators import IN_DECODED, IN_RISKY, INSIDE
from huntkit.report.processes import BRANCHES
from huntkit.report.section import Columns, Section, chart_block, sheet_block, with_place
from huntkit.report.sheets import cell, time_text

_PLACE: Columns = (("place", "File, record", "place"),)
_TYPES = {
    "url": "URLs",
    "ipv4": "IPv4 addresses",
    "ipv6": "IPv6 addresses",
    "dns": "Domain names",
    "email": "E-mail addresses",
    "sha256_hash": "SHA-256 hashes",
    "sha1_hash": "SHA-1 hashes",
    "md5_hash": "MD5 hashes",
}
_NOTABLE = 300  # rows of the page
_SEEN = 20  # of them that are seen before anybody asks for all
_ORIGINS = 4
_RANK = pl.col("Tone").replace_strict({"alarm": 0, "warn": 1}, default=2)


def draw(facts: Facts) -> list[Section]:
    """All sections, in the order of the page."""
    looks: Sequence[tuple[str, Callable[[Facts], Section | Sequence[Section]]]] = (
        ("notable events", _notable),
        ("risky command lines", risky_section.section),
        ("what stands out", standout_section.section),
        ("activity", _activity),
        ("encoded commands", _encoded),
        ("processes", _processes),
        ("pictures", picture_sections),
        ("indicators", _indicators),
        ("hosts", _hosts),
        ("users", _users),
        ("tables", _tables),
        ("what was read", _files),
    )
    found = [each for name, look in looks for each in drawn(name, look, facts)]
    return [*judged.marked(found, facts), judged.section(facts)]


def drawn(
    name: str, look: Callable[[Facts], Section | Sequence[Section] | None], facts: Facts
) -> list[Section]:
    """The section or sections; what can't be drawn says so in its place."""
    try:
        found = look(facts)
    except (Exception, PanicException) as problem:  # noqa: BLE001  one of many: the others are drawn
        why = f"{type(problem).__name__}: {problem}"[:500]
        facts.fail(f"{name} (drawing)", why)
        told = {"kind": "text", "text": f"This part of the report could not be drawn: {why}"}
        title = name[:1].upper() + name[1:]
        return [Section(f"failed-{name.replace(' ', '-')}", title, title, blocks=[told])]
    return [found] if isinstance(found, Section) else list(found or ())


def subtitle(facts: Facts) -> list[str]:
    """What the report is about, in a few words each."""
    told = [
        f"{facts.files.height:,} {'file' if facts.files.height == 1 else 'files'}",
        f"{facts.records:,} records kept, {facts.skipped:,} skipped",
    ]
    if facts.first and facts.last:
        told.append(f"{time_text(facts.first)[:19]} to {time_text(facts.last)[:19]} UTC")
    return told


def origins(facts: Facts) -> list[str]:
    """Where the evidence lay: single files by name, many by the folders that hold them."""
    paths = facts.files["path"].str.split("!").list.first().unique(maintain_order=True).to_list()
    if len(paths) > _ORIGINS:
        tops: list[PurePath] = []
        for folder in sorted({PurePath(path).parent for path in paths}):
            if not any(folder.is_relative_to(top) for top in tops):
                tops.append(folder)
        paths = [f"{top}/" for top in tops]
    more = [f"and {len(paths) - _ORIGINS:,} more"] if len(paths) > _ORIGINS else []
    return [*paths[:_ORIGINS], *more]


def tiles(facts: Facts) -> list[tuple[str, str, str, str]]:
    """The numbers at the top: label, value, section, tone; no 0 where nothing could be judged."""
    lacking = judged.not_judged(facts)
    return [
        (tile[0], judged.NOT_JUDGED, "judged", "unjudged") if tile[0] in lacking else tile
        for tile in _counted(facts)
    ]


def _counted(facts: Facts) -> list[tuple[str, str, str, str]]:
    failures = int(facts.failed_logons["Failures"].sum()) if facts.failed_logons.height else 0
    return [
        alarms.tile(facts),
        ("Notable events", f"{facts.notable.height:,}", "notable", ""),
        risky_section.tile(facts),
        ("Stands out", f"{facts.standouts.total:,}", "standouts", ""),
        (
            "Encoded",
            f"{facts.encoded.height:,}",
            "encoded",
            "warn" if facts.encoded.height else "",
        ),
        ("Failed logons", f"{failures:,}", "notable", "warn" if failures else ""),
        ("Processes", f"{facts.processes.height:,}", "processes", ""),
        ("Indicators", f"{facts.indicators.height:,}", "indicators", ""),
        ("Hosts", f"{facts.hosts.height:,}", "hosts", ""),
        ("Users", f"{facts.users.height:,}", "users", ""),
        ("Skipped", f"{facts.skipped:,}", "files", "warn" if facts.skipped else ""),
    ]


def _notable(facts: Facts) -> Section:
    columns: Columns = (
        ("TimeGenerated", "Time", "time"),
        ("Kind", "What", "text"),
        ("Host", "Host", "name"),
        ("Account", "Account", "text"),
        ("Detail", "Detail", "code"),
        *_PLACE,
    )
    rows = facts.notable
    chosen = _chosen(rows) if rows.height else rows
    # A column that nothing stands in takes room from the others.
    columns = [
        each
        for each in columns
        if each[0] not in ("Host", "Account") or not rows.height or (chosen[each[0]] != "").any()
    ]
    detail = [name for name, _, _ in columns].index("Detail")
    found = Section(
        "notable",
        "Notable events",
        "Notable events",
        f"{rows.height:,}",
        "Logs cleared, services and tasks made, accounts created, alarms; in the order of time.",
    )
    shown = int(chosen["repeats"].sum()) if rows.height else 0
    left = rows.height - shown
    if left:
        found.lead += f" The {shown:,} most alarming are shown, {left:,} are not."
    # The name stands under "What": once is enough.
    once = pl.col("Detail").str.strip_prefix(pl.col("Name") + "; ")
    block = sheet_block(
        chosen.with_columns(Detail=once) if rows.height else rows, "Notable events", columns
    )
    block["whole"] = True
    block["folded"] = _folded(chosen)
    for cells, row in zip(block["sheet"].rows, chosen.iter_rows(named=True), strict=True):
        what = cell(row["Name"], "text") if row["Name"] else cells[1]
        cells[1] = replace(what, tone=row["Tone"], repeats=_repeats(row))
        cells[detail] = replace(cells[detail], link=encoded.place_of(row["Detail"], facts.encoded))
    found.blocks.append(block)
    failed = facts.failed_logons
    if failed.height:
        kinds: Columns = (
            ("Account", "Account", "text"),
            ("Source", "From", "text"),
            ("Host", "Host", "name"),
            ("Program", "By", "text"),
            ("Caller", "As", "text"),
            ("Reason", "Why", "text"),
            ("Failures", "Failures", "number"),
            ("First", "First", "second"),
            ("Last", "Last", "second"),
        )
        found.blocks.append(sheet_block(failed, "Failed logons", kinds, limit=60))
    return found


def _chosen(rows: pl.DataFrame) -> pl.DataFrame:
    """The events of the page; equal ones that follow one another are one row.

    Alerts of one name are one row wherever they stand. A flood of lesser events must not push the
    alarming ones off the page.
    """
    same = ["Kind", "Name", "Tone", "Host", "Account", "Detail"]
    run = pl.col("run")
    grouped = (
        rows.with_columns(pl.struct(same).rle_id().alias("run"))
        .with_columns(pl.when(pl.col("Name") != "").then(run.min().over(same[:-1])).otherwise(run))
        .group_by("run", maintain_order=True)
        .agg(
            pl.exclude("run").first(),
            pl.len().alias("repeats"),
            pl.col("TimeGenerated").last().alias("until"),
            pl.col("Detail").n_unique().alias("details"),
        )
    )
    chosen = grouped.sort(_RANK, "run").head(_NOTABLE).sort("run")
    return with_place(chosen)


def _folded(chosen: pl.DataFrame) -> list[int]:
    """The rows that are seen only when all are asked for: the least alarming of a long list."""
    if chosen.height <= _SEEN + 5:
        return []
    return chosen.with_row_index("row").sort(_RANK, "row")["row"].to_list()[_SEEN:]


def _repeats(row: dict[str, Any]) -> str:
    """What kind of thing a name is, how often it was there, and until when."""
    told = [row["Kind"]] if row["Name"] else []
    if row["repeats"] > 1:
        last = time_text(row["until"])[:19]
        same_day = last[:10] == time_text(row["TimeGenerated"])[:10]
        told.append(f"{row['repeats']:,} times, until {last[11:] if same_day else last}")
    if row["details"] > 1:
        told.append("the detail is that of the first")
    return "; ".join(told)


def _activity(facts: Facts) -> Section:
    found = Section(
        "activity",
        "Activity over time",
        "Timeline",
        lead="Rows of each table over time, each in its own scale; then the notable events "
        "singly, and what was unusual.",
    )
    if facts.activity is not None:
        found.blocks.append({"kind": "activity", "html": activity_svg(facts.activity)})
        if facts.activity.outside:
            found.blocks.append({"kind": "note", "text": _outside(facts.activity)})
    found.blocks += chart_block(lambda: pictures.notable_timeline(facts), "")
    found.blocks += chart_block(
        lambda: pictures.amounts(facts),
        "When there was unusually much or little: a burst (brute force, a scan, copying), or a "
        "silence (logging switched off). Usual is the median of the same time of day, or of the "
        "steps around; the band is 3.5 standard deviations.",
    )
    return found


def _outside(given: Activity) -> str:
    """What the picture of activity leaves out."""
    rows = "1 row is" if given.outside == 1 else f"{given.outside:,} rows are"
    first, last = (time_text(moment)[:19] for moment in (given.start, given.end))
    return f"Not drawn: {rows} before {first} UTC or after {last} UTC, far from all others."


def _encoded(facts: Facts) -> Section:
    items = encoded.items(facts.encoded)
    return Section(
        "encoded",
        "Encoded commands, decoded",
        "Encoded commands",
        f"{facts.encoded.height:,}",
        "Base64 and compressed text in command lines, scripts, tasks and services, layer by "
        "layer. The same text is shown once, where it was first seen.",
        [
            {
                "kind": "decoded",
                "pieces": items,
                "total": facts.encoded.height,
                "empty": "No encoded text was found.",
            }
        ],
    )


def _processes(facts: Facts) -> Section:
    found = Section(
        "processes",
        "Processes, the branches worth a look first",
        "Processes",
        f"{facts.processes.height:,}",
        "Branches with risky command lines and unusual starts first, then around programs that "
        "their parents seldom start here. Red: the rarest tenth.",
        [
            {
                "kind": "branches",
                "branches": facts.branches[:BRANCHES],
                "total": len(facts.branches),
                "empty": "No process starts were found.",
            }
        ],
    )
    found.blocks += chart_block(lambda: pictures.processes(facts), "")
    return found


def _indicators(facts: Facts) -> Section:
    rows = with_place(facts.indicators) if facts.indicators.height else facts.indicators
    found = Section(
        "indicators",
        "Indicators",
        "Indicators",
        f"{rows.height:,}",
    )
    inside = pl.col("Scope").is_in(INSIDE)
    within = rows.filter(inside) if rows.height else rows
    found.lead = (
        f"{rows.height:,} of all types, {within.height:,} of them inside (private, loopback "
        "and multicast addresses). Defanged; first what stands in decoded text or in a risky "
        "command line, last what every machine has, the rarest first. Mentions count fields: a "
        "record that two tables hold counts twice, a decoded text once."
    )
    in_code = pl.col("Note").is_in([IN_DECODED, IN_RISKY]) & pl.col("IoCType").is_in(list(_TYPES))
    first = rows.filter(in_code) if rows.height else rows
    if first.height:
        heading = "In decoded text and risky command lines"
        found.blocks.append(_indicator_block(first, heading, 100))
    inside &= pl.col("IoCType") != "url"
    for kind, heading in _TYPES.items():
        of_kind = pl.col("IoCType") == kind
        others = rows.filter(of_kind & ~inside & ~in_code) if rows.height else rows
        if others.height:
            limit = 40 if kind.endswith("hash") else 100
            found.blocks.append(_indicator_block(others, heading, limit))
    if within.height and (others := within.filter(inside & ~in_code)).height:
        found.blocks.append(_indicator_block(others, "Addresses inside", 40))
    if not found.blocks:
        found.blocks.append(sheet_block(rows, "Indicators", [], empty="No indicators were found."))
    return found


def _indicator_block(rows: pl.DataFrame, heading: str, limit: int) -> dict[str, Any]:
    columns: Columns = (
        ("Defanged", "Indicator", "code"),
        ("about", "Note", "place"),
        ("Mentions", "Mentions", "number"),
        ("First", "First", "second"),
        ("Last", "Last", "second"),
        ("Where", "Table.Column, mentions", "place"),
        ("place", "First in file, record", "place"),
    )
    # A column that nothing stands in takes room from the others.
    scope = pl.col("Scope").replace({"public": ""})
    told = pl.when(scope == pl.col("Note")).then(pl.lit("")).otherwise(scope)
    about = pl.concat_str("Note", told, separator=", ").str.strip_chars(", ")
    rows = rows.with_columns(about.alias("about"))
    shown = columns if (rows.head(limit)["about"] != "").any() else [columns[0], *columns[2:]]
    return sheet_block(rows, heading, shown, limit=limit)


def _hosts(facts: Facts) -> Section:
    columns: Columns = (
        ("Host", "Host", "name"),
        ("Records", "Records", "number"),
        ("Tables", "Tables", "number"),
        ("First", "First", "second"),
        ("Last", "Last", "second"),
    )
    return Section(
        "hosts",
        "Hosts",
        "Hosts",
        f"{facts.hosts.height:,}",
        blocks=[*_told(facts.host_notes), sheet_block(facts.hosts, "Hosts", columns, limit=100)],
    )


def _told(notes: Sequence[str]) -> list[dict[str, Any]]:
    return [{"kind": "note", "text": f"{each}."} for each in notes]


def _users(facts: Facts) -> Section:
    columns: Columns = (
        ("User", "User", "text"),
        *((("Failed", "Failed logons", "number"),) if judged.tells_failures(facts) else ()),
        *((("Logons", "Logons", "number"),) if judged.tells_logons(facts) else ()),
        ("Records", "Records", "number"),
        ("Tables", "Tables", "number"),
        ("First", "First", "second"),
        ("Last", "Last", "second"),
    )
    return Section(
        "users",
        "Users",
        "Users",
        f"{facts.users.height:,}",
        blocks=[sheet_block(facts.users, "Users", columns, limit=100)],
    )


def _tables(facts: Facts) -> Section:
    columns: Columns = (
        ("name", "Table", "text"),
        ("rows", "Rows", "number"),
        ("first", "First", "second"),
        ("last", "Last", "second"),
        ("hosts", "Hosts", "list"),
    )
    rows = facts.tables.sort("rows", "name", descending=[True, False])
    return Section(
        "tables",
        "Tables",
        "Tables",
        f"{rows.height:,}",
        "One source record may feed several tables.",
        [sheet_block(rows, "Tables", columns, limit=200)],
    )


def _files(facts: Facts) -> Section:
    columns: Columns = (
        ("path", "File", "name"),
        ("format", "Format", "text"),
        ("rows", "Records", "number"),
        ("kept", "Kept", "number"),
        ("skipped", "Skipped", "number"),
        ("reasons", "Why skipped", "text"),
        ("repaired", "Repaired", "text"),
        ("sha256", "SHA-256", "code"),
    )
    # What was skipped or failed first: that is what must be seen.
    failed = (pl.col("skipped") > 0) | (pl.col("reasons") != "")
    texts = facts.files.select(pl.col(pl.String))
    filled = {column.name for column in texts if (column != "").any()}
    # An empty column takes room from the others; not every evidence knows of repairs.
    empty = {"reasons", "repaired"} - filled
    columns = tuple(each for each in columns if each[0] not in empty)
    rows = facts.files.sort(failed, pl.col("path"), descending=[True, False])
    return Section(
        "files",
        "What was read",
        "What was read",
        f"{rows.height:,}",
        "Read = kept + skipped.",
        [*_told(facts.repeats), sheet_block(rows, "Files and archive members", columns, limit=300)],
    )
