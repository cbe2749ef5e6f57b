import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from huntkit.analyze import (
    beacons,
    clusters,
    create_session_col,
    logon_sessions,
    patterns,
    rare,
    rare_pairs,
    score_sessions,
    sessionize_data,
    ts_anomalies_stl,
    unusual_starts,
)
from huntkit.tables import to_polars

HOURS = pl.datetime_range(
    pl.datetime(2026, 3, 1), pl.datetime(2026, 3, 4), "1h", eager=True, time_zone="UTC"
)
ROWS = pl.DataFrame(
    {
        "TimeGenerated": HOURS,
        "Computer": [f"ws{n % 3}" for n in range(len(HOURS))],
        "NewProcessName": [rf"C:\a{n % 4}\cmd.exe" for n in range(len(HOURS))],
        "ParentProcessName": ["C:\\x\\explorer.exe"] * len(HOURS),
        "NewProcessId": list(range(len(HOURS))),
        "CommandLine": [f"ping ws{n % 3} -n {n}" for n in range(len(HOURS))],
    }
)
STEPS = {
    "clusters": lambda data: clusters(data, "CommandLine"),
    "patterns": lambda data: patterns(data, "CommandLine"),
    "rare": lambda data: rare(data, "CommandLine"),
    "rare_pairs": lambda data: rare_pairs(data),
    "unusual_starts": lambda data: unusual_starts(data),
    "sequences": lambda data: score_sessions(
        sessionize_data(data, "Computer", "TimeGenerated", 600, 300, "NewProcessName"),
        "NewProcessName_list",
    ),
    "series": lambda data: ts_anomalies_stl(data, data_column="NewProcessId", method="light"),
}


@pytest.mark.parametrize("name", STEPS)
def test_every_kind_of_frame_comes_back_with_the_same_rows(name):
    wanted = STEPS[name](ROWS)
    assert wanted.height > 0
    kinds = (ROWS.to_pandas(), ROWS.to_arrow(), duckdb.from_arrow(ROWS.to_arrow()), ROWS.lazy())
    for frame in kinds:
        found = STEPS[name](frame)
        if isinstance(frame, pd.DataFrame | pa.Table):
            assert isinstance(found, type(frame))
        rows = to_polars(found)
        assert rows.columns == wanted.columns
        assert rows.height == wanted.height
        if "score" in wanted.columns:
            assert rows["score"].to_list() == pytest.approx(wanted["score"].to_list())
            assert rows["reason"].to_list() == wanted["reason"].to_list()


def test_warnings_name_the_line_of_the_caller():
    nobody = ROWS.with_columns(Computer=pl.lit(None, pl.String))
    calls = ROWS.select("TimeGenerated", src_ip=pl.lit(None, pl.String), dst_ip=pl.lit("192.0.2.1"))
    logons = ROWS.head(2).select(
        pl.lit("soon").alias("time"), pl.lit(4624).alias("EventID"), TargetLogonId=pl.lit("0x1")
    )
    nothing = ROWS.select("TimeGenerated", n=pl.lit(None, pl.Float64))
    for work in (
        lambda: ts_anomalies_stl(nothing, method="light"),
        lambda: sessionize_data(nobody, "Computer", "TimeGenerated", 9, 9, "CommandLine"),
        lambda: create_session_col(nobody, "Computer", "TimeGenerated", 9, 9),
        lambda: beacons(calls),
        lambda: logon_sessions(logons, time_column="time"),
    ):
        with pytest.warns(UserWarning, match="left out|no session|not judged") as heard:
            work()
        assert [warning.filename for warning in heard] == [__file__]
