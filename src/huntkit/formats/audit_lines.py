"""One line of the Linux audit system, taken apart: raw, enriched, wrapped in syslog, or auoms.

Sources: the audit project's field dictionary and its rules for encoded values
(https://github.com/linux-audit/audit-documentation/wiki). A value that may hold anything is in
double quotes if it is harmless; if not, it stands without quotes in upper-case hexadecimal.
"""

import re
from collections import Counter
from collections.abc import Iterable
from itertools import islice
from typing import Any, NamedTuple

# Every repetition is bounded or anchored: a line of 5 MB takes no more than linear time.
_LINE = re.compile(
    r"(?:node=(?P<node>\S{1,255})\s{1,8})?type=(?P<type>[\w\[\]]{1,64})\s{1,8}"
    r"(?:msg=)?audit\((?P<time>[0-9]{1,12}(?:\.[0-9]{1,9})?):(?P<serial>[0-9]{1,20})\)\s{0,8}:?\s{0,8}"
)
# A syslog header in front of a record, for the host's name; a tag is no host.
_HEADER = re.compile(
    r"(?:<\d{1,3}>)?(?:1 )?"
    r"(?:[A-Z][a-z]{2} [ \d]?\d (?:\d{4} )?\d\d:\d\d:\d\d(?:\.\d{1,9})?"
    r"|\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})? ?(?:Z|[+-]\d\d:?\d\d)?)"
    r":? {1,8}(?P<host>[\w.\-]{1,255})(?=\s)"
)
_FIELD = re.compile(
    r"""(?<![\w\-])([A-Za-z_][\w\-]{0,63}(?:\[\d{1,7}\])?)="""
    r"""("[^"]*"|'[^']*'|\{[^}]{0,1024}\}|\S*)"""
)
# In auoms lines values without quotes may hold blanks; they end where the next name begins.
_AUOMS_FIELD = re.compile(
    r"(?<!\w)([A-Za-z_]\w{0,63})="
    r'("(?:[^"\\]|\\.)*"|\[[^\]]{0,8192}\]|(?:(?!\s\w{1,64}=).)*)(?=\s|$)',
    re.DOTALL,
)
_ARGUMENT = re.compile(r"a(\d+)(?:\[(\d+)\])?$")
_HEX = re.compile(r"[0-9A-F]++$")
_UNKNOWN = re.compile(r"UNKNOWN\[(\d+)\]$")

# Fields whose unquoted value is hexadecimal text.
_ENCODED = frozenset(
    {"proctitle", "exe", "comm", "ocomm", "cwd", "name", "cmd", "key", "key_r", "acct", "data"}
    | {"dir", "file", "path", "watch", "device", "root", "vm", "sw", "grp", "invalid_context"}
    | {"new_name", "old_name", "op_name"}
)
_SEPARATED_BY_NUL = frozenset({"proctitle", "cmd"})

# Numbers of record types, as the kernel's own log writes them (linux/audit.h).
_TYPES = {
    "1006": "LOGIN", "1100": "USER_AUTH", "1101": "USER_ACCT", "1103": "CRED_ACQ",
    "1104": "CRED_DISP", "1105": "USER_START", "1106": "USER_END", "1110": "CRED_REFR",
    "1112": "USER_LOGIN", "1123": "USER_CMD", "1130": "SERVICE_START", "1131": "SERVICE_STOP",
    "1300": "SYSCALL", "1302": "PATH", "1303": "IPC", "1304": "SOCKETCALL",
    "1305": "CONFIG_CHANGE", "1306": "SOCKADDR", "1307": "CWD", "1309": "EXECVE",
    "1318": "OBJ_PID", "1319": "TTY", "1320": "EOE", "1321": "BPRM_FCAPS", "1322": "CAPSET",
    "1323": "MMAP", "1324": "NETFILTER_PKT", "1325": "NETFILTER_CFG", "1326": "SECCOMP",
    "1327": "PROCTITLE", "1334": "BPF", "1400": "AVC", "1701": "ANOM_ABEND",
}  # fmt: skip


