"""DuckDB statements that only read.

What DuckDB calls a SELECT may write: a common table expression may hold COPY, INSERT, UPDATE or
DELETE, and some table functions run a text of their own. Files that the engine must read (parts of
evidence, a database) are on its list of allowed paths, and it would also write to these.
"""

import re

import duckdb

from huntkit.core.errors import QueryError

_READING = {duckdb.StatementType.SELECT, duckdb.StatementType.RELATION}
# In the parser's JSON a quote inside of a text has a backslash, so that no text can look like this.
_WRITES = re.compile(r'"type":"([A-Z]+)_QUERY_NODE"')
_RUNS = re.compile(
    r'"function_name":"(query|json_execute_serialized_sql|[a-z_]*external_resource[a-z_]*)"',
    re.IGNORECASE,
)


def reading_statement(
    connection: duckdb.DuckDBPyConnection,
    text: str,
    *,
    refusal: type[QueryError] = QueryError,
) -> duckdb.Statement:
    """The one statement of a text, if it only reads.

    Args:
        connection: asked what the text means; nothing of the text runs.
        text: SQL.
        refusal: the error to raise.

    Raises:
        QueryError: not SQL, not one statement, or one that writes or runs other texts.

    Examples:
        >>> reading_statement(duckdb.connect(), "FROM range(3)").type.name
        'SELECT'
        >>> reading_statement(duckdb.connect(), "WITH x AS (COPY t TO 'a.csv') FROM x")
        Traceback (most recent call last):
        ...
        huntkit.core.errors.QueryError: only statements that read are run, not COPY (start with ...
    """
    if not isinstance(text, str) or not _is_unicode(text):
        raise refusal("this is not SQL: not a text, or half of a character in it")
    try:
        statements = duckdb.extract_statements(text)
    except duckdb.Error as failure:
        raise refusal(f"this is not SQL: {short(failure)}") from failure
    if len(statements) != 1:
        raise refusal(f"give one SQL statement, not {len(statements)}")
    if statements[0].type not in _READING:
        raise _not_reading(refusal, statements[0].type.name)
    meaning = _meaning(connection, text, refusal)
    if hit := _WRITES.search(meaning):
        raise _not_reading(refusal, hit[1])
    if hit := _RUNS.search(meaning):
        raise refusal(f"the function {hit[1]} is not run: it may do more than read")
    return statements[0]


def _meaning(connection: duckdb.DuckDBPyConnection, text: str, refusal: type[QueryError]) -> str:
    """The parsed statement as JSON."""
    try:
        rows = connection.execute("SELECT json_serialize_sql(?)", [text]).fetchall()
    except duckdb.Error as failure:
        raise refusal(f"this is not SQL: {short(failure)}") from failure
    found = str(rows[0][0])
    if not found.startswith('{"error":false'):
        raise refusal("what this statement does can't be told, so it is not run")
    return found


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:  # a lone surrogate
        return False
    return True


def _not_reading(refusal: type[QueryError], kind: str) -> QueryError:
    return refusal(
        f"only statements that read are run, not {kind}",
        hint="start with SELECT, FROM, WITH, VALUES, DESCRIBE or SUMMARIZE",
    )


def short(failure: Exception) -> str:
    """The engine's message without its own suggestions of other catalogs."""
    return str(failure).split("\n\n")[0].split("\nDid you mean")[0].strip()
