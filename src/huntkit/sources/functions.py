"""Queries as functions: found by completion, called with what they need."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from huntkit.core.errors import UsageError, did_you_mean
from huntkit.core.text import visible_lines
from huntkit.runtime.session import FrameKind
from huntkit.sources.declared import declared
from huntkit.sources.queries.definition import Parameter, Query
from huntkit.sources.queries.rendered import Rendered

PRINT: Final = frozenset(["print", "print_query", "debug_query"])
HELP: Final = frozenset(["help", "?"])


class Shown(str):
    """Text that shows itself as it is, also at a prompt and in a notebook."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


class QueryFunction:
    """A query of a provider, to be called.

    Give values by name; objects by position (an entity, an alert, a time span, a dict) give what
    they have under the parameters' names. ``"print"`` gives the text instead of running it.
    """

    def __init__(
        self, name: str, query: Query, run: Callable[["QueryFunction", Any, Any], Any]
    ) -> None:
        self.__name__ = query.name
        self.__qualname__ = name
        self.__doc__ = help_text(name, query)
        self.__signature__ = _signature(query)
        self.query = query
        self._run = run

    def __call__(self, *objects: Any, **values: Any) -> Any:
        """The rows, or with ``"print"`` the text, with ``"help"`` what there is to know."""
        return self._run(self, objects, values)

    def __repr__(self) -> str:
        return f"<query {self.__qualname__}{self.__signature__}>"


class Family:
    """The queries of a family, as attributes."""

    def __init__(
        self, name: str, queries: Mapping[str, Query], function: Callable[[str, Query], Any]
    ) -> None:
        self._name = name
        self._queries = queries
        self._function = function

    def __getattr__(self, name: str) -> Any:
        query = None if name.startswith("_") else self._queries.get(name)
        if query is None:
            near = "" if name.startswith("_") else did_you_mean(name, self._queries)
            raise AttributeError(
                f"the family {self._name} has no query {name!r}" + (f" ({near})" if near else "")
            )
        return self._function(f"{self._name}.{name}", query)

    def __dir__(self) -> list[str]:
        return sorted(self._queries)

    def __len__(self) -> int:
        return len(self._queries)

    def __repr__(self) -> str:
        return f"<{self._name}: {', '.join(self._queries)}>"


def help_text(name: str, query: Query) -> str:
    """What there is to know about a query."""
    lines = [query.description or query.name, ""]
    for what, words in (
        ("Tables", query.tables),
        ("ATT&CK", (*query.techniques, *query.tactics)),
        ("Tags", query.tags),
    ):
        if words:
            lines.append(f"{what}: {', '.join(words)}")
    if query.parameters:
        lines += ["", "Parameters:"]
        lines += [f"    {_described(each)}" for each in query.parameters.values()]
    needed = [f"{each}=..." for each in ("start", "end") if each in query.parameters]
    needed += [f"{each}=..." for each in query.required]
    lines += ["", "Example:", f"    provider.{name}({', '.join(needed)})"]
    return visible_lines("\n".join(lines))


def _described(parameter: Parameter) -> str:
    kind = "|".join(parameter.choices) or parameter.type
    if parameter.required:
        kind += ", required"
    elif parameter.default not in (None, "", [], ()):
        kind += f", default {parameter.default!r}"
    also = f" (also {', '.join(parameter.aliases)})" if parameter.aliases else ""
    told = f": {parameter.description}" if parameter.description else ""
    return f"{parameter.name}{also} ({kind}){told}"


def _signature(query: Query) -> inspect.Signature:
    kinds: dict[str, Any] = {
        "int": int,
        "float": float,
        "bool": bool,
        "datetime": datetime,
        "timespan": timedelta,
        "list": list,
    }
    given = [
        inspect.Parameter(
            each.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=inspect.Parameter.empty if each.required else each.default,
            annotation=kinds.get(each.type, str),
        )
        for each in query.parameters.values()
        if each.name.isidentifier()
    ]
    objects = inspect.Parameter("objects", inspect.Parameter.VAR_POSITIONAL)
    more = [
        inspect.Parameter(each.name, inspect.Parameter.KEYWORD_ONLY, default=each.default)
        for each in fields(Controls)
        if each.name not in query.parameters
    ]
    return inspect.Signature([objects, *given, *more])


@dataclass(frozen=True, slots=True, kw_only=True)
class Controls:
    """What a call may say beside the query's own parameters.

    Attributes:
        split_by: ask in pieces of this length (``"1h"``); only where that is exact.
        refresh: ask the source even where an answer is kept.
        frame: the kind of frame.
        on_partial: what to do where rows are missing: ``warn``, or ``raise`` `PartialAnswer`.
        timeout_s: when to give up.
        as_code: give the Python of the call instead of the rows.
    """

    split_by: str | timedelta | None = None
    refresh: bool = False
    frame: FrameKind | None = None
    on_partial: Literal["warn", "raise"] = "warn"
    timeout_s: float | None = None
    as_code: bool = False


_CONTROLS: Final = tuple(each.name for each in fields(Controls))


def sorted_out(
    query: Query, values: Mapping[str, object], options: Sequence[str]
) -> tuple[dict[str, object], Controls, dict[str, object]]:
    """What a call gave, as the query's values, controls, and the driver's options.

    A parameter of the query comes first where a control has the same name.

    Raises:
        UsageError: a name that nothing knows, with the nearest.
    """
    mine: dict[str, object] = {}
    controls: dict[str, object] = {}
    rest: dict[str, object] = {}
    for given, value in values.items():
        name = "split_by" if given == "split_query_by" else given
        if query.parameter(name) is not None:
            mine[name] = value
        elif name in _CONTROLS:
            controls[name] = value
        elif name in options:
            rest[name] = value
        else:
            known = [*query.parameters, *_CONTROLS, *options]
            raise UsageError(
                f"the query {query.name} takes no {name}=",
                hint=did_you_mean(name, known) or f"it takes {', '.join(query.parameters)}",
                context={"parameter": name},
            )
    return mine, declared(Controls, controls, what=f"the query {query.name}"), rest


def as_call(name: str, query: Query, given: Mapping[str, object], said: Rendered) -> str:
    """The Python that asks the same, ready to paste; times are written out.

    Args:
        name: the query's full name.
        query: the query.
        given: what the call gave.
        said: the query with these values.
    """
    wanted = {each.name for name in given if (each := query.parameter(name)) is not None}
    wanted |= {"start", "end"}
    shown = ", ".join(
        f"{each}={_literal(value)}" for each, value in said.parameters.items() if each in wanted
    )
    return f"provider.{name}({shown})"


def _literal(value: object) -> str:
    if isinstance(value, datetime):
        return repr(value.isoformat().replace("+00:00", "Z"))
    if isinstance(value, timedelta):
        return repr(f"{value.total_seconds():.6f}s")
    if isinstance(value, str):
        return ascii(value)  # nothing in it can hide
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_literal, value))}]"
    return repr(value)
