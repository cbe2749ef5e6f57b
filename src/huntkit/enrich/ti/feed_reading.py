"""Files of indicators: plain lists, CSV, STIX bundles, MISP exports, lists of JSON objects.

Each entry is a row or is counted as skipped with its reason; a file of no known shape is refused.
"""

import csv
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import chain, islice
from pathlib import Path
from typing import Any, Final

import orjson
import polars as pl

from huntkit.core.errors import EvidenceError
from huntkit.enrich.ti.feed_values import typed_values
from huntkit.enrich.ti.feed_verdicts import (
    VERDICT_COLUMNS,
    Score,
    confident,
    judged,
    percent,
    said,
)
from huntkit.enrich.ti.misp_attributes import indicators_in, tags_of, verdict
from huntkit.enrich.ti.provider import Severity
from huntkit.enrich.ti.stix_patterns import observed

MAX_JSON_BYTES: Final = 1 << 30
_MAX_DETAILS: Final = 20
_MAX_TEXT: Final = 1000
_REMARK: Final = re.compile(r"\s+(?:#|;|//).*")

_VALUE_COLUMNS: Final = (
    "indicator", "ioc", "ioc_value", "observable", "value", "indicator_value", "url", "domain",
    "hostname", "host", "fqdn", "ip", "ip_address", "dst_ip", "src_ip", "sha256_hash",
    "sha256", "sha1_hash", "sha1", "md5_hash", "md5", "email", "cidr", "network",
    "dest_ip", "destination_ip", "source_ip", "remote_ip", "server_ip", "c2_ip", "ip_addr", "ipv4",
    "ipv6", "ipv4_address", "ipv6_address", "ip_dst", "ip_src", "dst_ip_address", "src_ip_address",
    "destination_ip_address", "source_ip_address", "remote_ip_address", "address",
    "remote_address", "dest_address", "destination_address", "source_address", "domain_name",
    "host_name", "dns_name", "remote_host", "dest_host", "destination_host", "uri",
    "remote_url", "file_hash", "hash", "hash_value", "file_md5", "file_sha1", "file_sha256",
    "sha512", "sha512_hash", "email_address", "subnet",
)  # fmt: skip
_TYPE_COLUMNS: Final = ("ioc_type", "type", "indicator_type", "observable_type")
_UNTIL_COLUMNS: Final = ("valid_until", "expires", "expiration", "expiry", "expiration_date")

# Names without what stands between their words, so that DestIP is "Dest IP", too.
_BY_LETTERS: Final = {
    name.replace("_", ""): name
    for name in (*_VALUE_COLUMNS, *_TYPE_COLUMNS, *_UNTIL_COLUMNS, *VERDICT_COLUMNS)
}
_BETWEEN: Final = re.compile(r"[\s./:_-]+")
NAMING: Final = (
    "name the column that holds them 'indicator' (or ip, domain, url, sha256 ...) in the first line"
)

ROWS: Final[Mapping[str, Any]] = {
    "value": pl.String,
    "ioc_type": pl.String,
    "severity": pl.String,
    "reason": pl.String,
    "details": pl.String,
    "valid_until": pl.Datetime("us", "UTC"),
}


@dataclass
class FeedRows:
    """What was read of a file.

    Attributes:
        kind: ``list``, ``csv``, ``stix``, ``misp`` or ``json``.
        rows: the indicators, in the columns of `ROWS`.
        entries: how many entries the file has; an entry may hold several indicators.
        skipped: reason -> how many entries were left out for it.
    """

    kind: str
    rows: pl.DataFrame
    entries: int
    skipped: Counter[str]


