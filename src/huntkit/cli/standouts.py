"""The commands that say what stands out, at work."""

import re
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import polars as pl

import huntkit
from huntkit.cli.case import Case, opened, python_open, show_python
from huntkit.cli.frame import counted, note
from huntkit.cli.options import General, Reading, Span, Writing
from huntkit.cli.output import emit
from huntkit.cli.questions import bounds, named_tables
from huntkit.cli.statement import evidence_tables
from huntkit.cli.target import check_output
from huntkit.core.errors import UnknownColumn, UsageError
from huntkit.sources.local.mapping.views import VIEWS
from huntkit.tables import roles
from huntkit.tables.times import parse_times, pick_time_column

_STARTS = "DeviceProcessEvents"
_GENERIC = ("WindowsEvent", "Event", "LinuxAudit", "AuditLog_CL")  # other tables hold their rows
_EVERY = re.compile(r"([1-9]\d{0,5})([smhd])")
_MOST_POINTS = 2_000_000


def rare(
    paths: Sequence[str],
    reading: Reading,
    span: Span,
    writing: Writing,
    general: General,
    *,
    table: str | None,
    by: Sequence[str],
    at_most: int | None,
) -> None:
    """Rare values of a table, or rare pairs of programs."""
    check_output(writing)
    columns = _apart(by)
    if columns and table is None:
        raise UsageError("--by needs --table", hint="huntkit rare evidence/ -t TABLE --by COLUMN")
    if columns:
        call = f"huntkit.analyze.rare(evidence.table({table!r}), {columns!r}, at_most={at_most!r})"
    else:
        call = f"huntkit.analyze.rare_pairs(evidence.table({(table or _STARTS)!r}))"
    _python(general, paths, reading, call)
    with opened(paths, reading) as case:
        [name] = named_tables(case, [table or _STARTS])
        rows = _rows(case, name, span)
        if not rows.height:
            note(f"huntkit: {name} has no rows to look at")
        _check(columns, rows)
        if columns:
            found = huntkit.analyze.rare(rows, columns, at_most=at_most)
        else:
            found = huntkit.analyze.rare_pairs(rows)
            if at_most is not None:
                found = found.filter(pl.col("Count") <= at_most)
        note(f"huntkit: {counted(found.height, 'row')} of {counted(rows.height, 'row')} of {name}")
        emit(found.drop("SourceIndex"), writing, title=f"Rare in {name}", eyes=_for_eyes)


def beacons(
    paths: Sequence[str],
    reading: Reading,
    span: Span,
    writing: Writing,
    general: General,
    *,
    table: str | None,
    source: str | None,
    target: str | None,
    by: Sequence[str],
    min_beats: int,
    lowest: float,
) -> None:
    """Pairs that call at a beat, of one table or of every table of connections."""
    check_output(writing)
    columns = _apart(by)
    if table is None and (columns or source or target):
        raise UsageError(
            "--source, --target and --by are columns of one table", hint="say which with --table"
        )
    options: dict[str, Any] = {"source_column": source, "target_column": target, "by": columns,
                               "min_beats": min_beats}  # fmt: skip
    given = {key: value for key, value in options.items() if value}
    told = "".join(f", {key}={value!r}" for key, value in given.items())
    _python(
        general, paths, reading,
        f"huntkit.analyze.beacons(evidence.table({(table or 'NetworkSession')!r}){told})",
    )  # fmt: skip
    with opened(paths, reading) as case:
        names = named_tables(case, [table]) if table is not None else _of_connections(case)
        if not names:
            note("huntkit: this evidence has no table of connections; --table NAME names one")
        parts, looked_at = [], 0
        for name in names:
            rows = _rows(case, name, span)
            if table is None:
                rows = _calls(rows)
            _check([each for each in (source, target, *columns) if each], rows)
            found = _noted(name, lambda rows=rows: huntkit.analyze.beacons(rows, **given))  # type: ignore[misc]
            looked_at += rows.height
            parts.append(found.with_columns(Table=pl.lit(name)))
        answer = pl.concat(parts) if parts else huntkit.analyze.beacons(_no_calls())
        kept = answer.filter(pl.col("score") >= lowest).sort("score", descending=True)
        pairs = counted(answer.height, "pair")
        note(f"huntkit: {counted(looked_at, 'connection')}, {pairs} with enough calls to judge")
        emit(kept.drop("SourceIndex"), writing, title="Beacons", eyes=_for_eyes)


