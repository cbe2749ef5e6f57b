"""The mapping files: read, checked with their line numbers, compiled once per process."""

import re
from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from huntkit.core.errors import SettingsError
from huntkit.sources.local import schemas
from huntkit.sources.local.mapping import losses, verbs
from huntkit.sources.local.mapping.series import KINDS
from huntkit.sources.local.mapping.values import to_text

_FOLDER = Path(__file__).with_name("data")
_RULE_KEYS = {"table", "event", "use", "only", "columns", "types", "unless", "rest"}
_FILE_KEYS = {"family", "like", "when", "blocks", "rules"}
_WHEN_KEYS = {"provider", "channel", "kind", "keys", "file"}


class _Lined(dict[Any, Any]):
    """A mapping that remembers the line on which it begins."""

    line = 0


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    pass


def _mapping(loader: Any, node: Any) -> _Lined:
    found = _Lined(loader.construct_pairs(node, deep=True))
    found.line = node.start_mark.line + 1
    if len(found) != len(node.value):
        names = [loader.construct_object(key) for key, _ in node.value]
        twice = sorted({str(name) for name in names if names.count(name) > 1})
        raise yaml.constructor.ConstructorError(
            None, None, f"written twice: {', '.join(twice)}", node.start_mark
        )
    return found


_Loader.add_constructor("tag:yaml.org,2002:map", _mapping)


@dataclass(frozen=True, slots=True)
class Rule:
    """One table's columns out of one class of records."""

    table: str
    columns: dict[str, verbs.Column]
    kinds: dict[str, str]
    only: tuple[tuple[str, frozenset[str]], ...] = ()
    unless: tuple[tuple[str, frozenset[str]], ...] = ()
    rest: bool = False
    keepers: losses.Keepers = field(default_factory=dict)

    @property
    def needs(self) -> tuple[str, ...]:
        """The fields that the rule reads."""
        made = (name for column in self.columns.values() for name in column.needs)
        return tuple(dict.fromkeys((*made, *(name for name, _ in (*self.only, *self.unless)))))

    def rows_of(self, given: verbs.Fields) -> list[int] | None:
        """Which records the rule's conditions let through; None for all."""
        if not self.only and not self.unless:
            return None
        found = list(range(given.count))
        for name, allowed in self.only:
            values = given[name]
            found = [at for at in found if _is_one(values[at], allowed)]
        for name, refused in self.unless:
            values = given[name]
            found = [at for at in found if not _is_one(values[at], refused)]
        return found


def _is_one(value: Any, words: frozenset[str]) -> bool:
    if type(value) is not str:
        value = to_text(value)
    return value in words or (value is not None and value.lower() in words)


@dataclass(frozen=True, slots=True)
class Family:
    """The rules of one family of sources, and which records they are for.

    Attributes:
        file: what the file's name must hold besides, where the records don't tell.
    """

    name: str
    providers: frozenset[str]
    channels: frozenset[str]
    batch_kinds: frozenset[str]
    keys: tuple[frozenset[str], ...]
    by_event: dict[int, tuple[Rule, ...]]
    always: tuple[Rule, ...] = field(default=())
    file: re.Pattern[str] | None = None

    def is_of(self, names: AbstractSet[str], file: str) -> bool:
        """Whether a record with these fields is the family's, in a file of that name."""
        if not any(keys <= names for keys in self.keys):
            return False
        return self.file is None or self.file.search(file) is not None


def read_yaml(path: Path) -> Any:
    """A YAML file's content; every mapping knows its line."""
    try:
        return yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)  # noqa: S506  a SafeLoader
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{path.name}:{mark.line + 1}" if mark else path.name
        raise SettingsError(f"{where}: {getattr(error, 'problem', error)}") from error


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _lows(when: dict[str, Any], key: str) -> frozenset[str]:
    return frozenset(str(word).lower() for word in _list(when.get(key, [])))


