r"""How places on a host are written in text: paths, registry keys, named pipes, mutexes.

A path ends where it can't go on. Blanks are the difficulty: folders of an unquoted path may hold
them, as the separator behind shows; of the last part only what fills a line, a field or quotes.
"""

import re

from huntkit.entities.indicators import normal_form
from huntkit.entities.places import TOP_FOLDERS
from huntkit.extract.shape import EDGE, Read, Reader, Shape, plain

# --- paths of Windows: what a folder's name may hold, in front of which it ends, where it starts
_WORD = r"[^\\/:*?\"<>|\s\x00-\x1f\x7f,;'`\u2018-\u201f]"
_PLAIN = r"[^\\/:*?\"<>|\s\x00-\x1f\x7f,;'`.\u2018-\u201f]"  # without a dot
_NO_DASH = r"[^\\/:*?\"<>|\s\x00-\x1f\x7f,;'`.\u2018-\u201f\-&]"
_MORE = rf"(?: (?:[-&]|{_NO_DASH}{_PLAIN}*))"  # a further word of a name
_FOLDER = rf"(?:{_PLAIN}+{_MORE}{{0,5}}(?:\.? {_NO_DASH}{_WORD}*)\\+|{_WORD}+\\+)"
_KNOWN = r"(?i:Program Files(?: \(x86\))?|Documents and Settings|Common Files|Start Menu)"
_SPACED = rf"{_PLAIN}+(?:{_MORE}){{1,6}}(?:\.{_WORD}*)?\.[A-Za-z0-9_~]{{1,12}}"
_DRIVE = r"(?:\\+[?.]\\+|\\+\?\?\\+)?(?-u:\b)[A-Za-z]:\\+"
_OTHER = (
    r"(?:%[A-Za-z_][0-9A-Za-z_]*(?:\([xX]86\))?%\\+"
    r"|\\+(?i-u:SystemRoot|Device\\+(?:Harddisk[0-9A-Za-z]+|Mup|CdRom[0-9]+|LanmanRedirector))\\+"
    r"|\\\\+(?:[?.]\\+UNC\\+)?[0-9A-Za-z_][^\\/:*?\"<>|\s\x00-\x1f\x7f,;()=\']+\\+)"
)
_START = r"(?:^|[:=] ?[\"']?|[\"'\t(<>|\[])"
_BEFORE = r"(?:^|[\s\"'=(\[,;:>|`])"
_END = r"(?:$|[\r\n\t\"'<>|])"
_WINDOWS_PATH = (
    rf"(?m)(?:\"(?:{_DRIVE}|{_OTHER})[^/:*?\"<>|\r\n\t]+\""
    rf"|{_START}(?:{_DRIVE}|{_OTHER}){_FOLDER}*{_SPACED}{_END}"
    rf"|(?:{_DRIVE}|{_BEFORE}{_OTHER}){_FOLDER}*(?:{_KNOWN}|{_WORD}+)?"
    rf"|{EDGE}[A-Za-z]:/(?:[^\\/:*?\"<>|\s\x00-\x1f,;'`]+/*)+)"
)


def _read_windows_path(text: str) -> list[Read]:
    path = text.strip("\r\n\t\"'<>|`")
    path = path.lstrip(" :=([,;") if not path.startswith("\\") else path
    if text[:1] == '"' == text[-1:]:
        path = re.split(r" --?[A-Za-z]", path, maxsplit=1)[0]  # a quoted command with options
    path = re.split(r"&[\w.]+=", path, maxsplit=1)[0]  # the next parameter of a web form
    path = re.sub(
        r"(\.\w{2,4})\+[0-9A-Fa-f]{1,16}(?:\(wow64\))?$", r"\1", path
    )  # an offset in a call trace
    path = _before_escape(path)
    path = _balanced(path)
    return plain("windows_path")(path) if path else []


def _before_escape(path: str) -> str:
    r"""Cut off what an escaped line break starts where other separators are doubled: ``\r\n``."""
    tail = path.lstrip("\\")
    if not re.match(r"[^\\]*(?:\\\\)+(?!\\)", tail):
        return path  # the first separator is not doubled
    odd = next((run for run in re.finditer(r"\\+", tail) if len(run[0]) % 2), None)
    return path[: len(path) - len(tail) + odd.end() - 1] if odd else path