@dataclass
class _Gathered:
    """Rows on their way."""

    values: list[str] = field(default_factory=list)
    types: list[str] = field(default_factory=list)
    severities: list[str | None] = field(default_factory=list)
    reasons: list[str | None] = field(default_factory=list)
    details: list[str | None] = field(default_factory=list)
    until: list[datetime | None] = field(default_factory=list)
    scores: dict[int, Score] = field(default_factory=dict)  # by row: none has its scale yet
    entries: int = 0
    skipped: Counter[str] = field(default_factory=Counter)

    def add(
        self,
        value: str,
        ioc_type: str = "",
        severity: Severity | None = None,
        reason: str | None = None,
        details: Mapping[str, Any] | None = None,
        until: datetime | None = None,
        score: Score | None = None,
    ) -> None:
        if score is not None:
            self.scores[len(self.values)] = score
        self.values.append(value)
        self.types.append(ioc_type)
        self.severities.append(severity)
        self.reasons.append(reason)
        self.details.append(orjson.dumps(details, default=str).decode() if details else None)
        self.until.append(until)

    def done(self, kind: str) -> FeedRows:
        for place, told in judged(self.scores).items():
            self.severities[place], self.reasons[place] = told
        values = pl.Series("value", self.values, dtype=pl.String)
        typed = typed_values(values, pl.Series("hint", self.types, dtype=pl.String))
        rows = typed.with_columns(
            pl.Series("severity", self.severities, dtype=pl.String),
            pl.Series("reason", self.reasons, dtype=pl.String),
            pl.Series("details", self.details, dtype=pl.String),
            pl.Series("valid_until", self.until, dtype=pl.Datetime("us", "UTC")),
        )
        for reason, count in rows["flaw"].drop_nulls().value_counts().iter_rows():
            self.skipped[reason] += count
        kept = rows.filter(pl.col("flaw").is_null()).select(list(ROWS))
        return FeedRows(kind, kept, self.entries, self.skipped)


def read_feed(path: Path) -> FeedRows:
    """The indicators of a file; its kind is found out by its content.

    Raises:
        EvidenceError: it can't be read, or has no shape that is known.
    """
    try:
        return _read(path)
    except EvidenceError:
        raise  # it is an OSError, too
    except OSError as problem:
        raise EvidenceError(f"can't read the feed {path}: {problem.strerror}") from problem


def _read(path: Path) -> FeedRows:
    with path.open("rb") as stream:
        start = stream.read(4096).removeprefix(b"\xef\xbb\xbf").lstrip()
    if start[:1] in (b"{", b"["):
        return _json(path)
    if start.startswith((b"\x1f\x8b", b"PK\x03\x04", b"BZh", b"\xfd7zXZ")):
        raise EvidenceError(f"{path} is compressed", hint="unpack it first")
    if b"\0" in start:
        raise EvidenceError(f"{path} is no text", hint="lists, CSV, STIX and MISP are read")
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as lines:
        return _lines(path, lines)


def _lines(path: Path, lines: Iterable[str]) -> FeedRows:
    waiting = iter(lines)
    start = list(islice(waiting, 200))
    header = _header(start)
    if header is not None:
        place, names = header
        rest = chain(start[place + 1 :], waiting)
        return _csv(path, names, rest)
    _refuse_unknown_columns(path, start)
    return _list(chain(start, waiting))


def _header(start: Sequence[str]) -> tuple[int, list[str]] | None:
    """Where the names of columns stand; exports of abuse.ch have them in the last remark."""
    for place, line in enumerate(start):
        text = line.strip()
        if not text:
            continue
        bare = text.lstrip("#").strip()
        names = [column_name(each) for each in _cells(bare)]
        known = [each for each in names if each in _VALUE_COLUMNS]
        if known and (len(names) > 1 or not text.startswith("#")):
            return place, names
        if not text.startswith("#"):
            return None
    return None


def column_name(given: str) -> str:
    """The name by which a column is known: ``Dest IP``, ``dest-ip`` and ``DestIP`` are one.

    Examples:
        >>> column_name("Dest IP"), column_name("RemoteIP"), column_name(" First seen ")
        ('dest_ip', 'remote_ip', 'first_seen')
    """
    name = _BETWEEN.sub("_", given.strip().casefold()).strip("_")
    return _BY_LETTERS.get(name.replace("_", ""), name)


def _refuse_unknown_columns(path: Path, start: Sequence[str]) -> None:
    """A table that names its columns, and none that is known: nothing of it could be found."""
    lines = [each for line in start if (each := line.strip()) and not each.startswith("#")][:2]
    if len(lines) < 2:
        return
    names, second = ([each.strip() for each in _cells(line)] for line in lines)
    if len(names) < 2 or len(names) != len(second) or not all(names):
        return
    values = pl.Series("value", names, dtype=pl.String)
    hints = pl.Series("hint", [""] * len(names), dtype=pl.String)
    if typed_values(values, hints)["flaw"].is_null().any():
        return
    shown = ", ".join(repr(each[:40]) for each in names[:20])
    raise EvidenceError(f"{path}: no column is known to hold indicators: {shown}", hint=NAMING)


