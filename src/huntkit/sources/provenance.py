"""Where a result comes from: what was asked of whom, when, and whether all of it arrived."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from huntkit.core.timespan import TimeSpan
from huntkit.sources.splitting import Chunk
from huntkit.tables import as_kind

_MOST_CHUNKS: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Where a result comes from.

    Attributes:
        provider: the environment that was asked.
        connections: which connections of it, by alias.
        query: the library query's name with its family; empty for a text of the caller's.
        text: the query, complete, as it can be run elsewhere.
        parameters: the values in it, by name.
        span: the range of time; None where the query has none.
        started: when the source was asked first; of a kept answer, when it was asked then.
        seconds: how long the answer took.
        rows: how many rows there are.
        gaps: what is missing, and why; empty where the answer is whole.
        kept: how many of the answers were kept ones.
        age: how old the oldest kept answer is; None where all are new.
        chunks: the pieces of a split query, with what became of each.
        statistics: what the source told about its work.
    """

    provider: str
    connections: Sequence[str] = ()
    query: str = ""
    text: str = ""
    parameters: Mapping[str, object] = field(default_factory=dict)
    span: TimeSpan | None = None
    started: datetime
    seconds: float = 0.0
    rows: int = 0
    gaps: Sequence[str] = ()
    kept: int = 0
    age: timedelta | None = None
    chunks: Sequence[Chunk] = ()
    statistics: Mapping[str, object] = field(default_factory=dict)

    @property
    def partial(self) -> bool:
        """Whether something is missing."""
        return bool(self.gaps)

    def as_dict(self) -> dict[str, Any]:
        """Plain values (text, numbers, lists), as they stand in ``df.attrs["huntkit"]``.

        Of many pieces only those that are not whole are listed: pandas copies attrs all the time.
        """
        found: dict[str, Any] = {
            "provider": self.provider,
            "connections": list(self.connections),
            "query": self.query,
            "text": self.text,
            "parameters": {name: _plain(value) for name, value in self.parameters.items()},
            "start": _plain(self.span.start) if self.span else None,
            "end": _plain(self.span.end) if self.span else None,
            "run_at": _plain(self.started),
            "seconds": round(self.seconds, 3),
            "rows": self.rows,
            "partial": self.partial,
            "gaps": list(self.gaps),
            "kept": self.kept,
            "age_seconds": None if self.age is None else round(self.age.total_seconds()),
            "statistics": {name: _plain(value) for name, value in self.statistics.items()},
        }
        if self.chunks:
            found["pieces"] = dict(Counter(each.status for each in self.chunks))
            few = len(self.chunks) <= _MOST_CHUNKS
            told = [each for each in self.chunks if few or each.status not in ("done", "halved")]
            found["chunks"] = [
                {name: _plain(value) for name, value in each.as_dict().items()}
                for each in told[:_MOST_CHUNKS]
            ]
        return found

    def __str__(self) -> str:
        rows = f"{self.rows:,} row{'' if self.rows == 1 else 's'}"
        said = [f"{rows} of {self.query or 'a query'} from {self.provider}"]
        if self.age is not None:
            said.append(f"kept {in_words(self.age)} ago; refresh=True asks again")
        if self.partial:
            said.append(f"PARTIAL: {'; '.join(self.gaps)}")
        return ". ".join(said)


def in_words(age: timedelta) -> str:
    """A length of time as people say it.

    Examples:
        >>> in_words(timedelta(minutes=3)), in_words(timedelta(days=2)), in_words(timedelta(0))
        ('3 minutes', '2 days', '0 seconds')
    """
    seconds = max(int(age.total_seconds()), 0)
    for unit, length in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if seconds >= length:
            count = seconds // length
            return f"{count} {unit}{'' if count == 1 else 's'}"
    return f"{seconds} second{'' if seconds == 1 else 's'}"


def framed(rows: Any, kind: str, origin: Provenance) -> Any:
    """Rows as the kind of frame that was asked for, with their provenance.

    pandas frames carry it in ``attrs["huntkit"]``, Arrow tables as JSON in the schema's metadata
    under ``huntkit``; Polars frames have no place for it.
    """
    frame = as_kind(rows, kind)
    if kind == "pandas":
        frame.attrs["huntkit"] = origin.as_dict()
    elif kind == "arrow":
        said = json.dumps(origin.as_dict()).encode()
        metadata = {**(frame.schema.metadata or {}), b"huntkit": said}
        return frame.replace_schema_metadata(metadata)
    return frame


def _plain(value: object) -> Any:
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if value is None or isinstance(value, bool | int | float):
        return value
    return str(value)
