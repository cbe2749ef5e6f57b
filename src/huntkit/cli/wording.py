"""What the library says of its keywords, said of the options of the command that runs.

The library speaks Python (``name it with time_column=``), for it knows nothing of a command line.
Each command knows its own options, so one translation serves all of them: `speaking` surrounds a
command, and whatever is raised or warned of inside comes out in the words of its options.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Final

from huntkit.core.errors import HuntkitError, QueryError, UnknownColumn

# Keywords of the library that have another name among a command's parameters; the first that the
# command has is meant.
_ALSO: Final[Mapping[str, tuple[str, ...]]] = {
    "cache": ("no_cache",),
    "columns": ("by",),
    "data_column": ("value",),
    "db_file": ("files",),
    "end": ("until",),
    "externals": ("external",),
    "file_path": ("output",),
    "group_by": ("by",),
    "ioc_types": ("types",),
    "parameters": ("values",),
    "score_threshold": ("threshold",),
    "source_column": ("source",),
    "start": ("since",),
    "target_column": ("target",),
    "timezone": ("assume_timezone",),
    "year": ("assume_year",),
}
_BESIDE_A_QUERY: Final = ("externals", "geo", "now", "parameters")
# The option that names the column of a role; where a command has none, nothing can be named.
_OF_ROLE: Final[Mapping[str, tuple[str, ...]]] = {
    "time": ("time_column",),
    "source_ip": ("source", "source_column"),
    "destination_ip": ("target", "target_column"),
    "user": ("user_column",),
    "host": ("host_column",),
}
# Calls of Python, and what does the same here.
_CALLS: Final[Mapping[str, str]] = {
    "use a session with offline=False": "leave out --offline, or the settings' offline: true",
    "list_queries() names those there are": "huntkit queries lists those there are",
    "search('logon'), search(table='Syslog')": "huntkit queries search logon, or --table Syslog",
    "GeoLiteLookup(api_key=Secret('env:MAXMIND_AUTH'), account_id=123456), or":
        "set MAXMIND_ACCOUNT_ID and MAXMIND_AUTH, or",
    "GeoLiteLookup.update()": "huntkit geo --update",
    "GeoLiteLookup(db_file=...)": "huntkit geo --geo FILE",
    "huntkit.enrich.geo adds": "huntkit geo adds",
}  # fmt: skip
_QUOTED: Final = r"""(?<!\w)'(?:[^'\\]|\\.)*'(?!\w)|(?<!\w)"(?:[^"\\]|\\.)*"(?!\w)"""
_VALUE: Final = (
    r"""'[^']*'|"[^"]*"|\{[^{}]*\}|[\w.]+\('[^']*'\)|\[[^\[\]]*\]|(?!=)-?\w[\w.]*\w|-?\w|\.\.\."""
)
_KEYWORD: Final = rf"(?<![\w.\-/])(?P<key>[a-z]\w*)=(?P<value>{_VALUE})?(?!=)"
_NAME: Final = (
    r"(?<![\w.\-/])(?P<name>[a-z]+(?:_[a-z]+)+)(?![\w=(])|^(?P<first>[a-z]+)(?= is [\[\d-])"
)
_WORD: Final = re.compile(rf"{_KEYWORD}|{_QUOTED}|{_NAME}")
_OPTION: Final = re.compile(r"--?[a-z-]+ [^\s-]\S*")  # with its value, which may hold a sign
_PYTHON: Final = re.compile(rf"{_QUOTED}|(?P<key>(?<![\w.:?&\-/])[a-z]\w*=(?!=))")
# What follows these are names out of evidence and settings: they stay as they are.
_LISTED: Final = re.compile(
    r"\b(?:columns are|columns|tables|there are|some times|one of|it has|it takes|known are|"
    r"known types): "
)
_LONGEST: Final = 600  # characters of a list of columns

_NOW: ContextVar["Wording | None"] = ContextVar("wording", default=None)


