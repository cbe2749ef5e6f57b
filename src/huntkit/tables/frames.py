"""The frame border: any kind of frame in, Polars inside, the same kind out.

Inside, every frame is a Polars frame with times as ``datetime[us, UTC]`` (a time without a zone
is taken as UTC), text for categories, mixed values and columns of nothing but nulls. What the
caller gave is never changed and shares no memory with what comes back.
"""

import datetime as dt
from collections import Counter
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, cast, get_args

import polars as pl

from huntkit.core.errors import UsageError, did_you_mean
from huntkit.tables import values
from huntkit.tables.stand_ins import StandIns

if TYPE_CHECKING:
    import pyarrow as pa

Kind = Literal["pandas", "polars", "lazy", "arrow", "record_batch", "duckdb"]
"""The kinds of frame that can be given and come back."""

_KINDS: dict[tuple[str, str], Kind] = {
    ("pandas", "DataFrame"): "pandas",
    ("polars", "DataFrame"): "polars",
    ("polars", "LazyFrame"): "lazy",
    ("pyarrow", "Table"): "arrow",
    ("pyarrow", "RecordBatch"): "record_batch",
    ("duckdb", "DuckDBPyRelation"): "duckdb",
    ("_duckdb", "DuckDBPyRelation"): "duckdb",
}


def kind_of(frame: object) -> Kind:
    """Which kind of frame this is, found without importing any library.

    Raises:
        UsageError: it is no frame, or a Spark frame.

    Examples:
        >>> kind_of(pl.DataFrame({"a": [1]}))
        'polars'
    """
    for kind in type(frame).__mro__:
        root = kind.__module__.partition(".")[0]
        if (root, kind.__name__) in _KINDS:
            return _KINDS[root, kind.__name__]
    if is_spark(frame):
        raise UsageError(
            "a Spark DataFrame can't be used here: it may be larger than this machine",
            hint="KQL and the steps that work row by row take it as it is; else bring the rows "
            "that matter here yourself: frame.where(...).limit(1_000_000).toArrow()",
        )
    module = type(frame).__module__.partition(".")[0]
    name = type(frame).__name__
    hint = "give a pandas or Polars DataFrame, a pyarrow Table or a DuckDB relation"
    if name == "Series":
        hint = "say .to_frame() first"
    raise UsageError(f"this is no table but a {module}.{name}".replace("builtins.", ""), hint=hint)


def is_spark(frame: object) -> bool:
    """Whether this is a Spark DataFrame, found without importing Spark.

    Examples:
        >>> is_spark(pl.DataFrame())
        False
    """
    return any(
        kind.__name__ == "DataFrame" and kind.__module__.partition(".")[0] == "pyspark"
        for kind in type(frame).__mro__
    )


def to_polars(frame: object) -> pl.DataFrame:
    """Any kind of frame as a Polars frame with huntkit's types.

    Non-text column names become text, a pandas index is dropped, a lazy frame is collected.

    Raises:
        UsageError: not a frame, or two columns have the same name.

    Examples:
        >>> import pandas
        >>> to_polars(pandas.DataFrame({"a": [1, "x", None]}))["a"].to_list()
        ['1', 'x', None]
    """
    return Guest.receive(frame).plain


def from_polars(frame: pl.DataFrame, like: object) -> Any:
    """A Polars frame as the kind of frame that `like` is.

    Examples:
        >>> import pandas
        >>> type(from_polars(pl.DataFrame({"a": [1]}), like=pandas.DataFrame())).__name__
        'DataFrame'
    """
    return _send(tidy(frame), kind_of(like))


def as_kind(frame: object, kind: str) -> Any:
    """Any frame as the named kind: ``pandas``, ``polars``, ``arrow``, ``lazy`` or ``duckdb``.

    Raises:
        UsageError: no such kind.

    Examples:
        >>> as_kind(pl.DataFrame({"a": [1, None]}), "pandas")["a"].dtype
        Int64Dtype()
    """
    check_kind(kind)
    return _send(to_polars(frame), cast("Kind", kind))


def check_kind(kind: str) -> None:
    """Refuse a kind of frame that there is not, before any work is done for it.

    Raises:
        UsageError: no such kind.
    """
    if kind not in get_args(Kind):
        raise UsageError(
            f"there is no kind of frame {kind!r}",
            hint=did_you_mean(str(kind), get_args(Kind)) or f"one of {', '.join(get_args(Kind))}",
        )


