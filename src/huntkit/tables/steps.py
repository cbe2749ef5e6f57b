"""The step contract: a function from table to table that takes any frame and gives it back.

A step is written once, for Polars. What it declares says how its work may be split, so that a
cluster can run the same function in parts: ``row`` (each row by itself), ``group`` (all rows
of a group together) or ``whole``.
"""

import functools
import inspect
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Concatenate, Literal, ParamSpec, Protocol, TypeVar, cast

import polars as pl

from huntkit.core.errors import HuntkitError, UnknownColumn, UsageError
from huntkit.tables import roles, spark_steps
from huntkit.tables.frames import Guest, is_spark

P = ParamSpec("P")
F = TypeVar("F")

Split = Literal["row", "group", "whole"]
Gives = Mapping[str, Any] | Sequence[str]


class Step(Protocol[P]):
    """What the decorator makes: the function for any frame, and what it declares."""

    __name__: str
    split: Split
    group: tuple[str, ...]
    columns: tuple[str, ...]
    gives: Gives | None
    index: str | None
    on_polars: Callable[Concatenate[pl.DataFrame, P], pl.DataFrame]

    def __call__(self, data: F, /, *args: P.args, **kwargs: P.kwargs) -> F:
        """The step's result, in the kind of frame that was given."""


def step(
    *,
    split: Split,
    group: Sequence[str] = (),
    columns: Sequence[str] = (),
    may_name: Sequence[str] = (),
    gives: Gives | None = None,
    index: str | None = None,
) -> Callable[[Callable[Concatenate[pl.DataFrame, P], pl.DataFrame]], Step[P]]:
    """Make a function from Polars frame to Polars frame a step for every kind of frame.

    Args:
        split: how the work may be split. ``row``: each result row comes from one input row, in
            the same order; ``group``: from the rows of one group; ``whole``: from all of them.
        group: for ``group``: the columns, roles or parameters whose values make a group.
        columns: the parameters that hold column names (text, several, or None for "not given");
            they are checked before the step runs.
        may_name: the parameters whose texts are columns or something else, such as roles, also
            as the values of a mapping; the step checks them.
        gives: the result columns that the step promises, with their Polars types; it is an
            error of the step to break the promise, with zero rows too.
        index: a result column that holds row positions of the input; a pandas caller gets the
            frame's own index values there.

    The bare function stays reachable as ``.on_polars``; the declarations are attributes.

    Examples:
        >>> @step(split="whole", columns=("by",))
        ... def rare(table: pl.DataFrame, *, by: str) -> pl.DataFrame:
        ...     return table.filter(pl.len().over(by) == 1)
        >>> import pandas
        >>> rare(pandas.DataFrame({"host": ["a", "a", "b"]}), by="host")["host"].to_list()
        ['b']
        >>> rare.split
        'whole'
    """

    def wrap(function: Callable[Concatenate[pl.DataFrame, P], pl.DataFrame]) -> Step[P]:
        signature = inspect.signature(function)
        _check_declaration(function.__name__, signature, split, group, [*columns, *may_name])

        @functools.wraps(function)
        def run(*args: Any, **kwargs: Any) -> Any:
            bound = signature.bind(*args, **kwargs)
            bound.apply_defaults()  # a column named by default must be there as well
            first = next(iter(signature.parameters))
            data = bound.arguments.pop(first)
            if is_spark(data):
                return _on_spark(made, data, bound, work)
            guest = Guest.receive(data)
            result = work(guest, dict(bound.arguments))
            kept = _rows_kept(result, split, index)
            return guest.give_back(result, rows_kept=kept, index_column=index)

        def work(guest: Guest, arguments: dict[str, Any]) -> pl.DataFrame:
            for name in columns:
                if arguments.get(name) is not None:
                    arguments[name] = _columns_of(guest, arguments[name], name)
            for name in may_name:
                arguments[name] = _perhaps_columns(guest, arguments.get(name))
            ordered = dict.fromkeys(signature.parameters) | arguments
            ordered[next(iter(ordered))] = guest.inner
            given = OrderedDict((each, ordered[each]) for each in signature.parameters)
            try:
                result = _run(function, inspect.BoundArguments(signature, given))
            except HuntkitError as problem:
                guest.stand_ins.mend(problem)
                raise
            return _keep_promise(function.__name__, result, gives)

        made = cast("Any", run)
        made.split, made.group, made.columns = split, tuple(group), tuple(columns)
        made.gives, made.index, made.on_polars = gives, index, function
        return cast("Step[P]", made)

    return wrap


Work = Callable[[Guest, dict[str, Any]], pl.DataFrame]