def _balanced(path: str) -> str:
    """Without punctuation and brackets of the sentence around it."""
    excess = {last: path.count(last) - path.count(_OPENS[last]) for last in _OPENS}
    end = len(path)
    while end:
        last = path[end - 1]
        if last in _OPENS:
            if excess[last] <= 0:
                break
            excess[last] -= 1
        elif last not in ".,;!\u2026 '`":
            break
        end -= 1
    return path[:end]


_OPENS = {")": "(", "]": "[", "}": "{"}

# --- the registry
_KEY_WORD = r"[^\\\s\"'<>|\x00-\x1f,;`]"
_KEY_PLAIN = r"[^\\\s\"'<>|\x00-\x1f,;`:/]"
_KEY_FIRST = r"[^\\\s\"'<>|\x00-\x1f,;`:/\-]"
_KEY_MORE = rf"(?: (?:-|{_KEY_FIRST}{_KEY_PLAIN}*))"
_HIVE = (
    r"(?:(?-u:\b)(?i-u:(?:Registry::)?(?:HKEY_(?:LOCAL_MACHINE|CURRENT_USER|CLASSES_ROOT|USERS"
    r"|CURRENT_CONFIG|PERFORMANCE_DATA)|HKLM|HKCU|HKCR|HKU|HKCC)):?\\+"
    r"|\\+(?i-u:REGISTRY\\+(?:MACHINE|USER|A))\\+)"
)
_KEY_FOLDER = rf"(?:{_KEY_WORD}+\\+|{_KEY_PLAIN}+{_KEY_MORE}{{1,6}}\\+)"
_KEY_LABEL = (
    r"(?i-u:TargetObject|NewName|Object[ _]?Name|Registry_?Key(?:Name)?|Key[ _]?(?:Name|Path))"
)
_REGISTRY_KEY = (
    rf"(?m)(?:{_KEY_LABEL}: ?{_HIVE}[^\r\n\t\"<>|]+|\"{_HIVE}[^\"\r\n\t]+\"|'{_HIVE}[^'\r\n\t]+'"
    rf"|(?:^|: ?){_HIVE}{_KEY_FOLDER}*{_KEY_PLAIN}+{_KEY_MORE}{{1,6}}(?:$|[\r\n\t])"
    rf"|{_HIVE}{_KEY_FOLDER}*{_KEY_WORD}+)"
)
_NEXT_HIVE = re.compile(r"(?i)\s+(?=(?:Registry::)?(?:HKEY_|HK(?:LM|CU|CR|U|CC):?\\))")


def _read_registry_key(text: str) -> list[Read]:
    found = []
    text = re.sub(rf"^{_KEY_LABEL}: ?".replace("-u", ""), "", text)
    for part in _NEXT_HIVE.split(text.strip("\r\n\t\"': ")):
        key = _balanced(_before_escape(part.strip()))
        value = normal_form("registry_key", key)
        if value is not None:
            found.append(("registry_key", value, ""))
    return found


_PIPE_NAME = r"[^\s\"'<>|*?,;`]+"
_NAMED_PIPE = (
    rf"(?i-u:\\\\+[0-9A-Za-z_.\-]{{1,255}}\\+pipe\\+{_PIPE_NAME}"
    rf"|\\+Device\\+NamedPipe\\+{_PIPE_NAME}"
    rf"|pipe_?name[\"'\\]{{0,4}}\s{{0,3}}[:=]\s{{0,3}}[\"']?\\+{_PIPE_NAME})"
).replace("(?i-u:", "(?i:")


_PIPE_LABEL = re.compile(r"(?i)pipe_?name[^:=]*[:=]\s*[\"']?")


