"""Is it in the threat intelligence of our Microsoft Sentinel workspace?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar, Final, Literal

import orjson
import polars as pl

from huntkit.core.errors import QueryError, RequestFailed, UnknownTable
from huntkit.enrich.ti.feed_values import compared
from huntkit.enrich.ti.feed_verdicts import confident
from huntkit.enrich.ti.kql_provider import KqlTIProvider
from huntkit.enrich.ti.provider import Facts, Lookup, worst
from huntkit.enrich.ti.replies import said
from huntkit.enrich.ti.service_words import MAX_RAW
from huntkit.enrich.ti.stix_patterns import observed

Table = Literal["auto", "ThreatIntelIndicators", "ThreatIntelligenceIndicator"]
_HASHES: Final = ("md5_hash", "sha1_hash", "sha256_hash", "sha512_hash")

# The newest version of an indicator counts, whatever an older one said; so the indicators that
# name a value are found first, and then the newest version of each. Patterns that name several
# things leave ObservableKey empty.
_NEW: Final = """declare query_parameters(
    iocs: dynamic, since: datetime, until: datetime, valid: datetime);
let Named = ThreatIntelIndicators
| where TimeGenerated >= since and TimeGenerated < until
| where ObservableValue in~ (iocs) or (isempty(ObservableKey) and Pattern has_any (iocs))
| distinct Id;
ThreatIntelIndicators
| where TimeGenerated >= since and TimeGenerated < until
| where Id in (Named)
| summarize arg_max(TimeGenerated, *) by Id
| where not(coalesce(Revoked, false)) and not(coalesce(IsDeleted, false))
| where isnull(ValidUntil) or ValidUntil >= valid
| project Id, TimeGenerated, ObservableKey, ObservableValue, Pattern, Confidence, Tags,
    ValidFrom, ValidUntil, SourceSystem, Data"""
_COLUMNS: Final = ("NetworkIP", "NetworkSourceIP", "NetworkDestinationIP", "DomainName", "Url",
                   "FileHashValue", "EmailSenderAddress")  # fmt: skip
_ANY: Final = " or ".join(f"{name} in~ (iocs)" for name in _COLUMNS)
_OLD: Final = f"""declare query_parameters(
    iocs: dynamic, since: datetime, until: datetime, valid: datetime);
let Named = ThreatIntelligenceIndicator
| where TimeGenerated >= since and TimeGenerated < until
| where {_ANY}
| distinct IndicatorId;
ThreatIntelligenceIndicator
| where TimeGenerated >= since and TimeGenerated < until
| where IndicatorId in (Named)
| summarize arg_max(TimeGenerated, *) by IndicatorId
| where coalesce(Active, true) and (isnull(ExpirationDateTime) or ExpirationDateTime >= valid)
| project IndicatorId, TimeGenerated, {", ".join(_COLUMNS)}, ConfidenceScore, ThreatType,
    Description, Tags, ExpirationDateTime, SourceSystem"""


@dataclass(frozen=True, kw_only=True)
class AzSTISettings:
    """Which table is asked.

    Attributes:
        table: ``auto``: the new one, and the old one where there is no new one.
        query_provider: a connected query provider; `use` hands one over, too.
    """

    table: Table = "auto"
    query_provider: Any = None


class AzSTI(KqlTIProvider):
    """Microsoft Sentinel's threat intelligence (``ThreatIntelIndicators``)."""

    name = "AzSTI"
    takes: ClassVar = dict.fromkeys(("ipv4", "ipv6", "dns", "url", "email", *_HASHES), ("",))
    settings = AzSTISettings
    takes_times = True
    kept_s = 3600.0
    home = "https://learn.microsoft.com/azure/sentinel/understand-threat-intelligence"
    terms = "your own workspace"

    def query(self, lookups: Sequence[Lookup]) -> tuple[str, Mapping[str, Any]]:
        """The question to the table that the settings name, the new one by default."""
        start, end = self.span(lookups)
        iocs = list(dict.fromkeys(each.value for each in lookups))
        # What was over before the range that was asked about; without one, what is over by now.
        asked = next((each.start for each in lookups if each.start), None)
        values = {"iocs": iocs, "since": start, "until": end, "valid": asked or end}
        old = self.chosen.table == "ThreatIntelligenceIndicator"
        return (_OLD if old else _NEW), values

    def ask_many(self, lookups: Sequence[Lookup]) -> Mapping[Lookup, Facts]:
        """The facts about many; from the old table where the workspace has no new one."""
        try:
            return super().ask_many(lookups)
        except (UnknownTable, QueryError, RequestFailed) as problem:
            if self.chosen.table != "auto" or "ThreatIntelIndicators" not in str(problem):
                raise
        old = AzSTI(AzSTISettings(table="ThreatIntelligenceIndicator"), self.session)
        old.use(self.runner)
        return old.ask_many(lookups)

    def rows_for(self, lookup: Lookup, rows: Sequence[Mapping[str, Any]]) -> Facts:
        """The rows that are about one indicator; its part of a pattern says less."""
        key = compared(pl.Series([lookup.value]))[0]
        hits = [(row, alone) for row in rows if (alone := _alone(row, key)) is not None]
        if not hits:
            return Facts.unknown()
        judged = [(*_verdict(row, alone=alone), row) for row, alone in hits]
        severity = worst([each for each, _, _ in judged])
        reason, first = next((why, row) for each, why, row in judged if each == severity)
        names = ("Id", "IndicatorId", "Confidence", "ConfidenceScore", "ThreatType", "Description",
                 "Tags", "ValidFrom", "ValidUntil", "ExpirationDateTime", "SourceSystem",
                 "Pattern")  # fmt: skip
        return Facts(
            severity=severity,
            reason=reason,
            details={"indicators": len(hits), **_plain(said(first, *names))},
            raw=[_plain(row) for row, _ in hits[:MAX_RAW]],
        )


def _alone(row: Mapping[str, Any], key: str) -> bool | None:
    """Whether a row's indicator is this value alone; None if it is not about it."""
    pattern = observed(str(row.get("Pattern") or ""))
    named = [row.get(name) for name in ("ObservableValue", *_COLUMNS)]
    texts = [str(value) for value in named if value]
    if texts and key in compared(pl.Series(texts)):
        return not pattern or all(each.alone for each in pattern)
    values = compared(pl.Series([each.value for each in pattern], dtype=pl.String)).to_list()
    return pattern[values.index(key)].alone if key in values else None


def _verdict(row: Mapping[str, Any], *, alone: bool) -> Any:
    given = row.get("Confidence", row.get("ConfidenceScore"))
    if not alone:
        return "information", "only a part of an indicator's pattern"
    if given is None:
        return "warning", "an indicator that gives no confidence"
    return confident(float(given)), f"an indicator with confidence {float(given):g} of 100"


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    """Times as text, JSON text as what it says."""
    made: dict[str, Any] = {}
    for name, value in row.items():
        if isinstance(value, datetime):
            made[name] = value.astimezone(UTC).isoformat()
        elif name == "Data" and isinstance(value, str):
            try:
                made[name] = orjson.loads(value)
            except orjson.JSONDecodeError:
                made[name] = value
        else:
            made[name] = value
    return made
