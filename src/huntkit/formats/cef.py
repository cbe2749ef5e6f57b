"""Events in ArcSight's Common Event Format and IBM's LEEF: one line of text to one dictionary.

CEF: "Implementing ArcSight Common Event Format", version 27; LEEF: IBM's "LEEF event components".
"""

import re
from typing import Any

_CEF_HEADER = (
    "CEFVersion",
    "DeviceVendor",
    "DeviceProduct",
    "DeviceVersion",
    "DeviceEventClassID",
    "Name",
    "Severity",
)
_LEEF_HEADER = ("LEEFVersion", "DeviceVendor", "DeviceProduct", "DeviceVersion", "EventID")
_BAR = re.compile(r"(?<!\\)(?:\\\\)*\|")
_KEY = re.compile(r"(?:^|(?<=\s))([A-Za-z_][\w.\-]*(?:\[\d+\])?)=")
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_START = re.compile(r"\b(CEF:\s?\d|LEEF:\s?\d)")


def find_event(text: str) -> tuple[str, int] | None:
    """``cef`` or ``leef`` and where the event starts in the text, or None."""
    found = _START.search(text) if "EF:" in text else None
    return (found[1].split(":")[0].lower(), found.start()) if found else None


def parse_cef(text: str, *, max_fields: int = 10_000) -> dict[str, Any] | None:
    r"""The header's fields by name and the ``Extensions``, or None if the header is broken.

    Examples:
        >>> event = parse_cef(r"CEF:0|Acme\|Co|Box|1|7|login|5|src=192.0.2.7 msg=a\=b c suser=eve")
        >>> event["DeviceVendor"], event["Severity"], event["Extensions"]
        ('Acme|Co', '5', {'src': '192.0.2.7', 'msg': 'a=b c', 'suser': 'eve'})
    """
    fields, rest = _header(text.removeprefix("CEF:").lstrip(), len(_CEF_HEADER))
    if len(fields) < len(_CEF_HEADER):
        return None
    event: dict[str, Any] = dict(zip(_CEF_HEADER, fields, strict=True))
    event["Extensions"] = _extensions(rest, max_fields)
    return event


def parse_leef(text: str, *, max_fields: int = 10_000) -> dict[str, Any] | None:
    r"""The same for LEEF 1.0 and 2.0.

    Examples:
        >>> parse_leef("LEEF:2.0|Acme|Box|1|login|^|src=192.0.2.7^usrName=eve")["Extensions"]
        {'src': '192.0.2.7', 'usrName': 'eve'}
    """
    fields, rest = _header(text.removeprefix("LEEF:").lstrip(), len(_LEEF_HEADER))
    if len(fields) < len(_LEEF_HEADER):
        return None
    event: dict[str, Any] = dict(zip(_LEEF_HEADER, fields, strict=True))
    delimiter = "\t"
    if event["LEEFVersion"].startswith("2"):
        given, bar, after = rest.partition("|")
        if bar and len(given) <= 6:
            delimiter, rest = _delimiter(given), after
    pairs = (part.partition("=") for part in rest.split(delimiter, max_fields))
    event["Extensions"] = {key.strip(): value for key, equals, value in pairs if equals}
    return event


def _delimiter(given: str) -> str:
    code = re.fullmatch(r"0?x([0-9A-Fa-f]{1,4})", given)
    return chr(int(code[1], 16)) if code else given or "\t"


def _header(text: str, count: int) -> tuple[list[str], str]:
    fields: list[str] = []
    at = 0
    while len(fields) < count:
        bar = _BAR.search(text, at)
        if bar is None:
            # The last field of the header may end the line.
            if len(fields) == count - 1:
                fields.append(_ESCAPE.sub(r"\1", text[at:]))
                at = len(text)
            break
        fields.append(_ESCAPE.sub(r"\1", text[at : bar.end() - 1]))
        at = bar.end()
    return fields, text[at:]


def _extensions(text: str, max_fields: int) -> dict[str, str]:
    keys = list(_KEY.finditer(text))[:max_fields]
    found: dict[str, str] = {}
    for at, key in enumerate(keys):
        end = keys[at + 1].start() if at + 1 < len(keys) else len(text)
        found[key[1]] = _ESCAPE.sub(_plain, text[key.end() : end].strip(" "))
    return found


def _plain(escape: re.Match[str]) -> str:
    return {"n": "\n", "r": "\r", "=": "=", "|": "|", "\\": "\\"}.get(escape[1], escape[0])
