"""Is it in one of the files of indicators that lie here?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Final

import orjson
import polars as pl

from huntkit.core.errors import SettingsError, UsageError
from huntkit.enrich.ti.feed_values import compared
from huntkit.enrich.ti.feeds import Feeds
from huntkit.enrich.ti.provider import SEVERITIES, Facts, Lookup, Severity, TIProvider, worst
from huntkit.enrich.ti.times import moment, ranged, valid_in_range
from huntkit.entities.indicators import IOC_TYPES

_BEGINS: Final = (
    "valid_from", "first_seen", "first_seen_utc", "firstseen", "date_added", "dateadded", "added",
    "created", "date", "timestamp",
)  # fmt: skip
_ENDS: Final = (
    "valid_until", "expires", "expiration", "expiry", "expiration_date", "last_seen",
    "last_seen_utc", "lastseen", "last_online",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class LocalFeedsSettings:
    """Where the files are.

    Attributes:
        files: files and folders: lists, CSV, STIX bundles, MISP exports.
        severity: of indicators whose feed gives no verdict.
        store: the folder for what was read; the cache by default.
    """

    files: tuple[Path, ...] = ()
    severity: Severity = "warning"
    store: Path | None = None

    def __post_init__(self) -> None:
        if self.severity not in SEVERITIES:
            raise UsageError(f"there is no severity {self.severity!r}", hint=", ".join(SEVERITIES))


class LocalFeeds(TIProvider):
    """Files of indicators on this machine; nothing leaves it."""

    name = "LocalFeeds"
    takes: ClassVar = dict.fromkeys(IOC_TYPES, ("",))
    settings = LocalFeedsSettings
    takes_times = True
    internal = True
    kept_s = 0.0  # it is quicker than the cache, and a changed file must count at once
    batch = 200_000
    home = "https://oasis-open.github.io/cti-documentation/"
    terms = "files of your own; their owners' terms hold"

    @cached_property
    def feeds(self) -> Feeds:
        """The files.

        Raises:
            SettingsError: no file is named.
        """
        chosen: LocalFeedsSettings = self.chosen
        if not chosen.files:
            raise SettingsError(
                "LocalFeeds needs files",
                hint="put them into the settings file under TIProviders: LocalFeeds: Args: Files:",
            )
        store = chosen.store or self.session.cache_dir / "ti-feeds"
        return Feeds(chosen.files, severity=chosen.severity, store=store)

    def lacking(self) -> str:
        """Whether no file is named, or one is not there."""
        if not self.chosen.files:
            return "LocalFeeds needs files"
        missing = [repr(str(p)) for p in self.chosen.files if not p.expanduser().exists()]
        return f"there is no feed {', '.join(missing)}" if missing else ""

    def ask(self, lookup: Lookup) -> Facts:
        """What the files say about one indicator."""
        return self.ask_many([lookup])[lookup]

    def ask_many(self, lookups: Sequence[Lookup]) -> Mapping[Lookup, Facts]:
        """What they say about many, by one join."""
        keys = compared(pl.Series("key", [each.value for each in lookups]))
        start = next((each.start for each in lookups if each.start), None)
        now = start or self.session.network.clock.now()  # what was over before then is over
        hits: dict[str, list[dict[str, Any]]] = {}
        for row in self.feeds.find_compared(keys, now=now).iter_rows(named=True):
            hits.setdefault(row["key"], []).append(row)
        return {
            lookup: _facts(lookup, hits[key]) if key in hits else Facts.unknown()
            for lookup, key in zip(lookups, keys, strict=True)
        }


def _facts(lookup: Lookup, hits: Sequence[Mapping[str, Any]]) -> Facts:
    rows = [each for each in hits if not ranged(lookup) or _valid(lookup, each)]
    if not rows:
        why = f"{len(hits)} entries are it, none of the time that was asked about"
        return Facts(found=False, reason=why)
    severity = worst([row["severity"] for row in rows])
    first = next(row for row in rows if row["severity"] == severity)
    raw = [
        {**{n: row[n] for n in ("value", "ioc_type", "feed", "severity", "reason")},
         "details": orjson.loads(row["details"]) if row["details"] else {}}
        for row in rows
    ]  # fmt: skip
    details = {
        "feeds": list(dict.fromkeys(row["feed"] for row in rows)),
        "indicator": first["value"],
        **({"entry": raw[rows.index(first)]["details"]} if first["details"] else {}),
        **({"from_other_times": len(hits) - len(rows)} if len(hits) > len(rows) else {}),
    }
    return Facts(
        severity=severity, reason=f"{first['feed']}: {first['reason']}", details=details, raw=raw
    )


def _valid(lookup: Lookup, row: Mapping[str, Any]) -> bool:
    """On the feed in the time that was asked about, as far as its entry has times."""
    entry = orjson.loads(row["details"]) if row["details"] else {}
    begun = next((entry[name] for name in _BEGINS if moment(entry.get(name))), None)
    ended = next((entry[name] for name in _ENDS if moment(entry.get(name))), None)
    return valid_in_range(lookup, begun, ended)
