import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from huntkit.analyze import format_powershell


@pytest.mark.parametrize(
    ("code", "lines"),
    [
        ("", []),
        (" ;; \n", []),
        ("Get-Item A ; Get-Item B", ["get-item a", "get-item b"]),
        ("'a;b'; \"{c}\"", ["'a;b'", '"{c}"']),
        ("I`n`V`o`Ke-Expression 'X'", ["invoke-expression 'X'"]),
        ("Get-Item `\n  x", ["get-item   x"]),
        ("('Inv' + 'oke') + \"A\"+\"B\"", ["('Invoke') + \"AB\""]),
        ("'a'+\"b\"", ["'a'+\"b\""]),
        ("'a'+$b+'c'", ["'a'+$b+'c'"]),
        ("'it''s'+'x'", ["'it''sx'"]),
        ("for($i=0;$i -lt 3;$i++){A;B}", ["for($i=0;$i -lt 3;$i++)", "{", "    a", "    b", "}"]),
        ("f({a;b};c)", ["f(", "{", "    a", "    b", "}", ";c)"]),
        ("a # b;c{d}\ne", ["a # b;c{d}", "e"]),
        ("a#b;c", ["a#b", "c"]),
        ("<# A;B #>C", ["<# A;B #>c"]),
        ("$x=@'\nA;{B\n'@;C", ["$x=@'\nA;{B\n'@", "c"]),
        ("${A;b}=1", ["${A;b}=1"]),
        ("'open;x", ["'open;x"]),
        ("}}a{", ["}", "}", "a", "{"]),
    ],
)
def test_one_statement_a_line(code, lines):
    assert format_powershell(code) == "\n".join(lines)


def test_strings_keep_their_case_so_base64_stays_whole():
    code = "IEX ([Text.Encoding]::UTF8.GetString([Convert]::FromBase64String('aGVsbG8=')))"
    assert "'aGVsbG8='" in format_powershell(code)
    assert format_powershell(code).startswith("iex ([text.encoding]")


ANY = st.text(alphabet="aB'\"`;{}()[]#@$+<> \n\r", max_size=60) | st.text(max_size=60)


def bare(code):
    return [c for c in code.casefold().casefold() if c not in " \t\r\n;`+'\"" and not c.isspace()]


@given(ANY)
def test_nothing_that_means_something_is_lost(code):
    assert sorted(bare(format_powershell(code))) == sorted(bare(code))


@pytest.mark.parametrize(
    "part", ["'", '"', "'a'+", "{", "}", "`", "@'\n", "<#", "#", "${", "(", '"`', "a ", "+", "'a' "]
)
def test_hostile_code_takes_no_longer_than_its_length(part):
    code = part * (400_000 // len(part))
    began = time.perf_counter()
    laid_out = format_powershell(code)
    assert time.perf_counter() - began < 15
    assert len(laid_out) < 100 * len(code)
