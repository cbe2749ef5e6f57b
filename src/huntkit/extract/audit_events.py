"""The Linux audit system's lines as events: from frames, texts and files."""

import functools
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar, cast

import polars as pl

from huntkit.core.collecting import no_collecting
from huntkit.core.errors import EvidenceError, UsageError
from huntkit.core.progress import SILENT, Progress
from huntkit.extract.audit_table import EventTable
from huntkit.extract.texts import text_of
from huntkit.formats.archive import walk
from huntkit.formats.audit_lines import LineParser
from huntkit.formats.batch import Ledger
from huntkit.formats.limits import DEFAULT
from huntkit.formats.lines import text_lines
from huntkit.tables import as_kind, step

R = TypeVar("R", bound=Callable[..., Any])

_USUAL_COLUMNS = ("AuditdMessage", "SyslogMessage", "RawData", "message", "Message", "text", "line")
_HOSTS = ("Computer", "HostName", "host", "hostname", "DeviceName")
_STEP_LINES = 50_000
# As `formats.audit_lines` reads the head of a line, for the engine of columns.
_KEY = r"type=[\w\[\]]{1,64}\s{1,8}(?:msg=)?audit\(([0-9]{1,12}(?:\.[0-9]{1,9})?):0*([0-9]{1,20})\)"
# Nearly all heads are like this; to know that takes a tenth of the time of taking them apart.
_PLAIN = r"^type=[0-9A-Za-z_\[\]]{1,64} msg=audit\([0-9]{1,12}(?:\.[0-9]{1,9})?:[1-9][0-9]{0,19}\)"
_HEAD_CHARS = 12 + 1 + 9 + 1 + 20 + 1


def _also_text(function: R) -> R:
    """Let the step take text, or lines, in place of a frame; it gives a pandas frame then."""

    @functools.wraps(function)
    def run(data: Any, *args: Any, **options: Any) -> Any:
        if isinstance(data, str):
            data = data.splitlines()
        if not isinstance(data, list | tuple):
            return function(data, *args, **options)
        if not all(isinstance(line, str) for line in data):
            raise UsageError("these are no lines of text", hint="give a list of str, or a frame")
        frame = pl.DataFrame({"text": list(data)}, schema={"text": pl.String})
        return as_kind(function(frame, "text", **options), "pandas")

    return cast("R", run)


@_also_text
@step(split="whole", columns=("column", "host_column"), index="SourceIndex")
def auditd(
    data: pl.DataFrame,
    column: str | None = None,
    *,
    host_column: str | None = None,
    event_type: str | Sequence[str] | None = None,
    users: Mapping[int, str] | None = None,
    records: bool = True,
    progress: Progress = SILENT,
) -> pl.DataFrame:
    r"""Linux audit events, one row for each node, time and serial, out of their lines.

    Reads raw lines, enriched ones, those wrapped in syslog, and auoms'. Values in hexadecimal are
    decoded, EXECVE's arguments put together, system calls named by architecture. Users are
    named where the log names them, by ``users``, and where every system agrees (``root``,
    ``unset``). Lines that are no audit records are other logs' business and left out.

    Args:
        data: any frame, one text, or a list of lines.
        column: the column with the lines; several in one value are fine. If left out, the usual
            names, else the only text column that holds such lines.
        host_column: where the host stands for lines that do not say it; ``Computer``,
            ``HostName`` and the like if left out.
        event_type: keep events with a line of this type or these only.
        users: names by user id, as in ``/etc/passwd``.
        records: whether to keep the lines of an event, as they were read, in ``records``.
        progress: told about the lines; may cancel.

    Returns:
        Columns ``TimeGenerated Computer EventType EventTypes mssg_id serial success syscall
        syscall_name arch pid ppid uid user auid audit_user euid effective_user tty comm exe
        cmdline argv cwd paths``, one for each other field that occurs (at most 400), ``records``
        and ``SourceIndex``, the row of the first line. A field that several lines of an event
        have with different values is also there as ``name_TYPE``. In the order of first lines.

    Raises:
        UsageError: no column holds audit lines.

    Examples:
        >>> found = auditd(
        ...     "type=SYSCALL msg=audit(1.5:7): arch=c000003e syscall=59 ppid=1 pid=2 uid=0\n"
        ...     "type=EXECVE msg=audit(1.5:7): argc=2 a0=\"sh\" a1=2D63206C73"
        ... )
        >>> found[["EventType", "syscall_name", "user", "cmdline"]].to_numpy().tolist()
        [['SYSCALL_EXECVE', 'execve', 'root', 'sh -c ls']]
    """
    lines = _lines_of(data, _column_of(data) if column is None else column, host_column)
    found = EventTable(users=users, records=records)
    with progress.task("reading audit lines", total=lines.height) as task, no_collecting():
        for part in _read(_keyed(lines), found, _wanted(event_type)):
            task.check_cancelled()
            task.advance(part)
    return found.frame()


