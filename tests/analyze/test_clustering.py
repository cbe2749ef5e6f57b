import math

import pandas as pd
import polars as pl
import pytest

from huntkit.analyze import clusters
from huntkit.core.errors import UnknownColumn, UsageError

STARTS = pl.DataFrame(
    {
        "TimeGenerated": [f"2026-03-01 {hour}:00" for hour in ("10", "09", "11", "08")],
        "Computer": ["SRV1", "SRV2", "SRV3", "SRV1"],
        "CommandLine": ["ping SRV2", "ping SRV3", "ping SRV1", "whoami /all"],
        "EventID": [4688, 4688, 4688, 4688],
    }
)  # fmt: skip


def test_an_admin_command_on_a_thousand_servers_is_one_row():
    frame = pl.DataFrame({"cmd": [f"gpupdate /target:SRV{n:05}" for n in range(1000)] + ["evil"]})
    found = clusters(frame, "cmd")
    assert found.select("pattern", "ClusterSize", "variants", "ClusterId").rows() == [
        ("evil", 1, 1, 0),
        ("gpupdate /target:srv#", 1000, 1000, 1),
    ]


def test_score_reason_and_times_say_what_was_counted():
    found = clusters(STARTS, ["CommandLine", "EventID"])
    rare, common = found.to_dicts()
    assert rare["pattern"] == "whoami /all | 4688"
    assert rare["score"] == pytest.approx(math.log2(4) + math.log2(4) / 2)
    assert rare["rarity"] == 0.25
    assert rare["reason"] == "1 of 4 rows has this pattern (25 %); 1 starts with 'whoami'"
    assert rare["SourceIndex"] == 3
    assert not rare["Clustered"]
    assert common["Clustered"]
    assert common["score"] == pytest.approx(1.5 * math.log2(4 / 3))
    assert (common["FirstEventTime"].hour, common["LastEventTime"].hour) == (9, 11)
    assert common["CommandLine"] == "ping SRV2"  # the example is the first row


def test_a_rare_program_comes_before_a_rare_use_of_a_common_one():
    lines = ["cmd /c a", "cmd /c b", "cmd /c c", r"C:\x y\evil.exe /c a"]
    found = clusters(pl.DataFrame({"c": lines}), "c")
    assert found["c"][0] == lines[3]
    assert "1 starts with 'evil'" in found["reason"][0]
    assert "3 start with 'cmd'" in found["reason"][1]


def test_the_program_is_the_first_word_not_the_last():
    found = clusters(pl.DataFrame({"c": [r"cmd.exe /c C:\a\b.exe", r"cmd.exe /c x"]}), "c")
    assert all("2 start with 'cmd'" in reason for reason in found["reason"])


def test_pandas_gets_its_own_index_back():
    frame = pd.DataFrame({"c": ["a 1", "b", "a 2"]}, index=["x", "y", "z"])
    found = clusters(frame, "c")
    assert found["SourceIndex"].tolist() == ["y", "x"]
    assert frame.columns.tolist() == ["c"]


@pytest.mark.parametrize(
    ("texts", "sizes"), [([], []), (["a"], [1]), ([None, None], [2]), (["a"] * 5, [5])]
)
def test_few_rows_are_ordinary_input(texts, sizes):
    found = clusters(pl.DataFrame({"c": pl.Series(texts, dtype=pl.String)}), "c")
    assert found["ClusterSize"].to_list() == sizes
    assert found["score"].is_finite().all()


def test_order_does_not_change_what_is_found():
    names = ["pattern", "ClusterSize", "variants", "score", "reason"]
    assert clusters(STARTS, "CommandLine")[names].equals(
        clusters(STARTS.reverse(), "CommandLine")[names]
    )


def test_wrong_input_is_told():
    with pytest.raises(UnknownColumn, match="CommandLine"):
        clusters(STARTS, "CommandLin")
    with pytest.raises(UsageError, match="no column"):
        clusters(STARTS, [])
    with pytest.raises(UsageError, match="'score'"):
        clusters(STARTS.with_columns(score=1), "CommandLine")


@pytest.mark.data
def test_every_row_of_real_processes_is_counted_once(shared_data):
    frame = pl.read_csv(shared_data / "logs/processes_on_host.csv", infer_schema=False)
    found = clusters(frame, "CommandLine")
    assert found["ClusterSize"].sum() == frame.height
    assert found["variants"].sum() == frame["CommandLine"].n_unique()
    assert found.height < frame["CommandLine"].n_unique()


def test_rows_without_a_text_are_called_empty():
    table = pl.DataFrame({"cmd": [None, "whoami", "whoami", ""]})
    reasons = clusters(table, "cmd")["reason"].to_list()
    assert "1 of 4 rows has this pattern (25 %); 2 are empty" in reasons
    assert not any("''" in reason for reason in reasons)
