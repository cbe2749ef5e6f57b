"""Literals: escapes, ranges, and what is no literal."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from huntkit.kql.language.errors import KqlSyntaxError
from huntkit.kql.language.parser import parse


def value(text: str) -> object:
    return parse(f"print {text}").statements[0].value.operator.items[0].value.value


@pytest.mark.parametrize(
    "text",
    [
        r'"\W"',
        r'"\e"',
        r'"\/"',
        r'"\xe"',
        r'"\u00"',
        r'"\U00110000"',
        '"a\nb"',
        '@"a\nb"',
        "'a",
        "```a",
        "99999999999999999999",
        "int(2147483648)",
        "int(x)",
        "int(1.5)",
        "bool(2)",
        "real(x)",
        "guid(x)",
        "datetime(soon)",
        "datetime(2020-02-30)",
        "time(soon)",
        "time(25:00:00)",
        "9999999999d",
        "1" * 5_000,
        "1" * 400 + ".0",
        "decimal(" + "1" * 5_000 + ")",
    ],
)
def test_what_is_no_literal_is_refused(text: str) -> None:
    with pytest.raises(KqlSyntaxError):
        parse(f"print {text}")


@given(st.text())
def test_any_text_survives_quoting(text: str) -> None:
    escaped = "".join(f"\\U{ord(char):08x}" for char in text)
    expected = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    assert value(f'"{escaped}"') == expected


@given(st.text().filter(lambda text: "\n" not in text and "\r" not in text))
def test_any_line_survives_verbatim_quoting(text: str) -> None:
    assert value('@"' + text.replace('"', '""') + '"') == text


@given(st.integers(-(2**63), 2**63 - 1))
def test_long_literals(number: int) -> None:
    assert value(f"long({number})") == number


@given(st.floats(allow_nan=False, allow_infinity=False, min_value=0))
def test_real_literals(number: float) -> None:
    assert value(f"real({number!r})") == number


def test_the_lowest_long_stands_in_a_dynamic_value():
    tree = parse("print dynamic([-9223372036854775808, -9])").statements[0].value
    assert tree.operator.items[0].value.json == "[-9223372036854775808,-9]"
    with pytest.raises(KqlSyntaxError, match="does not fit in long"):
        parse("print dynamic([9223372036854775808])")