def _on_spark(step_: Any, data: Any, bound: inspect.BoundArguments, work: Work) -> Any:
    """The step on a Spark DataFrame, as its declaration allows."""
    if step_.split == "whole":
        raise spark_steps.refused(step_.__name__)
    arguments = dict(bound.arguments)
    if "progress" in arguments:  # workers can tell nobody
        arguments["progress"] = bound.signature.parameters["progress"].default

    def part(rows: pl.DataFrame) -> pl.DataFrame:
        guest = Guest.receive(rows)
        return guest.outer(work(guest, dict(arguments)))

    if step_.split == "row":
        return spark_steps.in_rows(data, part, index=step_.index)
    by = _group_of(step_.group, list(data.columns), arguments)
    return spark_steps.in_groups(data, part, by=by, index=step_.index)


def _group_of(
    names: Sequence[str], columns: Sequence[str], arguments: Mapping[str, Any]
) -> list[str]:
    """The columns whose values make a group: of a parameter, by name, or by role."""
    found: list[str] = []
    for name in names:
        given = arguments.get(name)
        if given is not None:
            found += [given] if isinstance(given, str) else [str(each) for each in given]
        else:
            found.append(name if name in columns else roles.require(columns, name))
    missing = [name for name in found if name not in columns]
    if missing:
        raise UnknownColumn(missing[0], list(columns))
    return list(dict.fromkeys(found))


def _check_declaration(
    name: str,
    signature: inspect.Signature,
    split: str,
    group: Sequence[str],
    columns: Sequence[str],
) -> None:
    if split not in ("row", "group", "whole"):
        raise TypeError(f"step {name}: split must be 'row', 'group' or 'whole', not {split!r}")
    if bool(group) != (split == "group"):
        raise TypeError(f"step {name}: group= belongs to split='group', and only there")
    missing = [each for each in columns if each not in signature.parameters]
    if missing:
        raise TypeError(
            f"step {name}: columns= or may_name= names no parameter: {', '.join(missing)}"
        )


def _columns_of(guest: Guest, given: object, parameter: str) -> Any:
    """The inner names of the columns that a parameter names, as text or as a list of text."""
    if isinstance(given, list | tuple | set | frozenset) and guest.name_of(given) is None:
        return [_column_of(guest, each, parameter) for each in given]
    return _column_of(guest, given, parameter)


def _column_of(guest: Guest, label: object, parameter: str) -> str:
    name = guest.name_of(label)
    if name is not None:
        return name
    known = [str(own) for own in guest.labels.values()]
    if not isinstance(label, str | int):
        raise UsageError(
            f"{parameter}= takes the name of a column, not {label!r:.80}",
            hint=f"one of: {', '.join(known[:12])}" if known else "the table has no columns",
        )
    raise UnknownColumn(str(label), known)


def _perhaps_columns(guest: Guest, given: Any) -> Any:
    """What was given, with the inner names of columns where it names any."""
    if isinstance(given, Mapping):
        return {key: _perhaps_columns(guest, each) for key, each in given.items()}
    if isinstance(given, list | tuple) and guest.name_of(given) is None:
        return [_perhaps_columns(guest, each) for each in given]
    name = guest.name_of(given)
    return given if name is None else name


def _run(function: Callable[..., pl.DataFrame], bound: inspect.BoundArguments) -> pl.DataFrame:
    try:
        return function(*bound.args, **bound.kwargs)
    except pl.exceptions.PolarsError as problem:
        reason = (str(problem).splitlines() or [type(problem).__name__])[0][:200]
        raise UsageError(
            f"{function.__name__} can't work on this table: {reason}",
            hint="check the types of the columns that you named",
        ) from problem


def _rows_kept(result: pl.DataFrame, split: Split, index: str | None) -> bool | None:
    """Whether each result row is the input row at its own position; None: not known."""
    if index is not None and index in result.columns:
        return result[index].cast(pl.Int64).equals(pl.int_range(result.height, eager=True))
    return True if split == "row" else None


def _keep_promise(name: str, result: pl.DataFrame, gives: Gives | None) -> pl.DataFrame:
    if gives is None:
        return result
    missing = [column for column in gives if column not in result.columns]
    if missing:
        raise TypeError(f"step {name} promised columns that it does not give: {missing}")
    if not isinstance(gives, Mapping):
        return result
    empty = [column for column in gives if result.schema[column] == pl.Null]
    result = result.with_columns(pl.col(column).cast(gives[column]) for column in empty)
    wrong = {
        column: result.schema[column]
        for column, dtype in gives.items()
        if result.schema[column] != dtype
    }
    if wrong:
        raise TypeError(f"step {name} promised other types than it gives: {wrong}")
    return result
