"""A query with its values in, ready to be sent."""

from collections.abc import Mapping
from dataclasses import dataclass

from huntkit.core.timespan import TimeSpan
from huntkit.sources.queries.definition import Query
from huntkit.sources.queries.environments import Language


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """A query with its values in.

    Attributes:
        query: what was rendered.
        language: what the texts are written in.
        text: the query with every value entered as a literal: complete, for any service.
        declared: in KQL, the query with its ``declare query_parameters``; for Azure Data
            Explorer, together with `properties`, and for the local engine, with `constants`.
            In other languages the same as `text`.
        constants: name -> typed value, of the parameters that `declared` declares: what
            ``kql.query(declared, parameters=constants)`` takes.
        properties: name -> KQL literal, of the same: what Azure Data Explorer takes as
            ``properties.Parameters``.
        parameters: name -> typed value of every parameter, also those left at their default and
            the pieces; for provenance and cache keys.
        span: the range of time, half open, where the query has both bounds; to be sent outside
            the text, too, where a service takes it.
    """

    query: Query
    language: Language
    text: str
    declared: str
    constants: Mapping[str, object]
    properties: Mapping[str, str]
    parameters: Mapping[str, object]
    span: TimeSpan | None = None
