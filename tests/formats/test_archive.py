import bz2
import gzip
import io
import lzma
import random
import struct
import tarfile
import tracemalloc
import zipfile
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from huntkit.core.errors import FormatError, LimitReached
from huntkit.formats.archive import archive_kind, visible, walk
from huntkit.formats.limits import MIB, Limits
from huntkit.formats.streams import take


def make_zip(members, **options):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", **{"compression": zipfile.ZIP_DEFLATED, **options}) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return out.getvalue()


def make_tar(members, mode="w:gz"):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode) as archive:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


@pytest.fixture
def contents(tmp_path):
    """What `walk` gives for the bytes of a file: (name inside, bytes or error)."""

    def of(data, name="a.bin", limits=None):
        path = tmp_path / name
        path.write_bytes(data)
        return [(shown(m, path), read(m)) for m in walk(path, limits=limits or Limits())]

    def shown(member, path):
        return member.name.removeprefix(str(path))

    def read(member):
        if member.error:
            return "error: " + member.error
        with member.open() as stream:
            data, failure = take(stream, 1 << 40)
        with member.open() as stream:
            assert take(stream, 1 << 40)[0] == data or failure
        return data if failure is None else (data, str(failure))

    return of


def test_a_plain_file_is_its_own_only_member(tmp_path):
    path = tmp_path / "x.json"
    path.write_bytes(b"{}")
    (member,) = walk(path)
    assert (member.name, member.size, member.path) == (str(path), 2, path)
    with member.open() as stream:
        assert stream.read() == member.head() == b"{}"


def test_a_missing_file_is_a_member_with_an_error(tmp_path):
    (member,) = walk(tmp_path / "none")
    assert "No such file" in member.error
    with pytest.raises(FormatError):
        member.open()


@pytest.mark.parametrize("mode", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_zip_members(contents, mode):
    data = make_zip({"a/x.json": b"one" * 999, "y": b"", "d/": b""}, compression=mode)
    assert contents(data) == [("!a/x.json", b"one" * 999), ("!y", b"")]


def test_zip_written_to_a_pipe_has_sizes_after_the_data(contents):
    class Pipe(io.BytesIO):
        def seekable(self):
            return False

        def tell(self):
            raise OSError

    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x", b"data" * 500)
    assert contents(pipe.getvalue()) == [("!x", b"data" * 500)]


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
def test_tar_members_count_as_one_archive(contents, mode):
    data = make_tar({"x/a.json": b"1" * 3000, "b": b"2"}, mode)
    assert contents(data, limits=Limits(max_depth=1)) == [
        ("!x/a.json", b"1" * 3000),
        ("!b", b"2"),
    ]


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_a_packed_file_loses_its_ending(contents, pack):
    suffix = {gzip.compress: ".gz", bz2.compress: ".bz2", lzma.compress: ".xz"}[pack]
    assert contents(pack(b"data" * 9999), "x.json" + suffix) == [("!x.json", b"data" * 9999)]


def test_gzip_members_one_after_another_are_one_file(contents):
    assert contents(gzip.compress(b"one") + gzip.compress(b"two"), "x.gz") == [("!x", b"onetwo")]


def test_archives_in_archives(contents):
    inner = make_zip({"x.json": b"{}"})
    middle = make_tar({"m/i.zip": inner, "plain": b"p"})
    data = make_zip({"t.tar.gz": middle, "g.gz": gzip.compress(b"g")})
    assert contents(data) == [
        ("!t.tar.gz!m/i.zip!x.json", b"{}"),
        ("!t.tar.gz!plain", b"p"),
        ("!g.gz!g", b"g"),
    ]


def test_nesting_stops_at_the_limit(contents):
    data = b"deep"
    for _ in range(4):
        data = make_zip({"z": data})
    assert contents(data, limits=Limits(max_depth=4)) == [("!z!z!z!z", b"deep")]
    ((_, error),) = contents(data, limits=Limits(max_depth=3))
    assert error == "error: archives are nested deeper than 3"


@pytest.mark.parametrize(
    "name", ["../../etc/x", "/etc/passwd", "a\x1b[2J\u202egpj", "C:\\x\\y", "a\nb"]
)
@pytest.mark.parametrize("make", [make_zip, make_tar])
def test_names_are_text_and_nothing_is_written(contents, tmp_path, name, make):
    ((shown, data),) = contents(make({name: b"data"}))
    assert data == b"data"
    assert shown.isprintable()
    assert shown == "!" + visible(name)
    assert [each.name for each in tmp_path.rglob("*")] == ["a.bin"]


def test_links_and_devices_in_a_tar_are_said_not_followed(contents):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        link = tarfile.TarInfo("link")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
        hard = tarfile.TarInfo("hard")
        hard.type, hard.linkname = tarfile.LNKTYPE, "/etc/passwd"
        archive.addfile(hard)
        folder = tarfile.TarInfo("folder")
        folder.type = tarfile.DIRTYPE
        archive.addfile(folder)
    found = contents(out.getvalue())
    assert [name for name, _ in found] == ["!link", "!hard"]
    assert all("not a file" in text for _, text in found)


def test_a_member_without_a_name_is_read_and_costs_no_other(contents):
    data = make_zip({"x.log": b"one", "y.log": b"two"}, compression=zipfile.ZIP_STORED)
    found = dict(contents(data.replace(b"x.log", b"\0.log")))
    assert found == {"!(no name)": b"one", "!y.log": b"two"}


def test_an_encrypted_member_is_said_and_the_next_read(contents):
    data = bytearray(make_zip({"secret": b"s" * 50, "open": b"o"}, compression=zipfile.ZIP_STORED))
    for magic, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.find(magic) + offset] |= 1
    (first, second) = contents(bytes(data))
    assert "encrypted" in first[1]
    assert second == ("!open", b"o")


