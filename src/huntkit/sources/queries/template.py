"""The text of a query with its places for pieces and values.

``{name}`` is such a place, ``{name:%Y-%m-%d}`` one whose value is written in that way, and a
brace that belongs to the query is doubled.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from huntkit.core.errors import UsageError

NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")

_SLOT = re.compile(r"(?P<name>[A-Za-z][A-Za-z0-9_]*)(?::(?P<spec>[^{}]*))?")
_BRACES = re.compile(r"\{\{|\}\}|\{([^{}\n]*)\}|[{}]")


@dataclass(frozen=True, slots=True)
class Slot:
    """A place in a text.

    Attributes:
        name: the parameter that stands there.
        spec: how its value is written (``%Y-%m-%d``), or an empty text.
        at: where it starts in the text as it was written.
    """

    name: str
    spec: str = ""
    at: int = 0


@lru_cache(maxsize=1024)
def pieces_of(text: str) -> tuple[str | Slot, ...]:
    """The fixed texts and slots of a template, in order.

    Raises:
        UsageError: a brace that is neither doubled nor holds a name.

    Examples:
        >>> pieces_of("T | where a == {a} | extend b = dynamic({{}})")
        ('T | where a == ', Slot(name='a', spec='', at=15), ' | extend b = dynamic({})')
    """
    found: list[str | Slot] = []
    fixed: list[str] = []
    end = 0
    for match in _BRACES.finditer(text):
        fixed.append(text[end : match.start()])
        end = match.end()
        if match[0] in ("{{", "}}"):
            fixed.append(match[0][0])
            continue
        inside = _SLOT.fullmatch(match[1] or "")
        if inside is None:
            line = text.count("\n", 0, match.start()) + 1
            raise UsageError(
                f"line {line} of the text: {match[0]!r} is no name of a parameter in braces",
                hint="double a brace that belongs to the query: {{ and }}",
                context={"at": match.start()},
            )
        found.extend(("".join(fixed), Slot(inside["name"], inside["spec"] or "", match.start())))
        fixed.clear()
    fixed.append(text[end:])
    found.append("".join(fixed))
    return tuple(each for each in found if each != "")


def slots_of(text: str) -> tuple[Slot, ...]:
    """The slots of a template, in order."""
    return tuple(each for each in pieces_of(text) if isinstance(each, Slot))


def with_formats(text: str, formats: Mapping[str, str]) -> str:
    """The template with the formats of parameters written out where they stand.

    Args:
        text: a template.
        formats: parameter -> format of its value, such as ``"{:%Y-%m-%d}"``.

    Examples:
        >>> with_formats("since={start}", {"start": '"{0:%H:%M}"'})
        'since="{start:%H:%M}"'
    """
    made: list[str] = []
    at = 0
    for slot in slots_of(text):
        if slot.name in formats and not slot.spec:
            before, spec, after = format_parts(formats[slot.name])
            end = text.index("}", slot.at) + 1
            written = f"{{{slot.name}:{spec}}}" if spec else f"{{{slot.name}}}"
            made.extend((text[at : slot.at], before, written, after))
            at = end
    return "".join((*made, text[at:]))


_FORMAT = re.compile(r"(?P<before>[^{}]*)\{0?(?::(?P<spec>[^{}!]*))?\}(?P<after>[^{}]*)")


def format_parts(template: str) -> tuple[str, str, str]:
    """What stands before the field of a format, the field's specification, what stands after it.

    Raises:
        UsageError: anything but one plain field; attributes and indices reach into objects.

    Examples:
        >>> format_parts("'{0:%Y}'")
        ("'", '%Y', "'")
    """
    match = _FORMAT.fullmatch(template)
    if match is None:
        raise UsageError(
            f"{template!r} is no format of one value", hint="write for example '{0:%Y-%m-%d}'"
        )
    return match["before"], match["spec"] or "", match["after"]
