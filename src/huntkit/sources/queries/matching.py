"""Values for a query's parameters out of objects: an entity, an alert, a time span, a row."""

from collections.abc import Iterable, Mapping
from typing import Final

from huntkit.core.errors import UsageError
from huntkit.sources.queries.definition import Parameter, Query

_PLAIN: Final = (str, bytes, int, float, bool)
_GIVES_MORE: Final = "query_params"  # alerts tell values for queries under this name


def values_from(query: Query, objects: Iterable[object]) -> dict[str, object]:
    """Values for the query's parameters from attributes or keys of objects.

    An attribute matches a parameter by its name or an alias; capitals and underscores do not
    matter (``HostName`` is ``host_name``). The first object that has a value gives it; None and
    empty texts are no values. Pieces of query (``kql``, ``table``, ``op``) are never taken: what
    an object holds may come from an attacker.

    Args:
        query: whose parameters to fill.
        objects: mappings, rows of frames, entities, time spans ...

    Raises:
        UsageError: an object that is a plain value, which could be any parameter's.

    Examples:
        >>> from huntkit.core.timespan import TimeSpan
        >>> from datetime import datetime
        >>> query = Query(name="q", text="T", parameters={
        ...     name: Parameter(name=name) for name in ("start", "end", "host_name")})
        >>> span = TimeSpan(datetime(2024, 5, 1), datetime(2024, 5, 2))
        >>> found = values_from(query, [span, {"HostName": "ws01", "Other": 1}])
        >>> sorted(found), found["host_name"]
        (['end', 'host_name', 'start'], 'ws01')
    """
    found: dict[str, object] = {}
    for each in objects:
        if isinstance(each, _PLAIN) or each is None:
            raise UsageError(
                f"{each!r:.80} is given without a name",
                hint="write for example host_name=...; only objects with attributes need none",
            )
        sources = [_Attributes(each)]
        more = sources[0].get(_GIVES_MORE)
        if isinstance(more, Mapping):
            sources.append(_Attributes(more))
        for source in sources:
            for parameter in query.parameters.values():
                if parameter.is_piece or parameter.name in found:
                    continue
                value = _value(source, parameter)
                if value is not None:
                    found[parameter.name] = value
    return found


class _Attributes:
    """What an object has, by names in any spelling."""

    def __init__(self, thing: object) -> None:
        self._thing = thing
        self._keys: dict[str, str] = {}
        # A row of a pandas frame has both; its columns are what is meant.
        keys = thing if isinstance(thing, Mapping) else getattr(thing, "index", None)
        self._by_key = isinstance(thing, Mapping) or type(thing).__name__ == "Series"
        names = keys if self._by_key and isinstance(keys, Iterable) else dir(thing)
        for name in names:
            if isinstance(name, str) and not name.startswith("_"):
                self._keys.setdefault(_folded(name), name)

    def get(self, name: str) -> object:
        exact = self._raw(name)
        if exact is not None:
            return exact
        other = self._keys.get(_folded(name))
        return self._raw(other) if other else None

    def _raw(self, name: str) -> object:
        if self._by_key:
            try:
                value: object = self._thing[name]  # type: ignore[index]  # a mapping or a row
            except (KeyError, IndexError, TypeError):
                return None
        else:
            value = getattr(self._thing, name, None)
        return None if callable(value) else value


def _folded(name: str) -> str:
    return name.replace("_", "").casefold()


def _value(source: _Attributes, parameter: Parameter) -> object:
    for name in (parameter.name, *parameter.aliases):
        value = source.get(name)
        if value is not None and not (isinstance(value, str) and not value.strip()):
            return value
    return None
