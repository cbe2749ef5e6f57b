"""Splitting command lines, against the rules' own examples and other people's implementations."""

import shlex
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from huntkit.core.errors import UsageError
from huntkit.extract.command_words import split_command

WORDS = st.lists(st.text(st.sampled_from("ab \\\"'\t^%é"), max_size=8), max_size=5)


# The table in Microsoft's "Parsing C command-line arguments".
@pytest.mark.parametrize(
    ("line", "words"),
    [
        (r'"abc" d e', ["abc", "d", "e"]),
        (r'a\\b d"e f"g h', [r"a\\b", "de fg", "h"]),
        (r"a\\\"b c d", [r"a\"b", "c", "d"]),
        (r'a\\\\"b c" d e', [r"a\\b c", "d", "e"]),
        (r'a"b"" c d', ['ab" c d']),
    ],
)
def test_the_published_examples(line, words):
    assert split_command("x.exe " + line)[1:] == words


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("", []),
        ("a", ["a"]),
        (r'"C:\Program Files\a.exe"  -x ', [r"C:\Program Files\a.exe", "-x"]),
        (r"C:\dir\"a b\"c.exe d", [r"C:\dir\a b\c.exe", "d"]),  # a backslash quotes nothing here
        ('a ""', ["a", ""]),
        ('a "b c', ["a", "b c"]),
        (" a", ["", "a"]),
    ],
)
def test_windows_corners(line, words):
    assert split_command(line) == words


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("", []),
        ("  a  b ", ["a", "b"]),
        ("a ''", ["a", ""]),
        ('a "b', ["a", "b"]),
        ("a 'b", ["a", "b"]),
        ("a\\", ["a"]),
        ("a\\\nb", ["ab"]),
        (r'"\$x \a \""', [r'$x \a "']),
    ],
)
def test_posix_corners(line, words):
    assert split_command(line, "posix") == words


def test_other_platforms_are_refused():
    with pytest.raises(UsageError, match="posix"):
        split_command("a", "amiga")


@given(WORDS)
def test_what_python_quotes_for_windows_comes_back(words):
    line = subprocess.list2cmdline(["program.exe", *words])
    assert split_command(line) == ["program.exe", *words]


@given(WORDS)
def test_what_python_quotes_for_posix_comes_back(words):
    assert split_command(shlex.join(words), "posix") == words


@given(st.text(st.sampled_from("ab \\\"'\n"), max_size=20))
def test_shlex_agrees_where_it_does_not_refuse(line):
    try:
        wanted = shlex.split(line)
    except ValueError:
        split_command(line, "posix")  # an open quote is no error here
        return
    if "\\\n" not in line:  # shlex keeps a line's end that is quoted; shells do not
        assert split_command(line, "posix") == wanted


@given(st.text())
def test_any_text_is_split(line):
    for platform in ("windows", "posix"):
        words = split_command(line, platform)
        assert sum(map(len, words)) <= len(line)
