"""What can go wrong when a source is asked.

HuntkitError
├── UsageError
│   └── NotConnected        a source that must be connected first
└── QueryError
    ├── QueryRefused        asking the same again would be refused again
    └── PartialAnswer       part of the answer is missing, and the caller wanted all or nothing
"""

from collections.abc import Sequence
from typing import Any

from huntkit.core.errors import QueryError, UsageError


class NotConnected(UsageError):
    """A source that must be connected before it is asked."""

    code = "not_connected"


class QueryRefused(QueryError):
    """The source understood the query and refused it: wrong syntax, unknown table, no right.

    The kernel asks again after every other failure, never after this one.
    """

    code = "query_refused"


class PartialAnswer(QueryError):
    """Part of the answer is missing.

    Attributes:
        rows: what did arrive, as the frame that would have been given.
        gaps: what is missing, and why.
    """

    code = "partial_answer"

    def __init__(self, gaps: Sequence[str], rows: Any) -> None:
        super().__init__(
            f"the answer is not complete: {'; '.join(gaps)}",
            hint="what did arrive is in the error's .rows",
            context={"gaps": list(gaps)},
        )
        self.gaps = tuple(gaps)
        self.rows = rows


class PartialAnswerWarning(UserWarning):
    """Rows are missing from an answer; the text says which, and why."""
