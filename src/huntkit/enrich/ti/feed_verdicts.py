"""What entries of feeds say of how bad they are, in words or in numbers."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from huntkit.enrich.ti.provider import SEVERITIES, Severity

_WORD_COLUMNS: Final = (
    "verdict", "severity", "threat_level", "threat_level_id", "risk", "risk_level", "priority",
    "severity_level", "threat_severity", "classification", "disposition", "reputation", "score",
    "risk_score", "threat_score", "severity_score",
)  # fmt: skip
# Of these, 1 is the worst and 3 the least, as MISP and ticket systems count.
_RANK_COLUMNS: Final = ("threat_level", "threat_level_id", "priority")
_RANKS: Final[Mapping[str, Severity]] = {"1": "high", "2": "warning", "3": "information"}
# How bad stands before how sure somebody is.
_SCORE_COLUMNS: Final = (
    "score", "risk_score", "threat_score", "severity_score", "severity", "severity_level",
    "threat_severity", "risk", "risk_level", "verdict",
)  # fmt: skip
_CONFIDENCE_COLUMNS: Final = ("confidence", "confidence_level", "confidence_score")
VERDICT_COLUMNS: Final = tuple(dict.fromkeys(
    (*_WORD_COLUMNS, *_SCORE_COLUMNS, *_CONFIDENCE_COLUMNS)
))  # fmt: skip

_BENIGN: Final = (
    "benign", "clean", "harmless", "safe", "good", "goodware", "trusted", "legitimate",
    "whitelisted", "allowlisted", "whitelist", "allowlist", "known good", "not malicious",
    "non malicious", "no threat", "false positive",
)  # fmt: skip
_WORDS: Final[Mapping[str, Severity]] = {
    **dict.fromkeys(_BENIGN, "information"),
    **dict.fromkeys(
        ("critical", "very high", "high", "malicious", "malware", "phishing", "bad", "severe",
         "urgent"), "high"),
    **dict.fromkeys(
        ("medium", "med", "moderate", "suspicious", "suspect", "warning", "elevated", "grayware",
         "greyware", "pua"), "warning"),
    **dict.fromkeys(
        ("low", "very low", "minor", "info", "information", "informational"), "information"),
}  # fmt: skip
_LEVELS: Final = ("very high", "high", "medium", "med", "moderate", "low", "very low")  # of fame
# STIX and MISP give confidence from 0 to 100; STIX 2.1 appendix A calls 70 and more "high".
_CONFIDENT: Final[Sequence[tuple[float, Severity]]] = ((70, "high"), (30, "warning"))
_NUMBER: Final = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)\s*(%|/\s*(10|100))?")


@dataclass(frozen=True, slots=True)
class Score:
    """A number that says how bad something is.

    Attributes:
        column: where it stands.
        number: what is there.
        of: the most that it could be; None where only the whole column tells.
    """

    column: str
    number: float
    of: float | None = None


@dataclass(frozen=True, slots=True)
class Said:
    """What an entry says: a severity with its reason, or a number whose scale is not known yet."""

    severity: Severity | None = None
    reason: str | None = None
    score: Score | None = None


def said(entry: Mapping[str, object]) -> Said:
    """The verdict that an entry gives itself, if it gives one.

    Words count before numbers, of several words the worst; but where one says that it is benign,
    it is. How sure somebody is counts where nothing says how bad it is.

    Examples:
        >>> said({"verdict": "Clean", "severity": "high"}).severity
        'information'
        >>> said({"severity": "7/10"}).score
        Score(column='severity', number=7.0, of=10.0)
    """
    worst: tuple[int, Said] | None = None
    for name in _WORD_COLUMNS:
        told = _in_words(name, entry.get(name))
        if told is None or told.severity is None:
            continue
        if _word(entry.get(name)) in _BENIGN:
            return told
        rank = SEVERITIES.index(told.severity)
        worst = (rank, told) if worst is None or rank > worst[0] else worst
    if worst is not None:
        return worst[1]
    for name in (*_SCORE_COLUMNS, *_CONFIDENCE_COLUMNS):
        if (score := _score(name, entry.get(name))) is not None:
            return Said(score=score)
        if name in _CONFIDENCE_COLUMNS and (told := _in_words(name, entry.get(name))):
            return told
    return Said()


def _in_words(name: str, given: object) -> Said | None:
    word = _word(given)
    severity = _RANKS.get(word) if name in _RANK_COLUMNS else None
    severity = severity or _WORDS.get(word)
    if severity is None or (name == "reputation" and word in _LEVELS):
        return None
    return Said(severity, f"the feed says {name} {word!r}")


def judged(scores: Mapping[int, Score]) -> dict[int, tuple[Severity | None, str]]:
    """The severity of each number, by the scale that the largest of its column tells.

    Examples:
        >>> judged({0: Score("score", 9), 1: Score("score", 2)})[0]
        ('high', 'the feed says score 9 of 10')
        >>> judged({0: Score("score", 2)})[0]
        (None, 'the feed says score 2, and not of how many')
    """
    most: dict[str, float] = {}
    for each in scores.values():
        most[each.column] = max(most.get(each.column, 0.0), each.number)
    return {place: _judged(each, most[each.column]) for place, each in scores.items()}


def _judged(score: Score, most: float) -> tuple[Severity | None, str]:
    told = f"the feed says {score.column} {score.number:g}"
    of = score.of or _scale(score.column, most)
    if of is None or score.number > of:
        return None, f"{told}, and not of how many"
    return confident(score.number / of * 100), f"{told} of {of:g}"


def _scale(column: str, most: float) -> float | None:
    """The scale of a column; None where 5 could be all there is, or next to nothing."""
    if most > 100:
        return None
    if column in _CONFIDENCE_COLUMNS:
        return 1.0 if 0 < most < 1 else 100.0
    if most > 10:
        return 100.0
    if most > 5:
        return 10.0
    return 1.0 if 0 < most < 1 else None


def confident(percent: float) -> Severity:
    """The severity of a confidence from 0 to 100.

    Examples:
        >>> confident(75), confident(50), confident(10)
        ('high', 'warning', 'information')
    """
    return next((word for least, word in _CONFIDENT if percent >= least), "information")


def percent(given: object) -> float | None:
    """A number from 0 to 100, or None."""
    try:
        number = float(given)  # type: ignore[arg-type]  # whatever is no number raises
    except (TypeError, ValueError):
        return None
    return number if 0 <= number <= 100 else None


def _word(given: object) -> str:
    text = str(given if given is not None else "").strip().casefold()
    return " ".join(text.replace("-", " ").replace("_", " ").split())


def _score(column: str, given: object) -> Score | None:
    if isinstance(given, bool) or given is None:
        return None
    match = _NUMBER.fullmatch(str(given).strip())
    if match is None:
        return None
    of = 100.0 if match[2] == "%" else float(match[3]) if match[3] else None
    return Score(column, float(match[1]), of)