class AuditLine(NamedTuple):
    """A line's head and fields; lines of one node, time and serial are one event.

    The node is what the line says of itself, or the host of the syslog header around it.
    """

    node: str
    time: str
    serial: int
    record: dict[str, Any]


def is_audit(text: str) -> bool:
    """Whether the line is an audit record, perhaps behind a syslog header, and not JSON or CSV."""
    found = _LINE.search(text) if "audit(" in text else None
    return found is not None and not set(text[: found.start()]) & set('{",\t')


def parse_line(text: str, *, max_fields: int = 10_000) -> AuditLine | None:
    """The audit record in a line of text, or None if there is none.

    Values are text, unquoted and decoded. What stands between fields is in ``_text``, EXECVE's
    arguments are also in ``argv``, and the names that auditd resolved keep their upper case.

    Examples:
        >>> line = parse_line('type=EXECVE msg=audit(1.25:7): argc=2 a0="sh" a1=2D63206C73')
        >>> line.time, line.serial, line.record["argv"]
        ('1.25', 7, ['sh', '-c ls'])
        >>> parse_line("Jan  1 00:00:00 host sshd[1]: hello") is None
        True
    """
    head = _LINE.search(text)
    if head is None:
        return None
    body, _, resolved = text[head.end() :].partition("\x1d")
    return _line(text, head, _parsed(_type_name(head["type"]), body, resolved, max_fields))


_NONE: "list[Layout]" = []


class LineParser:
    """As `parse_line`, several times faster on many lines: it remembers how they were laid out.

    Lines of one type nearly always have the same fields in the same order. The first such line is
    taken apart field by field, the next ones by one expression made from it; that is used only
    for lines of which both say the same.

    Examples:
        >>> parse = LineParser().parse
        >>> [parse(f'type=CWD msg=audit(1.5:{n}): cwd="/{n}"').record["cwd"] for n in (1, 2, 3)]
        ['/1', '/2', '/3']
    """

    def __init__(self, *, max_fields: int = 10_000) -> None:
        self._max_fields = max_fields
        self._layouts: dict[str, list[Layout]] = {}
        self._lessons = 256  # making an expression costs as much as reading a hundred lines

    def parse(self, text: str) -> AuditLine | None:
        """The audit record in a line of text, or None if there is none."""
        # The common case in as few steps as possible: the expression checks what is guessed here.
        kind = text[5 : text.find(" ", 5, 70)]
        if kind == "EXECVE":
            start = text.find("): ", 0, 80) + 3
            kind += text[start : start + 7]
        layouts = self._layouts.get(kind, _NONE)
        for place, layout in enumerate(layouts):
            line = layout.read_line(text)
            if line is not None:
                if place:  # the last one used is tried first
                    layouts.insert(0, layouts.pop(place))
                return line
        head = _LINE.search(text)
        return None if head is None else self._parse(text, head)

    def _parse(self, text: str, head: re.Match[str]) -> AuditLine:
        kind = _type_name(head["type"])
        body, _, resolved = text[head.end() :].partition("\x1d")
        record = self._known(kind, body)
        if record is None:
            record = _parsed(kind, body, "", self._max_fields)
            self._learn(kind, body, record)
        if resolved:
            _resolve(record, resolved, self._max_fields)
        return _line(text, head, record)

    def _known(self, kind: str, body: str) -> dict[str, Any] | None:
        layouts = self._layouts.get(_key(kind, body))
        if layouts is None:
            return None
        for place, layout in enumerate(layouts):
            record = layout.read(body)
            if record is not None:
                if place:  # the last one used is tried first
                    layouts.insert(0, layouts.pop(place))
                return record
        return None

    def _learn(self, kind: str, body: str, record: dict[str, Any]) -> None:
        if self._lessons <= 0 or kind.startswith("AUOMS") or len(body) > 4_000:
            return
        self._lessons -= 1
        layout = layout_of(kind, body)
        if layout is not None and layout.read(body) == record:
            layouts = self._layouts.setdefault(_key(kind, body), [])
            layouts.insert(0, layout)
            del layouts[8:]


