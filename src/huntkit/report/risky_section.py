"""The section with the command lines that rules find risky: lines that are alike share a card."""

from datetime import datetime
from typing import Any

from markupsafe import Markup

from huntkit.core.text import visible
from huntkit.report import encoded
from huntkit.report.alike import alike
from huntkit.report.facts import Facts
from huntkit.report.names import first_few
from huntkit.report.places import placed
from huntkit.report.risky import tone
from huntkit.report.section import Section
from huntkit.report.sheets import shortened, time_text
from huntkit.report.standout_section import Card

CARDS = 12  # of the page; the rest is folded
MOST = 60
_CODE = 300
_NAMED = 4  # hosts and accounts of one line
_TITLES = 3  # of the rules that find something in one line, with their reasons


def section(facts: Facts) -> Section:
    """Risky command lines, the most severe first."""
    rows = alike(facts.risky, facts.encoded)
    cards = [_card(row, facts) for row in rows[:MOST]]
    return Section(
        "risky",
        "Risky command lines",
        "Risky command lines",
        f"{facts.risky.height:,}",
        "What the rules of huntkit cmdline find in command lines and scripts, as written and "
        "decoded, with the technique of MITRE ATT&CK; the most severe first. Lines that differ "
        "only in case, quotes, long numbers or names of temporary files share a card. A hit says "
        "that someone should look: those of low severity are mostly administrators' daily work.",
        [
            {
                "kind": "findings",
                "cards": cards[:CARDS],
                "folded": cards[CARDS:],
                "total": len(rows),
                "empty": "No rule finds anything.",
            }
        ],
    )


def tile(facts: Facts) -> tuple[str, str, str, str]:
    """The number at the top, in the tone of the most severe."""
    worst = facts.risky["Severity"][0] if facts.risky.height else ""
    return "Risky commands", f"{facts.risky.height:,}", "risky", tone(worst)


def _card(row: dict[str, Any], facts: Facts) -> Card:
    code, more = shortened(row["Input"], _CODE)
    mentions = row["Mentions"]
    places = [(each["_file"] or "", each["_record"]) for each in row["Places"]]
    of = f"{mentions:,} {'row' if mentions == 1 else 'rows'} of {visible(row['Table'], limit=60)}"
    left = len(row["Titles"]) - _TITLES
    more_rules = f"; {left:,} more" if left > 0 else ""
    return Card(
        kind=row["Severity"],
        what=visible("; ".join(row["Titles"][:_TITLES]) + more_rules, limit=400),
        score=", ".join(row["Techniques"]),
        code=code,
        more=more,
        link=encoded.place_of(row["Input"], facts.encoded),
        reason=visible(" ".join(row["Reasons"][:_TITLES]), limit=900),
        host=_where(row),
        time=_when(row["First"], row["Last"]),
        rows=_alike(row) + of + (", the first" if mentions > len(places) else ""),
        places=placed(places),
        picture=Markup(""),
        told="",
        tone=tone(row["Severity"]),
    )


def _alike(row: dict[str, Any]) -> str:
    others = row["Alike"]
    return (
        f"{others:,} more {'line' if others == 1 else 'lines'} alike; of this: " if others else ""
    )


def _where(row: dict[str, Any]) -> str:
    """The hosts and the accounts of a line, how many where there are several."""
    hosts, users = row["Hosts"], row["Users"]
    told = [first_few([visible(name, limit=80) for name in hosts], _NAMED)]
    if len(hosts) > 1:
        told[0] = f"{len(hosts):,} hosts: {told[0]}"
    if users:
        told.append("by " + first_few([visible(name, limit=80) for name in users], _NAMED))
    return "; ".join(each for each in told if each)


def _when(first: datetime | None, last: datetime | None) -> str:
    began, ended = time_text(first)[:19], time_text(last)[:19]
    same_day = began[:10] == ended[:10]
    return began if began == ended else f"{began} to {ended[11:] if same_day else ended}"
