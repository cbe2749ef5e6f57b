"""Reading entries of a document: each of the type that it should have, or a fault."""

import re
from collections.abc import Iterable
from typing import Final

from huntkit.core.errors import did_you_mean
from huntkit.sources.queries.documents import Item
from huntkit.sources.queries.faults import Fault

NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


class Entries:
    """The entries of one mapping of a document.

    Args:
        item: the mapping; None and an empty one have no entries.
        what: whose it is, for messages: ``the query list_logons``.
        known: the keys that it may have; empty: any.
        faults: where faults go.
        near: whether any key may stand that is not a misspelt known one.
    """

    def __init__(
        self,
        item: Item | None,
        what: str,
        faults: list[Fault],
        *,
        known: Iterable[str] = (),
        near: bool = False,
    ) -> None:
        self.what = what
        self.line = item.line if item else 1
        self._faults = faults
        self._found: dict[str, tuple[Item, int]] = {}
        if item is None or item.value is None:
            return
        if not isinstance(item.value, dict):
            self.fault(f"{what} is {_kind(item.value)}, not names with values")
            return
        allowed = list(known)
        for key, value, line in item.items():
            hint = did_you_mean(key, allowed) if allowed and key not in allowed else ""
            if allowed and key not in allowed and (hint or not near):
                if not hint and value.value is None:
                    hint = "a text with a comma in {braces} needs quotes"
                hint = hint or f"it may have {', '.join(allowed)}"
                self._faults.append(Fault(line, f"{what} has no {key!r}", hint))
            self._found[key] = (value, line)

    def __contains__(self, key: str) -> bool:
        return key in self._found

    def names(self) -> list[str]:
        """The keys, in order."""
        return list(self._found)

    def item(self, key: str) -> Item | None:
        """The value with its lines."""
        found = self._found.get(key)
        return found[0] if found else None

    def line_of(self, key: str) -> int:
        """The line of a key; of the whole mapping where it is missing."""
        found = self._found.get(key)
        return found[1] if found else self.line

    def fault(self, message: str, *, line: int | None = None, hint: str = "") -> None:
        """Note what is wrong."""
        self._faults.append(Fault(self.line if line is None else line, message, hint))

    def text(self, key: str, *, needed: bool = False) -> str:
        """A text; an empty one where it is missing."""
        found = self._found.get(key)
        if found is None or found[0].value is None:
            if needed:
                self.fault(f"{self.what} has no {key!r}", line=self.line_of(key))
            return ""
        value = found[0].value
        if not isinstance(value, str):
            self.fault(f"{key!r} of {self.what} is {_kind(value)}, not text", line=found[1])
            return ""
        if needed and not value.strip():
            self.fault(f"{key!r} of {self.what} is empty", line=found[1])
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts; one text is a list of one."""
        found = self._found.get(key)
        if found is None or found[0].value is None:
            return ()
        value, line = found
        if isinstance(value.value, str):
            return (value.value,)
        if not isinstance(value.value, list):
            self.fault(f"{key!r} of {self.what} is {_kind(value.value)}, not a list", line=line)
            return ()
        texts = []
        for each in value.value:
            if isinstance(each.value, str):
                texts.append(each.value)
            else:
                shown = each.value if isinstance(each.value, int | float) else "that"
                self.fault(
                    f"{key!r} of {self.what} holds {_kind(each.value)}, not only texts",
                    line=each.line,
                    hint=f"write '{shown}' in quotes",
                )
        return tuple(texts)


def _kind(value: object) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, str):
        return "a text"
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, int | float):
        return "a number"
    if isinstance(value, dict):
        return "names with values"
    return "a list" if isinstance(value, list) else "a date"
