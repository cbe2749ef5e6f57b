"""One Windows event as XML to the dictionary that the EVTX reader gives for it.

``{"Event": {"#attributes": {...}, "System": {"Provider": {"#attributes": {"Name": ...}},
"EventID": 1, ...}, "EventData": {"Image": ...}}}``. The numbers of ``System`` are integers; the
values of ``EventData`` stay text, since the text does not say their types.
"""

import re
import xml.parsers.expat as expat
from typing import Any

_INTEGERS = frozenset(
    {"EventID", "Version", "Level", "Task", "Opcode", "EventRecordID", "ProcessID", "ThreadID"}
    | {"Qualifiers", "SessionID", "KernelTime", "UserTime", "ProcessorTime", "ProcessorID"}
)
_GUIDS = frozenset({"Guid", "ActivityID", "RelatedActivityID"})
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
_MOST_DEPTH = 64
_DIGITS = re.compile(r"\d{1,18}$")


class BadEvent(ValueError):
    """Why a text is no event; the message is a short constant reason."""


def parse_event(text: str) -> dict[str, Any]:
    """The event's dictionary.

    Raises:
        BadEvent: the text is not well-formed, declares entities, or is nested too deep.

    Examples:
        >>> event = parse_event(
        ...     "<Event><System><EventID>1</EventID></System>"
        ...     "<EventData><Data Name='Image'>a.exe</Data></EventData></Event>"
        ... )
        >>> event["Event"]["System"]["EventID"], event["Event"]["EventData"]
        (1, {'Image': 'a.exe'})
    """
    builder = _Builder()
    parser = expat.ParserCreate(namespace_separator=None)
    parser.buffer_text = True
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.text
    parser.StartDoctypeDeclHandler = _refuse
    parser.EntityDeclHandler = _refuse
    try:
        parser.Parse(_CONTROL.sub(_shown, text), True)
    except (expat.ExpatError, UnicodeError):
        raise BadEvent("not well-formed XML") from None
    if builder.root is None or builder.root_name != "Event":
        raise BadEvent("not an event")
    return {"Event": builder.root}


def _refuse(*_: object) -> None:
    raise BadEvent("XML with a document type or entities")


def _shown(found: re.Match[str]) -> str:
    """XML can't hold control characters; they stay visible."""
    return f"\\x{ord(found[0]):02x}"


class _Builder:
    def __init__(self) -> None:
        self.root: dict[str, Any] | None = None
        self.root_name = ""
        self._open: list[tuple[str, dict[str, str], dict[str, Any], list[str]]] = []

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """An element begins."""
        if len(self._open) >= _MOST_DEPTH:
            raise BadEvent("nested too deep")
        self._open.append((name.rpartition(":")[2], attributes, {}, []))

    def text(self, data: str) -> None:
        """Some text inside the innermost element."""
        self._open[-1][3].append(data)

    def end(self, _: str) -> None:
        """The innermost element ends, and goes into the one around it."""
        name, attributes, children, pieces = self._open.pop()
        text = "".join(pieces)
        if not self._open:
            self.root_name = name
            self.root = self._with_attributes(attributes, children)
            return
        parent_name, siblings = self._open[-1][0], self._open[-1][2]
        if parent_name == "EventData" and name == "Data" and "Name" in attributes:
            _put(siblings, attributes["Name"], text)
        elif name == "Data":
            _put(siblings, name, {"#text": text})
        else:
            _put(siblings, name, self._value(name, attributes, children, text))

    def _value(
        self, name: str, attributes: dict[str, str], children: dict[str, Any], text: str
    ) -> Any:
        if children:
            return self._with_attributes(attributes, children)
        in_system = any(each[0] == "System" for each in self._open)
        plain: Any = _number(name, text) if in_system else text
        if not text.strip():
            plain = None
        if not attributes or set(attributes) == {"xmlns"}:
            return plain
        value = self._with_attributes(attributes, {})
        if plain is not None:
            value["#text"] = plain
        return value

    @staticmethod
    def _with_attributes(attributes: dict[str, str], children: dict[str, Any]) -> dict[str, Any]:
        if not attributes:
            return children
        clean: dict[str, Any] = {
            key: value.strip("{}") if key in _GUIDS else _number(key, value)
            for key, value in attributes.items()
        }
        return {"#attributes": clean, **children}


def _number(name: str, text: str) -> int | str:
    return int(text) if name in _INTEGERS and _DIGITS.match(text.strip()) else text


def _put(siblings: dict[str, Any], name: str, value: Any) -> None:
    """Set a child; children of one name become a list."""
    if name not in siblings:
        siblings[name] = value
        return
    before = siblings[name]
    if name == "Data" and isinstance(before, dict) and isinstance(value, dict):
        texts = before["#text"] if isinstance(before.get("#text"), list) else [before.get("#text")]
        siblings[name] = {"#text": [*texts, value.get("#text")]}
    elif isinstance(before, list):
        before.append(value)
    else:
        siblings[name] = [before, value]
