"""Where encoded runs stand, in which alphabet, and what announces them."""

import base64

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from huntkit.extract.encoded_runs import (
    Run,
    Signs,
    breaks_off,
    calls_a_decoder,
    kinds,
    lower_case,
    run_bytes,
    runs,
)

SAYS = b"net user mallory Passw0rd /add"


def found(text: str) -> list[tuple[str, bytes | None]]:
    return [(run.encoding, run_bytes(run)) for run in runs(text)]


@pytest.mark.parametrize(
    "text",
    [
        f"x {SAYS.hex()} y",
        f"0x{SAYS.hex().upper()}",
        "".join(f"\\x{value:02x}" for value in SAYS),
        ", ".join(f"0x{value:02X}" for value in SAYS),
        f"dump: {SAYS.hex(' ')}.",
        f"hex:{SAYS.hex(',')}",
        SAYS.hex("-"),
        f"bytes.fromhex('{SAYS.hex()}')",
    ],
)
def test_bytes_in_hexadecimal_in_every_usual_writing(text):
    assert ("hex", SAYS) in found(text)


def test_base32_is_tried_before_base64():
    text = base64.b32encode(SAYS).decode()
    assert found(text)[0] == ("base32", SAYS)
    assert found(text.rstrip("="))[0] == ("base32", SAYS)


@pytest.mark.parametrize("joint", ["'+'", "' + '", '" & "', '"."', '" & _\n "', "'  +   '"])
def test_pieces_are_put_together_however_short(joint):
    run = base64.b64encode(SAYS).decode()
    quote = joint[0]
    pieces = joint.join(run[at : at + 3] for at in range(0, len(run), 3))
    assert ("base64", SAYS) in found(f"$x = {quote}{pieces}{quote};")


def test_places_are_those_of_the_run():
    run = base64.b64encode(SAYS).decode()
    text = f"powershell -e {run} and {SAYS.hex()}"
    assert [text[each.start : each.end] for each in runs(text)] == [run, SAYS.hex()]
    first, second = runs(text)
    assert (first.sure, first.wide, second.sure) == (True, True, False)


def test_runs_are_found_where_they_stand_whole():
    run = base64.b64encode(SAYS).decode()
    text = f"{run}B/x {run}"
    (only,) = runs(text, Signs.RUN, [run])
    assert only.start == text.rindex(run)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("da39a3ee5e6b4b0d3255bfef95601890afd80709", []),
        ("9f85ce58-59dc-5f2b-1000-000000000400", []),
        ("20240101123456789012", []),
        ("abcdefghijklmnopqrstuvwxyz", []),
        ("SystemSettingsFlows1", []),
        ("aHR0cDovL2V2aWwuZXhhbXBsZS8", ["base64"]),
    ],
)
def test_what_a_run_may_be_by_its_letters(body, expected):
    assert kinds(body) == expected


@pytest.mark.parametrize(
    "text",
    ["openssl base64 -d", "x | base32 --decode", "xxd -r -p", "certutil -decode a b", "ATOB('x')"],
)
def test_tools_that_decode_are_known(text):
    assert calls_a_decoder(text)
    assert not calls_a_decoder("base 64 of openssh, certutil -hashfile")


def test_places_stay_where_small_letters_are_longer():
    text = "\u0130\u0130 AtoB('d2hvYW1p')"
    assert len(lower_case(text)) == len(text)
    assert [text[each.start : each.end] for each in runs(text)] == ["d2hvYW1p"]


def test_a_run_that_breaks_off_is_told_by_its_last_letter():
    for size in range(1, 30):
        whole = base64.b64encode(bytes(range(200, 200 + size))).decode()
        run = Run(0, 0, "base64", whole.rstrip("="), sure=True, wide=False)
        assert not breaks_off(run)
        assert not breaks_off(run._replace(body=whole))
    assert breaks_off(run._replace(body="abcde"))
    assert breaks_off(run._replace(body="-_"))
    assert not breaks_off(run._replace(encoding="hex", body="abc"))


def test_bytes_of_a_run_that_is_none():
    assert run_bytes(Run(0, 4, "hex", "abc", sure=False, wide=False)) is None
    assert run_bytes(Run(0, 4, "base32", "1", sure=False, wide=False)) is None


TOKENS = [
    *("echo ", "printf '%s' ", "base64", "|", " -d", "<<<", "b64decode(", "atob('", "decode64"),
    *("Authorization: Basic ", "xxd -r -p", "openssl enc -a -d", "from_base64", "', '", "=", "==="),
    *("d2hvYW1p", "'", '"', " ", "(", ")", ".decode(", "-e ", "...", "\u0130", "\n", "6869", "A"),
]


@example("atob('\u0130echo ")  # lower-casing this letter makes two of it
@given(st.lists(st.sampled_from(TOKENS), max_size=20).map("".join))
def test_runs_beside_calls_are_inside_the_text_and_in_order(text):
    start = 0
    for run in runs(text):
        assert start <= run.start < run.end <= len(text)
        start = run.start


@given(st.text(alphabet="aA0+/=-_'\"&. \\x,9fé\n", max_size=300))
def test_runs_are_inside_the_text_and_in_order(text):
    start = 0
    for run in runs(text):
        assert start <= run.start <= run.end <= len(text)
        start = run.start


@pytest.mark.parametrize(
    "unit",
    [
        "41 ",
        "0x41,",
        "\\x41",
        "'A'+",
        "'AAAA'+'",
        "-e ",
        "/e/E",
        "41,",
        "base64(",
        "A=",
        "--",
        "41 4z ",
        "|base64 -d",
        "echo AAAA|base64 -d",
        "'AAAA','base64'",
        "'base64'",
        "b64decode('",
        "Authorization: Basic ",
        "from_base64(",
        "|openssl ",
    ],
)
def test_half_a_million_characters_of_anything_take_no_quadratic_time(unit, hang_guard):
    text = unit * (500_000 // len(unit))
    with hang_guard():
        for _ in runs(text):
            pass
