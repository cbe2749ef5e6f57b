"""The section that says what stands out: one card for each finding, with a small picture."""

from dataclasses import dataclass

from markupsafe import Markup

from huntkit.core.text import visible
from huntkit.report import encoded
from huntkit.report.facts import Facts
from huntkit.report.finding import Finding, Strip
from huntkit.report.places import placed
from huntkit.report.section import Section
from huntkit.report.sheets import shortened, time_text

CARDS = 12  # of the page; the rest is folded
_CODE = 300
_ORDER = (
    "Within a kind the highest score is first; kinds, whose scores are not comparable, are ranked "
    "by how near a score comes to what is most unusual for its kind, and each further one of a "
    "kind counts a little less. "
)
_WIDTH, _HEIGHT = 240, 36


@dataclass(frozen=True, slots=True)
class Card:
    """One finding, ready to be shown; its tone is that of its kind."""

    kind: str
    what: str
    score: str
    code: str
    more: str
    link: str
    reason: str
    host: str
    time: str
    rows: str
    places: list[tuple[str, str]]
    picture: Markup
    told: str
    tone: str = ""


def section(facts: Facts) -> Section:
    """What stands out, and what could not be judged."""
    given = facts.standouts
    found = Section(
        "standouts",
        "What stands out",
        "What stands out",
        f"{given.total:,}",
        f"Unusual by the counts of this evidence alone. {_ORDER if given.total else ''}Rare is not "
        "evil, and an intruder who does what everybody does is not here. Nor is what only rules "
        "know: see the risky command lines.",
    )
    found.blocks.append(
        {
            "kind": "findings",
            "cards": [_card(each, facts) for each in given.findings[:CARDS]],
            "folded": [_card(each, facts) for each in given.findings[CARDS:]],
            "total": given.total,
            "empty": _empty(facts),
        }
    )
    for heading, lines in (
        ("Looked at", given.looked_at),
        ("Not judged", given.notes),
        ("Failed", given.failed),
    ):
        if lines:
            found.blocks.append({"kind": "note", "text": f"{heading}: {'; '.join(lines)}."})
    return found


def _empty(facts: Facts) -> str:
    """Nothing found is not the same as nothing looked at."""
    left = [each.name for each in facts.standouts.looks if each.note or not each.told]
    if not left:
        return "Nothing stands out by these counts."
    return (
        "Nothing stands out in what could be judged. Not judged, or not all of it: "
        f"{', '.join(left)}; see below, and “What could be judged”."
    )


def _card(given: Finding, facts: Facts) -> Card:
    code, more = shortened(given.code, _CODE)
    strip = given.strip
    return Card(
        kind=given.kind,
        what=visible(given.what, limit=240),
        score=_score(given),
        code=code,
        more=more,
        link=encoded.place_of(given.code, facts.encoded) if given.code else "",
        reason=visible(given.reason, limit=900),
        host=visible(given.host, limit=80),
        time=_time(given),
        rows=f"{given.rows:,} {'row' if given.rows == 1 else 'rows'}",
        places=placed(given.places),
        picture=_drawn(strip) if strip else Markup(""),
        told=strip.told if strip else "",
    )


def _score(given: Finding) -> str:
    """The score, and what it counts where that is less or more."""
    told = f"{given.score:,.3g} {given.unit}"
    return told if given.factor == 1 else f"{told}, times {given.factor:g} ({given.factor_reason})"


def _time(given: Finding) -> str:
    """From when to when; the day once."""
    first, last = time_text(given.first)[:19], time_text(given.last)[:19]
    if not last or last == first:
        return first
    return f"{first} to {last[11:] if last[:10] == first[:10] else last}"


def _drawn(strip: Strip) -> Markup:
    shapes = _bars(strip) if strip.values else _ticks(strip)
    return Markup(
        '<svg class="strip" viewBox="0 0 {} {}" role="img" aria-label="{}">'
        '<line class="rule" x1="0" x2="{}" y1="{}" y2="{}"/>{}</svg>'
    ).format(_WIDTH, _HEIGHT, strip.told, _WIDTH, _HEIGHT - 1, _HEIGHT - 1, shapes)


def _bars(strip: Strip) -> Markup:
    highest = max(strip.values) or 1.0
    width = _WIDTH / len(strip.values)
    return Markup("").join(
        Markup('<rect class="{}" x="{:.1f}" y="{:.1f}" width="{:.2f}" height="{:.1f}"/>').format(
            "bar marked" if place in strip.marked else "bar",
            place * width,
            _HEIGHT - 1 - (_HEIGHT - 4) * value / highest,
            max(width - 1, 0.6),
            (_HEIGHT - 4) * value / highest,
        )
        for place, value in enumerate(strip.values)
        if value > 0
    )


def _ticks(strip: Strip) -> Markup:
    return Markup("").join(
        Markup('<rect class="bar" x="{:.1f}" y="8" width="1.2" height="{}"/>').format(
            place * (_WIDTH - 2), _HEIGHT - 9
        )
        for place in strip.moments
    )