class Wording:
    """The words of one command.

    Args:
        path: the command as it is typed, such as ``huntkit series``.
        params: its parameters, as click has them.

    Examples:
        >>> from types import SimpleNamespace as Param
        >>> params = [
        ...     Param(name="by", opts=["--by"], is_flag=False, metavar="COLUMN"),
        ...     Param(name="no_cache", opts=["--no-cache"], is_flag=True, metavar=None),
        ... ]
        >>> Wording("huntkit series", params).said("leave group_by= out, or use cache=False")
        'leave --by out, or use --no-cache'
    """

    def __init__(self, path: str, params: Sequence[Any]) -> None:
        self._path = path
        self._options = {
            each.name: each for each in params if each.name and each.opts[0].startswith("-")
        }

    def said(self, text: str, *, own: Sequence[str] = ()) -> str:
        """A text of the library in the command's words; what is quoted stays as it is.

        Args:
            text: what the library says.
            own: names of values that ``--set`` gives.
        """
        for call, here in _CALLS.items():
            text = text.replace(call, here)
        listed = _LISTED.search(text)
        free = len(text) if listed is None else listed.end()
        told = _WORD.sub(lambda found: self._word(found, own), text[:free])
        return told + text[free:]

    def rewrite(self, problem: HuntkitError) -> None:
        """Put the message and the hint of an error into the command's words."""
        missing, parameter = problem.context.get("missing"), problem.context.get("parameter")
        own = [*(missing if isinstance(missing, list) else []), *([parameter] if parameter else [])]
        if isinstance(problem, UnknownColumn) and not problem.hint:
            problem.hint = self._columns(problem)
        self._by_role(problem)
        problem.message = self.said(problem.message, own=own)
        of_query = isinstance(problem, QueryError) or isinstance(problem.__cause__, QueryError)
        problem.hint = self._hint(self.said(problem.hint, own=own), of_query=of_query)

    def _columns(self, problem: UnknownColumn) -> str:
        known = problem.context.get("known")
        names = [each for each in known if not each.startswith("_")] if known else []  # type: ignore[attr-defined]
        return f"columns: {', '.join(names)[:_LONGEST]}" if names else ""

    def _by_role(self, problem: HuntkitError) -> None:
        """A role is named by the option for it; its own name says nothing to who can't give it."""
        role = str(problem.context.get("role") or "")
        problem.message = problem.message.replace(f" (the role {role!r})", "")
        option = self._named(_OF_ROLE.get(role, (f"{role}_column",)))
        yourself = "name the column yourself"
        if option is None:
            problem.hint = problem.hint.replace(f"{yourself}; ", "").removesuffix(yourself)
        else:
            problem.hint = problem.hint.replace(yourself, f"name it with {_flag(option)} COLUMN")

    def _named(self, names: Sequence[str]) -> Any:
        return next((self._options[name] for name in names if name in self._options), None)

    def _word(self, found: re.Match[str], own: Sequence[str]) -> str:
        name = found["key"] or found["name"] or found["first"]
        if name is None:
            return found[0]  # quoted
        option = self._named((name, *_ALSO.get(name, ())))
        if option is not None:
            return _flag(option) if found["key"] is None else _given(option, name, found["value"])
        values = self._options.get("values")
        if found["key"] and name in own and values is not None:
            ends = found["value"] is None and not found.string[found.end() :].startswith(" ")
            return f"{_flag(values)} {found[0]}{'VALUE' if ends else ''}"
        return found[0]

    def _hint(self, hint: str, *, of_query: bool) -> str:
        """The hint without clauses that only Python can follow; KQL has keywords of its own."""
        clauses = hint.split("; ")
        kept = [each for each in clauses if not _speaks_python(each, of_query=of_query)]
        return "; ".join(kept) if kept else f"see {self._path} --help"


def _speaks_python(clause: str, *, of_query: bool) -> bool:
    listed = _LISTED.search(clause)
    said = _OPTION.sub("", clause[: listed.start()] if listed else clause)
    keys = [found["key"].removesuffix("=") for found in _PYTHON.finditer(said) if found["key"]]
    return any(not of_query or key in _BESIDE_A_QUERY for key in keys)


def _flag(option: Any) -> str:
    return max(option.opts, key=len)  # type: ignore[no-any-return]


def _given(option: Any, keyword: str, value: str | None) -> str:
    """An option with its value, as it is typed."""
    flag = _flag(option)
    if option.is_flag and value in (None, "True", "..."):
        return flag
    if option.is_flag:  # `cache=False` is --no-cache
        return flag if option.name == f"no_{keyword}" else f"without {flag}"
    if value is None:
        return flag
    if value == "...":
        return f"{flag} {option.metavar}"
    if value.startswith("{"):
        key = re.match(r"\{'([^']*)': ", value)
        first, _, second = (option.metavar or "NAME=VALUE").partition("=")
        return f"{flag} {key[1] if key else first}={second}"
    inner = re.search(r"\('([^']*)'\)$", value)
    return f"{flag} {inner[1] if inner else value}"


def spoken(text: str) -> str:
    """A text of the library in the words of the command that runs; as it is outside of one."""
    wording = _NOW.get()
    return text if wording is None else wording.said(text)


@contextmanager
def speaking(wording: Wording) -> Iterator[None]:
    """For the time of a command: errors leave in its words, and `spoken` knows them."""
    before = _NOW.set(wording)
    try:
        yield
    except HuntkitError as problem:
        wording.rewrite(problem)
        raise
    finally:
        _NOW.reset(before)
