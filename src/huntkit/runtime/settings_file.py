"""The settings file: which one is used, what is wrong with it, and its sections as typed values."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

import yaml

from huntkit.core.errors import SettingsError, did_you_mean
from huntkit.runtime.settings_nodes import Fault, line_of, parsed
from huntkit.runtime.settings_reading import Reader, Unknown, named, plain

if TYPE_CHECKING:
    from huntkit.runtime.secret_store import SecretStores

T = TypeVar("T")

PROVIDERS: Final = ("TIProviders", "ContextProviders", "OtherProviders", "DataProviders")
SECTIONS: Final = (
    "huntkit", *PROVIDERS, "QueryDefinitions", "AzureSentinel", "MSSentinel", "Azure", "KeyVault",
    "msticpy",
)  # fmt: skip

# Sections of existing files that mean nothing to us, and are no mistake.
_OTHERS: Final = ("UserDefaults", "Notebooks", "Workspaces", "DataUploaders")
_ENTRY: Final = ("Args", "Primary", "Enabled", "Provider")


class SettingsWarning(UserWarning):
    """Something in a settings file is ignored or strange."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Configured(Generic[T]):
    """One entry of a provider section.

    Attributes:
        section: such as ``TIProviders``.
        name: what the user calls it, such as ``OTX``.
        args: its settings, as its plugin declares them.
        provider: the plugin that it names; its own name if it names none.
        primary: whether it is asked unless other providers are named; None if the file does not
            say.
        enabled: whether it may be asked at all.
        line: where it stands in the file.
    """

    section: str
    name: str
    args: T
    provider: str
    primary: bool | None = None
    enabled: bool = True
    line: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class _Entry:
    node: yaml.Node | None = field(repr=False)  # a node shows all that is in it
    provider: str
    primary: bool | None
    enabled: bool
    line: int


@dataclass(slots=True)
class SettingsFile:
    """A file that was read; an absent or empty one has no sections and no faults.

    Attributes:
        path: where it is; None if there is none.
        faults: what is wrong with the file itself; more may show when its sections are read.
        warnings: what is ignored or strange.
    """

    path: Path | None = None
    faults: list[Fault] = field(default_factory=list)
    warnings: list[Fault] = field(default_factory=list)
    _sections: dict[str, yaml.Node] = field(default_factory=dict, repr=False)
    _entries: dict[str, dict[str, _Entry]] = field(default_factory=dict, repr=False)
    _vault: str = field(default="", repr=False)

    def configured(self, section: str) -> list[str]:
        """The names of what is configured in a provider section, in the file's order."""
        return list(self._entries.get(_section(section), {}))

    def entry(
        self, section: str, name: str, kind: type[T], *, stores: "SecretStores | None" = None
    ) -> Configured[T] | None:
        """One entry with its settings; None if the file has none of that name.

        Names are compared without case.

        Raises:
            SettingsError: everything that is wrong with the entry.
        """
        entries = self._entries.get(_section(section), {})
        found = next((each for each in entries if each.casefold() == name.casefold()), None)
        if found is None:
            self._refuse([fault for fault in self.faults if not fault.path])
            return None
        entry, path = entries[found], f"{_section(section)}.{found}"
        reader = Reader(stores=stores, vault=self._vault)
        args = reader.read(entry.node, kind, f"{path}.Args", line=entry.line)
        self._note(reader.warnings)
        self._refuse([*self._faults_of(path), *reader.faults])
        if args is None:
            raise SettingsError(f"the settings of {name} can't be read")
        return Configured(
            section=_section(section),
            name=found,
            args=args,
            provider=entry.provider or found,
            primary=entry.primary,
            enabled=entry.enabled,
            line=entry.line,
        )

    def section(
        self,
        name: str,
        kind: type[T],
        *,
        stores: "SecretStores | None" = None,
        unknown: Unknown = "warning",
    ) -> T:
        """A whole section as a dataclass; its defaults where the file has none.

        Raises:
            SettingsError: everything that is wrong with the section.
        """
        reader = Reader(stores=stores, vault=self._vault, unknown=unknown)
        value = reader.read(self._sections.get(_section(name)), kind, _section(name))
        self._note(reader.warnings)
        unreadable = [fault for fault in self.faults if not fault.path]
        self._refuse([*unreadable, *self._faults_of(_section(name)), *reader.faults])
        if value is None:
            raise SettingsError(f"the section {name} can't be read")
        return value

    def told(self) -> list[str]:
        """What is wrong and what is strange, a line each."""
        return [str(each) for each in sorted({*self.faults, *self.warnings})]

    def check(self, kinds: Mapping[tuple[str, str], type[Any]]) -> list[Fault]:
        """Everything that is wrong, with the file and with the entries of these kinds.

        Args:
            kinds: the dataclass of the settings, for section and name; what the file does not
                have is left out.
        """
        found = list(self.faults)
        for (section, name), kind in kinds.items():
            entry = self._entries.get(_section(section), {}).get(name)
            if entry is not None:
                reader = Reader(vault=self._vault)
                reader.read(entry.node, kind, f"{_section(section)}.{name}.Args", line=entry.line)
                found += reader.faults
        return sorted(set(found))

    def has(self, name: str) -> bool:
        """Whether the file has that section."""
        return _section(name) in self._sections

    def _faults_of(self, path: str) -> Iterator[Fault]:
        return (
            each for each in self.faults if each.path == path or each.path.startswith(path + ".")
        )

    def _note(self, found: Iterable[Fault]) -> None:
        self.warnings += [each for each in found if each not in self.warnings]

    def _refuse(self, faults: Iterable[Fault]) -> None:
        found = sorted(set(faults))
        if found:
            raise SettingsError(
                f"{self.path}: " + "; ".join(map(str, found)),
                context={"path": str(self.path), "faults": [str(fault) for fault in found]},
            )


