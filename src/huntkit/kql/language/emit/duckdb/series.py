"""Series: arrays of numbers."""

import math
from collections.abc import Callable
from typing import Any

from huntkit.kql.language.emit.duckdb.registry import python
from huntkit.kql.language.emit.duckdb.values import array, dump, load


def is_number(value: object) -> bool:
    """Whether an element is a number (a bool is none)."""
    return isinstance(value, int | float) and not isinstance(value, bool)


@python("series_stats", "V", "V")
def _stats(value: str | None) -> str | None:
    """Statistics of a series; the variance is a sample's."""
    items = array(value)
    numbers = [float(each) for each in items or [] if is_number(each)]
    if items is None or not numbers:
        return None
    mean = math.fsum(numbers) / len(numbers)
    spread = math.fsum((each - mean) ** 2 for each in numbers)
    variance = spread / (len(numbers) - 1) if len(numbers) > 1 else 0.0
    floats = [float(each) if is_number(each) else None for each in items]
    least, most = min(numbers), max(numbers)
    return dump(
        {
            "min": least,
            "min_idx": floats.index(least),
            "max": most,
            "max_idx": floats.index(most),
            "avg": mean,
            "stdev": math.sqrt(variance),
            "variance": variance,
        }
    )


def _pairwise(operate: Callable[[Any, Any], Any]) -> Callable[[str | None, str | None], str | None]:
    def compute(a: str | None, b: str | None) -> str | None:
        one, two = load(a), load(b)
        if not isinstance(one, list) and not isinstance(two, list):
            return None
        longest = max(len(each) for each in (one, two) if isinstance(each, list))
        first = one if isinstance(one, list) else [one] * longest
        second = two if isinstance(two, list) else [two] * longest
        found: list[Any] = []
        for place in range(longest):
            x = first[place] if place < len(first) else None
            y = second[place] if place < len(second) else None
            found.append(operate(x, y) if is_number(x) and is_number(y) else None)
        return dump(found)

    return compute


def _divide(a: float, b: float) -> float:
    if b == 0:
        return math.nan if a == 0 else math.copysign(math.inf, a)
    return a / b


python("series_add", "JJ", "V")(_pairwise(lambda a, b: a + b))
python("series_subtract", "JJ", "V")(_pairwise(lambda a, b: a - b))
python("series_multiply", "JJ", "V")(_pairwise(lambda a, b: a * b))
python("series_divide", "JJ", "V")(_pairwise(_divide))


@python("series_abs", "V", "V")
def _abs(value: str | None) -> str | None:
    items = array(value)
    if items is None:
        return None
    return dump([abs(each) if is_number(each) else None for each in items])


@python("series_sum", "V", "D")
def _sum(value: str | None) -> float | None:
    items = array(value)
    if items is None:
        return None
    return math.fsum(each for each in items if is_number(each))


# --- filling gaps -------------------------------------------------------------------------------


@python("series_fill_const", "VJJ", "V")
def _fill_const(value: str | None, constant: str | None, missing: str | None) -> str | None:
    items, gap, new = array(value), load(missing), load(constant)
    return None if items is None else dump([new if each == gap else each for each in items])


def _forward(items: list[Any], gap: Any) -> list[Any]:
    found: list[Any] = []
    for each in items:
        found.append(found[-1] if each == gap and found else each)
    return found


@python("series_fill_forward", "VJ", "V")
def _fill_forward(value: str | None, missing: str | None) -> str | None:
    items = array(value)
    return None if items is None else dump(_forward(items, load(missing)))


@python("series_fill_backward", "VJ", "V")
def _fill_backward(value: str | None, missing: str | None) -> str | None:
    items = array(value)
    return None if items is None else dump(_forward(items[::-1], load(missing))[::-1])


# --- lines --------------------------------------------------------------------------------------


@python("series_fit_line", "V", "V")
def _fit_line(value: str | None) -> str | None:
    """The least-squares line, x counting from 0."""
    items = array(value)
    if items is None or len(items) < 2 or not all(map(is_number, items)):
        return None
    ys = [float(each) for each in items]
    count = len(ys)
    mean_x, mean_y = (count - 1) / 2, math.fsum(ys) / count
    sxx = math.fsum((x - mean_x) ** 2 for x in range(count))
    sxy = math.fsum((x - mean_x) * (y - mean_y) for x, y in enumerate(ys))
    syy = math.fsum((y - mean_y) ** 2 for y in ys)
    slope = sxy / sxx
    start = mean_y - slope * mean_x
    line = [start + slope * x for x in range(count)]
    left = math.fsum((y - z) ** 2 for y, z in zip(ys, line, strict=True))
    return dump(
        {
            "rsquare": 1 - left / syy if syy else 1.0,
            "slope": slope,
            "variance": syy / (count - 1),
            "rvariance": left / (count - 1),
            "interception": start,
            "line_fit": line,
        }
    )
