"""Each host under one name in all that a report says, however its logs call it."""

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import polars as pl

from huntkit.report.connections import Connections
from huntkit.report.logons import Logons
from huntkit.report.names import same_host
from huntkit.report.standouts import Standouts
from huntkit.tables import roles

if TYPE_CHECKING:
    from huntkit.report.facts import Facts

_SPAN: Final = (pl.col("First").min(), pl.col("Last").max())


class HostNames:
    """The name under which each host of some evidence is shown.

    Args:
        hosts: a name for each host, a short one only where no single full name is its own.
    """

    def __init__(self, hosts: Iterable[str]) -> None:
        self._shown = {name.lower(): name for name in hosts}
        shorts = {name.partition(".")[0] for name in self._shown} - set(self._shown)
        for short, full in same_host([*self._shown, *shorts]).items():
            self._shown[short] = self._shown[full]

    def of(self, name: str) -> str:
        """The name that is shown; names of no known host stay.

        Examples:
            >>> names = HostNames(["WS5.a.example", "dc.a.example", "dc.b.example", "DC"])
            >>> names.of("ws5"), names.of("dc"), names.of("dc.B.example"), names.of("other")
            ('WS5.a.example', 'DC', 'dc.b.example', 'other')
        """
        return self._shown.get(name.lower(), name)

    def of_finding(self, host: str) -> str:
        """The same for a finding's host, which may be "ws5 and 3 more"."""
        first, others, more = host.partition(" and ")
        return self.of(first) + others + more

    def column(self, frame: pl.DataFrame, name: str) -> pl.DataFrame:
        """The frame with a column of names, or of lists of them, as they are shown."""
        if name not in frame.columns or not frame.height:
            return frame
        given = frame[name]
        listed = given.dtype == pl.List(pl.String)
        if not listed and given.dtype != pl.String:
            return frame
        known = (given.explode() if listed else given).drop_nulls().unique()
        changed = {each: shown for each in known if (shown := self.of(each)) != each}
        if not changed:
            return frame
        column = pl.col(name)
        if listed:
            renamed = pl.element().replace(changed).unique().sort()
            return frame.with_columns(column.list.eval(renamed))
        return frame.with_columns(column.replace(changed))


def under_one_name(facts: "Facts") -> None:
    """Put the shown names into all that was found, and count what is the same then once.

    The tables of the evidence keep their values: this is done when nothing asks them any more.
    """
    names = HostNames(facts.hosts["Host"] if facts.hosts.height else ())
    for each in ("notable", "encoded", "risky"):
        setattr(facts, each, names.column(getattr(facts, each), "Host"))
    facts.risky = _seen(names.column(facts.risky, "Hosts"), names)
    facts.tables = names.column(facts.tables, "hosts")
    facts.failed_logons = _failed(names.column(facts.failed_logons, "Host"))
    if host := roles.resolve(facts.processes.columns, "host"):
        facts.processes = names.column(facts.processes, host)
    facts.branches = [replace(each, host=names.of(each.host)) for each in facts.branches]
    facts.logons = _logons(facts.logons, names)
    facts.connections = _connections(facts.connections, names)
    facts.standouts = _standouts(facts.standouts, names)


def _failed(rows: pl.DataFrame) -> pl.DataFrame:
    by = [name for name in rows.columns if name not in ("Failures", "First", "Last")]
    if not rows.height or not rows.select(by).is_duplicated().any():
        return rows
    summed = rows.group_by(by).agg(pl.col("Failures").sum(), *_SPAN).select(rows.columns)
    return summed.sort("Failures", *by, descending=[True, *(False for _ in by)])


def _seen(risky: pl.DataFrame, names: HostNames) -> pl.DataFrame:
    """What was seen on each host: structs, in which the host has a name as well."""
    if "Seen" not in risky.columns or not risky.height:
        return risky
    hosts = risky["Seen"].explode().struct.field("Host").drop_nulls().unique()
    changed = {each: shown for each in hosts if (shown := names.of(each)) != each}
    if not changed:
        return risky
    renamed = pl.element().struct.with_fields(pl.field("Host").replace(changed))
    return risky.with_columns(pl.col("Seen").list.eval(renamed))


def _logons(logons: Logons, names: HostNames) -> Logons:
    pairs = names.column(logons.pairs, "Host")
    by = ["Account", "Host", "Source", "Type", "SourceHost"]
    if pairs.height and pairs.select(by).is_duplicated().any():
        counts = pl.col("Logons", "Failed")
        summed = pairs.group_by(by).agg(counts.sum(), *_SPAN).select(pairs.columns)
        pairs = summed.sort(
            "Logons", "Failed", *by, descending=[True, True, False, False, False, False, False]
        )
    # Addresses' hosts are in lower case, and so they are drawn.
    pairs = names.column(pairs, "SourceHost").with_columns(pl.col("SourceHost").str.to_lowercase())
    return replace(logons, pairs=pairs, sessions=names.column(logons.sessions, "Host"))


def _connections(found: Connections, names: HostNames) -> Connections:
    return replace(
        found,
        programs=names.column(found.programs, "hosts"),
        hosts=names.column(found.hosts, "hosts"),
    )


def _standouts(found: Standouts, names: HostNames) -> Standouts:
    named = [replace(each, host=names.of_finding(each.host)) for each in found.findings]
    return replace(found, findings=named)
