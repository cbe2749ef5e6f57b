"""YAML files of queries to definitions, or all their faults at once.

The schema is the one that query files of notebooks have: ``metadata``, ``defaults`` and
``sources``, each source with ``description``, ``metadata``, ``args`` and ``parameters``.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from huntkit.core.errors import EvidenceError, UsageError, did_you_mean
from huntkit.sources.queries.checking import check, tables_in, undeclared
from huntkit.sources.queries.definition import Query
from huntkit.sources.queries.documents import Item, read
from huntkit.sources.queries.entries import NAME, Entries
from huntkit.sources.queries.environments import (
    ENVIRONMENTS,
    LANGUAGES,
    NOT_ASKED,
    Language,
    environment,
    nearest,
)
from huntkit.sources.queries.faults import Fault, QueryFileError
from huntkit.sources.queries.parameters import Declared, clashes, parameters_of
from huntkit.sources.queries.template import with_formats

FILE_KEYS: Final = ("metadata", "defaults", "sources")
DEFAULT_KEYS: Final = ("metadata", "parameters", "args")
SOURCE_KEYS: Final = ("description", "metadata", "args", "parameters", "query_macros")
METADATA_KEYS: Final = (
    "version", "description", "data_environments", "data_families", "tags", "aliases",
    "data_source", "language", "row_wise", "techniques", "tactics", "pivot", "cluster", "clusters",
    "cluster_groups", "database",
)  # fmt: skip
TECHNIQUE: Final = re.compile(r"T[0-9]{4}(?:\.[0-9]{3})?")
TACTICS: Final = (
    "Reconnaissance", "ResourceDevelopment", "InitialAccess", "Execution", "Persistence",
    "PrivilegeEscalation", "DefenseEvasion", "CredentialAccess", "Discovery",
    "LateralMovement", "Collection", "CommandAndControl", "Exfiltration", "Impact",
)  # fmt: skip


def read_queries(path: str | Path) -> tuple[Query, ...]:
    """The queries of a YAML file.

    Raises:
        QueryFileError: something is wrong with the file; it lists everything, with lines.
        EvidenceError: the file can't be read.
    """
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as problem:
        raise EvidenceError(f"the queries of {path} can't be read: {problem}") from problem
    return queries_of(text, origin=str(path))


def queries_of(text: str, *, origin: str = "", trusted: bool = False) -> tuple[Query, ...]:
    """The queries of a YAML text.

    Args:
        text: the YAML.
        origin: the file's name, for messages.
        trusted: whether the texts of the queries need no check, which costs most of the time:
            those that come with the package are checked by tests.

    Raises:
        QueryFileError: what is wrong, all of it.

    Examples:
        >>> [query] = queries_of('''
        ... metadata: {data_environments: [AzureSentinel], data_families: [LinuxSyslog]}
        ... sources:
        ...   list_host_messages:
        ...     description: Messages of one host
        ...     args: {query: 'Syslog | where HostName =~ "{host_name}"'}
        ...     parameters: {host_name: {description: the host, type: str}}
        ... ''')
        >>> query.name, query.environments, query.required
        ('list_host_messages', ('MSSentinel', 'Local'), ('host_name',))
    """
    faults: list[Fault] = []
    document = read(text, faults)
    file = Entries(document, "the file", faults, known=FILE_KEYS)
    found: list[Query] = []
    if not faults or document.value:
        found = _sources(file, origin, faults, trusted=trusted)
    if faults:
        raise QueryFileError(origin, faults)
    return tuple(found)


def _sources(file: Entries, origin: str, faults: list[Fault], *, trusted: bool) -> list[Query]:
    defaults = Entries(file.item("defaults"), "defaults", faults, known=DEFAULT_KEYS)
    common = parameters_of(defaults.item("parameters"), "the defaults", faults)
    sources = Entries(file.item("sources"), "sources", faults)
    if not sources.names():
        file.fault("the file has no queries: 'sources' is missing or empty")
    shared = (file.item("metadata"), defaults.item("metadata"))
    for each in shared:
        _metadata(each, faults)
    found = []
    for name in sources.names():
        line = sources.line_of(name)
        if not NAME.fullmatch(name):
            hint = "letters, digits and _ only: it is called as an attribute"
            faults.append(Fault(line, f"{name!r} is no name of a query", hint))
        before = len(faults)
        source = _Source(
            name, line, sources.item(name), shared, common, defaults, faults, trusted=trusted
        )
        query = source.query(origin)
        if query is not None and len(faults) == before:
            if not trusted:
                faults.extend(check(query, source.text_line, source.declared_lines))
            found.append(query)
    return found


def _metadata(item: Item | None, faults: list[Fault]) -> Entries:
    return Entries(item, "metadata", faults, known=METADATA_KEYS, near=True)


class _Source:
    """One entry of ``sources``."""

    def __init__(
        self,
        name: str,
        line: int,
        item: Item | None,
        shared: Sequence[Item | None],
        common: Mapping[str, Declared],
        defaults: Entries,
        faults: list[Fault],
        *,
        trusted: bool,
    ) -> None:
        self._trusted = trusted
        self._name = name
        self._line = line
        self._what = f"the query {name}"
        self._faults = faults
        self._entries = Entries(item, self._what, faults, known=SOURCE_KEYS)
        own = self._entries.item("metadata")
        _metadata(own, faults)
        self._merged: dict[str, tuple[Item, int]] = {}
        for each in (*shared, own):
            if each is not None:
                self._merged |= {key: (value, at) for key, value, at in each.items()}
        self._common = common
        self._default_args = defaults.item("args")
        self.text_line = line
        self.declared_lines: dict[str, int] = {}

    def query(self, origin: str) -> Query | None:
        """The definition; None where it is beyond reading."""
        description = self._entries.text("description", needed=True)
        if not self._entries.names():
            return None
        arguments = Entries(
            self._entries.item("args") or self._default_args, f"args of {self._what}", self._faults
        )
        text = arguments.text("query", needed=True)
        item = arguments.item("query")
        if item is not None:
            self.text_line = item.line
        declared = self._parameters()
        environments, language = self._environments()
        text = self._with_macros(text)
        try:
            if not self._trusted:
                found, _ = undeclared(self._name, text, declared, self.text_line)
                self._faults.extend(found)
            formats = {name: each.format for name, each in declared.items() if each.format}
            if formats:
                text = with_formats(text, formats)
        except UsageError as problem:
            self._fault(problem.message, self.text_line, problem.hint)
            return None
        if language is None:
            return None
        parameters = {name: each.parameter for name, each in declared.items()}
        plain = {key: value.plain() for key, (value, _) in self._merged.items()}
        others = {
            n: i.plain() for n in arguments.names() if n != "query" and (i := arguments.item(n))
        }
        return Query(
            name=self._name,
            text=text,
            language=language,
            description=description.strip(),
            parameters=MappingProxyType(parameters),
            environments=environments,
            families=self._texts("data_families"),
            tables=tables_in(text, parameters, language),
            tags=self._texts("tags"),
            techniques=self._known("techniques", TECHNIQUE, "T1059 or T1059.001"),
            tactics=self._tactics(),
            metadata=MappingProxyType(plain),
            arguments=MappingProxyType(others),
            origin=origin,
            line=self._line,
        )

    def _parameters(self) -> dict[str, Declared]:
        own = parameters_of(
            self._entries.item("parameters"), self._what, self._faults, self._common
        )
        self.declared_lines = {name: each.line for name, each in own.items()}
        merged = {**self._common, **own}
        # The caller's own come first: they are what the query is about.
        declared = {name: merged[name] for name in (*own, *self._common)}
        clashes(declared, self._what, self._faults)
        return declared

    def _environments(self) -> tuple[tuple[str, ...], Language | None]:
        names = self._texts("data_environments")
        line = self._merged_line("data_environments")
        written = self._text("language")
        if not names:
            self._fault(f"{self._what} has no 'data_environments'", line, "such as [MSSentinel]")
            return (), None
        found: dict[str, Language | None] = {}
        for name in names:
            known = environment(name)
            if known is not None:
                found[known.name] = known.language
            elif written or name.casefold() in NOT_ASKED:
                found[name] = None
            else:
                self._fault(f"there is no data environment {name!r}", line, nearest(name))
        language = self._language(found, written, line)
        if language == "kql":
            found.setdefault("Local", "kql")
        return tuple(found), language

    def _language(
        self, found: Mapping[str, Language | None], written: str, line: int
    ) -> Language | None:
        if written:
            for each in LANGUAGES:
                if each == written.lower():
                    return each
            hint = did_you_mean(written, LANGUAGES) or f"one of {', '.join(LANGUAGES)}"
            self._fault(f"there is no language {written!r}", self._merged_line("language"), hint)
            return None
        spoken = sorted({each for each in found.values() if each is not None})
        if len(spoken) == 1:
            return spoken[0]
        if spoken:
            said = f"{self._what} is for {', '.join(found)}, which do not speak one language"
            self._fault(said, line, "make one query for each")
        elif found:
            known = ", ".join(each.name for each in ENVIRONMENTS if each.language)
            self._fault(f"nothing here can ask {', '.join(found)}", line, f"there are: {known}")
        return None

    def _with_macros(self, text: str) -> str:
        macros = Entries(self._entries.item("query_macros"), "query_macros", self._faults)
        values = {}
        for name in macros.names():
            item = macros.item(name)
            if item is not None and isinstance(item.value, str):
                values[name] = item.value
            else:
                what = f"the macro {name} of {self._what}"
                macro = Entries(item, what, self._faults, known=("description", "value"))
                values[name] = macro.text("value")

        def value(match: re.Match[str]) -> str:
            if match[1] not in values:
                hint = did_you_mean(match[1], values)
                self._fault(f"{self._what} has no macro {match[1]!r}", self.text_line, hint)
            return values.get(match[1], "")

        return _MACRO.sub(value, text)

    def _known(self, key: str, shape: re.Pattern[str], example: str) -> tuple[str, ...]:
        texts = self._texts(key)
        for each in texts:
            if not shape.fullmatch(each):
                self._fault(
                    f"{each!r} in {key} is none", self._merged_line(key), f"write {example}"
                )
        return texts

    def _tactics(self) -> tuple[str, ...]:
        texts = self._texts("tactics")
        for each in texts:
            if each not in TACTICS:
                hint = did_you_mean(each, TACTICS) or f"one of {', '.join(TACTICS)}"
                self._fault(f"there is no tactic {each!r}", self._merged_line("tactics"), hint)
        return texts

    def _texts(self, key: str) -> tuple[str, ...]:
        return self._of(key).texts(key)

    def _text(self, key: str) -> str:
        return self._of(key).text(key)

    def _of(self, key: str) -> Entries:
        value: Any = {}
        keys = {}
        if key in self._merged:
            value[key], keys[key] = self._merged[key]
        return Entries(Item(value, self._line, keys), f"metadata of {self._what}", self._faults)

    def _merged_line(self, key: str) -> int:
        return self._merged[key][1] if key in self._merged else self._line

    def _fault(self, message: str, line: int, hint: str = "") -> None:
        self._faults.append(Fault(line, message, hint))


_MACRO: Final = re.compile(r"\$<([^>\n]+)>\$")