def _cells(line: str) -> list[str]:
    for mark in (",", ";", "\t"):
        if mark in line:
            return next(csv.reader([line], delimiter=mark, skipinitialspace=True), [])
    return [line.strip('"')]


def _csv(path: Path, names: list[str], lines: Iterable[str]) -> FeedRows:
    found = _Gathered()
    wanted = [n for n in dict.fromkeys(names) if n in _VALUE_COLUMNS]
    first = [n for n in wanted if n in _VALUE_COLUMNS[:6]]
    wanted = first[:1] or wanted  # a column "indicator" is it; others beside it describe it
    rest = (line for line in lines if line.strip() and not line.startswith("#"))
    first_line = next(rest, "")
    mark = max((",", ";", "\t"), key=first_line.count)
    reader = csv.reader(chain([first_line], rest), delimiter=mark, skipinitialspace=True)
    try:
        for cells in reader:
            if not cells:
                continue
            found.entries += 1
            if len(cells) < len(names):
                found.skipped["a row with fewer cells than columns"] += 1
                continue
            _record(found, dict(zip(names, cells, strict=False)), wanted)
    except csv.Error as problem:
        raise EvidenceError(f"{path}, line {reader.line_num}: {problem}") from problem
    return found.done("csv")


def _list(lines: Iterable[str]) -> FeedRows:
    found = _Gathered()
    for line in lines:
        text = line.strip()
        if not text or text.startswith(("#", ";", "//")):
            continue
        found.entries += 1
        words = _REMARK.sub("", text).split(maxsplit=2)
        if len(words) > 1 and words[0] in ("0.0.0.0", "127.0.0.1", "::", "::1"):  # noqa: S104
            words = words[1:]  # a hosts file: the name is meant
        found.add(words[0])
    return found.done("list")


def _record(found: _Gathered, entry: Mapping[str, Any], wanted: Iterable[str]) -> None:
    values = [(n, str(entry[n]).strip()) for n in wanted if entry.get(n) not in (None, "", "n/a")]
    if not values:
        found.skipped["no indicator in it"] += 1
        return
    kind = next((str(entry[n]) for n in _TYPE_COLUMNS if entry.get(n)), "")
    told = said(entry)
    until = _time(next((entry[n] for n in _UNTIL_COLUMNS if entry.get(n)), None))
    details = {
        name: text[:_MAX_TEXT] if isinstance(text, str) else text
        for name, text in islice(entry.items(), _MAX_DETAILS)
        if text not in (None, "", [], {}) and name not in wanted
    }
    for name, value in values:
        hint = kind if len(values) == 1 else ""
        found.add(value, hint or name, told.severity, told.reason, details, until, told.score)


def _time(given: object) -> datetime | None:
    try:
        time = datetime.fromisoformat(str(given).strip())
    except ValueError:
        return None
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)


