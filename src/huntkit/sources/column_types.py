"""Columns of databases as the types that answers have; what does not fit is said, never bent.

Times come as UTC microseconds, integers as 32 or 64 bits, fractions as float64, binary as hex
text, lists and objects as JSON text. Integers that need more than 64 bits, and decimals that a
float64 does not hold to the last digit, come as text.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from itertools import count
from typing import Any, Final

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from huntkit.sources.driver import Gap

UTC: Final = pa.timestamp("us", "UTC")
_FIRST: Final = -62_135_596_800_000_000  # 0001-01-01, in microseconds since 1970
_LAST: Final = 253_402_300_800_000_000  # 10000-01-01
_INT64: Final = range(-(1 << 63), 1 << 63)
_DIGITS: Final = 15  # significant digits that every float64 holds ...
_POWER: Final = 300  # ... up to this power of ten


def table_of_columns(
    names: Sequence[str], columns: Sequence[pa.ChunkedArray | pa.Array]
) -> tuple[pa.Table, list[Gap]]:
    """Columns of any Arrow type as a table of an answer.

    Args:
        names: the columns' names; of two with one name the second is ``name_2``.
        columns: their values; times without a zone count as UTC.

    Returns:
        The table, and a gap for each column with times that no calendar has (``infinity``).

    Examples:
        >>> columns = [pa.array([1], pa.uint8()), pa.array([b"z"])]
        >>> table, gaps = table_of_columns(["n", "n"], columns)
        >>> table.to_pylist(), gaps
        ([{'n': 1, 'n_2': '7a'}], [])
    """
    distinct = distinct_names(names)
    gaps: list[Gap] = []
    made = []
    for name, column in zip(distinct, columns, strict=True):
        fitted, lost = column_of_arrow(column)
        if lost:
            text = f"{lost:,} times in {name!r} are outside the years 1 to 9999, and left empty"
            gaps.append(Gap(text, helps="nothing"))
        made.append(fitted)
    return pa.table(dict(zip(distinct, made, strict=True))), gaps


def distinct_names(names: Iterable[str]) -> list[str]:
    """The names, the second of two that are the same with ``_2``.

    Examples:
        >>> distinct_names(["a", "a", "a_2"])
        ['a', 'a_3', 'a_2']
    """
    given = list(names)
    known, seen = set(given), set[str]()
    made = []
    for name in given:
        free: Iterator[str] = (f"{name}_{n}" for n in count(2))
        new = name if name not in seen else next(n for n in free if n not in known | seen)
        seen.add(new)
        made.append(new)
    return made


def column_of_arrow(column: pa.ChunkedArray | pa.Array) -> tuple[pa.Array, int]:
    """A column as an answer's type, and how many of its times no calendar has."""
    given = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if isinstance(given, pa.ChunkedArray):  # some types can't be put into one chunk
        given = pa.array(given.to_pylist(), given.type)
    kind = given.type
    if isinstance(kind, pa.BaseExtensionType):
        if "uuid" in str(kind):
            return _texts(given), 0
        return column_of_arrow(given.storage)
    if pa.types.is_dictionary(kind):
        return column_of_arrow(given.dictionary_decode())
    if pa.types.is_timestamp(kind):
        return _times(given)
    if pa.types.is_date(kind):
        return _times(given.cast(pa.date32()).cast(pa.timestamp("s")))
    for fits, make in _KINDS:
        if fits(kind):
            return make(given), 0
    return json_column(given.to_pylist()), 0


