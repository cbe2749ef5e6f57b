"""Threat indicators of a Sentinel workspace."""

import warnings
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Any, Final

from huntkit.core.errors import UnknownColumn, UsageError, did_you_mean
from huntkit.enrich.azure.management import iso_utc
from huntkit.enrich.azure.outcomes import Sent
from huntkit.enrich.azure.sentinel_workspace import SentinelWorkspace
from huntkit.entities.indicators import flaw, normal_form
from huntkit.tables import to_polars
from huntkit.tables.stand_ins import exactly

_TI: Final = "threatIntelligence/main"
_PATTERNS: Final = {
    "dns": ("domain-name", "domain-name:value"),
    "url": ("url", "url:value"),
    "ipv4": ("ipv4-addr", "ipv4-addr:value"),
    "ipv6": ("ipv6-addr", "ipv6-addr:value"),
    "email": ("email-addr", "email-addr:value"),
    "md5_hash": ("file", "file:hashes.'MD5'"),
    "sha1_hash": ("file", "file:hashes.'SHA-1'"),
    "sha256_hash": ("file", "file:hashes.'SHA-256'"),
}
_ORDERS: Final = ("ascending", "descending", "unsorted")
_CERTAIN: Final = 100
_OURS: Final = {"source": "huntkit", "revoked": False}