def test_an_unknown_compression_is_said(contents):
    data = bytearray(make_zip({"x": b"abc" * 50}))
    for magic, offset in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        data[data.find(magic) + offset] = 97
    ((_, text),) = contents(bytes(data))
    assert "compression is not supported" in text


def test_a_wrong_checksum_is_said_after_the_data(contents):
    data = bytearray(make_zip({"x": b"abcdef"}, compression=zipfile.ZIP_STORED))
    data[data.find(b"abcdef")] ^= 1
    ((_, (read, failure)),) = contents(bytes(data))
    assert read in (b"", b"`bcdef")
    assert "damaged" in failure


# -- cut off -------------------------------------------------------------------------------------


def noise(size, seed=1):
    return random.Random(seed).randbytes(size)


def test_a_zip_cut_off_gives_what_can_be_read(contents):
    one, two = noise(200_000), noise(200_000, 2)
    data = make_zip({"one": one, "two": two})
    first, second, last = contents(data[:300_000])
    assert first == ("!one", one)
    assert second[0] == "!two"
    assert second[1][0] == two[: len(second[1][0])]
    assert 90_000 < len(second[1][0]) < 200_000
    assert "cut off" in second[1][1]
    assert last == ("", "error: the archive is cut off or damaged; members found in it: 2")


def test_a_zip_that_is_only_its_first_bytes_is_said(contents):
    ((_, text),) = contents(b"PK\x03\x04")
    assert "cut off" in text


def test_a_gzip_cut_off_gives_what_can_be_read(contents):
    whole = noise(1_000_000)
    ((name, (data, failure)),) = contents(gzip.compress(whole)[:600_000], "x.gz")
    assert name == "!x"
    assert data == whole[: len(data)]
    assert len(data) > 500_000
    assert "cut off" in failure


@pytest.mark.parametrize("mode", ["w", "w:gz"])
def test_a_tar_cut_off_gives_what_can_be_read(contents, mode):
    one, two = noise(200_000), noise(200_000, 2)
    data = make_tar({"one": one, "two": two}, mode)
    found = contents(data[:300_000])
    assert found[0] == ("!one", one)
    assert found[1][0] == "!two"
    assert found[1][1][0] == two[: len(found[1][1][0])]
    assert len(found[1][1][0]) > 80_000
    assert "cut off" in found[1][1][1]


# -- bombs ---------------------------------------------------------------------------------------

SMALL = Limits(ratio_floor_bytes=2 * MIB, max_ratio=100)


@pytest.mark.parametrize("make", [make_zip, make_tar])
def test_a_bomb_is_stopped_by_its_ratio_in_little_memory(tmp_path, make):
    path = tmp_path / "bomb"
    path.write_bytes(make({"zeros": bytes(64 * MIB), "after": b"x"}))
    tracemalloc.start()
    errors = []
    for member in walk(path, limits=SMALL):
        if member.error:
            errors.append(member.error)
            continue
        failure, data = None, b"x"
        with member.open() as stream:
            while data and failure is None:
                data, failure = take(stream, MIB)
        if failure is not None:
            assert isinstance(failure, LimitReached)
            errors.append(str(failure))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert any("100 times its size" in error for error in errors)
    assert peak < 24 * MIB


