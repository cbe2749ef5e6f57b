"""Every error that crosses the public edge, in one tree.

    HuntkitError
    ├── UsageError (ValueError)             a value that can't be used; the call never started
    │   ├── TimeError                       a time or time span that can't be read
    │   ├── UnknownColumn (KeyError)        no such column, with the nearest names
    │   ├── UnknownTable (KeyError)         no such table, with the nearest names
    │   └── UnknownPlugin (LookupError)     no such plugin of that kind
    ├── SettingsError (ValueError)          one or more faults in a settings file
    ├── MissingExtra (ImportError)          an optional package is not installed
    ├── FormatError (ValueError)            a file is not what it claims, or is damaged
    │   └── LimitReached                    input stopped at a bound of size, ratio, depth or time
    ├── EvidenceError (OSError)             evidence can't be read or written
    ├── QueryError (ValueError)             a query was refused or failed
    │   └── ResultTooLarge                  its answer would not fit in memory
    ├── RequestFailed (ConnectionError)     a service did not answer, or not with what was asked
    │   ├── AccessDenied (PermissionError)  it refused the key, or what the key may do
    │   ├── RateLimited                     it was asked too often; `retry_after` says for how long
    │   ├── TimedOut (TimeoutError)         it took longer than it may
    │   ├── BadReply (ValueError)           it answered with something cut, too large or unreadable
    │   ├── ServiceDown                     it failed so often that it is not asked for a while
    │   └── Offline                         the network is switched off; nothing was sent
    └── Cancelled (RuntimeError)            stopped by the caller; what had arrived is kept

Messages are plain text in the analyst's words; the machine fields are ``code``, ``hint`` and
``context``. Text that came from evidence is quoted by ``repr`` when it enters a message.
"""

import difflib
from collections.abc import Iterable, Mapping
from typing import ClassVar


