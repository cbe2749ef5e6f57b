"""What came of look-ups of context: a row for each value, provider and sub-query."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

import polars as pl

from huntkit.enrich.ti.results import STATUS_CODES, Finding, framed

COLUMNS: Final[Mapping[str, Any]] = {
    "Observable": pl.String,
    "ObservableType": pl.String,
    "SafeObservable": pl.String,
    "QuerySubtype": pl.String,
    "Provider": pl.String,
    "Result": pl.Boolean,
    "Details": pl.String,
    "RawResult": pl.String,
    "Reference": pl.String,
    "Status": pl.String,
    "StatusCode": pl.Int64,
    "CheckedAt": pl.Datetime("us", "UTC"),
    "Cached": pl.Boolean,
}


def context_frame(findings: Iterable[Finding], kind: str) -> Any:
    """The findings as a frame: in pandas ``Details`` and ``RawResult`` are objects, else JSON."""
    return framed([_row(each) for each in findings], COLUMNS, kind)


def _row(finding: Finding) -> dict[str, Any]:
    facts = finding.facts
    details = {"reason": finding.reason} if finding.reason else {}
    return {
        "Observable": finding.item.given,
        "ObservableType": finding.item.ioc_type,
        "SafeObservable": finding.item.value,
        "QuerySubtype": finding.subtype,
        "Provider": finding.provider,
        "Result": finding.status == "ok",
        "Details": details if facts is None else dict(facts.details),
        "RawResult": None if facts is None else facts.raw,
        "Reference": "" if facts is None else facts.reference,
        "Status": finding.status,
        "StatusCode": STATUS_CODES[finding.status],
        "CheckedAt": None if finding.at is None else datetime.fromtimestamp(finding.at, UTC),
        "Cached": finding.cached,
    }
