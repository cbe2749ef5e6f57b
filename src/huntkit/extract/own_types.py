"""Types of indicators that a caller adds: a name, an expression, and which type wins."""

import re
from dataclasses import dataclass

import polars as pl

from huntkit.core.errors import UsageError
from huntkit.entities.indicators import IOC_GROUPS, IOC_TYPES

# Where one text is found as two types, the lower number wins.
_PRIORITIES = {"ipv4": 0, "ipv6": 0, "cidr": 0, "url": 0, "dns": 2, "windows_path": 3}
_PRIORITIES["linux_path"] = 4
_OTHER_PRIORITY = 1
# Set around the wanted group; private-use characters that no expression of a caller names.
_LEFT, _RIGHT = "\ufdd0", "\ufdd1"

_LAYOUT = re.compile(r"(?P<kept>\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|[^\s#])|\s+|#[^\n]*", re.DOTALL)


@dataclass(frozen=True)
class OwnType:
    r"""A type of indicator that is described by an expression.

    The engine reads each text once, whatever the expression, and so knows no look-around and no
    back references. As with the built-in types of old, the letters' case and blanks in the
    expression do not matter and ``^`` and ``$`` mean lines (the flags ``i``, ``x`` and ``m``);
    write ``[ ]`` or ``\s`` for a blank.

    Args:
        name: what ``IoCType`` will say.
        regex: the expression.
        priority: where the same text is found as another type too, the lower number wins, and on
            a draw the built-in type: addresses and URLs have 0, names 2, paths 3 and 4, all
            others 1.
        group: name or number of the group that holds the value; the whole match if left out.

    Raises:
        UsageError: an empty or built-in name, an expression that can't be used, no such group.

    Examples:
        >>> ticket = OwnType("ticket", r"\bINC(?P<number>\d{5})\b", group="number")
        >>> ticket.found_in(pl.Series(["see INC12345 and inc54321"])).to_list()
        [['12345', '54321']]
    """

    name: str
    regex: str
    priority: int = 0
    group: str | int | None = None

    def __post_init__(self) -> None:
        if not self.name.strip() or not self.regex.strip():
            raise UsageError("a type of indicator needs a name and an expression")
        if self.name in IOC_TYPES or self.name in IOC_GROUPS:
            raise UsageError(
                f"{self.name!r} is a built-in type or group of types",
                hint="give your own type another name",
            )
        if self.group is not None and not re.fullmatch(r"\w{1,100}", str(self.group)):
            raise UsageError(f"{self.group!r} is no name of a group")
        self._check()

    def found_in(self, texts: pl.Series) -> pl.Series:
        """The values in each text, as a list for each; a match of nothing is no value."""
        if self.group is None:
            found = texts.str.extract_all(self._pattern)
            return found.list.eval(pl.element().filter(pl.element() != ""))
        clean = texts.str.replace_all(f"[{_LEFT}{_RIGHT}]", " ")
        marked = clean.str.replace_all(self._pattern, f"{_LEFT}${{{self.group}}}{_RIGHT}")
        found = marked.str.extract_all(f"{_LEFT}[^{_RIGHT}]+{_RIGHT}")
        return found.list.eval(pl.element().str.strip_chars(_LEFT + _RIGHT))

    @property
    def _pattern(self) -> str:
        return f"(?im){_without_layout(self.regex)}"

    def _check(self) -> None:
        try:
            pl.Series(["x"]).str.contains(self._pattern)
        except pl.exceptions.PolarsError as problem:
            raise UsageError(
                f"the expression of {self.name!r} can't be used: {_first_words(problem)}",
                hint="look-around and back references are not known here",
            ) from problem
        if self.group is not None:
            self._check_group()

    def _check_group(self) -> None:
        names = re.findall(r"\(\?P?<([A-Za-z_]\w*)>", self.regex)
        known = str(self.group) in names or (
            str(self.group).isdecimal() and int(self.group or 0) <= self.regex.count("(")
        )
        if not known:
            raise UsageError(
                f"the expression of {self.name!r} has no group {self.group!r}",
                hint=f"its groups: {', '.join(names)}" if names else "write (?P<name>...)",
            )


def _without_layout(regex: str) -> str:
    """Without blanks and comments outside of classes: the engine's own flag drops them inside."""
    return "".join(
        match[0] if match["kept"] else "" for match in _LAYOUT.finditer(regex.replace("\\Z", "\\z"))
    )


def priority_of(ioc_type: str) -> int:
    """The priority of a built-in type."""
    return _PRIORITIES.get(ioc_type, _OTHER_PRIORITY)


def _first_words(problem: Exception) -> str:
    lines = [line.strip() for line in str(problem).splitlines() if "error:" in line]
    return (lines[-1] if lines else str(problem).splitlines()[0])[:200]
