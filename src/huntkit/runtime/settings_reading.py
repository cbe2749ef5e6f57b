"""Settings as their dataclasses declare them: names, types and defaults checked, all at once.

Names are compared without case, ``_`` and ``-``: ``AuthKey`` and ``auth_key`` are the same.
"""

import dataclasses
import difflib
import types
import typing
import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, TypeVar

import yaml

from huntkit.core.errors import HuntkitError, SettingsError, did_you_mean
from huntkit.runtime.secrets import PlainSecretWarning, Secret
from huntkit.runtime.settings_nodes import Fault, line_of

if TYPE_CHECKING:
    from huntkit.runtime.secret_store import SecretStores

T = TypeVar("T")
Unknown = Literal["fault", "warning", "nothing"]

_NULL: Final = "tag:yaml.org,2002:null"
_NUMBERS: Final = ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float")
_TRUTH: Final = {
    **dict.fromkeys(("yes", "true", "on"), True),
    **dict.fromkeys(("no", "false", "off"), False),
}


class _Wrong:
    """What stands in place of a value that has a fault."""


_WRONG: Final = _Wrong()


def plain(name: str) -> str:
    """A name as names are compared.

    Examples:
        >>> plain("AuthKey") == plain("auth_key") == plain("auth-key")
        True
    """
    return name.replace("_", "").replace("-", "").casefold()


def named(node: yaml.MappingNode) -> Iterator[tuple[str, yaml.Node, yaml.Node]]:
    """The names of a mapping, with the nodes of name and value."""
    for key, value in node.value:
        if isinstance(key, yaml.ScalarNode):
            yield key.value, key, value


