"""Series: arrays of numbers."""

import math
from collections.abc import Callable
from itertools import pairwise
from typing import Any

from huntkit.kql.language.emit.duckdb.registry import python
from huntkit.kql.language.emit.duckdb.values import array, dump, load


def is_number(value: object) -> bool:
    """Whether an element is a number (a bool is none)."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def _statistics(value: str | None, ignore: bool | None) -> dict[str, Any] | None:
    """Statistics of a series; the variance is a sample's.

    None for a series that holds what is no finite number, unless that is to be ignored.
    """
    items = array(value)
    numbers = [float(each) for each in items or [] if is_number(each) and math.isfinite(each)]
    if items is None or not numbers or (len(numbers) < len(items) and not ignore):
        return None
    mean = math.fsum(numbers) / len(numbers)
    spread = math.fsum((each - mean) ** 2 for each in numbers)
    variance = spread / (len(numbers) - 1) if len(numbers) > 1 else 0.0
    floats = [float(each) if is_number(each) else None for each in items]
    least, most = min(numbers), max(numbers)
    return {
        "min": least,
        "min_idx": floats.index(least),
        "max": most,
        "max_idx": floats.index(most),
        "avg": mean,
        "stdev": math.sqrt(variance),
        "variance": variance,
    }


@python("series_stats", "VB", "V")
def _stats(value: str | None, ignore: bool | None) -> str | None:
    return dump(_statistics(value, ignore))


@python("series_stats_dynamic", "VB", "V")
def _stats_dynamic(value: str | None, ignore: bool | None) -> str | None:
    found, items = _statistics(value, ignore), array(value) or []
    if found is None:
        return None
    total = math.fsum(each for each in items if is_number(each) and math.isfinite(each))
    return dump({**found, "sum": total, "len": len(items)})


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


python("series_pow", "JJ", "V")(_pairwise(lambda a, b: _real(lambda: float(a) ** b)))
python("series_equals", "JJ", "V")(_pairwise(lambda a, b: a == b))
python("series_not_equals", "JJ", "V")(_pairwise(lambda a, b: a != b))
python("series_less", "JJ", "V")(_pairwise(lambda a, b: a < b))
python("series_less_equals", "JJ", "V")(_pairwise(lambda a, b: a <= b))
python("series_greater", "JJ", "V")(_pairwise(lambda a, b: a > b))
python("series_greater_equals", "JJ", "V")(_pairwise(lambda a, b: a >= b))


def _real(compute: Callable[[], Any]) -> float | None:
    """A real result; None where there is none."""
    try:
        found = compute()
    except (ValueError, OverflowError, ZeroDivisionError):
        return None
    return float(found) if isinstance(found, int | float) else None


def _each(operate: Callable[[Any], Any]) -> Callable[[str | None], str | None]:
    def compute(value: str | None) -> str | None:
        items = array(value)
        if items is None:
            return None
        return dump([operate(each) if is_number(each) else None for each in items])

    return compute


python("series_abs", "V", "V")(_each(abs))
python("series_sign", "V", "V")(_each(lambda x: (x > 0) - (x < 0)))
python("series_floor", "V", "V")(_each(lambda x: float(math.floor(x))))
python("series_ceiling", "V", "V")(_each(lambda x: float(math.ceil(x))))
python("series_exp", "V", "V")(_each(lambda x: _real(lambda: math.exp(x))))
python("series_log", "V", "V")(_each(lambda x: _real(lambda: math.log(x))))
for _name in ("sin", "cos", "tan", "asin", "acos", "atan"):
    _function = getattr(math, _name)
    python(f"series_{_name}", "V", "V")(
        _each(lambda x, function=_function: _real(lambda: function(x)))  # type: ignore[misc]
    )


@python("series_magnitude", "V", "D")
def _magnitude(value: str | None) -> float | None:
    items = array(value)
    if items is None or not all(map(is_number, items)):
        return None
    return math.sqrt(math.fsum(each * each for each in items))


@python("series_product", "V", "D")
def _product(value: str | None) -> float | None:
    items = array(value)
    if items is None or not all(map(is_number, items)):
        return None
    return float(math.prod(items))


@python("series_dot_product", "JJ", "D")
def _dot_product(a: str | None, b: str | None) -> float | None:
    one, two = load(a), load(b)
    longest = max((len(each) for each in (one, two) if isinstance(each, list)), default=0)
    first = one if isinstance(one, list) else [one] * longest
    second = two if isinstance(two, list) else [two] * longest
    if len(first) != len(second) or not all(map(is_number, [*first, *second])):
        return None
    return math.fsum(x * y for x, y in zip(first, second, strict=True))


@python("series_pearson_correlation", "VV", "D")
def _pearson(a: str | None, b: str | None) -> float | None:
    one, two = array(a), array(b)
    if one is None or two is None or len(one) != len(two) or not one:
        return None
    if not all(map(is_number, [*one, *two])):
        return None
    mean_x, mean_y = math.fsum(one) / len(one), math.fsum(two) / len(two)
    pairs = [(x - mean_x, y - mean_y) for x, y in zip(one, two, strict=True)]
    spread = math.sqrt(math.fsum(x * x for x, _ in pairs) * math.fsum(y * y for _, y in pairs))
    return math.fsum(x * y for x, y in pairs) / spread if spread else math.nan


@python("series_iir", "VVV", "V")
def _iir(value: str | None, numerator: str | None, denominator: str | None) -> str | None:
    """A recursive filter; the denominator's first factor scales all."""
    items, top, bottom = array(value), array(numerator), array(denominator)
    if items is None or top is None or not bottom or not bottom[0]:
        return None
    if not all(map(is_number, [*items, *top, *bottom])):
        return None
    found: list[float] = []
    for place in range(len(items)):
        total = math.fsum(b * items[place - i] for i, b in enumerate(top) if place >= i)
        total -= math.fsum(a * found[place - i] for i, a in enumerate(bottom) if 0 < i <= place)
        found.append(total / bottom[0])
    return dump(found)


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


@python("series_fill_linear", "VJBJ", "V")
def _fill_linear(
    value: str | None, missing: str | None, edges: bool | None, constant: str | None
) -> str | None:
    """Straight lines over the gaps; whole numbers stay whole."""
    items, gap = array(value), load(missing)
    if items is None:
        return None
    known = [place for place, each in enumerate(items) if each != gap and is_number(each)]
    if not known:
        other = load(constant)
        return dump([0.0 if other is None else other] * len(items))
    whole = all(isinstance(items[place], int) for place in known)
    found = list(items)
    for a, b in pairwise(known):
        for place in range(a + 1, b):
            point = items[a] + (items[b] - items[a]) * (place - a) / (b - a)
            found[place] = math.trunc(point) if whole else point
    if edges is not False:
        found[: known[0]] = [items[known[0]]] * known[0]
        found[known[-1] + 1 :] = [items[known[-1]]] * (len(items) - known[-1] - 1)
    return dump(found)


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
