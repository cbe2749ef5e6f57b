"""What is made to burst ends soon and within 512 MB, and says where it was stopped.

Each runs in a process of its own, whose peak of resident memory is read from the kernel.
"""

import base64
import bz2
import gzip
import io
import json
import lzma
import struct
import subprocess
import sys
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

SECONDS = 30  # a guard against what does not end; `bench bombs` has the figures
RESIDENT = 512 << 20
CHILD = """
import json, sys, time
import polars as pl
import huntkit
from huntkit.extract import decode
decode(pl.DataFrame({"text": ["powershell -enc ZABpAHIA"]}))
texts = open(sys.argv[1], encoding="utf-8").read().split("\\x00")
frame = pl.DataFrame({"text": texts})
started = time.process_time()  # of all threads: others' work does not count
found = decode(frame, "text")
seconds = time.process_time() - started
peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(json.dumps({"seconds": seconds, "peak": int(peak.split()[1]) * 1024,
                  "limits": sorted(set(found["limit"]) - {""}), "size": int(found["Size"].sum()),
                  "notes": sorted(set(found["Note"]))[:5]}))
"""


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def zeros(megabytes: int, pack: Callable[[], "zlib._Compress"]) -> bytes:
    packer = pack()
    piece = bytes(1 << 20)
    return b"".join([*(packer.compress(piece) for _ in range(megabytes)), packer.flush()])


def zipped(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()


def many_in_a_zip() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for number in range(60_000):
            archive.writestr(str(number), b"x")
    return out.getvalue()


def overlapping_zip() -> bytes:
    """A thousand entries of a directory that all name the same packed zeros."""
    packed = zeros(8, lambda: zlib.compressobj(9, zlib.DEFLATED, -15))
    size, crc = 8 << 20, zlib.crc32(bytes(8 << 20))
    local = struct.pack("<4s5H3I2H", b"PK\3\4", 20, 0, 8, 0, 0, crc, len(packed), size, 1, 0) + b"a"
    entry = struct.pack(
        "<4s6H3I5H2I", b"PK\1\2", 20, 20, 0, 8, 0, 0, crc, len(packed), size, 1, 0, 0, 0, 0, 0, 0
    )
    folder = (entry + b"a") * 1_000
    at = len(local) + len(packed)
    end = struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, 1_000, 1_000, len(folder), at, 0)
    return local + packed + folder + end


def nested_zips(depth: int) -> bytes:
    data = zipped({"0": bytes(1 << 20)})
    for _ in range(depth):
        data = zipped({str(number): data for number in range(16)})
    return data


def many_in_a_tar() -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz", compresslevel=1) as archive:
        for number in range(30_000):
            info = tarfile.TarInfo(str(number))
            info.size = 1
            archive.addfile(info, io.BytesIO(b"x"))
    return out.getvalue()


def layers(times: int, pack: Callable[[bytes], bytes]) -> bytes:
    data = b"Invoke-Thing -At The -Bottom"
    for _ in range(times):
        data = pack(data)
    return data


def gzip_of(megabytes: int) -> bytes:
    return zeros(megabytes, lambda: zlib.compressobj(9, zlib.DEFLATED, 31))


def table_of_bombs() -> str:
    bomb = gzip_of(100)
    return "\0".join(b64(bomb + b"%04d" % number) for number in range(120))


BOMBS: dict[str, tuple[Callable[[], str], str]] = {
    "gzip": (lambda: b64(gzip_of(200)), "size_bytes"),
    "small gzip": (lambda: b64(gzip_of(60)), "ratio"),
    "gzip in gzip": (lambda: b64(gzip.compress(gzip.compress(gzip_of(200)))), "size_bytes"),
    "gzip of bytes that hardly pack": (
        lambda: b64(gzip.compress((b"%d" * 4_000_000) % tuple(range(4_000_000)))), "size_bytes",
    ),
    "gzip in gzip in gzip": (lambda: b64(layers(30, gzip.compress)), "depth"),
    "bz2": (lambda: b64(bz2.compress(bytes(60 << 20))), "ratio"),
    "xz": (lambda: b64(lzma.compress(bytes(60 << 20), preset=0)), "ratio"),
    "deflate": (
        lambda: "[Convert]::FromBase64String('"
        + b64(zeros(200, lambda: zlib.compressobj(9, zlib.DEFLATED, -15)))
        + "')",
        "size_bytes",
    ),
    "zip": (lambda: b64(zipped({"a": bytes(200 << 20)})), "size_bytes"),
    "zip of many": (lambda: b64(many_in_a_zip()), "files"),
    "zip that overlaps itself": (lambda: b64(overlapping_zip()), "ratio"),
    "zip in zip in zip": (lambda: b64(nested_zips(4)), "pieces"),
    "tar of many": (lambda: b64(many_in_a_tar()), "size_bytes"),
    "base64 in base64": (lambda: b64(layers(25, base64.b64encode)), "depth"),
    "percent in percent": (lambda: ("%" + "25" * 30 + "41") * 2_000, "depth"),
    "many pieces": (
        lambda: " ".join(b64(b"this is piece number %06d" % n) for n in range(50_000)), "pieces",
    ),
    "a table of bombs": (table_of_bombs, "table_ratio"),
}  # fmt: skip


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_ends_soon_and_small_with_its_limit_named(name, tmp_path: Path):
    make, limit = BOMBS[name]
    given = tmp_path / "bomb.txt"
    given.write_text(make(), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-c", CHILD, str(given)],
        capture_output=True, text=True, timeout=60, cwd=tmp_path, check=True,
    )  # fmt: skip
    told = json.loads(done.stdout)
    assert limit in told["limits"], told
    assert any("stopped: " in note for note in told["notes"]), told
    assert told["peak"] < RESIDENT, told
    assert told["seconds"] < SECONDS, told
    assert [path.name for path in tmp_path.iterdir()] == ["bomb.txt"]


@pytest.mark.parametrize(
    "name",
    ["../../evil.txt", "/tmp/huntkit-evil", "C:\\evil.exe", "a/../../b", "\x1b[2Jx", "x" * 5_000],
)
@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_no_path_from_an_archive_is_ever_written(name, kind, tmp_path, monkeypatch):
    from huntkit.extract.layers import decode_text

    monkeypatch.chdir(tmp_path)
    opened: list[str] = []
    import builtins
    import os

    real_open, real_os_open = builtins.open, os.open

    def watch_open(path, mode="r", *rest, **options):
        opened.extend([str(path)] if set(mode) & set("wax+") else [])
        return real_open(path, mode, *rest, **options)

    def watch_os_open(path, flags, *rest, **options):
        opened.extend([str(path)] if flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT) else [])
        return real_os_open(path, flags, *rest, **options)

    monkeypatch.setattr(builtins, "open", watch_open)
    monkeypatch.setattr(os, "open", watch_os_open)
    if kind == "zip":
        data = zipped({name: b"what is inside, in plain words"})
    else:
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w") as archive:
            info = tarfile.TarInfo(name)
            info.size = 30
            archive.addfile(info, io.BytesIO(b"what is inside, in plain words"))
            link = tarfile.TarInfo("link")
            link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
            archive.addfile(link)
        data = out.getvalue()
    found = decode_text(b64(data))
    assert found[1].text == "what is inside, in plain words"
    assert "\x1b" not in found[1].file_name
    assert opened == []
    assert list(tmp_path.iterdir()) == []
    if kind == "tar":
        assert (found[2].file_name, found[2].content.size) == ("link", 0)
        assert "link or a device" in found[2].note
