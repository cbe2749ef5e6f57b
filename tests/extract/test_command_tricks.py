"""Tricks inside one command line, undone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from huntkit.extract.command_tricks import plain_text


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        # pieces of variables of cmd, and those that the line sets itself
        ("%COMSPEC:~-7,3%", "cmd"),
        ("%ProgramFiles:~3,3%", "Pro"),
        ("%PUBLIC:~-1%", "c"),
        ("%comspec:cmd=net%", r"C:\WINDOWS\system32\net.exe"),
        ("set a=who&&set b=ami&&call %a%%b%", "set a=who&&set b=ami&&call whoami"),
        ("set x=net& !x! user", "set x=net& net user"),
        ("%PATH:~3,2% %nothing%", "%PATH:~3,2% %nothing%"),
        # letters out of PowerShell's variables
        ("$env:ComSpec[4,15,25]-Join''", "'Iex'"),
        ("$pshome[4]+$pshome[30]+'x'", "'iex'"),
        ("$ShellId[1]+$shellid[13]+'x'", "'iex'"),
        ("$env:comspec[400]", "$env:comspec[400]"),
        ("$items[0]", "$items[0]"),
        # strings
        ("'a'+'b' + \"c\"+\"d\"", "'ab' + \"cd\""),
        ("[char]73+[char]0x45+[CHAR] (88)", "'IEX'"),
        ("[char]10", "[char]10"),
        ("'{1}{0}' -f 'b','a'", "'ab'"),
        ("\"{0}{2}{1}\"-f 'x', 'z', 'y'", "'xyz'"),
        ("'{5}' -f 'a'", "'{5}'"),
        ("'htXXtp'.replace('XX','')", "'http'"),
        ("('aZb' -replace 'Z','-')", "('a-b'"),
        # shells
        ("$'\\x77\\x68o\\141mi'", "whoami"),
        ("{cat,/etc/passwd,-n}", "cat /etc/passwd -n"),
        ("${HOME} {} {a}", "${HOME} {} {a}"),
    ],
)
def test_tricks_are_undone(written, plain):
    assert plain_text(written) == plain


def test_tricks_inside_tricks_are_undone_too():
    assert plain_text("'{1}{0}' -f 'X','I'+'E'") == "'IEX'"
    assert plain_text("set a=cmd.exe&& %a:~0,3%") == "set a=cmd.exe&& cmd"
    assert plain_text("('a'+[char]98).replace('b','c')") == "('ac'"


def test_long_texts_keep_their_end():
    text = "%comspec:~-7,3% " + "a" * 200_000 + " END"
    assert plain_text(text).startswith("cmd ")
    assert plain_text(text).endswith(" END")


def test_texts_that_would_grow_stay_as_they_are():
    bomb = "set a=" + "x" * 190 + "& " + "%a%" * 20_000
    assert len(plain_text(bomb)) < 10 * len(bomb)


@pytest.mark.parametrize(
    "piece",
    ["%a:~", "'", "' + ", "[char] ", "{0}", "'{0}' -f ", "$a [", "$'\\", "{a,", "set a=",
     "'a'.replace('a','aa')", "' ) ", "%", "!", '" + ', "-join ''", "'a' -f 'b', "],
)  # fmt: skip
def test_hostile_texts_take_no_quadratic_time(piece, hang_guard):
    with hang_guard():
        plain_text((piece * 64_000)[: 4 * 64_000])


@given(st.text(st.sampled_from("%:~-,0123ab='\"+[]{}$!fx \\"), max_size=60))
def test_any_text_is_taken(text):
    assert isinstance(plain_text(text), str)


@given(st.text("abcdefgh ./:", max_size=40))
def test_plain_texts_stay_as_they_are(text):
    assert plain_text(text) == text
