"""YAML as plain values that remember their lines; nothing in it can make objects or grow.

Keys that stand twice, keys that are no text and values that no plain type takes are faults: a
file is read whole or not at all. Anchors are fine as long as what they stand for stays small.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import yaml

from huntkit.sources.queries.faults import Fault

LARGEST: Final = 5_000_000  # characters
_DEEPEST: Final = 40
_MOST: Final = 200_000  # values, anchors written out

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class Item:
    """A value with the line that it starts on.

    Attributes:
        value: text, a number, a bool, a date, None, a list of items, or a dict of items.
        line: from 1; of a text in a block, that of its first line.
        keys: the line of each key, where the value is a dict.
        size: how many values it holds, with its own.
    """

    value: Any
    line: int
    keys: dict[str, int] = field(default_factory=dict)
    size: int = 1

    def plain(self) -> Any:
        """The value without lines."""
        if isinstance(self.value, dict):
            return {key: each.plain() for key, each in self.value.items()}
        if isinstance(self.value, list):
            return [each.plain() for each in self.value]
        return self.value

    def items(self) -> Iterator[tuple[str, "Item", int]]:
        """Key, value and the key's line, of a dict; nothing for any other value."""
        if isinstance(self.value, dict):
            for key, each in self.value.items():
                yield key, each, self.keys[key]


def read(text: str, faults: list[Fault]) -> Item:
    r"""The document of a text; what is wrong with it goes to `faults`.

    Examples:
        >>> found = read("a: 1\nb: [x, 2024-05-01]", faults := [])
        >>> found.plain(), found.keys, faults
        ({'a': 1, 'b': ['x', datetime.date(2024, 5, 1)]}, {'a': 1, 'b': 2}, [])
    """
    nothing = Item(None, 1)
    if len(text) > LARGEST:
        faults.append(Fault(1, f"the file has more than {LARGEST:,} characters"))
        return nothing
    try:
        loader = _Loader(text)
        try:
            node = loader.get_single_node()
            return nothing if node is None else _Reader(loader, faults).item(node, 0)
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as problem:
        mark = problem.problem_mark or problem.context_mark
        said = " ".join(each for each in (problem.context, problem.problem) if each)
        faults.append(Fault(mark.line + 1 if mark else 1, f"this is no YAML: {said}"))
    except (yaml.YAMLError, ValueError, RecursionError) as problem:
        said = str(problem).splitlines()[0] if str(problem) else type(problem).__name__
        faults.append(Fault(1, f"this is no YAML: {said}"))
    return nothing


class _Reader:
    def __init__(self, loader: Any, faults: list[Fault]) -> None:
        self._loader = loader
        self._faults = faults
        self._made: dict[int, Item | None] = {}

    def item(self, node: Any, depth: int) -> Item:
        line = node.start_mark.line + 1
        nothing = Item(None, line)
        if id(node) in self._made:
            known = self._made[id(node)]
            if known is None:
                self._faults.append(Fault(line, "this holds itself (&name and *name)"))
            return known or nothing
        if depth > _DEEPEST:
            self._faults.append(Fault(line, f"this is nested more than {_DEEPEST} levels deep"))
            return nothing
        self._made[id(node)] = None
        made = self._new(node, line, depth)
        if made.size > _MOST:
            self._faults.append(Fault(line, f"this stands for more than {_MOST:,} values"))
            made = nothing
        self._made[id(node)] = made
        return made

    def _new(self, node: Any, line: int, depth: int) -> Item:
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, line, depth)
        if isinstance(node, yaml.SequenceNode):
            found = [self.item(each, depth + 1) for each in node.value]
            return Item(found, line, {}, 1 + sum(each.size for each in found))
        # The text of a block starts below its mark.
        return Item(self._scalar(node, line), line + (node.style == "|"))

    def _mapping(self, node: Any, line: int, depth: int) -> Item:
        found: dict[str, Item] = {}
        keys: dict[str, int] = {}
        for key_node, value_node in node.value:
            at = key_node.start_mark.line + 1
            key = self._scalar(key_node, at) if isinstance(key_node, yaml.ScalarNode) else None
            if not isinstance(key, str):
                shown = getattr(key_node, "value", "")
                shown = shown if isinstance(shown, str) else "..."
                self._faults.append(
                    Fault(at, f"the key {shown!r} is no text", "write it in quotes")
                )
                continue
            if key in found:
                self._faults.append(
                    Fault(at, f"the key {key!r} stands twice, first on line {keys[key]}")
                )
                continue
            found[key] = self.item(value_node, depth + 1)
            keys[key] = at
        return Item(found, line, keys, 1 + sum(each.size for each in found.values()))

    def _scalar(self, node: Any, line: int) -> Any:
        if node.tag == "tag:yaml.org,2002:str":
            return node.value  # most are, and the constructor takes its time
        try:
            return self._loader.construct_object(node)
        except (yaml.YAMLError, ValueError, OverflowError):
            self._faults.append(Fault(line, f"{node.value[:80]!r} is no value of {node.tag}"))
            return None
