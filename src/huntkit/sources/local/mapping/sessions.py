"""Logons in what osquery lists of sessions: its tables `last` and `logged_in_users`."""

import re
from collections.abc import Sequence
from typing import Any

from huntkit.sources.local.mapping.values import ip_type, to_text

Row = dict[str, Any]

# https://osquery.io/schema/: both have these; queries may leave out others.
_NEEDED = frozenset({"tty", "time", "type"})
_CAME_IN = frozenset({"7", "user-process", "user", "active", "disconnected"})
_MOST = 200_000  # sessions that are remembered
_NAME = re.compile(r"[\w.-]+$")


class Sessions:
    """Finds the logons in the rows of one file: a session counts once, however often it is listed.

    Rows that tell of its end count too: they hold when it began, and it may have begun before the
    first listing.
    """

    def __init__(self) -> None:
        self._seen: set[tuple[str, ...]] = set()

    def of(
        self, table: str, rows: Sequence[Row], numbers: Sequence[int]
    ) -> tuple[list[Row], list[int]]:
        """The logons as records for the mapping file, and their numbers.

        Examples:
            >>> listed = {"Computer": "pc1", "username": "al", "tty": "pts/0", "pid": "7",
            ...           "type": "7", "time": "1678962421", "host": "203.0.113.9"}
            >>> rows, numbers = Sessions().of("Osquery_last", [listed, listed], [1, 2])
            >>> rows[0]["user"], rows[0]["address"], numbers
            ('al', '203.0.113.9', [1])
        """
        found: list[tuple[Row, int]] = []
        for row, number in zip(rows, numbers, strict=True):
            user = to_text(row.get("username") or row.get("user"))
            if not user or not row.keys() >= _NEEDED:
                continue
            if (to_text(row["type"]) or "").lower() not in _CAME_IN:
                continue
            session = tuple(
                to_text(each) or ""
                for each in (row.get("Computer"), user, row["tty"], row.get("pid"), row["time"])
            )
            if session in self._seen:
                continue
            if len(self._seen) >= _MOST:
                self._seen.clear()
            self._seen.add(session)
            found.append((_logon(table, row, user), number))
        return [row for row, _ in found], [number for _, number in found]


def _logon(table: str, row: Row, user: str) -> Row:
    source = to_text(row.get("host")) or ""
    address = source if ip_type(source) else ""
    name = source if not address and _NAME.match(source) else ""
    return {
        "time": row["time"],
        "host": row.get("Computer"),
        "user": user,
        "address": address,
        "name": name,
        "kind": "Network" if address or name else "",
        "program": row.get("name"),
        "command": row.get("cmdline"),
        "pid": row.get("pid"),
        "tty": row["tty"],
        "type": row["type"],
        "source": source,
        "table": table,
    }