class HuntkitError(Exception):
    """The root of all huntkit errors.

    Attributes:
        code: a stable name for programs, such as ``unknown_column``.
        hint: what to do now, or an empty text.
        context: the facts behind the message.
    """

    code: ClassVar[str] = "huntkit"

    def __init__(
        self, message: str, *, hint: str = "", context: Mapping[str, object] | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.context: dict[str, object] = dict(context or {})

    def __str__(self) -> str:
        return f"{self.message} ({self.hint})" if self.hint else self.message


class UsageError(HuntkitError, ValueError):
    """A value that can't be used."""

    code = "usage"


class TimeError(UsageError):
    """A time or time span that can't be read."""

    code = "time"


class UnknownColumn(UsageError, KeyError):
    """A column that the table does not have.

    Examples:
        >>> str(UnknownColumn("CommandLin", ["CommandLine", "Image"]))
        "there is no column 'CommandLin' (did you mean 'CommandLine'?)"
    """

    code = "unknown_column"

    def __init__(self, name: str, known: Iterable[str], *, hint: str = "") -> None:
        known = list(known)
        super().__init__(
            f"there is no column {name!r}",
            hint=hint or did_you_mean(name, known),
            context={"column": name, "known": known},
        )


class UnknownTable(UsageError, KeyError):
    """A table that neither the evidence nor a known schema names."""

    code = "unknown_table"

    def __init__(self, name: str, known: Iterable[str], *, hint: str = "") -> None:
        known = list(known)
        super().__init__(
            f"there is no table {name!r}",
            hint=hint or did_you_mean(name, known),
            context={"table": name, "known": known},
        )


class UnknownPlugin(UsageError, LookupError):
    """A plugin that is not there."""

    code = "unknown_plugin"

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        known = list(known)
        super().__init__(
            f"there is no {kind} {name!r}",
            hint=did_you_mean(name, known),
            context={"kind": kind, "name": name, "known": known},
        )


class SettingsError(HuntkitError, ValueError):
    """One or more faults in a settings file, all reported at once."""

    code = "settings"


class MissingExtra(HuntkitError, ImportError):
    """An optional package is not installed; the hint is the line that installs it."""

    code = "missing_extra"

    def __init__(self, package: str, extra: str) -> None:
        super().__init__(
            f"this needs the package {package!r}, which is not installed",
            hint=f'run: pip install "huntkit[{extra}]"',
            context={"package": package, "extra": extra},
        )


class FormatError(HuntkitError, ValueError):
    """A file is not what it claims to be, or is damaged."""

    code = "format"


class LimitReached(FormatError):
    """Input was stopped at a bound: size, ratio, depth, count or time."""

    code = "limit"


class EvidenceError(HuntkitError, OSError):
    """Evidence can't be read or written."""

    code = "evidence"


class QueryError(HuntkitError, ValueError):
    """A query was refused or failed."""

    code = "query"


class ResultTooLarge(QueryError):
    """An answer was not collected, because it would not fit in memory."""

    code = "result_too_large"

    def __init__(self, rows: int, most_bytes: int) -> None:
        super().__init__(
            f"the answer is too large to hold: {rows:,} rows are more than"
            f" {most_bytes / 1_000_000:,.0f} MB, and they are not all of it",
            hint="ask for less (take or LIMIT, fewer columns, count, summarize or GROUP BY);"
            " huntkit query -o FILE.parquet writes an answer of any size; in Python"
            " evidence.sql_pieces and evidence.kql_pieces give it piece by piece, and"
            " evidence.max_result_bytes allows more",
            context={"rows": rows, "most_bytes": most_bytes},
        )


class RequestFailed(HuntkitError, ConnectionError):
    """A service did not answer, or not with what was asked.

    Attributes:
        service: the name of the service that was asked.
        status: the HTTP status that it gave; None where it gave none.
        retry_after: how many seconds it wants to be left alone; None where it did not say.

    Examples:
        >>> problem = RateLimited("too many", service="OTX", status=429, retry_after=30.0)
        >>> isinstance(problem, ConnectionError), problem.service, problem.retry_after
        (True, 'OTX', 30.0)
    """

    code = "request_failed"

    def __init__(
        self,
        message: str,
        *,
        service: str = "",
        status: int | None = None,
        retry_after: float | None = None,
        hint: str = "",
        context: Mapping[str, object] | None = None,
    ) -> None:
        facts = {"service": service, "status": status, "retry_after": retry_after}
        super().__init__(message, hint=hint, context={**facts, **(context or {})})
        self.service = service
        self.status = status
        self.retry_after = retry_after


class AccessDenied(RequestFailed, PermissionError):
    """A service refused the key, or what the key may do."""

    code = "access_denied"


class RateLimited(RequestFailed):
    """A service was asked too often; nobody knows yet what it would have answered."""

    code = "rate_limited"


class TimedOut(RequestFailed, TimeoutError):
    """A service took longer than it may."""

    code = "timed_out"


class BadReply(RequestFailed, ValueError):
    """A service answered with something cut off, too large, or that can't be read."""

    code = "bad_reply"


class ServiceDown(RequestFailed):
    """A service failed so often in a row that it is not asked for a while."""

    code = "service_down"


class Offline(RequestFailed):
    """The network is switched off for this session; nothing was sent."""

    code = "offline"


class Cancelled(HuntkitError, RuntimeError):
    """The caller stopped the work; what had arrived is kept."""

    code = "cancelled"


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A short suggestion of the nearest known names, or an empty text.

    Examples:
        >>> did_you_mean("SecurtyEvent", ["SecurityEvent", "Syslog"])
        "did you mean 'SecurityEvent'?"
        >>> did_you_mean("zzz", ["SecurityEvent"])
        ''
    """
    folded: dict[str, str] = {}
    for each in known:
        folded.setdefault(each.casefold(), each)
    near = [folded[n] for n in difflib.get_close_matches(name.casefold(), folded, n=2, cutoff=0.6)]
    if not near:
        return ""
    return "did you mean " + " or ".join(repr(n) for n in near) + "?"
