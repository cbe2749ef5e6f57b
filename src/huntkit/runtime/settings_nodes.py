"""A settings file as YAML nodes that know their lines; whatever is wrong with it is a fault."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import yaml

from huntkit.core.text import visible

_LARGEST: Final = 1024**2
_MOST_NODES: Final = 20_000
_QUOTED: Final = re.compile(r"'[^']*'|\"[^\"]*\"")


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """Something wrong in a settings file.

    Values are never quoted: one may be a secret that stands in the wrong place.

    Attributes:
        line: where, from 1; 0 for the file as a whole.
        path: which setting, such as ``TIProviders.OTX.Args``.
        what: what is wrong.
        hint: what to do.

    Examples:
        >>> str(Fault(3, "Azure.cloud", "is no text", "put quotes around it"))
        'line 3: Azure.cloud is no text (put quotes around it)'
    """

    line: int
    path: str
    what: str
    hint: str = ""

    def __str__(self) -> str:
        place = f"line {self.line}: " if self.line else ""
        subject = f"{visible(self.path, limit=120)} " if self.path else ""
        return f"{place}{subject}{self.what}" + (f" ({self.hint})" if self.hint else "")


def line_of(node: yaml.Node) -> int:
    """The line on which a node begins, from 1."""
    return int(node.start_mark.line) + 1


def parsed(content: bytes) -> tuple[yaml.MappingNode | None, list[Fault]]:
    r"""The mapping that the file is; None if it is empty or can't be read.

    Nothing is constructed: no tag of the file makes an object.

    Examples:
        >>> parsed(b"a: 1\nb: [")[1][0].line
        2
    """
    if len(content) > _LARGEST:
        return None, [Fault(0, "", f"the file is larger than {_LARGEST:,} bytes")]
    try:
        loader = yaml.SafeLoader(content)
        root = loader.get_single_node()
    except yaml.MarkedYAMLError as problem:
        mark = problem.problem_mark or problem.context_mark
        return None, [Fault(mark.line + 1 if mark else 0, "", _no_yaml(problem), _QUOTES)]
    except (yaml.YAMLError, UnicodeError):
        return None, [Fault(0, "", "is no text in UTF-8, or holds control characters")]
    except (RecursionError, ValueError):
        return None, [Fault(0, "", "is nested deeper than settings can be")]
    if root is None or root.tag == "tag:yaml.org,2002:null":
        return None, []
    if not isinstance(root, yaml.MappingNode):
        return None, [Fault(line_of(root), "", "the file must begin with the name of a section")]
    faults = list(_shape_faults(loader, root))
    return (None, faults) if any(not fault.line for fault in faults) else (root, faults)


_QUOTES: Final = "a value with : # ! * & % @ in it needs quotes"


def _no_yaml(problem: yaml.MarkedYAMLError) -> str:
    # What stands between quotes is a piece of the file.
    said = " ".join(filter(None, [problem.context, problem.problem]))
    return f"is no valid YAML: {_QUOTED.sub('...', said)}"


def _shape_faults(loader: yaml.SafeLoader, root: yaml.MappingNode) -> Iterator[Fault]:
    """What holds for any settings: names once each, texts as names, no end of references."""
    waiting: list[tuple[str, yaml.Node]] = [("", root)]
    seen = 0
    while waiting:
        path, node = waiting.pop()
        seen += 1
        if seen > _MOST_NODES:
            yield Fault(0, "", f"holds more than {_MOST_NODES:,} values, or refers to itself")
            return
        if isinstance(node, yaml.SequenceNode):
            waiting += [(f"{path}[{place}]", each) for place, each in enumerate(node.value)]
        if not isinstance(node, yaml.MappingNode):
            continue
        try:
            loader.flatten_mapping(node)
        except (yaml.YAMLError, RecursionError):
            yield Fault(line_of(node), path, "has a << that names no mapping")
            continue
        names: dict[str, int] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                yield Fault(line_of(key), path, "has a name that is no text")
                continue
            if key.value in names and key.tag != "tag:yaml.org,2002:merge":
                first = names[key.value]
                yield Fault(line_of(key), f"{path}.{key.value}".lstrip("."), _twice(first))
            names[key.value] = line_of(key)
            waiting.append((f"{path}.{key.value}".lstrip("."), value))


def _twice(first: int) -> str:
    return f"stands here a second time; the first is in line {first}"
