"""The shapes that older notebooks know, without the faults that they know."""

import base64
import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
import zlib

import pandas as pd
import polars as pl
import pytest

from huntkit.core.errors import UsageError
from huntkit.extract import unpack, unpack_df
from huntkit.extract.unpacking import (
    get_items_from_gzip,
    get_items_from_tar,
    get_items_from_zip,
    unpack_items,
)

COLUMNS = [
    "reference", "original_string", "file_name", "file_type", "input_bytes", "decoded_string",
    "encoding_type", "file_hashes", "md5", "sha1", "sha256", "printable_bytes",
]  # fmt: skip
SAYS = "hello this is a plain text for the test"


def b64(data: bytes | str, encoding: str = "utf-8") -> str:
    return base64.b64encode(data.encode(encoding) if isinstance(data, str) else data).decode()


def zipped(files: dict[str, bytes], how: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", how) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()


def tarred(files: dict[str, bytes], mode: str = "w", kind: int = tarfile.PAX_FORMAT) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode, format=kind) as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def test_the_text_and_the_columns_are_those_that_notebooks_know():
    text, items = unpack(f"cmd {b64(SAYS)} end")
    assert text == (
        f"cmd <decoded type='string' name='[None]' index='1' depth='1'>{SAYS}</decoded> end"
    )
    assert list(items.columns)[:12] == COLUMNS
    row = items.iloc[0]
    assert list(row["reference"]) == ["", "1.", "1"]
    assert row["original_string"] == b64(SAYS)
    assert (row["decoded_string"], row["input_bytes"]) == (SAYS, SAYS.encode())
    assert (row["file_name"], row["encoding_type"]) == ("unknown", "utf-8")
    assert row["md5"] == "a561cc89718314adc31bc5aaff8d7bf4"  # what msticpy 3.0.2 says of it
    assert row["printable_bytes"].startswith("68 65 6c 6c 6f 20")


def test_nested_items_are_numbered_below_their_parents():
    inner = f"another here {b64('inner text number one here')}, {b64('inner text number two')}"
    text, items = unpack(f"A {b64(SAYS)} B {b64(inner)}")
    assert text.count("<decoded ") == text.count("</decoded>") == 4
    assert "index='2.2' depth='2'>inner text number two</decoded></decoded>" in text
    assert [list(each) for each in items["reference"]] == [
        ["", "1.", "1"], ["", "1.", "2"], ["2.", "2.", "1"], ["2.", "2.", "2"],
    ]  # fmt: skip


def test_without_anything_encoded_the_text_stays():
    text, items = unpack("nothing here")
    assert text == "nothing here"
    assert len(items) == 0
    assert list(items.columns)[:12] == COLUMNS


def test_utf_16_needs_no_switch_and_the_switch_changes_nothing():
    given = f"x {b64('whoami /all and more text', 'utf-16-le')} {b64(SAYS)}"
    for switch in (False, True):
        _, items = unpack(given, utf16=switch)
        assert list(items["decoded_string"]) == ["whoami /all and more text", SAYS]
        assert list(items["encoding_type"]) == ["utf-16", "utf-8"]


@pytest.mark.parametrize(
    "given",
    [
        b64(SAYS).rstrip("="),
        base64.urlsafe_b64encode(b"????>>>>" + SAYS.encode()).decode(),
        SAYS.encode().hex(),
        base64.b32encode(SAYS.encode()).decode(),
        b64(bz2.compress(SAYS.encode())),
        b64(lzma.compress(SAYS.encode())),
        b64(zlib.compress(SAYS.encode())),
        f"'{b64(SAYS)[:20]}' + '{b64(SAYS)[20:]}'",
        b64(SAYS[:16]),
    ],
    ids=["unpadded", "url-safe", "hex", "base32", "bz2", "xz", "zlib", "pieces", "short"],
)
def test_what_was_not_handled_is(given):
    (said,) = unpack(f"run {given} now")[1]["decoded_string"]
    assert said.endswith(SAYS) or said == SAYS[:16]


def test_raw_deflate_is_read_where_a_call_announces_it():
    packer = zlib.compressobj(wbits=-15)
    raw = packer.compress(SAYS.encode()) + packer.flush()
    _, items = unpack(f"IO.Compression.DeflateStream [Convert]::FromBase64String('{b64(raw)}')")
    assert list(items["decoded_string"]) == [SAYS]


def test_a_hash_is_no_text():
    assert len(unpack("SHA1=da39a3ee5e6b4b0d3255bfef95601890afd80709")[1]) == 0


