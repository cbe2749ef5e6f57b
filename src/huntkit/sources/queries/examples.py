"""A value of each type, to try a query with."""

from datetime import UTC, datetime, timedelta

from huntkit.sources.queries.definition import Parameter
from huntkit.sources.queries.values import converted

_EXAMPLES: dict[str, object] = {
    "str": "example",
    "int": 1,
    "float": 1.5,
    "bool": True,
    "datetime": datetime(2024, 5, 1, tzinfo=UTC),
    "timespan": timedelta(hours=1),
    "list": ["example"],
    "kql": "",
    "table": "Example",
}


def example(parameter: Parameter) -> object:
    """The parameter's default, or else some value that it takes."""
    if parameter.default is not None:
        return converted(parameter, parameter.default, now=datetime(2024, 5, 2, tzinfo=UTC))
    if parameter.choices:
        return parameter.choices[0]
    return _EXAMPLES[parameter.type]
