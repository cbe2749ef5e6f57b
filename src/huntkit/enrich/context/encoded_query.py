"""ServiceNow's own language of queries: conditions joined by ``^``, ``^OR`` and ``^NQ``.

A condition is a column, an operator and a value, written one after another without quotes; so a
value is refused if it holds anything that ends a condition, or that the service would run. Source:
"Encoded query strings" of the product documentation.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

from huntkit.core.errors import UsageError

_COLUMN: Final = re.compile(r"[a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)*")
# The caret joins conditions, a comma parts lists, javascript: is evaluated by the service, and
# NULL is no text to it. Line breaks and other controls have no place in names either.
_STRANGE: Final = re.compile(
    r"[\^,\x00-\x1f\x7f\u2028\u2029]|javascript\s*:|\Anull\Z", re.IGNORECASE
)
_LONGEST: Final = 300

Operator = Literal["=", "LIKE", "STARTSWITH"]


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition: a column is a value, holds it, or begins with it.

    Examples:
        >>> str(Condition("name", "=", "web01"))
        'name=web01'
        >>> Condition("name", "STARTSWITH", "web01.").holds("WEB01.corp.example")
        True
    """

    column: str
    operator: Operator
    value: str

    def holds(self, text: str) -> bool:
        """Whether a column's text fulfils it, as databases compare: whatever case and accents."""
        ours, theirs = _folded(self.value), _folded(text)
        if self.operator == "=":
            return ours == theirs
        return theirs.startswith(ours) if self.operator == "STARTSWITH" else ours in theirs

    def __str__(self) -> str:
        return f"{checked_column(self.column)}{self.operator}{_checked(self.value)}"


def any_of(conditions: Iterable[Condition]) -> str:
    """The query for rows that fulfil one of the conditions, always in the same order.

    Raises:
        UsageError: a value that would change the query, or a column that is none.

    Examples:
        >>> any_of([Condition("name", "=", "web01"), Condition("fqdn", "=", "web01")])
        'name=web01^ORfqdn=web01^ORDERBYsys_id'
        >>> any_of([Condition("name", "=", "x^y")])
        Traceback (most recent call last):
        huntkit.core.errors.UsageError: 'x^y' can't be asked about: it holds '^', ... to ServiceNow
    """
    return "^OR".join(map(str, conditions)) + "^ORDERBYsys_id"


def checked_column(name: str) -> str:
    """The name of a column or table, if it can be one.

    Raises:
        UsageError: it can't.
    """
    if not _COLUMN.fullmatch(name) or len(name) > _LONGEST:
        raise UsageError(f"{name[:60]!r} can't be the name of a column or table of ServiceNow")
    return name


def _checked(value: str) -> str:
    strange = _STRANGE.search(value)
    if strange is not None or not value.strip() or len(value) > _LONGEST:
        why = f"it holds {strange.group()!r}" if strange else "it is empty or too long"
        raise UsageError(
            f"{value[:60]!r} can't be asked about: {why}, which means something else to ServiceNow",
        )
    return value


def _folded(text: str) -> str:
    if text.isascii():
        return text.casefold().strip()
    parts = unicodedata.normalize("NFKD", text)
    return "".join(c for c in parts if not unicodedata.combining(c)).casefold().strip()
