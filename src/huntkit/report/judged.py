"""What the report could judge, and what it could not: nothing found is not the same as not looked.

A count of 0 says that something was looked at. Where no table of the evidence could hold what a
detector looks for, the report says so instead.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import polars as pl

from huntkit.report import alarms, calls, command_lines, notable, odd_sessions, texts
from huntkit.report.facts import Facts
from huntkit.report.layouts import Layout, find
from huntkit.report.section import Columns, Section, sheet_block

NOT_JUDGED: Final = "not judged"
_MOST: Final = 8  # tables that are named
_COLUMNS: Final[Columns] = (
    ("What", "Looked for", "text"),
    ("On", "In tables (rows)", "text"),
    ("Why", "Not judged, or not all of it", "text"),
)


@dataclass(frozen=True, slots=True)
class Judgement:
    """What one detector could look at.

    Attributes:
        what: what it looks for; tiles of the page are called so.
        tables: the tables that it looked at, the largest first.
        why_not: why it could judge nothing; empty where it could.
        note: what it could not judge of these tables, or else must be known.
    """

    what: str
    tables: tuple[Layout, ...] = ()
    why_not: str = ""
    note: str = ""


def judgements(facts: Facts) -> list[Judgement]:
    """Each detector of the report, in the order of the page."""
    given = facts.layouts
    found = [
        _of("Notable events", notable.tables_of(given), "no log of alerts or system changes"),
        _of("Failed logons", _held(given, "DeviceLogonEvents"), "no logon records", facts),
        # A table may have the column and nothing in it, as logons told of by sshd.
        _of(
            "Risky commands",
            command_lines.tables_of(given) if facts.command_lines else (),
            "no command lines",
        ),
        _of("Encoded", texts.tables_of(given), "no texts"),
        _of("Indicators", texts.tables_of(given), "no texts"),
        _processes(facts),
        *_standing_out(facts),
    ]
    return [replace(each, why_not=_broken(each.what, facts) or each.why_not) for each in found]


def _broken(what: str, facts: Facts) -> str:
    side = _SIDES.get(what, what.lower())
    if side in facts.failed:
        return "it failed, see the problems"
    return "the work was stopped before" if side in facts.unreached else ""


def not_judged(facts: Facts) -> dict[str, str]:
    """The tiles of the page that have nothing to count in, and why."""
    every = judgements(facts)
    told = {each.what: each.why_not for each in every if each.why_not}
    if "Notable events" in told:
        told[alarms.NAME] = told["Notable events"]
    looks = [each for each in every if each.what.startswith(_STANDS_OUT)]
    if looks and all(each.why_not for each in looks):
        told["Stands out"] = "nothing that can be compared"
    counted = {
        alarms.NAME: facts.notable.height + alarms.alarming(facts),
        "Notable events": facts.notable.height,
        "Risky commands": facts.risky.height, "Encoded": facts.encoded.height,
        "Failed logons": facts.failed_logons.height, "Processes": facts.processes.height,
        "Indicators": facts.indicators.height, "Stands out": facts.standouts.total,
    }  # fmt: skip
    return {tile: told[tile] for tile, count in counted.items() if tile in told and not count}


def tells_logons(facts: Facts) -> bool:
    """Whether the evidence has records of logons."""
    return bool(_held(facts.layouts, "DeviceLogonEvents"))


def tells_failures(facts: Facts) -> bool:
    """Whether the evidence has records of logons that may have failed."""
    return tells_logons(facts) and not facts.logons.only_successes


def marked(sections: Sequence[Section], facts: Facts) -> list[Section]:
    """The sections, those that nothing could be judged for saying so in place of a 0."""
    lacking = not_judged(facts)
    for tile, its in _SECTIONS.items():
        for each in sections:
            if each.id == its and tile in lacking:
                each.count = NOT_JUDGED
                for block in each.blocks:
                    if "empty" in block:
                        block["empty"] = f"Not judged: {lacking[tile]} in this evidence."
    return list(sections)


def section(facts: Facts) -> Section:
    """The section at the end of the page."""
    every = judgements(facts)
    rows = pl.DataFrame(
        [(each.what, _named(each.tables), each.why_not or each.note) for each in every],
        schema={"What": pl.String, "On": pl.String, "Why": pl.String},
        orient="row",
    )
    left = sum(bool(each.why_not) for each in every)
    block = sheet_block(rows, "What was looked for, and where", _COLUMNS)
    block["whole"] = True
    return Section(
        "judged",
        "What could be judged",
        "Judged",
        f"{len(every) - left:,} of {len(every):,}",
        "“Not judged” means that this evidence has no records in which such a thing could be seen: "
        "it is no proof that nothing happened.",
        [block],
    )


# What the facts call it where it failed.
_SIDES: Final = {
    "Notable events": "notable",
    "Risky commands": "risky",
    "Stands out": "standouts",
}
_SECTIONS: Final = {
    "Notable events": "notable",
    "Risky commands": "risky",
    "Stands out": "standouts",
    "Encoded": "encoded",
    "Processes": "processes",
    "Indicators": "indicators",
}
_STANDS_OUT: Final = "Stands out: "
_LACKING: Final = {
    "process starts": "no process starts",
    "connections": "no table that says who called whom",
    "logons": "no logon records",
    "sessions of cloud services": "no trail of a cloud service",
}


def _standing_out(facts: Facts) -> list[Judgement]:
    tables = {
        "process starts": _held(facts.layouts, "DeviceProcessEvents"),
        "connections": calls.tables_of_calls(facts.layouts),
        "amounts over time": [each for each in facts.layouts if each.time],
        "logons": _held(facts.layouts, "DeviceLogonEvents"),
        "sessions of cloud services": odd_sessions.tables_of(facts.layouts),
    }
    found = [] if facts.standouts.looks else [Judgement("Stands out", (), "it was not looked for")]
    for look in facts.standouts.looks:
        its = tuple(tables.get(look.name, ()))
        what = _STANDS_OUT + look.name
        if look.told:
            found.append(Judgement(what, its, note=look.note))
        else:
            lacking = "" if its else _LACKING.get(look.name, "")
            why = look.note or lacking or "none of their rows can be compared"
            found.append(Judgement(what, (), why))
    return found


def _processes(facts: Facts) -> Judgement:
    held = _held(facts.layouts, "DeviceProcessEvents")
    if held and not facts.processes.height:
        return Judgement("Processes", (), "no process starts")
    return _of("Processes", held, "no process starts")


def _of(what: str, tables: Sequence[Layout], lacking: str, facts: Facts | None = None) -> Judgement:
    if not tables:
        return Judgement(what, (), lacking)
    if facts is not None and facts.logons.only_successes:
        return Judgement(what, (), "only records of logons that succeeded")
    return Judgement(what, tuple(tables), note=facts.logons.note if facts is not None else "")


def _held(given: Sequence[Layout], name: str) -> list[Layout]:
    found = find(given, name)
    return [] if found is None else [found]


def _named(tables: Sequence[Layout]) -> str:
    largest = sorted(tables, key=lambda each: (-each.rows, each.name))
    told = [f"{each.name} ({each.rows:,})" for each in largest[:_MOST]]
    left = len(largest) - _MOST
    return ", ".join(told) + (f" and {left:,} more" if left > 0 else "")