@pytest.mark.parametrize("kind", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
def test_every_tar_is_opened_packed_or_not(kind, mode):
    _, items = unpack(b64(tarred({"a/b.txt": SAYS.encode()}, mode, kind)))
    assert list(items["decoded_string"]) == [SAYS]
    assert list(items["file_name"]) == ["a/b.txt"]


def test_an_old_tar_without_any_magic_is_known_by_its_sum():
    data = bytearray(tarred({"old.txt": SAYS.encode()}, kind=tarfile.USTAR_FORMAT))
    data[257:512] = bytes(255)
    block = data[:148] + b" " * 8 + data[156:512]
    data[148:156] = b"%06o\0 " % sum(block)
    assert list(unpack(b64(bytes(data)))[1]["file_name"]) == ["old.txt"]


def test_archives_inside_archives_are_opened():
    inner = zipped({"deep.txt": SAYS.encode()})
    data = zipped({"inner.zip": inner, "note.gz": gzip.compress(b"a note in a gzip in a zip")})
    _, items = unpack(b64(data))
    assert set(items["decoded_string"]) == {SAYS, "a note in a gzip in a zip"}


def test_a_stored_zip_is_opened_and_gzip_names_are_kept():
    _, items = unpack(b64(zipped({"plain.txt": SAYS.encode()}, zipfile.ZIP_STORED)))
    assert list(items["file_name"]) == ["plain.txt"]
    out = io.BytesIO()
    with gzip.GzipFile("stage2.ps1", "wb", fileobj=out) as file:
        file.write(SAYS.encode())
    text, items = unpack(b64(out.getvalue()))
    assert (items["file_name"][0], items["file_type"][0]) == ("stage2.ps1", "gz")
    assert "name='[gz] Filename: stage2.ps1'" in text


def test_zip_members_stand_in_the_text_with_their_names():
    text, items = unpack(f"x {b64(zipped({'a/b.txt': b'hello hello hello', 'c': b'second'}))} y")
    assert text.startswith(
        "x <decoded value='multiple binary' type='multiple' index='1' depth='1'>"
    )
    assert "name='[zip] Filename: a/b.txt' index='1.1' depth='2'>hello hello hello<" in text
    assert list(items["file_type"]) == ["zip", "zip"]


def test_binaries_are_shown_as_bytes():
    data = b"\x7fELF" + bytes(range(128, 160))
    text, items = unpack(b64(data))
    assert "type='binary' name='[ELF program] Filename: unknown'" in text
    assert items["encoding_type"][0] == "binary"
    assert items["input_bytes"][0] == data


def test_a_frame_of_anything_gives_rows_with_the_callers_index():
    frame = pd.DataFrame(
        {"cmd": [None, f"x {b64(SAYS)}", 7, ["a"]], "host": ["a", "b", "c", "d"]},
        index=[10, 20, 30, 40],
    )
    items = unpack_df(frame, "cmd")
    assert list(items.columns) == [
        *COLUMNS,
        "note",
        "src_index",
        "cmd",
        "host",
        "full_decoded_string",
    ]
    assert items[["src_index", "host", "decoded_string"]].to_numpy().tolist() == [[20, "b", SAYS]]
    assert items["full_decoded_string"][0].startswith("x <decoded ")
    assert len(unpack_df(pd.DataFrame({"cmd": []}), "cmd")) == 0
    assert unpack_df(pl.DataFrame({"cmd": [b64(SAYS)]}), "cmd")["src_index"].to_list() == [0]


def test_a_bomb_is_stopped_and_the_item_says_so():
    _, items = unpack(b64(gzip.compress(bytes(50_000_000))))
    assert len(items["input_bytes"][0]) <= 8 << 20
    assert "stopped: more than 100 times the packed size" in items["note"][0]


def test_items_of_either_kind():
    assert unpack_items(input_string=b64(SAYS))[1]["decoded_string"][0] == SAYS
    frame = pd.DataFrame({"cmd": [b64(SAYS)]})
    assert unpack_items(data=frame, column="cmd")["decoded_string"][0] == SAYS
    with pytest.raises(UsageError):
        unpack_items()
    with pytest.raises(UsageError, match="unpack_df"):
        unpack(frame)


def test_the_contents_of_archives_by_name():
    files = {"a/b.txt": b"one", "../c": b"two"}
    assert get_items_from_zip(zipped(files)) == ("zip", files)
    assert get_items_from_tar(tarred(files)) == ("tar", files)
    assert get_items_from_gzip(b"nothing") == ("gz", {})
