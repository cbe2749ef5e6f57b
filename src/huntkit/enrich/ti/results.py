"""What came of look-ups: a row for each indicator, provider and sub-query."""

import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Literal

import orjson
import polars as pl

from huntkit.core.callers import caller_level
from huntkit.core.errors import HuntkitError, RateLimited
from huntkit.enrich.ti.benign import benign_note
from huntkit.enrich.ti.inputs import Item
from huntkit.enrich.ti.provider import SEVERITIES, Facts
from huntkit.enrich.ti.service_words import web_link
from huntkit.tables import as_kind

_MAX_REASON: Final = 300  # of a warning; the row has all of it

Status = Literal[
    "ok", "not found", "not supported", "bad input", "refused", "rate limited", "failed"
]

# The numbers that notebooks know: 0 ok, 1 not supported, 2 bad format, 3 query failed, 4 no data,
# 10 other.
STATUS_CODES: Final[Mapping[Status, int]] = {
    "ok": 0,
    "not supported": 1,
    "bad input": 2,
    "failed": 3,
    "rate limited": 3,
    "not found": 4,
    "refused": 10,
}

COLUMNS: Final[Mapping[str, Any]] = {
    "Ioc": pl.String,
    "IocType": pl.String,
    "SafeIoc": pl.String,
    "QuerySubtype": pl.String,
    "Provider": pl.String,
    "Result": pl.Boolean,
    "Severity": pl.String,
    "Details": pl.String,
    "RawResult": pl.String,
    "Reference": pl.String,
    "Status": pl.String,
    "StatusCode": pl.Int64,
    "CheckedAt": pl.Datetime("us", "UTC"),
    "Cached": pl.Boolean,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one provider said about one indicator, or why it said nothing.

    Attributes:
        item: the indicator.
        provider: whose answer it is.
        subtype: which sub-query was meant.
        status: what came of it.
        facts: the answer; None unless there is one.
        reason: why there is none.
        at: when it was asked, in seconds since 1970; None if nobody was.
        cached: it was asked earlier.
    """

    item: Item
    provider: str
    subtype: str
    status: Status
    facts: Facts | None = None
    reason: str = ""
    at: float | None = None
    cached: bool = False


def answered(item: Item, provider: str, subtype: str, facts: Facts, at: float) -> Finding:
    """The finding for an answer."""
    status: Status = "ok" if facts.found else "not found"
    return Finding(item=item, provider=provider, subtype=subtype, status=status, facts=facts, at=at)


def fault_of(facts: Facts) -> str:
    """What is wrong with the form of an answer; empty where nothing is.

    Examples:
        >>> fault_of(Facts(severity="high")), fault_of(Facts(severity="bad"))
        ('', "the severity 'bad', which is none of unknown, information, warning, high")
    """
    details: Any = facts.details  # whatever its type says, providers of others write it
    reason: Any = facts.reason
    if facts.severity not in SEVERITIES:
        return f"the severity {facts.severity!r}, which is none of {', '.join(SEVERITIES)}"
    if not isinstance(details, Mapping):
        return f"details that are no mapping, but {type(details).__name__}"
    if not isinstance(reason, str):
        return f"a reason that is no text, but {type(reason).__name__}"
    return ""


def failed(item: Item, provider: str, subtype: str, problem: BaseException, at: float) -> Finding:
    """The finding for an error."""
    status: Status = "rate limited" if isinstance(problem, RateLimited) else "failed"
    reason = str(problem) if isinstance(problem, HuntkitError) else _unforeseen(problem)
    return Finding(
        item=item, provider=provider, subtype=subtype, status=status, reason=reason, at=at
    )


def _unforeseen(problem: BaseException) -> str:
    return f"the provider's reply could not be read: {type(problem).__name__}: {problem}"[:500]


def frame_of(findings: Iterable[Finding], kind: str) -> Any:
    """The findings as a frame.

    In pandas ``Details`` and ``RawResult`` are Python objects, as notebooks know them; in other
    frames they are JSON text.
    """
    return framed([_row(each) for each in findings], COLUMNS, kind)


def framed(rows: list[dict[str, Any]], columns: Mapping[str, Any], kind: str) -> Any:
    """Rows as a frame with these columns; the two that hold objects as `frame_of` says."""
    if kind != "pandas":
        texts = [{**r, "Details": _json(r["Details"]), "RawResult": _json(r["RawResult"])}
                 for r in rows]  # fmt: skip
        return as_kind(pl.DataFrame(texts, schema=dict(columns), orient="row"), kind)
    plain = {n: t for n, t in columns.items() if n not in ("Details", "RawResult")}
    table = pl.DataFrame([{n: r[n] for n in plain} for r in rows], schema=plain, orient="row")
    made = as_kind(table, "pandas")
    for place, name in enumerate(columns):
        if name not in plain:
            made.insert(place, name, [row[name] for row in rows])
    return made


def warn_of_failures(findings: Iterable[Finding]) -> None:
    """Warn of what was not answered, in the name of whoever called the look-up."""
    counts: dict[tuple[str, str], int] = {}
    reasons: dict[tuple[str, str], str] = {}
    for each in findings:
        if each.status in ("failed", "rate limited"):
            key = (each.provider, each.status)
            counts[key] = counts.get(key, 0) + 1
            if each.reason:
                reasons.setdefault(key, " ".join(each.reason.split())[:_MAX_REASON])
    if counts:
        told = "; ".join(
            f"{key[0]}: {n:,} {key[1]}" + (f" ({reasons[key]})" if key in reasons else "")
            for key, n in counts.items()
        )
        warnings.warn(f"not everything was answered: {told}", stacklevel=caller_level())


def _row(finding: Finding) -> dict[str, Any]:
    facts, ok = finding.facts, finding.status == "ok"
    details: dict[str, Any] = {}
    if facts is not None:
        details = dict(facts.details)
        if facts.reason:
            details["reason"] = facts.reason
    elif finding.reason:
        details = {"reason": finding.reason}
    if ok and (note := benign_note(finding.item.value)):
        details["note"] = note  # beside the verdict, which it never changes
    return {
        "Ioc": finding.item.given,
        "IocType": finding.item.ioc_type,
        "SafeIoc": finding.item.value,
        "QuerySubtype": finding.subtype,
        "Provider": finding.provider,
        "Result": ok,
        "Severity": facts.severity if ok and facts is not None else "unknown",
        "Details": details,
        "RawResult": facts.raw if facts is not None else None,
        "Reference": web_link(facts.reference) if facts is not None else "",
        "Status": finding.status,
        "StatusCode": STATUS_CODES[finding.status],
        "CheckedAt": None if finding.at is None else datetime.fromtimestamp(finding.at, UTC),
        "Cached": finding.cached,
    }


def _json(value: Any) -> str | None:
    if value is None:
        return None
    try:
        return orjson.dumps(value, default=str, option=orjson.OPT_NON_STR_KEYS).decode()
    except TypeError:  # half a letter, or a thing that holds itself
        return orjson.dumps(repr(value).encode("ascii", "backslashreplace").decode()).decode()
