r"""Tricks that hide a command inside one line, undone: pieces of variables, joined strings ...

Nothing is run. Each trick is looked for only where its mark stands in the text, texts are bounded,
and every pattern is linear in the text.
"""

import re
from collections.abc import Callable, Mapping

_LONGEST = 65_536  # characters; Windows allows 32,767
_ROUNDS = 4  # tricks inside tricks
_MANY = 200  # variables set in one line

# What these variables hold on nearly every Windows; letters are cut out of them. The names and
# values of a standard installation, in the case that Windows writes.
_WINDOWS_VARIABLES = {
    "allusersprofile": r"C:\ProgramData",
    "commonprogramfiles": r"C:\Program Files\Common Files",
    "commonprogramfiles(x86)": r"C:\Program Files (x86)\Common Files",
    "commonprogramw6432": r"C:\Program Files\Common Files",
    "comspec": r"C:\WINDOWS\system32\cmd.exe",
    "driverdata": r"C:\Windows\System32\Drivers\DriverData",
    "os": "Windows_NT",
    "pathext": ".COM;.EXE;.BAT;.CMD;.VBS;.VBE;.JS;.JSE;.WSF;.WSH;.MSC",
    "processor_architecture": "AMD64",
    "programdata": r"C:\ProgramData",
    "programfiles": r"C:\Program Files",
    "programfiles(x86)": r"C:\Program Files (x86)",
    "programw6432": r"C:\Program Files",
    "public": r"C:\Users\Public",
    "systemdrive": "C:",
    "systemroot": r"C:\WINDOWS",
    "windir": r"C:\WINDOWS",
}
_POWERSHELL_VARIABLES = {
    **{f"env:{name}": value for name, value in _WINDOWS_VARIABLES.items()},
    "pshome": r"C:\Windows\System32\WindowsPowerShell\v1.0",
    "shellid": "Microsoft.PowerShell",
    "verbosepreference": "SilentlyContinue",
    "verbosepreference.tostring()": "SilentlyContinue",
}

_SET = re.compile(r"\bset\s+\"?([a-z_][a-z0-9_]{0,30})=([^&|\"\r\n]{0,200})", re.IGNORECASE)
_NAMED = re.compile(r"%([^%\s:]{1,40}(?: \(x86\))?)%|!([^!\s:]{1,40})!")
_CUT = re.compile(r"%([^%\s:]{1,40}):~(-?\d{1,4})(?:,(-?\d{1,4}))?%")
_SWAPPED = re.compile(r"%([^%\s:]{1,40}):([^%=~\s]{1,40})=([^%]{0,40})%")
_INDEXED = re.compile(
    r"\$\{?((?:env:)?[a-z0-9_()]{2,40}(?:\.tostring\(\))?)\}?\s*\[([-\d,\s.]{1,80})\]",
    re.IGNORECASE,
)
_CHARACTER = re.compile(r"\[char\]\s*(?:\(\s*)?(0x[0-9a-f]{1,4}|\d{1,5})\s*\)?", re.IGNORECASE)
_JOINED = re.compile(
    r"'\s*(?:\)\s*)?\+\s*(?:\(\s*)?'|\"\s*(?:\)\s*)?\+\s*(?:\(\s*)?\"",
)
_EMPTY_JOIN = re.compile(r"'([^']{0,2000})'\s*(?:\)\s*)?-join\s*(?:''|\"\")", re.IGNORECASE)
_FORMAT = re.compile(
    r"(['\"])((?:\{\d{1,3}\}|[^'\"{}]){1,2000})\1\s*-f\s*"
    r"((?:'[^']{0,500}'|\"[^\"]{0,500}\")(?:\s*,\s*(?:'[^']{0,500}'|\"[^\"]{0,500}\")){0,200})",
    re.IGNORECASE,
)
_QUOTED = re.compile(r"'([^']{0,500})'|\"([^\"]{0,500})\"")
_PLACE = re.compile(r"\{(\d{1,3})\}")
_REPLACED = re.compile(
    r"'([^']{0,5000})'\s*(?:\)\s*)?(?:\.replace\(\s*|-c?replace\s*\(?\s*)"
    r"'([^']{1,40})'\s*,\s*'([^']{0,40})'\s*\)?",
    re.IGNORECASE,
)
_ANSI_C = re.compile(r"\$'((?:[^'\\]|\\.){1,4000})'")
_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{1,2})|([0-7]{1,3}))")
_BRACES = re.compile(r"\{([a-z][^{}\s,]{0,60}(?:,[^{}\s,]{1,400}){1,20})\}", re.IGNORECASE)


