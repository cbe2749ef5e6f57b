"""Everything that is wrong with a file of queries, with its lines, raised once."""

from collections.abc import Sequence
from dataclasses import dataclass

from huntkit.core.errors import SettingsError
from huntkit.core.text import visible


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong.

    Attributes:
        line: the line in the file, from 1.
        message: what is wrong, with the value.
        hint: what to do, or an empty text.
    """

    line: int
    message: str
    hint: str = ""

    def __str__(self) -> str:
        return f"line {self.line}: {self.message}" + (f" ({self.hint})" if self.hint else "")


class QueryFileError(SettingsError):
    """A file of queries has faults; none of its queries can be used.

    Attributes:
        origin: the file.
        faults: all of them, by line.
    """

    code = "query_file"

    def __init__(self, origin: str, faults: Sequence[Fault]) -> None:
        self.origin = origin
        # What the whole file has is found wrong once for each query.
        self.faults = tuple(sorted(dict.fromkeys(faults), key=lambda each: each.line))
        count = "1 fault" if len(self.faults) == 1 else f"{len(self.faults)} faults"
        lines = "".join(f"\n  {visible(str(each), limit=600)}" for each in self.faults)
        super().__init__(
            f"{origin or 'the queries'}: {count}{lines}",
            context={"origin": origin, "lines": [each.line for each in self.faults]},
        )