def series(
    paths: Sequence[str],
    reading: Reading,
    span: Span,
    writing: Writing,
    general: General,
    *,
    table: str | None,
    by: Sequence[str],
    value: str | None,
    every: str,
    period: int,
    threshold: float,
    everything: bool,
) -> None:
    """Peaks and dips of how much happened."""
    check_output(writing)
    if table is None:
        raise UsageError(
            "series needs --table", hint="huntkit tables evidence/ lists the tables there are"
        )
    if not _EVERY.fullmatch(every):
        raise UsageError(f"--every {every!r} is no stretch of time", hint="such as 15m, 1h or 1d")
    columns = _apart(by)
    amount = f"pl.col({value!r}).sum()" if value else "pl.len()"
    _python(
        general, paths, reading,
        "import polars as pl",
        f"rows = evidence.table({table!r}, frame='polars').sort('TimeGenerated')",
        f"points = rows.group_by_dynamic('TimeGenerated', every={every!r}, group_by={columns!r})"
        f".agg(Amount={amount})",
        f"huntkit.analyze.ts_anomalies_stl(points, data_column='Amount', period={period}, "
        f"score_threshold={threshold}, group_by={columns!r}, method='light', gaps='zero')",
    )  # fmt: skip
    with opened(paths, reading) as case:
        [name] = named_tables(case, [table])
        rows = _rows(case, name, span)
        _check([*columns, *([value] if value else [])], rows)
        points = _points(rows, columns, value, every)
        if not points.height:
            note(f"huntkit: {name} has no rows with a time to look at")
            emit(points, writing, title="Peaks and dips")
            return
        found = _noted(
            name,
            lambda: huntkit.analyze.ts_anomalies_stl(
                points, time_column="TimeGenerated", data_column="Amount", period=period,
                score_threshold=threshold, group_by=columns or None, method="light", gaps="zero",
            ),
        )  # fmt: skip
        odd = found.filter(pl.col("anomalies") != 0).sort(pl.col("score").abs(), descending=True)
        note(
            f"huntkit: {odd.height:,} of {counted(found.height, 'point')} of {every} are"
            " peaks or dips"
        )
        emit(found if everything else odd, writing, title="Peaks and dips", eyes=_for_eyes)


def _points(
    rows: pl.DataFrame, columns: Sequence[str], value: str | None, every: str
) -> pl.DataFrame:
    """How much happened in each stretch of time."""
    if value is not None and not rows.schema[value].is_numeric():
        raise UsageError(f"--value {value!r} holds {rows.schema[value]}, not numbers")
    when = parse_times(rows[pick_time_column(rows)]).alias("TimeGenerated")
    timed = rows.with_columns(when).drop_nulls("TimeGenerated")
    if lost := rows.height - timed.height:
        note(f"huntkit: {counted(lost, 'row')} without a time left out")
    amount = pl.col(value).sum() if value is not None else pl.len()
    time = pl.col("TimeGenerated").dt.truncate(every)
    points = timed.group_by(*columns, time).agg(Amount=amount.cast(pl.Float64))
    if points.height:
        [[first, last]] = points.select(a=pl.min("TimeGenerated"), b=pl.max("TimeGenerated")).rows()
        size, unit = _EVERY.fullmatch(every).groups()  # type: ignore[union-attr]
        seconds = int(size) * {"s": 1, "m": 60, "h": 3600, "d": 86_400}[unit]
        groups = points.select(columns).n_unique() if columns else 1
        if (last - first).total_seconds() / seconds * groups > _MOST_POINTS:
            raise UsageError(
                f"from {first:%Y-%m-%d} to {last:%Y-%m-%d} are too many points of {every}",
                hint="take longer ones with --every, or less time with --since and --until",
            )
    return points.sort(*columns, "TimeGenerated")


def _of_connections(case: Case) -> list[str]:
    """Tables whose rows say who called whom, when; each row counts in one of them."""
    found = []
    for name in evidence_tables(case.evidence):
        names = list(case.evidence.schema(name))
        needed = ("time", "source_ip", "destination_ip")
        if name in _GENERIC or name in VIEWS:
            continue
        if all(roles.resolve(names, role) is not None for role in needed):
            found.append(name)
    if "Zeek_conn" in found:  # every connection of Zeek's other logs is in it
        found = [name for name in found if name == "Zeek_conn" or not _of_zeek(name)]
    return found


def _of_zeek(name: str) -> bool:
    return name.startswith("Zeek_") or name == "NetworkSession"


def _calls(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows that say who called whom: a table of many kinds of events holds others, too."""
    ends = [roles.require(rows.columns, role) for role in ("source_ip", "destination_ip")]
    return rows.filter((pl.col(end).cast(pl.String) != "") for end in ends)


def _rows(case: Case, name: str, span: Span) -> pl.DataFrame:
    start, end = bounds(span, case)
    rows: pl.DataFrame = case.evidence.table(name, start=start, end=end, frame="polars")
    return rows


def _no_calls() -> pl.DataFrame:
    return pl.DataFrame(schema={"TimeGenerated": pl.Datetime("us", "UTC"), "SourceIP": pl.String,
                                "DestinationIP": pl.String})  # fmt: skip


def _noted(name: str, work: Callable[[], pl.DataFrame]) -> pl.DataFrame:
    """The answer; what it warns of goes to stderr with the table's name."""
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        answer = work()
    for warning in heard:
        note(f"huntkit: warning: {name}: {warning.message}")
    return answer


def _apart(by: Sequence[str]) -> list[str]:
    """Columns, given one by one or with commas between them."""
    return list(dict.fromkeys(part.strip() for each in by for part in each.split(",") if part))


def _check(columns: Sequence[str], rows: pl.DataFrame) -> None:
    for name in columns:
        if name not in rows.columns:
            listed = ", ".join(each for each in rows.columns if not each.startswith("_"))
            problem = UnknownColumn(name, rows.columns)
            raise UnknownColumn(name, rows.columns, hint=problem.hint or f"columns: {listed[:600]}")


def _for_eyes(rows: pl.DataFrame) -> pl.DataFrame:
    """The score and the reason in front."""
    first = [name for name in ("score", "reason") if name in rows.columns]
    return rows.select(*first, pl.exclude(first))


def _python(general: General, paths: Sequence[str], reading: Reading, *lines: str) -> None:
    if general.show_python:
        show_python(python_open(paths, reading), *lines)