def _json(path: Path) -> FeedRows:
    if path.stat().st_size > MAX_JSON_BYTES:
        raise EvidenceError(f"{path} is too large: JSON up to {MAX_JSON_BYTES:,} bytes is read")
    try:
        body = orjson.loads(path.read_bytes().removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError as problem:
        raise EvidenceError(f"{path} is no whole JSON: {problem}") from problem
    found = _Gathered()
    if isinstance(body, dict) and isinstance(body.get("objects"), list):
        for each in body["objects"]:
            _stix(found, each)
        return found.done("stix")
    if (events := _misp_events(body)) is not None:
        for event, attributes in events:
            for each in attributes:
                _misp(found, each, event)
        return found.done("misp")
    entries = _objects(body)
    if entries is None:
        raise EvidenceError(
            f"{path}: this JSON is no STIX bundle, no MISP export and no list of indicators",
            hint="objects need a field such as indicator, ioc, value, url, domain, ip, sha256",
        )
    for entry in entries:
        found.entries += 1
        if isinstance(entry, str):
            found.add(entry)
        else:
            plain = {column_name(str(name)): value for name, value in entry.items()}
            names = [name for name in plain if name in _VALUE_COLUMNS]
            first = [name for name in names if name in _VALUE_COLUMNS[:6]]
            _record(found, plain, first[:1] or names)
    return found.done("json")


def _stix(found: _Gathered, item: object) -> None:
    if not isinstance(item, Mapping) or item.get("type") != "indicator":
        return  # reports, relationships, actors: no indicators, and no loss
    found.entries += 1
    if item.get("revoked") is True:
        found.skipped["revoked"] += 1
        return
    language = item.get("pattern_type", "stix")
    values = observed(str(item.get("pattern", ""))) if language == "stix" else []
    if not values:
        found.skipped["a pattern without fixed values" if language == "stix"
                      else "a pattern in another language than STIX"] += 1  # fmt: skip
        return
    severity, reason = stix_verdict(item)
    for each in values:
        partly = (("information", "only a part of its pattern") if not each.alone
                  else (severity, reason))  # fmt: skip
        found.add(each.value, each.ioc_type, *partly, stix_details(item),
                  _time(item.get("valid_until")))  # fmt: skip


def stix_verdict(item: Mapping[str, Any]) -> tuple[Severity | None, str | None]:
    """What a STIX indicator says of how bad it is; None where it says nothing."""
    kinds = {str(each) for each in item.get("indicator_types") or item.get("labels") or ()}
    if kinds & {"benign"}:
        return "information", "the indicator is of the type benign"
    confidence = percent(item.get("confidence"))
    if confidence is not None and confidence > 0:
        return confident(confidence), f"confidence {confidence:g} of 100"
    if "malicious-activity" in kinds:
        return "high", "the indicator is of the type malicious-activity"
    return None, None


def stix_details(item: Mapping[str, Any]) -> dict[str, Any]:
    """What analysts want to see first of a STIX indicator."""
    names = ("id", "name", "description", "indicator_types", "labels", "confidence", "pattern",
             "valid_from", "valid_until")  # fmt: skip
    return {
        name: value[:_MAX_TEXT] if isinstance(value, str) else value
        for name in names
        if (value := item.get(name)) not in (None, "", [])
    }


def _misp_events(body: Any) -> list[tuple[Mapping[str, Any], list[Any]]] | None:
    """Events with their attributes; None if it is no export of MISP."""
    if isinstance(body, Mapping) and "response" in body:
        body = body["response"]
    if isinstance(body, Mapping) and isinstance(body.get("Attribute"), list):
        return [(each.get("Event") or {}, [each]) for each in body["Attribute"]
                if isinstance(each, Mapping)]  # fmt: skip
    given = body if isinstance(body, list) else [body]
    events = [each["Event"] for each in given if isinstance(each, Mapping) and "Event" in each]
    if not events or len(events) < len(given):
        return None
    return [(each, list(_attributes(each))) for each in events if isinstance(each, Mapping)]


def _attributes(event: Mapping[str, Any]) -> Iterator[Any]:
    yield from event.get("Attribute") or ()
    for each in event.get("Object") or ():
        if isinstance(each, Mapping):
            yield from each.get("Attribute") or ()


def _misp(found: _Gathered, attribute: object, event: Mapping[str, Any]) -> None:
    found.entries += 1
    if not isinstance(attribute, Mapping) or not attribute.get("value"):
        found.skipped["no indicator in it"] += 1
        return
    if attribute.get("deleted") in (True, 1, "1"):
        found.skipped["deleted"] += 1
        return
    severity, reason = verdict(attribute, event)
    details = {
        "event": event.get("info"),
        "category": attribute.get("category"),
        "type": attribute.get("type"),
        "comment": str(attribute.get("comment") or "")[:_MAX_TEXT],
        "tags": tags_of(attribute, event),
        **{name: attribute.get(name) for name in ("first_seen", "last_seen", "timestamp")},
    }
    kept = {name: value for name, value in details.items() if value}
    indicators = indicators_in(attribute)
    if not indicators:
        found.skipped[f"no indicator: the attribute type {attribute.get('type')!s}"] += 1
    for ioc_type, value in indicators:
        found.add(value, ioc_type, severity, reason, kept)


def _objects(body: Any) -> list[Any] | None:
    """Entries of a JSON list; exports of abuse.ch are a dict of number to list of entries."""
    if isinstance(body, Mapping):
        inner = [each for value in body.values() if isinstance(value, list) for each in value]
        body = inner or None
    if not isinstance(body, list):
        return None
    if all(isinstance(each, str) for each in body):
        return body
    if all(isinstance(each, Mapping) for each in body) and any(
        column_name(str(name)) in _VALUE_COLUMNS for each in body[:100] for name in each
    ):
        return body
    return None
