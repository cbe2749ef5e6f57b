"""What every reader gives: batches of records, and an account of what was not kept."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from huntkit.core.errors import FormatError

if TYPE_CHECKING:
    import polars as pl

SAMPLE_LENGTH = 120
SKIPS_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Skip:
    """One source record that was not kept.

    Attributes:
        number: its line number, or its record id.
        reason: short and constant per cause, such as ``not JSON`` or ``cut off``.
        sample: at most 120 characters of it, as text.
    """

    number: int
    reason: str
    sample: str = ""


@dataclass(slots=True)
class Batch:
    """Some records of one file, in one of three layouts.

    Exactly one of `records` (heterogeneous), `columns` (homogeneous) and `table` (columnar from
    the start, as Parquet is) holds the data; a batch may also be empty and carry only skips.

    Attributes:
        kind: the format that made it, such as ``json`` or ``evtx``.
        numbers: one number per record: the line it starts on, its record id, or, in a JSON
            document, its position among the document's records; all count from 1.
        rows: source records that were consumed and kept; an audit event of 4 lines counts 4.
        skips: the first few skipped records (at most 20 per file and reason).
        skipped: reason to count, all of them.
        context: what the format knows beyond the records: ``{"path": "conn"}`` for Zeek,
            ``{"repaired": {"invalid UTF-8": 2}}`` for records kept after a repair, ...
    """

    kind: str
    numbers: Sequence[int]
    records: list[dict[str, Any]] | None = None
    columns: dict[str, list[Any]] | None = None
    rows: int = 0
    skips: list[Skip] = field(default_factory=list)
    skipped: Counter[str] = field(default_factory=Counter)
    context: dict[str, Any] = field(default_factory=dict)
    table: "pl.DataFrame | None" = None


class Ledger:
    """What one file's reader skipped and repaired, handed out with its batches.

    Examples:
        >>> ledger = Ledger("json")
        >>> ledger.skip(7, "not JSON", b"{oops")
        >>> batch = ledger.batch([8], records=[{"a": 1}])
        >>> batch.rows, batch.skipped["not JSON"], batch.skips[0].sample
        (1, 1, '{oops')
    """

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.total = 0  # skipped so far, in the whole file
        self._shown: Counter[str] = Counter()
        self._skips: list[Skip] = []
        self._skipped: Counter[str] = Counter()
        self._repaired: Counter[str] = Counter()

    def skip(self, number: int, reason: str, sample: bytes | str = "", *, count: int = 1) -> None:
        """Note that `count` source records were not kept; the first is number `number`."""
        self.total += count
        self._skipped[reason] += count
        if self._shown[reason] < SKIPS_SHOWN:
            self._shown[reason] += 1
            self._skips.append(Skip(number, reason, as_sample(sample)))

    def repair(self, how: str, count: int = 1) -> None:
        """Note that a record was kept after a repair."""
        self._repaired[how] += count

    @property
    def pending(self) -> bool:
        """Something was noted that no batch has carried yet."""
        return bool(self._skipped or self._repaired)

    def batch(
        self,
        numbers: Sequence[int],
        *,
        records: list[dict[str, Any]] | None = None,
        columns: dict[str, list[Any]] | None = None,
        table: "pl.DataFrame | None" = None,
        rows: int | None = None,
        context: dict[str, Any] | None = None,
        kind: str | None = None,
    ) -> Batch:
        """A batch that carries everything noted since the last one."""
        context = dict(context or {})
        if self._repaired:
            context["repaired"] = dict(self._repaired)
        made = Batch(
            kind=kind or self.kind,
            numbers=numbers,
            records=records,
            columns=columns,
            table=table,
            rows=len(numbers) if rows is None else rows,
            skips=self._skips,
            skipped=self._skipped,
            context=context,
        )
        self._skips, self._skipped, self._repaired = [], Counter(), Counter()
        return made

    def settle(self, batches: Iterable[Batch]) -> Iterator[Batch]:
        """The batches, and one more without records if there is more to say after them.

        That holds too where they end in a FormatError, which goes on afterwards.
        """
        try:
            yield from batches
        except FormatError:
            yield from self._rest()
            raise
        yield from self._rest()

    def _rest(self) -> list[Batch]:
        return [self.batch((), records=[])] if self.pending else []


def as_sample(data: bytes | str) -> str:
    r"""At most 120 characters of hostile bytes or text, never failing.

    Examples:
        >>> as_sample(b"abc\xff\r\n")
        'abc\\xff'
    """
    if isinstance(data, bytes):
        data = data[: 4 * SAMPLE_LENGTH].decode("utf-8", "backslashreplace")
    else:
        data = data[:SAMPLE_LENGTH].encode("utf-8", "backslashreplace").decode("utf-8")
    return data.rstrip("\r\n")[:SAMPLE_LENGTH]
