"""JSON for other programs, without what a terminal at the end of the pipe might obey."""

import re
from typing import BinaryIO

import orjson

# JSON leaves these bare; a terminal at the end of the pipe might obey or be deceived by them.
_UNSAFE_IN_JSON = re.compile("[\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")


def write_facts(facts: object, stream: BinaryIO) -> None:
    """One JSON object on a line of its own, invisible characters escaped."""
    stream.write(escaped_json(orjson.dumps(facts).decode()).encode() + b"\n")
    stream.flush()


def escaped_json(text: str) -> str:
    r"""JSON in which invisible characters stand as escapes; it means the same.

    Examples:
        >>> print(escaped_json('"invoice\u202efdp.exe"'))
        "invoice\u202efdp.exe"
    """
    if text.isascii() and "\x7f" not in text:
        return text
    return _UNSAFE_IN_JSON.sub(lambda found: f"\\u{ord(found.group()):04x}", text)
