"""Column names that Polars would take for a pattern, and the names that stand in for them.

In ``pl.col``, in ``select``, ``drop``, ``group_by`` and in most methods of a Series, a name from
``^`` to ``$`` is a regular expression over all columns, and ``*`` is all of them. Fields of logs
can be called so, and then a step would read other columns than it was told to. So steps see such
columns under a name that is no pattern, and results derived from it (``<column>_CountryCode``)
lose what was added.
"""

import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass

import polars as pl

from huntkit.core.errors import HuntkitError


def is_pattern(name: str) -> bool:
    """Whether Polars would take the name for more than a name.

    Examples:
        >>> [name for name in ("^a$", "*", "^a", "a$", "") if is_pattern(name)]
        ['^a$', '*']
    """
    return name == "*" or (name.startswith("^") and name.endswith("$"))


def exactly(name: str) -> pl.Expr:
    """The one column of that name, whatever the name looks like.

    For code that works on `to_polars` frames, whose names are the caller's.

    Examples:
        >>> pl.DataFrame({"^a$": [1], "a": [2]}).select(exactly("^a$")).rows()
        [(1,)]
    """
    return pl.selectors.by_name(name).as_expr() if is_pattern(name) else pl.col(name)


@dataclass(frozen=True, slots=True)
class StandIns:
    """The stand-ins of one table: a mark behind every name that Polars would misread.

    The mark is random, so nothing in a log can hold it: wherever it comes back, in a name or in
    a text such as a reason, the step wrote it.

    Attributes:
        mark: what is added; empty where no name needs it.
        names: finds the names that need it, and columns derived from them, in a column name.
    """

    mark: str = ""
    names: re.Pattern[str] | None = None

    @classmethod
    def of(cls, names: Iterable[str]) -> "StandIns":
        """The stand-ins for a table with these columns."""
        odd = sorted({name for name in names if is_pattern(name)}, key=len, reverse=True)
        if not odd:
            return _NONE
        return cls(f"\uf8ff{secrets.token_hex(8)}", re.compile("|".join(map(re.escape, odd))))

    def inner(self, name: str) -> str:
        """The name inside a step.

        A column that is there and looks derived from an odd one (``^a$_City`` beside ``^a$``) is
        marked as well, so that a step sees that its own result would clash with it.
        """
        if self.names is None:
            return name
        return self.names.sub(lambda found: found[0] + self.mark, name)

    def restored(self, text: str) -> str:
        """A name or a message without marks."""
        return text.replace(self.mark, "") if self.mark else text

    def mend(self, problem: HuntkitError) -> None:
        """Take the marks out of what an error of a step tells."""
        if not self.mark:
            return
        problem.message, problem.hint = self.restored(problem.message), self.restored(problem.hint)
        problem.args = tuple(map(self._plain, problem.args))
        problem.context = {key: self._plain(each) for key, each in problem.context.items()}

    def texts_of(self, frame: pl.DataFrame) -> pl.DataFrame:
        """A step's result without marks in its texts; its names are the step's."""
        if not self.mark:
            return frame
        changed = {}
        for column in frame.get_columns():
            plain = column.alias("text")
            if column.dtype == pl.String and plain.str.contains(self.mark, literal=True).any():
                changed[column.name] = plain.str.replace_all(self.mark, "", literal=True)
            elif column.dtype == pl.List(pl.String):
                bare = pl.element().str.replace_all(self.mark, "", literal=True)
                changed[column.name] = plain.list.eval(bare)
        return frame.with_columns(text.alias(name) for name, text in changed.items())

    def _plain(self, value: object) -> object:
        if isinstance(value, str):
            return self.restored(value)
        if isinstance(value, list | tuple):
            return type(value)(map(self._plain, value))
        return value


_NONE = StandIns()