def _times(column: pa.Array) -> tuple[pa.Array, int]:
    """UTC microseconds; those outside the calendar are null."""
    per_unit = {"s": 1_000_000, "ms": 1_000, "us": 1}.get(column.type.unit)
    if per_unit is None:  # nanoseconds never leave the years 1677 to 2262
        return column.cast(pa.timestamp("us", column.type.tz), safe=False).cast(UTC), 0
    number = column.cast(pa.int64())
    # Bounds in the column's own unit: multiplying first would overflow where it matters.
    within = pc.and_(
        pc.greater_equal(number, _FIRST // per_unit), pc.less(number, _LAST // per_unit)
    )
    kept = pc.if_else(within, number, pa.scalar(None, pa.int64()))
    return pc.multiply(kept, per_unit).cast(UTC), kept.null_count - number.null_count


def _spans(column: pa.Array) -> pa.Array:
    """Lengths of time; those with months, which have no length, as ISO 8601 text."""
    values = column.to_pylist()
    if all(each is None or not each.months for each in values):
        return pa.array(
            [
                None if v is None else timedelta(days=v.days, microseconds=v.nanoseconds // 1_000)
                for v in values
            ],
            pa.duration("us"),
        )
    return pa.array([None if v is None else _iso_span(v) for v in values], pa.string())


def _iso_span(span: Any) -> str:
    return f"P{span.months}M{span.days}DT{span.nanoseconds / 1e9:.6f}S"


def numbers(values: Sequence[str | int | Decimal | None], *, fraction: bool = False) -> pa.Array:
    """Exact numbers as integers or float64 where every one is held to the digit, else as text.

    Args:
        values: the numbers.
        fraction: whether the column is declared with digits after the point: never integers.

    Examples:
        >>> numbers(["1", "2"]).type, numbers(["1.5", "2"]).type, numbers([1 << 70]).type
        (DataType(int64), DataType(double), DataType(string))
    """
    texts = [None if each is None else str(each) for each in values]
    present = [each for each in texts if each is not None]
    try:
        if not fraction and all(each.lstrip("-").isdecimal() for each in present):
            whole = [None if each is None else int(each) for each in texts]
            if all(each is None or each in _INT64 for each in whole):
                return pa.array(whole, pa.int64())
            return pa.array(texts, pa.string())
        if all(_is_exact(each) for each in present):
            return pa.array([None if e is None else float(e) for e in texts], pa.float64())
    except (ValueError, InvalidOperation):
        pass
    return pa.array(texts, pa.string())


def _is_exact(text: str) -> bool:
    number = Decimal(text)
    if not number.is_finite():
        return True
    short = len(number.as_tuple().digits) <= _DIGITS and abs(number.adjusted()) < _POWER
    return short or Decimal(repr(float(text))) == number


def json_column(values: Sequence[Any]) -> pa.Array:
    """Lists and objects as JSON text."""
    return pa.array([None if each is None else json_text(each) for each in values], pa.string())


def json_text(value: Any) -> str:
    """A value as JSON; bytes as hex, times as ISO 8601, what JSON lacks as text.

    Examples:
        >>> json_text({"a": [1, b"z", Decimal("1.50")]})
        '{"a":[1,"7a","1.50"]}'
    """
    try:
        return orjson.dumps(value, default=_plain, option=orjson.OPT_NON_STR_KEYS).decode()
    except (TypeError, orjson.JSONEncodeError):  # integers of more than 64 bits
        return json.dumps(value, default=_plain, separators=(",", ":"), ensure_ascii=False)


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, tuple | set | frozenset):
        return list(value)
    return str(value)


def hex_column(column: pa.Array) -> pa.Array:
    """Binary values as lower-case hex text."""
    return pa.array([None if v is None else v.hex() for v in column.to_pylist()], pa.string())


def _exact(column: pa.Array) -> pa.Array:
    fraction = pa.types.is_decimal(column.type) and column.type.scale > 0
    return numbers(column.to_pylist(), fraction=fraction)


def _texts(column: pa.Array) -> pa.Array:
    return pa.array([None if v is None else str(v) for v in column.to_pylist()], pa.string())


def _to(kind: pa.DataType) -> Callable[[pa.Array], pa.Array]:
    return lambda column: column.cast(kind)


_types = pa.types
_SMALL: Final = {pa.int8(), pa.int16(), pa.int32(), pa.uint8(), pa.uint16()}
_KINDS: Final[Sequence[tuple[Callable[[pa.DataType], bool], Callable[[pa.Array], pa.Array]]]] = (
    (lambda kind: kind in _SMALL, _to(pa.int32())),
    (lambda kind: kind in {pa.int64(), pa.uint32()}, _to(pa.int64())),
    (lambda kind: kind == pa.uint64(), _exact),
    (_types.is_floating, _to(pa.float64())),
    (_types.is_decimal, _exact),
    (_types.is_boolean, _to(pa.bool_())),
    (lambda kind: kind == pa.string(), lambda column: column),
    (lambda kind: kind in {pa.large_string(), pa.string_view(), pa.null()}, _to(pa.string())),
    (lambda kind: _types.is_binary(kind) or _types.is_large_binary(kind)
        or _types.is_fixed_size_binary(kind) or _types.is_binary_view(kind), hex_column),
    (_types.is_duration, lambda column: column.cast(pa.duration("us"), safe=False)),
    (lambda kind: kind == pa.month_day_nano_interval(), _spans),
    (_types.is_time, _texts),
)  # fmt: skip
