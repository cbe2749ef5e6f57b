"""What a value has to be for a query to keep its row, and a value that is so."""

import json
import math
from dataclasses import dataclass, field
from typing import Any

from tools.kql_conformance.samples import sample

DAY = 864_000_000_000
LONGEST = 20_000
GUID = "11111111-2222-3333-4444-555555555555"


@dataclass(slots=True)
class Want:
    """Conditions on one value, collected from a query."""

    fixed: bool = False
    value: Any = None  # where fixed; a JSON value for dynamic
    prefix: str = ""
    suffix: str = ""
    parts: list[str] = field(default_factory=list)
    low: float | None = None  # inclusive
    high: float | None = None
    fields: dict[str, "Want"] = field(default_factory=dict)
    items: list["Want"] = field(default_factory=list)
    captures: dict[str, dict[int, "Want"]] = field(default_factory=dict)
    vary: bool = False  # another value in each row

    def merge(self, other: "Want") -> None:
        """Take over the other's conditions too; of two fixed values the first stays."""
        if other.fixed and not self.fixed:
            self.fixed, self.value = True, other.value
        self.prefix = self.prefix or other.prefix
        self.suffix = self.suffix or other.suffix
        self.parts += [part for part in other.parts if part not in self.parts]
        lows = [each for each in (self.low, other.low) if each is not None]
        highs = [each for each in (self.high, other.high) if each is not None]
        self.low, self.high = max(lows, default=None), min(highs, default=None)
        for key, want in other.fields.items():
            self.fields.setdefault(key, Want()).merge(want)
        while len(self.items) < len(other.items):
            self.items.append(Want())
        for own, want in zip(self.items, other.items, strict=False):
            own.merge(want)
        for pattern, groups in other.captures.items():
            for group, want in groups.items():
                self.captures.setdefault(pattern, {}).setdefault(group, Want()).merge(want)
        self.vary = self.vary or other.vary

    def copy(self) -> "Want":
        """One of its own."""
        made = Want()
        made.merge(self)
        return made

    def structured(self) -> bool:
        """Whether it is a bag or an array."""
        return bool(self.fields or self.items)


def fixed(value: Any) -> Want:
    """Exactly this."""
    return Want(fixed=True, value=value)


@dataclass(frozen=True, slots=True)
class Maker:
    """Makes values for one row.

    Args:
        row: which row, so that choices differ.
        now: ticks of the query's now.
    """

    row: int
    now: int

    def value(self, want: Want, kind: str, name: str) -> Any:
        """A value of a KQL type that meets the conditions, None for null."""
        if want.fixed and want.value is None:
            return "" if kind == "string" else None
        if kind == "string":
            return self.text(want, name)
        if kind == "dynamic":
            return json.dumps(self.json(want, name))
        if kind == "bool":
            return bool(want.value) if want.fixed else not want.vary or self.row % 2 == 0
        if kind == "guid":
            return str(want.value) if want.fixed else GUID
        if kind == "datetime":
            usual = self.now - 6_000_000_000 - self.row * 10_000_000
            return int(self.number(want, usual, 10_000_000))
        number = self.number(want, 1, 1)
        return float(number) if kind in ("real", "decimal") else _whole(number, kind)

    def number(self, want: Want, usual: float, step: float) -> float:
        """A number between the bounds, the usual one where it is."""
        if want.fixed and isinstance(want.value, int | float):
            return want.value
        if want.fixed and isinstance(want.value, str):
            return _parsed(want.value, usual)
        low, high = want.low, want.high
        if want.vary:
            usual += self.row * step
        if (low is None or low <= usual) and (high is None or usual <= high):
            return usual
        if low is not None and high is not None:
            return low if high - low < step else low + (high - low) / 2
        return low + step * (1 + self.row) if low is not None else (high or 0) - step

    def text(self, want: Want, name: str) -> str:
        """A text that has all the parts."""
        if want.fixed:
            return want.value if isinstance(want.value, str) else _shown(want.value)
        if want.structured():
            return json.dumps(self.json(want, name))
        body = []
        for pattern, groups in want.captures.items():
            given = {group: self.text(each, name) for group, each in groups.items()}
            body.append(sample(pattern, variant=self.row, groups=given))
        for part in want.parts:
            if not any(part.lower() in each.lower() for each in [*body, want.prefix, want.suffix]):
                body.append(part)
        whole = " ".join(each for each in (want.prefix, *body) if each)
        if want.suffix and not whole.lower().endswith(want.suffix.lower()):
            whole = f"{whole} {want.suffix}" if body else whole + want.suffix
        if not whole and (want.low is not None or want.high is not None):
            return str(int(self.number(want, 1, 1)))
        return whole or self.word(name, vary=want.vary)

    def word(self, name: str, *, vary: bool) -> str:
        """A text of no meaning; the same in most rows, so that joins on any column meet."""
        if vary:
            return f"alpha{self.row}"
        return "alpha" if self.row % 8 < 6 else f"{name}{self.row % 2}"

    def json(self, want: Want, name: str) -> Any:
        """A JSON value."""
        if want.fixed:
            return want.value
        if want.fields:
            made = {key: self.json(each, name) for key, each in want.fields.items()}
            if want.parts:
                made["more"] = " ".join(want.parts)
            return made
        if want.items:
            return [self.json(each, name) for each in want.items]
        if want.low is not None or want.high is not None:
            return self.number(want, 1, 1)
        return self.text(want, name)


def _whole(number: float, kind: str) -> int:
    bits = 31 if kind == "int" else 63
    finite = number if isinstance(number, int) or math.isfinite(number) else 0
    return max(-(1 << bits), min((1 << bits) - 1, int(finite)))


def _parsed(text: str, usual: float) -> float:
    try:
        return float(text)
    except ValueError:
        return usual


def _shown(value: Any) -> str:
    return json.dumps(value) if isinstance(value, list | dict | float) else str(value)
