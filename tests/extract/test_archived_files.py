"""The files of archives, in memory and within limits."""

import io
import tarfile
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from huntkit.extract.archived_files import archived_files
from huntkit.extract.decode_limits import DecodeLimits

LIMITS = DecodeLimits()
ROOM = LIMITS.size_bytes


def zipped(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()


def tarred(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


@pytest.mark.parametrize(("kind", "pack"), [("zip", zipped), ("tar", tarred)])
def test_files_come_with_their_names_and_bytes(kind, pack):
    files = {"a.txt": b"one", "b/c": b"two" * 100}
    found = archived_files(pack(files), kind, LIMITS, room=ROOM)
    assert {file.name: file.data for file in found} == files


@pytest.mark.parametrize(("kind", "pack"), [("zip", zipped), ("tar", tarred)])
def test_what_does_not_fit_is_cut_and_says_so(kind, pack):
    data = pack({"a": b"x" * 1_000, "b": b"y" * 1_000})
    small = list(archived_files(data, kind, LIMITS, room=500))
    assert len(small[0].data) <= 500
    assert small[0].limit == "size_bytes"


def test_a_directory_that_is_too_long_is_not_even_read():
    data = zipped({"a": b"x"}) + b"PK\x01\x02" * 3_000
    (only,) = archived_files(data, "zip", LIMITS, room=ROOM)
    assert (only.name, only.limit) == ("", "files")


def test_names_are_text_without_control_characters():
    (file,) = archived_files(zipped({"a\x1b[2J\u202egpj.exe": b"x"}), "zip", LIMITS, room=ROOM)
    assert "\x1b" not in file.name
    assert "\u202e" not in file.name


@given(st.binary(max_size=300), st.sampled_from(["zip", "tar"]), st.integers(0, 60))
def test_no_bytes_make_it_fail(data, kind, cut):
    for each in (data, zipped({"a": data})[cut:], tarred({"a": data})[: -cut or None]):
        for file in archived_files(each, kind, LIMITS, room=1_000):
            assert len(file.data) <= 1_000
