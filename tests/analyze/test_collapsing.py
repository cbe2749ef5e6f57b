import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from huntkit.analyze import digit_runs, patterns
from huntkit.analyze.collapsing import pattern_of
from huntkit.core.errors import UnknownColumn, UsageError


def one(text, names=()):
    return pattern_of(pl.Series([text], dtype=pl.String), names)[0]


@pytest.mark.parametrize(
    ("text", "pattern"),
    [
        ("", ""),
        ("   ", ""),
        ("whoami /all", "whoami /all"),
        ("WHOAMI  /All ", "whoami /all"),
        ("schtasks /run /tn Job17 /s SRV0042", "schtasks /run /tn job# /s srv#"),
        ("x {0F1E2D3C-0001-0002-0003-0123456789AB}", "x <guid>"),
        ("x " + "ab01" * 8, "x <blob>"),
        ("powershell -enc " + "SQBFAFgA" * 9 + "/a==", "powershell -enc <blob>"),
        ("mshta https://a.example/b?c=1", "mshta <url>"),
        ("ping 10.0.0.7 -n 4", "ping <ip> -n #"),
        ("ping fe80::1ff:fe23", "ping <ip>"),
        ("mail -s x al@corp.example", "mail -s x <user>"),
        (r"cscript C:\a b\c\Run7.vbs", r"cscript <path>\run#.vbs"),
        (r'cscript "C:\a b\c d.vbs"', r"cscript <path>\c d.vbs"),
        (r"type \\fs01\share\x.txt", r"type <path>\x.txt"),
        (r"type %APPDATA%\x\y.txt", r"type <path>\y.txt"),
        ("sh /usr/local/bin/x.sh --f=/etc/x/y", "sh <path>/x.sh --f=<path>/y"),
        ("reg add \"Key\" /v 'A=1'", "reg add key /v <text>"),
        ('cmd /c "net user bob"', 'cmd /c "net user bob"'),
        (r'"C:\Windows\System32\cmd.exe" /c x', r"c:\windows\system32\cmd.exe /c x"),
        (r"C:\Users\Al\x.exe -a", r"c:\users\<user>\x.exe -a"),
        ("/home/al/run.sh", "/home/<user>/run.sh"),
        (r"rundll32 shell32.dll,Control_RunDLL", "rundll32 shell32.dll,control_rundll"),
        ("regsvr7 x", "regsvr# x"),
        ("x k3f9a2 y", "x <id> y"),
    ],
)
def test_what_differs_from_run_to_run_is_collapsed(text, pattern):
    assert one(text) == pattern


def test_names_of_hosts_and_users_come_from_the_table():
    frame = pl.DataFrame(
        {
            "DeviceName": ["fin-lap.corp.example", "hr-lap"],
            "AccountName": [r"CORP\alice", "bob"],
            "ProcessCommandLine": ["copy x alice@fin-lap", "copy x bob@hr-lap"],
        }
    )
    made = patterns(frame, "ProcessCommandLine")["ProcessCommandLine_pattern"]
    assert made.n_unique() == 1
    bare = patterns(frame, "ProcessCommandLine", name_columns=[])["ProcessCommandLine_pattern"]
    assert bare.n_unique() == 2


def test_a_user_called_like_a_program_does_not_hide_it():
    assert one("whoami /all", ["whoami"]) == "whoami /all"
    assert one("cmd /c whoami", ["whoami"]) == "cmd /c <name>"


@settings(max_examples=40, deadline=None)
@given(st.lists(st.none() | st.text(st.sampled_from("alx .-$<>\\"), max_size=9), max_size=30))
def test_names_are_replaced_row_by_row_whatever_else_is_there(texts):
    column = pl.Series([None if t is None else f"run {t}" for t in texts] * 2, dtype=pl.String)
    column = pl.concat([column, pl.Series(["whoami", None, ""])])
    alone = [pattern_of(column.slice(n, 1), ["al", "xal"])[0] for n in range(len(column))]
    assert pattern_of(column, ["al", "xal"]).to_list() == alone


def test_a_name_within_a_word_stays():
    assert one("x malice alice-2 alice. (alice)", ["alice"]) == "x malice alice-# <name> (<name>)"


@given(
    st.text(st.sampled_from("ab \\/\"'-.:"), max_size=30),
    st.lists(st.integers(0, 10**9), min_size=2, max_size=2),
)
def test_a_number_never_makes_a_difference(text, numbers):
    first, second = (f"run {text} {number}" for number in numbers)
    assert one(first) == one(second)


@given(st.lists(st.none() | st.text(max_size=40), max_size=30))
def test_a_text_has_the_same_pattern_alone_and_among_others(texts):
    column = pl.Series(texts * 3, dtype=pl.String)
    together = pattern_of(column).to_list()
    alone = [None if t is None else one(t) for t in texts]
    assert together == alone * 3


def test_many_rows_are_done_in_parts(monkeypatch):
    texts = [f"run {'x' * (n % 9)} {n}" for n in range(500)]
    whole = pattern_of(pl.Series(texts)).to_list()
    monkeypatch.setattr(digit_runs, "ROWS", 32)
    assert pattern_of(pl.Series(texts)).to_list() == whole


def test_private_characters_do_not_pass_for_words():
    assert one("x \ue000y") == "x <odd>y"


def test_numbers_and_nulls_keep_their_values():
    assert pattern_of(pl.Series([4688, None])).to_list() == ["4688", None]
    assert pattern_of(pl.Series(["a", None])).to_list() == ["a", None]
    with pytest.raises(UsageError, match="List"):
        pattern_of(pl.Series("c", [["a"]]))


def test_a_wrong_column_is_named():
    with pytest.raises(UnknownColumn, match="cmd"):
        patterns(pl.DataFrame({"cmd": ["x"]}), "cmdx")


@pytest.mark.parametrize("unit", ['"', "\\", "/", "a:\\", "1.", "a1", "::", "<", "%a%\\", "a@b."])
def test_long_hostile_text_takes_no_longer_than_its_length(unit):
    text = unit * (200_000 // len(unit))
    assert isinstance(one(text), str)


def test_a_name_like_a_marker_leaves_markers_alone():
    frame = pl.DataFrame({"user": ["path", "guid"], "c": [r"x C:\a\b.txt", "y"]})
    assert patterns(frame, "c", name_columns="user")["c_pattern"][0] == r"x <path>\b.txt"
