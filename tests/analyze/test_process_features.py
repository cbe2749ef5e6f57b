import re
from math import log10
from zlib import crc32

import polars as pl
import pytest

from huntkit.analyze import (
    add_process_features,
    char_ord_score,
    char_ord_score_df,
    crc32_hash_df,
    delim_count,
    delim_count_df,
    delim_hash,
    token_count,
    token_count_df,
)
from huntkit.core.errors import UnknownColumn, UsageError

DELIMITERS = r'[\s\-\\/\.,"\'|&:;%$()]'
LINE = r'C:\Windows\System32\cmd.exe /c "echo (é) 100% $x; a|b & c,d"'


def test_features_are_what_their_definitions_give():
    frame = pl.DataFrame(
        {"NewProcessName": [r"C:\a\cmd.exe"], "CommandLine": [LINE], "SubjectLogonId": ["0x3e7"]}
    )
    row = add_process_features(frame).to_dicts()[0]
    found = re.findall(DELIMITERS, LINE)
    assert row["processName"] == "cmd.exe"
    assert row["pathScore"] == sum(map(ord, r"C:\a\cmd.exe"))
    assert row["pathLogScore"] == pytest.approx(log10(row["pathScore"]))
    assert row["pathHash"] == crc32(rb"C:\a\cmd.exe")
    assert row["commandlineLen"] == len(LINE)
    assert row["commandlineLogLen"] == pytest.approx(log10(len(LINE)))
    assert row["commandlineTokensFull"] == len(found) == delim_count(LINE)
    assert row["commandlineScore"] == sum(map(ord, LINE))
    assert row["commandlineTokensHash"] == crc32("".join(found).encode()) == delim_hash(LINE)
    assert row["isSystemSession"] is True


def test_nulls_count_as_empty_and_the_input_stays():
    frame = pl.DataFrame({"NewProcessName": [None, "/bin/sh"], "CommandLine": [None, ""]})
    made = add_process_features(frame)
    assert made["processName"].to_list() == ["", "sh"]
    assert made["commandlineLogLen"].to_list() == [0.0, 0.0]
    assert made["NewProcessName"].to_list() == [None, "/bin/sh"]


def test_columns_of_other_products_are_found_by_their_roles():
    known = pl.DataFrame({"NewProcessName": [r"C:\a\b.exe"], "CommandLine": [LINE]})
    other = known.rename({"NewProcessName": "FolderPath", "CommandLine": "ProcessCommandLine"})
    made = add_process_features(other).drop(other.columns)
    assert made.equals(add_process_features(known).drop(known.columns))
    both = known.with_columns(ProcessCommandLine=pl.lit("x"))
    assert add_process_features(both)["commandlineLen"].to_list() == [len(LINE)]


def test_own_columns_stay_unless_forced():
    frame = pl.DataFrame({"CommandLine": ["ab"], "commandlineLen": [99]})
    assert add_process_features(frame)["commandlineLen"].to_list() == [99]
    assert add_process_features(frame, force=True)["commandlineLen"].to_list() == [2]


def test_columns_of_a_frame():
    frame = pl.DataFrame({"a": ["ab", None, "ab"]})
    assert char_ord_score_df(frame, "a", scale=2).to_list() == [97, None, 97]
    assert crc32_hash_df(frame.to_pandas(), "a").tolist()[0] == crc32(b"ab")
    with pytest.raises(UnknownColumn):
        char_ord_score_df(frame, "b")


def test_wrong_input_is_told():
    with pytest.raises(UsageError, match="CommandLine"):
        add_process_features(pl.DataFrame({"x": [1]}))
    with pytest.raises(UsageError, match="scale"):
        char_ord_score("a", scale=0)
    with pytest.raises(UsageError, match="delimiter"):
        token_count("a", "")


def test_a_lazy_frame_gives_the_column_that_an_eager_one_gives() -> None:
    frame = pl.DataFrame({"a": ["cmd /c dir", None, ""]})
    for feature in (char_ord_score_df, crc32_hash_df, delim_count_df, token_count_df):
        assert feature(frame.lazy(), "a").equals(feature(frame, "a"))
