"""VirusTotal's objects as rows: one for each object, or one for each edge between two."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

import orjson
import polars as pl

from huntkit.enrich.ti.provider import Lookup
from huntkit.enrich.ti.providers.virustotal import detections_of, time_text, verdict
from huntkit.enrich.ti.replies import as_record, member

KINDS: Final = {
    "ipv4": "ip_address",
    "ipv6": "ip_address",
    "dns": "domain",
    "url": "url",
    "md5_hash": "file",
    "sha1_hash": "file",
    "sha256_hash": "file",
}
"""Type of indicator -> VirusTotal's type of object."""

_HEAD: Final = {"id": pl.String, "type": pl.String, "detections": pl.Int64, "scans": pl.Int64}
EDGE_COLUMNS: Final[Mapping[str, Any]] = {
    **_HEAD,
    "source": pl.String,
    "target": pl.String,
    "relationship_type": pl.String,
    "source_type": pl.String,
    "target_type": pl.String,
}
_TEXTS: Final = (
    "meaningful_name", "type_description", "url", "title", "country", "as_owner", "registrar",
    "sha256", "md5",
)  # fmt: skip
_NUMBERS: Final = ("size", "reputation", "asn", "times_submitted")
_TIMES: Final = (
    "creation_date", "first_submission_date", "last_submission_date", "last_analysis_date",
    "last_modification_date",
)  # fmt: skip
PROPERTY_COLUMNS: Final[Mapping[str, Any]] = {
    **dict.fromkeys(_TEXTS, pl.String),
    **dict.fromkeys(_NUMBERS, pl.Int64),
    **dict.fromkeys(_TIMES, pl.Datetime("us", "UTC")),
    "tags": pl.List(pl.String),
}
OBJECT_COLUMNS: Final[Mapping[str, Any]] = {
    **_HEAD,
    "observable": pl.String,
    "severity": pl.String,
    **PROPERTY_COLUMNS,
}
STATUS_COLUMNS: Final[Mapping[str, Any]] = {"status": pl.String, "reason": pl.String}


def table_of(
    rows: Iterable[Mapping[str, Any]], columns: Mapping[str, Any], *, all_props: bool = False
) -> pl.DataFrame:
    """The rows with these columns and their status; with all attributes as JSON, if wanted."""
    schema = {**columns, **({"attributes": pl.String} if all_props else {}), **STATUS_COLUMNS}
    plain = [{name: row.get(name) for name in schema} for row in rows]
    times = [name for name, kind in schema.items() if isinstance(kind, pl.Datetime)]
    texts = {name: pl.String if name in times else kind for name, kind in schema.items()}
    table = pl.DataFrame(plain, schema=texts, orient="row")
    return table.with_columns(
        pl.col(name).str.to_datetime("%+", time_unit="us", time_zone="UTC") for name in times
    )


def object_row(thing: Mapping[str, Any]) -> dict[str, Any]:
    """The row of one object: what it is, how many engines call it malicious, what it is called."""
    attributes = member(thing, "attributes")
    severity, reason = verdict(attributes)
    return {**_head(thing), **_properties(attributes), "severity": severity, "reason": reason}


def edge_row(lookup: Lookup, relationship: str, thing: Mapping[str, Any]) -> dict[str, Any]:
    """The row of an edge from what was looked up to a related object.

    A resolution stands between an address and a name: the edge leads to the other one of the two,
    with that one's detections. A URL is called by its text, as its id says nothing.
    """
    attributes = member(thing, "attributes")
    head = _head(thing)
    target, kind = head["id"], head["type"]
    if kind == "resolution":
        kind = "domain" if KINDS[lookup.ioc_type] == "ip_address" else "ip_address"
        name = "host_name" if kind == "domain" else "ip_address"
        target = _text(attributes.get(name)) or target
        judged = {"last_analysis_stats": attributes.get(f"{name}_last_analysis_stats")}
        head |= _counts(judged)
    elif kind == "url":
        target = _text(attributes.get("url")) or target
    return {
        **head,
        **_properties(attributes),
        "source": lookup.value,
        "target": target,
        "relationship_type": relationship,
        "source_type": KINDS[lookup.ioc_type],
        "target_type": kind,
    }


def behaviour_rows(
    file_id: str, sandbox: str | None, seen: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """A row for each thing that a sandbox saw; what is no text is JSON."""
    return [
        {"id": file_id, "sandbox": sandbox, "category": category, "value": _as_text(each)}
        for category, values in seen.items()
        for each in (values if isinstance(values, list) else [values])
    ]


def attribute_rows(thing: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A row for each attribute of an object; what is no text is JSON."""
    return [
        {"attribute": name, "value": _as_text(value)}
        for name, value in member(thing, "attributes").items()
    ]


def _head(thing: Mapping[str, Any]) -> dict[str, Any]:
    named = {"id": _text(thing.get("id")), "type": _text(thing.get("type"))}
    return {**named, **_counts(member(thing, "attributes"))}


def _counts(attributes: Mapping[str, Any]) -> dict[str, int | None]:
    """Null where no engine was asked: that is something else than none of them objecting."""
    if attributes.get("last_analysis_stats") is None:
        return {"detections": None, "scans": None}
    detections, scans = detections_of(as_record(attributes, "'attributes'"))
    return {"detections": detections, "scans": scans}


def _properties(attributes: Mapping[str, Any]) -> dict[str, Any]:
    tags = attributes.get("tags")
    return {
        **{name: _text(attributes.get(name)) for name in _TEXTS},
        **{name: _whole(attributes.get(name)) for name in _NUMBERS},
        **{name: time_text(attributes.get(name)) for name in _TIMES},
        "tags": [str(tag) for tag in tags] if isinstance(tags, list) else None,
        "attributes": _as_text(dict(attributes)),
    }


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _whole(value: Any) -> int | None:
    plain = isinstance(value, int) and not isinstance(value, bool)
    return value if plain and abs(value) < 2**63 else None


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()
