r"""Command lines that say the same: one card of the report for all of them.

Alike are lines in which the rules find the same and that differ only in quotes, spaces, the case of
Windows's words, long numbers that stand alone (ports, counters, process ids) or random names of
temporary files. Addresses, paths, names and everything encoded stay as they are: another payload
or another target is another card. What is encoded counts as what it decodes to.
"""

import re
from typing import Any, Final

import polars as pl

from huntkit.report import encoded
from huntkit.report.names import with_domains

_MOST: Final = 5_000  # lines that are compared; of the report the most severe
_NUMBERS: Final = 4  # more of them may be a payload in numbers
_WIDEST: Final = 100_000  # characters that are compared; longer lines stay alone
_PIECES: Final = re.compile(
    r"""(?P<kept>\b[A-Za-z][A-Za-z0-9+.-]{1,15}://[^\s"':/]+)(?P<port>:[0-9]{1,5})?
        (?P<path>[^\s"']*)
    | (?P<run>[A-Za-z0-9+/=_-]{32,})
    | (?:(?<=\\temp\\)|(?<=\\tmp\\)|(?<=/tmp/))(?:tmp|~df)?(?=[a-f]*[0-9])[0-9a-f]{4,16}
        (?=[."'\s]|$)
    | (?<![A-Za-z0-9.])(?P<number>[0-9]{3,}(?:\.[0-9]+)?)(?![A-Za-z0-9.])
    """,
    re.VERBOSE | re.IGNORECASE,
)
_UNIX: Final = re.compile(r"""(?:^|[\s"'=;|&>])/[a-z]+/""")  # there, case tells names apart
_LOOSE: Final = re.compile(r"""["']|\s+""")


def alike(risky: pl.DataFrame, decoded: pl.DataFrame) -> list[dict[str, Any]]:
    """The rows of `risky.risky`, one for all that are alike: ``Alike`` says how many others.

    ``Hosts Users First Last`` are those of all of them, the rest is of the first.
    """
    contents = _contents(decoded)
    found: dict[tuple[Any, ...], dict[str, Any]] = {}
    for place, row in enumerate(risky.head(_MOST).iter_rows(named=True)):
        text = row["Input"]
        same = _normal(text, contents) if len(text) <= _WIDEST else f"{place}"
        key = (row["Severity"], tuple(row["Titles"]), same)
        if key in found:
            _join(found[key], row)
        else:
            found[key] = {**row, "Alike": 0}
    rest = risky.slice(_MOST).iter_rows(named=True)
    return [*found.values(), *({**row, "Alike": 0} for row in rest)]


def _join(row: dict[str, Any], other: dict[str, Any]) -> None:
    row["Alike"] += 1
    row["Hosts"] = list(dict.fromkeys([*row["Hosts"], *other["Hosts"]]))
    users = [*row["Users"], *other["Users"]]
    row["Users"] = with_domains(users, users)
    firsts = [each["First"] for each in (row, other) if each["First"]]
    lasts = [each["Last"] for each in (row, other) if each["Last"]]
    row["First"], row["Last"] = min(firsts, default=None), max(lasts, default=None)


def _contents(decoded: pl.DataFrame) -> dict[str, str]:
    """What is encoded with what it decodes to, where a text holds one such thing."""
    found: dict[str, str] = {}
    for row in decoded.iter_rows(named=True) if decoded.height else ():
        runs = encoded.runs(row["Given"])
        if len(runs) == 1:
            found[runs.pop()] = row["Layers"][-1]["Decoded"]
    return found


def _normal(text: str, contents: dict[str, str]) -> str:
    # The case of what is encoded matters, and that of names where the system is not Windows.
    folds = _UNIX.search(text) is None
    text = text.replace("\x00", " ")
    few = sum(match["number"] is not None for match in _PIECES.finditer(text)) <= _NUMBERS

    def piece(match: re.Match[str]) -> str:
        if match["run"]:
            return "\x00" + _stripped(contents.get(match["run"], match["run"])) + "\x00"
        if match["kept"]:
            port = ":#" if len(match["port"] or "") > 3 else match["port"] or ""
            return "\x00" + match["kept"].lower() + port + match["path"] + "\x00"
        return "#" if few or not match["number"] else match["number"]

    parts = _PIECES.sub(piece, text).split("\x00")
    # Every second part is one that stays as it is.
    outside = [_stripped(each).lower() if folds else _stripped(each) for each in parts[::2]]
    return "\x00".join(outside) + "\x01" + "\x00".join(parts[1::2])


def _stripped(text: str) -> str:
    return " ".join(_LOOSE.sub(" ", text).split())