def load(path: Path | None) -> SettingsFile:
    """The file, read; whatever is wrong is in its `faults`, nothing is raised.

    Examples:
        >>> load(None).configured("TIProviders")
        []
    """
    file = SettingsFile(path)
    if path is None:
        return file
    try:
        with path.open("rb") as opened:
            content = opened.read(2 * 1024**2)
    except OSError as problem:
        file.faults.append(Fault(0, "", f"the file can't be read: {problem.strerror}"))
        return file
    root, faults = parsed(content)
    file.faults += faults
    for name, key, node in named(root) if root is not None else ():
        _take_section(file, name, line_of(key), node)
    vaults, reader = file._sections.get("KeyVault"), Reader()  # noqa: SLF001  this module's own
    for name, _, value in named(vaults) if isinstance(vaults, yaml.MappingNode) else ():
        if plain(name) == "vaultname":
            file._vault = reader.read(value, str, "KeyVault.VaultName") or ""  # noqa: SLF001
    file.faults += reader.faults
    return file


def _take_section(file: SettingsFile, name: str, line: int, node: yaml.Node) -> None:
    section = _section(name)
    if section in SECTIONS:
        file._sections.setdefault(section, node)  # noqa: SLF001  this module's own
    elif section not in _OTHERS:
        hint = did_you_mean(name, SECTIONS) or f"known are {', '.join(SECTIONS)}"
        file.warnings.append(
            Fault(line, name, "is no section that huntkit knows, and is ignored", hint)
        )
    if section in PROVIDERS:
        file._entries[section] = _entries(file, section, node)  # noqa: SLF001


def _entries(file: SettingsFile, section: str, node: yaml.Node) -> dict[str, _Entry]:
    if isinstance(node, yaml.ScalarNode) and not node.value:
        return {}
    if not isinstance(node, yaml.MappingNode):
        file.faults.append(Fault(line_of(node), section, "must be a block of providers"))
        return {}
    entries = {}
    for name, key, value in named(node):
        reader = Reader()
        given = _given(reader, value, f"{section}.{name}")
        entries[name] = _Entry(
            node=given.get("args"),
            provider=_text(reader, given.get("provider"), f"{section}.{name}.Provider"),
            primary=_truth(reader, given.get("primary"), f"{section}.{name}.Primary"),
            enabled=_truth(reader, given.get("enabled"), f"{section}.{name}.Enabled") is not False,
            line=line_of(key),
        )
        file.faults += reader.faults
        file.warnings += reader.warnings
    return entries


def _given(reader: Reader, node: yaml.Node, path: str) -> dict[str, yaml.Node]:
    if isinstance(node, yaml.ScalarNode) and not node.value:
        return {}
    if not isinstance(node, yaml.MappingNode):
        what = "must be a block with Args"
        reader.faults.append(Fault(line_of(node), path, what))
        return {}
    given = {}
    for name, key, value in named(node):
        if plain(name) in map(plain, _ENTRY):
            given[plain(name)] = value
        else:
            hint = did_you_mean(name, _ENTRY) or "what the provider takes stands under Args"
            what = "is not known here, and is ignored"
            reader.warnings.append(Fault(line_of(key), f"{path}.{name}", what, hint))
    return given


def _text(reader: Reader, node: yaml.Node | None, path: str) -> str:
    return "" if node is None else reader.read(node, str, path) or ""


def _truth(reader: Reader, node: yaml.Node | None, path: str) -> bool | None:
    return None if node is None else reader.read(node, bool, path)


def _section(name: str) -> str:
    """A section's name as it is known; ``AzureSentinel`` is the old name of ``MSSentinel``."""
    folded: dict[str, str] = {each.casefold(): each for each in (*SECTIONS, *_OTHERS)}
    found = folded.get(name.casefold(), name)
    return "MSSentinel" if found == "AzureSentinel" else found