class _Reader:
    """Reads one file and collects its faults."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.faults: list[str] = []

    def fault(self, where: Any, text: str) -> None:
        line = getattr(where, "line", 0)
        self.faults.append(f"{self.path.name}:{line}: {text}")

    def names(self, where: Any, given: Iterable[str], known: set[str]) -> None:
        for key in given:
            if key not in known:
                self.fault(where, f"{key!r} is unknown here; known: {sorted(known)}")

    def columns(self, rule: Any, blocks: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name in _list(rule.get("use", [])):
            if name not in blocks:
                self.fault(rule, f"there is no block {name!r}")
            found.update(blocks.get(name) or {})
        own = rule.get("columns") or {}
        if not isinstance(own, dict):
            self.fault(rule, "'columns' must be a mapping")
            own = {}
        found.update(own)
        found = {name: spec for name, spec in found.items() if spec is not None}
        for name, spec in found.items():
            for text in verbs.faults(spec):
                self.fault(spec if isinstance(spec, _Lined) else own, f"{name}: {text}")
        return found

    def kinds(self, rule: Any, columns: dict[str, Any]) -> dict[str, str]:
        table = rule["table"]
        schema = schemas.known(table) or {}
        given = rule.get("types") or {}
        kinds = {}
        for name, spec in columns.items():
            verb = (
                next((key for key in spec if key in verbs.type_of_verb), "")
                if isinstance(spec, dict)
                else ""
            )
            kind = schema.get(name) or given.get(name) or verbs.type_of_verb.get(verb, "string")
            if kind not in KINDS:
                self.fault(rule, f"{name}: {kind!r} is no KQL type")
            kinds[name] = kind
        return kinds

    def rule(self, rule: Any, blocks: dict[str, Any]) -> tuple[list[int], Rule] | None:
        before = len(self.faults)
        if not isinstance(rule, dict) or not isinstance(rule.get("table"), str):
            self.fault(rule, "a rule needs a table")
            return None
        self.names(rule, rule, _RULE_KEYS)
        columns = self.columns(rule, blocks)
        kinds = self.kinds(rule, columns)
        events = _list(rule.get("event", []))
        if not all(isinstance(event, int) for event in events):
            self.fault(rule, "'event' must be numbers")
        if len(self.faults) > before:
            return None
        only, unless = (
            tuple(
                (name, frozenset(form for w in _list(words) for form in (str(w), str(w).lower())))
                for name, words in (rule.get(key) or {}).items()
            )
            for key in ("only", "unless")
        )
        built = {name: verbs.build(spec) for name, spec in columns.items()}
        made = Rule(rule["table"], built, kinds, only, unless, bool(rule.get("rest")))
        if made.rest:
            made = replace(made, keepers=losses.keepers(columns, kinds, made.needs))
        return events, made

    def family(self) -> Family:
        raw = read_yaml(self.path)
        if not isinstance(raw, dict) or not isinstance(raw.get("rules"), list):
            raise SettingsError(f"{self.path.name}: needs 'family', 'when' and 'rules'")
        self.names(raw, raw, _FILE_KEYS)
        when = raw.get("when") or {}
        self.names(when, when, _WHEN_KEYS)
        file = self._file(when)
        blocks = {**self._borrowed(raw), **(raw.get("blocks") or {})}
        by_event: dict[int, tuple[Rule, ...]] = {}
        always: list[Rule] = []
        for each in raw["rules"]:
            made = self.rule(each, blocks)
            if made is None:
                continue
            events, rule = made
            for event in events:
                by_event[event] = (*by_event.get(event, ()), rule)
            if not events:
                always.append(rule)
        if self.faults:
            raise SettingsError("; ".join(self.faults), context={"faults": self.faults})
        return Family(
            name=str(raw.get("family", self.path.stem)),
            providers=_lows(when, "provider"),
            channels=_lows(when, "channel"),
            batch_kinds=_lows(when, "kind"),
            keys=tuple(frozenset(group) for group in when.get("keys", [])),
            by_event=by_event,
            always=tuple(always),
            file=file,
        )

    def _file(self, when: dict[str, Any]) -> re.Pattern[str] | None:
        if "file" not in when:
            return None
        try:
            return re.compile(str(when["file"]), re.IGNORECASE)
        except re.error as error:
            self.fault(when, f"'file' can't be read: {error}")
            return None

    def _borrowed(self, raw: dict[str, Any]) -> dict[str, Any]:
        """The blocks of the file that this one is ``like``."""
        if "like" not in raw:
            return {}
        other = self.path.with_name(f"{raw['like']}.yaml")
        if not other.is_file():
            self.fault(raw, f"there is no {other.name}")
            return {}
        blocks: dict[str, Any] = read_yaml(other).get("blocks") or {}
        return blocks


def load(path: Path) -> Family:
    """One mapping file, checked.

    Raises:
        SettingsError: with every fault of the file and its line.
    """
    return _Reader(path).family()


@cache
def families() -> tuple[Family, ...]:
    """All mapping files of this package, compiled."""
    return tuple(load(path) for path in sorted((_FOLDER / "rules").glob("*.yaml")))


@cache
def data(name: str) -> Any:
    """Another data file of this package, such as ``layouts``."""
    return read_yaml(_FOLDER / f"{name}.yaml")