class SentinelIndicators(SentinelWorkspace):
    """The part of `MicrosoftSentinel` that deals with threat indicators."""

    def get_all_indicators(self, limit: int | None = None, orderby: str | None = None) -> Any:
        """A row for each indicator, all of them unless `limit` is said.

        Args:
            limit: at most so many.
            orderby: in OData, such as ``lastUpdatedTimeUtc desc``.
        """
        params = {"$orderby": orderby, "$top": str(limit) if limit else None}
        things = self._all(f"{_TI}/indicators", params=params)
        return self.azure.frame(list(islice(things, limit)))

    def get_ti_metrics(self) -> Any:
        """How many indicators there are: ``group metric value`` by type, pattern and source."""
        rows = []
        for each in self._all(f"{_TI}/metrics"):
            for group, counts in each.get("properties", {}).items():
                if isinstance(counts, list):
                    rows += [
                        {"group": group, "metric": count.get("metricName"),
                         "value": count.get("metricValue")}
                        for count in counts
                    ]  # fmt: skip
        return self.azure.frame(rows)

    def get_indicator(self, indicator_id: str) -> dict[str, Any]:
        """One indicator, by its name or id."""
        return self._one(f"{_TI}/indicators/{{name}}", name=_last(indicator_id))

    def create_indicator(
        self,
        indicator: str,
        ioc_type: str,
        name: str = "TI Indicator",
        confidence: int = 0,
        *,
        description: str | None = None,
        labels: Sequence[str] | None = None,
        kill_chain_phases: Sequence[Any] | None = None,
        threat_types: Sequence[str] | None = None,
        external_references: Sequence[Any] | None = None,
        valid_from: datetime | None = None,
        valid_to: datetime | None = None,
    ) -> str:
        """The name of a new indicator. Changes the workspace.

        Args:
            indicator: the address, name, hash ...
            ioc_type: ``dns``, ``url``, ``ipv4``, ``ipv6``, ``email``, ``md5_hash``, ``sha1_hash``
                or ``sha256_hash``.
            name: its displayed name.
            confidence: 0 to 100.
            description: what it is about.
            labels: its tags.
            kill_chain_phases: names, or dictionaries as the API has them.
            threat_types: such as ``malicious-activity``.
            external_references: URLs, or dictionaries as the API has them.
            valid_from: from then on; now by default.
            valid_to: until then.

        Raises:
            UsageError: the text is no indicator of that type, or something else is wrong.
        """
        said = {
            "name": name, "confidence": confidence, "description": description, "labels": labels,
            "kill_chain_phases": kill_chain_phases, "threat_types": threat_types,
            "external_references": external_references, "valid_to": valid_to,
            "valid_from": valid_from if valid_from is not None else self._now,
        }  # fmt: skip
        return self._created({**_pattern(indicator, ioc_type), **_facts(said), **_OURS})

    def bulk_create_indicators(
        self,
        data: Any,
        indicator_column: str = "Observable",
        indicator_type_column: str = "IoCType",
        *,
        confidence_column: str | None = None,
        name: str = "TI Indicator",
    ) -> Any:
        """Make an indicator of each row; a row for each says what became of it.

        Equal rows are sent once. What is no indicator that Sentinel takes is not sent, and said.

        Args:
            data: any frame, such as what `iocs` gives.
            indicator_column: where the indicators are.
            indicator_type_column: where their types are.
            confidence_column: where their confidence is, 0 to 100.
            name: their displayed name.

        Returns:
            A frame: ``row name outcome status error``; `outcome` is ``went``, ``failed``,
            ``unknown`` or ``not sent``. If not all went you are warned.

        Raises:
            UnknownColumn: the frame has no such column.
            RequestFailed: nothing went.
        """
        table = to_polars(data)
        columns = [indicator_column, indicator_type_column]
        columns += [confidence_column] if confidence_column else []
        for each in columns:
            if each not in table.columns:
                raise UnknownColumn(each, table.columns)
        rows = table.select(map(exactly, columns)).rows()
        items: list[dict[str, Any]] = []
        sent: list[Sent] = []
        seen: dict[tuple[Any, ...], int] = {}
        for number, row in enumerate(rows):
            facts, why = _of_row(row, name, self._now)
            if not why and row[:2] in seen:
                why = f"the same as row {seen[row[:2]]}"
            seen.setdefault(row[:2], number)
            items.append(facts)
            sent.append(Sent(number, error=why or None))
        found, rest = self._send_rows(items, self._created, sent, "creating indicators")
        if rest:
            warnings.warn(f"not all indicators went: {rest}", stacklevel=2)
        return found

    def update_indicator(
        self,
        indicator_id: str,
        *,
        name: str | None = None,
        confidence: int | None = None,
        description: str | None = None,
        labels: Sequence[str] | None = None,
        kill_chain_phases: Sequence[Any] | None = None,
        threat_types: Sequence[str] | None = None,
        external_references: Sequence[Any] | None = None,
        valid_from: datetime | None = None,
        valid_to: datetime | None = None,
        revoked: bool | None = None,
    ) -> dict[str, Any]:
        """Change an indicator, unless somebody changed it since; what is not said stays.

        Raises:
            RequestFailed: with status 412: it was changed by somebody else in between.
        """
        now = self.get_indicator(indicator_id)
        said = {
            "name": name, "confidence": confidence, "description": description, "labels": labels,
            "kill_chain_phases": kill_chain_phases, "threat_types": threat_types,
            "external_references": external_references, "valid_from": valid_from,
            "valid_to": valid_to,
        }  # fmt: skip
        facts = {**now.get("properties", {}), **_facts(said)}
        if revoked is not None:
            facts["revoked"] = revoked
        etag = now.get("etag")
        body = {"kind": "indicator", "properties": facts, **({"etag": etag} if etag else {})}
        changed: dict[str, Any] = self._send(
            "PUT", f"{_TI}/indicators/{{name}}", name=_last(indicator_id), body=body, etag=etag,
            repeatable=False,
        ).json()  # fmt: skip
        return changed

    def add_tag(self, indicator_id: str, tag: str) -> None:
        """Put a tag on an indicator, beside those it has. Changes the workspace."""
        self._send(
            "POST", f"{_TI}/indicators/{{name}}/appendTags", name=_last(indicator_id),
            body={"threatIntelligenceTags": [tag]}, repeatable=True,
        )  # fmt: skip

    def delete_indicator(self, indicator_id: str) -> None:
        """Delete an indicator. Changes the workspace."""
        self._send("DELETE", f"{_TI}/indicators/{{name}}", name=_last(indicator_id))

    def query_indicators(
        self,
        *,
        include_disabled: bool = False,
        keywords: Sequence[str] | str | None = None,
        min_confidence: int = 0,
        max_confidence: int = 100,
        min_valid_until: datetime | str | None = None,
        max_valid_until: datetime | str | None = None,
        page_size: int | None = None,
        pattern_types: Sequence[str] | None = None,
        sort_by: Sequence[Mapping[str, str]] | Mapping[str, str] | None = None,
        sources: Sequence[str] | None = None,
        threat_types: Sequence[str] | None = None,
        limit: int | None = None,
    ) -> Any:
        """A row for each indicator that fits, all pages of them.

        Args:
            include_disabled: revoked ones too.
            keywords: words that they hold.
            min_confidence: 0 to 100.
            max_confidence: 0 to 100.
            min_valid_until: those that end then or later.
            max_valid_until: those that end then or before.
            page_size: how many come at once.
            pattern_types: such as ``url``, ``file``, ``ipv4-addr``.
            sort_by: ``{"itemKey": "lastUpdatedTimeUtc", "sortOrder": "descending"}``.
            sources: who gave them.
            threat_types: such as ``malicious-activity``.
            limit: at most so many.
        """
        criteria: dict[str, Any] = {
            "includeDisabled": include_disabled,
            "keywords": [keywords] if isinstance(keywords, str) else keywords,
            "minConfidence": _confidence(min_confidence),
            "maxConfidence": _confidence(max_confidence),
            "minValidUntil": _time(min_valid_until), "maxValidUntil": _time(max_valid_until),
            "pageSize": page_size, "patternTypes": pattern_types, "sortBy": _sorting(sort_by),
            "sources": sources, "threatTypes": threat_types,
        }  # fmt: skip
        body = {key: value for key, value in criteria.items() if value is not None}
        found: Iterator[dict[str, Any]] = self._all(
            f"{_TI}/queryIndicators", method="POST", body=body, repeatable=True
        )
        return self.azure.frame(list(islice(found, limit)))

    def _created(self, facts: dict[str, Any]) -> str:
        body = {"kind": "indicator", "properties": facts}
        made = self._send("POST", f"{_TI}/createIndicator", body=body, repeatable=False).json()
        return str(made["name"])

    @property
    def _now(self) -> datetime:
        return self._used.network.clock.now()