def _read(lines: pl.DataFrame, found: EventTable, wanted: set[str] | None) -> Iterator[int]:
    """Put the events of lines into the table; how many lines were read each time."""
    parse = LineParser().parse
    current = -1
    open_events: dict[tuple[str, str, int], tuple[int, list[str], list[dict[str, Any]]]] = {}

    def close() -> None:
        for (node, time, serial), (place, texts, its) in open_events.items():
            if wanted is None or not wanted.isdisjoint(record["type"] for record in its):
                found.add(node, time, serial, place, its, "\n".join(texts))
        open_events.clear()

    for part in _together(lines).iter_slices(_STEP_LINES):
        for text, place, event, host, alone in _rows(part):
            line = parse(text)
            if line is None:
                continue
            if event != current:
                if open_events:
                    close()
                current = event
            node, time, serial, record = line
            if alone:
                if wanted is None or record["type"] in wanted:
                    found.add(node or host, time, serial, place, (record,), text)
                continue
            key = (node or host, time, serial)
            known = open_events.get(key)
            if known is None:
                open_events[key] = (place, [text], [record])
            else:
                known[1].append(text)
                known[2].append(record)
        yield part.height
    close()


def _rows(part: pl.DataFrame) -> Iterator[tuple[str, int, int, str, bool]]:
    """As `iter_rows`, but several times faster."""
    return zip(*(column.to_list() for column in part.get_columns()), strict=True)


def _lines_of(data: pl.DataFrame, column: str, host_column: str | None) -> pl.DataFrame:
    """Columns line, place, host: the lines of a frame's column that may be audit records."""
    texts = text_of(data[column])
    host = host_column or next((each for each in _HOSTS if each in data.columns), None)
    hosts = text_of(data[host]).fill_null("") if host else pl.repeat("", data.height, eager=True)
    lines = pl.DataFrame({"line": texts, "host": hosts}).with_row_index("place")
    lines = lines.filter(pl.col("line").str.contains("audit(", literal=True))
    if lines["line"].str.contains("\n", literal=True).any():
        lines = lines.with_columns(pl.col("line").str.split("\n")).explode("line")
    return lines.select("line", "place", "host")


def _keyed(lines: pl.DataFrame) -> pl.DataFrame:
    """The lines with their order and the time and serial of their head; null if there is none."""
    line = pl.col("line")
    head = line.str.slice(line.str.find("audit(", literal=True) + len("audit("), _HEAD_CHARS)
    keyed = lines.with_columns(
        pl.when(line.str.contains(_PLAIN)).then(head.str.split(")").list.first()).alias("key")
    ).with_row_index("order")
    if not keyed["key"].null_count():
        return keyed
    rest = keyed.filter(pl.col("key").is_null()).with_columns(
        line.str.extract_groups(_KEY).struct.rename_fields(["t", "s"]).alias("key")
    )
    time, serial = pl.col("key").struct.field("t"), pl.col("key").struct.field("s")
    rest = rest.with_columns(pl.format("{}:{}", time, serial).alias("key"))
    return pl.concat([keyed.filter(pl.col("key").is_not_null()), rest]).sort("order")


def _together(lines: pl.DataFrame) -> pl.DataFrame:
    """The lines of an event, which others may stand between, one after the other.

    Columns line, place, event, host, and whether it is the event's only line.
    """
    first = pl.col("order").min().over("key").cast(pl.Int64)
    lines = lines.with_columns(first.alias("event"), alone=pl.len().over("key") == 1)
    if not lines["event"].is_sorted():
        lines = lines.sort("event", "order")
    return lines.select("line", "place", "event", "host", "alone")