def _read_named_pipe(text: str) -> list[Read]:
    label = _PIPE_LABEL.match(text)
    pipe = _balanced(_before_escape(text[label.end() :] if label else text))
    if label and "\\" not in pipe.lstrip("\\"):
        pipe = "\\" + pipe.lstrip("\\")  # one in Sysmon's text, two in JSON
    return plain("named_pipe")(pipe)


_MUTEX = (
    r"(?:^|[\s\"'=(\[,;:>{])(?i:\\+(?:Sessions\\+[0-9]{1,5}\\+)?BaseNamedObjects"
    r"|Global|Local|Session\\+[0-9]{1,5})\\+[^\s\x00-\x20\x7f\"%&\'()*,/;<=>?\[\\\]^`|]+"
)


def _read_mutex(text: str) -> list[Read]:
    name = _balanced(text.lstrip(" \t\r\n\"'=([,;:>"))
    value = normal_form("mutex", name)
    return [("mutex", value, "")] if value is not None else []


# --- Linux, macOS, Android
_TOP = "|".join(re.escape(name) for name in sorted(TOP_FOLDERS, key=len, reverse=True))
_ANDROID = (
    r"data/(?:local|data|app|misc|user)|storage/emulated|vendor/(?:bin|etc|lib(?:64)?)"
    r"|system/(?:x?bin|app|etc|lib(?:64)?|priv-app)"
)
_LINUX_START = rf"(?:/(?:{_TOP}|{_ANDROID})|~[0-9A-Za-z_.\-]*|\$HOME|\$\{{HOME\}})"
_LINUX_NAME = r"(?:[^\s\x00-\x20\x7f!\"&'()*,/:;<>?\\^`|\u2018-\u201f]|\\ |\\\()+"
_METHOD = r"(?:GET|POST|PUT|HEAD|DELETE|OPTIONS|PATCH|CONNECT|TRACE|PROPFIND) "
_LINUX_PATH = (
    rf"(?m)(?:{_METHOD}|{EDGE}[A-Za-z]:|(?:^|[\s\"'=(\[{{<>,;|&:`@]|[0-9a-f] \*)(?:file://)?)"
    rf"{_LINUX_START}(?:/+{_LINUX_NAME})*/*[0-9A-Za-z_]*"
)
_QUOTED = (
    rf"\"{_LINUX_START}(?:/+[^\"'\r\n/:|;&<>$*?]+)+\"|'{_LINUX_START}(?:/+[^\"'\r\n/:|;&<>$*?]+)+'"
)


def _read_linux_path(text: str) -> list[Read]:
    if text[0].isascii() and text[0].isalpha() and not text.startswith("file:"):
        if text[1] == ":":
            return []  # C:/Users
        return [("linux_path", text.partition(" ")[2], "the path of a web request")]
    if len(text) > 2 and text[0] in "\"'" and text[-1] == text[0]:
        path = text[1:-1]
        if " " in path and (" -" in path or "/bin/" in path.partition(" ")[0]):
            path = path.partition(" ")[0]
    else:
        path = re.sub(r"^(?:[\s\"'=(\[{<>,;|&:`@]|[0-9a-f] \*)?(?:file://)?", "", text)
    path = path.replace("\\ ", " ").replace("\\(", "(")
    path = _balanced(path.rstrip("~\\"))  # a backslash: of an escaped quote behind it
    if path.startswith(("/dev/tcp/", "/dev/udp/")):
        return [("linux_path", path, "a connection of bash, no file")]
    value = normal_form("linux_path", path)
    return [] if value is None else [("linux_path", value, "")]


def place_shapes() -> list[Shape]:
    """The shapes of this module; each needs a pass of its own, as places hold other indicators."""

    def alone(name: str, pattern: str, read: Reader) -> Shape:
        return Shape(frozenset({name}), pattern, read, alone=True)

    return [
        alone("mutex", _MUTEX, _read_mutex),
        alone("named_pipe", _NAMED_PIPE, _read_named_pipe),
        alone("windows_path", _WINDOWS_PATH, _read_windows_path),
        alone("linux_path", f"(?:{_QUOTED}|{_LINUX_PATH})", _read_linux_path),
        alone("registry_key", _REGISTRY_KEY, _read_registry_key),
    ]