def _key(kind: str, body: str) -> str:
    """Lines that are laid out alike: of EXECVE, those of as many arguments."""
    return kind + body[:7] if kind == "EXECVE" else kind


def _line(text: str, head: re.Match[str], record: dict[str, Any]) -> AuditLine:
    found = head.groupdict() if head.re is _LINE else {}
    node = found.get("node") or record.get("node") or _host_of(text[: head.start()])
    return AuditLine(str(node), head["time"], int(head["serial"]), record)


def _parsed(kind: str, body: str, resolved: str, max_fields: int) -> dict[str, Any]:
    """The fields of a line, one by one."""
    record: dict[str, Any] = {"type": kind}
    if kind.startswith("AUOMS"):
        _auoms(body, record, max_fields)
    else:
        _fields(body, kind, record, max_fields)
    if kind == "EXECVE":
        record["argv"] = _arguments(record)  # before the resolved names: they are no arguments
    if resolved:
        _resolve(record, resolved, max_fields)
    return record


def _resolve(record: dict[str, Any], resolved: str, max_fields: int) -> None:
    """Add the names that auditd resolved; they never replace a field."""
    for found in islice(_FIELD.finditer(resolved), max_fields):
        record.setdefault(found[1], _unquoted(found[2]))


class Layout:
    """The fields of lines that are alike, as one expression."""

    __slots__ = ("_arguments", "_encoded", "_kind", "_match", "_match_line", "_names", "_node")

    def __init__(self, expression: str, kind: str, names: list[str], encoded: list[str]) -> None:
        self._match = re.compile(expression).fullmatch
        self._match_line = re.compile(_PLAIN.format(re.escape(kind)) + expression).fullmatch
        self._kind = kind
        self._names = names
        self._encoded = encoded
        self._arguments = [name for name in names if kind == "EXECVE" and _ARGUMENT.match(name)]
        self._node = "node" in names

    def read(self, body: str) -> dict[str, Any] | None:
        """The record, if the fields of a line are laid out like this."""
        found = self._match(body)
        return None if found is None else self._record(found.groups())

    def read_line(self, text: str) -> AuditLine | None:
        """A whole line, if it is one without anything before its type, and laid out like this."""
        found = self._match_line(text)
        if found is None:
            return None
        values = iter(found.groups())
        time, serial = next(values), next(values)
        record = self._record(values)
        node = record["node"] if self._node else ""
        # Half the time of calling the class.
        return tuple.__new__(AuditLine, (node, time, int(serial), record))

    def _record(self, values: Iterable[str]) -> dict[str, Any]:
        record: dict[str, Any] = {"type": self._kind}
        record.update(zip(self._names, values))  # noqa: B905  as many by construction
        for name in self._encoded:
            value = record[name]
            if len(value) % 2 == 0 and _HEX.match(value):
                record[name] = _from_hex(name, value)
        if self._arguments:
            record["argv"] = [record[name] for name in self._arguments]
        return record


def layout_of(kind: str, body: str) -> Layout | None:
    """How a line is laid out, if it is nothing but fields, each of them once.

    Values with apostrophes are left to the reading field by field, which knows where messages in
    apostrophes begin and end.
    """
    outer, nested = body, ""
    start = body.find("msg='")
    if start >= 0:
        if not body.endswith("'") or len(body) < start + 7:
            return None
        outer, nested = body[:start], body[start + 5 : -1]
    names: list[str] = []
    encoded: list[str] = []
    expression = _expression(outer, kind, names, encoded)
    if expression is None:
        return None
    if nested:
        names.append("msg")
        inner = _expression(nested, kind, names, encoded)
        if inner is None:
            return None
        expression += f" *msg='({inner})'"
    if len(set(names)) < len(names) or len(names) > 90 or "type" in names:
        return None
    arguments = [name for name in names if _ARGUMENT.match(name)]
    if kind == "EXECVE" and arguments != [f"a{n}" for n in range(len(arguments))]:
        return None
    return Layout(expression, kind, names, encoded)


