r"""Indicators that one expression describes: paths, keys, numbers of registries, wallets ...

Each shape has an expression for the linear-time engine of Polars and a reader for the distinct
texts that it matched. The expressions are wide on purpose: they take in a whole run, so that the
reader sees too much rather than a piece of something longer, and refuses it.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache

from huntkit.entities.indicators import IOC_GROUPS, flaw, normal_form
from huntkit.entities.places import TOP_FOLDERS
from huntkit.entities.wallets import wallet

Read = tuple[str, str, str]  # type, value, and why it is none (empty if it is one)
Reader = Callable[[str], list[Read]]


@dataclass(frozen=True)
class Shape:
    """One expression and the types of indicators behind it."""

    types: frozenset[str]
    pattern: str  # for the Rust engine: no look-around, no back reference
    read: Reader
    alone: bool = False  # whether it may hold others, or be cut by them: a pass of its own
    start: re.Pattern[str] | None = None  # how its matches start, where it shares a pass


def shapes_for(wanted: Iterable[str]) -> list[Shape]:
    """The shapes that can give one of the wanted types.

    Examples:
        >>> [sorted(shape.types) for shape in shapes_for({"cve", "guid", "dns"})]
        [['cve'], ['guid']]
    """
    types = frozenset(wanted)
    return [shape for shape in _shapes() if shape.types & types]


def _plain(ioc_type: str, *, strip: str = "") -> Reader:
    """A reader for shapes that hold nothing but the value."""

    def read(text: str) -> list[Read]:
        text = text.strip(strip) if strip else text
        if not text:
            return []
        value = normal_form(ioc_type, text)
        return [(ioc_type, text, flaw(ioc_type, text)) if value is None else (ioc_type, value, "")]

    return read


_FIRST, _LAST = r"(?-u:\b)", r"(?-u:\b)"
_HEX4 = "[0-9A-Fa-f]{4}"

_CVE = r"(?i-u:cve)[-_: \u2010-\u2015]{1,2}[0-9]{4}[-_ \u2010-\u2015][0-9]{4,}"
_TECHNIQUE = rf"(?:{_FIRST}|_)[Tt][01][0-9]{{3}}(?:[./][0-9]{{3}})?[0-9A-Za-z]*"
_TAG = r"(?i-u:attack\.t)[0-9]{4}(?:\.[0-9]{3})?"
_LABEL_END = r"[\"'\\]{0,4}[ :=#(\[]{0,3}[\"'\\]{0,4}"
_ASN = (
    rf"(?:{_FIRST}|_)(?:AS[0-9]{{3,10}}{_LAST}|(?i-u:asn(?:[_ ]?(?:number|num|no))?|as[_ ]?number)"
    rf"{_LABEL_END}(?i-u:as)?[0-9]{{1,10}}{_LAST})"
)
_SYSTEM = (
    rf"{_FIRST}(?i-u:autonomous[_ ]system(?:[_ ](?:number|num|no))?){_LABEL_END}"
    rf"(?i-u:as)?[0-9]{{1,10}}{_LAST}"
)
_SSDEEP = rf"{_FIRST}[0-9]{{1,10}}:[0-9A-Za-z+/]{{6,}}:[0-9A-Za-z+/]{{3,}}"
_WALLET = rf"{_FIRST}(?i-u:bitcoincash:)?[0-9A-Za-z]{{25,110}}{_LAST}"
_JA4 = rf"{_FIRST}[tqd][0-9ds][0-9][di][0-9]{{4}}[0-9a-z]{{2}}_[0-9a-f]{{12}}_[0-9a-f]{{12}}{_LAST}"
_LABELLED = (
    r"(?i-u:imp_?hash|import_?hash|ja3s?(?:_?(?:hash|fingerprint|digest))?)"
    rf"[\"'\\]{{0,4}}\s{{0,3}}[:=]\s{{0,3}}[\"'\\]{{0,4}}[0-9A-Fa-f]{{32,}}{_LAST}"
)
_MAC = (
    rf"{_FIRST}(?:[0-9A-Fa-f]{{1,4}}(?:[:-]{{1,2}}[0-9A-Fa-f]{{1,4}}){{2,}}"
    rf"|{_HEX4}\.{_HEX4}\.{_HEX4}(?:\.[0-9A-Fa-f]+)*){_LAST}"
)
_GUID = rf"{_FIRST}[0-9A-Fa-f]{{8}}(?:-{_HEX4}){{3}}-[0-9A-Fa-f]{{12}}(?:-[0-9A-Za-z]+)*{_LAST}"


def _read_technique(text: str) -> list[Read]:
    bare = text.lstrip("_")
    if not re.fullmatch(r"T[0-9]{4}(?:[./][0-9]{3})?", bare):
        return []  # a longer word, or the "t" of a time; tags in lower case have another shape
    return _plain("attack_technique")(bare)


def _read_tag(text: str) -> list[Read]:
    return _plain("attack_technique")(text.partition(".")[2])


def _read_asn(text: str) -> list[Read]:
    if text in {"AS400", "AS390"}:
        return [("asn", text, "a computer of IBM")]
    return _plain("asn")(text)


def _read_wallet(text: str) -> list[Read]:
    found = wallet(text)
    if found is not None:
        return [(*found, "")]
    looks_like = [name for name, start in _COIN_STARTS.items() if start.fullmatch(text)]
    return [(name, text, "its checksum is wrong") for name in looks_like]


_COIN_STARTS = {
    "btc_wallet": re.compile(r"[13][1-9A-HJ-NP-Za-km-z]{25,34}|bc1[02-9ac-hj-np-z]{38,60}"),
    "eth_wallet": re.compile(r"0x[0-9A-Fa-f]{40}"),
}


def _read_labelled(text: str) -> list[Read]:
    match = re.search(r"[0-9A-Fa-f]+$", text)
    digits = match[0] if match else ""
    return _plain("ja3_hash" if text[:2].lower() == "ja" else "imphash")(digits)


def _read_mac(text: str) -> list[Read]:
    pairs = re.split(r"[:.-]", text)
    if len(pairs) != (3 if "." in text else 6):
        return []
    return _plain("mac_address")(text)


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
    rf"|{_FIRST}[A-Za-z]:/(?:[^\\/:*?\"<>|\s\x00-\x1f,;'`]+/*)+)"
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
    return _plain("windows_path")(path) if path else []


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
    return _plain("named_pipe")(pipe)


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
    rf"(?m)(?:{_METHOD}|{_FIRST}[A-Za-z]:|(?:^|[\s\"'=(\[{{<>,;|&:`@]|[0-9a-f] \*)(?:file://)?)"
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


# --- programs that name themselves
_AGENT = (
    r"(?i:curl|wget|python-(?:requests|urllib3?|httpx)|Python-urllib|aiohttp|Go-http-client"
    r"|okhttp|Java|PostmanRuntime|axios|libwww-perl|Apache-HttpClient|Microsoft-CryptoAPI"
    r"|Microsoft BITS|Windows-Update-Agent|WinHTTP|masscan|zgrab|Nikto|sqlmap|gobuster|nuclei)"
)
_USER_AGENT = (
    r"(?i-u:user-?_?agent)[\"'\\]{0,4}[ \t]{0,3}[:=][ \t]{0,3}[\"'\\]{0,4}[^\"'\r\n\\|]+"
    r"|Mozilla/[0-9]\.[0-9]+(?: \[[A-Za-z\-]+\])? \([^()\r\n\"]+\)"
    r"(?: [0-9A-Za-z_.\-]+/[0-9A-Za-z_.+\-]+(?: \([^()\r\n\"]+\))?"
    r"| Mobile| Safari| Version| like Gecko)*"
    rf"|(?-u:\b){_AGENT}/[0-9][0-9A-Za-z_.\-]*"
)


def _read_user_agent(text: str) -> list[Read]:
    text = re.sub(r"(?i)^user-?_?agent[\"'\\]{0,4}[ \t]*[:=][ \t]*[\"'\\]{0,4}", "", text)
    return _plain("user_agent")(text.rstrip(" ,;"))


@cache
def _shapes() -> tuple[Shape, ...]:
    def short(types: Iterable[str], pattern: str, start: str, read: Reader | None = None) -> Shape:
        names = frozenset(types)
        return Shape(names, pattern, read or _plain(min(names)), start=re.compile(start))

    def alone(name: str, pattern: str, read: Reader | None = None) -> Shape:
        return Shape(frozenset({name}), pattern, read or _plain(name), alone=True)

    return (
        short(["cve"], _CVE, "(?i)cve"),
        short(["attack_technique"], _TAG, "(?i)attack", _read_tag),
        short(["attack_technique"], _TECHNIQUE, "_?[Tt][01][0-9]", _read_technique),
        short(["asn"], _ASN, "(?i)_?as", _read_asn),
        short(["asn"], _SYSTEM, "(?i)autonomous", _read_asn),
        short(["ssdeep_hash"], _SSDEEP, "[0-9]+:"),
        short(["imphash", "ja3_hash"], _LABELLED, "(?i)ja3|imp", _read_labelled),
        short(["ja4_hash"], _JA4, ".{10}_"),
        short(IOC_GROUPS["wallet"], _WALLET, "(?i)bitcoincash:|[0-9a-z]{25}", _read_wallet),
        alone("mac_address", _MAC, _read_mac),
        alone("guid", _GUID),
        alone("mutex", _MUTEX, _read_mutex),
        alone("named_pipe", _NAMED_PIPE, _read_named_pipe),
        alone("windows_path", _WINDOWS_PATH, _read_windows_path),
        alone("linux_path", f"(?:{_QUOTED}|{_LINUX_PATH})", _read_linux_path),
        alone("registry_key", _REGISTRY_KEY, _read_registry_key),
        alone("user_agent", _USER_AGENT, _read_user_agent),
    )
