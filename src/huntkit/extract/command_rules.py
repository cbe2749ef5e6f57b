r"""Rules about risky command lines: read from data files, checked, and matched.

A file is a list of rules; each has

- ``id``, ``title`` and ``why`` (what an analyst should know about it);
- ``level``: informational, low, medium, high or critical;
- ``technique`` and ``tactic``: of MITRE ATT&CK, such as ``T1105`` and ``command-and-control``;
- ``program``: names of programs of which one must stand in the line as a word, with or without a
  folder and ``.exe``; or ``words``: texts of which one must stand there. Only lines with one of
  them are looked at more closely;
- ``all``, ``any``, ``none``: patterns in the syntax of Rust's ``regex`` (linear in the text, no
  look-around, no back-references) of which all, one, and none must be found. They are matched
  against the line in its plain form (see `command_text.normal`), in lower case, without quotes;
- ``raw``: whether they are matched against the line as written, in lower case with its quotes;
- ``platforms``: windows, linux, macos; by default the name of the file, or all of them.
"""

import functools
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import yaml

from huntkit.core.errors import SettingsError, did_you_mean
from huntkit.tables.data_files import data_file

LEVELS = ("informational", "low", "medium", "high", "critical")
PLATFORMS = ("windows", "linux", "macos")
TACTICS = frozenset({
    "reconnaissance", "resource-development", "initial-access", "execution", "persistence",
    "privilege-escalation", "defense-evasion", "credential-access", "discovery",
    "lateral-movement", "collection", "command-and-control", "exfiltration", "impact",
})  # fmt: skip
_FIELDS = frozenset({
    "id", "title", "why", "level", "technique", "tactic", "program", "words", "all", "any", "none",
    "raw", "platforms",
})  # fmt: skip
_TEXTS = ("id", "title", "why", "level", "technique", "tactic")
_LISTS = ("program", "words", "all", "any", "none", "platforms")
_BEFORE = r"(?:^|[^a-z0-9_.-])"
_AFTER = r"(?:\.exe|\.com)?(?:[^a-z0-9_.-]|$)"


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule, ready to be matched.

    Attributes:
        id: its short name.
        title: what it finds.
        why: what an analyst should know.
        level: one of `LEVELS`.
        technique: of ATT&CK.
        tactic: of ATT&CK.
        platforms: some of `PLATFORMS`.
        words: texts of which one must be in the line.
        needs: patterns that must all be found; the last one is shown as what matched.
        none: patterns that must not be found.
        is_raw: whether the line is matched as it was written.
    """

    id: str
    title: str
    why: str
    level: str
    technique: str
    tactic: str
    platforms: frozenset[str]
    words: tuple[str, ...]
    needs: tuple[str, ...]
    none: tuple[str, ...]
    is_raw: bool


def built_in_rules() -> tuple[Rule, ...]:
    """The rules that come with huntkit."""
    return _built_in()


@functools.cache
def _built_in() -> tuple[Rule, ...]:
    rules: list[Rule] = []
    for platform in PLATFORMS:
        name = f"risk_rules/{platform}.yaml"
        # Checked by a test; compiling every pattern would take a second.
        rules += [_rule(each, [platform]) for each in data_file("huntkit.extract", name)]
    return tuple(rules)


def read_rules(path: str | Path) -> tuple[Rule, ...]:
    """The rules of a file of your own.

    Raises:
        SettingsError: the file can't be read, or rules in it are wrong; every fault is told.
    """
    path = Path(path)
    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError, RecursionError) as problem:
        reason = getattr(problem, "strerror", None) or problem
        raise SettingsError(f"the rules {path} can't be read: {reason}") from problem
    named = [path.stem] if path.stem in PLATFORMS else list(PLATFORMS)
    return checked(found, str(path), named)


def checked(found: Any, source: str, platforms: Sequence[str]) -> tuple[Rule, ...]:
    """The rules of a file's content.

    Raises:
        SettingsError: with every fault in it.
    """
    if not isinstance(found, list):
        raise SettingsError(f"{source}: the file must be a list of rules")
    faults: list[str] = []
    rules: list[Rule] = []
    seen: set[str] = set()
    for number, each in enumerate(found, 1):
        told = list(_faults(each))
        name = each.get("id") if isinstance(each, dict) else None
        if isinstance(name, str) and name in seen:
            told.append("its id is that of another rule")
        seen.add(str(name))
        faults += [f"rule {number} ({name or 'without id'}): {fault}" for fault in told]
        if not told:
            rules.append(_rule(each, platforms))
    if faults:
        raise SettingsError(f"{source}: {'; '.join(faults[:20])}", context={"faults": faults})
    return tuple(rules)


def _faults(each: Any) -> Iterable[str]:
    if not isinstance(each, dict):
        return ["it must be a mapping"]
    told = [
        f"it has no field {name!r:.40} {did_you_mean(str(name), _FIELDS)}".rstrip()
        for name in each
        if name not in _FIELDS
    ]
    empty = [n for n in _TEXTS if not isinstance(each.get(n), str) or not each[n].strip()]
    told += [f"{name} must be a text" for name in empty]
    for name in _LISTS:
        value = each.get(name, [])
        if not isinstance(value, list) or not all(isinstance(v, str) and v for v in value):
            told.append(f"{name} must be a list of texts (quote what YAML takes for another type)")
            return told
    return [*told, *_wrong_values(each), *_wrong_patterns(each)]


def _wrong_values(each: Mapping[str, Any]) -> Iterable[str]:
    if each.get("level") not in LEVELS:
        yield f"level must be one of: {', '.join(LEVELS)}"
    if each.get("tactic") not in TACTICS:
        yield f"tactic must be one of: {', '.join(sorted(TACTICS))}"
    if not re.fullmatch(r"T\d{4}(?:\.\d{3})?", str(each.get("technique"))):
        yield "technique must be of the form T1059 or T1059.001"
    if not isinstance(each.get("raw", False), bool):
        yield "raw must be true or false"
    if unknown := set(each.get("platforms", [])) - set(PLATFORMS):
        yield f"platforms has {', '.join(sorted(unknown))}; there are: {', '.join(PLATFORMS)}"


def _wrong_patterns(each: Mapping[str, Any]) -> Iterable[str]:
    if not each.get("program") and not each.get("words"):
        yield "program or words must name what the line has to hold"
    if not each.get("program") and not each.get("all") and not each.get("any"):
        yield "all or any must hold a pattern"
    for pattern in (*each.get("all", []), *each.get("any", []), *each.get("none", [])):
        if fault := _pattern_fault(pattern):
            yield f"the pattern {pattern!r:.80} can't be used: {fault}"


def _pattern_fault(pattern: str) -> str:
    try:
        pl.select(pl.lit("").str.contains(pattern))
    except pl.exceptions.PolarsError as problem:
        lines = [line.strip() for line in str(problem).splitlines() if line.strip()]
        told = next((line for line in lines if line.startswith("error: ")), lines[0])
        return told.removeprefix("error: ").removeprefix("regex error: ")[:160]
    return ""


def _rule(each: Mapping[str, Any], platforms: Sequence[str]) -> Rule:
    programs = [name.lower() for name in each.get("program", [])]
    needs = list(each.get("all", []))
    if programs:
        names = "|".join(re.escape(name) for name in programs)
        needs.insert(0, f"{_BEFORE}(?:{names}){_AFTER}")
    if each.get("any"):
        needs.append("|".join(f"(?:{pattern})" for pattern in each["any"]))
    return Rule(
        **{name: each[name].strip() for name in _TEXTS},
        platforms=frozenset(each.get("platforms") or platforms),
        words=tuple(word.lower() for word in (each.get("words") or programs)),
        needs=tuple(needs),
        none=tuple(each.get("none", [])),
        is_raw=each.get("raw", False),
    )


def matches(lines: pl.DataFrame, rules: Sequence[Rule]) -> pl.DataFrame:
    """Which rules find which lines: columns ``line`` (a place), ``rule`` (a place), ``Matched``.

    Args:
        lines: columns ``written`` and ``normal`` (both in lower case) and ``platform``
            (``windows``, ``posix`` or empty).
        rules: what to look for.
    """
    found = [pl.DataFrame(schema=_FOUND)]
    for is_raw, column in ((False, "normal"), (True, "written")):
        chosen = [(number, rule) for number, rule in enumerate(rules) if rule.is_raw is is_raw]
        text = lines[column] if is_raw else lines[column].str.replace_all(r"['\x22]", "")
        found += _found(text, lines["platform"], chosen)
    return pl.concat(found).sort("line", "rule")


_FOUND = {"line": pl.UInt32, "rule": pl.UInt32, "Matched": pl.String}


def _found(
    text: pl.Series, platform: pl.Series, rules: Sequence[tuple[int, Rule]]
) -> Iterable[pl.DataFrame]:
    """All words are searched in one pass; patterns see only the lines that hold one of theirs."""
    words = sorted({word for _, rule in rules for word in rule.words})
    if not words or not len(text):
        return
    held = (
        pl.DataFrame({"line": pl.int_range(len(text), dtype=pl.UInt32, eager=True), "text": text})
        .select("line", word=pl.col("text").str.extract_many(words, overlapping=True))
        .explode("word")
        .drop_nulls("word")
        .unique()
    )
    lines_of = {str(word[0]): group["line"] for word, group in held.group_by("word")}
    for number, rule in rules:
        places = [lines_of[word] for word in rule.words if word in lines_of]
        if not places:
            continue
        line = pl.concat(places).unique().sort()
        some = pl.DataFrame({"line": line, "text": text.gather(line), "at": platform.gather(line)})
        some = some.filter(_may_be_on(rule))
        for pattern in rule.needs:
            if some.height:  # making a pattern costs more than matching it against a few lines
                some = some.filter(pl.col("text").str.contains(pattern))
        for pattern in rule.none:
            if some.height:
                some = some.filter(~pl.col("text").str.contains(pattern))
        if some.height:
            shown = pl.col("text").str.extract(f"({rule.needs[-1]})").str.strip_chars(" ")
            yield some.select(
                "line", rule=pl.lit(number, pl.UInt32), Matched=shown.str.head(200).fill_null("")
            )


def _may_be_on(rule: Rule) -> pl.Expr:
    known = ["", *(["windows"] if "windows" in rule.platforms else [])]
    if rule.platforms & {"linux", "macos"}:
        known.append("posix")
    return pl.col("at").is_in(known)
