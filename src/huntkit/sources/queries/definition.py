"""A named question with typed parameters, as data.

Whoever runs queries sees these two classes and nothing of the YAML that they were read from.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, Literal, get_args

from huntkit.sources.queries.environments import Language

Kind = Literal["str", "int", "float", "bool", "datetime", "timespan", "list", "kql", "table", "op"]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)

# Types that are pieces of the query's text: given by name only, never taken from objects.
PIECES: Final[frozenset[Kind]] = frozenset(["kql", "table", "op"])

# The time range: optional in a call, because whoever runs queries has a range of its own.
TIME_BOUNDS: Final = ("start", "end")


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """What a query asks its caller for.

    Attributes:
        name: what the query's text and callers call it.
        type: ``str``, ``int``, ``float``, ``bool``, ``datetime``, ``timespan`` or ``list`` for
            values; ``kql`` (a piece of the query in its own language, whatever that is),
            ``table`` (an identifier) or ``op`` (one of `choices`) for pieces of the text.
        description: what it is, for people.
        default: its value when none is given; None where there is none.
        aliases: other names that callers may use for it.
        choices: the values that it may have; empty: any. An ``op`` always has some.
    """

    name: str
    type: Kind = "str"
    description: str = ""
    default: object = None
    aliases: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()

    @property
    def required(self) -> bool:
        """Whether a call must give it; the bounds of time are filled in by who runs the query."""
        return self.default is None and self.name not in TIME_BOUNDS

    @property
    def is_piece(self) -> bool:
        """Whether it is a piece of the query rather than a value."""
        return self.type in PIECES


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A named question.

    Attributes:
        name: what callers call it, within a family.
        text: its text, with pieces and values in ``{braces}``; literal braces are doubled.
        language: what the text is written in.
        description: what it answers, in a sentence.
        parameters: by name, in the order in which they were declared.
        environments: where it can be asked, by huntkit's names (``MSSentinel`` ...); queries in
            KQL can always be asked of ``Local``.
        families: the groups that it is listed under: ``provider.<Family>.<name>``.
        tables: the tables that the text names, as far as its language lets one see.
        tags: words to find it by.
        techniques: MITRE ATT&CK techniques (``T1078``, ``T1059.001``).
        tactics: MITRE ATT&CK tactics (``InitialAccess``).
        metadata: the whole metadata, the file's under the query's own; ``pivot``, ``cluster``,
            ``database`` and the like are found here.
        arguments: what else stands under ``args`` (``uri`` ...).
        origin: the file that it was read from, or an empty text.
        line: the line there, from 1.
    """

    name: str
    text: str
    language: Language = "kql"
    description: str = ""
    parameters: Mapping[str, Parameter] = field(default_factory=lambda: MappingProxyType({}))
    environments: tuple[str, ...] = ()
    families: tuple[str, ...] = ()
    tables: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    techniques: tuple[str, ...] = ()
    tactics: tuple[str, ...] = ()
    metadata: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))
    arguments: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))
    origin: str = ""
    line: int = 0

    def parameter(self, name: str) -> Parameter | None:
        """The parameter that a name or an alias means; None where nothing does.

        Names come first, so that no alias can hide a parameter.

        Examples:
            >>> host = Parameter(name="host_name", aliases=("hostname",))
            >>> query = Query(name="q", text="T", parameters={"host_name": host})
            >>> query.parameter("hostname").name
            'host_name'
        """
        if name in self.parameters:
            return self.parameters[name]
        return next((each for each in self.parameters.values() if name in each.aliases), None)

    @property
    def required(self) -> tuple[str, ...]:
        """The names of the parameters that a call must give."""
        return tuple(each.name for each in self.parameters.values() if each.required)