def _last(name: str) -> str:
    return name.rstrip("/").rsplit("/", 1)[-1]


def _pattern(indicator: str, ioc_type: str) -> dict[str, str]:
    """The STIX pattern of an indicator, whose text can't end its quotes."""
    if ioc_type not in _PATTERNS:
        raise UsageError(
            f"Sentinel takes no indicators of type {ioc_type!r:.60}",
            hint=did_you_mean(ioc_type, _PATTERNS) or f"it takes: {', '.join(_PATTERNS)}",
        )
    if why := flaw(ioc_type, indicator):
        raise UsageError(f"{indicator!r:.100} is no {ioc_type}: {why}")
    kind, path = _PATTERNS[ioc_type]
    value = (normal_form(ioc_type, indicator) or "").replace("\\", "\\\\").replace("'", "\\'")
    return {"pattern": f"[{path} = '{value}']", "patternType": kind}


def _of_row(row: Sequence[Any], name: str, now: datetime) -> tuple[dict[str, Any], str]:
    """What is sent for a row, or why nothing is."""
    try:
        facts = _pattern(str(row[0] or ""), str(row[1] or ""))
        confidence = int(row[2]) if len(row) > 2 and row[2] is not None else 0
        more = _facts({"name": name, "confidence": confidence, "valid_from": now})
    except (UsageError, ValueError) as problem:
        return {}, str(problem)
    return {**facts, **more, **_OURS}, ""


def _facts(said: Mapping[str, Any]) -> dict[str, Any]:
    """What was said, in the API's words; what was not (None) is left out."""
    facts = {
        "displayName": said.get("name"),
        "confidence": _confidence(said.get("confidence")),
        "description": said.get("description"),
        "threatIntelligenceTags": _listed(said.get("labels")),
        "killChainPhases": _named(
            said.get("kill_chain_phases"), "phaseName", killChainName="lockheed-martin"
        ),
        "threatTypes": _listed(said.get("threat_types")),
        "externalReferences": _named(said.get("external_references"), "url"),
        "validFrom": _time(said.get("valid_from")),
        "validUntil": _time(said.get("valid_to")),
    }
    return {key: value for key, value in facts.items() if value is not None}


def _listed(words: Sequence[str] | str | None) -> list[str] | None:
    if words is None:
        return None
    return [words] if isinstance(words, str) else list(words)


def _named(things: Sequence[Any] | None, key: str, **beside: str) -> list[Any] | None:
    if things is None:
        return None
    return [{key: each, **beside} if isinstance(each, str) else dict(each) for each in things]


def _confidence(value: int | None) -> int | None:
    if value is not None and not 0 <= value <= _CERTAIN:
        raise UsageError(f"a confidence of {value} is not between 0 and 100")
    return value


def _time(moment: datetime | str | None) -> str | None:
    return iso_utc(moment) if isinstance(moment, datetime) else moment


def _sorting(
    wanted: Sequence[Mapping[str, str]] | Mapping[str, str] | None,
) -> list[dict[str, str]] | None:
    if wanted is None:
        return None
    several = [wanted] if isinstance(wanted, Mapping) else list(wanted)
    for each in several:
        if not isinstance(each, Mapping) or each.get("sortOrder") not in _ORDERS:
            raise UsageError(
                "sort_by is no sorting",
                hint='{"itemKey": "lastUpdatedTimeUtc", "sortOrder": "descending"}',
            )
    return [dict(each) for each in several]