def _expression(text: str, kind: str, names: list[str], encoded: list[str]) -> str | None:
    """The expression for a row of fields; their names are added, and which are hexadecimal."""
    made: list[str] = []
    at = 0
    for found in _FIELD.finditer(text):
        if text[at : found.start()].strip(" "):
            return None
        at = found.end()
        name, value = found.groups()
        made.append(re.escape(name) + (_QUOTED if value.startswith('"') else _BARE))
        if not value.startswith('"') and _may_be_encoded(name, kind):
            encoded.append(name)
        names.append(name)
    return None if text[at:].strip(" ") else " *" + " +".join(made) + " *"


# The head of most lines; the type's name goes in.
_PLAIN = r"type={} msg=audit\(([0-9]{{1,12}}\.[0-9]{{1,9}}):([0-9]{{1,20}})\): "
_QUOTED = r"=\"([^\"'\x1d]*)\""
_BARE = r"=([^\s\"'{][^\s']*|)"


def _host_of(before: str) -> str:
    """The host that a syslog header in front of the record names, or empty text."""
    found = _HEADER.match(before) if before else None
    return found["host"] if found else ""


def _type_name(given: str) -> str:
    unknown = _UNKNOWN.match(given)
    return _TYPES.get(unknown[1] if unknown else given, given)


def _fields(body: str, kind: str, record: dict[str, Any], max_fields: int) -> None:
    """Fields of a raw record; those nested in ``msg='...'`` come up beside the others."""
    start = body.find("msg='")
    if start >= 0 and (end := body.rfind("'")) > start + 4:
        nested = body[start + 5 : end]
        body = body[:start] + body[end + 1 :]
        record["msg"] = nested
        body += " " + nested
    at = 0
    between: list[str] = []
    seen: Counter[str] = Counter()  # a field that comes again is pid_2, pid_3 ...
    for found in islice(_FIELD.finditer(body), max_fields):
        start, end = found.span()
        if start - at > 1:
            between.append(body[at:start])
        at = end
        name, value = found.groups()
        kept = name
        if name in record:
            seen[name] += 1
            kept = f"{name}_{seen[name] + 1}"
        record.setdefault(kept, _decoded(name, value, kind))
    between.append(body[at:])
    text = " ".join(part for piece in between if (part := piece.strip(" ,:")))
    if text:
        record["_text"] = text


def _auoms(body: str, record: dict[str, Any], max_fields: int) -> None:
    for found in islice(_AUOMS_FIELD.finditer(body), max_fields):
        name, value = found[1], found[2]
        if name == "key_r":
            record[name] = _decoded(name, value, "")
        elif value.startswith('"') and value.endswith('"') and len(value) > 1:
            record[name] = value[1:-1].replace('\\"', '"').replace("\\\\", "\\")
        else:
            record[name] = value.strip()


def _decoded(name: str, value: str, kind: str) -> str:
    if value[:1] in ('"', "'"):
        return _unquoted(value)
    if not _may_be_encoded(name, kind) or len(value) % 2 or not _HEX.match(value):
        return value
    return _from_hex(name, value)


def _from_hex(name: str, value: str) -> str:
    text = bytes.fromhex(value).decode("utf-8", "backslashreplace")
    if name in _SEPARATED_BY_NUL:
        return text.rstrip("\0").replace("\0", " ")
    return text.replace("\x01", ",") if name in ("key", "key_r") else text


def _may_be_encoded(name: str, kind: str) -> bool:
    return name in _ENCODED or (kind == "EXECVE" and _ARGUMENT.match(name) is not None)


def _unquoted(value: str) -> str:
    return value[1:-1] if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'" else value


def _arguments(record: dict[str, Any]) -> list[str]:
    """``a0``, ``a1`` ... in order; one given in pieces (``a1[0]``, ``a1[1]``) is joined."""
    parts: dict[int, list[tuple[int, str]]] = {}
    for name, value in record.items():
        found = _ARGUMENT.match(name)
        if found and isinstance(value, str) and len(found[1]) < 7:
            parts.setdefault(int(found[1]), []).append((int(found[2] or 0), value))
    return ["".join(text for _, text in sorted(parts[at])) for at in sorted(parts)]
