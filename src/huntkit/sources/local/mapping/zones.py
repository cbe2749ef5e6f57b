"""How far the clocks of a file's hosts are ahead of UTC, where the events tell it.

A file may hold the events of several sites: a zone between theirs would be nobody's.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import polars as pl

from huntkit.sources.local.mapping import times
from huntkit.sources.local.mapping.values import to_text

_MOST_HOSTS = 10_000  # names come from the log
_ENOUGH = 10  # events of a host: how long each of them took to be received is not known


@dataclass(frozen=True, slots=True)
class Hosts:
    """Whose the events are.

    Attributes:
        names: the hosts, in lower case; each once.
        of: each event's place in ``names``.
    """

    names: list[str]
    of: pl.Series


def hosts_of(raw: Sequence[Any]) -> Hosts:
    """The hosts of events by the names that logs give them.

    Examples:
        >>> hosts = hosts_of(["a", None, "A", "b"])
        >>> hosts.names, hosts.of.to_list()
        (['a', '', 'b'], [0, 1, 0, 2])
    """
    places: dict[Any, int] = {}
    try:
        of = [places.setdefault(name, len(places)) for name in raw]
    except TypeError:  # lists or objects
        return hosts_of([to_text(name) for name in raw])
    names: dict[str, int] = {}
    same = [names.setdefault((to_text(name) or "").lower(), len(names)) for name in places]
    return Hosts(list(names), pl.Series(same, dtype=pl.UInt32)[pl.Series(of, dtype=pl.UInt32)])


class Zones:
    """What the events of one layout have told so far, by host.

    Examples:
        >>> known = pl.Series(["2024-03-01 10:00:00", "2024-03-01 10:00:00"]).str.to_datetime()
        >>> zones = Zones()
        >>> zones.learn(hosts_of(["a", "b"]), known + pl.Series([timedelta(hours=1)] * 2), known)
        >>> zones.ahead(hosts_of(["A", "silent"])).to_list()
        [datetime.timedelta(seconds=3600), datetime.timedelta(seconds=3600)]
    """

    def __init__(self) -> None:
        self._sure: dict[str, timedelta] = {}
        self._likely: dict[str, timedelta] = {}
        self._all: timedelta | None = None  # by the receiving times of all hosts together

    @property
    def is_told(self) -> bool:
        """Whether anything is known of any host."""
        return bool(self._sure or self._likely) or self._all is not None

    def knows(self, hosts: Hosts) -> bool:
        """Whether every one of these hosts told its zone itself."""
        return all(host in self._sure for host in hosts.names)

    def learn(self, hosts: Hosts, local: pl.Series, known: pl.Series) -> None:
        """Take notice of events that carry a local time and their own in UTC."""
        for host, (some, their) in _by_host(hosts, local, known).items():
            offset = times.offset_of(some, their)
            if offset is not None:
                _put(self._sure, host, offset)

    def hear(self, hosts: Hosts, local: pl.Series, received: pl.Series) -> None:
        """Take notice of when events were received, which is later than they happened."""
        if self._all is None:
            self._all = times.offset_of(local, received)
        for host, (some, their) in _by_host(hosts, local, received).items():
            if len(some) < _ENOUGH or host in self._sure or host in self._likely:
                continue
            offset = times.offset_of(some, their)
            if offset is not None and times.agree(some, their, offset) * 2 > len(some):
                _put(self._likely, host, offset)

    def ahead(self, hosts: Hosts) -> pl.Series:
        """How far each event's host is ahead of UTC; null if that is not known.

        A host that tells nothing has what the others have, if they all have the same.
        """
        common = self._common()
        found = [self._sure.get(name, self._likely.get(name, common)) for name in hosts.names]
        return pl.Series("ahead", found, dtype=pl.Duration("us"))[hosts.of]

    def _common(self) -> timedelta | None:
        told = set(self._sure.values()) or set(self._likely.values())
        if not told:
            return self._all
        return next(iter(told)) if len(told) == 1 else None


def _put(offsets: dict[str, timedelta], host: str, offset: timedelta) -> None:
    if host in offsets or len(offsets) < _MOST_HOSTS:
        offsets[host] = offset


def _by_host(
    hosts: Hosts, local: pl.Series, known: pl.Series
) -> dict[str, tuple[pl.Series, pl.Series]]:
    """The pairs of times that are both there, by host."""
    both = local.is_not_null() & known.is_not_null()
    if not both.any():
        return {}
    frame = pl.DataFrame({"host": hosts.of, "local": local, "known": known}).filter(both)
    parts = frame.partition_by("host", maintain_order=True)
    return {hosts.names[part["host"][0]]: (part["local"], part["known"]) for part in parts}