def test_a_gzip_bomb_is_stopped(contents):
    ((_, (data, failure)),) = contents(gzip.compress(bytes(64 * MIB)), "x.gz", SMALL)
    assert len(data) <= 8 * MIB
    assert "100 times its size" in failure


def test_nested_bombs_are_stopped_by_the_ratio_to_the_outermost_file(contents):
    layer = make_zip({str(n): noise(200) + bytes(90_000) for n in range(10)})
    data = make_zip({str(n): layer for n in range(100)})
    limits = Limits(ratio_floor_bytes=MIB, max_ratio=200)
    found = contents(data, limits=limits)
    last = found[-1][1]
    assert "200 times its size" in (last if isinstance(last, str) else last[1])
    assert sum(len(text) for _, text in found if isinstance(text, bytes)) < 40 * MIB


def test_too_many_members_stop_the_walk_visibly(contents):
    found = contents(make_zip({str(n): b"" for n in range(30)}), limits=Limits(max_members=10))
    assert len(found) == 11
    assert "more than 10 members" in found[-1][1]


def test_a_member_over_the_size_limit_is_stopped(contents):
    data = make_zip({"x": noise(3 * MIB)})
    ((_, (read, failure)),) = contents(data, limits=Limits(max_member_bytes=MIB))
    assert len(read) <= 2 * MIB
    assert "more than 1 MiB" in failure


def test_a_tar_header_of_absurd_size_is_refused(contents):
    header = tarfile.TarInfo("pax")
    header.type, header.size = tarfile.XHDTYPE, 1 << 33
    packed = zlib.compressobj(9, zlib.DEFLATED, 31)
    data = packed.compress(header.tobuf()) + packed.compress(bytes(50 * MIB)) + packed.flush()
    tracemalloc.start()
    found = contents(data, "x.tar.gz")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert "damaged" in found[-1][1]
    assert peak < 16 * MIB


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_tar_member_that_claims_a_terabyte_ends_where_the_data_does(contents, pack):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as archive:
        info = tarfile.TarInfo("x")
        info.size, info.pax_headers = 3, {"size": str(1 << 40)}
        archive.addfile(info, io.BytesIO(b"abc"))
    found = contents(pack(out.getvalue()))
    assert found[-1] == ("", "error: the archive ends early: it is cut off; 0 bytes could be read")


def test_a_tar_member_of_negative_size_is_said(contents):
    header = bytearray(tarfile.TarInfo("x").tobuf(tarfile.GNU_FORMAT))
    header[124:136] = b"\xff" * 10 + (-512 & 0xFFFF).to_bytes(2, "big")
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    ((name, error),) = contents(bytes(header) + bytes(1024))
    assert name == ""
    assert "a member of -512 bytes" in error


def test_a_zip_that_says_it_is_enormous_is_only_what_it_holds(contents):
    data = bytearray(make_zip({"x": b"abc"}, compression=zipfile.ZIP_STORED))
    at = data.find(b"PK\x01\x02")
    data[at + 20 : at + 28] = struct.pack("<II", 0xFFFFFFF0, 0xFFFFFFF0)
    ((_, (read, failure)),) = contents(bytes(data))
    assert len(read) < 1000
    assert failure


SEEDS = [
    make_zip({"a": b"abc" * 100, "b/c": b"x"}),
    make_tar({"a": b"abc" * 100}, "w"),
    make_tar({"a": b"abc" * 100, "b": b"y"}, "w:gz"),
    gzip.compress(b"abc" * 100),
    bz2.compress(b"abc" * 100),
    lzma.compress(b"abc" * 100),
    make_zip({"t.tgz": make_tar({"a": make_zip({"x": b"y"})})}),
]


