"""What the binder knows while it walks: the query's surroundings, names in scope, the row."""

from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import dataclass, field

from huntkit.kql.language import plan
from huntkit.kql.language import syntax as s
from huntkit.kql.language.errors import KqlError, KqlNameError, KqlTypeError, KqlUnsupported

Schemas = Mapping[str, Mapping[str, str]]
_STEPS = 100_000


@dataclass(frozen=True, slots=True)
class TableFunction:
    """A stored function that gives a table: what it may be given, and its columns."""

    parameters: tuple[str, ...]
    columns: plan.Schema
    required: int = 0


@dataclass(frozen=True, slots=True)
class Table:
    """A bound tabular expression; an open one may have more columns than are known."""

    relation: plan.Relation
    open: bool = False
    ordered: bool = False

    @property
    def columns(self) -> dict[str, plan.Column]:
        """The known columns by name."""
        return {column.name: column for column in self.relation.schema}


@dataclass(frozen=True, slots=True, eq=False)
class Closure:
    """A function of a let statement, with the names that it sees."""

    name: str
    function: s.Function
    scope: "Scope"


@dataclass(slots=True, eq=False)
class Row:
    """What names mean where an expression is worked out for each row.

    ``aggregates`` and ``windows`` collect what can't be worked out from one row; None where such
    functions may not stand.
    """

    columns: Mapping[str, plan.Column] = field(default_factory=dict)
    open: bool = False
    aggregates: list[plan.Agg] | None = None
    windows: list[plan.Fn] | None = None
    rows: plan.Relation | None = None  # those that ``windows`` go over
    key: object = field(default_factory=object)  # the same for one row seen with other rights

    def inside(self) -> "Row":
        """The same row, inside an aggregate or window function."""
        return Row(self.columns, self.open, key=self.key)


@dataclass(frozen=True, slots=True)
class Value:
    """A scalar that has a name; ``row`` is the key of the row that it belongs to, if any."""

    value: plan.Scalar
    row: object = None


Meaning = Value | Table | Closure


class Scope:
    """Names of let statements and parameters, the inner ones first."""

    __slots__ = ("_names", "_parent")

    def __init__(self, parent: "Scope | None" = None) -> None:
        self._parent = parent
        self._names: dict[str, Meaning] = {}

    def __setitem__(self, name: str, meaning: Meaning) -> None:
        self._names[name] = meaning

    def get(self, name: str) -> Meaning | None:
        """What a name stands for, or None."""
        if name in self._names:
            return self._names[name]
        return None if self._parent is None else self._parent.get(name)

    def copy(self) -> "Scope":
        """The same names; later ones of either do not show in the other."""
        twin = Scope(None if self._parent is None else self._parent.copy())
        twin._names = dict(self._names)
        return twin

    def names(self) -> list[str]:
        """All names in scope."""
        found = list(self._names)
        return found if self._parent is None else found + self._parent.names()


@dataclass(slots=True)
class Context:
    """The query's surroundings."""

    text: str
    tables: Schemas
    functions: Mapping[str, TableFunction]
    now: int
    parameters: Mapping[str, object]
    bind_table: "Callable[[Context, s.Expr, Scope], Table]"
    bind_any: "Callable[[Context, s.Expr, Scope, Row], Table | plan.Scalar]"
    opened: "Callable[[plan.Plugin], plan.Schema | None]"
    options: "dict[str, s.Expr]" = field(default_factory=dict)  # of set statements
    warnings: list[str] = field(default_factory=list)
    steps: int = 0
    shared: int = 0
    serialized: dict[int, plan.Relation] = field(default_factory=dict)  # by id; the query says so

    def searched(self, columns: Iterable[plan.Column]) -> list[plan.Column]:
        """The columns that stand for ``*`` in a search: not those that only say where rows lie."""
        apart: Container[str] = getattr(self.tables, "unsearched", ())
        return [column for column in columns if column.name not in apart]

    def step(self, node: s.Node) -> None:
        """Count a step, so that functions calling functions can't run away."""
        self.steps += 1
        if self.steps > _STEPS:
            raise self.unsupported(node, "a query that unfolds to more than 100,000 expressions")

    def name_error(self, node: s.Node, message: str, hint: str = "") -> KqlError:
        """An unknown name, at its place."""
        return KqlNameError(message, text=self.text, start=node.start, hint=hint)

    def type_error(self, node: s.Node, message: str, hint: str = "") -> KqlError:
        """A value that can't stand there."""
        return KqlTypeError(message, text=self.text, start=node.start, hint=hint)

    def unsupported(self, node: s.Node, what: str, hint: str = "") -> KqlError:
        """Right KQL that is not run here."""
        return KqlUnsupported(
            f"{what} is not supported", text=self.text, start=node.start, hint=hint
        )
