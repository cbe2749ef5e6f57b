"""What is wrong with a query, and where.

KqlError (QueryError)
├── KqlSyntaxError        the text is not KQL
├── KqlNameError          an unknown table, column, function or plugin
├── KqlTypeError          a value of a type that can't stand there
└── KqlUnsupported        right KQL that this engine does not run; never approximated
"""

from huntkit.core.errors import QueryError


class KqlError(QueryError):
    """Something is wrong with a query.

    Attributes:
        line: the line in the text, from 1; 0 where the place is not known.
        column: the character in the line, from 1.
    """

    code = "kql"

    def __init__(self, message: str, *, text: str = "", start: int = 0, hint: str = "") -> None:
        self.line = text.count("\n", 0, start) + 1 if text else 0
        self.column = start - (text.rfind("\n", 0, start) + 1) + 1 if text else 0
        where = f"line {self.line}, column {self.column}: " if text else ""
        super().__init__(
            where + message, hint=hint, context={"line": self.line, "column": self.column}
        )


class KqlSyntaxError(KqlError):
    """The text is not KQL."""

    code = "kql_syntax"


class KqlNameError(KqlError):
    """An unknown table, column, function or plugin, with the nearest names as hint."""

    code = "kql_name"


class KqlTypeError(KqlError):
    """A value of a type that can't stand there."""

    code = "kql_type"


class KqlUnsupported(KqlError):
    """Right KQL that this engine does not run; the message names what it is."""

    code = "kql_unsupported"
