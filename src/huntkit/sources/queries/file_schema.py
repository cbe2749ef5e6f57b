"""The JSON schema of query files, for editors; made from the definition that the reader uses."""

from typing import Any, Final

from huntkit.sources.queries.definition import KINDS
from huntkit.sources.queries.entries import NAME
from huntkit.sources.queries.environments import ENVIRONMENTS, LANGUAGES
from huntkit.sources.queries.parameters import OTHER_WORDS
from huntkit.sources.queries.reading import TACTICS, TECHNIQUE

Schema = dict[str, Any]

_TEXT: Final[Schema] = {"type": "string"}
_TEXTS: Final[Schema] = {"oneOf": [_TEXT, {"type": "array", "items": _TEXT}]}


def file_schema() -> Schema:
    """The schema, in JSON Schema 2020-12.

    Examples:
        >>> sorted(file_schema()["properties"])
        ['defaults', 'metadata', 'sources']
    """
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Queries for huntkit",
        "description": "Named queries with typed parameters; see docs/queries.md.",
        "type": "object",
        "required": ["sources"],
        "additionalProperties": False,
        "properties": {
            "metadata": {"$ref": "#/$defs/metadata"},
            "defaults": {
                "type": ["object", "null"],
                "description": "What all queries of the file have unless they say otherwise.",
                "additionalProperties": False,
                "properties": {
                    "metadata": {"$ref": "#/$defs/metadata"},
                    "parameters": {"$ref": "#/$defs/parameters"},
                    "args": {"$ref": "#/$defs/args"},
                },
            },
            "sources": {
                "type": "object",
                "description": "The queries by name: provider.<family>.<name>(...).",
                "minProperties": 1,
                "propertyNames": {"$ref": "#/$defs/name"},
                "additionalProperties": {"$ref": "#/$defs/query"},
            },
        },
        "$defs": {
            "name": {"type": "string", "pattern": f"^{NAME.pattern}$"},
            "metadata": _metadata(),
            "query": _query(),
            "args": {
                "type": "object",
                "properties": {
                    "query": {
                        "type": "string",
                        "minLength": 1,
                        "description": "The text, with {parameter} where one belongs.",
                    }
                },
            },
            "parameters": {
                "type": ["object", "null"],
                "propertyNames": {"$ref": "#/$defs/name"},
                "additionalProperties": {"$ref": "#/$defs/parameter"},
            },
            "parameter": _parameter(),
        },
    }


def _metadata() -> Schema:
    places = sorted(name for each in ENVIRONMENTS for name in (each.name, *each.others))
    return {
        "type": ["object", "null"],
        "properties": {
            "version": {"type": ["integer", "number", "string"]},
            "description": _TEXT,
            "data_environments": {
                **_TEXTS,
                "description": "Where the queries can be asked.",
                "examples": places,
            },
            "data_families": {**_TEXTS, "description": "The groups that they are listed under."},
            "tags": _TEXTS,
            "data_source": _TEXT,
            "language": {"enum": [*LANGUAGES]},
            "techniques": {
                **_TEXTS,
                "items": {"type": "string", "pattern": f"^{TECHNIQUE.pattern}$"},
                "description": "MITRE ATT&CK techniques.",
            },
            "tactics": {**_TEXTS, "items": {"enum": [*TACTICS]}},
        },
    }


def _query() -> Schema:
    return {
        "type": "object",
        "required": ["description"],
        "additionalProperties": False,
        "properties": {
            "description": {"type": "string", "minLength": 1},
            "metadata": {"$ref": "#/$defs/metadata"},
            "args": {"$ref": "#/$defs/args"},
            "parameters": {"$ref": "#/$defs/parameters"},
            "query_macros": {
                "type": ["object", "null"],
                "description": "Texts that stand in the query as $<name>$.",
                "additionalProperties": {
                    "oneOf": [
                        _TEXT,
                        {
                            "type": "object",
                            "additionalProperties": False,
                            "properties": {"description": _TEXT, "value": _TEXT},
                        },
                    ]
                },
            },
        },
    }


def _parameter() -> Schema:
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "description": _TEXT,
            "type": {
                "enum": [*KINDS, *OTHER_WORDS],
                "description": "The type of its values; kql, table and op are pieces of the text.",
            },
            "default": {"description": "Its value when none is given."},
            "aliases": {**_TEXTS, "description": "Other names that callers may use."},
            "choices": {**_TEXTS, "description": "The values that it may have."},
            "format": {**_TEXT, "description": "How the value is written, such as '{:%Y-%m-%d}'."},
        },
    }