def read_from_file(
    filepath: str | Path,
    event_type: str | Sequence[str] | None = None,
    *,
    users: Mapping[int, str] | None = None,
    frame: str = "pandas",
) -> Any:
    r"""The events of an audit log file, packed or not, as `auditd` gives them.

    ``SourceIndex`` is the number of the first line. Lines that are no audit records are counted in
    a warning.

    Raises:
        EvidenceError: the file can't be read.

    Examples:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp(), "audit.log")
        >>> _ = path.write_text('type=CWD msg=audit(1.5:7): cwd="/root"\n')
        >>> read_from_file(path, frame="polars").select("EventType", "cwd").rows()
        [('CWD', '/root')]
    """
    lines, skipped = _lines_in(Path(filepath))
    audit = _keyed(lines).filter(pl.col("key").is_not_null())
    skipped += lines.height - audit.height
    if skipped:
        warnings.warn(
            f"{filepath}: {skipped:,} lines are no audit records and were left out", stacklevel=2
        )
    found = EventTable(users=users)
    with no_collecting():
        for _ in _read(audit, found, _wanted(event_type)):
            pass
    return as_kind(found.frame(), frame)


def _lines_in(path: Path) -> tuple[pl.DataFrame, int]:
    """The lines of a file or of the files in it, with their numbers; how many are too long."""
    parts = [pl.DataFrame(schema={"line": pl.String, "place": pl.Int64, "host": pl.String})]
    too_long = 0
    for member in walk(path):
        if member.error is not None:
            raise EvidenceError(f"{member.name}: {member.error}")
        ledger = Ledger("auditd")
        with member.open() as stream:
            for block in text_lines(stream, ledger, limits=DEFAULT):
                numbers = pl.Series("place", [number for number, _ in block], dtype=pl.Int64)
                texts = pl.Series("line", [text for _, text in block], dtype=pl.String)
                parts.append(pl.DataFrame([texts, numbers]).with_columns(host=pl.lit("")))
        too_long += ledger.total
    return pl.concat(parts), too_long


def extract_events_to_df(
    data: Any,
    input_column: str = "AuditdMessage",
    event_type: str | Sequence[str] | None = None,
    verbose: bool = False,
) -> Any:
    """`auditd` under the name and with the arguments that notebooks know.

    Examples:
        >>> frame = pl.DataFrame({"AuditdMessage": ['type=CWD msg=audit(1.5:7): cwd="/"']})
        >>> extract_events_to_df(frame)["cwd"].to_list()
        ['/']
    """
    del verbose
    return auditd(data, input_column, event_type=event_type)


@step(split="row")
def get_event_subset(data: pl.DataFrame, event_type: str | Sequence[str]) -> pl.DataFrame:
    """The events of a type or of several, with the columns that hold something.

    Examples:
        >>> events = auditd(pl.DataFrame({"text": [
        ...     'type=CWD msg=audit(1.5:7): cwd="/"', "type=LOGIN msg=audit(1.5:8): pid=5 uid=0"]}))
        >>> get_event_subset(events, "LOGIN").columns[-3:]
        ['user', 'records', 'SourceIndex']
    """
    wanted = [event_type] if isinstance(event_type, str) else list(event_type)
    if "EventType" not in data.columns:
        raise UsageError("these are no audit events", hint="make them by huntkit.extract.auditd")
    kept = data.filter(pl.col("EventType").is_in(wanted))
    return kept.select(
        name
        for name in kept.columns
        if name == "EventType" or kept[name].null_count() < kept.height
    )


def _wanted(event_type: str | Sequence[str] | None) -> set[str] | None:
    """The types of lines of which an event must have one."""
    if event_type is None:
        return None
    wanted = {event_type} if isinstance(event_type, str) else set(event_type)
    if "SYSCALL_EXECVE" in wanted:
        wanted.add("EXECVE")
    return wanted


def _column_of(data: pl.DataFrame) -> str:
    """The column with audit lines.

    Raises:
        UsageError: there is none.
    """
    texts = [name for name, dtype in data.schema.items() if dtype == pl.String]
    usual = [name for name in _USUAL_COLUMNS if name in texts]
    for name in (*usual, *(name for name in texts if name not in usual)):
        if data[name].str.contains("audit(", literal=True).any():
            return name
    if not data.height and texts:
        return (usual or texts)[0]
    raise UsageError(
        "no column holds audit lines (type=... msg=audit(...): ...)", hint="name it with column="
    )
