"""Command lines in one plain form."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from huntkit.extract.command_text import normal, platforms, seen, written


@pytest.mark.parametrize(
    ("line", "plain"),
    [
        ("P^o^W^ERshell", "powershell"),
        ("a^^b", "a^b"),
        ('w""hoami', "whoami"),
        ("w'h'oami", "whoami"),
        ("i`n`v`oke-Expression", "invoke-expression"),
        ("w\\g\\e\\t x", "wget x"),
        ("cat${IFS}/etc/passwd", "cat /etc/passwd"),
        ("ca$@t /etc/passwd", "cat /etc/passwd"),
        ("a\r\n\t b\x00c", "a b c"),
        ("\uff50\uff4f\uff57\uff45\uff52\uff53hell \u2014enc", "powershell -enc"),
        ("I\u200bEX", "iex"),
        ("corp\\ann", "corp\\ann"),
        ("C:\\a\\b\\c.exe", "c:\\a\\b\\c.exe"),
        ('"C:\\Program Files\\a.exe" -x "b c"', '"c:\\program files\\a.exe" -x "b c"'),
        ("echo `id` > /tmp/x", "echo `id` > /tmp/x"),
        ("", ""),
        (None, ""),
    ],
)
def test_plain_forms(line, plain):
    assert normal(pl.Series([line], dtype=pl.String)).to_list() == [plain]


@pytest.mark.parametrize(
    ("line", "where"),
    [
        ("C:\\Windows\\a.exe", "windows"), ("net user", "windows"), ("x.exe -a", "windows"),
        ("\\\\srv1\\share\\x", "windows"), ("%TEMP%\\x", "windows"), ("p^owershell", "windows"),
        ("reg query HKLM\\Software", "windows"), ("/usr/bin/id", "posix"), ("sudo ls", "posix"),
        ("sh -c 'x'", "posix"), ("cat ~/.ssh/config", "posix"), ("whoami", ""), ("", ""),
        ("ioreg -rd1 -c X", ""), ("cmd /c cat /etc/passwd", ""),
        ("curl http://files.example/a", ""),
    ],
)  # fmt: skip
def test_platforms(line, where):
    assert platforms(pl.Series([line])).to_list() == [where]


def test_the_written_form_keeps_what_hides():
    line = pl.Series(["I\u200b^EX  \n"])
    assert written(line).to_list() == ["i\u200b^ex"]
    assert seen(line).to_list() == ["I^EX"]


@given(st.lists(st.none() | st.text(), max_size=5))
def test_every_text_has_a_form_and_rows_do_not_touch_each_other(lines):
    column = pl.Series("line", lines, dtype=pl.String)
    for form in (normal, seen, written, platforms):
        whole = form(column)
        assert whole.null_count() == 0
        assert whole.to_list() == [
            form(pl.Series([each], dtype=pl.String)).item() for each in lines
        ]