@dataclass(frozen=True, slots=True)
class Guest:
    """A caller's frame, what it became inside, and what is needed to give its kind back.

    Attributes:
        kind: the kind that came in.
        original: the caller's frame, untouched (a lazy frame: collected).
        inner: the Polars frame that steps work on.
        labels: the caller's column labels by inner name.
        stand_ins: what inner names have where Polars would take the caller's for patterns.
    """

    kind: Kind
    original: Any
    inner: pl.DataFrame
    labels: dict[str, Any]
    stand_ins: StandIns

    @classmethod
    def receive(cls, frame: Any) -> "Guest":
        """Take in a caller's frame."""
        kind = kind_of(frame)
        try:
            match kind:
                case "pandas":
                    from huntkit.tables import pandas_frames  # noqa: PLC0415  slow to load

                    labels = _inner_names(list(frame.columns))
                    inner = pandas_frames.from_pandas(frame, list(labels))
                case "lazy":
                    frame = frame.collect()
                    inner = frame
                case "polars":
                    inner = frame
                case "duckdb":
                    inner = _from_duckdb(frame)
                case _:
                    inner = _from_arrow(frame)
        except pl.exceptions.PolarsError as problem:
            raise UsageError(f"this table can't be read: {_first_line(problem)}") from problem
        if kind != "pandas":
            labels = {name: name for name in inner.columns}
        stand_ins = StandIns.of(inner.columns)
        labels = {stand_ins.inner(name): own for name, own in labels.items()}
        return cls(kind, frame, renamed(tidy(inner), labels), labels, stand_ins)

    @property
    def plain(self) -> pl.DataFrame:
        """The frame under names that may be given out."""
        return renamed(self.inner, map(self.stand_ins.restored, self.inner.columns))

    def name_of(self, label: object) -> str | None:
        """The inner name of a column that the caller names by its own label."""
        if isinstance(label, str) and label in self.labels and self.labels[label] == label:
            return label
        for name, own in self.labels.items():
            if type(own) is type(label) and own == label:
                return name
        return None

    def give_back(
        self,
        result: pl.DataFrame,
        *,
        rows_kept: bool | None = None,
        index_column: str | None = None,
    ) -> Any:
        """The result as the caller's kind.

        A column of the result that equals the caller's in every row comes back as the caller's
        own: with its type, its categories, its mixed values. `rows_kept` says whether the rows
        stand where they stood; where that is not known (None), every column that the result
        shares with the input has to be unchanged. A pandas index comes back where the rows
        are known to be the caller's, and all of its columns are there.
        """
        result = self.outer(tidy(result))
        unchanged = self._unchanged(result, rows_kept=rows_kept)
        if self.kind == "pandas":
            return self._give_pandas(result, unchanged, rows_kept, index_column)
        out = _send(result, self.kind)
        if self.kind == "lazy":
            return result.with_columns(self.original[name] for name in unchanged).lazy()
        if self.kind == "polars":
            return result.with_columns(self.original[name] for name in unchanged)
        if self.kind == "arrow":
            for name in unchanged:
                place = result.columns.index(name)
                own = self.original.schema.field(name)
                out = out.set_column(place, own, self.original.column(name))
        return out

    def outer(self, result: pl.DataFrame) -> pl.DataFrame:
        """A result under names and with texts that may be given out."""
        names = [self.stand_ins.restored(name) for name in result.columns]
        _check_names(names)
        return renamed(self.stand_ins.texts_of(result), names)

    def _give_pandas(
        self,
        result: pl.DataFrame,
        unchanged: list[str],
        rows_kept: bool | None,
        index_column: str | None,
    ) -> Any:
        from huntkit.tables import pandas_frames  # noqa: PLC0415  slow to load

        labels = {self.stand_ins.restored(name): own for name, own in self.labels.items()}
        places = {name: place for place, name in enumerate(labels)}
        all_there = bool(places) and result.height == self.inner.height
        all_there = all_there and all(name in result.columns for name in places)
        out = pandas_frames.put_back(
            pandas_frames.to_pandas(result),
            self.original,
            {name: places[name] for name in unchanged},
            keep_index=bool(rows_kept) and all_there,
        )
        if index_column is not None and index_column in result.columns:
            own = pandas_frames.index_values(self.original, result[index_column])
            own.index = out.index
            out[index_column] = own
        return pandas_frames.relabel(out, labels)

    def _unchanged(self, result: pl.DataFrame, *, rows_kept: bool | None) -> list[str]:
        if rows_kept is False or result.height != self.inner.height:
            return []
        before = self.plain
        shared = [name for name in result.columns if name in before.columns]
        same = [name for name in shared if _same(result[name], before[name])]
        return same if rows_kept or len(same) == len(shared) else []


def renamed(frame: pl.DataFrame, names: Iterable[str]) -> pl.DataFrame:
    """The frame under other names, in order; the same object where they are its own."""
    names = list(names)
    if names == frame.columns:
        return frame
    frame = frame.clone()
    frame.columns = names
    return frame


def tidy(frame: pl.DataFrame) -> pl.DataFrame:
    """A Polars frame with huntkit's types; the same object where nothing is to do."""
    changes = {}
    for place, column in enumerate(frame.get_columns()):
        # Under a name that is no pattern: most methods of a Series go through expressions.
        changed = _tidy_column(column.alias(str(place)))
        if changed is not None:
            changes[place] = changed.alias(column.name)
    return frame.with_columns(changes.values()) if changes else frame


