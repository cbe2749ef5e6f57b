"""Passwords that were guessed: how a burst of failed logons is told.

Many accounts with few tries each are password spraying (ATT&CK T1110.003), one account with many
tries is password guessing (T1110.001).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import polars as pl

SPRAYING: Final = "Password spraying"
GUESSING: Final = "Password guessing"
_FEWEST_ACCOUNTS: Final = 5
_MOST_EACH: Final = 3.0  # tries of an account; more lock it where anybody set that up
_FEWEST_TRIES: Final = 10  # of one account
_BY_MACHINE: Final = timedelta(seconds=60)  # in which nobody mistypes as many
_AGAIN: Final = timedelta(seconds=5)
_NAMED: Final = 5


@dataclass(frozen=True, slots=True)
class Way:
    """What a burst is: its kind, and why it counts at whatever rate others failed, if it does."""

    kind: str
    machine: str = ""


def way_of(burst: pl.DataFrame) -> Way:
    """How passwords were tried, by ``t`` (in order) and ``account`` of the failures.

    Examples:
        >>> from datetime import datetime
        >>> t = [datetime(2026, 3, 3, 8, 0, n) for n in range(12)]
        >>> way_of(pl.DataFrame({"t": t, "account": list("abcdefghijkl")})).kind
        'Password spraying'
        >>> way_of(pl.DataFrame({"t": t, "account": "bo"})).kind
        'Password guessing'
        >>> way_of(pl.DataFrame({"t": t, "account": ["bo", "al"] * 6})).kind
        'Failed logons'
    """
    accounts = burst["account"].n_unique()
    # Windows that overlap by half: what lies within half a minute is never cut in two.
    windows = burst.group_by_dynamic("t", every=_BY_MACHINE / 2, period=_BY_MACHINE).agg(
        pl.col("account").n_unique().alias("accounts"), pl.len().alias("tries")
    )
    if accounts >= _FEWEST_ACCOUNTS and burst.height / accounts <= _MOST_EACH:
        fast = bool((windows["accounts"] >= _FEWEST_ACCOUNTS).any())
        told = f"{_FEWEST_ACCOUNTS} accounts and more within a minute are no typing errors"
        return Way(SPRAYING, f"{told} (ATT&CK T1110.003)" if fast else "")
    if accounts == 1 and burst.height >= _FEWEST_TRIES:
        fast = bool((windows["tries"] >= _FEWEST_TRIES).any())
        told = f"{_FEWEST_TRIES} tries and more within a minute are no typing errors"
        return Way(GUESSING, f"{told} (ATT&CK T1110.001)" if fast else "")
    return Way("Failed logons")


def told(burst: pl.DataFrame, accounts: Sequence[str], spent: str) -> str:
    """The burst in one line: how many accounts and failures, from where, by whom."""
    named = ", ".join(accounts[:_NAMED])
    if len(accounts) > _NAMED:
        named += f" and {len(accounts) - _NAMED:,} more"
    return (
        f"{_counted(burst, len(accounts))}, from {burst['source'][0]} within {spent}{_by(burst)}: "
        f"{named}"
    )


def _counted(burst: pl.DataFrame, accounts: int) -> str:
    if accounts == 1:
        return f"1 account, {burst.height:,} failures"
    most = burst.group_by("account").len()["len"].sort()
    if most[0] == most[-1]:
        each = f"{most[0]:,} {'failure' if most[0] == 1 else 'failures'} each"
    else:
        each = f"{burst.height:,} failures, at most {most[-1]:,} each"
    return f"{accounts:,} accounts, {each}"


def _by(burst: pl.DataFrame) -> str:
    """The program and the account that tried, where all of the burst name the same."""
    ways = burst.select("program", "caller").unique()
    if ways.height != 1:
        return ""
    program, caller = ways.row(0)
    return (f" by {program}" if program else "") + (f" as {caller}" if caller else "")


def why_failed(burst: pl.DataFrame) -> str:
    """The reasons that the records give, the most frequent first."""
    counted = (
        burst.filter(pl.col("reason") != "")
        .group_by("reason")
        .len()
        .sort("len", "reason", descending=[True, False])
    )
    named = [f"{reason} ({count:,})" for reason, count in counted.head(_NAMED).iter_rows()]
    return f"; {', '.join(named)}" if named else ""


def also_told(burst: pl.DataFrame, again: pl.DataFrame) -> str:
    """How many of these tries the domain controller tells of too, or alone."""
    first, last = burst["t"][0] - _AGAIN, burst["t"][-1] + _AGAIN
    accounts = burst["account"].unique().to_list()
    same = again.filter(pl.col("t").is_between(first, last), pl.col("account").is_in(accounts))
    alone = burst.filter(pl.col("seen") == "controller").height
    told = (
        f"; the domain controller tells of them too, in {same.height:,} events"
        if same.height
        else ""
    )
    return told + (f"; {alone:,} told by the domain controller alone" if alone else "")