@given(st.data())
@settings(max_examples=200, deadline=None)
def test_damaged_archives_never_crash(tmp_path_factory, data):
    damaged = bytearray(data.draw(st.sampled_from(SEEDS)))
    for _ in range(data.draw(st.integers(0, 6))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    damaged = damaged[: data.draw(st.integers(0, len(damaged)))]
    path = tmp_path_factory.getbasetemp() / "damaged"
    path.write_bytes(damaged)
    for member in walk(path):
        assert member.name.isprintable()
        if member.error is None:
            try:
                with member.open() as stream:
                    take(stream, 1 << 30)
            except FormatError:
                continue


def test_kinds_are_told_by_content():
    assert [archive_kind(seed[:512]) for seed in SEEDS] == [
        "zip", "tar", "gz", "gz", "bz2", "xz", "zip",
    ]  # fmt: skip
    assert archive_kind(b"") is None


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_tars_that_were_joined_are_all_read(contents, pack):
    joined = b"".join(make_tar({name: name.encode() * 900}, "w") for name in ("a", "b", "c"))
    found = contents(pack(joined + bytes(20_480)), "x.tar")
    assert [name[-2:] for name, _ in found] == ["!a", "!b", "!c"]
    assert [data for _, data in found] == [b"a" * 900, b"b" * 900, b"c" * 900]


def test_what_follows_the_end_of_a_tar_is_said(contents):
    whole = make_tar({"a": b"1"}, "w")
    assert contents(whole + b"left over" * 90, "x.tar")[1:] == [
        ("", "error: what follows the end of the archive was not read")
    ]


def test_a_damaged_header_inside_of_a_tar_is_said(contents):
    whole = bytearray(make_tar({"a": b"1", "b": b"2" * 2_000, "c": b"3"}, "w"))
    whole[1024 + 20] ^= 0xFF  # the name of the second one, so that its checksum is wrong
    found = contents(bytes(whole), "x.tar")
    assert found[0][1] == b"1"
    assert found[1:] == [("", "error: what follows the end of the archive was not read")]


def test_joined_tars_without_end_are_bounded(contents):
    found = contents(make_tar({"a": b"1"}, "w") * 200, "x.tar")
    assert found[-1] == ("", "error: what follows the end of the archive was not read")
    assert 10 < len(found) < 200


def test_a_line_end_behind_a_packed_tar_is_no_damage(contents):
    assert contents(make_tar({"a": b"1"}) + b"\n", "x.tar.gz") == [("!a", b"1")]


def test_a_zip_behind_a_program_is_read_and_said(contents):
    program = b"MZ" + noise(5000)
    (inner, outer) = contents(program + make_zip({"x.json": b"{}"}))
    assert inner == ("!x.json", b"{}")
    assert outer[0] == ""
    assert "in front of it 5,002 bytes that are no known log" in outer[1]
    packed = io.BytesIO(program)
    packed.seek(0, io.SEEK_END)
    with zipfile.ZipFile(packed, "a") as archive:  # offsets from the file's first byte
        archive.writestr("x.json", b"{}")
        archive.comment = b"c" * 3000
    assert contents(packed.getvalue())[0] == ("!x.json", b"{}")


def test_a_log_in_front_of_a_zip_is_read_with_it(contents):
    whole = b'{"a": 1}\n' * 9 + make_zip({"x.json": b"{}"})
    assert contents(whole) == [("!x.json", b"{}"), ("", whole)]


@pytest.mark.parametrize("tail", [b"PK\x05\x06", b"PK\x05\x06" + bytes(18), b"PK\x05\x06" * 9])
def test_what_looks_like_the_end_of_a_zip_is_none(contents, tail):
    assert contents(b"a log\n" + tail) == [("", b"a log\n" + tail)]


def overlapping(count, nested):
    """Members over the same packed bytes; nested ones begin inside of the first."""
    kernel = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = kernel.compress(bytes(100_000)) + kernel.flush()
    crc, local, directory = zlib.crc32(bytes(100_000)), b"", b""
    for place in range(count if nested else 1):
        name = b"%d" % (place % 10)
        local += struct.pack(
            "<4s5H3I2H", b"PK\3\4", 20, 0, 8, 0, 0, crc, len(packed), 100_000, 1, 0
        )
        local += name
    total = len(local) + len(packed)
    for place in range(count):
        at = place * 31 if nested else 0
        size = total - at - 31
        directory += struct.pack("<4s6H3I5H2I", b"PK\1\2", 20, 20, 0, 8, 0, 0, crc, size, 100_000,
                                 1, 0, 0, 0, 0, 0, at) + b"%d" % (place % 10)  # fmt: skip
    end = struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, count, count, len(directory), total, 0)
    return local + packed + directory + end


@pytest.mark.parametrize("nested", [False, True])
def test_members_over_the_same_bytes_are_read_once(contents, nested):
    first, *others = contents(overlapping(300, nested))
    if not nested:
        assert first == ("!0", bytes(100_000))
    assert len(others) == 299
    assert all("those of another member, too" in told for _, told in others)
    apart = make_zip({f"{n}.txt": b"%d" % n for n in range(300)})
    assert [data for _, data in contents(apart)] == [b"%d" % n for n in range(300)]
