"""Columns of the commands that say what stands out."""

import warnings
from collections.abc import Callable, Mapping, Sequence

import polars as pl

from huntkit.cli.frame import note
from huntkit.cli.wording import spoken
from huntkit.core.errors import UnknownColumn
from huntkit.tables import roles

# What was done comes first, then who did it.
_DONE = ("action", "event_id", "process_path", "process_name", "dns_query", "url", "file_path")
_BY = ("user", "source_ip")
# Of logons, all that tell of these: who logged on, how, from where, and with what outcome.
_LOGON = ("LogonType", "LogonTypeName")
_ACCOUNT = ("TargetUserName", "AccountName", "TargetAccount", "TargetUser", "Account")
_ADDRESS = ("IpAddress", "RemoteIP", "SourceIP", "ClientIPAddress")
_OUTCOME = ("ActionType", "EventID", "Status")
_LOGON_SHARE = 0.8  # of a table's rows, for it to be one of logons
_FEWEST = 2
_KINDS = 5  # fewer of them say less than the message
_MOST_SHARE = 0.5  # of the rows may differ, for a column that sorts them into kinds


def apart(by: Sequence[str]) -> list[str]:
    """Columns, given one by one or with commas between them."""
    return list(dict.fromkeys(part.strip() for each in by for part in each.split(",") if part))


def check(columns: Sequence[str], rows: pl.DataFrame) -> None:
    """Raise for a column that the table lacks, with those it has."""
    for name in columns:
        if name not in rows.columns:
            raise UnknownColumn(name, rows.columns)


def telling(
    schema: Mapping[str, str], different: Callable[[str], tuple[int, int, int]]
) -> list[str]:
    """The columns that say what was done, and by whom.

    Of logons: the account, the type, the address and the outcome. Of tables that hold nothing of
    the kind, the message; else the column that tells most kinds apart. Never a column that is
    empty, or the same in all rows.

    Args:
        schema: columns and their types.
        different: how many different values a column has, in how many rows, and of how many;
            empty text is no value.
    """
    names = [
        name for name, kind in schema.items() if not name.startswith("_") and kind != "dynamic"
    ]
    if logon := _of_logons(names, different):
        return logon
    done = next((c for c in (roles.resolve(names, r) for r in _DONE) if c and _tells(c, different)),
                None)  # fmt: skip
    who = next((c for c in (roles.resolve(names, r) for r in _BY) if c and _tells(c, different)),
               None)  # fmt: skip
    message = roles.resolve(names, "message")
    if message is not None and different(message)[0] < _FEWEST:
        message = None
    if message is not None and (done is None or different(done)[0] < _KINDS):
        return [message]
    if done or who:
        return [name for name in (done, who) if name]
    texts = [name for name in names if schema[name] in ("string", "bool")]
    kinds = [(different(name)[0], name) for name in texts if _tells(name, different)]
    return [max(kinds)[1]] if kinds else []


def _of_logons(names: Sequence[str], different: Callable[[str], tuple[int, int, int]]) -> list[str]:
    """The columns that tell logons apart; none, unless most rows have a type of logon."""

    def apart_by(column: str) -> bool:
        kinds, held, rows = different(column)
        return kinds + (held < rows) >= _FEWEST and kinds > 0

    def is_filled(column: str) -> bool:
        _, held, rows = different(column)
        return held >= _LOGON_SHARE * max(rows, 1)

    if not any(is_filled(column) for column in _LOGON if column in names):
        return []
    each = (_ACCOUNT, _LOGON, _ADDRESS, _OUTCOME)
    found = [next((c for c in some if c in names and apart_by(c)), None) for some in each]
    return [column for column in found if column]


def _tells(column: str, different: Callable[[str], tuple[int, int, int]]) -> bool:
    """Whether the values sort rows into kinds: neither all the same nor each one its own."""
    kinds, rows, _ = different(column)
    return _FEWEST <= kinds <= max(_FEWEST, rows * _MOST_SHARE)


def noted(name: str, work: Callable[[], pl.DataFrame]) -> pl.DataFrame:
    """The answer; what it warns of goes to stderr with the table's name."""
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        answer = work()
    for warning in heard:
        note(f"huntkit: warning: {name}: {spoken(str(warning.message))}")
    return answer


def score_first(rows: pl.DataFrame) -> pl.DataFrame:
    """The score and the reason in front, and no more digits than say something, for people."""
    first = [name for name in ("score", "reason") if name in rows.columns]
    return _short_numbers(rows.select(*first, pl.exclude(first)) if first else rows)


def _short_numbers(rows: pl.DataFrame) -> pl.DataFrame:
    """Fractions to two places; those below one to three digits that count."""
    return rows.with_columns(
        pl.when(pl.col(name).abs() >= 1)
        .then(pl.col(name).round(2))
        .otherwise(pl.col(name).round_sig_figs(3))
        .alias(name)
        for name, kind in rows.schema.items()
        if kind.is_float()
    )
