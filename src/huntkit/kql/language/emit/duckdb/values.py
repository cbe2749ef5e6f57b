"""Dynamic values inside Python: JSON text in, JSON text out."""

import json
import math
from typing import Any

import orjson


def load(text: str | None) -> Any:
    """The value of JSON text; None where it is no JSON.

    Examples:
        >>> load('{"a": [1, 2.0]}')
        {'a': [1, 2.0]}
    """
    if text is None or text == "":
        return None
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        pass
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def dump(value: Any) -> str | None:
    """JSON text as dynamic values are written: compact, null as None.

    Examples:
        >>> dump({"a": [1, 2.0, None]})
        '{"a":[1,2.0,null]}'
    """
    if value is None:
        return None
    return json.dumps(_finite(value), ensure_ascii=False, separators=(",", ":"))


def _finite(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, list):
        return [_finite(each) for each in value]
    if isinstance(value, dict):
        return {key: _finite(each) for key, each in value.items()}
    return value


def key(value: Any) -> str:
    """Something that two values share only if KQL takes them for equal."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        value = int(value)
    return json.dumps(value, sort_keys=True)


def shown(value: Any) -> str:
    """A value as ``tostring`` gives it."""
    if value is None:
        return ""
    return value if isinstance(value, str) else dump(value) or ""


def array(text: str | None) -> list[Any] | None:
    """The value where it is an array."""
    value = load(text)
    return value if isinstance(value, list) else None


def bag(text: str | None) -> dict[str, Any] | None:
    """The value where it is a bag."""
    value = load(text)
    return value if isinstance(value, dict) else None