def _tidy_column(column: pl.Series) -> pl.Series | None:
    dtype = column.dtype
    if isinstance(dtype, pl.Datetime):
        if dtype.time_unit == "us" and dtype.time_zone == "UTC":
            return None
        moments = column.dt.cast_time_unit("us")
        if dtype.time_zone is None:
            return moments.dt.replace_time_zone("UTC")
        return moments.dt.convert_time_zone("UTC")
    if isinstance(dtype, pl.Duration) and dtype.time_unit != "us":
        return column.dt.cast_time_unit("us")
    if dtype in (pl.Categorical, pl.Enum, pl.Null):
        return column.cast(pl.String)
    if dtype == pl.Object:
        return values.from_objects(column.name, column.to_list())
    return None


def _same(one: pl.Series, other: pl.Series) -> bool:
    if one.dtype != other.dtype:
        return False
    try:
        return one.equals(other, null_equal=True)
    except pl.exceptions.PolarsError:
        return False  # a type that Polars can't compare: the converted column stands


def _send(frame: pl.DataFrame, kind: Kind) -> Any:
    match kind:
        case "polars":
            return frame
        case "lazy":
            return frame.lazy()
        case "pandas":
            from huntkit.tables import pandas_frames  # noqa: PLC0415  slow to load

            return pandas_frames.to_pandas(frame)
    table: Any = frame.to_arrow(compat_level=pl.CompatLevel.oldest())
    if kind == "record_batch":
        import pyarrow as pa  # noqa: PLC0415  slow to load

        batches = table.combine_chunks().to_batches()
        return batches[0] if batches else pa.RecordBatch.from_pylist([], schema=table.schema)
    if kind == "duckdb":
        import duckdb  # noqa: PLC0415  slow to load

        return duckdb.from_arrow(table.rename_columns(_without_case_twins(frame.columns)))
    return table


def _from_duckdb(relation: Any) -> pl.DataFrame:
    import duckdb  # noqa: PLC0415  loaded by now, since the caller holds a relation

    try:
        _check_names(relation.columns)
        return _from_arrow(relation.to_arrow_table())
    except duckdb.Error as problem:
        raise UsageError(f"this relation can't be read: {_first_line(problem)}") from problem


def _from_arrow(table: "pa.Table | pa.RecordBatch") -> pl.DataFrame:
    _check_names(table.schema.names)
    if not any(is_strange(column.type) for column in table.schema):
        frame = pl.from_arrow(table)
        assert isinstance(frame, pl.DataFrame)
        return renamed(frame, table.schema.names)  # it calls a column without a name "column_0"
    return pl.DataFrame(
        {name: _arrow_column(name, table.column(name)) for name in table.schema.names}
    )


def is_strange(dtype: object) -> bool:
    """Whether Polars does not know the type; asked beforehand, because Polars panics on some."""
    return any(word in str(dtype) for word in ("interval", "union", "extension", "decimal256"))


def _arrow_column(name: str, column: Any) -> pl.Series:
    if not is_strange(column.type):
        series = pl.from_arrow(column)
        assert isinstance(series, pl.Series)
        return series.rename(name)
    items = column.to_pylist()
    if str(column.type) == "month_day_nano_interval" and not any(
        getattr(item, "months", 0) for item in items
    ):
        return pl.Series(name, [_length(item) for item in items], dtype=pl.Duration("us"))
    return values.from_objects(name, [_in_words(item) for item in items])


def _length(interval: Any) -> dt.timedelta | None:
    if interval is None:
        return None
    return dt.timedelta(days=interval.days, microseconds=interval.nanoseconds // 1000)


def _in_words(item: Any) -> Any:
    """An interval as ISO 8601 text: a month has no length."""
    if type(item).__name__ != "MonthDayNano":
        return item
    return f"P{item.months}M{item.days}DT{item.nanoseconds / 1e9:.9g}S"


def _check_names(names: Iterable[Hashable]) -> None:
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise UsageError(
            f"two columns are named {twice[0]!r}",
            hint="rename one of them first; a table's columns are found by name",
            context={"columns": twice},
        )


def _inner_names(labels: list[Any]) -> dict[str, Any]:
    """Text names for a pandas frame's labels, which may be numbers, tuples, None ..."""
    _check_names("nan" if label != label else label for label in labels)
    names = dict.fromkeys(label for label in labels if isinstance(label, str))
    taken = set(names)
    inner: dict[str, Any] = {}
    for label in labels:
        name = label if isinstance(label, str) else _free(str(label), taken)
        taken.add(name)
        inner[name] = label
    return inner


def _without_case_twins(names: list[str]) -> list[str]:
    """Names that differ in more than case, because SQL finds columns without regard to it."""
    taken: set[str] = set()
    out = []
    for name in names:
        free = _free(name, taken, fold=True)
        taken.add(free.casefold())
        out.append(free)
    return out


def _free(name: str, taken: set[str], *, fold: bool = False) -> str:
    free, number = name, 1
    while (free.casefold() if fold else free) in taken:
        number += 1
        free = f"{name}_{number}"
    return free


def _first_line(problem: BaseException) -> str:
    return (str(problem).splitlines() or [type(problem).__name__])[0][:200]
