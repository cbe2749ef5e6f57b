"""What is told of each command line."""

import duckdb
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import huntkit.accessor  # noqa: F401  offers .hk
from huntkit.core.errors import UsageError
from huntkit.extract import command_features
from huntkit.extract.command_traits import FEATURES
from huntkit.tables.data_files import data_file


def told(line: str, name: str):
    return command_features(pl.DataFrame({"cmd": [line]}), "cmd")[name][0]


@pytest.mark.parametrize(
    ("line", "program"),
    [
        ('"C:\\Program Files\\A\\Net.EXE" user', "net"),
        ("/usr/bin/curl -s x", "curl"),
        ("powershell -c x", "powershell"),
        ("(cmd)", "cmd)"),
        ("", ""),
    ],
)
def test_the_program_is_the_first_words_file_name(line, program):
    assert told(line, "cmd_program") == program


def test_words_are_split_as_the_platform_does():
    assert told('"C:\\a b\\c.exe" -x "d e"', "cmd_words").to_list() == [
        "C:\\a b\\c.exe", "-x", "d e",
    ]  # fmt: skip
    assert told("sh -c 'echo $HOME' a\\ b", "cmd_words").to_list() == [
        "sh", "-c", "echo $HOME", "a b",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("line", "has", "lacks"),
    [
        ("curl http://files.example/a", {"lolbin", "network", "download", "url"}, {"shell"}),
        ("cmd /c certutil -urlcache x", {"shell", "lolbin", "download"}, {"discovery"}),
        ("schtasks /create /tn a", {"persistence", "admin"}, {"network"}),
        ("bash -c 'id; whoami'", {"shell", "discovery"}, {"network"}),
        ("C:\\x\\app.exe --host find --time at", set(), {"network", "lolbin", "discovery"}),
        ("powershell Invoke-WebRequest x", {"shell", "download"}, {"discovery"}),
        ("ls | nc srv1 80", {"network", "discovery"}, {"download"}),
        ("/opt/net/server --id 3", set(), {"discovery", "admin"}),
    ],
)
def test_tags_say_what_the_programs_are_for(line, has, lacks):
    tags = set(told(line, "cmd_tags"))
    assert has <= tags
    assert not lacks & tags


def test_measures():
    frame = command_features(pl.DataFrame({"cmd": ["aabb", "aaaa", "a-b ", "äöß"]}), "cmd")
    assert frame["cmd_entropy"].to_list() == [1.0, 0.0, 2.0, pytest.approx(1.585, abs=1e-3)]
    assert frame["cmd_length"].to_list() == [4, 4, 4, 3]
    assert frame["cmd_special"].to_list() == [0.0, 0.0, 0.25, 0.0]


def test_rules_in_one_row():
    frame = pl.DataFrame(
        {"cmd": ["p^o^w^e^r^s^hell -enc ZABpAHIAIABjADoAXAB1AHMAZQByAHMA", "ls", None]}
    )
    out = command_features(frame, "cmd")
    assert out["cmd_is_encoded"].to_list() == [True, False, None]
    assert out["cmd_is_obfuscated"].to_list() == [True, False, None]
    assert out["cmd_severity"].to_list() == ["high", "", None]
    assert out["cmd_rules"].to_list() == [["obfuscated_command", "powershell_encoded"], [], None]
    assert out["cmd_techniques"].to_list() == [["T1027.010", "T1059.001"], [], None]


def test_one_row_in_is_one_row_out_in_every_kind_of_frame():
    frame = pl.DataFrame({"n": [1, 2, 3], "CommandLine": ["ls", None, "ls"]})
    wanted = command_features(frame)
    assert wanted.columns == [*frame.columns, *FEATURES]
    pandas = command_features(frame.to_pandas().set_index(pd.Index([5, 6, 7])))
    assert pandas.index.to_list() == [5, 6, 7]
    assert pandas["n"].to_list() == [1, 2, 3]
    assert pl.from_arrow(command_features(frame.to_arrow())).equals(wanted)
    with duckdb.connect() as connection:
        relation = command_features(connection.from_arrow(frame.to_arrow()))
        assert relation.pl()["cmd_program"].to_list() == ["ls", None, "ls"]


def test_columns_of_the_same_names_are_replaced_and_none_means_a_hint():
    frame = pl.DataFrame({"cmd_line": ["ls"], "cmd_length": ["old"]})
    assert command_features(frame)["cmd_length"].to_list() == [2]
    with pytest.raises(UsageError, match="command line"):
        command_features(pl.DataFrame({"a": ["ls"]}))


def test_empty_frames_have_the_columns():
    out = command_features(pl.DataFrame({"cmd": []}, schema={"cmd": pl.String}), "cmd")
    assert out.schema == pl.Schema({"cmd": pl.String, **FEATURES})


def test_the_list_of_programs_is_text_in_lower_case_without_doubles():
    for tag, programs in data_file("huntkit.extract", "command_programs.yaml").items():
        assert all(isinstance(name, str) and name == name.lower() for name in programs), tag
        assert len(set(programs)) == len(programs), tag
        assert not any(name.endswith(".exe") for name in programs), tag


@settings(max_examples=30)
@given(st.lists(st.none() | st.text(), max_size=5))
def test_any_lines_are_taken(lines):
    frame = pl.DataFrame({"cmd": lines}, schema={"cmd": pl.String})
    out = command_features(frame, "cmd")
    assert out["cmd"].to_list() == lines
    for place, line in enumerate(lines):
        assert (out["cmd_normal"][place] is None) == (line is None)
        if line is not None:
            assert out["cmd_entropy"][place] >= 0
            assert 0 <= out["cmd_special"][place] <= 1


def test_spark_gives_the_same_rows(spark):
    frame = pl.DataFrame({"n": [1, 2], "CommandLine": ["p^owershell -nop -w hidden", None]})
    given = spark.createDataFrame(frame.to_arrow(compat_level=pl.CompatLevel.oldest()))
    found = pl.from_arrow(command_features(given).toArrow()).sort("n")
    assert found.rows() == command_features(frame).rows()


def test_frames_have_it_as_a_method():
    frame = pl.DataFrame({"cmd": ["whoami"]})
    assert frame.hk.command_features("cmd")["cmd_program"].to_list() == ["whoami"]
    assert frame.to_pandas().hk.command_risks("cmd")["Rule"].to_list() == ["who_am_i"]