@dataclasses.dataclass(slots=True)
class Reader:
    """Reads nodes as typed values and collects what is wrong with them.

    Attributes:
        stores: what will ask keyrings and vaults for the secrets that are read.
        vault: the vault of secrets that name none.
        unknown: what a name is that is not known.
        faults: what is wrong.
        warnings: what is strange, but harms nothing.
    """

    stores: "SecretStores | None" = None
    vault: str = ""
    unknown: Unknown = "warning"
    faults: list[Fault] = dataclasses.field(default_factory=list)
    warnings: list[Fault] = dataclasses.field(default_factory=list)

    def read(self, node: yaml.Node | None, kind: type[T], path: str, *, line: int = 0) -> T | None:
        """The value, or None if it has a fault; a dataclass is filled with its defaults."""
        value = self._read(node, kind, path, line or (line_of(node) if node else 0))
        return None if isinstance(value, _Wrong) else value

    def _read(self, node: yaml.Node | None, kind: Any, path: str, line: int) -> Any:
        origin, inner = typing.get_origin(kind), typing.get_args(kind)
        if origin in (types.UnionType, typing.Union):
            if node is None or _is_null(node):
                return None
            (kind, *others) = [each for each in inner if each is not types.NoneType]
            if not others:
                return self._read(node, kind, path, line)
            return self._first_that_fits(node, [kind, *others], path, line)
        if dataclasses.is_dataclass(kind):
            return self._dataclass(node, kind, path, line)
        if kind is Any:
            return None if node is None else _as_it_is(node)
        if node is None:
            return self._fault(line, path, "has no value")
        if kind is Secret:
            return self._secret(node, path)
        if origin in (list, tuple, Sequence, typing.get_origin(Sequence[int])):
            return self._several(node, inner[0], path, tuple if origin is tuple else list)
        if origin in (dict, Mapping, typing.get_origin(Mapping[str, int])):
            return self._mapping(node, inner[1], path)
        if not isinstance(node, yaml.ScalarNode):
            return self._fault(line_of(node), path, f"must be {_words(kind)}, not a list or block")
        return self._scalar(node, kind, path)

    def _scalar(self, node: yaml.ScalarNode, kind: Any, path: str) -> Any:
        text = str(node.value)
        if _is_null(node):
            return self._fault(line_of(node), path, "has no value")
        if typing.get_origin(kind) is Literal:
            choices = typing.get_args(kind)
            if text in choices:
                return text
            hint = did_you_mean(text, choices)
            return self._fault(line_of(node), path, f"is none of {', '.join(choices)}", hint)
        if kind is bool:
            if text.casefold() in _TRUTH:
                return _TRUTH[text.casefold()]
        elif kind is Path:
            return Path(text).expanduser()
        elif kind is str:
            return text
        elif kind in (int, float) and node.tag in _NUMBERS:
            try:
                return kind(text.replace("_", ""))
            except ValueError:
                pass
        return self._fault(line_of(node), path, f"must be {_words(kind)}")

    def _dataclass(self, node: yaml.Node | None, kind: Any, path: str, line: int) -> Any:
        if node is not None and not (isinstance(node, yaml.MappingNode) or _is_null(node)):
            return self._fault(line_of(node), path, "must be a block of names and values")
        fields = {plain(field.name): field for field in dataclasses.fields(kind) if field.init}
        for field in list(fields.values()):
            fields |= {plain(alias): field for alias in field.metadata.get("aliases", ())}
        shown = {name: self._shown(field) for name, field in fields.items()}
        hints, values, before = typing.get_type_hints(kind), {}, len(self.faults)
        given, strange = set(), []
        for name, key, value in named(node) if isinstance(node, yaml.MappingNode) else ():
            field_of = fields.get(plain(name))
            if field_of is None:
                strange.append(name)
                self._unknown(line_of(key), f"{path}.{name}", name, shown.values())
            else:
                given.add(field_of.name)
                read = self._read(value, hints[field_of.name], f"{path}.{name}", line_of(key))
                if read is not None or _is_optional(hints[field_of.name]):
                    values[field_of.name] = read
        for field in fields.values():
            if field.name not in given and _is_required(field):
                given.add(field.name)  # said once, whatever other names it has
                near = difflib.get_close_matches(self._shown(field), strange, n=1)
                hint = f"did you mean it by {near[0]!r}?" if near else ""
                self.faults.append(Fault(line, path, f"needs {self._shown(field)}", hint))
        if len(self.faults) > before or any(value is _WRONG for value in values.values()):
            return _WRONG
        try:
            return kind(**values)
        except HuntkitError as problem:
            return self._fault(line, path, f"can't be used: {problem.message}", problem.hint)

    def _shown(self, field: "dataclasses.Field[Any]") -> str:
        """The name of a field as settings files write it."""
        if self.unknown == "fault":  # our own section, whose names are ours
            return field.name
        aliases = field.metadata.get("aliases", ())
        return str(aliases[0]) if aliases else "".join(p.title() for p in field.name.split("_"))

    def _secret(self, node: yaml.Node, path: str) -> Any:
        reference = self._reference(node, path)
        if isinstance(reference, _Wrong):
            return _WRONG
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", PlainSecretWarning)
            try:
                secret = Secret(reference, stores=self.stores)
            except SettingsError as problem:
                return self._fault(line_of(node), path, problem.message, problem.hint)
        if secret.store == "literal":
            hint = "write env:NAME, keyring:service/name or keyvault:vault/name instead"
            what = "holds a secret in plain text"
            self.warnings.append(Fault(line_of(node), path, what, hint))
        return secret

    def _reference(self, node: yaml.Node, path: str) -> str | _Wrong:
        """The text form of a reference; files of older tools write it as a block."""
        if isinstance(node, yaml.ScalarNode) and not _is_null(node):
            text = str(node.value)
            store, colon, place = text.partition(":")
            if colon and store == "keyvault" and "/" not in place:
                return self._in_vault(place, node, path)
            return text
        if not isinstance(node, yaml.MappingNode):
            return self._fault(line_of(node), path, "must be a reference to a secret")
        kinds = {plain(name): value for name, _, value in named(node)}
        if len(kinds) == 1:
            ((kind, value),) = kinds.items()
            text = "" if _is_null(value) else str(value.value)
            if kind == "environmentvar" and text:
                return f"env:{text}"
            if kind == "keyvault":
                return self._in_vault(text or path.replace(".", "-"), node, path)
        hint = "write EnvironmentVar: NAME, or KeyVault: vault/name"
        return self._fault(line_of(node), path, "is no reference to a secret", hint)

    def _in_vault(self, place: str, node: yaml.Node, path: str) -> str | _Wrong:
        if "/" in place:
            return f"keyvault:{place}"
        if self.vault:
            return f"keyvault:{self.vault}/{place}"
        hint = "write KeyVault: vault/name, or name the vault in KeyVault: VaultName"
        return self._fault(line_of(node), path, "does not say which vault", hint)

    def _several(self, node: yaml.Node, kind: Any, path: str, made: type) -> Any:
        if isinstance(node, yaml.ScalarNode):
            if _is_null(node):
                return made()
            one = self._read(node, kind, path, line_of(node))
            return _WRONG if one is _WRONG else made([one])
        if not isinstance(node, yaml.SequenceNode):
            return self._fault(line_of(node), path, f"must be a list of {_words(kind)}")
        values = [
            self._read(each, kind, f"{path}[{place}]", line_of(each))
            for place, each in enumerate(node.value)
        ]
        return _WRONG if any(value is _WRONG for value in values) else made(values)

    def _mapping(self, node: yaml.Node, kind: Any, path: str) -> Any:
        if _is_null(node):
            return {}
        if not isinstance(node, yaml.MappingNode):
            return self._fault(line_of(node), path, "must be a block of names and values")
        values = {
            name: self._read(value, kind, f"{path}.{name}", line_of(key))
            for name, key, value in named(node)
        }
        return _WRONG if any(value is _WRONG for value in values.values()) else values

    def _first_that_fits(self, node: yaml.Node, kinds: Sequence[Any], path: str, line: int) -> Any:
        for kind in kinds:
            trial = dataclasses.replace(self, faults=[], warnings=[])
            value = trial._read(node, kind, path, line)  # noqa: SLF001  a copy of our own
            if value is not _WRONG:
                self.warnings += trial.warnings
                return value
        return self._fault(line, path, "must be " + " or ".join(_words(each) for each in kinds))

    def _unknown(self, line: int, path: str, name: str, known: typing.Iterable[str]) -> None:
        known = sorted(set(known))
        hint = did_you_mean(name, known) or (
            f"known are {', '.join(known)}" if known else "it takes no settings"
        )
        if self.unknown == "fault":
            self.faults.append(Fault(line, path, "is no setting", hint))
        elif self.unknown == "warning":
            what = "is no setting that huntkit knows, and is ignored"
            self.warnings.append(Fault(line, path, what, hint))

    def _fault(self, line: int, path: str, what: str, hint: str = "") -> _Wrong:
        self.faults.append(Fault(line, path, what, hint))
        return _WRONG


def _is_null(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and node.tag == _NULL


def _is_optional(kind: Any) -> bool:
    return types.NoneType in typing.get_args(kind) or kind is Any


def _is_required(field: "dataclasses.Field[Any]") -> bool:
    missing = dataclasses.MISSING
    return field.default is missing and field.default_factory is missing


def _words(kind: Any) -> str:
    if typing.get_origin(kind) is Literal:
        return "one of " + ", ".join(typing.get_args(kind))
    known = {bool: "true or false", int: "a whole number", float: "a number", str: "a text"}
    return known.get(kind, {Path: "a path", Secret: "a reference to a secret"}.get(kind, "a block"))


def _as_it_is(node: yaml.Node) -> Any:
    """Plain values for settings of any shape."""
    if isinstance(node, yaml.MappingNode):
        return {name: _as_it_is(value) for name, _, value in named(node)}
    if isinstance(node, yaml.SequenceNode):
        return [_as_it_is(each) for each in node.value]
    if _is_null(node):
        return None
    if node.tag == "tag:yaml.org,2002:bool":
        return _TRUTH.get(str(node.value).casefold())
    for number in (int, float) if node.tag in _NUMBERS else ():
        try:
            return number(node.value)
        except ValueError:
            continue
    return str(node.value)