def plain_text(text: str) -> str:
    r"""The text with its tricks undone, as far as they are known.

    Examples:
        >>> plain_text("%comspec:~-7,3% /c (('who'+'am')+'i')")
        "cmd /c (('whoami')"
        >>> plain_text("&('{1}{0}' -f 'X','IE') $env:ComSpec[4,15,25]-join''")
        "&('IEX') 'Iex'"
        >>> plain_text("$'\\x77get' http://files.example/a; {cat,/etc/passwd}")
        'wget http://files.example/a; cat /etc/passwd'
    """
    head, rest = text[:_LONGEST], text[_LONGEST:]
    before = head
    for _ in range(_ROUNDS):
        before = head
        for mark, undo in _TRICKS:
            if mark in head or mark in head.lower():
                head = undo(head)
        if head == before or len(head) > 2 * _LONGEST:
            break
    # A text that grows and grows is no command: it stays as it was before the last round.
    return (head if len(head) <= 2 * _LONGEST else before) + rest


def _variables(text: str) -> str:
    """Variables of cmd: those of the system and those that the line itself sets."""
    own = {name.lower(): value.strip() for name, value in _SET.findall(text)[:_MANY]}
    known = {**_WINDOWS_VARIABLES, **own}
    text = _CUT.sub(lambda found: _cut(found, known), text)
    text = _SWAPPED.sub(lambda found: _swapped(found, known), text)
    return _NAMED.sub(
        lambda found: own.get((found[1] or found[2]).lower(), found[0]), text
    ) if own else text  # fmt: skip


def _cut(found: re.Match[str], known: Mapping[str, str]) -> str:
    value = known.get(found[1].lower())
    if value is None:
        return found[0]
    start = int(found[2])
    value = value[start:] if start >= 0 else value[max(0, len(value) + start) :]
    return value if found[3] is None else value[: int(found[3])]


def _swapped(found: re.Match[str], known: Mapping[str, str]) -> str:
    value = known.get(found[1].lower())
    if value is None:
        return found[0]
    return re.sub(re.escape(found[2]), lambda _: found[3], value, flags=re.IGNORECASE)


def _indexed(text: str) -> str:
    """Letters picked out of PowerShell's own variables."""

    def letters(found: re.Match[str]) -> str:
        value = _POWERSHELL_VARIABLES.get(found[1].lower())
        places = [each.strip() for each in found[2].split(",")]
        if value is None or not all(re.fullmatch(r"-?\d{1,3}", each) for each in places):
            return found[0]
        if not all(-len(value) <= int(each) < len(value) for each in places):
            return found[0]
        return "'" + "".join(value[int(each)] for each in places) + "'"

    return _INDEXED.sub(letters, text)


def _character(text: str) -> str:
    def letter(found: re.Match[str]) -> str:
        number = int(found[1], 0) if found[1].lower().startswith("0x") else int(found[1])
        return f"'{chr(number)}'" if 32 <= number < 0xD800 and number != 39 else found[0]

    return _CHARACTER.sub(letter, text)


def _formatted(text: str) -> str:
    """PowerShell's ``-f``: the pieces put in their places."""

    def whole(found: re.Match[str]) -> str:
        pieces = [first or second for first, second in _QUOTED.findall(found[3])]

        def piece(place: re.Match[str]) -> str:
            number = int(place[1])
            return pieces[number] if number < len(pieces) else place[0]

        joined = _PLACE.sub(piece, found[2])
        return f"'{joined}'" if len(joined) <= _LONGEST else found[0]

    return _FORMAT.sub(whole, text)


def _replaced(text: str) -> str:
    def whole(found: re.Match[str]) -> str:
        changed = found[1].replace(found[2], found[3])
        return f"'{changed}'" if len(changed) <= _LONGEST else found[0]

    return _REPLACED.sub(whole, text)


def _ansi_c(text: str) -> str:
    def letters(found: re.Match[str]) -> str:
        return _ESCAPE.sub(
            lambda each: chr(int(each[1], 16) if each[1] else int(each[2], 8) & 0xFF), found[1]
        )

    return _ANSI_C.sub(letters, text)


# A mark that must stand in the text, in lower case, and what undoes the trick.
_TRICKS: tuple[tuple[str, Callable[[str], str]], ...] = (
    ("%", _variables),
    ("!", _variables),
    ("[", _indexed),
    ("[char]", _character),
    ("+", lambda text: _JOINED.sub("", text)),
    ("-join", lambda text: _EMPTY_JOIN.sub(lambda found: "'" + found[1] + "'", text)),
    ("-f", _formatted),
    ("replace", _replaced),
    ("$'", _ansi_c),
    ("{", lambda text: _BRACES.sub(lambda found: found[1].replace(",", " "), text)),
)
