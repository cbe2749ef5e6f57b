r"""One JSON text to one value: fast if it is proper, patient if it is not.

What orjson refuses but an investigator wants is kept, repaired, and said:

- bytes that are not UTF-8 stand in the text as ``\xNN``;
- half of a surrogate pair becomes U+FFFD;
- ``NaN`` and ``Infinity`` become those words as text;
- raw control characters inside strings are kept; NUL padding around the text goes;
- integers beyond 64 bits become text with all their digits (a float would lose some).

A key given twice in one object keeps the last value, as everywhere.
"""

import json
import re
from typing import Any

import orjson

from huntkit.formats.lines import INVALID_UTF8

NOT_JSON = "not JSON"
TOO_DEEP = "nested too deep"

LONE_SURROGATE = "lone surrogate"
NOT_A_NUMBER = "NaN or Infinity"
BIG_INTEGER = "integer beyond 64 bits"
CONTROL = "control character in text"

_SURROGATE = re.compile("[\ud800-\udfff]")
_RAW_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f]")
_INT64 = -(1 << 63), (1 << 64) - 1
_PADDING = b"\0 \t\r\n\x1e\xef\xbb\xbf"


class BadJSON(ValueError):
    """Why a text is no JSON value; the message is a short constant reason."""


def parse(text: bytes) -> tuple[Any, list[str]]:
    r"""The value, and the repairs that were needed to get it.

    Raises:
        BadJSON: no repair helps.

    Examples:
        >>> parse(b'{"a": 1}')
        ({'a': 1}, [])
        >>> parse(b'{"a": NaN, "b": "\\ud83d"}')
        ({'a': 'NaN', 'b': '\ufffd'}, ['NaN or Infinity', 'lone surrogate'])
    """
    try:
        return orjson.loads(text), []
    except orjson.JSONDecodeError:
        return parse_slowly(text)


def parse_slowly(text: bytes) -> tuple[Any, list[str]]:
    """As `parse`, but exact for integers of any size; five to ten times slower."""
    text = text.strip(_PADDING)
    repairs: list[str] = []
    try:
        decoded = text.decode("utf-8")
    except UnicodeDecodeError:
        repairs.append(INVALID_UTF8)
        # Doubled, so that inside a JSON string it reads as a backslash, an x and two digits.
        decoded = text.decode("utf-8", "surrogateescape")
        decoded = re.sub("[\udc80-\udcff]", lambda m: f"\\\\x{ord(m[0]) - 0xDC00:02x}", decoded)

    def constant(word: str) -> str:
        repairs.append(NOT_A_NUMBER)
        return word

    def integer(digits: str) -> int | str:
        if len(digits) < 19:
            return int(digits)
        number = int(digits) if len(digits) < 25 else None
        if number is None or not _INT64[0] <= number <= _INT64[1]:
            repairs.append(BIG_INTEGER)
            return digits
        return number

    try:
        value = json.loads(decoded, strict=False, parse_constant=constant, parse_int=integer)
    except RecursionError:
        raise BadJSON(TOO_DEEP) from None
    except ValueError:
        raise BadJSON(NOT_JSON) from None
    try:
        value = _mend(value, repairs)
    except RecursionError:
        raise BadJSON(TOO_DEEP) from None
    if _RAW_CONTROL.search(decoded):
        repairs.append(CONTROL)
    return value, list(dict.fromkeys(repairs))


def _mend(value: Any, repairs: list[str]) -> Any:
    """`value` with lone surrogates replaced, in keys too."""
    if isinstance(value, str):
        if _SURROGATE.search(value) is None:
            return value
        repairs.append(LONE_SURROGATE)
        return _SURROGATE.sub("\ufffd", value)
    if isinstance(value, dict):
        return {_mend(k, repairs): _mend(v, repairs) for k, v in value.items()}
    if isinstance(value, list):
        return [_mend(v, repairs) for v in value]
    return value
